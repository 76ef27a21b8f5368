"""The delay rule, d = 0 to 3, before and after the owner's update, traced on both targets and eager.

A read with a delay of d steps made in step n before the owner's update gives x[n-1-d], after it x[n-d], where x[n] is
the value that step n makes.  Before the start the history is the state's first value (zero for an output), or `init`.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.model import delays
from numbadyn.model.delays.times.rule import delay_steps
from tests.features.both import assert_targets_agree

STEPS = 8
PACKAGE = Path(delays.__file__).parent
DELAYS = [0, 1, 2, 3]
FIRST = np.array([10.0, 20.0, 30.0, 40.0])
INIT = np.array([-1.0, -2.0, -3.0, -4.0])
LAGS, ELEMENTS = np.array([0.1, 0.3, 0.2]), np.array([3, 0, 0])


class Ramp(nd.Dynamics):
    """Adds one each step; gives its double."""

    def __init__(self) -> None:
        super().__init__(4)

    def init_state(self) -> None:
        self.x = nd.State(FIRST * mV)

    def update(self) -> Any:
        self.x.value = self.x + 1 * mV
        return 2 * self.x.value / mV


class Firing(nd.Neuron):
    """Neuron i fires in every step that i + 2 divides."""

    def __init__(self) -> None:
        super().__init__(4)

    def init_state(self) -> None:
        self.n = nd.State(0)

    def update(self) -> Any:
        self.n.value = self.n + 1
        return (self.n - 1) % np.arange(2, 6) == 0


class Reader(nd.Dynamics):
    """Keeps what it reads."""

    def __init__(self, reads: dict[str, Callable[[], Any]]) -> None:
        super().__init__(4)
        self.reads = reads

    def init_state(self) -> None:
        for name in self.reads:
            if name.startswith("some"):
                self.__setattr__(name, nd.State(0 * mV, shape=(3,)))
            else:
                setattr(
                    self, name, nd.State(False if name.startswith("spike") else 0 * mV if name.startswith("x") else 0.0)
                )

    def update(self) -> None:
        for name, read in self.reads.items():
            getattr(self, name).value = read()


class Net(nd.DynamicsGroup):
    """The readers stand before and after the owners."""

    order = ("before", "ramp", "firing", "after")

    def __init__(self) -> None:
        super().__init__()
        ramp, firing = Ramp(), Firing()
        before, after = {}, {}
        for d in DELAYS:
            for reads in (before, after):
                reads[f"x{d}"] = ramp.prefetch_delay("x", d * 0.1 * ms)
                reads[f"xi{d}"] = ramp.prefetch_delay("x", d * 0.1 * ms, init=INIT * mV)
                reads[f"y{d}"] = ramp.output_delay(d * 0.1 * ms)
                reads[f"yi{d}"] = ramp.output_delay(d * 0.1 * ms, init=7.0)
                reads[f"spike{d}"] = firing.output_delay(d * 0.1 * ms)
        for reads in (before, after):
            reads["some"] = ramp.prefetch_delay("x", LAGS * ms, ELEMENTS)
            reads["some_one"] = ramp.prefetch("x").delay.at((0.2 * ms, ELEMENTS))
            reads["x_now"] = ramp.prefetch("x")
            reads["spike_now"] = firing.get_spike
        before["y_last"] = ramp.output_delay()
        self.before = Reader(before)
        self.ramp, self.firing = ramp, firing
        self.after = Reader(after)


def ramp(n: int) -> Any:
    """The state of `Ramp` after step n."""
    return FIRST + (n + 1)


def expected(place: str, name: str, n: int) -> Any:
    """What the reader keeps in step n."""
    late = 1 if place == "before" else 0
    if name in ("some", "some_one"):
        lags = delay_steps(LAGS, 0.1) if name == "some" else np.full(3, 2)
        return np.array([ramp(max(n - late - d, -1))[i] for d, i in zip(lags, ELEMENTS, strict=True)])
    d = int(name[-1]) if name[-1].isdigit() else 0
    m = n - late - d
    if name.startswith("spike"):
        return (m % np.arange(2, 6) == 0) & (m >= 0)
    if name.startswith("x"):
        return ramp(m) if m >= 0 else INIT if name.startswith("xi") else FIRST
    return 2 * ramp(m) if m >= 0 else np.full(4, 7.0 if name.startswith("yi") else 0.0)


@pytest.fixture(scope="module")
def result() -> Any:
    return assert_targets_agree(Net, 0.1 * ms, (STEPS + 1) * 0.1 * ms)[1]


@pytest.fixture(scope="module")
def eager() -> list[dict[str, dict[str, Any]]]:
    net, kept = nd.init_all_states(Net()), []
    for step in range(STEPS):
        with nd.environ.context(dt=0.1 * ms, i=step):
            net()
        kept.append(
            {
                place: {name: getattr(net, place).state(name).array().copy() for name in getattr(net, place).reads}
                for place in ("before", "after")
            }
        )
    return kept


NAMES = [
    *(f"{kind}{d}" for kind in ("x", "xi", "y", "yi", "spike") for d in DELAYS),
    "some",
    "some_one",
    "x_now",
    "spike_now",
]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("name", NAMES)
def test_delay_rule(result: Any, place: str, name: str) -> None:
    found = result[f"Net.{place}"].samples[name].values
    for n in range(STEPS):
        np.testing.assert_array_equal(found[n + 1], expected(place, name, n), err_msg=f"step {n}")


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("name", NAMES)
def test_eager_calls_follow_the_rule_too(eager: Any, place: str, name: str) -> None:
    for n in range(STEPS):
        np.testing.assert_array_equal(eager[n][place][name], expected(place, name, n), err_msg=f"step {n}")


def test_output_without_a_delay_is_the_latest(result: Any, eager: Any) -> None:
    found = result["Net.before"].samples["y_last"].values
    for n in range(STEPS):
        wanted = 2 * ramp(n - 1) if n else np.zeros(4)
        np.testing.assert_array_equal(found[n + 1], wanted)
        np.testing.assert_array_equal(eager[n]["before"]["y_last"], wanted)


def test_delays_are_rounded_up_to_whole_steps() -> None:
    assert delay_steps([0.0, 0.1, 0.15, 0.3, 0.30000000001, 1.5], 0.1).tolist() == [0, 1, 2, 3, 3, 15]


def test_resetting_forgets_the_past() -> None:
    net = nd.init_all_states(Net())
    for _ in range(2):
        with nd.environ.context(dt=0.1 * ms):
            for n in range(4):
                net()
                assert net.before.x2.value.magnitude.tolist() == expected("before", "x2", n).tolist()
        nd.reset_all_states(net)


def test_distribution_as_history() -> None:
    def make() -> nd.DynamicsGroup:
        net = nd.DynamicsGroup()
        owner = Ramp()
        net.reader = Reader({"x": owner.prefetch_delay("x", 0.2 * ms, init=nd.init.Uniform(-5 * mV, -4 * mV))})
        net.owner = owner
        net.order = ("reader", "owner")
        return net

    _, result = assert_targets_agree(make, 0.1 * ms, 0.5 * ms, seed=5)
    found = result["DynamicsGroup.reader"].x.magnitude
    assert ((found[1:4] >= -5) & (found[1:4] < -4)).all()
    assert np.unique(found[1]).size == 4
    np.testing.assert_array_equal(found[4], ramp(0))


def test_the_plainest_read_passes_through_five_files() -> None:
    owner, seen = Ramp(), set()
    late = owner.prefetch_delay("x", 5 * ms)

    def note(frame: Any, event: str, _argument: Any) -> None:
        if event == "call" and "<" not in frame.f_code.co_name:
            path = Path(frame.f_code.co_filename)
            seen.update([path.relative_to(PACKAGE).as_posix()] if path.is_relative_to(PACKAGE) else [])

    def watched() -> Any:
        sys.setprofile(note)
        try:
            return late()
        finally:
            sys.setprofile(None)

    net = nd.DynamicsGroup()
    net.owner, net.reader = owner, Reader({"x": watched})
    net.order = ("reader", "owner")
    nd.Simulator(net, dt=0.1 * ms, target="interpret")
    assert sorted(seen) == [
        "api/reference.py",
        "sampling/read.py",
        "storage/source.py",
        "times/delay_time.py",
        "times/elements.py",
    ]
