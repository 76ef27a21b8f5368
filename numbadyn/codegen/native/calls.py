"""Functions that generated text calls and that are no text themselves: of Python, of NumPy, intrinsics.

In: the arguments of a call.  Out: values.  Must not know: syntax, the functions of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir

from numbadyn.codegen.instructions import add_atomically, nearest_whole, product, read_clock
from numbadyn.codegen.native import arithmetic, arrays
from numbadyn.codegen.native.kinds import F32, F64, I32, I64, NOTHING, Scalar, Value, flat_types, join
from numbadyn.codegen.native.kinds import arithmetic as common
from numbadyn.errors import InternalError

__all__ = ["INTRINSICS", "PYTHON"]

_Caller = Callable[..., Value]


def _llvm(builder: Any, name: str, *arguments: Any) -> Any:
    """Call an intrinsic of LLVM that gives the type of its argument."""
    function = builder.module.declare_intrinsic(name, [arguments[0].type])
    return builder.call(function, arguments)


def _real(name: str) -> _Caller:
    def call(builder: Any, value: Value) -> Value:
        if value.kind.code != "f":
            raise InternalError(f"{name} takes floats.", where="codegen.native")
        return Value(value.kind, (_llvm(builder, name, value.parts[0]),))

    return call


def _select(builder: Any, condition: Value, first: Value, second: Value) -> Value:
    kind = join(first.kind, second.kind)
    return arithmetic.choose(builder, condition, first, second, kind)


def _bits_of(builder: Any, value: Value) -> Value:
    kind = I64 if value.kind.bits == 64 else I32
    return Value(kind, (builder.bitcast(value.parts[0], flat_types(kind)[0]),))


def _from_bits(result: Scalar, carrier: Scalar) -> _Caller:
    def call(builder: Any, bits: Value) -> Value:
        part = arithmetic.cast(builder, bits, carrier).parts[0]
        return Value(result, (builder.bitcast(part, flat_types(result)[0]),))

    return call


def _prefetch(locality: int) -> _Caller:
    def call(builder: Any, array: Value, index: Value) -> Value:
        word, address = ir.IntType(32), ir.IntType(8).as_pointer()
        unsigned = Value(Scalar("u", 64), arithmetic.cast(builder, index, I64).parts)
        place = builder.bitcast(arrays.place_of(builder, array, [unsigned]), address)
        kind = ir.FunctionType(ir.VoidType(), [address, word, word, word])
        function = builder.module.globals.get("llvm.prefetch.p0") or ir.Function(
            builder.module, kind, "llvm.prefetch.p0"
        )
        builder.call(function, [place, ir.Constant(word, 0), ir.Constant(word, locality), ir.Constant(word, 1)])
        return Value(NOTHING, ())

    return call


def _out_of_line(builder: Any) -> Value:
    builder.function.attributes.discard("alwaysinline")
    builder.function.attributes.add("noinline")
    return Value(NOTHING, ())


def _cycles(builder: Any) -> Value:
    return Value(I64, (read_clock(builder),))


def _array_at(builder: Any, address: Value, sample: Value) -> Value:
    return arrays.at_address(builder, address, sample.kind)


def _atomic_add(builder: Any, array: Value, index: Value, value: Value) -> Value:
    item = array.kind.item
    unsigned = Value(Scalar("u", 64), arithmetic.cast(builder, index, I64).parts)
    place = arrays.place_of(builder, array, [unsigned])
    return Value(item, (add_atomically(builder, place, arithmetic.cast(builder, value, item).parts[0]),))


def _product(builder: Any, a: Value, b: Value) -> Value:
    kind = common(a.kind, b.kind)
    if kind.code != "f":
        return arithmetic.binary(builder, "Mult", a, b)
    x, y = (arithmetic.cast(builder, factor, kind).parts[0] for factor in (a, b))
    return Value(kind, (product(builder, x, y),))


def _nearest_even(builder: Any, value: Value) -> Value:
    return Value(value.kind, (nearest_whole(builder, value.parts[0]),))


def _whole(builder: Any, value: Value) -> Value:
    return arithmetic.cast(builder, value, I64)


def _smallest(symbol: str) -> _Caller:
    def call(builder: Any, *values: Value) -> Value:
        found, *others = values
        for value in others:
            found = arithmetic.smaller(builder, symbol, found, value)
        return found

    return call


#: Intrinsics of `numbadyn.codegen.intrinsics`, by name.
INTRINSICS: Mapping[str, _Caller] = {
    "array_at": _array_at,
    "atomic_add": _atomic_add,
    "bits_of": _bits_of,
    "cycles": _cycles,
    "f32_from_bits": _from_bits(F32, I32),
    "f64_from_bits": _from_bits(F64, I64),
    "floor": _real("llvm.floor"),
    "nearest_even": _nearest_even,
    "out_of_line": _out_of_line,
    "prefetch_read": _prefetch(3),
    "prefetch_read_l2": _prefetch(2),
    "rounded_product": _product,
    "select": _select,
    "square_root": _real("llvm.sqrt"),
}

#: Functions of Python.
PYTHON: Mapping[str, _Caller] = {
    "abs": arithmetic.absolute,
    "int": _whole,
    "max": _smallest("Gt"),
    "min": _smallest("Lt"),
}
