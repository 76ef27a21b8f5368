"""How arrays are stored that compiled code reads where they are.

In: arrays of users, mapped files too.  Out: flat, contiguous arrays of a dtype that generated code knows, copied only
where they must be.  Must not know: traces, units.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, ShapeError
from numbadyn.ir.kinds import Kind, kind_of

__all__ = ["is_mapped", "store_array", "stored_kind"]

#: A mapped array that cannot be read in place is copied up to this size.
_COPIED = 1 << 28
_READABLE = frozenset(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32)) | {
    "int64",
    "float32",
    "float64",
}


def stored_kind(array: NDArray[Any]) -> Kind:
    """Kind of what is read from an array."""
    return kind_of(array.dtype)


def is_mapped(array: Any) -> bool:
    """Whether the elements of an array lie in a file."""
    while issubclass(type(array), np.ndarray):  # a traced value only says that it is one
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def store_array(array: NDArray[Any], where: str, *, freeze: bool) -> NDArray[Any]:
    """A flat array that compiled code can read.

    Parameters
    ----------
    array : ndarray
        Of numbers or Booleans.
    where : str
        Place for messages.
    freeze : bool
        Copy what lies in memory, so that later changes of the array mean nothing; a mapped file is never copied whole
        unless it is small.

    Raises
    ------
    InvalidParameterError
        Not of real numbers; or a large mapped array whose layout cannot be read in place.
    ShapeError
        It is empty.

    Examples
    --------
    >>> store_array(np.arange(6, dtype=np.int16).reshape(2, 3), "here", freeze=True).dtype.name
    'int16'
    """
    if array.dtype.kind not in "biuf":
        raise InvalidParameterError(
            f"A table of {array.dtype} values.", where=where, cure="Give numbers or Booleans.", dtype=array.dtype
        )
    if array.size == 0:
        raise ShapeError(
            f"A table of shape {array.shape} is empty.", where=where, cure="Give at least one row.", shape=array.shape
        )
    name = array.dtype.name
    if array.dtype.kind == "b":
        wanted = np.dtype(bool)
    elif name in _READABLE:
        wanted = np.dtype(name)
    else:  # half and long floats, and whole numbers that int64 may not hold
        wanted = np.dtype({"float16": "float32", "uint64": "int64"}.get(name, "float64"))
    in_place = array.dtype == wanted and array.flags.c_contiguous and array.flags.aligned
    mapped = is_mapped(array)
    if mapped and not in_place and array.nbytes > _COPIED:
        raise InvalidParameterError(
            f"A mapped array of {array.nbytes / 1e9:.1f} GB, of dtype {array.dtype.str} and strides {array.strides}, "
            "cannot be read in place.",
            where=where,
            cure="Write it once as np.save does, with rows in C order, as int16, int32, float32 or float64 numbers of "
            "this machine's byte order.",
            dtype=array.dtype.str,
            strides=array.strides,
        )
    if name == "uint64" and int(array.max()) > np.iinfo(np.int64).max:
        raise InvalidParameterError(
            f"A table holds {int(array.max())}, which is no 64-bit integer with a sign.", where=where, cure="Scale it."
        )
    if not in_place or (freeze and not mapped):
        array = np.array(array, dtype=wanted, order="C")
    flat = np.asarray(array).reshape(-1)
    return flat.view(np.uint8) if wanted == np.dtype(bool) else flat
