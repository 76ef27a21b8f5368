"""Arrays of which only what is asked for is in memory: pieces of files, pieces that are in memory, replicas.

In: where the rows are.  Out: slices as NumPy arrays.  Must not know: units, formats of files.

The first axis is that of time or of events.  A slice of it reads these rows and no others; what needs all values, as
arithmetic and functions of NumPy do, reads them all, and says so if they do not fit into memory.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.stored.loading import Loading
from numbadyn.runtime.forecast import MemoryPart, require

__all__ = ["ConstantRuns", "Joined", "LazyArray", "StackedReplicas", "Ticks", "join_rows"]

_READ_BYTES = 1 << 24


class LazyArray(Loading, ABC):
    """An array that is read when it is asked for.

    Attributes
    ----------
    shape : tuple of int
        Its shape; the first axis is that of the rows.
    dtype : dtype
        Of its values.

    Examples
    --------
    >>> ticks = Ticks(range(0, 10**12, 5))
    >>> ticks[-2:], ticks.shape
    (array([999999999990, 999999999995]), (200000000000,))
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @abstractmethod
    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows from `start` to `stop`, as an array of its own."""

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of all values, once they are in memory."""
        return self.size * self.dtype.itemsize

    @property
    def rows_at_a_time(self) -> int:
        """How many rows are read at a time where all are gone through."""
        row = self.nbytes // max(1, self.shape[0]) if self.shape[0] else 1
        return max(1, _READ_BYTES // max(1, row))

    def part(self, start: int, stop: int) -> LazyArray:
        """Some rows that follow each other, unread."""
        return Part(self, start, stop)

    def __len__(self) -> int:
        return self.shape[0]

    def blocks(self) -> Iterator[NDArray[Any]]:
        """All rows, some at a time, in order."""
        for start in range(0, len(self), self.rows_at_a_time):
            yield self.read(start, min(len(self), start + self.rows_at_a_time))

    def __iter__(self) -> Iterator[Any]:
        for block in self.blocks():
            yield from block

    def __getitem__(self, index: Any) -> Any:
        rows, *others = index if isinstance(index, tuple) else (index,)
        if rows is Ellipsis or rows is None or any(other is None or other is Ellipsis for other in others):
            return np.asarray(self)[index]
        if isinstance(rows, slice):
            return self._slice(rows, tuple(others))
        if np.ndim(rows) == 0 and not isinstance(rows, bool | np.bool_):
            return self._row(int(rows))[(0, *others)]
        asked = np.asarray(rows)
        if asked.dtype == bool and asked.ndim > 1:
            return np.asarray(self)[index]
        if asked.dtype == bool and asked.size == len(self):
            asked = np.flatnonzero(asked)
        if asked.dtype.kind not in "iu" or not asked.size or others:
            return np.asarray(self)[index]
        asked = np.where(asked < 0, asked + len(self), asked)
        low, high = int(asked.min()), int(asked.max()) + 1
        if low < 0 or high > len(self):
            raise IndexError(f"index out of bounds for an axis of {len(self)}")
        return self.read(low, high)[asked - low]

    def _row(self, row: int) -> NDArray[Any]:
        place = row + len(self) if row < 0 else row
        if not 0 <= place < len(self):
            raise IndexError(f"index {row} is out of bounds for an axis of {len(self)}")
        return self.read(place, place + 1)

    def _slice(self, rows: slice, others: tuple[Any, ...]) -> NDArray[Any]:
        """Rows in blocks, so that no more than what is asked for is in memory at the end."""
        wanted = range(len(self))[rows]
        if not wanted:
            return self.read(0, 0)[(slice(None), *others)]
        low, high = min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1]) + 1
        step, found = abs(wanted.step), []
        for start in range(low, high, max(step, self.rows_at_a_time // step * step)):
            stop = min(high, start + max(step, self.rows_at_a_time // step * step))
            found.append(self.read(start, stop)[(slice(None, None, step), *others)])
        whole = found[0] if len(found) == 1 else np.concatenate(found)
        return whole[::-1] if wanted.step < 0 else whole

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        require(
            [MemoryPart(f"an array of the shape {self.shape}", self.nbytes)],
            what="All values of a recording on disk",
            cure="Read slices of it, such as [1000:2000], or go through it by blocks()",
            where="recording",
        )
        whole = np.empty(self.shape, self.dtype)
        at = 0
        for block in self.blocks():
            whole[at : at + len(block)] = block
            at += len(block)
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        loaded = [np.asarray(value) if isinstance(value, LazyArray) else value for value in inputs]
        return getattr(ufunc, method)(*loaded, **kwargs)

    def load(self) -> NDArray[Any]:
        """All values, in memory.

        Raises
        ------
        NotEnoughMemoryError
            They do not fit.
        """
        return np.asarray(self)

    def astype(self, dtype: Any) -> NDArray[Any]:
        """All values, of another kind."""
        return np.asarray(self).astype(dtype, copy=False)

    def __repr__(self) -> str:
        return f"<{self.dtype} values of the shape {self.shape}, read when they are asked for>"


class Part(LazyArray):
    """Rows of another array.

    Parameters
    ----------
    whole : LazyArray
        The array.
    start, stop : int
        Which rows.
    """

    def __init__(self, whole: LazyArray, start: int, stop: int) -> None:
        self.whole, self.start, self.dtype = whole, start, whole.dtype
        self.shape = (stop - start, *whole.shape[1:])

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Some of the rows."""
        return self.whole.read(self.start + start, self.start + stop)


class Ticks(LazyArray):
    """Steps at equal distances.

    Parameters
    ----------
    steps : range
        Which ones.
    """

    def __init__(self, steps: range) -> None:
        self.steps, self.shape, self.dtype = steps, (len(steps),), np.dtype(np.int64)

    def read(self, start: int, stop: int) -> NDArray[np.int64]:
        """Some of the steps."""
        part = self.steps[start:stop]
        return np.arange(len(part), dtype=np.int64) * part.step + part.start


class ConstantRuns(LazyArray):
    """Each number as often as it is said: 0, 0, 0, 1, 1, 2, ...

    Parameters
    ----------
    counts : sequence of int
        How often 0, 1, 2, ... come.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self.ends = np.cumsum(counts, dtype=np.int64)
        self.shape, self.dtype = (int(self.ends[-1]),), np.dtype(np.uint32)

    def read(self, start: int, stop: int) -> NDArray[np.uint32]:
        """Some of the numbers."""
        return np.searchsorted(self.ends, np.arange(start, stop), side="right").astype(np.uint32)


class Joined(LazyArray):
    """Arrays one after the other, some in files and some in memory.

    Parameters
    ----------
    parts : sequence of array
        At least one; they differ in their number of rows only.
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = list(parts)
        self.dtype = parts[0].dtype
        self._begins = [0, *np.cumsum([len(part) for part in parts]).tolist()]
        self.shape = (self._begins[-1], *parts[0].shape[1:])

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows of all parts that have some."""
        found = [
            np.asarray(part[max(0, start - begin) : max(0, min(len(part), stop - begin))])
            for part, begin in zip(self.parts, self._begins, strict=False)
            if begin < stop and begin + len(part) > start
        ]
        return np.concatenate(found) if found else np.empty((0, *self.shape[1:]), self.dtype)


class StackedReplicas(LazyArray):
    """What there is of each replica, with an axis of replicas in front.

    Parameters
    ----------
    parts : sequence of array
        One a replica, of the same shape.
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts, self.dtype = list(parts), parts[0].dtype
        self.shape = (len(parts), *parts[0].shape)

    def replica(self, number: int) -> Any:
        """The array of one replica, unread."""
        return self.parts[number]

    def of_replicas(self, numbers: Sequence[int] | NDArray[np.int64]) -> Any:
        """The arrays of some replicas, unread."""
        return StackedReplicas([self.parts[number] for number in numbers]) if len(numbers) else self[:0]

    @property
    def rows_at_a_time(self) -> int:
        """One replica after the other."""
        return 1

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Some of the replicas, whole."""
        found = [np.asarray(part) for part in self.parts[start:stop]]
        return np.stack(found) if found else np.empty((0, *self.shape[1:]), self.dtype)

    def __getitem__(self, index: Any) -> Any:
        """Slices of the axes behind read no more than these rows of each replica."""
        first, *others = index if isinstance(index, tuple) else (index,)
        if others and isinstance(first, slice) and not any(other is None or other is Ellipsis for other in others):
            return np.stack([part[tuple(others)] for part in self.parts[first]])
        if others and np.ndim(first) == 0 and first is not Ellipsis and first is not None:
            return self.parts[first][tuple(others)]
        return super().__getitem__(index)


def join_rows(parts: Sequence[Any]) -> Any:
    """Arrays one after the other: unread if any of them is on disk."""
    return Joined(parts) if any(isinstance(part, LazyArray) for part in parts) else np.concatenate(parts)
