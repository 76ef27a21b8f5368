"""Rows of streams, read ahead while a network runs.

In: the streams that a step reads.  Out: a visitor of the run for each.  Must not know: where streams come
from, targets.
"""

from __future__ import annotations

from numbadyn.model.timed_stream import TimedStream
from numbadyn.runtime.visitors import Visitor
from numbadyn.simulator.assembly import Assembly

__all__ = ["Feeder", "feeding"]


class Feeder(Visitor):
    """Stops a run where the rows of a stream are used up, and lets more be read.

    Parameters
    ----------
    simulator : Assembly
        What is run.
    stream : TimedStream
        What it reads.
    """

    def __init__(self, simulator: Assembly, stream: TimedStream) -> None:
        self._simulator, self._stream, self._dt = simulator, stream, simulator._dt
        self._stop = 0

    def begin(self, first: int, stop: int) -> None:
        """Have the first rows ready: of the step where the run is, which may go on from a checkpoint."""
        self._stop = stop
        self._read(self._simulator._number)  # behind the first step where a run is taken up

    def next_stop(self, number: int) -> int | None:
        """The first step whose row is not there yet."""
        return self._stream.serves(number, self._dt)

    def visit(self, number: int) -> str | None:
        """Read ahead."""
        if number < self._stop:
            self._read(number)
        return None

    def _read(self, number: int) -> None:
        if self._stream.prepare(number, self._dt):
            self._simulator.machine.renew(self._stream._array)


def feeding(simulator: Assembly) -> list[Visitor]:
    """A visitor for each stream that the step of a simulator reads."""
    found = {id(lookup.filled_by): lookup.filled_by for lookup in simulator.step.lookups}
    return [Feeder(simulator, stream) for stream in found.values() if isinstance(stream, TimedStream)]
