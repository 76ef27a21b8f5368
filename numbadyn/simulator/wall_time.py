"""Limits of wall time: a run ends in time, so that a batch system need not kill it.

In: what users say of it.  Out: a visitor that ends the run.  Must not know: what is written when a run ends.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import DurationError
from numbadyn.runtime.visitors import Visitor
from numbadyn.units import TIME, describe, is_quantity, magnitude_in

__all__ = ["WallLimit", "wall_seconds"]

_WHERE = "Simulator.run(max_wall_time=...)"


class WallLimit(Visitor):
    """Ends a run after some wall time.

    Parameters
    ----------
    seconds : float
        From now on.
    reserve : callable
        Seconds that are needed for what is written at the end.
    """

    def __init__(self, seconds: float, reserve: Callable[[], float] = lambda: 0.0) -> None:
        self._until, self._reserve = time.perf_counter() + seconds, reserve
        self._stop, self._last, self._longest = 0, math.inf, 0.0

    def begin(self, first: int, stop: int) -> None:
        """Take note of the last step."""
        self._stop, self._last = stop, time.perf_counter()

    def visit(self, number: int) -> str | None:
        """End the run if another chunk, as long as the longest one so far, would end too late."""
        now = time.perf_counter()
        self._longest, self._last = max(self._longest, now - self._last), now
        late = now + self._longest + self._reserve() >= self._until
        return "max_wall_time" if late and number < self._stop else None


def wall_seconds(given: Any) -> float:
    """Seconds of wall time, after checking what users say: a time, or a number of seconds.

    Raises
    ------
    DurationError
        It is no time, or not positive.

    Examples
    --------
    >>> from quantities import hour
    >>> wall_seconds(1 * hour), wall_seconds(90)
    (3600.0, 90.0)
    """
    if is_quantity(given):
        length = np.asarray(magnitude_in(given, TIME, what="max_wall_time", where=_WHERE)) / 1000.0
    else:
        length = np.asarray(given if isinstance(given, int | float | np.number) else math.nan, float)
    if isinstance(given, bool) or length.size != 1 or not 0 < float(length.reshape(-1)[0]) < math.inf:
        raise DurationError(
            f"max_wall_time is {describe(given) if is_quantity(given) else repr(given)}.",
            where=_WHERE,
            cure="Give one positive time, such as 23*hour, or a number of seconds.",
            max_wall_time=given,
        )
    return float(length.reshape(-1)[0])
