"""`Table`: a constant array that takes traced indices in brackets.

In: arrays, with units or without.  Out: in eager calls NumPy's elements, in a traced step nodes that read the array.
Must not know: times, models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.tracing.lookups import gather, is_traced, lookup_of, take
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import UnitArray, is_quantity, join_eager, split

__all__ = ["Table", "table_of"]


def _lift(trace: Trace) -> Any:
    return lambda value: as_node(trace, value)


class _Readable:
    """Brackets and `take` that read the array in each step where an index is traced."""

    def __getitem__(self, key: Any) -> Any:
        trace = current_trace()
        if trace is None or not any(is_traced(part) for part in (key if isinstance(key, tuple) else (key,))):
            return super().__getitem__(key)  # type: ignore[misc]
        source, shape = lookup_of(trace, self, "Indexing")
        return Traced(trace, gather(trace, source, shape, key, _lift(trace)))

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
        """Elements by their numbers, as `numpy.take`."""
        trace = current_trace()
        if trace is None or not is_traced(indices):
            return super().take(indices, axis, out, mode)  # type: ignore[misc]
        return Traced(trace, take(trace, _lift(trace), self, indices, axis, out, mode))


class Table(_Readable, np.ndarray[Any, Any]):
    """A constant array that a step may index by whole numbers which it computes.

    Parameters
    ----------
    values : array_like or quantities.Quantity
        Real numbers, whole numbers or Booleans, of any shape.  A mapped file (`numpy.memmap`) stays where it is.

    Notes
    -----
    A table is the array itself for all else.  Arrays on attributes of modules (``self.rows``) are tables while a step
    is traced, and need not be made to; an array from around the method asks a traced index for its number, which it
    does not have yet, and so takes none in brackets, but ``np.take(array, k, axis=0)`` does the same for it.  Integers
    count from the end where they are negative; one that is outside ends the run with a `LookupRangeError`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> class Stimulus(nd.Dynamics):
    ...     def __init__(self):
    ...         super().__init__(2)
    ...         self.rows = nd.Table([[1.0, 2.0], [3.0, 4.0]] * pA)
    ...     def update(self):
    ...         return self.rows[nd.environ.get("i") % 2]
    >>> stimulus = Stimulus()
    >>> sim = nd.Simulator(stimulus, dt=1 * ms, target="interpret")
    >>> sim.record(stimulus, "output")
    >>> sim.run(3 * ms)[stimulus].output
    array([[1., 2.],
           [3., 4.],
           [1., 2.]]) * pA
    """

    def __new__(cls, values: Any) -> Any:
        """View the values as a table; those with a unit as one with that unit."""
        if is_quantity(values):
            return join_eager(*split(values)).view(_UnitTable)
        array: NDArray[Any] = np.asanyarray(values)
        return array.view(_MappedTable if isinstance(array, np.memmap) else cls)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """Give a number where an array gives one."""
        return array[()] if array.ndim == 0 else np.ndarray.__array_wrap__(self, array, context)


class _MappedTable(_Readable, np.memmap[Any, Any]):
    """A table that lies in a file, and says so."""


class _UnitTable(_Readable, UnitArray):
    """A table whose elements have a unit; what is computed from it is one, too."""

    @property
    def magnitude(self) -> Any:
        """The numbers alone."""
        return table_of(super().magnitude)

    def rescale(self, *args: Any, **kwargs: Any) -> Any:
        """The same values in another unit."""
        return table_of(super().rescale(*args, **kwargs))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        result = super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        return table_of(result) if isinstance(result, np.ndarray) else result


def table_of(array: NDArray[Any]) -> Any:
    """A table of the same memory, with the unit in which the array is.

    Parameters
    ----------
    array : ndarray, memmap or quantities.Quantity
        Of any shape.

    Returns
    -------
    ndarray
        The array itself if it is no array of numbers with axes, or of a class of the user's own.

    Examples
    --------
    >>> rows = np.arange(3.0)
    >>> table = table_of(rows)
    >>> type(table).__name__, np.shares_memory(table, rows), table_of(rows.astype(object)).dtype
    ('Table', True, dtype('O'))
    """
    if array.ndim == 0 or array.dtype.hasobject:
        return array
    if type(array) is np.ndarray:
        return array.view(Table)
    if type(array) is np.memmap:
        return array.view(_MappedTable)
    return array.view(_UnitTable) if is_quantity(array) and type(array) in UnitArray.__mro__ else array
