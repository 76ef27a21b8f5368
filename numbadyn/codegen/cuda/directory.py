"""The directory of the CUDA target: what its array `D` holds, by name.

In: nothing.  Out: layouts.  Must not know: kinds of stages, arrays.
"""

from __future__ import annotations

from numbadyn.lowering.layouts import Layout

__all__ = ["CLOCK_PLACES", "DIRECTORY", "ENTRY", "schedule_place"]

DIRECTORY = Layout(
    "D", ("R", "I", "B", "E", "C", "T", "S", "W", "K", "V", "KEY0", "KEY1", "TERMS", "MARKS", "ROOM", "SIZE")
)
"""Places of `D` before those of the schedule: addresses, the key, the place of the terms in `T`, the place of
the marks of failed checks in `W`, the room of a bin, the length of the directory, behind which is that of the next
replica."""


ENTRY = Layout("ENTRY", ("ROWS", "COUNT", "REALS", "INTEGERS", "BINS", "PAIRS", "SCRATCH"))
"""Places of `D` for each entry of the schedule: its rows in `T` and their number; where its real parameters begin in
`S`, and its whole ones in `T`; how many bins those before it have; in `T` the number of its pairs of terms and delays,
then these; its part of the scratch memory `W`."""


CLOCK_PLACES = 4
"""Length of the clock of a replica: the step, how it went, the step at which to stop, and where in `I` is the condition
that ends the run, if there is one."""


def schedule_place(entry: int) -> int:
    """Where the directory speaks of an entry of the schedule, see `ENTRY`."""
    return len(DIRECTORY) + len(ENTRY) * entry
