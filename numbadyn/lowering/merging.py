"""Rows of several connections made one: fewer and longer rows for the delivery of spikes.

In: synapse tables whose events, delays and weight are the same.  Out: whether they are worth joining.  Must not know:
units, source text, what a stage is, how rows are joined.

A spike of a population that projects to two others walks two short rows; where the sums lie side by side in memory, one
row serves both.  Every target still receives its additions in the same order, so results keep their bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["worth_merging"]

# The merged copy takes 4 bytes for each synapse, beside the tables themselves, which answer questions about synapses.
_MOST_SYNAPSES = 1 << 24
_LONGEST_ROW = 512


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
