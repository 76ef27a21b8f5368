"""Casts, arithmetic and comparisons of numbers.

In: values and an LLVM builder.  Out: values.  Must not know: syntax, arrays, functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from numbadyn.codegen.instructions import size_of
from numbadyn.codegen.native.kinds import BOOL, F64, I64, U64, Scalar, Value, arithmetic, flat_types
from numbadyn.errors import InternalError

__all__ = ["absolute", "binary", "cast", "choose", "compare", "constant", "negative", "smaller", "truth", "unary"]

_INT_OPERATIONS = {"Add": "add", "Sub": "sub", "Mult": "mul", "BitAnd": "and_", "BitOr": "or_", "BitXor": "xor"}
_FLOAT_OPERATIONS = {"Add": "fadd", "Sub": "fsub", "Mult": "fmul", "Div": "fdiv"}
_LOGIC = {"BitAnd": "and_", "BitOr": "or_", "BitXor": "xor"}
_COMPARISONS = {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Eq": "==", "NotEq": "!="}


def constant(kind: Scalar, value: Any) -> Value:
    """A number that is known; a float as the one of its precision that is nearest."""
    (machine,) = flat_types(kind)
    if kind.code == "f":
        number = float(np.float32(value)) if kind.bits == 32 else float(value)
    else:
        number = int(value) & ((1 << kind.bits) - 1)
        if kind != BOOL and number >> (kind.bits - 1):  # LLVM writes upper bits as a sign
            number -= 1 << kind.bits
    return Value(kind, (ir.Constant(machine, number),))


def _known(value: Value) -> Any:
    """The number of a constant, or None."""
    part = value.parts[0]
    if not isinstance(part, ir.Constant):
        return None
    return part.constant & ((1 << value.kind.bits) - 1) if value.kind.code == "u" else part.constant


def cast(builder: Any, value: Value, wanted: Scalar) -> Value:
    """A number as one of another kind: integers lose upper bits, floats their fraction."""
    given = value.kind
    if given == wanted:
        return value
    if not isinstance(given, Scalar):
        raise InternalError(f"{given} is no number.", where="codegen.native")
    number = _known(value)
    if number is not None and isinstance(number, int | float) and np.isfinite(number):
        if wanted != BOOL:
            return constant(wanted, int(number) if wanted.code != "f" else number)
        return constant(BOOL, number != 0)
    part, (machine,) = value.parts[0], flat_types(wanted)
    return Value(wanted, (_casts(builder, part, given, wanted, machine),))


def _casts(builder: Any, part: Any, given: Scalar, wanted: Scalar, machine: Any) -> Any:
    if wanted == BOOL:
        zero = ir.Constant(part.type, 0.0 if given.code == "f" else 0)
        return builder.fcmp_unordered("!=", part, zero) if given.code == "f" else builder.icmp_signed("!=", part, zero)
    if given.code == "f" and wanted.code == "f":
        return builder.fpext(part, machine) if wanted.bits > given.bits else builder.fptrunc(part, machine)
    if given.code == "f":
        return builder.fptosi(part, machine) if wanted.code == "i" else builder.fptoui(part, machine)
    if wanted.code == "f":
        return builder.sitofp(part, machine) if given.code == "i" else builder.uitofp(part, machine)
    if wanted.bits < given.bits:
        return builder.trunc(part, machine)
    if wanted.bits == given.bits:
        return part
    return builder.sext(part, machine) if given.code == "i" else builder.zext(part, machine)


def truth(builder: Any, value: Value) -> Any:
    """Whether a number is not zero, as an LLVM value."""
    return cast(builder, value, BOOL).parts[0]


def binary(builder: Any, operation: str, a: Value, b: Value) -> Value:
    """An operation of two numbers, by the name of its syntax node."""
    if operation in ("LShift", "RShift"):
        return _shifted(builder, operation, a, b)
    if a.kind == BOOL and b.kind == BOOL and operation in _LOGIC:
        return Value(BOOL, (getattr(builder, _LOGIC[operation])(a.parts[0], b.parts[0]),))
    kind = arithmetic(a.kind, b.kind)
    if operation == "Div" and kind.code != "f":
        kind = F64
    x, y = cast(builder, a, kind).parts[0], cast(builder, b, kind).parts[0]
    if kind.code == "f" and operation in _FLOAT_OPERATIONS:
        return Value(kind, (getattr(builder, _FLOAT_OPERATIONS[operation])(x, y),))
    if kind.code != "f" and operation in _INT_OPERATIONS:
        return Value(kind, (getattr(builder, _INT_OPERATIONS[operation])(x, y),))
    if kind.code != "f" and operation in ("FloorDiv", "Mod"):
        return Value(kind, (_divided(builder, operation, kind, x, y),))
    raise InternalError(f"{operation} of {a.kind} and {b.kind} has no translation.", where="codegen.native")


def _shifted(builder: Any, operation: str, a: Value, b: Value) -> Value:
    kind = U64 if a.kind.code == "u" else I64
    x, y = cast(builder, a, kind).parts[0], cast(builder, b, kind).parts[0]
    if operation == "LShift":
        return Value(kind, (builder.shl(x, y),))
    return Value(kind, (builder.lshr(x, y) if kind is U64 else builder.ashr(x, y),))


def _divided(builder: Any, operation: str, kind: Scalar, x: Any, y: Any) -> Any:
    """Quotient rounded down, or the rest that goes with it; 0 for a division by zero."""
    zero, one = ir.Constant(x.type, 0), ir.Constant(x.type, 1)
    if isinstance(y, ir.Constant) and isinstance(y.constant, int) and y.constant > 0:
        safe, by_zero, by_minus = y, None, None
    else:
        by_zero = builder.icmp_signed("==", y, zero)
        by_minus = builder.icmp_signed("==", y, ir.Constant(x.type, -1)) if kind.code == "i" else None
        odd = by_zero if by_minus is None else builder.or_(by_zero, by_minus)
        safe = builder.select(odd, one, y)  # the smallest integer over -1 stops the processor, as does 0
    if kind.code == "u":
        result = builder.udiv(x, safe) if operation == "FloorDiv" else builder.urem(x, safe)
        return result if by_zero is None else builder.select(by_zero, zero, result)
    quotient, rest = builder.sdiv(x, safe), builder.srem(x, safe)
    apart = builder.icmp_signed("<", builder.xor(rest, safe), zero)
    down = builder.and_(apart, builder.icmp_signed("!=", rest, zero))
    if operation == "FloorDiv":
        result = builder.select(down, builder.sub(quotient, one), quotient)
        if by_minus is not None:
            result = builder.select(by_minus, builder.sub(zero, x), result)
    else:
        result = builder.select(down, builder.add(rest, safe), rest)
    return result if by_zero is None else builder.select(by_zero, zero, result)


def compare(builder: Any, operation: str, a: Value, b: Value) -> Value:
    """A comparison, by the name of its syntax node; floats that are not numbers are unequal, else false."""
    symbol = _COMPARISONS[operation]
    if a.kind == BOOL and b.kind == BOOL:
        return Value(BOOL, (builder.icmp_unsigned(symbol, a.parts[0], b.parts[0]),))
    kind = arithmetic(a.kind, b.kind)
    if kind.code == "f":
        x, y = cast(builder, a, kind).parts[0], cast(builder, b, kind).parts[0]
        test = builder.fcmp_unordered if symbol == "!=" else builder.fcmp_ordered
        return Value(BOOL, (test(symbol, x, y),))
    if U64 in (a.kind, b.kind) and kind is I64:
        return _compared_as_numbers(builder, symbol, a, b)
    x, y = cast(builder, a, kind).parts[0], cast(builder, b, kind).parts[0]
    return Value(BOOL, ((builder.icmp_unsigned if kind is U64 else builder.icmp_signed)(symbol, x, y),))


def _compared_as_numbers(builder: Any, symbol: str, a: Value, b: Value) -> Value:
    """Compare 64 bits without a sign with a signed integer."""
    signed, first = (a, True) if a.kind != U64 else (b, False)
    part = cast(builder, signed, I64).parts[0]
    x, y = (part, b.parts[0]) if first else (a.parts[0], part)
    same = builder.icmp_unsigned(symbol, x, y)
    number = _known(signed)
    if number is not None and number >= 0:
        return Value(BOOL, (same,))
    below = builder.icmp_signed("<", part, ir.Constant(part.type, 0))
    outcome = symbol == "!=" or symbol in (("<", "<=") if first else (">", ">="))
    return Value(BOOL, (builder.select(below, ir.Constant(ir.IntType(1), int(outcome)), same),))


def negative(builder: Any, value: Value) -> Value:
    """Minus a number; a zero changes its sign too."""
    if value.kind.code == "f":
        if (number := _known(value)) is not None:
            return constant(value.kind, -number)
        return Value(value.kind, (builder.fsub(ir.Constant(value.parts[0].type, -0.0), value.parts[0]),))
    if value.kind.code == "u" and value.kind != U64:
        raise InternalError(f"Minus a {value.kind} has no translation.", where="codegen.native")
    wide = cast(builder, value, U64 if value.kind == U64 else I64)
    if (number := _known(wide)) is not None:
        return constant(wide.kind, -number)
    return Value(wide.kind, (builder.sub(ir.Constant(wide.parts[0].type, 0), wide.parts[0]),))


def unary(builder: Any, operation: str, value: Value) -> Value:
    """An operation of one number, by the name of its syntax node."""
    if operation == "USub":
        return negative(builder, value)
    if operation == "Not":
        return Value(BOOL, (builder.not_(truth(builder, value)),))
    if operation == "Invert" and value.kind in (I64, U64):
        return Value(value.kind, (builder.not_(value.parts[0]),))
    raise InternalError(f"{operation} of {value.kind} has no translation.", where="codegen.native")


def choose(builder: Any, condition: Value, first: Value, second: Value, kind: Scalar) -> Value:
    """One of two numbers, both computed."""
    x, y = cast(builder, first, kind).parts[0], cast(builder, second, kind).parts[0]
    return Value(kind, (builder.select(truth(builder, condition), x, y),))


def absolute(builder: Any, value: Value) -> Value:
    """The size of a number."""
    if value.kind.code == "f":
        return Value(value.kind, (size_of(builder, value.parts[0]),))
    wide = cast(builder, value, I64 if value.kind != U64 else U64)
    below = compare(builder, "Lt", wide, constant(I64, 0))
    return choose(builder, below, negative(builder, wide), wide, wide.kind)


def smaller(builder: Any, symbol: str, a: Value, b: Value) -> Value:
    """The smaller (``Lt``) or the larger (``Gt``) of two numbers; the first one where they cannot be compared."""
    kind = arithmetic(a.kind, b.kind)
    x, y = cast(builder, a, kind), cast(builder, b, kind)
    return choose(builder, compare(builder, symbol, y, x), y, x, kind)
