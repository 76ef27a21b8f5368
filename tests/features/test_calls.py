"""One run that calls a function has the bits of short runs with the calls in between, whatever the function changes."""

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn import errors
from tests.errors.models import refused
from tests.features.agreement import assert_same, recorded
from tests.features.small_network import Small, simulator, watch
from tests.targets import COMPILED, simulator_of

TARGETS = pytest.mark.parametrize("target", ["interpret", "cpu"])
ROWS = nd.TimedArray(np.zeros((4, 9)), dt=1 * ms, unit=pA, after="repeat")


class Fed(Small):
    """With an input that can be exchanged."""

    def update(self):
        self.A.current_inputs.add("rows", ROWS(nd.environ.get("t")))
        return super().update()


def nothing(sim):
    """Look only."""
    assert sim.t.units == ms


def states(sim):
    """Clamp a part of a population, and a synapse that is part of a sum which is prepared one step ahead."""
    sim.set(sim.network.A[:4], "V", -60 * mV)
    sim.set(sim.network.excite.syn, "g", 0.5 * sim.get(sim.network.excite.syn, "g"))


def weights(sim):
    """Scale weights."""
    sim.set(sim.network.inhibit, "weight", 1.1 * sim.get(sim.network.inhibit, "weight"))


def parameters(sim):
    """Feed back the mean potential, by assignment."""
    net = sim.network
    net.A.drive.value = (300 + float(net.B.V.value.mean().magnitude)) * pA
    net.excite.comm.weight = (2 + float(sim.t) / 10) * nS


def everything(sim):
    """All of it, by turns."""
    turn = round(float(sim.t) / 2.5)
    (states, weights, parameters, nothing)[turn % 4](sim)


def joined(results):
    parts = [recorded(result) for result in results]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@TARGETS
@pytest.mark.parametrize("call", [nothing, states, everything])
def test_a_run_with_calls_is_many_short_runs(target, call):
    apart = simulator(target)
    pieces = []
    for _ in range(8):
        pieces.append(apart.run(2.5 * ms))
        call(apart)
    pieces.append(apart.run(1 * ms))
    sim = simulator(target)
    whole = sim.run(21 * ms, every=2.5 * ms, call=call)
    assert whole.ended == "duration"
    found, expected = recorded(whole), joined(pieces)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    np.testing.assert_array_equal(sim.get(sim.network.A, "V"), apart.get(apart.network.A, "V"))


@pytest.mark.cudasim
def test_targets_agree_on_inputs_that_a_call_exchanges():
    found = []
    for target in ("interpret", COMPILED):
        ROWS.values = np.zeros((4, 9))
        sim = watch(simulator_of(Fed(), 0.5 * ms, target))

        def feed(sim):
            ROWS.values = np.full((4, 9), 100.0 + 10 * float(sim.t))

        quiet = sim.run(2 * ms, every=4 * ms, call=feed)
        assert ROWS.values.max() == 0 * pA
        found.append([quiet, sim.run(6 * ms, every=2 * ms, call=feed)])
    for one, other in zip(*found, strict=True):
        for name, array in recorded(one).items():
            np.testing.assert_array_equal(recorded(other)[name], array, err_msg=name)


class Driven(nd.Dynamics):
    """Adds an array that the user keeps."""

    def __init__(self, drive):
        super().__init__(drive.shape)
        self.drive = nd.Parameter(drive)

    def init_state(self):
        self.x = nd.State(0.0)

    def update(self):
        self.x.value = self.x * 0.9 + self.drive


@TARGETS
def test_an_array_of_the_user_that_is_changed_in_place_acts(target):
    found = []
    for short in (True, False):
        drive = np.zeros(3)
        cells = Driven(drive)
        sim = simulator_of(cells, 1 * ms, target)
        sim.record(cells, "x")

        def change(sim, drive=drive):
            drive[1] += sim.t.magnitude

        if short:
            parts = []
            for _ in range(3):
                parts.append(sim.run(2 * ms)[cells].x)
                change(sim)
            found.append(np.concatenate(parts))
        else:
            found.append(sim.run(6 * ms, every=2 * ms, call=change)[cells].x)
    assert found[0].any()
    np.testing.assert_array_equal(*found)


@TARGETS
def test_a_call_ends_the_run_by_true_or_by_an_exception(target):
    sim = simulator(target)
    seen = []

    def third(sim):
        seen.append(sim.t)
        return len(seen) == 3

    result = sim.run(20 * ms, every=2 * ms, call=third)
    assert (result.ended, result.duration, sim.t) == ("call", 6 * ms, 6 * ms)

    def fails(sim):
        raise OSError("the camera is gone")

    with pytest.raises(OSError, match="camera") as caught:
        sim.run(20 * ms, every=1 * ms, call=fails)
    assert caught.value.result.ended == "error"
    assert caught.value.result[sim.network.A].V.shape[0] == 10
    assert sim.run(1 * ms, every=1 * ms, call=lambda sim: 5).ended == "duration"  # what is not True ends nothing


def test_calls_and_a_condition_go_together():
    found = []
    for target in ("interpret", COMPILED):
        sim = simulator(target)
        calls = []
        call = lambda sim, calls=calls: calls.append(sim.t) or states(sim)  # noqa: E731
        until = lambda net=sim.network: nd.spike_count(net.B) >= 4  # noqa: E731
        found.append((sim.run(30 * ms, until=until, every=1 * ms, call=call), calls))
    (one, first), (other, second) = found
    assert one.ended == other.ended == "until"
    assert first == second
    assert len(first) == one.last // 10
    np.testing.assert_array_equal(recorded(one)["Small.A.V"], recorded(other)["Small.A.V"])


@TARGETS
def test_a_run_that_is_taken_up_from_a_checkpoint_goes_on_with_calls_counts_and_streams(target, tmp_path):
    rows = np.random.default_rng(1).normal(0, 50, (60, 9))

    class Streamed(Small):
        def update(self):
            self.A.current_inputs.add("rows", self.rows(nd.environ.get("t")))
            return super().update()

    def go(until_ms, **checkpoints):
        net = Streamed()
        net.rows = nd.TimedStream(lambda: iter(rows), dt=0.5 * ms, unit=pA, ahead=7)
        sim = watch(simulator_of(net, 0.1 * ms, target))

        def call(sim):
            if sim.t > until_ms * ms:
                raise OSError("the machine goes down")
            states(sim)

        condition = lambda: nd.spike_count(net.B) >= 25  # noqa: E731
        return sim.run(25 * ms, until=condition, every=1 * ms, call=call, **checkpoints)

    whole = go(100)
    assert whole.ended == "until"
    checkpoints = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": 1.7 * ms}
    with pytest.raises(OSError, match="goes down") as caught:
        go(5.5, **checkpoints)
    assert 0 < caught.value.result.last < whole.last
    assert_same(go(100, **checkpoints), whole)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_a_call_sets_each_replica(target):
    def clamp(sim):
        V = sim.get(sim.network.A, "V")
        V[..., :3] = -60 * mV
        sim.set(sim.network.A, "V", V)

    alone = simulator(target, seed=2)
    expected = alone.run(6 * ms, every=2 * ms, call=clamp)[alone.network.A].V
    sim = watch(simulator_of(Small(), 0.1 * ms, target, batch=2, seed=[1, 2]))
    found = sim.run(6 * ms, every=2 * ms, call=clamp)[sim.network.A].V
    np.testing.assert_array_equal(found[1], expected)


def test_what_a_call_must_not_do():
    sim = simulator("interpret")
    net = sim.network
    for forbidden in (
        lambda sim: sim.run(1 * ms),
        lambda sim: sim.reset(),
        lambda sim: sim.record(net.B, "refractory"),
        lambda sim: sim.compile(),
    ):
        refused(
            lambda call=forbidden: sim.run(1 * ms, every=0.5 * ms, call=call),
            errors.SimulatorBusyError,
            "while the simulator is running",
            "Simulator",
            "also set states",
        )

    def structure(sim):
        net.A.in_size = (4,)

    with pytest.raises(errors.NumbadynError, match="was changed after"):
        sim.run(1 * ms, every=0.5 * ms, call=structure)


def test_bad_calls():
    sim = simulator("interpret")
    where = r"Simulator\.run\(every="
    for options, error, what, cure in (
        ({"every": 1 * ms}, errors.CallError, "every is given to a run without call", "call=control"),
        ({"call": nothing}, errors.CallError, "call is given to a run without every", "every=10"),
        ({"every": 1 * ms, "call": 3}, errors.CallError, "call is 3", "without brackets"),
        ({"every": 1 * ms, "call": lambda: 3}, errors.CallError, "cannot be called with the simulator", "one argument"),
        ({"every": 0.25 * ms, "call": nothing}, errors.DurationError, "every is 0.25 ms", "multiple"),
        ({"every": -1 * ms, "call": nothing}, errors.DurationError, "every is -1.0 ms", "positive"),
        ({"every": 3, "call": nothing}, errors.DurationError, "every is 3, without a unit", "100"),
    ):
        refused(lambda options=options: sim.run(1 * ms, **options), error, what, where, cure)
    refused(lambda: sim.run(1 * ms, every=1 * mV, call=nothing), errors.DimensionError, "every", where, "ms")
    assert sim.t == 0 * ms
