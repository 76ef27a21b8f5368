"""Rows of several connections made one, see `numbadyn.lowering.merging`.

In: synapse tables, and where their targets lie.  Out: offsets and targets of one table over all these targets.  Must
not know: units, which connections may be joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.runtime.builders.cpu.compiled import structure_kernels

__all__ = ["join_rows"]


def join_rows(tables: Sequence[Any], shifts: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Join the rows of tables: row k is row k of the first, then row k of the second, and so on.

    Parameters
    ----------
    tables : sequence of SynapseTable
        With equal numbers of rows.
    shifts : sequence of int
        What is added to the targets of each.

    Returns
    -------
    offsets : ndarray of int64, shape (rows + 1,)
        Where each row begins.
    targets : ndarray of uint32, shape (synapses,)
        Shifted targets.
    """
    each = [np.ascontiguousarray(table.offsets, dtype=np.int64) for table in tables]
    offsets: NDArray[np.int64] = np.sum(each, axis=0)
    targets = np.empty(int(offsets[-1]), np.uint32)
    places = offsets[:-1].copy()
    for table, own, shift in zip(tables, each, shifts, strict=True):
        structure_kernels().join_rows(places, targets, own, np.ascontiguousarray(table.targets), shift)
    return offsets, targets
