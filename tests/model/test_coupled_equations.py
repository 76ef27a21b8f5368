"""Coupled equations: several states in one call of a step function, in every form, of the order that is promised."""

import functools
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import DimensionError, RightHandSideError
from tests.features.both import assert_targets_agree

STEPPERS = {"euler": nd.euler_step, "exp_euler": nd.exp_euler_step, "rk2": nd.rk2_step, "rk4": nd.rk4_step}
Pair = namedtuple("Pair", "x y")


def slopes(x: Any, y: Any) -> tuple[Any, Any]:
    """Lotka and Volterra, the second in a unit of its own."""
    return x * (1.0 - y / mV) / ms, y * (x - 1.0) / ms


@functools.cache
def at_two(step: Any, dt: float) -> np.ndarray[Any, Any]:
    """Both states at 2 ms."""
    state: Any = (1.5, 0.5 * mV)
    with nd.environ.context(dt=dt * ms):
        for _ in range(round(2.0 / dt)):
            state = step(slopes, state)
    return np.array([float(state[0]), float(state[1].magnitude)])


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("exp_euler", 1), ("rk2", 2), ("rk4", 4)])
def test_order_of_convergence(name: str, order: int) -> None:
    exact = at_two(nd.rk4_step, 0.005)
    coarse, fine = (np.abs(at_two(STEPPERS[name], dt) - exact).max() for dt in (0.04, 0.02))
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("rk2", 2), ("rk4", 4)])
def test_order_with_a_right_hand_side_of_time(name: str, order: int) -> None:
    def at_two(dt: float) -> float:
        x: Any = 0.0
        for i in range(round(2.0 / dt)):
            with nd.environ.context(dt=dt * ms, i=i):
                x = STEPPERS[name](lambda x, t: (np.cos(t.magnitude * 3.0) - x) / ms, x)
        return float(x)

    exact = (np.cos(6.0) + 3.0 * np.sin(6.0) - np.exp(-2.0)) / 10.0
    coarse, fine = (abs(at_two(dt) - exact) for dt in (0.04, 0.02))
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.2)


FORMS = {
    "separate arguments": lambda step, x, y: step(slopes, (x, y)),
    "one tuple": lambda step, x, y: step(lambda s: slopes(*s), (x, y)),
    "any number of arguments": lambda step, x, y: step(lambda *s: list(slopes(*s)), (x, y)),
    "list": lambda step, x, y: step(slopes, [x, y]),
    "named tuple": lambda step, x, y: step(lambda s: slopes(s.x, s.y), Pair(x, y)),
    "further argument": lambda step, x, y: step(lambda s, one: slopes(s[0] * one, s[1] * one), (x, y), 1.0),
    "a default": lambda step, x, y: step(lambda x, y, one=1.0: slopes(x * one, y), (x, y)),
    "two functions": lambda step, x, y: step((lambda x, y: slopes(x, y)[0], lambda x, y: slopes(x, y)[1]), (x, y)),
    "time first": lambda step, x, y: step(lambda t, x, y: slopes(x, y), (x, y)),
    "keywords": lambda step, x, y: step(lambda y, x: dict(zip("xy", slopes(x, y), strict=True)), {"x": x, "y": y}),
    "keywords and more": lambda step, x, y: step(
        lambda y, one, x, t: dict(zip("xy", slopes(x * one, y), strict=True)), {"x": x, "y": y}, 1.0
    ),
    "one dict": lambda step, x, y: step(
        lambda s: dict(zip("xy", slopes(s["x"], s["y"]), strict=True)), {"x": x, "y": y}
    ),
    "dict of functions": lambda step, x, y: step(
        {"y": lambda x, y: slopes(x, y)[1], "x": lambda x, y: slopes(x, y)[0]}, {"x": x, "y": y}
    ),
    "another order": lambda step, x, y: step(lambda y, x: slopes(x, y)[::-1], (y, x))[::-1],
}


@pytest.mark.parametrize("name", STEPPERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same(form: str, name: str) -> None:
    x, y = np.array([1.5, 0.3]), np.array([0.5, 0.2]) * mV
    with nd.environ.context(dt=0.1 * ms, i=3):
        expected = STEPPERS[name](slopes, (x, y))
        found = FORMS[form](STEPPERS[name], x, y)
    assert type(found) is {"list": list, "named tuple": Pair}.get(form, dict if "dict" in form else type(found))
    for got, wanted in zip(found.values() if isinstance(found, dict) else found, expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert expected[1].dimensionality == mV.dimensionality


@pytest.mark.parametrize("name", STEPPERS)
def test_one_state_in_a_tuple_is_that_state(name: str) -> None:
    with nd.environ.context(dt=0.1 * ms):
        (found,) = STEPPERS[name](lambda x: (-x * x / ms,), (1.5,))
        assert found == STEPPERS[name](lambda x: -x * x / ms, 1.5)


def test_equations_that_do_not_meet_are_stepped_as_if_alone() -> None:
    with nd.environ.context(dt=0.7 * ms):
        for step in STEPPERS.values():
            x, y = step(lambda x, y: (-x / ms, (20 * mV - y) / (3 * ms)), (1.0, 5 * mV))
            assert x == step(lambda x: -x / ms, 1.0)
            assert y == step(lambda y: (20 * mV - y) / (3 * ms), 5 * mV)


BAD = {
    "too many": (lambda x, y: (x / ms, y / ms, y / ms), (1.0, 1.0), RightHandSideError, "returns 3 values.* 2 states"),
    "too few": (lambda s: (s[0] / ms,), (1.0, 1.0), RightHandSideError, "returns 1 values, but there are 2 states"),
    "an array": (lambda x, y: np.array([1.0, 2.0]), (1.0, 1.0), RightHandSideError, "returns one value"),
    "a missing key": (lambda a, b: {"a": a / ms}, {"a": 1.0, "b": 1.0}, RightHandSideError, r"\['a'\], but .*'b'"),
    "a tuple for a dict": (lambda a, b: (a, b), {"a": 1.0, "b": 1.0}, RightHandSideError, "returns one value"),
    "nothing in it": (lambda x, y: (x / ms, None), (1.0, 1.0), RightHandSideError, "right-hand side of y is None"),
    "no states": (lambda: (), (), RightHandSideError, "there are no states"),
    "a nest": (lambda x, y: (x, y), (1.0, (1.0, 2.0)), RightHandSideError, r"state 1 is \(1.0, 2.0\)"),
    "a name": (lambda x, y: (x, y), {"x": 1.0, "y": "V"}, RightHandSideError, "state 'y' is 'V'"),
    "arguments": (lambda x, y, z: (x, y), (1.0, 1.0), RightHandSideError, r"takes \(x, y, z\), but .* 2 states"),
    "no function": (3.0, (1.0, 1.0), RightHandSideError, "right-hand side is 3.0"),
    "three functions": ((abs, abs, abs), (1.0, 1.0), RightHandSideError, "3 right-hand sides are given for 2"),
    "a unit": (lambda x, y: (x / ms, y), (1.0, 1.0 * mV), DimensionError, "side of y is in mV, .* must be in mV/ms"),
    "a unit by key": (lambda x, y: {"x": x, "y": y / ms}, {"x": 1.0, "y": 1.0}, DimensionError, "side of x is in "),
}


@pytest.mark.parametrize("name", ["exp_euler", "rk4"])
@pytest.mark.parametrize("case", BAD)
def test_refused(case: str, name: str) -> None:
    f, x, error, text = BAD[case]
    with nd.environ.context(dt=0.1 * ms), pytest.raises(error, match=text):
        STEPPERS[name](f, x)


class Coupled(nd.Dynamics):
    """Hodgkin and Huxley's kind of coupling: a potential, gates, a common factor, one of time; each stepper once."""

    def __init__(self) -> None:
        super().__init__(3)
        self.tau = nd.Parameter(np.array([5.0, 7.0, 9.0]) * ms)

    def init_state(self) -> None:
        self.V = nd.State(nd.init.Uniform(-70 * mV, -40 * mV))
        self.n, self.m = nd.State(0.3), nd.State(nd.init.Uniform(0.1, 0.9))
        self.a, self.b = nd.State(1.0, shape=()), nd.State(0.5)
        self.u, self.w = nd.State(1.0), nd.State(0.1 * mV)

    def slope(self, V: Any, n: Any) -> Any:
        return (-60 * mV - V - 20 * n * (V + 80 * mV)) / self.tau, (np.tanh(V / (40 * mV)) - n * n) / (2 * ms)

    def update(self) -> None:
        V, n, m = self.V.value, self.n.value, self.m.value
        self.V.value, self.n.value = nd.exp_euler_step(self.slope, (V, n))
        self.m.value, self.w.value = nd.rk4_step(
            lambda m, w, t: ((1 - m) * (1 + np.sin(t / ms)) / ms, (V * m - w) / self.tau), (m, self.w)
        )
        self.a.value, self.b.value = nd.rk2_step(lambda s: (-s[0] / ms, (s[0] - s[1]) / ms), (self.a, self.b))
        self.u.value = nd.euler_step(lambda s: {"u": (m - s["u"]) / self.tau}, {"u": self.u})["u"]


def test_eager_calls_equal_the_traced_step_on_both_targets() -> None:
    _sim, result = assert_targets_agree(Coupled, 0.1 * ms, 2 * ms, seed=11)
    eager = nd.init_all_states(Coupled(), seed=11)
    for step in range(20):
        for name, state in eager.states().items():
            found = result["Coupled"].samples[name].values[step]
            np.testing.assert_allclose(
                np.ravel(np.asarray(state.value)), found, rtol=1e-12, err_msg=f"{name} in step {step}"
            )
        with nd.environ.context(dt=0.1 * ms, i=step):
            eager()


class Late(nd.Dynamics):
    """x' = -pi / 2 x(t - 1): the cosine of its history goes on for ever; and a pair, of which one reads the other."""

    def __init__(self, step: Any, held: bool) -> None:
        super().__init__(1)
        past = nd.init.OfTime(lambda t: np.cos(np.pi / 2 * t / ms))
        self.step, self.held = step, held
        self.late = self.prefetch_delay("x", 1 * ms, init=past, interpolation="polynomial3" if held else None)

    def init_state(self) -> None:
        self.x, self.y = nd.State(1.0), nd.State(0.0)

    def update(self) -> Any:
        late = self.late() if self.held else self.late
        f = lambda x, y, late: (-np.pi / 2 * late / ms, (late - y) / ms)  # noqa: E731 - a formula
        self.x.value, self.y.value = self.step(f, (self.x, self.y), late)
        return self.x.value


def late_error(step: Any, dt: float, held: bool) -> float:
    model = Late(step, held)
    sim = nd.Simulator(model, dt=dt * ms, target="interpret")
    sim.run(3 * ms, progress=False)
    w = np.pi / 2
    right = (np.sin(3 * w) - w * np.cos(3 * w) + w * np.exp(-3.0)) / (1 + w * w)
    return max(abs(float(sim.get(model, "x")[0]) - np.cos(3 * w)), abs(float(sim.get(model, "y")[0]) - right))


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("exp_euler", 1), ("rk2", 2), ("rk4", 4)])
def test_order_with_a_delayed_read(name: str, order: int) -> None:
    coarse, fine = (late_error(STEPPERS[name], dt, held=False) for dt in (0.05, 0.025))
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.3)
    coarse, fine = (late_error(STEPPERS[name], dt, held=True) for dt in (0.05, 0.025))
    assert np.log2(coarse / fine) == pytest.approx(1, abs=0.3)  # as the docstring says of values that are held
