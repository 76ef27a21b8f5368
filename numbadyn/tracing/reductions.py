"""Reductions over a population and products with dense matrices: one rule per NumPy function.

In: the arguments of the call, and a function that makes nodes of them.  Out: the node of the result.  Must not know:
the class of traced values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import ShapeError
from numbadyn.ir.kinds import Kind
from numbadyn.tracing.trace import ANY, Trace

__all__ = ["REDUCTIONS", "matmul"]

Lift = Callable[[Any], int]


def _axes(trace: Trace, shape: tuple[int, ...], axis: Any) -> list[int]:
    """The axes that are reduced, as numbers from 0 on, in order."""
    if axis is None:
        return list(range(len(shape)))
    given = axis if isinstance(axis, tuple) else (axis,)
    try:
        found = sorted({range(len(shape))[number] for number in given})
    except (IndexError, TypeError):
        found = []
    if len(found) != len(given):
        raise ShapeError(
            f"A value of shape {shape} is reduced along axis {axis!r}.",
            where=str(trace.here),
            cure="Name axes that the value has, each once, as whole numbers that stand in the model's code.",
            shape=shape,
            axis=axis,
        )
    return found


def _in_memory_order(trace: Trace, value: int, elements: Any) -> int:
    """The elements of a value in this order, one after the other."""
    node = trace.node(value)
    side_by_side = not node.traits.view or node.attrs["stride"] == 1
    if side_by_side and np.array_equal(elements.ravel(), np.arange(node.size)):
        return value
    return trace.take(value, elements)


def _reduce(trace: Trace, value: int, how: str, axis: Any = None, keepdims: bool = False) -> int:
    """Reduce a value along axes, all of them by default."""
    node = trace.node(value)
    kind: Kind = "int" if how == "sum" and node.kind == "bool" else node.kind
    if node.kind == "bool":
        how = {"max": "any", "min": "all"}.get(how, how)
    if node.shape == ():
        return trace.cast(value, kind)
    axes = _axes(trace, node.shape, axis)
    kept = [number for number in range(len(node.shape)) if number not in axes]
    elements = np.arange(node.size).reshape(node.shape).transpose(kept + axes)
    rows = _in_memory_order(trace, value, elements)
    shape = tuple(
        length if number in kept else 1 for number, length in enumerate(node.shape) if keepdims or number in kept
    )
    return trace.source("reduce", (rows,), shape, kind, node.dimension, how=how)


def _plain(how: str) -> Callable[..., int]:
    def rule(trace: Trace, lift: Lift, a: Any, axis: Any = None, keepdims: bool = False) -> int:
        value = lift(a)
        return _reduce(trace, trace.cast(value, "bool") if how in ("any", "all") else value, how, axis, keepdims)

    return rule


def _count(trace: Trace, value: int, axis: Any) -> int:
    shape = trace.node(value).shape
    return int(np.prod([shape[number] for number in _axes(trace, shape, axis)], dtype=np.int64))


def _mean_of(trace: Trace, value: int, axis: Any, keepdims: bool, count: float) -> int:
    return trace.emit("div", _reduce(trace, value, "sum", axis, keepdims), trace.literal(count))


def _mean(trace: Trace, lift: Lift, a: Any, axis: Any = None, keepdims: bool = False) -> int:
    value = trace.cast(lift(a), "real")
    return _mean_of(trace, value, axis, keepdims, float(_count(trace, value, axis)))


def _var(trace: Trace, lift: Lift, a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> int:
    value = trace.cast(lift(a), "real")
    shape, count = trace.node(value).shape, _count(trace, value, axis)
    mean = _mean_of(trace, value, axis, True, float(count))
    kept = trace.node(mean).shape
    if trace.node(mean).size > 1:  # one mean for each element
        numbers = np.arange(trace.node(mean).size).reshape(kept)
        mean = trace.take(mean, np.broadcast_to(numbers, shape))
    distance = trace.emit("sub", value, mean)
    return _mean_of(trace, trace.emit("mul", distance, distance), axis, keepdims, float(count - ddof))


def _std(trace: Trace, lift: Lift, a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> int:
    return trace.emit("sqrt", _var(trace, lift, a, axis, ddof, keepdims))


def matmul(trace: Trace, a: int, b: int) -> int:
    """Product of a matrix and a vector, of a vector and a matrix, or of two vectors."""
    first, second = trace.node(a), trace.node(b)
    axes = (len(first.shape), len(second.shape))
    if axes not in ((2, 1), (1, 2), (1, 1)) or first.shape[-1] != second.shape[0]:
        raise ShapeError(
            f"A product of shapes {first.shape} and {second.shape}.",
            where=str(trace.here),
            cure="Multiply a matrix of shape (n_out, n_in) by a vector of shape (n_in,), or a vector of shape (n_in,) "
            "by a matrix of shape (n_in, n_out); of two matrices, compute the product outside of update.",
            first_shape=first.shape,
            second_shape=second.shape,
        )
    if axes == (1, 2):
        a, b, first, second = b, a, second, first
        rows = np.arange(first.size).reshape(first.shape).T
    else:
        rows = np.arange(first.size).reshape(first.shape)
    matrix = _in_memory_order(trace, trace.cast(a, "real"), rows)
    vector = trace.cast(b, "real")
    vector = _in_memory_order(trace, vector, np.arange(second.size))
    dimensions = (first.dimension, second.dimension)
    dimension = ANY if any(d is ANY for d in dimensions) else dimensions[0] * dimensions[1]
    shape = (first.size // second.size,) if len(first.shape) == 2 else ()
    return trace.source("dot", (matrix, vector), shape, "real", dimension)


def _dot(trace: Trace, lift: Lift, a: Any, b: Any) -> int:
    first, second = lift(a), lift(b)
    if () in (trace.node(first).shape, trace.node(second).shape):
        return trace.emit("mul", first, second)
    return matmul(trace, first, second)


REDUCTIONS: dict[str, Callable[..., int]] = {
    "sum": _plain("sum"),
    "max": _plain("max"),
    "min": _plain("min"),
    "amax": _plain("max"),
    "amin": _plain("min"),
    "any": _plain("any"),
    "all": _plain("all"),
    "mean": _mean,
    "var": _var,
    "std": _std,
    "dot": _dot,
}
