"""Which elements of a variable users mean.

In: an index as users give it.  Out: flat element numbers, or an error that says what would fit.  Must not know: logs,
targets.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from numbadyn.errors import RecordingError

__all__ = ["elements_of"]


def elements_of(index: Any, shape: tuple[int, ...], name: str, path: str) -> Any:
    """Flat numbers of the chosen elements."""
    size = math.prod(shape)
    everything = np.arange(size, dtype=np.int64)
    if index is None:
        return everything
    grid = len(shape) > 1
    cure = f"Give flat element numbers below {size}"
    if grid:
        cure += f", or a tuple with an index for each axis of the shape {shape}, such as {(0,) * len(shape)}"
    try:
        chosen = np.atleast_1d(everything.reshape(shape)[index] if _of_axes(index, shape) else everything[_flat(index)])
    except (IndexError, TypeError, ValueError) as error:
        has = f"the shape {shape}" if grid else f"{size} elements"
        raise RecordingError(
            f"index={index!r} does not fit {name}, which has {has}.",
            where=path,
            cure=f"{cure}.",
            index=index,
            name=name,
            has=has,
        ) from error
    if not chosen.size:
        raise RecordingError(
            f"index={index!r} chooses no element of {name}.",
            where=path,
            cure="Give at least one element.",
            index=index,
            name=name,
        )
    return np.ascontiguousarray(chosen.reshape(-1))


def _of_axes(index: Any, shape: tuple[int, ...]) -> bool:
    """Whether an index speaks of axes, and not of flat numbers: a tuple, or a mask of the population's own shape."""
    if len(shape) < 2:
        return False
    return isinstance(index, tuple) or (np.shape(index) == shape and np.asarray(index).dtype == bool)


def _flat(index: Any) -> Any:
    """An index of flat numbers; for a population with one axis a tuple is a sequence of them, as a list is."""
    if not isinstance(index, tuple):
        return index
    if any(np.ndim(number) for number in index):
        raise IndexError("a tuple of arrays names elements by their coordinates")
    return np.array([operator.index(number) for number in index], dtype=np.int64)
