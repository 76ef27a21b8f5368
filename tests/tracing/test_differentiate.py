"""Each rule of differentiation against central differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV
from scipy import special

from numbadyn.errors import UnsupportedFunctionError
from numbadyn.ir.elementary import numpy_functions
from numbadyn.ir.ops import OPS
from numbadyn.model.functions import exprel
from numbadyn.tracing import differentiate
from numbadyn.tracing.evaluate import slopes_and_derivatives
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node


def slope_and_derivative(f: Callable[..., Any], x: Any) -> tuple[Any, Any]:
    """Of one right-hand side."""
    return slopes_and_derivatives(lambda values: [f(*values)], [x], 0.1, 0, None)[0]


X = np.array([0.3, 0.71, 1.4, 2.2])
C = np.array([1.5, -0.5, 2.0, 0.25])

#: Rule -> a function in which it stands on the way.
CASES: dict[str, Callable[[Any], Any]] = {
    "add": lambda x: x + C + x,
    "sub": lambda x: C - x - 2.0 * x,
    "mul": lambda x: (x + C) * x * 3.0,
    "div": lambda x: (x + 1.0) / (x * x + 2.0),
    "div by the variable": lambda x: C / x,
    "neg": lambda x: -(x * x),
    "abs": lambda x: abs(x - 1.0) * x,
    "sqrt": lambda x: np.sqrt(x + 1.0),
    "exp": lambda x: np.exp(-x / 2.0),
    "expm1": lambda x: np.expm1(C * x),
    "exprel": lambda x: exprel(x * C),
    "log": lambda x: np.log(x * 2.0),
    "log1p": lambda x: np.log1p(x * x),
    "log10": lambda x: np.log10(x),
    "tanh": lambda x: np.tanh(x - 1.0),
    "sinh": lambda x: np.sinh(x),
    "cosh": lambda x: np.cosh(C * x),
    "sin": lambda x: np.sin(3.0 * x),
    "cos": lambda x: np.cos(x) * x,
    "tan": lambda x: np.tan(x / 3.0),
    "power": lambda x: (x + 1.0) ** C,
    "power of the variable": lambda x: 1.7**x,
    "power of both": lambda x: x**x,
    "whole power": lambda x: x**5,
    "minimum": lambda x: np.minimum(x * x, C),
    "maximum": lambda x: np.maximum(x, 2.0 - x),
    "select": lambda x: np.where(x > 1.0, x * x, 3.0 * x),
    "select, one side": lambda x: np.where(C > 0, x * x, 1.0),
    "clip": lambda x: np.clip(x, 0.5, 1.5) * x,
    "mod": lambda x: x % 0.6,
    "fmod": lambda x: np.fmod(-x, 0.6) * x,
    "log2": lambda x: np.log2(x + C * C),
    "arctan": lambda x: np.arctan(2.0 * x),
    "arctan2": lambda x: np.arctan2(x * x, C + x),
    "hypot": lambda x: np.hypot(x, C * x + 1.0),
    "cbrt": lambda x: np.cbrt(x - 1.1),
    "logaddexp": lambda x: np.logaddexp(x * x, C * x),
    "erf": lambda x: special.erf(x * C),
    "expit": lambda x: special.expit(3.0 * x) * x,
    "floor": lambda x: np.floor(x) * x,
    "sign": lambda x: np.sign(x - 1.0) * x,
    "comparison": lambda x: (x > 1.0) * x,
    "Hodgkin-Huxley rate": lambda x: 0.1 * (x - 4.0) / (1.0 - np.exp(-(x - 4.0) / 10.0)),
    "logistic": lambda x: 1.0 / (1.0 + np.exp(-x)) * (1.0 - x) - 0.5 * np.exp(-x / 8.0) * x,
}


@pytest.mark.parametrize("name", CASES)
def test_derivative_is_the_central_difference(name: str) -> None:
    f, h = CASES[name], 1e-6
    value, slope = slope_and_derivative(f, X)
    difference = (slope_and_derivative(f, X + h)[0] - slope_and_derivative(f, X - h)[0]) / (2 * h)
    np.testing.assert_allclose(value, f(X), rtol=1e-14)
    np.testing.assert_allclose(slope, difference, rtol=1e-7, atol=1e-8)


def test_exprel_has_a_derivative_at_zero() -> None:
    _, slope = slope_and_derivative(exprel, np.array([0.0, 1e-3, -1e-3]))
    np.testing.assert_allclose(slope, [0.5, 0.5003334583, 0.4996667917], rtol=1e-6)


def test_derivative_carries_the_unit() -> None:
    value, slope = slope_and_derivative(lambda v: (-60 * mV - v) / (20 * ms), np.array([-50.0]) * mV)
    assert str(value) == "[-0.5] mV/ms"
    assert float(slope.rescale("1/ms").magnitude) == -0.05


@pytest.mark.parametrize(
    "f", [lambda x: C, lambda x: x * 0 + np.floor(x) - x * 0, lambda x: np.sign(x), lambda x: np.where(x > 1, 2.0, C)]
)
def test_what_does_not_depend_on_the_variable(f: Callable[[Any], Any]) -> None:
    _, slope = slope_and_derivative(f, X)
    assert slope is None or not np.asarray(slope).any()


@pytest.mark.parametrize("f", [lambda x: x[:2], lambda x: x.reshape(2, 2)])
def test_what_has_no_derivative_is_refused(f: Callable[[Any], Any]) -> None:
    with pytest.raises(UnsupportedFunctionError, match="cannot be differentiated") as caught:
        slope_and_derivative(f, X)
    assert "test_differentiate.py" in str(caught.value.where)
    assert "rk4_step" in str(caught.value.cure)


def test_no_multiplication_by_one_and_no_sum_with_zero() -> None:
    """The derivative of a linear equation is minus one over tau, and nothing else."""
    trace = Trace("test")
    with trace.recording():
        v, tau = (Traced(trace, as_node(trace, value)) for value in (-50 * mV, 20 * ms))
        slope = (-60 * mV - v) / tau
        before = len(trace.step.nodes)
        differentiate.derivative(trace, slope.node_in(trace), v.node_in(trace))
    assert [node.op for node in trace.step.nodes[before:]] == ["param", "div", "neg"]


@pytest.mark.parametrize("name", [row.name for row in OPS.values() if row.elementary and row.arity == 1])
def test_elementary_functions_against_central_differences(name: str) -> None:
    x, h = np.linspace(0.05, 0.95, 7), 1e-5
    f = numpy_functions(64)[OPS[name].elementary]
    value, slope = slope_and_derivative(
        lambda traced: Traced(traced._trace, traced._trace.emit(name, traced._index)), x
    )
    np.testing.assert_array_equal(value, f(x))
    np.testing.assert_allclose(slope, (f(x + h) - f(x - h)) / (2.0 * h), rtol=1e-7)
