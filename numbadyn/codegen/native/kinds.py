"""Kinds of values in generated text, and which kind an operation gives.

In: kinds of operands.  Out: kinds, and the LLVM types that hold them.  Must not know: syntax, how values are computed.

The rules are Numba's: integers narrower than 64 bits become 64 bits in arithmetic, which is signed where one operand
is; an integer beside a float becomes a float64; a literal is a 64-bit integer or float.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from llvmlite import ir

from numbadyn.errors import InternalError

__all__ = [
    "BOOL",
    "F32",
    "F64",
    "I32",
    "I64",
    "NOTHING",
    "U32",
    "U64",
    "ArrayKind",
    "Kind",
    "Scalar",
    "TupleKind",
    "Value",
    "arithmetic",
    "flat_types",
    "join",
    "scalar_of",
    "stored_type",
]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number: ``b`` truth, ``i`` signed and ``u`` unsigned integer, ``f`` float, and its bits."""

    code: str
    bits: int


@dataclass(frozen=True, slots=True)
class ArrayKind:
    """An array in one piece, last index fastest."""

    item: Scalar
    dimensions: int


@dataclass(frozen=True, slots=True)
class TupleKind:
    """Several values; none of them for a function that gives nothing."""

    parts: tuple[Kind, ...]


Kind = Scalar | ArrayKind | TupleKind

BOOL = Scalar("b", 1)
I32, I64 = Scalar("i", 32), Scalar("i", 64)
U32, U64 = Scalar("u", 32), Scalar("u", 64)
F32, F64 = Scalar("f", 32), Scalar("f", 64)
NOTHING = TupleKind(())


class Value(NamedTuple):
    """A value while code is written.

    Attributes
    ----------
    kind : Kind
        What it is.
    parts : tuple
        LLVM values: one for a number; address and sizes for an array; those of all parts for a tuple.
    """

    kind: Any
    parts: tuple[Any, ...]


@cache
def scalar_of(name: str) -> Scalar:
    """The kind of a NumPy type by its name.

    Examples
    --------
    >>> scalar_of("uint8")
    Scalar(code='u', bits=8)
    """
    if name in ("bool", "bool_"):
        return BOOL
    word = name.rstrip("0123456789")
    if word not in ("int", "uint", "float") or word == name:
        raise InternalError(f"There are no values of the type {name}.", where="codegen.native")
    return Scalar(word[0], int(name[len(word) :]))


@cache
def _machine_type(kind: Scalar) -> Any:
    if kind.code == "f":
        return ir.DoubleType() if kind.bits == 64 else ir.FloatType()
    return ir.IntType(kind.bits)


@cache
def stored_type(kind: Scalar) -> Any:
    """The LLVM type of an element in memory: truth takes a byte."""
    return ir.IntType(8) if kind is BOOL or kind == BOOL else _machine_type(kind)


@cache
def flat_types(kind: Any) -> tuple[Any, ...]:
    """The LLVM types of the parts of a value."""
    if isinstance(kind, Scalar):
        return (_machine_type(kind),)
    if isinstance(kind, ArrayKind):
        return (stored_type(kind.item).as_pointer(), *[ir.IntType(64)] * kind.dimensions)
    return tuple(part for each in kind.parts for part in flat_types(each))


def arithmetic(a: Scalar, b: Scalar) -> Scalar:
    """The kind in which two numbers are added, multiplied and compared.

    Examples
    --------
    >>> arithmetic(U32, U32), arithmetic(U32, I64), arithmetic(F32, I64)
    (Scalar(code='u', bits=64), Scalar(code='i', bits=64), Scalar(code='f', bits=64))
    """
    if a.code == "f" and b.code == "f":
        return a if a.bits >= b.bits else b
    if a.code == "f" or b.code == "f":
        return F64
    return U64 if a.code == "u" and b.code == "u" else I64


def join(a: Any, b: Any) -> Any:
    """The kind that holds both of two kinds, for a variable or the outcome of a choice; None if there is none."""
    if a == b:
        return a
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        if a.code == b.code:
            return a if a.bits >= b.bits else b
        return arithmetic(a, b)
    if isinstance(a, TupleKind) and isinstance(b, TupleKind) and len(a.parts) == len(b.parts):
        parts = tuple(join(x, y) for x, y in zip(a.parts, b.parts, strict=True))
        return None if None in parts else TupleKind(parts)
    return None
