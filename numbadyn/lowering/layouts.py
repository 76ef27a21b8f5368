"""Layouts: names of the columns of rows that compiled code reads.

In: nothing.  Out: `Layout`, from which come the numbers in generated text, the names that library routines use, and
rows that are filled by name.  Must not know: what the rows are about, source text, targets.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InternalError

__all__ = ["SLOT", "Layout", "SlotRow", "all_slot_columns", "slot_columns"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of the rows of one table.

    Parameters
    ----------
    prefix : str
        First part of the names of its columns in generated text; one for each layout.
    columns : tuple of str
        Names, in order.

    Examples
    --------
    >>> spot = Layout("SPOT", ("PLACE", "SIZE"))
    >>> spot.row(SIZE=3, PLACE=10)
    [10, 3]
    >>> print("; ".join(spot.constants()))
    SPOT_PLACE = 0; SPOT_SIZE = 1; SPOT_COLUMNS = 2
    """

    prefix: str
    columns: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.columns)

    def column(self, name: str) -> int:
        """Number of a column."""
        return self.columns.index(name)

    def row(self, **values: int) -> list[int]:
        """A row with these values, one for each column.

        Raises
        ------
        InternalError
            A column is left out, or there is none of a name.
        """
        if values.keys() != set(self.columns):
            wrong = sorted(values.keys() ^ set(self.columns))
            raise InternalError(
                f"A row of {self.prefix} is filled with other columns than it has: {', '.join(wrong)}.",
                where=f"the layout {self.prefix}",
                cure="Please report this.",
            )
        return [int(values[name]) for name in self.columns]

    def table(self, rows: list[list[int]]) -> NDArray[np.int64]:
        """Rows as an array, of shape (rows, columns)."""
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.columns))

    def constants(self) -> list[str]:
        """Lines of generated text that name the columns, and their number."""
        numbered = [f"{self.prefix}_{name} = {number}" for number, name in enumerate(self.columns)]
        return [*numbered, f"{self.prefix}_COLUMNS = {len(self.columns)}"]


@dataclass(frozen=True, slots=True)
class SlotRow:
    """What rows say of a view.

    Parameters
    ----------
    start, count : int
        First element, number of elements.
    depth : int
        Slots of a history; 1 for plain memory.
    lag : int
        How many slots ago.
    width : int
        Elements of a slot.
    every : int
        Steps that share a slot.
    """

    start: int
    count: int
    depth: int = 1
    lag: int = 0
    width: int = 0
    every: int = 1

    def named(self, name: str) -> dict[str, int]:
        """The values of the columns of `slot_columns`."""
        values = (self.start, self.count, self.depth, self.lag, self.width, self.every)
        return dict(zip(slot_columns(name), values, strict=True))


SLOT = Layout("SLOT", tuple(field.name.upper() for field in fields(SlotRow)))
"""What rows say of a view, counted from its first column."""


@functools.cache
def slot_columns(name: str) -> tuple[str, ...]:
    """Columns of a view.

    Examples
    --------
    >>> slot_columns("MEAN")
    ('MEAN_START', 'MEAN_COUNT', 'MEAN_DEPTH', 'MEAN_LAG', 'MEAN_WIDTH', 'MEAN_EVERY')
    """
    return tuple(f"{name}_{column}" for column in SLOT.columns)


def all_slot_columns(slots: int) -> tuple[str, ...]:
    """Columns of the views of a kernel with so many slots, ``SLOT0_START`` and so on."""
    return tuple(column for slot in range(slots) for column in slot_columns(f"SLOT{slot}"))
