"""The edges of the past, row by row beside the reference package, which goes wrong in silence at each of them."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import DelayError, DelayRangeError, LateDelayError, NotInitialisedError
from numbadyn.model.delays import delay_steps
from tests.parity.reads import SIZE, START, STEPS, Owner, first_values, readings, x


class Follower(nd.Dynamics):
    """Keeps what a reference gives."""

    def __init__(self, read):
        super().__init__(SIZE)
        self.read = read

    def init_state(self):
        self.y = nd.State(0 * mV)

    def update(self):
        self.y.value = self.read()


def network(read, **options):
    """A network that runs the owner, then the follower."""
    net = nd.DynamicsGroup(**options)
    net.owner = Owner()
    net.follower = Follower(read(net.owner))
    net.order = ("owner", "follower")
    return net


def follow(net, duration, target="interpret", dt=0.1):
    """What the follower keeps."""
    sim = nd.Simulator(net, dt=dt * ms, target=target)
    sim.record(net.follower, "y")
    return sim.run(duration * ms, progress=False)[net.follower].y.rescale(mV).magnitude


# ---- a history that is shorter than the delay ------------------------------------------------------------------------


def test_before_the_start_stands_the_first_value_of_the_state():
    """The reference gives 0, so that a potential that begins at -65 mV reads 0 for the first steps."""

    def reads(owner):
        return {
            "default": owner.prefetch_delay("x", 0.4 * ms),
            "zero": owner.prefetch_delay("x", 0.4 * ms, init=0 * mV),
            "own": owner.prefetch_delay("x", 0.4 * ms, init=-START * mV),
            "function": owner.prefetch_delay("x", 0.4 * ms, init=lambda shape: np.full(shape, 3.0) * mV),
            "drawn": owner.prefetch_delay("x", 0.4 * ms, init=nd.init.Constant(9 * mV)),
            "of time": owner.prefetch_delay("x", 0.4 * ms, init=nd.init.OfTime(lambda t: t / ms * mV)),
        }

    found = readings(reads)
    for place in ("before", "after"):
        for step in range(STEPS):
            past = first_values(place, step) - 4
            before = {
                "default": START,
                "zero": np.zeros(SIZE),
                "own": -START,
                "function": np.full(SIZE, 3.0),
                "drawn": np.full(SIZE, 9.0),
                "of time": np.full(SIZE, (past + 1) * 0.1),
            }
            for name, first in before.items():
                wanted = first if past < 0 else x(past)
                np.testing.assert_allclose(np.asarray(found[place][name][step]), wanted, atol=1e-15, err_msg=name)


# ---- a delay that is registered too late -----------------------------------------------------------------------------


def test_a_longer_delay_after_the_states_were_made_grows_the_memory():
    """The reference keeps the old size and gives wrong values to the old and the new reader."""
    owner = nd.init_all_states(Owner())
    short = owner.prefetch_delay("x", 0.2 * ms)
    late = None
    for step in range(STEPS):
        with nd.environ.context(dt=0.1 * ms, i=step, t=step * 0.1 * ms):
            owner()
            if step == 4:
                late = owner.prefetch_delay("x", 0.6 * ms)
            np.testing.assert_array_equal(short(), x(step - 2) * mV)
            if step > 8:
                np.testing.assert_array_equal(late(), x(step - 6) * mV)


def test_what_an_eager_memory_has_already_dropped_is_no_guess():
    owner = nd.init_all_states(Owner())
    owner.prefetch_delay("x", 0.1 * ms)
    for step in range(10):
        with nd.environ.context(dt=0.1 * ms, i=step, t=step * 0.1 * ms):
            owner()
    with nd.environ.context(dt=0.1 * ms, i=10, t=1 * ms), pytest.raises(LateDelayError, match="only 6 were kept"):
        owner.prefetch_delay("x", 0.6 * ms)()


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_a_longer_delay_after_the_simulator_was_built(target):
    net = network(lambda owner: owner.prefetch_delay("x", 0.3 * ms))
    nd.Simulator(net, dt=0.1 * ms, target=target)
    net.owner.prefetch_delay("x", 0.3 * ms)
    with pytest.raises(LateDelayError, match=r"0.5 ms .* holds 0.3 ms") as info:
        net.owner.prefetch_delay("x", 0.5 * ms)
    assert "DynamicsGroup.owner.x" in str(info.value)


def test_two_readers_share_the_longest_memory():
    def reads(owner):
        return {f"{d}": owner.prefetch_delay("x", d * 0.1 * ms) for d in (1, 7, 3)}

    found = readings(reads, compiled=False)["after"]
    for step in range(STEPS):
        for d in (1, 7, 3):
            np.testing.assert_array_equal(found[f"{d}"][step], x(step - d))


# ---- a read before there is anything ---------------------------------------------------------------------------------


def test_a_read_before_the_states_are_made():
    owner = Owner()
    for read in (owner.prefetch_delay("x", 0.3 * ms), owner.prefetch_delay("x", 0 * ms)):
        with (
            pytest.raises(NotInitialisedError, match="init_all_states"),
            nd.environ.context(dt=0.1 * ms),
        ):
            read()


# ---- steps and times that are not remembered -------------------------------------------------------------------------


class Asking(nd.Dynamics):
    """Asks its memory for a step or a time that changes."""

    def __init__(self, ask):
        super().__init__(1)
        self.line = nd.Delay(np.zeros(1), time=0.4 * ms)
        self.ask = ask

    def init_state(self):
        self.count = nd.State(0, shape=())
        self.y = nd.State(0.0)

    def update(self):
        self.line.update(np.ones(1) * self.count.value)
        self.y.value = self.ask(self.line, self.count.value)
        self.count.value = self.count + 1


@pytest.mark.parametrize("target", ["interpret", "cpu"])
@pytest.mark.parametrize(
    ("ask", "words", "kept"),
    [
        (lambda line, count: line.retrieve_at_step(count), r"0.5 ms in step 5 .*before the present.* 0 to 0.4 ms", 5),
        (lambda line, count: line.retrieve_at_step(3 - count), r"-0.1 ms in step 4 .*in the future", 4),
        (lambda line, count: line.retrieve_at_time(count * 0.0 * ms), r"0.5 ms in step 4 .*before the present", 4),
        (lambda line, count: line.retrieve_at_time(count * 0.3 * ms), r"-0.1 ms in step 1 .*in the future", 1),
    ],
)
def test_checked_while_the_network_runs(target, ask, words, kept):
    """Steps wrap around in the reference, so that 11 steps ago is now; here the run ends and keeps what it has."""
    sim = nd.Simulator(Asking(ask), dt=0.1 * ms, target=target)
    sim.record(sim.network, "y")
    with pytest.raises(DelayRangeError, match=words) as info:
        sim.run(2 * ms, progress=False)
    assert len(info.value.result[sim.network].y) > kept


def test_a_fixed_step_is_checked_before_the_network_runs():
    with pytest.raises(DelayRangeError, match="it remembers"):
        nd.Simulator(Asking(lambda line, count: line.retrieve_at_step(5)), dt=0.1 * ms).run(1 * ms)


# ---- another time step -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_the_delay_stays_a_time_when_dt_changes(target):
    """The reference counts steps when a delay is registered: another dt is another delay."""

    def late(net):
        return follow(net, 4.0, target, dt)

    with nd.environ.context(dt=0.5 * ms):
        net = network(lambda owner: owner.prefetch_delay("x", 1 * ms))
    for dt in (0.1, 0.25, 1.0):
        samples = late(network(lambda owner: owner.prefetch_delay("x", 1 * ms)))
        steps = round(1 / dt)
        for sample in range(1, len(samples)):
            np.testing.assert_array_equal(samples[sample], x(sample - 1 - steps))
    np.testing.assert_array_equal(follow(net, 4.0, target, 0.5)[4], x(3 - 2))


def test_delays_between_steps_can_be_refused():
    net = network(lambda owner: owner.prefetch_delay("x", 0.25 * ms))
    with pytest.raises(DelayError, match="no multiple"):
        nd.Simulator(net, dt=0.1 * ms, delays="exact").run(1 * ms)


@pytest.mark.parametrize("steps", range(1, 200))
def test_decimal_multiples_of_dt_are_exact(steps):
    """0.1 to 19.9 ms, as probed with the reference; also as sums and in other units."""
    for time in (steps * 0.1, steps / 10, float(np.sum(np.full(steps, 0.1))), float(np.float32(steps * 0.1))):
        assert int(delay_steps(time, 0.1)) == steps
