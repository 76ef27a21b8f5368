"""Sizes of populations.

In: what a user gives as a size.  Out: a tuple of positive integers.  Must not know: models.
"""

import math
from typing import Any

import numpy as np

from numbadyn.errors import SizeError

__all__ = ["as_size"]

_LARGEST = 2**31 - 1
"""Neurons that one population can have; elements are numbered by 32 bits."""


def as_size(size: Any, where: str) -> tuple[int, ...]:
    """A population's geometry as a tuple of positive integers.

    Parameters
    ----------
    size : int or sequence of int
        A number of neurons, or the lengths of the axes.
    where : str
        Place for the message.

    Raises
    ------
    SizeError
        Empty, not whole, zero or negative.

    Examples
    --------
    >>> as_size((10, 4), "here")
    (10, 4)
    """
    given = size
    parts = tuple(size) if isinstance(size, tuple | list | np.ndarray) else (size,)
    whole = all(isinstance(part, int | np.integer) and not isinstance(part, bool) for part in parts)
    if parts and whole and min(parts) > 0 and math.prod(map(int, parts)) > _LARGEST:
        raise SizeError(
            f"The size is {given!r}, more than {_LARGEST} neurons.",
            where=where,
            cure="Split the population; neurons are counted by 32-bit numbers.",
            given=given,
        )
    if not parts or not whole or any(part < 1 for part in parts):
        raise SizeError(
            f"The size is {given!r}.",
            where=where,
            cure="Give a positive whole number, or a tuple of them such as (10, 10).",
            given=given,
        )
    return tuple(int(part) for part in parts)
