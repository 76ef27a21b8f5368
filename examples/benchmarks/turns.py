"""Small costs beside each other: runs of two simulators that take turns, many and short.

In: two simulators of one network, at the same step.  Out: the ratio of the processor times of their loops, with the
interval in which it lies.  Must not know: what they differ in.

Only the loop over steps counts, from the report that a run begins to that of its last steps; what a run costs once is
in no ratio, since it does not grow with the run. Other work on the machine disturbs both of a pair alike, or one pair
in many: the median of the ratios of hundreds of pairs is known to some thousandths where single runs spread by tenths.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, NamedTuple

import numbadyn as nd
from numbadyn.runtime.progress import Progress

__all__ = ["Ratio", "loop_ratio"]

_FEWEST = 5


class Ratio(NamedTuple):
    """A ratio: the median of the ratios of pairs of runs, and where it lies with 95 % confidence."""

    median: float
    low: float
    high: float
    pairs: int
    spread: float

    def __str__(self) -> str:
        percent = [f"{100 * (value - 1):+.2f}" for value in (self.median, self.low, self.high)]
        return f"{percent[0]} % ({percent[1]} to {percent[2]}; {self.pairs} pairs, which spread by {self.spread:.1%})"


class _LoopClock(Progress):
    """Processor time of the loop of a run."""

    seconds = 0.0

    def start(self, total_steps: int, dt: float) -> None:
        self._begun = time.process_time()

    def advance(self, steps: int) -> None:
        self.seconds = time.process_time() - self._begun

    def close(self) -> None:
        pass


def loop_ratio(plain: nd.Simulator, other: nd.Simulator, duration: Any, seconds: float, **how: Any) -> Ratio:
    """Run both in turns, each time the other one first, and go on from where they are.

    Parameters
    ----------
    plain, other : Simulator
        Compiled, and at the same step.
    duration : quantities.Quantity
        Simulated time of each run.
    seconds : float
        How long to go on.
    **how
        Options of the runs of `other`.
    """

    def loop(sim: nd.Simulator, **options: Any) -> float:
        clock = _LoopClock()
        sim.run(duration, progress=clock, **options)
        return clock.seconds

    ratios: list[float] = []
    end = time.perf_counter() + seconds
    while len(ratios) < _FEWEST or time.perf_counter() < end:
        if len(ratios) % 2:
            base = loop(plain)
            ratios.append(loop(other, **how) / base)
        else:
            beside = loop(other, **how)
            ratios.append(beside / loop(plain))
    ratios.sort()
    middle, reach = len(ratios) / 2, 0.98 * len(ratios) ** 0.5
    low, high = ratios[max(int(middle - reach), 0)], ratios[min(int(middle + reach), len(ratios) - 1)]
    quarters = statistics.quantiles(ratios, n=4)
    return Ratio(statistics.median(ratios), low, high, len(ratios), (quarters[2] - quarters[0]) / 2)
