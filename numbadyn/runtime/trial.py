"""Short trials: how long a step takes and how many spikes come, without leaving a trace.

In: a machine that is ready to run, logs like those of a run.  Out: seconds of a step, spikes.  Must not know: units,
user objects, what is forecast from it.

What a trial records is thrown away at once; afterwards the machine is what it was, to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from numbadyn.runtime.engine import run_steps
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.progress import NullProgress
from numbadyn.runtime.taps import Receiver, SampleTap, SpikeTap, Taps
from numbadyn.runtime.visitors import Visitor

__all__ = ["Trial", "run_trial"]

_BLOCK_BYTES = 1 << 22
_SPIKES = 1 << 16


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial has found.

    Parameters
    ----------
    steps : int
        How many were made; zero if none could be.
    step_seconds : float
        Wall time of one step.
    spikes : tuple of float
        Spikes in a step of each log of spikes, of all replicas.
    """

    steps: int
    step_seconds: float
    spikes: tuple[float, ...]


class _Count(Receiver):
    """Counts the spikes of one log of each replica."""

    def __init__(self) -> None:
        self.spikes = 0

    def take_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        self.spikes += steps.size


class _Watch(Visitor):
    """Ends a trial after a while, and notes how far it was when.

    Parameters
    ----------
    seconds : float
        The while.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self.seen = seconds, list[tuple[float, int]]()

    def begin(self, first: int, stop: int) -> None:
        self.seen.append((time.perf_counter(), first))

    def visit(self, number: int) -> str | None:
        now = time.perf_counter()
        self.seen.append((now, number))
        return "trial" if now - self.seen[0][0] >= self._seconds else None

    @property
    def step_seconds(self) -> float:
        """Without the first half, in which caches are cold and chunks short."""
        (end, stop), half = self.seen[-1], self.seen[0][0] + (self.seen[-1][0] - self.seen[0][0]) / 2
        begin, first = max((seen for seen in self.seen[:-1] if seen[0] <= half), default=self.seen[0])
        return (end - begin) / max(1, stop - first)


def run_trial(machine: Machine, steps: int, logs: Sequence[Logs], interrupts: Interrupts, seconds: float) -> Trial:
    """Advance a machine for a moment, and set it back.

    Parameters
    ----------
    machine : Machine
        Bound and compiled.
    steps : int
        At most so many.
    logs : sequence of Logs
        What a run would record, one a replica; they are left alone.
    interrupts : Interrupts
        Counts Ctrl-C, which ends the trial.
    seconds : float
        About how long.

    Returns
    -------
    Trial
    """
    own = [Logs([replace(log) for log in each.spikes], [replace(log) for log in each.samples]) for each in logs]
    counts, taps = list[_Count](), list[SpikeTap | SampleTap]()
    for spikes in zip(*(each.spikes for each in own), strict=True):
        for log in spikes:
            log.room = _SPIKES
        counts.append(_Count())
        taps.append(SpikeTap(spikes, [counts[-1]], keeps=False))
    for samples in zip(*(each.samples for each in own), strict=True):
        block = max(1, _BLOCK_BYTES // (len(samples) * samples[0].row_bytes))
        for sampled in samples:
            sampled.room = block
        taps.append(SampleTap(samples, [], block, keeps=False))
    watch, taken = _Watch(seconds), machine.snapshot()
    try:
        outcome = run_steps(machine, steps, own, NullProgress(), interrupts, [Taps(taps, counts), watch])
    finally:
        machine.restore(taken)
    made = outcome.reached - outcome.first
    each = watch.step_seconds if len(watch.seen) > 1 else outcome.seconds / max(1, made)
    return Trial(made, each, tuple(count.spikes / max(1, made) for count in counts))
