"""Exponentials of small matrices, a matrix for each element: what linear equations make of their states in a step.

In: entries of matrices, as arrays.  Out: one entry of their exponentials.  The work is done in float64 by sums and
products in a fixed order, so that the same entries give the same bits everywhere.  Must not know: steps, targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.elementary import numpy_functions

__all__ = ["exponential"]

Array = NDArray[Any]
#: Row and column.
Place = tuple[int, int]

_DEGREE = 16
"""Of the series; with entries of at most a half, what is left out is below 1e-19."""

_CHUNK = 1 << 16
"""Elements that are worked on at a time, so that the memory for many of them stays small."""


def exponential(entries: Mapping[Place, Array], size: int, place: Place) -> Array:
    r"""One entry of the exponential of a matrix, for each element.

    Parameters
    ----------
    entries : mapping
        Row and column -> number or array of any common shape; entries that are left out are zero.
    size : int
        Rows of the matrix.
    place : tuple of int
        Row and column of the wanted entry.

    Returns
    -------
    ndarray
        Of the common shape.

    Notes
    -----
    Of two states, one of which drives the other, it is :math:`c\, (e^a - e^k) / (a - k)`, without loss of digits where
    a and k are near each other or equal. Else by scaling, a series, and squaring.

    References
    ----------
    Moler, C. and Van Loan, C. (2003), Nineteen dubious ways to compute the exponential of a matrix, twenty-five years
    later, SIAM Review 45, 3-49, doi:10.1137/S00361445024180.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array(1.0)
    >>> float(exponential({(0, 0): -one, (0, 1): one, (1, 1): -one}, 2, (0, 1))) == float(np.exp(-1.0))
    True
    """
    if size == 2 and place == (0, 1) and (1, 0) not in entries:
        return _coupling(entries)
    shape = np.broadcast_shapes(*(np.shape(entry) for entry in entries.values()))
    flat = {key: np.broadcast_to(entry, shape).reshape(-1) for key, entry in entries.items()}
    count = int(np.prod(shape))
    found = np.empty(count)
    for first in range(0, count, _CHUNK):
        part = slice(first, min(first + _CHUNK, count))
        matrix = np.zeros((size, size, part.stop - part.start))
        for key, values in flat.items():
            matrix[key] = values[part]
        found[part] = _exponential(matrix)[place]
    return found.reshape(shape)


def _coupling(entries: Mapping[Place, Array]) -> Array:
    """The entry above the diagonal of a triangular matrix of two rows."""
    functions, zero = numpy_functions(64), np.zeros(())
    a, k = (np.asarray(entries.get((row, row), zero), dtype=np.float64) for row in (0, 1))
    larger, smaller = np.maximum(a, k), np.minimum(a, k)
    with np.errstate(all="ignore"):
        found: Array = entries.get((0, 1), zero) * functions["exp"](larger) * functions["exprel"](smaller - larger)
    return found


def _exponential(matrix: Array) -> Array:
    """Exponentials of matrices along the last axis."""
    size = matrix.shape[0]
    with np.errstate(all="ignore"):
        norm = np.max(np.sum(np.abs(matrix), axis=1), axis=0)
        halvings = np.where(norm > 0.5, np.frexp(norm)[1] + 1, 0)
        scaled = np.ldexp(matrix, -halvings)
        identity = np.eye(size)[:, :, None]
        result = np.broadcast_to(identity, matrix.shape)
        for degree in range(_DEGREE, 0, -1):
            result = identity + _product(scaled, result) / degree
        for halving in range(int(halvings.max(initial=0))):
            result = np.where(halving < halvings, _product(result, result), result)
    return result


def _product(left: Array, right: Array) -> Array:
    """Products of matrices along the last axis, summed in the order of the columns."""
    total = left[:, 0, None, :] * right[None, 0, :, :]
    for column in range(1, left.shape[0]):
        total = total + left[:, column, None, :] * right[None, column, :, :]
    return total
