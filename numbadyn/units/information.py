"""Amounts of memory: bytes as quantities, and what users write for them.

In: a text, a quantity, a number of bytes.  Out: bytes.  Must not know: what the memory is for.

Information has no place in the coherent system of units, so it does not meet the other dimensions.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import quantities as pq

from numbadyn.errors import MemoryBudgetError

__all__ = ["as_memory", "bytes_of", "memory_text"]

_DECIMAL = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_TEXT = re.compile(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*(?:([kmgtp]?)(i?)b|bytes?)?\s*", re.IGNORECASE)


def bytes_of(given: Any, where: str) -> int:
    """Read an amount of memory.

    Parameters
    ----------
    given : str, Quantity or int
        ``"2 GiB"``, ``"500 MB"``, ``2 * pq.GiB``, or bytes.
    where : str
        The place, for the message of an error.

    Returns
    -------
    int

    Raises
    ------
    MemoryBudgetError
        It is no amount of memory, or not more than zero.

    Examples
    --------
    >>> bytes_of("2 GiB", "here"), bytes_of(1.5 * pq.kB, "here"), bytes_of(4096, "here")
    (2147483648, 1500, 4096)
    """
    found = _read(given)
    if found is None or not np.isfinite(found) or found < 1:
        said = repr(given) if isinstance(given, str) or not hasattr(given, "dimensionality") else str(given)
        what = f"{said} is no amount of memory" if found is None else f"{said} leaves no memory"
        raise MemoryBudgetError(
            f"{what}.",
            where=where,
            cure='Give a text such as "2 GiB" or "500 MB", a quantity such as 2*pq.GiB, or a number of bytes.',
            given=given,
        )
    return int(found)


def _read(given: Any) -> float | None:
    """Bytes; None for what is no amount of memory."""
    if isinstance(given, pq.Quantity):
        try:
            value = given.rescale("byte").magnitude
        except ValueError:
            return None
        return float(value) if value.size == 1 else None
    if isinstance(given, str):
        match = _TEXT.fullmatch(given)
        try:
            return None if match is None else float(match[1]) * _factor(match[2] or "", match[3] or "")
        except ValueError:
            return None
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        return None
    return float(given)


def _factor(prefix: str, binary: str) -> int:
    return int((1024 if binary else 1000) ** _DECIMAL[prefix.lower()])


def as_memory(size: float) -> Any:
    """Bytes as a quantity, in the unit in which they are best read.

    Parameters
    ----------
    size : float
        Bytes.

    Returns
    -------
    Quantity

    Examples
    --------
    >>> print(as_memory(3 * 2**30), as_memory(100))
    3.0 GiB 100.0 B
    """
    unit, factor = next(
        ((name, 2**power) for name, power in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)) if size >= 2**power),
        ("B", 1),
    )
    return pq.Quantity(size / factor, unit)


def memory_text(size: float) -> str:
    """Bytes for a message.

    Examples
    --------
    >>> memory_text(123_456_789)
    '118 MiB'
    """
    found = as_memory(size)
    return f"{float(found):.3g} {found.dimensionality.string}"
