"""How long the rest of a study will take, learnt from the points that have finished.

In: records of points.  Out: seconds that are left, and how many points make a task of a useful length.  Must not know:
how points are run.

Compilation does not count: it comes once. Points with the parameters of one that has finished are expected to take as
long as that one; of others the mean of all is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numbadyn.study.grid import Point

__all__ = ["BATCH_SECONDS", "MOST", "SHARES", "Pace"]

MOST = 64
"""Points of a batch, or of a task."""
BATCH_SECONDS = 60.0
"""A batch takes no longer, since what has not come to its end is lost with its process."""
SHARES = 4
"""A worker gets what waits in this many tasks at least, so that all end at about the same time."""


class Pace:
    """Seconds a point.

    Parameters
    ----------
    workers : int
        How many points run at once.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._groups: dict[str, tuple[float, int]] = {}
        self._total, self._count = 0.0, 0
        self._guess: float | None = None

    def learn(self, group: str, record: dict[str, Any]) -> None:
        """Take note of a point that is done."""
        seconds = record.get("seconds")
        if seconds is None:
            return
        own = max(seconds["all"] - seconds.get("compile", 0.0), 0.0)
        total, count = self._groups.get(group, (0.0, 0))
        self._groups[group] = (total + own, count + 1)
        self._total, self._count = self._total + own, self._count + 1

    def expect(self, seconds: float) -> None:
        """Take this for the time of a point until one has finished."""
        self._guess = seconds

    @property
    def mean(self) -> float | None:
        """Seconds of a point; None if no point has finished."""
        return self._total / self._count if self._count else None

    def left(self, points: Sequence[Point]) -> float | None:
        """Seconds until all of these are done; None if nobody knows."""
        mean = self._guess if self.mean is None else self.mean
        if mean is None:
            return None
        known = (self._groups.get(point.group) for point in points)
        seconds = sum(mean if found is None else found[0] / found[1] for found in known)
        return seconds / max(min(self._workers, len(points)), 1)

    def task_size(self, seconds: float, waiting: int, batch: int) -> int:
        """How many points make a task.

        Parameters
        ----------
        seconds : float
            What it should take at least.
        waiting : int
            How many points there are.
        batch : int
            How many points may run together.

        Returns
        -------
        int
            As many as make a batch that takes a minute at most, or the time asked for; one until a point has finished,
            and few enough that all workers have work to the end.
        """
        if not self.mean:
            return 1
        size = max(min(int(BATCH_SECONDS / self.mean), batch), min(int(seconds / self.mean), MOST))
        share = waiting if self._workers == 1 else waiting // (SHARES * self._workers)
        return max(1, min(size, share))
