"""Recorded values on disk, with their unit.

In: a lazy array and its dimension.  Out: quantities of what is asked for.  Must not know: formats of files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.stored.lazy import LazyArray
from numbadyn.io.stored.loading import Loading
from numbadyn.units import Dimension, join

__all__ = ["StoredQuantity"]


class StoredQuantity(Loading):
    """Values with a unit, of which slices are read when they are asked for.

    A slice is a quantity: ``V[1000:2000]``, ``V[:, 0]``, ``V[-1]``. Arithmetic and functions of NumPy read all values,
    and raise `NotEnoughMemoryError` if they do not fit; ``blocks()`` goes through them one piece after the other.

    Parameters
    ----------
    magnitude : LazyArray
        The numbers, in the coherent system of units.
    dimension : Dimension
        What they measure.

    Examples
    --------
    >>> from numbadyn.io.stored.lazy import Ticks
    >>> from numbadyn.units import TIME
    >>> t = StoredQuantity(Ticks(range(0, 10**9)), TIME)
    >>> t.shape, t[3], t[-2:]
    ((1000000000,), array(3) * ms, array([999999998, 999999999]) * ms)
    """

    def __init__(self, magnitude: LazyArray, dimension: Dimension) -> None:
        self.magnitude, self._dimension = magnitude, dimension

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.magnitude.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its values."""
        return self.magnitude.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.magnitude.ndim

    @property
    def size(self) -> int:
        """Number of values."""
        return self.magnitude.size

    @property
    def nbytes(self) -> int:
        """Bytes of all values, once they are in memory."""
        return self.magnitude.nbytes

    @property
    def units(self) -> Any:
        """The unit, as a quantity of one."""
        return join(1.0, self._dimension)

    @property
    def dimensionality(self) -> Any:
        """The unit, as quantities compare it."""
        return self.units.dimensionality

    def load(self) -> Any:
        """All values, as a quantity in memory.

        Raises
        ------
        NotEnoughMemoryError
            They do not fit.
        """
        return join(np.asarray(self.magnitude), self._dimension)

    def rescale(self, unit: Any) -> Any:
        """All values in another unit, as a quantity in memory."""
        return self.load().rescale(unit)

    def blocks(self) -> Iterator[Any]:
        """All values, some rows at a time, as quantities; in a batch one replica at a time."""
        for block in self.magnitude.blocks():
            yield join(block, self._dimension)

    def __len__(self) -> int:
        return len(self.magnitude)

    def __iter__(self) -> Iterator[Any]:
        for block in self.blocks():
            yield from block

    def __getitem__(self, index: Any) -> Any:
        return join(self.magnitude[index], self._dimension)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.magnitude.__array__(dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        loaded = [value.load() if isinstance(value, StoredQuantity) else value for value in inputs]
        return getattr(ufunc, method)(*loaded, **kwargs)

    def __array_function__(self, func: Any, _types: Any, args: Any, kwargs: Any) -> Any:
        return func(*(_loaded(value) for value in args), **{name: _loaded(value) for name, value in kwargs.items()})

    def __repr__(self) -> str:
        return f"<{self.magnitude!r} in {self._dimension.name}>"


def _loaded(value: Any) -> Any:
    if isinstance(value, StoredQuantity):
        return value.load()
    return type(value)(map(_loaded, value)) if type(value) in (list, tuple) else value
