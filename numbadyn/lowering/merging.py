"""Rows of several connections made one: fewer and longer rows for the delivery of spikes.

In: synapse tables whose events, delays and weight are the same, and where their targets lie.  Out: offsets and targets
of one table over all these targets.  Must not know: units, source text, what a stage is.

A spike of a population that projects to two others walks two short rows; where the sums lie side by side in memory, one
row serves both.  Every target still receives its additions in the same order, so results keep their bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["merged_rows", "worth_merging"]

# The merged copy takes 4 bytes for each synapse, beside the tables themselves, which answer questions about synapses.
_MOST_SYNAPSES = 1 << 24
_LONGEST_ROW = 512
_BLOCK = 1 << 12


def worth_merging(tables: Sequence[Any]) -> bool:
    """Whether one table for all is worth its memory: rows are short, and synapses not too many.

    Parameters
    ----------
    tables : sequence of SynapseTable
        With equal numbers of rows.

    Returns
    -------
    bool
    """
    total = sum(table.targets.size for table in tables)
    rows = tables[0].offsets.size - 1
    return len(tables) > 1 and total <= _MOST_SYNAPSES and total <= _LONGEST_ROW * rows


def merged_rows(tables: Sequence[Any], shifts: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
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
    offsets = np.zeros(tables[0].offsets.size, np.int64)
    for table in tables:
        offsets += table.offsets
    targets = np.empty(int(offsets[-1]), np.uint32)
    for first in range(0, offsets.size - 1, _BLOCK):
        last = min(first + _BLOCK, offsets.size - 1)
        places = offsets[first:last].copy()
        for table, shift in zip(tables, shifts, strict=True):
            starts = table.offsets[first : last + 1].astype(np.int64)
            counts = np.diff(starts)
            where = np.repeat(places - starts[:-1], counts) + np.arange(starts[0], starts[-1])
            targets[where] = table.targets[starts[0] : starts[-1]] + np.uint32(shift)
            places += counts
    return offsets, targets
