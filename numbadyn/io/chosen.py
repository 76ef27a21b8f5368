"""Spikes of chosen neurons in a window of steps.

In: events of a population.  Out: those of the neurons, which are counted from zero.  Must not know: units, modules.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chosen"]


class Chosen:
    """Which spikes of a population are meant.

    Parameters
    ----------
    size : int
        Neurons of the population.
    elements : ndarray of int64, optional
        Flat numbers of the neurons, in the order in which they are counted; all by default.
    first, last : int, optional
        Window of steps; `last` is exclusive. All by default.

    Examples
    --------
    >>> some = Chosen(5, np.array([3, 1]))
    >>> some.pick(np.array([0, 0, 7]), np.array([1, 2, 3], np.uint32))
    (array([0, 7]), array([1, 0], dtype=uint32))
    """

    def __init__(
        self, size: int, elements: NDArray[np.int64] | None = None, first: int = 0, last: int | None = None
    ) -> None:
        self.elements, self.first, self.last = elements, first, last
        self.size = size if elements is None else int(elements.size)
        self._place: NDArray[np.int64] | None = None
        if elements is not None:
            self._place = np.full(size, -1, dtype=np.int64)
            self._place[elements] = np.arange(elements.size)

    def mask(self, steps: Any, indices: Any) -> tuple[Any, Any]:
        """Which of some spikes are meant, and the numbers of all of their neurons; None where all are."""
        found, inside = indices, None
        if self._place is not None:
            found = self._place[indices]
            inside = found >= 0
            found = found.astype(np.uint32)
        if self.first > 0 or self.last is not None:
            window = steps >= self.first
            if self.last is not None:
                window &= steps < self.last
            inside = window if inside is None else inside & window
        return found, inside

    def pick(
        self, steps: NDArray[np.int64], indices: NDArray[np.uint32]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Steps and numbers of those that are meant."""
        found, inside = self.mask(steps, indices)
        return (steps, found) if inside is None else (steps[inside], found[inside])
