"""Reductions of rows and products with rows: their meaning, with a stated order of summation.

In: arrays of rows.  Out: a value for each row.  Must not know: nodes, targets.

A row of n elements is reduced in `LANES` lanes: lane l joins the elements l, l + LANES, l + 2 LANES and so on, in this
order; then the lanes are joined in theirs.  A processor takes many lanes at a time, and the error of a sum grows with
n / LANES, not with n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LANES", "reduced", "row_products"]

LANES = 64

_JOIN: dict[str, Callable[[Any, Any], Any]] = {
    "sum": np.add,
    "max": lambda a, b: np.where((a > b) | (a != a), a, b),
    "min": lambda a, b: np.where((a < b) | (a != a), a, b),
    "any": np.logical_or,
    "all": np.logical_and,
}


def reduced(how: str, values: NDArray[Any], rows: int) -> NDArray[Any]:
    """Reduce rows.

    Parameters
    ----------
    how : {"sum", "max", "min", "any", "all"}
        What becomes of the elements of a row; a sum of Booleans is their number.
    values : ndarray
        Elements, row after row.
    rows : int
        Number of rows.

    Returns
    -------
    ndarray, shape (rows,)

    Examples
    --------
    >>> reduced("sum", np.arange(6.0), 2)
    array([ 3., 12.])
    """
    table = values.reshape(rows, -1)
    if how == "sum" and table.dtype == bool:
        table = table.astype(np.int64)
    join = _JOIN[how]
    with np.errstate(all="ignore"):
        lanes = table[:, :LANES].copy()
        for begin in range(LANES, table.shape[1], LANES):
            part = table[:, begin : begin + LANES]
            lanes[:, : part.shape[1]] = join(lanes[:, : part.shape[1]], part)
        total = lanes[:, 0]
        for lane in range(1, lanes.shape[1]):
            total = join(total, lanes[:, lane])
    return np.asarray(total)


def row_products(matrix: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    """Sum of the products of each row with a vector.

    Parameters
    ----------
    matrix : ndarray
        Elements, row after row, each as long as the vector.
    vector : ndarray
        One factor for each column.

    Returns
    -------
    ndarray, one value a row
    """
    with np.errstate(all="ignore"):
        products = matrix.reshape(-1, vector.size) * vector.reshape(1, -1)
    return reduced("sum", products, products.shape[0])
