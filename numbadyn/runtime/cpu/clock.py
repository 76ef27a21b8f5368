"""The clock of a timed loop: what its rows work for, and how many ticks they have taken.

In: tables of a run, and what the compiled loop has counted.  Out: seconds of each kind of work.  Must not know: how
chunks are chosen, units.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cpu.time_loop import CHECKS, RECORDING, ROWS, STATUS, TIMED
from numbadyn.lowering.stages.base import Work
from numbadyn.runtime.compiled import CompiledReplica
from numbadyn.runtime.spent import Spent, shared_out

__all__ = ["StageClock"]

_RECORDING, _CHECKS = (Work("recording", ""),), (Work("searching for NaN", ""),)


class StageClock:
    """Ticks of the rows of all replicas.

    Attributes
    ----------
    seconds : float
        Time in the compiled loop.
    """

    def __init__(self) -> None:
        self.seconds, self._steps, self._timed = 0.0, 0, 0
        self._ticks: dict[tuple[Work, ...], float] = {}
        self._works: list[list[tuple[Work, ...]]] = []

    def begin(self, replicas: Sequence[CompiledReplica]) -> int:
        """Take the rows of a run, which may have changed; how long the status of a call must be."""
        self._works = []
        for replica in replicas:
            stages = replica.memory.program.schedule
            rows = [row for group in stages for row in type(group[0]).works(group, replica.tables)]
            self._works.append([tuple(row) for row in rows])
        return ROWS + max(map(len, self._works), default=0)

    def note(self, place: int, steps: int, seconds: float, status: NDArray[np.int64]) -> None:
        """Take over what a call has counted, and set it to zero."""
        self.seconds, self._steps = self.seconds + seconds, self._steps + steps
        self._timed += int(status[TIMED])
        works = self._works[place]
        found = zip((_RECORDING, *works), status[[RECORDING, *range(ROWS, ROWS + len(works))]].tolist(), strict=True)
        for work, ticks in found:
            self._ticks[work] = self._ticks.get(work, 0.0) + max(ticks, 0)
        # searches are rare, and are timed each time
        part = self._timed / self._steps if self._steps else 0.0
        self._ticks[_CHECKS] = self._ticks.get(_CHECKS, 0.0) + max(int(status[CHECKS]), 0) * part
        status[STATUS:] = 0

    def spent(self) -> list[Spent]:
        """Seconds of each kind of work for each module."""
        return shared_out(self._ticks, self.seconds)
