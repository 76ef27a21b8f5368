"""Columns of the rows of what is recorded and checked, as far as all targets have them.

In: nothing.  Out: layouts; a target adds what it keeps besides.  Must not know: targets, arrays.
"""

from __future__ import annotations

from numbadyn.lowering.layouts import Layout

__all__ = ["CHECK", "SAMPLE_COLUMNS", "SPIKE_COLUMNS"]

SPIKE_COLUMNS = ("EVENTS", "COUNTS", "DEPTH", "WIDTH", "ROOM", "INDICES", "STEPS")
"""Columns of a log of spikes: place of the events and of their counts, slots, neurons, room, addresses of indices and
of steps."""

SAMPLE_COLUMNS = ("WHEN", "KIND", "PLACE", "COUNT", "ELEMENTS", "DUE", "EVERY", "LAST", "VALUES")
"""Columns of a log of samples: 0 at the start of a step and 1 at its end, kind, place, elements and their address,
step of the first sample that is to come, steps between samples, last step, address of the values."""

CHECK = Layout("CHECK", ("PLACE", "COUNT", "NEGATIVE", "POSITIVE", "DOUBTS"))
"""Columns of a check: place and number of elements of a state or sum, which infinities are sound there, and where is
counted how many values that are not finite were stored there, if that is counted: its address, or 0."""
