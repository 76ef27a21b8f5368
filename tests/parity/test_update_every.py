"""Sampling every so often: `update_every` and the strategies, row by row beside the reference package.

The reference cuts 0.3 ms at dt = 0.1 ms down to 2 steps, keeps the first value of each window whatever its page says,
and knows no strategies; here the expectation is a sum over the steps of a window, written out.
"""

import numpy as np
import pytest
from quantities import ms, mV, s

import numbadyn as nd
from numbadyn.errors import UnitExpectedError, UpdateEveryError
from tests.parity.reads import SIZE, START, STEPS, Owner, b, first_values, n, readings, x

STRATEGIES = {
    "hold": lambda values: values[0],
    "latest": lambda values: values[-1],
    "mean": lambda values: np.mean(values, axis=0),
    "sum": lambda values: np.sum(values, axis=0),
    "max": lambda values: np.max(values, axis=0),
}
WINDOWS = [1, 3, 4]
BACK = [0, 1, 2]


def sample(values, strategy, length, newest, back):
    """The sample `back` windows before the newest one that is known once the step `newest` is over."""
    window = newest // length if strategy == "hold" else (newest + 1) // length - 1
    first = (window - back) * length
    return STRATEGIES[strategy]([values(step) for step in range(first, first + length)])


def reads_of(owner, lengths, backs, items="xnb"):
    """Reads of both states and of the spikes, by item, strategy, steps of a window and windows back."""
    reads = {"x": owner.prefetch("x").delay.at, "n": owner.prefetch("n").delay.at, "b": owner.output_delay}
    return {
        f"{item} {strategy} {length} {back}": read(
            back * length * 0.1 * ms, update_every=length * 0.1 * ms, update_strategy=strategy
        )
        for item, read in reads.items()
        if item in items
        for strategy in STRATEGIES
        for length in lengths
        for back in backs
    }


@pytest.fixture(scope="module")
def values():
    return readings(lambda owner: reads_of(owner, WINDOWS, BACK), compiled=False)


@pytest.mark.parametrize("item", [x, n, b], ids=["real", "whole", "spikes"])
@pytest.mark.parametrize("strategy", list(STRATEGIES))
@pytest.mark.parametrize("length", WINDOWS)
def test_samples_of_windows(values, item, strategy, length):
    for place in ("before", "after"):
        for back in BACK:
            found = values[place][f"{item.__name__} {strategy} {length} {back}"]
            for step in range(STEPS):
                wanted = sample(item, strategy, length, first_values(place, step), back)
                np.testing.assert_allclose(
                    np.asarray(found[step]), wanted, rtol=1e-12, err_msg=f"{place} {back} {step}"
                )


def test_samples_of_windows_compiled(values):
    found = readings(lambda owner: reads_of(owner, [3], [1], "b"))
    for place in ("before", "after"):
        for name, samples in found[place].items():
            np.testing.assert_array_equal(np.stack(samples), np.stack(values[place][name]), err_msg=name)


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_kinds_of_samples(values, strategy):
    """Means are real, counts of spikes are whole; the rest stays what it is."""
    found = {item: np.asarray(values["before"][f"{item} {strategy} 3 1"][5]).dtype.kind for item in "xnb"}
    mean, count = strategy == "mean", strategy == "sum"
    assert found == {"x": "f", "n": "f" if mean else "i", "b": "f" if mean else "i" if count else "b"}
    assert values["before"][f"x {strategy} 3 1"][5].units == mV


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 6, 7, 10, 19, 1000])
def test_windows_have_the_steps_that_were_asked_for(steps):
    """0.3, 0.6 and 0.7 ms are 2, 5 and 6 steps in the reference."""
    owner = nd.init_all_states(Owner())
    held = owner.prefetch_delay("n", 0 * ms, update_every=steps * 0.1 * ms)
    changes = []
    for step in range(2 * steps + 1):
        with nd.environ.context(dt=0.1 * ms, i=step, t=step * 0.1 * ms):
            owner()
            changes.append(held()[0])
    assert np.flatnonzero(np.diff([-3, *changes])).tolist() == [0, steps, 2 * steps]


def test_delays_count_in_windows_rounded_up():
    def reads(owner):
        every = {"update_every": 0.4 * ms}
        return {f"{d}": owner.prefetch_delay("x", d * 0.1 * ms, **every) for d in (0, 1, 4, 5, 8)}

    found = readings(reads, compiled=False)["after"]
    for step in range(STEPS):
        for d, windows in {0: 0, 1: 1, 4: 1, 5: 2, 8: 2}.items():
            np.testing.assert_array_equal(found[f"{d}"][step], x((step // 4 - windows) * 4))


def test_delays_of_each_neuron_and_of_one():
    delays = np.array([0.0, 0.2, 0.4, 0.5])

    def reads(owner):
        return {
            "own": owner.prefetch_delay("x", delays * ms, np.arange(SIZE), update_every=0.2 * ms),
            "outer": owner.prefetch_delay("x", delays * ms, update_every=0.2 * ms, update_strategy="mean"),
            "one": owner.output_delay(0.4 * ms, 3, update_every=0.2 * ms, update_strategy="max"),
        }

    found = readings(reads)
    windows = np.array([0, 1, 2, 3])
    for place in ("before", "after"):
        for step in range(STEPS):
            newest = first_values(place, step)
            own = np.stack([sample(x, "hold", 2, newest, w) for w in windows])
            outer = np.stack([sample(x, "mean", 2, newest, w) for w in windows])
            np.testing.assert_array_equal(found[place]["own"][step], np.diagonal(own))
            np.testing.assert_allclose(np.asarray(found[place]["outer"][step]), outer, rtol=1e-12)
            np.testing.assert_array_equal(found[place]["one"][step], sample(b, "max", 2, newest, 2)[3])


def test_one_state_at_two_rates():
    """Each rate has a memory of its own, as in the reference; neither changes the other."""

    def reads(owner):
        return {
            "every": owner.prefetch_delay("x", 0.4 * ms),
            "two": owner.prefetch_delay("x", 0.4 * ms, update_every=0.2 * ms),
            "four": owner.prefetch_delay("x", 0.4 * ms, update_every=0.4 * ms, init=-1 * mV),
        }

    found = readings(reads, compiled=False)["after"]
    for step in range(STEPS):
        np.testing.assert_array_equal(found["every"][step], x(step - 4))
        np.testing.assert_array_equal(found["two"][step], x(step // 2 * 2 - 4))
        np.testing.assert_array_equal(found["four"][step], x(step // 4 * 4 - 4) if step >= 4 else -np.ones(SIZE))


def test_values_before_the_start_fill_windows_too():
    def reads(owner):
        return {
            strategy: owner.prefetch_delay(
                "x",
                0.6 * ms,
                update_every=0.3 * ms,
                update_strategy=strategy,
                init=nd.init.OfTime(lambda t: t / ms * mV),
            )
            for strategy in STRATEGIES
        }

    def past(step):
        """The value k steps before the start was given as the function of its time; x[-1] is the value at t = 0."""
        return np.full(SIZE, (step + 1) * 0.1) if step < 0 else x(step)

    found = readings(reads, compiled=False)
    for place in ("before", "after"):
        for step in range(STEPS):
            for strategy in STRATEGIES:
                wanted = sample(past, strategy, 3, first_values(place, step), 2)
                np.testing.assert_allclose(np.asarray(found[place][strategy][step]), wanted, rtol=1e-12, atol=1e-12)


# ---- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"update_every": 0 * ms}, UpdateEveryError, "0"),
        ({"update_every": -1 * ms}, UpdateEveryError, "-1"),
        ({"update_every": np.nan * ms}, UpdateEveryError, "nan"),
        ({"update_every": [1, 2] * ms}, UpdateEveryError, "shape"),
        ({"update_every": 1.0}, UnitExpectedError, "1.0"),
        ({"update_every": 1 * ms, "update_strategy": "median"}, UpdateEveryError, "'hold', 'latest', 'mean'"),
        ({"update_strategy": "mean"}, UpdateEveryError, "without update_every"),
    ],
)
def test_arguments_that_make_no_sense(options, error, words):
    with pytest.raises(error, match=words) as info:
        Owner().prefetch_delay("x", 1 * ms, **options)
    assert "Owner.x" in str(info.value)


class Follower(nd.Dynamics):
    """Keeps a sample of an owner."""

    def __init__(self, owner, every):
        super().__init__(SIZE)
        self.late = owner.prefetch_delay("x", 1 * ms, update_every=every)

    def init_state(self):
        self.y = nd.State(0 * mV)

    def update(self):
        self.y.value = self.late()


def simulate(every):
    net = nd.DynamicsGroup()
    net.owner = Owner()
    net.follower = Follower(net.owner, every)
    net.order = ("owner", "follower")
    nd.Simulator(net, dt=0.1 * ms, target="interpret").run(1 * ms)


def call(every):
    follower = nd.init_all_states(Follower(nd.init_all_states(Owner()), every))
    with nd.environ.context(dt=0.1 * ms):
        follower()


@pytest.mark.parametrize("every", [0.05, 0.25, 0.1001])
@pytest.mark.parametrize("run", [simulate, call])
def test_what_is_no_multiple_of_dt(every, run):
    """Also shorter than dt (ValueError in the reference too)."""
    with pytest.raises(UpdateEveryError, match=f"update_every is {every:g} ms, which is no multiple") as info:
        run(every * ms)
    assert isinstance(info.value, ValueError)
    assert "Owner.x" in str(info.value)


def test_other_units_of_time():
    held = Owner()
    nd.init_all_states(held)
    reads = [held.prefetch_delay("x", 1 * ms, update_every=every) for every in (1 * ms, 0.001 * s)]
    with nd.environ.context(dt=0.1 * ms):
        held()
        np.testing.assert_array_equal(reads[0](), reads[1]())
        np.testing.assert_array_equal(reads[0](), START * mV)
