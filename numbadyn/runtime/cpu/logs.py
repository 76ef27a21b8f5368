"""Rows through which compiled code on a processor records: where logs lie, and how far they are.

In: replicas with the logs of their run.  Out: rows for calls, and the logs brought up to date after them.  Must not
know: programs, how chunks are chosen.

Rows are written once in a run. Compiled code counts in them what it has recorded, and goes on from there in the next
call; so nothing is done in Python between two blocks of steps unless a log must grow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cpu.logs import SAMPLES, SPIKES
from numbadyn.ir.kinds import KINDS
from numbadyn.runtime.compiled import CompiledReplica
from numbadyn.runtime.logs import SampleLog, SpikeLog, reserve_spikes

__all__ = ["LogRows"]

#: More room for each block costs more than blocks that are longer save.
_SPIKES_OF_BLOCK = 1 << 18
_LEAST_BLOCK = 256


class LogRows:
    """Rows of the logs of all replicas.

    Parameters
    ----------
    replicas : sequence of CompiledReplica
        With the logs of this run.

    Attributes
    ----------
    spikes, samples : list of ndarray of int64
        Rows of the logs of spikes and of samples, one table a replica.
    """

    def __init__(self, replicas: Sequence[CompiledReplica]) -> None:
        self._replicas = replicas
        self.spikes = [_spike_rows(replica) for replica in replicas]
        self._elements: list[NDArray[np.int64]] = []
        self.samples = [self._sample_rows(replica) for replica in replicas]
        logs = [log for replica in replicas for log in replica.spikes]
        self._widest = max((log.width for log in logs), default=1)

    def follow(self) -> None:
        """Write how far logs are and where they lie now: whoever has emptied some since the last chunk is right."""
        for replica, spikes, samples in zip(self._replicas, self.spikes, self.samples, strict=True):
            for log, row in zip(replica.spikes, spikes, strict=True):
                _place_spikes(row, log)
            for sample, row in zip(replica.samples, samples, strict=True):
                row[_VALUES], row[_TAKEN] = sample.values.ctypes.data, sample.used
                row[_DUE], row[_BAD] = sample.next_step, 0

    def note(self) -> None:
        """Bring logs up to date with what compiled code has counted in their rows."""
        for replica, spikes, samples in zip(self._replicas, self.spikes, self.samples, strict=True):
            for log, row in zip(replica.spikes, spikes, strict=True):
                log.used = int(row[_USED])
            for sample, row in zip(replica.samples, samples, strict=True):
                sample.next_step, sample.used = int(row[_DUE]), int(row[_TAKEN])
                sample.suspect = bool(sample.suspect) or bool(row[_BAD])

    def reserve(self, first: int, stop: int) -> int:
        """Make room in all logs for the spikes of a block of steps; where the block ends.

        Parameters
        ----------
        first, stop : int
            Steps that are wanted.

        Returns
        -------
        int
            At most `stop`. The block is as long as it can be without making logs larger than they have to be, and
            shorter where memory runs out.

        Raises
        ------
        NotEnoughMemoryError
            Not even one step would surely fit.
        """
        steps = min(stop - first, max(_LEAST_BLOCK, _SPIKES_OF_BLOCK // self._widest))
        rows = [row for table in self.spikes for row in table]
        room = min((int(row[_ROOM] - row[_USED]) // int(row[_WIDTH]) for row in rows), default=steps)
        if 2 * room >= steps:  # else logs would grow for each block
            return first + min(steps, room)
        self.note()
        logs = [log for replica in self._replicas for log in replica.spikes]
        steps = reserve_spikes(logs, steps)
        for log, row in zip(logs, rows, strict=True):
            _place_spikes(row, log)
        return first + steps

    def _sample_rows(self, replica: CompiledReplica) -> NDArray[np.int64]:
        """Rows of the logs of samples, as they are now."""
        rows = []
        for log in replica.samples:
            buffer = replica.buffer_of(log)
            rows.append(
                SAMPLES.row(
                    WHEN=int(log.kind == "probe"),
                    KIND=KINDS[buffer.kind].code,
                    PLACE=replica.memory.offsets[buffer],
                    COUNT=log.elements.size,
                    ELEMENTS=self._elements_of(replica, log).ctypes.data,
                    DUE=log.next_step,
                    EVERY=log.every,
                    LAST=log.last,
                    VALUES=log.values.ctypes.data,
                    USED=log.used,
                    BAD=0,
                    **_spikes_of(replica, log),
                )
            )
        return SAMPLES.table(rows)

    def _elements_of(self, replica: CompiledReplica, log: SampleLog) -> NDArray[np.int64]:
        """Where what is sampled lies, kept alive."""
        places = replica.memory.places_of(replica.buffer_of(log))
        self._elements.append(log.elements if places is None else places[log.elements].astype(np.int64))
        return self._elements[-1]


_USED, _ROOM, _WIDTH = (SPIKES.column(name) for name in ("USED", "ROOM", "WIDTH"))
_INDICES, _STEPS = SPIKES.column("INDICES"), SPIKES.column("STEPS")
_DUE, _TAKEN, _BAD, _VALUES = (SAMPLES.column(name) for name in ("DUE", "USED", "BAD", "VALUES"))


def _spikes_of(replica: CompiledReplica, log: SampleLog) -> dict[str, int]:
    """Where the spikes are that a log of samples waits for, if it does and its elements lie side by side."""
    first = int(log.elements[0]) if log.elements.size else 0
    adjoining = np.array_equal(log.elements, np.arange(first, first + log.elements.size))
    memory = replica.memory
    if log.events is None or not adjoining or memory.places_of(replica.buffer_of(log)) is not None:
        return {"EVENTS": 0, "COUNTS": 0, "DEPTH": 1, "WIDTH": 0, "FIRST": 0}
    place = replica.tables.events(log.events)
    return {
        "EVENTS": memory.E[place.events :].ctypes.data,
        "COUNTS": memory.C[place.counts :].ctypes.data,
        "DEPTH": place.depth,
        "WIDTH": math.prod(replica.step.channels[log.events].shape),
        "FIRST": first,
    }


def _place_spikes(row: NDArray[np.int64], log: SpikeLog) -> None:
    row[_ROOM], row[_USED] = log.indices.size, log.used
    row[_INDICES], row[_STEPS] = log.indices.ctypes.data, log.steps.ctypes.data


def _spike_rows(replica: CompiledReplica) -> NDArray[np.int64]:
    """Rows of the logs of spikes, as they are now."""
    rows = []
    for log in replica.spikes:
        place = replica.tables.events(log.channel)
        rows.append(
            SPIKES.row(
                EVENTS=place.events,
                COUNTS=place.counts,
                DEPTH=place.depth,
                WIDTH=log.width,
                ROOM=log.indices.size,
                INDICES=log.indices.ctypes.data,
                STEPS=log.steps.ctypes.data,
                USED=log.used,
                START=log.start,
                STOP=log.stop,
            )
        )
    return SPIKES.table(rows)
