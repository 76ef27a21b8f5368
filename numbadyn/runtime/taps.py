"""Taps: what logs hold goes to those who want it while a network runs, so that logs need not hold all of it.

In: logs of a run, receivers.  Out: receivers that have got every sample and every spike once, in order; logs that were
emptied.  Must not know: what receivers make of it, units, user objects.

Samples are handed over in blocks of a fixed number, whatever the chunks of a run are, so that what is computed from
them does not depend on how fast the run was.  The last block of a run may be shorter.  A log is emptied by giving it
another array, so that a receiver may still be at work on the block before: there are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.visitors import Visitor

__all__ = ["Receiver", "SampleTap", "SpikeTap", "Taps"]


class Receiver:
    """Gets what is recorded, in order; derive from it, and override what is needed."""

    def take_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        """Take spikes of one replica; the arrays are used again when it returns."""

    def take_samples(self, steps: range, values: NDArray[Any]) -> Future[None] | None:
        """Take a block of samples.

        Parameters
        ----------
        steps : range
            When they were taken.
        values : ndarray, shape (replicas, samples, elements)
            The samples. The array is used again when this returns, or when what it gives is done.

        Returns
        -------
        Future or None
            Done when `values` is no longer needed; it holds no error.
        """
        return None

    def look(self) -> None:
        """Take note that all up to this moment has been handed over, but for samples of a block that is not full."""

    def finish(self) -> None:
        """Take note that all has been handed over."""


class SpikeTap:
    """Hands over the spikes of a population.

    Parameters
    ----------
    logs : sequence of SpikeLog
        One a replica.
    receivers : sequence of Receiver
        Who gets them.
    keeps : bool
        Whether the logs hold all spikes to the end.
    """

    def __init__(self, logs: Sequence[SpikeLog], receivers: Sequence[Receiver], *, keeps: bool) -> None:
        self.logs, self.receivers, self.keeps = logs, receivers, keeps

    def begin(self) -> None:
        """Get ready for a run whose logs are empty."""
        self._handed = [0] * len(self.logs)
        if not self.keeps:
            for number, log in enumerate(self.logs):
                log.drain = lambda _log, number=number: self._hand_of(number)

    def hand(self, *, last: bool = False) -> None:
        """Hand over what is new."""
        for number in range(len(self.logs)):
            self._hand_of(number)

    def leave(self) -> None:
        """Let the logs go, which are used for the next run, too."""
        for log in self.logs:
            log.drain = None

    def _hand_of(self, replica: int) -> None:
        log, first = self.logs[replica], self._handed[replica]
        if log.used > first:
            for receiver in self.receivers:
                receiver.take_spikes(replica, log.steps[first : log.used], log.indices[first : log.used])
        if not self.keeps:
            log.used = 0
        self._handed[replica] = log.used


class SampleTap:
    """Hands over the samples of a variable.

    Parameters
    ----------
    logs : sequence of SampleLog
        One a replica, whose samples lie in one array; logs that do not keep them have room for a block.
    receivers : sequence of Receiver
        Who gets them.
    block : int
        How many samples at a time.
    keeps : bool
        Whether the logs hold all samples to the end.
    """

    def __init__(self, logs: Sequence[SampleLog], receivers: Sequence[Receiver], block: int, *, keeps: bool) -> None:
        self.logs, self.receivers, self.block, self.keeps = logs, receivers, block, keeps

    def begin(self) -> None:
        """Get ready for a run whose logs are empty."""
        self._handed = 0
        self._spare: NDArray[Any] | None = None
        self._at_work: list[Future[None]] = []

    @property
    def handed(self) -> int:
        """How many of the samples that the logs hold have been handed over."""
        return self._handed

    @property
    def full_at(self) -> int | None:
        """The step before which the logs must be emptied; None if they have room for the rest."""
        log = self.logs[0]
        end = log.emptied + len(log.values)
        return None if self.keeps or end >= len(log.due) else log.due[end]

    def hand(self, *, last: bool = False) -> None:
        """Hand over all full blocks; the rest, too, if it is the last."""
        log = self.logs[0]
        while self._handed + self.block <= log.used or (last and self._handed < log.used):
            end = min(self._handed + self.block, log.used)
            steps = log.due[log.emptied + self._handed : log.emptied + end]
            given = [receiver.take_samples(steps, log.whole[:, self._handed : end]) for receiver in self.receivers]
            self._handed = end
            busy = [future for future in given if future is not None]
            if last:
                self._wait([*self._at_work, *busy])  # the logs stay as they are, for who looks at how the run ended
            elif self.full_at is not None and end == len(log.values):
                self._empty(busy)

    def leave(self) -> None:
        """Let go what is no longer needed."""
        self._spare, self._at_work = None, []

    def _empty(self, busy: list[Future[None]]) -> None:
        """Give the logs the other array, once nobody is at work on it any more."""
        self._wait(self._at_work)
        whole = self.logs[0].whole
        if busy:
            other = np.empty_like(whole) if self._spare is None else self._spare
            self._at_work, self._spare, whole = busy, whole, other
        for number, log in enumerate(self.logs):
            log.empty(whole, number)
        self._handed = 0

    @staticmethod
    def _wait(busy: list[Future[None]]) -> None:
        for future in busy:
            future.result()


class Taps(Visitor):
    """Hands over what is new between two chunks, and lets no chunk go beyond the room of a log.

    Parameters
    ----------
    taps : sequence of SpikeTap or SampleTap
        Those of spikes come first, so that whoever gets both has the spikes of the steps whose samples it gets.
    receivers : sequence of Receiver
        All of them, each once.
    """

    def __init__(self, taps: Sequence[SpikeTap | SampleTap], receivers: Sequence[Receiver]) -> None:
        self._taps, self._receivers = taps, receivers
        self._samples = [tap for tap in taps if isinstance(tap, SampleTap)]

    def begin(self, first: int, stop: int) -> None:
        """Get ready."""
        for tap in self._taps:
            tap.begin()

    def next_stop(self, number: int) -> int | None:
        """Where the first log is full."""
        return min((stop for tap in self._samples if (stop := tap.full_at) is not None), default=None)

    def visit(self, number: int) -> str | None:
        """Hand over what is new."""
        for tap in self._taps:
            tap.hand()
        for receiver in self._receivers:
            receiver.look()
        return None

    def end(self) -> None:
        """Hand over the rest."""
        for tap in self._taps:
            tap.hand(last=True)
            tap.leave()
        for receiver in self._receivers:
            receiver.finish()
