"""Values that are written to a state: of its shape and its dtype, or refused.

In: an array, what the state is like.  Out: an array of the state's own.  Must not know: models, units.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, ShapeError

__all__ = ["store_as"]


def store_as(array: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any], path: str) -> NDArray[Any]:
    """Array of the state's shape and dtype; refuses what would be truncated."""
    try:
        full = np.broadcast_to(array, shape)
    except ValueError as error:
        raise ShapeError(
            f"{path} has shape {shape}, but a value of shape {array.shape} is written to it.",
            where=path,
            cure=f"Write a value of shape {shape}.",
            shape=shape,
        ) from error
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise InvalidParameterError(
            f"{path} holds {dtype.name} values, but {array.dtype.name} values are written to it.",
            where=path,
            cure=f"Convert them: value.astype({dtype.name!r}).",
        )
    return np.array(full, dtype=dtype)
