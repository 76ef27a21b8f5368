"""How `quantities` meets a traced value, expression by expression, with a small stand-in for the traced value,
then with the real one.

Nothing may pass without its unit: an expression is recorded with the unit, recorded without one where that can be seen
(`may_have_lost_unit`), or refused.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pytest
import quantities as pq

from numbadyn.errors import DimensionError, TracedValueError, UnsupportedFunctionError
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.nodes import BindContext
from numbadyn.tracing.carrier import Carrier, carry, may_have_lost_unit
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced as RealTraced
from numbadyn.tracing.traced import as_node
from numbadyn.units import DIMENSIONLESS, split


class Refused(TypeError):
    """The stand-in for the named error of the tracer."""


def refuse(what: str) -> NoReturn:
    raise Refused(what)


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """Records the ufunc and its inputs."""

    def __init__(self, record: tuple[Any, ...] = ()) -> None:
        self.record = record

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Carrier:
        return carry(self, refuse, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> "Traced":
        if method != "__call__" or kwargs:
            refuse(f"{ufunc.__name__}.{method} with {sorted(kwargs)}")
        return Traced((ufunc, *inputs))

    def _number(self, *_: object) -> NoReturn:
        refuse("a number was asked for")

    __bool__ = __float__ = __int__ = __index__ = __iter__ = __len__ = __getitem__ = _number


SCALAR = 5.0 * pq.mV
ARRAY = np.arange(3.0) * pq.mV
LEFT = [pytest.param(SCALAR, id="scalar"), pytest.param(ARRAY, id="array"), pytest.param(pq.mV, id="unit")]

ARITHMETIC = [
    (operator.add, np.add),
    (operator.sub, np.subtract),
    (operator.mod, np.remainder),
    (operator.mul, np.multiply),
    (operator.truediv, np.divide),
    (operator.floordiv, np.floor_divide),
]
COMPARISON = [
    (operator.lt, np.less),
    (operator.le, np.less_equal),
    (operator.gt, np.greater),
    (operator.ge, np.greater_equal),
    (operator.eq, np.equal),
    (operator.ne, np.not_equal),
]


def assert_same_quantity(found: Any, expected: Any) -> None:
    assert isinstance(found, pq.Quantity)
    assert found.dimensionality == expected.dimensionality
    np.testing.assert_array_equal(found.magnitude, expected.magnitude)


@pytest.mark.parametrize("q", LEFT)
@pytest.mark.parametrize(("operation", "ufunc"), ARITHMETIC)
def test_quantity_on_the_left_keeps_its_unit(operation: Callable[..., Any], ufunc: np.ufunc, q: Any) -> None:
    t = Traced()
    found, left, right = operation(q, t).record
    assert found is ufunc
    assert right is t
    assert_same_quantity(left, q)


@pytest.mark.parametrize("q", LEFT)
@pytest.mark.parametrize(("operation", "ufunc"), [*ARITHMETIC, *COMPARISON, (operator.pow, np.power)])
def test_quantity_on_the_right_keeps_its_unit(operation: Callable[..., Any], ufunc: np.ufunc, q: Any) -> None:
    t = Traced()
    found, left, right = operation(t, q).record
    assert found is ufunc
    assert left is t
    assert_same_quantity(right, q)


@pytest.mark.parametrize("q", LEFT)
@pytest.mark.parametrize("ufunc", [np.add, np.maximum, np.minimum, np.power, np.less, np.fmod, np.hypot])
def test_functions_keep_the_unit_on_both_sides(ufunc: np.ufunc, q: Any) -> None:
    t = Traced()
    assert_same_quantity(ufunc(q, t).record[1], q)
    assert_same_quantity(ufunc(t, q).record[2], q)


@pytest.mark.parametrize(
    "q", [*LEFT, pytest.param(ARRAY[1:], id="slice"), pytest.param(5.0 * pq.percent, id="percent")]
)
@pytest.mark.parametrize(("operation", "ufunc"), COMPARISON)
def test_comparison_loses_the_unit_of_the_left_side_visibly(
    operation: Callable[..., Any], ufunc: np.ufunc, q: Any
) -> None:
    t = Traced()
    found, left, right = operation(q, t).record
    assert found is ufunc
    assert right is t
    assert not isinstance(left, pq.Quantity)
    assert may_have_lost_unit(left)


@pytest.mark.parametrize("left", [np.arange(3.0), np.array(3.0), np.float64(3.0)])
def test_comparison_with_an_own_array_has_lost_no_unit(left: Any) -> None:
    assert not may_have_lost_unit((left < Traced()).record[1])


def test_comparison_with_a_python_number_is_turned_around() -> None:
    t = Traced()
    assert operator.lt(3.0, t).record == (np.greater, t, 3.0)


@pytest.mark.parametrize("q", LEFT)
def test_quantity_to_a_traced_power_is_refused(q: Any) -> None:
    with pytest.raises(Refused, match="no number while the step is traced"):
        q ** Traced()


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "imod", "ipow"])
def test_in_place_on_a_quantity_is_refused(name: str) -> None:
    q = 5.0 * pq.mV
    with pytest.raises(Refused):
        getattr(operator, name)(q, Traced())
    assert q.magnitude == 5.0


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(bool, id="bool"),
        pytest.param(float, id="float"),
        pytest.param(int, id="int"),
        pytest.param(complex, id="complex"),
        pytest.param(list, id="iteration"),
        pytest.param(range, id="range"),
        pytest.param(math.exp, id="math.exp"),
        pytest.param(lambda t: [1, 2][t], id="index"),
        pytest.param(lambda t: np.float64(t), id="float64"),
        pytest.param(lambda t: np.asarray(t, dtype=float), id="asarray of floats"),
        pytest.param(lambda t: np.array([t, t], dtype=float), id="array of floats"),
        pytest.param(lambda t: np.asarray(t) + 1, id="asarray +"),
        pytest.param(lambda t: np.asarray(t) < 1, id="asarray <"),
        pytest.param(lambda t: np.asarray(t) == 1, id="asarray =="),
        pytest.param(lambda t: bool(np.asarray(t)), id="bool of asarray"),
        pytest.param(lambda t: np.exp(np.asarray(t)), id="exp of asarray"),
        pytest.param(lambda t: SCALAR * np.asarray(t), id="quantity * asarray"),
        pytest.param(lambda t: np.array([t, t]) * 2, id="list as array"),
        pytest.param(lambda t: np.sum([t, t]), id="sum of a list"),
        pytest.param(lambda t: pq.Quantity(t, "mV") * 2, id="Quantity of traced"),
        pytest.param(lambda t: np.random.default_rng(1).normal(t), id="random"),
        pytest.param(lambda t: np.full(3, t) + 1, id="full"),
        pytest.param(lambda t: np.asanyarray(t).copy() + 1, id="copy of the carrier"),
        pytest.param(lambda t: np.add.reduce(np.asanyarray(t)), id="reduction of the carrier"),
        pytest.param(lambda t: max(SCALAR, t), id="max"),
    ],
)
def test_use_as_a_number_is_refused(use: Callable[[Any], Any]) -> None:
    with pytest.raises(Refused):
        use(Traced())


@pytest.mark.parametrize(
    ("use", "error"),
    [
        pytest.param(lambda t: float(np.asarray(t)), TypeError, id="float of asarray"),
        pytest.param(lambda t: np.arange(3)[t], IndexError, id="index of an array"),
        pytest.param(lambda t: operator.setitem(np.arange(3) * pq.mV, 0, t), ValueError, id="item of a quantity"),
        pytest.param(lambda t: sum([SCALAR, t]), ValueError, id="sum that starts with a quantity"),
        pytest.param(lambda t: SCALAR.clip(t, t), ValueError, id="clip"),
        pytest.param(lambda t: SCALAR + np.array([t, t]), ValueError, id="quantity + list as array"),
    ],
)
def test_use_that_others_refuse(use: Callable[[Any], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        use(Traced())


def test_carrier_stands_for_its_value_in_a_ufunc() -> None:
    t = Traced()
    assert np.exp(np.asanyarray(t)).record == (np.exp, t)


def test_plain_array_holds_no_traced_value() -> None:
    left_over = np.asarray(Traced())
    assert type(left_over) is np.ndarray
    assert repr(left_over) == "array([<traced value>], dtype=object)"


# ---- the same table with the real traced value -----------------------------------------------------------------------


def real(use: Callable[[Any], Any], value: Any = 2.0 * pq.mV) -> Any:
    """What a function of a real traced value gives."""
    trace = Trace("test")
    with trace.recording():
        return use(RealTraced(trace, as_node(trace, value)))


@pytest.mark.parametrize("q", LEFT)
@pytest.mark.parametrize(("operation", "ufunc"), [pair for pair in ARITHMETIC if pair[1] is not np.floor_divide])
def test_real_value_takes_the_unit_from_both_sides(operation: Callable[..., Any], ufunc: np.ufunc, q: Any) -> None:
    unit = {np.multiply: pq.mV**2, np.divide: pq.dimensionless}.get(ufunc, pq.mV)
    for result in (real(lambda t: operation(q, t)), real(lambda t: operation(t, q))):
        assert isinstance(result, RealTraced)
        assert result.dimension == split(1.0 * unit)[1]


@pytest.mark.parametrize(("operation", "ufunc"), COMPARISON)
def test_real_comparison_keeps_the_unit_of_the_left_side(operation: Callable[..., Any], ufunc: np.ufunc) -> None:
    """A traced value passes for a quantity, so `quantities` converts instead of dropping the unit."""
    for q in (SCALAR, ARRAY, 0.005 * pq.V):
        result = real(lambda t, q=q: operation(q, t))
        assert (result.kind, result.dimension) == ("bool", DIMENSIONLESS)
        with pytest.raises(DimensionError, match="ms"):
            real(lambda t, q=q: operation(q, t), 2.0 * pq.ms)
        with pytest.raises(DimensionError, match="is compared with"):
            real(lambda t, q=q: operation(q, t), 2.0)


@pytest.mark.parametrize(
    "scale", [(0.005 * pq.V, 4.0 * pq.mV, True), (0.005 * pq.V, 6.0 * pq.mV, False), (5000 * pq.uV, 4.0 * pq.mV, True)]
)
def test_real_comparison_converts_the_left_side(scale: tuple[Any, Any, bool]) -> None:
    q, value, greater = scale
    result = real(lambda t: q > t, value)
    evaluator = Evaluator(result._trace.step, BindContext(0.1, 0))
    evaluator.bind()
    assert bool(evaluator.values[result._index]) is greater


@pytest.mark.parametrize(("operation", "_ufunc"), ARITHMETIC[:3])
def test_real_value_refuses_another_dimension(operation: Callable[..., Any], _ufunc: np.ufunc) -> None:
    for use in (lambda t: operation(SCALAR, t), lambda t: operation(t, SCALAR)):
        with pytest.raises(DimensionError, match=r"mV and ms|ms and mV"):
            real(use, 2.0 * pq.ms)


USES = [
    lambda t: SCALAR**t,
    lambda t: np.asarray(t) + 1,
    lambda t: SCALAR * np.asarray(t),
    lambda t: np.sum([t, t]),
    *(bool, float, int, complex, list, range, math.exp),
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("value", [2.0, 2.0 * pq.mV])
def test_real_value_is_no_number(use: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises((TracedValueError, UnsupportedFunctionError, DimensionError)) as caught:
        real(use, value)
    assert caught.value.cure


def test_quantity_of_a_real_value_is_the_value() -> None:
    result = real(lambda t: pq.Quantity(t, "mV") * 2)
    assert isinstance(result, RealTraced)
    assert result.dimension == split(pq.mV)[1]
    with pytest.raises(DimensionError):
        real(lambda t: pq.Quantity(t, "mV"), 2.0)


def test_in_place_on_a_real_quantity_is_refused() -> None:
    q = 5.0 * pq.mV
    for name in ("iadd", "isub", "imul", "itruediv"):
        with pytest.raises((TracedValueError, UnsupportedFunctionError, DimensionError)):
            real(lambda t, name=name: getattr(operator, name)(q, t))
    assert q == 5.0 * pq.mV
