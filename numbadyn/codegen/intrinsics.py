"""Instructions that Numba does not offer by itself.

In: nothing.  Out: Numba intrinsics (bit casts between floats and integers, a select that never branches, square root,
floor, prefetch), imported by generated modules through the header text of :mod:`numbadyn.ir.elementary`.  Must not
know: models, programs, and which module imports it.

All of them lower to pure LLVM instructions or LLVM intrinsics, hold no state and no address, and so work in code
that is cached on disk.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from numbadyn.codegen.instructions import add_atomically, nearest_whole, pointer_to, product, read_clock

__all__ = [
    "array_at",
    "atomic_add",
    "bits_of",
    "cycles",
    "f32_from_bits",
    "f64_from_bits",
    "floor",
    "nearest_even",
    "out_of_line",
    "prefetch_read",
    "prefetch_read_l2",
    "rounded_product",
    "select",
    "square_root",
]


@intrinsic
def bits_of(typing_context: Any, value: Any) -> Any:
    """Reinterpret a float as the signed integer of the same width."""
    if value == types.float64:
        integer, width = types.int64, 64
    elif value == types.float32:
        integer, width = types.int32, 32
    else:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(width))

    return integer(value), generate


def _float_from_bits(result: Any, bits: Any) -> Any:
    """Signature and code generator of a cast from the low bits of an integer to the float type `result`."""
    if not isinstance(bits, types.Integer):
        return None
    carrier = types.int64 if result == types.float64 else types.int32

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # Numba widens 32-bit integers to 64 bits in arithmetic; the cast drops the upper half again.
        integer = context.cast(builder, arguments[0], bits, carrier)
        return builder.bitcast(integer, context.get_value_type(result))

    return result(bits), generate


@intrinsic
def f64_from_bits(typing_context: Any, bits: Any) -> Any:
    """Reinterpret a 64-bit integer as a float64."""
    return _float_from_bits(types.float64, bits)


@intrinsic
def f32_from_bits(typing_context: Any, bits: Any) -> Any:
    """Reinterpret the low 32 bits of an integer as a float32."""
    return _float_from_bits(types.float32, bits)


@intrinsic
def select(typing_context: Any, condition: Any, if_true: Any, if_false: Any) -> Any:
    """Choose one of two computed values without a branch; both sides are unified to one type."""
    result = typing_context.unify_pairs(if_true, if_false)
    if result is None:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        chosen = context.cast(builder, arguments[0], signature.args[0], types.boolean)
        first = context.cast(builder, arguments[1], signature.args[1], result)
        second = context.cast(builder, arguments[2], signature.args[2], result)
        return builder.select(chosen, first, second)

    return result(condition, if_true, if_false), generate


def _unary_llvm(name: str, value: Any) -> Any:
    """Signature and code generator of an LLVM intrinsic from a float to the same type."""
    if not isinstance(value, types.Float):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function = builder.module.declare_intrinsic(name, [context.get_value_type(value)])
        return builder.call(function, arguments)

    return value(value), generate


@intrinsic
def square_root(typing_context: Any, value: Any) -> Any:
    """Correctly rounded square root in the argument's type (``math.sqrt`` would call libm and not vectorise)."""
    return _unary_llvm("llvm.sqrt", value)


@intrinsic
def floor(typing_context: Any, value: Any) -> Any:
    """Largest integral value not above the argument, as a float of the same type."""
    return _unary_llvm("llvm.floor", value)


@intrinsic
def nearest_even(typing_context: Any, value: Any) -> Any:
    """Nearest integral value as a float of the same type, the even one of two."""
    if not isinstance(value, types.Float):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return nearest_whole(builder, arguments[0])

    return value(value), generate


@intrinsic
def rounded_product(typing_context: Any, a: Any, b: Any) -> Any:
    """The product, rounded on its own: no compiler joins it with a sum, as those for GPUs do by default."""
    plain = typing_context.resolve_function_type(operator.mul, (a, b), {})
    if plain is None:
        return None
    result = plain.return_type

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        factors = [
            context.cast(builder, x, given, wanted)
            for x, given, wanted in zip(arguments, signature.args, plain.args, strict=True)
        ]
        if not isinstance(result, types.Float):
            return context.get_function(operator.mul, plain)(builder, factors)
        return product(builder, *factors)

    return result(a, b), generate


@intrinsic
def atomic_add(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Add to ``array[index]`` while other threads do the same, in an open order; gives what stood there before."""
    if (
        not isinstance(array, types.Array)
        or array.ndim != 1
        or not isinstance(array.dtype, types.Float | types.Integer)
    ):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        position = context.cast(builder, arguments[1], signature.args[1], types.intp)
        added = context.cast(builder, arguments[2], signature.args[2], array.dtype)
        return add_atomically(builder, builder.gep(view.data, [position]), added)

    return array.dtype(array, index, value), generate


def _prefetch(locality: int, array: Any, index: Any) -> Any:
    """Signature and code generator of a read prefetch of ``&array[index]``."""
    if not isinstance(array, types.Array) or array.ndim != 1 or not isinstance(index, types.Integer):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        position = context.cast(builder, arguments[1], signature.args[1], types.intp)
        stride = cgutils.unpack_tuple(builder, view.strides, 1)[0]
        byte_pointer = ir.IntType(8).as_pointer()
        base = builder.bitcast(view.data, byte_pointer)
        address = builder.gep(base, [builder.mul(position, stride)])
        word = ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
        # The suffix of opaque pointers; an LLVM with typed pointers renames it by itself.
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        builder.call(function, [address, ir.Constant(word, 0), ir.Constant(word, locality), ir.Constant(word, 1)])
        return context.get_dummy_value()

    return types.none(array, index), generate


@intrinsic
def prefetch_read(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of ``array[index]`` in all cache levels; never faults, also outside the array."""
    return _prefetch(3, array, index)


@intrinsic
def prefetch_read_l2(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of ``array[index]`` in the second-level cache; never faults, also outside the array."""
    return _prefetch(2, array, index)


@intrinsic
def cycles(typing_context: Any) -> Any:
    """Ticks of a clock of the processor, for shares of time."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return read_clock(builder)

    return types.int64(), generate


@intrinsic
def out_of_line(typing_context: Any) -> Any:
    """Keep the function that contains this statement from being inlined, which would compile its loops twice."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def array_at(typing_context: Any, address: Any, sample: Any) -> Any:
    """View the memory at an address as a contiguous array of the sample's type; its owner keeps it alive."""
    if not isinstance(address, types.Integer):
        return None
    array_type = types.Array(sample, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(array_type)(context, builder)
        item = context.get_data_type(sample)
        place = context.cast(builder, arguments[0], signature.args[0], types.intp)
        pointer = pointer_to(builder, place, item)
        item_size = context.get_constant(types.intp, context.get_abi_sizeof(item))
        length = context.get_constant(types.intp, 1 << 60)
        populate_array(array, data=pointer, shape=[length], strides=[item_size], itemsize=item_size, meminfo=None)
        return array._getvalue()

    return array_type(address, sample), generate
