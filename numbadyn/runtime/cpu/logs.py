"""Rows through which compiled code on a processor records: where logs lie, and how far they are.

In: a replica with the logs of its run.  Out: rows for a call, and the logs brought up to date after it.  Must not know:
programs, how chunks are chosen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cpu.logs import SAMPLES, SPIKES
from numbadyn.ir.kinds import KINDS
from numbadyn.runtime.compiled import CompiledReplica

__all__ = ["note_rows", "sample_rows", "spike_rows"]


def spike_rows(replica: CompiledReplica) -> NDArray[np.int64]:
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


def sample_rows(replica: CompiledReplica) -> NDArray[np.int64]:
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
                ELEMENTS=log.elements.ctypes.data,
                DUE=log.next_step,
                EVERY=log.every,
                LAST=log.last,
                VALUES=log.values.ctypes.data,
                USED=log.used,
                BAD=0,
            )
        )
    return SAMPLES.table(rows)


def note_rows(replica: CompiledReplica, spikes: NDArray[np.int64], samples: NDArray[np.int64]) -> None:
    """Bring logs up to date with the rows that a call has left.

    Parameters
    ----------
    replica : CompiledReplica
        Whose logs.
    spikes, samples : ndarray of int64
        From `spike_rows` and `sample_rows`.
    """
    used = SPIKES.column("USED")
    for log, row in zip(replica.spikes, spikes, strict=True):
        log.used = int(row[used])
    due, used, bad = (SAMPLES.column(name) for name in ("DUE", "USED", "BAD"))
    for sample, row in zip(replica.samples, samples, strict=True):
        sample.next_step, sample.used = int(row[due]), int(row[used])
        sample.suspect = bool(sample.suspect) or bool(row[bad])
