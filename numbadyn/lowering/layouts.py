"""Names of the columns of rows that compiled code reads.

In: nothing.  Out: names and numbers of columns.  Must not know: arrays, source text.
"""

from __future__ import annotations

__all__ = ["SLOT_COLUMNS", "slot_column"]

#: What a row of the table of a loop says of each slot: first element, number of elements; of a history also the number
#: of its slots, the lag, the elements of a slot and the steps of a window.
SLOT_COLUMNS = ("start", "count", "depth", "lag", "width", "every")


def slot_column(slot: int, what: str = "start") -> int:
    """Column of a row of the table of a loop: the size comes first, then the slots; behind them, further marks."""
    return 1 + len(SLOT_COLUMNS) * slot + SLOT_COLUMNS.index(what)
