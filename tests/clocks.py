"""Clocks that go faster, slower or in jumps, for all that looks at them: a test that hangs on the time then fails.

In: ``NUMBADYN_TESTS_CLOCK``, a factor such as 1000 (a machine that much slower) or 0.01, or ``jumps``.  Out:
`change_clocks`.  Must not know: who looks.
"""

import os
import random
import time
from collections.abc import Callable

__all__ = ["change_clocks"]

_NAMES = ("perf_counter", "monotonic")
_OFTEN, _SECONDS = 0.1, 1.0
"""How often a clock jumps when it is looked at, and how far."""


def change_clocks() -> None:
    """Replace the clocks of this process, if somebody asks for it."""
    how = os.environ.get("NUMBADYN_TESTS_CLOCK")
    for name in _NAMES if how else ():
        clock = getattr(time, name)
        setattr(time, name, _jumping(clock) if how == "jumps" else _scaled(clock, float(how or 1)))


def _scaled(clock: Callable[[], float], factor: float) -> Callable[[], float]:
    begun = clock()
    return lambda: begun + factor * (clock() - begun)


def _jumping(clock: Callable[[], float]) -> Callable[[], float]:
    rng, ahead = random.Random(1), 0.0

    def read() -> float:
        nonlocal ahead
        if rng.random() < _OFTEN:
            ahead += rng.expovariate(1 / _SECONDS)
        return clock() + ahead

    return read
