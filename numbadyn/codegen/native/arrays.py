"""Arrays: elements, rows, slices, and memory of a known size.

In: values and an LLVM builder.  Out: values.  Must not know: syntax, functions.

As in Numba, a negative signed index counts from the end, an unsigned one is taken as it is, no bound is checked, and
the limits of a slice are moved into the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from numbadyn.codegen.instructions import pointer_to
from numbadyn.codegen.native.arithmetic import cast, choose, compare, constant
from numbadyn.codegen.native.kinds import BOOL, I64, ArrayKind, Scalar, Value, flat_types, stored_type
from numbadyn.errors import InternalError

__all__ = ["at_address", "load", "on_stack", "place_of", "row_of", "sizes", "slice_of", "store", "viewed"]

_LONG = ir.IntType(64)
_STACK_BYTES = 1 << 18
_ALIGNMENT = 64


def sizes(array: Value) -> list[Value]:
    """The lengths of an array."""
    return [Value(I64, (part,)) for part in array.parts[1:]]


def _position(builder: Any, index: Value, size: Value) -> Any:
    """An index as a place from the start."""
    wide = cast(builder, index, Scalar(index.kind.code, 64) if index.kind != BOOL else I64)
    part = wide.parts[0]
    if wide.kind.code == "u" or (isinstance(part, ir.Constant) and part.constant >= 0):
        return part
    below = builder.icmp_signed("<", part, ir.Constant(_LONG, 0))
    return builder.select(below, builder.add(part, size.parts[0]), part)


def place_of(builder: Any, array: Value, indices: Sequence[Value]) -> Any:
    """The address of an element, one index for each dimension."""
    extents = sizes(array)
    if len(indices) != len(extents):
        raise InternalError("An element needs an index for each dimension.", where="codegen.native")
    place = _position(builder, indices[0], extents[0])
    for index, size in zip(indices[1:], extents[1:], strict=True):
        place = builder.add(builder.mul(place, size.parts[0]), _position(builder, index, size))
    return builder.gep(array.parts[0], [place])


def load(builder: Any, kind: Scalar, place: Any) -> Value:
    """Read an element."""
    part = builder.load(place)
    if kind == BOOL:
        part = builder.icmp_unsigned("!=", part, ir.Constant(part.type, 0))
    return Value(kind, (part,))


def store(builder: Any, kind: Scalar, place: Any, value: Value) -> None:
    """Write an element."""
    part = cast(builder, value, kind).parts[0]
    if kind == BOOL:
        part = builder.zext(part, stored_type(kind))
    builder.store(part, place)


def row_of(builder: Any, array: Value, index: Value) -> Value:
    """An array of one dimension less."""
    kind = ArrayKind(array.kind.item, array.kind.dimensions - 1)
    place = _position(builder, index, sizes(array)[0])
    for size in array.parts[2:]:
        place = builder.mul(place, size)
    return Value(kind, (_moved(builder, array, place), *array.parts[2:]))


def _moved(builder: Any, array: Value, place: Any) -> Any:
    return builder.gep(array.parts[0], [place])


def _limit(builder: Any, given: Value | None, size: Value, default: Value) -> Value:
    """A limit of a slice, moved into the array."""
    if given is None:
        return default
    zero = constant(I64, 0)
    limit = cast(builder, given, I64)
    if not (isinstance(limit.parts[0], ir.Constant) and limit.parts[0].constant >= 0):
        from_end = Value(I64, (builder.add(limit.parts[0], size.parts[0]),))
        limit = choose(builder, compare(builder, "Lt", limit, zero), from_end, limit, I64)
        limit = choose(builder, compare(builder, "Lt", limit, zero), zero, limit, I64)
    return choose(builder, compare(builder, "Gt", limit, size), size, limit, I64)


def slice_of(builder: Any, array: Value, lower: Value | None, upper: Value | None) -> Value:
    """The elements from one place to before another one, along the first axis."""
    size, zero = sizes(array)[0], constant(I64, 0)
    first = _limit(builder, lower, size, zero)
    last = _limit(builder, upper, size, size)
    count = Value(I64, (builder.sub(last.parts[0], first.parts[0]),))
    count = choose(builder, compare(builder, "Lt", count, zero), zero, count, I64)
    place = first.parts[0]
    for part in array.parts[2:]:
        place = builder.mul(place, part)
    return Value(array.kind, (_moved(builder, array, place), count.parts[0], *array.parts[2:]))


def viewed(builder: Any, array: Value, item: Scalar) -> Value:
    """The same memory as elements of another type; what is left over is out of reach."""
    given, wanted = (
        stored_type(array.kind.item).width if array.kind.item.code != "f" else array.kind.item.bits,
        item.bits,
    )
    pointer = builder.bitcast(array.parts[0], stored_type(item).as_pointer())
    bits = builder.mul(array.parts[1], ir.Constant(_LONG, given))
    return Value(ArrayKind(item, 1), (pointer, builder.udiv(bits, ir.Constant(_LONG, wanted))))


def at_address(builder: Any, address: Value, item: Scalar) -> Value:
    """An array without an end at an address."""
    pointer = pointer_to(builder, cast(builder, address, I64).parts[0], stored_type(item))
    return Value(ArrayKind(item, 1), (pointer, ir.Constant(_LONG, 1 << 60)))


def on_stack(builder: Any, item: Scalar, extents: Sequence[int]) -> Value:
    """New memory of a known size, which lasts until the function returns."""
    count = 1
    for extent in extents:
        count *= extent
    if count * item.bits > 8 * _STACK_BYTES:
        raise InternalError(f"{extents} elements are too many for the stack.", where="codegen.native")
    with builder.goto_entry_block():
        memory = builder.alloca(ir.ArrayType(stored_type(item), count))
        memory.align = _ALIGNMENT
        pointer = builder.bitcast(memory, flat_types(ArrayKind(item, 1))[0])
    return Value(ArrayKind(item, len(extents)), (pointer, *(ir.Constant(_LONG, extent) for extent in extents)))
