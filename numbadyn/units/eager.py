"""Arrays with units for eager calls: `quantities` whose unit survives `np.where`, `np.clip` and their like.

In: magnitudes in the coherent system.  Out: `UnitArray`, a `quantities.Quantity`.  Must not know: who calls.
"""

from collections.abc import Callable
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

import numpy as np
import quantities as pq

from numbadyn.errors import DimensionError
from numbadyn.units.conversion import Magnitude, is_quantity, join, magnitude_in, split
from numbadyn.units.dimension import DIMENSIONLESS, TIME, Dimension
from numbadyn.units.stand_in import StandsForQuantity

__all__ = ["STEP", "UnitArray", "alike", "join_eager"]

#: Length of the time step of eager calls in ms, if there is one: times are compared in whole steps of it.
STEP: ContextVar[float | None] = ContextVar("numbadyn_step", default=None)

#: Functions of several values of one unit: positions of the arguments that carry it.
_ALIKE: dict[str, tuple[int, ...]] = {"where": (1, 2), "clip": (0, 1, 2), "full_like": (0, 1)}


class UnitArray(pq.Quantity):  # type: ignore[misc]  # quantities has no types, so its class is Any
    """A quantity that takes its unit through NumPy's choice functions.

    Examples
    --------
    >>> V = join_eager(np.array([-70.0, -40.0]), split(pq.mV)[1])
    >>> np.where(V.magnitude > -50, -60 * pq.mV, V)
    array([-70., -60.]) * mV
    """

    __array_priority__ = 30

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if func.__name__ in _ALIKE:
            return alike(func, args, kwargs)
        if func.__name__ == "interp":
            return _interp(*args, **kwargs)
        if func.__name__ in _JOINED:
            return _JOINED[func.__name__](*args, **kwargs)
        return super().__array_function__(func, types, args, kwargs)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = _UFUNCS.get(ufunc.__name__)
        if rule is not None and method == "__call__" and not kwargs:
            found = rule(*inputs)
            if found is not NotImplemented:
                return found
        # `quantities` works through the other protocols of subclasses, which this method would switch off
        bare = [_without_rules(value) for value in inputs]
        out = kwargs.get("out")
        if out is not None:
            kwargs["out"] = tuple(_without_rules(value) for value in out)
        result = getattr(ufunc, method)(*bare, **kwargs)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return result.view(UnitArray) if type(result) is pq.Quantity else result

    # Times that differ by a rounding are equal, as in a traced step (see `numbadyn.tracing.times`).

    def __lt__(self, other: Any) -> Any:
        pair = _times(self, other)
        return super().__lt__(other) if pair is None else pair[0] < pair[1] - _slack(*pair)

    def __le__(self, other: Any) -> Any:
        pair = _times(self, other)
        return super().__le__(other) if pair is None else pair[0] <= pair[1] + _slack(*pair)

    def __gt__(self, other: Any) -> Any:
        pair = _times(self, other)
        return super().__gt__(other) if pair is None else pair[0] > pair[1] + _slack(*pair)

    def __ge__(self, other: Any) -> Any:
        pair = _times(self, other)
        return super().__ge__(other) if pair is None else pair[0] >= pair[1] - _slack(*pair)

    def __eq__(self, other: Any) -> Any:
        pair = _times(self, other)
        return super().__eq__(other) if pair is None else _equal(*pair)

    def __ne__(self, other: Any) -> Any:
        pair = _times(self, other)
        return super().__ne__(other) if pair is None else ~_equal(*pair)

    __hash__ = pq.Quantity.__hash__

    def __mod__(self, other: Any) -> Any:
        pair = _times(self, other)
        return super().__mod__(other) if pair is None else _remainder(np.floor, *pair)

    def __floordiv__(self, other: Any) -> Any:
        pair = _times(self, other)
        return super().__floordiv__(other) if pair is None else np.floor(_ratio(*pair))[()]

    # `quantities` keeps ms * kHz as it is, and refuses exp of it; a product without a dimension is a plain number here.

    def __mul__(self, other: Any) -> Any:
        return _plain_if_dimensionless(super().__mul__(other))

    def __rmul__(self, other: Any) -> Any:
        return _plain_if_dimensionless(super().__rmul__(other))

    def __truediv__(self, other: Any) -> Any:
        pair = _times(self, other)
        return _plain_if_dimensionless(super().__truediv__(other)) if pair is None else _ratio(*pair)[()]

    def __rtruediv__(self, other: Any) -> Any:
        return _plain_if_dimensionless(super().__rtruediv__(other))


def _without_rules(value: Any) -> Any:
    return value.view(pq.Quantity) if isinstance(value, UnitArray) else value


def _bare(values: Any, what: str) -> tuple[list[Magnitude], Dimension]:
    """Magnitudes of values of one unit, and their dimension."""
    dimension = next((split(value)[1] for value in values if _has_unit(value)), DIMENSIONLESS)
    return [_magnitude(value, dimension, what) for value in values], dimension


def _concatenate(arrays: Any, axis: int | None = 0) -> Any:
    bare, dimension = _bare(arrays, "A part of np.concatenate")
    return join_eager(np.concatenate(bare, axis), dimension)


def _select(condlist: Any, choicelist: Any, default: Any = None) -> Any:
    bare, dimension = _bare([*choicelist, *([] if default is None else [default])], "A choice of np.select")
    other = 0 if default is None else bare.pop()
    return join_eager(np.select([np.asarray(condition) for condition in condlist], bare, other), dimension)


def _isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = None, equal_nan: bool = False) -> Any:
    bare, _ = _bare([a, b, *([] if atol is None else [atol])], "An argument of np.isclose")
    return np.isclose(bare[0], bare[1], rtol, 1e-8 if atol is None else bare[2], equal_nan)


def _product(a: Any, b: Any) -> Any:
    (first, one), (second, other) = split(a), split(b)
    return join_eager(np.matmul(first, second), one * other)


def _cbrt(x: Any) -> Any:
    magnitude, dimension = split(x)
    return join_eager(np.cbrt(magnitude), dimension ** Fraction(1, 3))


def _arctan2(y: Any, x: Any) -> Any:
    bare, _ = _bare([y, x], "An argument of np.arctan2")
    return np.arctan2(bare[0], bare[1])


def _reduction(name: str) -> Callable[..., Any]:
    """Reduce the magnitudes; the unit of a variance is the square of the values'."""

    def reduce(a: Any, *args: Any, **kwargs: Any) -> Any:
        magnitude, dimension = split(a)
        return join_eager(getattr(np, name)(magnitude, *args, **kwargs), dimension**2 if name == "var" else dimension)

    return reduce


_REDUCTIONS = {name: _reduction(name) for name in ("sum", "mean", "max", "min", "std", "var")}
for _name, _reduce in _REDUCTIONS.items():
    setattr(UnitArray, _name, _reduce)


def _times(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Both sides in ms where they are times and there is a time step, else None."""
    if STEP.get() is None or not (is_quantity(right) or hasattr(right, "__traced_value__")):
        return None
    values = [getattr(side, "value", side) if not is_quantity(side) else side for side in (left, right)]
    if any(issubclass(type(value), StandsForQuantity) for value in values):
        return None  # a traced value, which decides for itself
    sides = [split(value) for value in values]
    if any(dimension != TIME for _magnitude, dimension in sides):
        return None
    return tuple(np.asarray(magnitude, dtype=np.float64) for magnitude, _dimension in sides)  # type: ignore[return-value]


def _slack(a: Any, b: Any) -> Any:
    step = STEP.get() or 0.0
    with np.errstate(invalid="ignore"):
        largest = np.maximum(np.abs(a), np.abs(b))
        return np.where(np.isfinite(largest), np.clip(2e-15 * largest, 1e-6 * step, 0.25 * step), 0.0)


def _equal(a: Any, b: Any) -> Any:
    slack = _slack(a, b)
    return (a <= b + slack) & (a >= b - slack)


def _remainder(whole: Callable[[Any], Any], a: Any, b: Any) -> Any:
    """What is left of a time, nothing where it is a multiple up to a rounding."""
    multiple = whole(_ratio(a, b)) * b
    return join_eager(np.where(_equal(a, multiple), 0.0, a - multiple)[()], TIME)


def _of_times(rule: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A ufunc's meaning for two times; others are left to `quantities`."""

    def apply(left: Any, right: Any) -> Any:
        pair = _times(left, right)
        return NotImplemented if pair is None else rule(*pair)

    return apply


def _ratio(a: Any, b: Any) -> Any:
    """The quotient of two times, a whole number where it is one up to a rounding."""
    with np.errstate(all="ignore"):
        ratio = a / b
        whole = np.rint(ratio)
        return np.where(_equal(a, whole * b), whole, ratio)


#: Functions and ufuncs that `quantities` refuses, or whose unit it loses.
_JOINED: dict[str, Callable[..., Any]] = {
    "concatenate": _concatenate, "select": _select, "isclose": _isclose, "dot": _product,
    **_REDUCTIONS,
}  # fmt: skip
_UFUNCS: dict[str, Callable[..., Any]] = {
    "matmul": _product,
    "cbrt": _cbrt,
    "arctan2": _arctan2,
    "less": _of_times(lambda a, b: a < b - _slack(a, b)),
    "less_equal": _of_times(lambda a, b: a <= b + _slack(a, b)),
    "greater": _of_times(lambda a, b: a > b + _slack(a, b)),
    "greater_equal": _of_times(lambda a, b: a >= b - _slack(a, b)),
    "equal": _of_times(lambda a, b: _equal(a, b)),
    "not_equal": _of_times(lambda a, b: ~_equal(a, b)),
    "remainder": _of_times(lambda a, b: _remainder(np.floor, a, b)),
    "fmod": _of_times(lambda a, b: _remainder(np.trunc, a, b)),
    "floor_divide": _of_times(lambda a, b: np.floor(_ratio(a, b))[()]),
}


def _plain_if_dimensionless(value: Any) -> Any:
    if not is_quantity(value):
        return value
    magnitude, dimension = split(value)
    return magnitude if dimension == DIMENSIONLESS else value


def alike(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Apply a function of values of one unit to their magnitudes, and put the unit back on."""
    positions = [i for i in _ALIKE[func.__name__] if i < len(args) and args[i] is not None]
    keywords = [key for key in ("min", "max", "a_min", "a_max", "fill_value") if kwargs.get(key) is not None]
    carriers = [args[i] for i in positions] + [kwargs[key] for key in keywords]
    if not carriers:
        return func(*args, **kwargs)
    dimension = next((split(value)[1] for value in carriers if _has_unit(value)), DIMENSIONLESS)
    what = f"An argument of np.{func.__name__}"
    bare = list(args)
    for i in positions:
        bare[i] = _magnitude(args[i], dimension, what)
    named = {key: _magnitude(value, dimension, what) if key in keywords else value for key, value in kwargs.items()}
    bare = [np.asarray(value) if isinstance(value, pq.Quantity) else value for value in bare]
    return join_eager(func(*bare, **named), dimension)


def _has_unit(value: Any) -> bool:
    return is_quantity(value) or hasattr(value, "__traced_value__")


def _magnitude(value: Any, dimension: Dimension, what: str) -> Magnitude:
    if dimension == DIMENSIONLESS:
        magnitude, found = split(value)
        if found != DIMENSIONLESS:
            raise DimensionError(
                f"{what} is in {found}, another has no unit.",
                where="np",
                cure="Give all of them one unit.",
                found=found,
            )
        return magnitude
    return magnitude_in(value, dimension, what=what)


def join_eager(magnitude: Magnitude, dimension: Dimension) -> Any:
    """Put a unit on, as `join`, in a form whose unit survives NumPy's choice functions.

    Parameters
    ----------
    magnitude : number or ndarray
        In the coherent system.
    dimension : Dimension
        What it measures.

    Returns
    -------
    UnitArray, number or ndarray
        Plain where there is no unit.
    """
    value = join(magnitude, dimension)
    return value.view(UnitArray) if is_quantity(value) else value


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """`numpy.interp` of positions in the unit of x; what it gives has the unit of fp."""
    position, along = split(getattr(x, "value", x))
    values, unit = split(fp)
    places = _magnitude(xp, along, "The positions xp of np.interp")
    ends = [None if end is None else _magnitude(end, unit, "left or right of np.interp") for end in (left, right)]
    length = None if period is None else _magnitude(period, along, "The period of np.interp")
    interpolate: Any = np.interp
    return join_eager(interpolate(position, places, values, *ends, length), unit)
