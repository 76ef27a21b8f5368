"""Current and delta inputs: labels, arrays that are used up, callables that stay, inputs that wait a step."""

from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import SchedulingError, ShapeError, UnsupportedFeatureError
from tests.features.both import assert_targets_agree


class Sum(nd.Dynamics):
    """Keeps the sums of its inputs."""

    def __init__(self, label: str | None = None) -> None:
        super().__init__(2)
        self.label = label

    def init_state(self) -> None:
        self.current = nd.State(0.0)
        self.delta = nd.State(0.0 * mV)

    def update(self) -> None:
        self.current.value = self.sum_current_inputs(1.0, self.current.value, label=self.label)
        self.delta.value = self.sum_delta_inputs(0 * mV, label=self.label)


def called(dynamics: Any) -> None:
    with nd.environ.context(dt=0.1 * ms):
        dynamics()


def test_arrays_are_used_up_and_callables_are_kept() -> None:
    dynamics = nd.init_all_states(Sum())
    dynamics.add_current_input("array", np.array([10.0, 20.0]))
    dynamics.add_current_input("callable", lambda x: 100.0 + x)
    dynamics.add_delta_input("array", 3 * mV)
    called(dynamics)
    assert dynamics.current.value.tolist() == [111.0, 121.0]
    assert dynamics.delta.value.magnitude.tolist() == [3.0, 3.0]
    called(dynamics)
    assert dynamics.current.value.tolist() == [212.0, 222.0]
    assert dynamics.delta.value.magnitude.tolist() == [0.0, 0.0]
    assert dynamics.current_inputs.keys() == ["callable"]
    dynamics.add_current_input("array", 1.0)
    assert dynamics.get_input("array") == 1.0


def test_labels_choose_inputs() -> None:
    some = nd.init_all_states(Sum(label="exc"))
    every = nd.init_all_states(Sum())
    for dynamics in (some, every):
        dynamics.add_current_input("a", 1.0, label="exc")
        dynamics.add_current_input("a", 10.0, label="inh")
        dynamics.add_current_input("a", 100.0)
        called(dynamics)
    assert some.current.value.tolist() == [2.0, 2.0]
    assert every.current.value.tolist() == [112.0, 112.0]
    assert some.current_inputs.keys() == ["inh // a", "a"]
    assert len(every.current_inputs) == 0


def test_sum_without_a_start() -> None:
    dynamics = Sum()
    assert dynamics.sum_current_inputs(None) is None
    dynamics.add_current_input("a", 2.0)
    dynamics.add_current_input("b", 3.0)
    assert dynamics.sum_current_inputs(None) == 5.0


class Pushing(nd.DynamicsGroup):
    """A source whose hook gives arrays to populations that run before and after it."""

    order = ("before", "source", "after")

    def __init__(self) -> None:
        super().__init__()
        self.before, self.source, self.after = Sum(), Source(), Sum()
        self.source.add_after_update("push", self.push)
        self.after.add_current_input("feedback", lambda x: 0.5 * x, label="kept")

    def push(self, x: Any) -> None:
        for target in (self.before, self.after):
            target.add_current_input("pushed", x)
            target.add_delta_input("pushed", 2 * x * mV)


class Source(nd.Dynamics):
    """Counts the steps."""

    def __init__(self) -> None:
        super().__init__(2)

    def init_state(self) -> None:
        self.x = nd.State(0.0)

    def update(self) -> Any:
        self.x.value = self.x + 1.0
        return self.x.value


def test_what_comes_after_the_update_waits_for_the_next_step() -> None:
    _, result = assert_targets_agree(Pushing, 0.1 * ms, 0.6 * ms)
    steps = np.arange(6.0)
    assert result["Pushing.before"].current[:, 0].tolist() == [0.0, *(1.0 + steps[:5])]
    assert result["Pushing.before"].delta[:, 1].magnitude.tolist() == [0.0, *(2.0 * steps[:5])]
    assert result["Pushing.after"].delta[:, 0].magnitude.tolist() == (2.0 * steps).tolist()
    current = 0.0
    for step in range(6):
        assert result["Pushing.after"].current[step, 0] == current
        current = 1.0 + 0.5 * current + (step + 1)


def test_eager_calls_do_the_same() -> None:
    _, result = assert_targets_agree(Pushing, 0.1 * ms, 0.6 * ms)
    net = nd.init_all_states(Pushing())
    for step in range(6):
        for name in ("before", "after"):
            assert getattr(net, name).current.value == pytest.approx(result[f"Pushing.{name}"].current[step])
            assert getattr(net, name).delta.value.magnitude == pytest.approx(
                result[f"Pushing.{name}"].delta[step].magnitude
            )
        called(net)


@pytest.mark.parametrize("kind", ["current", "delta"])
@pytest.mark.parametrize("target", ["cpu", "interpret"])
def test_an_array_that_would_act_once_is_refused_by_a_simulator(kind, target):
    net = nd.DynamicsGroup()
    net.cells = Sum()
    getattr(net.cells, f"add_{kind}_input")("kick", [1.0, 2.0] * mV if kind == "delta" else np.ones(2))
    with pytest.raises(UnsupportedFeatureError, match=rf"(?s){kind} input 'kick' of .*cells is an array.*lambda V"):
        nd.Simulator(net, dt=0.1 * ms, target=target)
    called(nd.init_all_states(net))  # here it acts, and is gone
    assert np.any(getattr(net.cells, kind).value != getattr(Sum(), f"sum_{kind}_inputs")(0 * net.cells.delta.value))
    nd.Simulator(net, dt=0.1 * ms, target=target)


@pytest.mark.parametrize("inp", [np.ones(2), lambda _current: 1.0], ids=["array", "function"])
def test_inputs_that_come_after_the_simulator_are_refused(inp):
    cells = Sum()
    sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret")
    cells.add_current_input("late", inp)
    with pytest.raises(SchedulingError, match="Sum was changed after the simulator was built"):
        sim.run(0.1 * ms)


def test_a_wrong_shape_names_the_input():
    cells = Sum()
    cells.add_current_input("wide", lambda _current: np.ones(3) * cells.current.value[:1])
    cells.add_current_input("narrow", lambda current: current)
    with pytest.raises(ShapeError, match=r"^current input 'wide' of Sum: .*\(2,\) and \(3,\)"):
        nd.Simulator(cells, dt=0.1 * ms)
