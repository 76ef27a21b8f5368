"""Kinds of results as NumPy has them: an operation whose NumPy result the three kinds cannot hold is refused.

In: a ufunc and its arguments, traced or not.  Out: the kind of the result.  Must not know: rules, nodes.

Eager calls compute in NumPy's own types, so a traced step must mean the same: a sum of conditions is a condition, a
difference of conditions has no meaning, and ``np.exp`` of a condition is a number of half precision.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from numbadyn.errors import KindError
from numbadyn.ir.kinds import KINDS, Kind, dtype_of
from numbadyn.units import is_quantity

__all__ = ["check_choices", "check_result", "kind_in_numpy", "numpy_type"]

_TYPES: dict[str, Any] = {kind: dtype_of(kind, 64) for kind in KINDS}
_KINDS: dict[Any, Kind] = {dtype_of(kind, 64): kind for kind in KINDS}
_NAMES = {"bool": "conditions", "int": "whole numbers", "real": "real numbers"}


def numpy_type(value: Any) -> Any:
    """The type with which a value takes part in NumPy's promotion; that of a traced one follows from its kind.

    Examples
    --------
    >>> numpy_type(np.int8(3)), numpy_type(2), numpy_type([True])
    (dtype('int8'), <class 'int'>, dtype('bool'))
    """
    if hasattr(value, "__traced_value__"):
        return numpy_type(value.__traced_value__())
    kind = getattr(value, "kind", None)
    if kind in _TYPES:
        return _TYPES[kind]
    if type(value) in (int, float):
        return type(value)
    return np.dtype(float) if is_quantity(value) else np.asarray(value).dtype


def _named(types: list[Any]) -> str:
    known = [_NAMES[_KINDS[kind]] if kind in _KINDS else str(np.dtype(kind)) for kind in types]
    return " and ".join(dict.fromkeys(known))


def kind_in_numpy(spelled: str, ufunc: np.ufunc, inputs: tuple[Any, ...], where: str) -> Kind:
    """The kind of NumPy's result.

    Parameters
    ----------
    spelled : str
        The function as users write it.
    ufunc : numpy.ufunc
        The function.
    inputs : tuple
        Its arguments.
    where : str
        Place for the error.

    Returns
    -------
    {"bool", "int", "real"}

    Raises
    ------
    KindError
        NumPy has no result for these kinds, or one of a narrow type.
    """
    types = [numpy_type(value) for value in inputs]
    try:
        result = ufunc.resolve_dtypes((*types, *[None] * ufunc.nout))[-1]
    except TypeError:
        raise KindError(
            f"{spelled} of {_named(types)} has no meaning in NumPy.",
            where=where,
            cure="For conditions use & | ^ ~, or convert them first: condition.astype(int).",
            spelled=spelled,
        ) from None
    if result not in _KINDS:
        raise KindError(
            f"{spelled} of {_named(types)} gives {result} in NumPy, which a step does not compute in.",
            where=where,
            cure="Convert first: condition.astype(float), np.asarray(numbers, dtype=float).",
            spelled=spelled,
            result=result,
        )
    return _KINDS[result]


def check_choices(spelled: str, choices: Iterable[Any], where: str) -> None:
    """Refuse a choice between values that are all of a narrow type, which NumPy would keep.

    Raises
    ------
    KindError
        NumPy's result is of a narrow type.
    """
    types = [numpy_type(value) for value in choices]
    if any(isinstance(kind, type) for kind in types):
        return  # a plain number of Python takes the type of the others; alone, it is wide
    result = np.result_type(*types)
    if result not in _KINDS:
        raise KindError(
            f"{spelled} of {_named(types)} gives {result} in NumPy, which a step does not compute in.",
            where=where,
            cure="Convert first: np.asarray(numbers, dtype=float), or dtype=int.",
            spelled=spelled,
            result=result,
        )


def check_result(spelled: str, kind: Kind, wanted: Kind, where: str) -> None:
    """Refuse an operation that would give another kind than NumPy's.

    Raises
    ------
    KindError
        The kinds differ.
    """
    if kind != wanted:
        raise KindError(
            f"{spelled} gives {_NAMES[wanted]} in NumPy for these arguments, but a step would compute {_NAMES[kind]}.",
            where=where,
            cure="Say which are meant: x.astype(float) for real numbers, x.astype(int) for whole ones.",
            spelled=spelled,
        )
