"""Hooks: the four markers, the two keywords, order, and what they may do, traced and eager."""

from typing import Any

import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import HookArgumentError, MissingHookError
from numbadyn.model.hooks import wants_input, wants_output
from tests.features.both import assert_targets_agree


class Counter(nd.Dynamics):
    """Adds its input to a number."""

    def __init__(self, size: int = 3) -> None:
        super().__init__(size)

    def init_state(self) -> None:
        self.x = nd.State(0.0)

    def update(self, inp: Any = 1.0) -> Any:
        self.x.value = self.x + inp
        return self.x.value


def called(neurons: Any, *args: Any) -> Any:
    with nd.environ.context(dt=0.1 * ms):
        return neurons(*args)


@pytest.mark.parametrize(
    ("mark", "receives"),
    [(None, False), (nd.receive_update_input, True), (nd.not_receive_update_input, False)],
)
def test_markers_of_before_hooks(mark: Any, receives: bool) -> None:
    got: list[Any] = []

    def hook(*args: Any, **kwargs: Any) -> None:
        got.append((args, kwargs))

    neurons = nd.init_all_states(Counter())
    neurons.add_before_update("hook", mark(hook) if mark else hook)
    called(neurons, 2.0)
    assert got == [((2.0,), {})] if receives else got == [((), {})]
    assert wants_input(hook) is receives


@pytest.mark.parametrize(
    ("mark", "receives"),
    [(None, True), (nd.receive_update_output, True), (nd.not_receive_update_output, False)],
)
def test_markers_of_after_hooks(mark: Any, receives: bool) -> None:
    got: list[Any] = []

    def hook(*args: Any) -> None:
        got.append([list(arg) for arg in args])

    neurons = nd.init_all_states(Counter(2))
    neurons.add_after_update("hook", mark(hook) if mark else hook)
    called(neurons, 2.0)
    assert got == ([[[2.0, 2.0]]] if receives else [[]])
    assert wants_output(hook) is receives


def test_marks_can_be_taken_back() -> None:
    def hook() -> None: ...

    assert not wants_output(nd.not_receive_update_output(hook))
    assert wants_output(nd.receive_update_output(hook))
    assert wants_input(nd.receive_update_input(hook))
    assert not wants_input(nd.not_receive_update_input(hook))
    with pytest.raises(HookArgumentError, match="takes no attributes"):
        nd.receive_update_input(len)


def test_keywords_decide_at_the_registration_and_leave_the_function_alone() -> None:
    got: list[Any] = []

    def hook(*args: Any) -> None:
        got.append(len(args))

    neurons = nd.init_all_states(Counter())
    neurons.add_before_update("with", hook, receive_input=True)
    neurons.add_before_update("without", hook, receive_input=False)
    neurons.add_after_update("with", hook, receive_output=True)
    neurons.add_after_update("without", hook, receive_output=False)
    called(neurons, 1.0)
    assert got == [1, 0, 1, 0]
    assert not wants_input(hook)
    assert neurons.get_before_update("with") is hook
    assert neurons.get_after_update("without") is hook


def test_registry() -> None:
    neurons = Counter()
    assert neurons.before_updates is None
    assert neurons.after_updates is None
    neurons.add_before_update("a", print)
    assert neurons.has_before_update("a")
    assert not neurons.has_after_update("a")
    assert list(neurons.before_updates or {}) == ["a"]
    with pytest.raises(MissingHookError, match="no before-hook 'b'"):
        neurons.get_before_update("b")


def test_order_of_hooks_and_update() -> None:
    seen: list[str] = []
    neurons = nd.init_all_states(Counter())
    update = neurons.update
    neurons.update = lambda: (seen.append("update"), update())[1]
    for key in ("second", "first"):
        neurons.add_after_update(key, lambda x, key=key: seen.append(f"after {key}"))
        neurons.add_before_update(key, lambda key=key: seen.append(f"before {key}"))
    called(neurons)
    assert seen == ["before second", "before first", "update", "after second", "after first"]


class Hooked(nd.DynamicsGroup):
    """A population with each kind of hook, all of which write states."""

    order = ("P", "Q")

    def __init__(self) -> None:
        super().__init__()
        self.P = Counter()
        self.trace = Counter()
        self.trace.driven = True
        self.Q = nd.LIF(3, V_initializer=nd.init.Uniform(-60 * mV, -50.0001 * mV))
        self.P.add_before_update("drive", self.drive)
        self.P.add_after_update("filter", self.trace)
        self.P.add_after_update("square", self.square)
        self.P.add_after_update("reset", self.reset)
        self.Q.add_after_update("kick", self.kick)
        self.Q.add_before_update("slow", lambda: self.Q.add_delta_input("P", 0.002 * self.P.x.value * mV))

    def drive(self) -> None:
        self.P.x.value = self.P.x + 0.25

    def square(self, x: Any) -> None:
        self.P.x.value = x * x

    @nd.not_receive_update_output
    def reset(self) -> None:
        self.P.x.value = self.P.x - 2.0 * (self.P.x.value > 3.0)

    def kick(self, spike: Any) -> None:
        self.P.x.value = self.P.x + 0.5 * spike


def by_hand(x: float, filtered: float) -> tuple[float, float]:
    x = x + 0.25 + 1.0
    filtered += x
    x = x * x
    return x - 2.0 * (x > 3.0), filtered


def test_hooks_are_traced_in_the_order_of_their_registration() -> None:
    _, result = assert_targets_agree(Hooked, 0.1 * ms, 1 * ms, may_be_silent=["Hooked.Q"])
    x = filtered = 0.0
    for step in range(3):  # Q does not fire so early
        assert result["Hooked.P"].x[step].tolist() == [x] * 3
        assert result["Hooked.trace"].x[step].tolist() == [filtered] * 3
        x, filtered = by_hand(x, filtered)


def test_hooks_of_eager_calls_do_the_same() -> None:
    sim, result = assert_targets_agree(Hooked, 0.1 * ms, 1 * ms, may_be_silent=["Hooked.Q"])
    net = nd.init_all_states(Hooked(), seed=sim.seed)
    with nd.environ.context(dt=0.1 * ms):
        for step in range(10):
            assert net.P.x.value == pytest.approx(result["Hooked.P"].x[step], rel=1e-13)
            assert net.Q.V.value.magnitude == pytest.approx(result["Hooked.Q"].V[step].magnitude, rel=1e-13)
            net()
