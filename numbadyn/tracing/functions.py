"""NumPy functions that rearrange, join, fill and choose: one row per function.

In: the arguments of the call, and a function that makes nodes of them.  Out: the node of the result.  Must not know:
the class of traced values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numbadyn.errors import ShapeError, TracedValueError
from numbadyn.ir.kinds import kind_of
from numbadyn.tracing.kinds import check_choices
from numbadyn.tracing.trace import ANY, Trace
from numbadyn.units import DIMENSIONLESS

__all__ = ["ARRAY_FUNCTIONS"]

Lift = Callable[[Any], int]


def _refuse(trace: Trace, what: str, cure: str) -> ShapeError:
    return ShapeError(what, where=str(trace.here), cure=cure)


def _select(trace: Trace, lift: Lift, condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = None) -> int:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise _refuse(
            trace,
            f"np.select has {len(condlist)} conditions and {len(choicelist)} choices.",
            "Give as many choices as conditions, at least one.",
        )
    check_choices("np.select", [*choicelist, 0 if default is None else default], str(trace.here))
    choices = [lift(choice) for choice in choicelist]
    first = trace.node(choices[0])
    zero = 0 if first.dimension is ANY or first.dimension == DIMENSIONLESS else None
    result = lift(zero if default is None else default) if default is not None or zero is not None else None
    if result is None:
        result = trace.constant(0.0, first.dimension)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = trace.emit("select", lift(condition), choice, result)
    return result


def _roll(trace: Trace, lift: Lift, a: Any, shift: Any, axis: Any = None) -> int:
    value = lift(a)
    shape = trace.node(value).shape
    try:
        elements = np.roll(np.arange(int(np.prod(shape))).reshape(shape), shift, axis)
    except (TypeError, ValueError) as error:
        raise TracedValueError(
            f"np.roll of a value of shape {shape} by {shift!r} along axis {axis!r}: {error}.",
            where=str(trace.here),
            cure="Roll by whole numbers that stand in the model's code, along axes that the value has.",
            shape=shape,
            shift=shift,
            axis=axis,
        ) from None
    return trace.take(value, elements)


def _concatenate(trace: Trace, lift: Lift, arrays: Sequence[Any], axis: int | None = 0) -> int:
    parts = [lift(array) for array in arrays]
    shapes = [trace.node(part).shape for part in parts]
    numbers = [np.arange(int(np.prod(shape))).reshape(shape) for shape in shapes]
    try:
        elements = np.concatenate(numbers, axis)
        owners = np.concatenate([np.full(shape, number) for number, shape in enumerate(shapes)], axis)
    except (TypeError, ValueError) as error:
        raise _refuse(
            trace,
            f"np.concatenate of shapes {', '.join(map(str, shapes))} along axis {axis}: {error}.",
            "Join values that have an axis and agree in all others; make one of a single number by np.full.",
        ) from None
    result: int | None = None
    for number, part in enumerate(parts):
        own = trace.take(part, np.where(owners == number, elements, 0))
        result = own if result is None else trace.emit("select", trace.literal(owners == number), own, result)
    assert result is not None
    return result


def _full_like(trace: Trace, lift: Lift, a: Any, fill_value: Any, dtype: Any = None) -> int:
    node, fill = trace.node(lift(a)), lift(fill_value)
    kind = node.kind if dtype is None else kind_of(np.dtype(dtype))
    if node.dimension is not ANY and trace.node(fill).dimension != node.dimension:
        trace.check_operation("add", lift(a), fill)  # says which units do not fit
    filled = trace.cast(fill, kind)
    return trace.emit("select", trace.literal(np.ones(node.shape, dtype=bool)), filled, filled)


def _isclose(
    trace: Trace, lift: Lift, a: Any, b: Any, rtol: Any = 1e-5, atol: Any = None, equal_nan: bool = False
) -> int:
    x, y = (trace.cast(lift(side), "real") for side in (a, b))
    dimension = trace.node(x).dimension
    least = trace.constant(1e-8, dimension) if atol is None else lift(atol)
    reach = trace.emit("add", least, trace.emit("mul", lift(rtol), trace.emit("abs", y)))
    near = trace.emit("less_equal", trace.emit("abs", trace.emit("sub", x, y)), reach)
    bounded = trace.emit("equal", trace.emit("sub", y, y), trace.emit("sub", y, y))  # not infinite, not NaN
    result = trace.emit("or", trace.emit("and", near, bounded), trace.emit("equal", x, y))
    if equal_nan:
        undefined = trace.emit("and", trace.emit("not_equal", x, x), trace.emit("not_equal", y, y))
        result = trace.emit("or", result, undefined)
    return result


ARRAY_FUNCTIONS: dict[str, Callable[..., int]] = {
    "select": _select,
    "roll": _roll,
    "concatenate": _concatenate,
    "full_like": _full_like,
    "isclose": _isclose,
}
