"""The table of kinds of values: number, dtypes, place in memory and zero, a row each.

In: nothing.  Out: `KINDS`, read by whoever stores values of a kind or writes text about them; `kind_of`, `dtype_of`,
`promote`.  Must not know: what computes values, targets.

A *kind* is ``"real"`` (float64 or float32, decided when a network is built), ``"int"`` (int64) or ``"bool"``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

__all__ = ["KINDS", "Kind", "KindRow", "dtype_of", "kind_of", "promote"]

Kind = Literal["real", "int", "bool"]


@dataclass(frozen=True, slots=True)
class KindRow:
    """What is to be known of a kind.

    Parameters
    ----------
    name : str
        The kind.
    code : int
        Its number in rows that compiled code reads; a wider kind has a larger one.
    letters : str
        ``dtype.kind`` of the arrays whose values have it.
    dtype : str
        Name of its dtype; of reals without the number of bits.
    stored : str
        The same in the memory of compiled code.
    arena : str
        Name of the flat array there that holds its values.
    zero : str
        Zero, as generated text spells it; it has the type of the elements in memory.
    """

    name: Kind
    code: int
    letters: str
    dtype: str
    stored: str
    arena: str
    zero: str

    def stored_dtype(self, bits: int) -> np.dtype[Any]:
        """Dtype in the memory of compiled code."""
        return np.dtype(self.stored + str(bits) * (self.stored == "float"))


_ROWS = (
    KindRow("bool", 0, "b", "bool", "uint8", "B", "u8(0)"),
    KindRow("int", 1, "iu", "int64", "int64", "I", "i64(0)"),
    KindRow("real", 2, "f", "float", "float", "R", "REAL_ZERO"),
)

KINDS: dict[Kind, KindRow] = {row.name: row for row in _ROWS}

_OF_LETTER: dict[str, Kind] = {letter: row.name for row in _ROWS for letter in row.letters}


def kind_of(dtype: np.dtype[Any]) -> Kind:
    """The kind of the values of an array.

    Parameters
    ----------
    dtype : dtype
        Of Booleans, integers or floats; anything else counts as real.

    Examples
    --------
    >>> kind_of(np.dtype(np.int8))
    'int'
    """
    return _OF_LETTER.get(dtype.kind, "real")


@cache
def dtype_of(kind: Kind, bits: int) -> np.dtype[Any]:
    """NumPy dtype of a kind at a precision.

    Examples
    --------
    >>> dtype_of("real", 32), dtype_of("bool", 32)
    (dtype('float32'), dtype('bool'))
    """
    return np.dtype(KINDS[kind].dtype + str(bits) * (kind == "real"))


def promote(*kinds: Kind) -> Kind:
    """The widest of some kinds.

    Examples
    --------
    >>> promote("bool", "real", "int")
    'real'
    """
    return max(kinds, key=lambda kind: KINDS[kind].code)
