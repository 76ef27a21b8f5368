"""The machine of the CPU target: generated code on one thread.

In: a program with its bindings, and logs.  Out: `advance`, which runs whole chunks of steps.  Must not know: how chunks
are chosen, units, user objects.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cpu.source import ENTRY, cpu_source, library_entries, library_source, without_comments
from numbadyn.ir.kinds import KINDS
from numbadyn.runtime.compiled import CompiledMachine
from numbadyn.runtime.machine import Outcome
from numbadyn.runtime.on_demand import load

__all__ = ["CpuMachine"]


class CpuMachine(CompiledMachine):
    """Compiled code on one thread."""

    def _load_code(self, label: str) -> None:
        bits = self.context.bits
        library = load(library_source(self.program, bits), label="library", entry=library_entries(self.program))
        self.source = cpu_source(self.program, bits, library.path.stem)
        self.loaded = load(without_comments(self.source), label=label, entry=(ENTRY,))

    def _bind(self) -> None:
        self._status = np.zeros(4, np.int64)

    def _run_nothing(self) -> None:
        self._call(self.number, self.number)

    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`, or less far if something is not finite or Ctrl-C is pressed."""
        while self.number < stop:
            self._call(self.number, stop)
            self.number = int(self._status[2])
            if self._status[0] == 2:
                return self._ended(int(self._status[1]))
            if self._status[0] == 1:
                for log in self._spikes:
                    log.reserve(log.width)
            elif (guard := self.broken_guard()) is not None:
                return Outcome(self.number, guard=guard)
        return Outcome(self.number)

    def _spike_rows(self) -> NDArray[np.int64]:
        memory = self.memory
        rows = [
            [
                memory.event_offsets[log.channel], memory.count_offsets[log.channel], memory.depths[log.channel],
                log.indices.ctypes.data, log.width, log.used, log.indices.size, log.steps.ctypes.data,
                log.start, log.stop,
            ]
            for log in self._spikes
        ]  # fmt: skip
        return np.array(rows, dtype=np.int64).reshape(len(rows), 10)

    def _sample_rows(self) -> NDArray[np.int64]:
        memory, rows = self.memory, []
        for log in self._samples:
            buffer = self.buffer_of(log)
            rows.append(
                [
                    int(log.kind == "probe"), KINDS[buffer.kind].code, memory.offsets[buffer],
                    log.elements.size, log.elements.ctypes.data, log.next_step, log.every, log.last,
                    log.values.ctypes.data, 0, log.used, 1, 0,
                ]
            )  # fmt: skip
        return np.array(rows, dtype=np.int64).reshape(len(rows), 13)

    def _call(self, first: int, last: int) -> None:
        m, seed = self.memory, self.context.seed
        spikes, samples = self._spike_rows(), self._sample_rows()
        key = (np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32))
        self.loaded.module.run(
            first,
            last,
            self.context.dt,
            *key,
            m.R,
            m.I,
            m.B,
            m.E,
            m.C,
            self.tables.terms,
            spikes,
            samples,
            self._checks,
            self._status,
            *self.tables.stages,
        )
        for log, row in zip(self._spikes, spikes, strict=True):
            log.used = int(row[5])
        for sample, row in zip(self._samples, samples, strict=True):
            sample.next_step, sample.used = int(row[5]), int(row[10])
            sample.suspect = bool(sample.suspect) or bool(row[9])
