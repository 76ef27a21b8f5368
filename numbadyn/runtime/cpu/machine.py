"""The machine of the CPU target: generated code on one thread.

In: a program with its bindings, and logs.  Out: `advance`, which runs whole chunks of steps.  Must not know: how chunks
are chosen, units, user objects.

The replicas of a batch take turns: each runs a block of steps, while its slice of the memory is in the cache.  A block
ends where values are searched for what is not finite, and is begun only if the logs of all replicas have room for it,
so that nothing ends a block early and all replicas are at the same step after it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cpu.source import ENTRY, cpu_source, library_entries, library_source, without_comments
from numbadyn.errors import NotEnoughMemoryError
from numbadyn.ir.kinds import KINDS
from numbadyn.lowering.program import CHECK_EVERY
from numbadyn.runtime.compiled import CompiledMachine, CompiledReplica
from numbadyn.runtime.machine import Outcome
from numbadyn.runtime.on_demand import load

__all__ = ["CpuMachine"]

_SPIKES_OF_BLOCK = 1 << 20


class CpuMachine(CompiledMachine):
    """Compiled code on one thread."""

    def _load_code(self, label: str) -> None:
        bits = self.context.bits
        library = load(library_source(bits), label="library", entry=library_entries())
        self.source = cpu_source(self.program, bits, library.path.stem)
        self.loaded = load(without_comments(self.source), label=label, entry=(ENTRY,))

    def _begin(self) -> None:
        self._status = np.zeros(4, np.int64)

    def _run_nothing(self) -> None:
        self._call(self.replicas[0], self.number)

    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`, or less far if something is not finite or Ctrl-C is pressed between two blocks."""
        if len(self.replicas) == 1:
            return self._run(0, stop)
        outcome = Outcome(self.number)
        while self.number < stop and outcome.fine and not self.interrupts.asked:
            end = self._end_of_block(stop)
            endings = [self._run(number, end) for number in range(len(self.replicas))]
            outcome = next((ending for ending in endings if not ending.fine), endings[0])
        return outcome

    def _end_of_block(self, stop: int) -> int:
        """Where the block that begins now ends; its spikes surely fit into the logs."""
        first = self.number
        logs = [log for replica in self.replicas for log in replica.spikes]
        widest = max((log.width for log in logs), default=1)
        end = min(stop, first // CHECK_EVERY * CHECK_EVERY + CHECK_EVERY, first + max(1, _SPIKES_OF_BLOCK // widest))
        try:
            for log in logs:
                log.reserve(log.width * (end - first))
        except NotEnoughMemoryError:
            end = first + 1
            for log in logs:
                log.reserve(log.width)
        return end

    def _run(self, number: int, stop: int) -> Outcome:
        """Run a replica up to step `stop`, or less far if something is not finite there."""
        replica = self.replicas[number]
        while replica.number < stop:
            self._call(replica, stop)
            replica.number = int(self._status[2])
            if self._status[0] == 2:
                return Outcome(replica.number, replica.fail(int(self._status[1])), replica=number)
            if self._status[0] == 1:
                for log in replica.spikes:
                    log.reserve(log.width)
            elif (guard := replica.broken_guard()) is not None:
                return Outcome(replica.number, guard=guard, replica=number)
        return Outcome(replica.number)

    def _call(self, replica: CompiledReplica, last: int) -> None:
        """Run the compiled code over the slice of a replica, with its random key and its tables."""
        m, seed = replica.memory, replica.context.seed
        spikes, samples = _spike_rows(replica), _sample_rows(replica)
        key = (np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32))
        self.loaded.module.run(
            replica.number,
            last,
            replica.context.dt,
            *key,
            m.R,
            m.I,
            m.B,
            m.E,
            m.C,
            replica.tables.terms,
            spikes,
            samples,
            replica.checks,
            self._status,
            *(table for tables in replica.tables.stages for table in tables),
        )
        for log, row in zip(replica.spikes, spikes, strict=True):
            log.used = int(row[5])
        for sample, row in zip(replica.samples, samples, strict=True):
            sample.next_step, sample.used = int(row[5]), int(row[10])
            sample.suspect = bool(sample.suspect) or bool(row[9])


def _spike_rows(replica: CompiledReplica) -> NDArray[np.int64]:
    memory = replica.memory
    rows = [
        [
            memory.event_offsets[log.channel], memory.count_offsets[log.channel], memory.depths[log.channel],
            log.indices.ctypes.data, log.width, log.used, log.indices.size, log.steps.ctypes.data,
            log.start, log.stop,
        ]
        for log in replica.spikes
    ]  # fmt: skip
    return np.array(rows, dtype=np.int64).reshape(len(rows), 10)


def _sample_rows(replica: CompiledReplica) -> NDArray[np.int64]:
    memory, rows = replica.memory, []
    for log in replica.samples:
        buffer = replica.buffer_of(log)
        rows.append(
            [
                int(log.kind == "probe"), KINDS[buffer.kind].code, memory.offsets[buffer],
                log.elements.size, log.elements.ctypes.data, log.next_step, log.every, log.last,
                log.values.ctypes.data, 0, log.used, 1, 0,
            ]
        )  # fmt: skip
    return np.array(rows, dtype=np.int64).reshape(len(rows), 13)
