"""Arrays that a step reads at places which it computes: indexing and `numpy.take`.

In: constant arrays and traced indices.  Out: nodes.  Indices are checked while the network runs, so no memory outside
of an array is ever read.  Must not know: who owns the arrays, the class of traced values.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import LookupRangeError, ShapeError, UnsupportedFunctionError
from numbadyn.ir.nodes import BindContext, Lookup
from numbadyn.tracing.agreement import check_within
from numbadyn.tracing.guards import watch
from numbadyn.tracing.stored import store_array, stored_kind
from numbadyn.tracing.trace import Trace
from numbadyn.units import split

__all__ = ["Fitting", "gather", "is_traced", "literal_lookup", "lookup_of", "pick", "take"]

Lift = Callable[[Any], int]
#: A part of a key after its axes are counted: the axis, or None for a new one, and what stands for it.
_Part = tuple[int | None, Any]


class Fitting:
    """A traced index that is known to be within its axis."""

    def __init__(self, index: int) -> None:
        self.index = index

    def node_in(self, _trace: Trace) -> int:
        """Its node."""
        return self.index


def is_traced(value: Any) -> bool:
    """Whether something stands for a value of the step that is being traced."""
    return hasattr(value, "__traced_value__") or hasattr(value, "node_in")


def literal_lookup(trace: Trace, array: NDArray[Any], dimension: Any, owner: Any = None) -> int:
    """Node of an array that stands in the model's code, as it is now."""
    kept = store_array(array, str(trace.here), freeze=True)
    spec = Lookup(
        f"table_{len(trace.step.lookups)}", stored_kind(array), dimension, kept.dtype.name, lambda _context: kept, True
    )
    return trace.lookup(kept if owner is None else owner, lambda: spec)


def lookup_of(trace: Trace, value: Any, what: str) -> tuple[int, tuple[int, ...]]:
    """Node and shape of something that can be read at computed places: a constant array, a table, a traced value."""
    own = getattr(value, "__lookup__", None)
    if own is not None:
        found: tuple[int, tuple[int, ...]] = own(trace)
        return found
    if is_traced(value):
        raise UnsupportedFunctionError(
            f"{what} of a traced table.",
            where=str(trace.here),
            cure="Give a constant array, or an nd.Table.",
            subject=what,
        )
    magnitude, dimension = split(value, where=str(trace.here))
    array = np.asanyarray(magnitude)
    return literal_lookup(trace, array, dimension, owner=value if isinstance(value, np.ndarray) else None), array.shape


def pick(trace: Trace, source: int, index: int) -> int:
    """Elements of a flat array at places that are known to be in it."""
    node = trace.node(source)
    if node.traits.view:
        for op, number, neutral in (("mul", node.attrs["stride"], 1), ("add", node.attrs["start"], 0)):
            if number != neutral:
                index = trace.emit(op, index, trace.literal(number))
        source = node.args[0]
    return trace.source("take", (source, index), trace.node(index).shape, node.kind, node.dimension)


def gather(trace: Trace, source: int, shape: tuple[int, ...], key: Any, lift: Lift) -> int:
    """Elements of an array by NumPy's rules, where some of the indices are traced whole numbers.

    Parameters
    ----------
    trace : Trace
        Active.
    source : int
        Node of the array, flat where it is a lookup.
    shape : tuple of int
        Its shape.
    key : object
        What stands in brackets.
    lift : callable
        Node of a traced value.  Indices are counted from the end where they are negative, and guarded, unless they are
        `Fitting`.

    Returns
    -------
    int
        Node of the elements.
    """
    parts = _parts_of(trace, shape, key)
    strides = [int(np.prod(shape[axis + 1 :], dtype=np.int64)) for axis in range(len(shape))]
    traced: dict[int, int] = {}
    for place, (axis, part) in enumerate(parts):
        if is_traced(part):
            assert axis is not None
            fits = isinstance(part, Fitting)
            traced[place] = part.index if fits else _whole_index(trace, lift(part), shape[axis])
    fixed = [1 if axis in {parts[place][0] for place in traced} else n for axis, n in enumerate(shape)]
    offsets = np.zeros(fixed, dtype=np.int64)
    for axis, n in enumerate(fixed):
        offsets += (np.arange(n) * strides[axis]).reshape([-1 if axis == k else 1 for k in range(len(fixed))])

    def placed(array: NDArray[Any], chosen: int = -1) -> NDArray[np.int64]:
        """The array under the key, with zeros for traced indices, and the numbers of its elements for one of them."""
        entries: list[Any] = []
        for place, (_axis, part) in enumerate(parts):
            if place not in traced:
                entries.append(part)
                continue
            node = trace.node(traced[place])
            count = np.arange(node.size) if place == chosen else np.zeros(node.size, dtype=np.int64)
            entries.append(count.reshape(node.shape) if node.shape else 0)
        try:
            return np.asarray(array[tuple(entries)])
        except (IndexError, TypeError, ValueError) as error:
            raise _misfit(trace, shape, key, str(error)) from None

    constant = placed(offsets)
    if constant.size == 0:
        raise _misfit(trace, shape, key, "it is empty")
    common: int | None = None
    each: int | None = None
    for place, index in traced.items():
        axis = parts[place][0]
        assert axis is not None
        moved = index if strides[axis] == 1 else trace.emit("mul", index, trace.literal(strides[axis]))
        if trace.node(index).shape == ():
            common = moved if common is None else trace.emit("add", common, moved)
            continue
        numbers = np.arange(trace.node(index).size).reshape([-1 if axis == k else 1 for k in range(len(shape))])
        spread = _spread(trace, moved, placed(np.broadcast_to(numbers, _with(fixed, axis, numbers.size)), place))
        each = spread if each is None else trace.emit("add", each, spread)
    return _read(trace, source, constant, common, each)


def _with(shape: list[int], axis: int, length: int) -> list[int]:
    return [length if k == axis else n for k, n in enumerate(shape)]


def _spread(trace: Trace, index: int, which: NDArray[np.int64]) -> int:
    """The elements of a traced index that each element of the result reads."""
    node = trace.node(index)
    if which.shape == node.shape and np.array_equal(which.ravel(), np.arange(node.size)):
        return index
    return trace.take(index, which)


def _read(trace: Trace, source: int, constant: NDArray[np.int64], common: int | None, each: int | None) -> int:
    """Elements at a constant part, plus one for all, plus one for each."""
    node = trace.node(source)
    flat = constant.ravel()
    row = flat.size > 1 and bool((np.diff(flat) == 1).all())
    if each is None and common is not None and node.traits.lookup and row:
        start = common if flat[0] == 0 else trace.emit("add", common, trace.literal(int(flat[0])))
        return trace.source("window", (source, start), constant.shape, node.kind, node.dimension)
    terms = [term for term in (each, common) if term is not None]
    whole = each is not None and trace.node(each).shape == constant.shape
    if flat.any() or not (whole or constant.shape == ()):
        offset = int(flat[0]) if bool((flat == flat[0]).all()) and whole else constant
        terms.append(trace.literal(offset))
    index = functools.reduce(lambda a, b: trace.emit("add", a, b), terms)
    return pick(trace, source, index)


def _parts_of(trace: Trace, shape: tuple[int, ...], key: Any) -> list[_Part]:
    """The parts of a key with the axes that they stand for; an ellipsis becomes slices."""
    given = list(key) if isinstance(key, tuple) else [key]
    given = [np.asarray(part) if isinstance(part, list) else part for part in given]

    def axes(part: Any) -> int:
        if part is None or part is Ellipsis:
            return 0
        if is_traced(part):
            return 1
        boolean = isinstance(part, bool | np.bool_) or (isinstance(part, np.ndarray) and part.dtype == bool)
        return np.ndim(part) if boolean else 1

    missing = len(shape) - sum(map(axes, given))
    if missing < 0:
        raise _misfit(trace, shape, key, "there are too many indices")
    places = [number for number, part in enumerate(given) if part is Ellipsis]
    filled = [slice(None)] * missing
    if len(places) > 1:
        raise _misfit(trace, shape, key, "there are two ellipses")
    given = [*given[: places[0]], *filled, *given[places[0] + 1 :]] if places else [*given, *filled]
    parts: list[_Part] = []
    axis = 0
    for part in given:
        parts.append((None if axes(part) == 0 else axis, part))
        axis += axes(part)
    return parts


def _misfit(trace: Trace, shape: tuple[int, ...], key: Any, why: str) -> ShapeError:
    return ShapeError(
        f"An array of shape {shape} is indexed by {key!r}: {why.rstrip('.')}.",
        where=str(trace.here),
        cure="Give one index for each axis, each within the array.",
        shape=shape,
        key=key,
    )


def _whole_index(trace: Trace, index: int, count: int) -> int:
    """A traced index that fits an axis; where it does not, the run ends with its error."""
    check_within(trace.node(index), "An element of a table", lambda: trace.here)
    node = trace.node(index)
    if node.kind != "int":
        raise UnsupportedFunctionError(
            f"An axis of {count} elements is indexed by a traced {node.kind} value.",
            where=str(trace.here),
            cure="Choose by np.where(mask, a, b)."
            if node.kind == "bool"
            else "Make it whole: np.floor(x).astype(int).",
            count=count,
        )
    length, zero = trace.literal(count), trace.literal(0)
    inside = trace.emit(
        "and",
        trace.emit("greater_equal", index, trace.emit("neg", length)),
        trace.emit("less", index, length),
    )
    where = trace.here

    def error(step: int, element: int, value: float, context: BindContext) -> Exception:
        return LookupRangeError(
            f"Index {value:.0f} of an axis of {count} elements, in step {step} (t = {step * context.dt:g} ms)"
            + (f", element {element}." if node.shape else "."),
            where=str(where),
            cure="Keep it within the axis: k % n to repeat, np.clip(k, 0, n - 1) or np.take(..., mode='clip') to hold "
            "the ends; an nd.TimedArray says what comes after its end.",
            value=value,
            count=count,
            step=step,
            element=element,
        )

    name = f"{where.module} index {len(trace.step.guards)}"
    watch(trace, trace.cast(index, "real"), inside, name, "index", error)
    from_end = trace.emit("select", trace.emit("less", index, zero), trace.emit("add", index, length), index)
    return trace.emit("select", inside, from_end, zero)


def take(
    trace: Trace,
    lift: Lift,
    a: Any,
    indices: Any,
    axis: int | None = None,
    out: Any = None,
    mode: str = "raise",
) -> int:
    """`numpy.take` where the array is constant and the indices are traced, or the other way round."""
    if out is not None or mode not in ("raise", "wrap", "clip"):
        raise UnsupportedFunctionError(
            "np.take with out=, or with an unknown mode.", where=str(trace.here), cure="Leave out= out."
        )
    if is_traced(a):
        node = lift(a)
        source, shape = node, trace.node(node).shape
    else:
        source, shape = lookup_of(trace, a, "np.take")
    if axis is None:
        source = source if is_traced(a) is False else _flat(trace, source)
        shape, axis = (int(np.prod(shape, dtype=np.int64)),), 0
    if not -len(shape) <= axis < len(shape):
        raise _misfit(trace, shape, indices, f"there is no axis {axis}")
    axis %= len(shape)
    index = lift(indices)
    count = trace.literal(shape[axis])
    if mode == "wrap" and trace.node(index).kind == "int":
        index = trace.emit("int_mod", index, count)
    elif mode == "clip" and trace.node(index).kind == "int":
        top = trace.literal(shape[axis] - 1)
        index = trace.emit("minimum", trace.emit("maximum", index, trace.literal(0)), top)
    key = (*[slice(None)] * axis, indices if mode == "raise" else Fitting(index))
    return gather(trace, source, shape, key, lift)


def _flat(trace: Trace, source: int) -> int:
    node = trace.node(source)
    if len(node.shape) == 1:
        return source
    return trace.source("slice", (source,), (node.size,), node.kind, node.dimension, start=0, stop=node.size, stride=1)
