"""Kinds of values as types of Numba.

In: types of Numba, or kinds.  Out: the others.  Must not know: syntax, LLVM.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from numbadyn.codegen.native.kinds import BOOL, NOTHING, ArrayKind, Kind, Scalar, scalar_of
from numbadyn.errors import InternalError

__all__ = ["kind_of", "type_of"]


def kind_of(given: Any) -> Kind:
    """The kind of values of a Numba type."""
    if given == types.none:
        return NOTHING
    if isinstance(given, types.Array) and given.layout == "C":
        item = kind_of(given.dtype)
        assert isinstance(item, Scalar)
        return ArrayKind(item, given.ndim)
    if isinstance(given, types.Boolean | types.Integer | types.Float):
        return scalar_of(str(given))
    raise InternalError(f"Generated functions take no {given}.", where="numbadyn.codegen.native")


def type_of(kind: Kind) -> Any:
    """The Numba type of an argument or a result."""
    if kind == NOTHING:
        return types.none
    if isinstance(kind, ArrayKind):
        return types.Array(type_of(kind.item), kind.dimensions, "C")
    if not isinstance(kind, Scalar):
        raise InternalError("A tuple stays within a unit.", where="numbadyn.codegen.native")
    if kind == BOOL:
        return types.boolean
    return getattr(types, {"i": "int", "u": "uint", "f": "float"}[kind.code] + str(kind.bits))
