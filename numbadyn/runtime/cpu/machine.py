"""The machine of the CPU target: generated code on one thread.

In: a program with its bindings, and logs.  Out: `advance`, which runs whole chunks of steps.  Must not know: how chunks
are chosen, units, user objects.

The replicas of a batch take turns: each runs a block of steps, while its slice of the memory is in the cache.  A block
is begun only if the logs of all replicas have room for it, and a replica with values that are not finite goes on to its
end: so all replicas are at the same step after it, whatever happens.
"""

from __future__ import annotations

import numpy as np

from numbadyn.codegen.cpu.source import ENTRY, cpu_source, library_entries, library_source, without_comments
from numbadyn.errors import NotEnoughMemoryError
from numbadyn.runtime.compiled import CompiledMachine, CompiledReplica
from numbadyn.runtime.cpu.logs import note_rows, sample_rows, spike_rows
from numbadyn.runtime.machine import Outcome
from numbadyn.runtime.on_demand import load

__all__ = ["CpuMachine"]

_SPIKES_OF_BLOCK = 1 << 21


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
            return self._run(0, stop, to_the_end=False)
        outcome = Outcome(self.number)
        while self.number < stop and outcome.fine and not self.interrupts.asked:
            end = self._end_of_block(stop)
            endings = [self._run(number, end, to_the_end=True) for number in range(len(self.replicas))]
            bad = [ending for ending in endings if not ending.fine]
            outcome = min(bad, key=lambda ending: ending.found or ending.reached, default=endings[0])
        return outcome

    def _end_of_block(self, stop: int) -> int:
        """Where the block that begins now ends; its spikes surely fit into the logs."""
        first = self.number
        logs = [log for replica in self.replicas for log in replica.spikes]
        widest = max((log.width for log in logs), default=1)
        end = min(stop, first + max(1, _SPIKES_OF_BLOCK // widest))
        try:
            for log in logs:
                log.reserve(log.width * (end - first))
        except NotEnoughMemoryError:
            end = first + 1
            for log in logs:
                log.reserve(log.width)
        return end

    def _run(self, number: int, stop: int, *, to_the_end: bool) -> Outcome:
        """Run a replica up to step `stop`; if something is not finite there, on to the end only if that is asked."""
        replica, failed = self.replicas[number], None
        while replica.number < stop:
            self._call(replica, stop)
            replica.number = int(self._status[2])
            if self._status[0] == 2 and failed is None:
                failed = (replica.fail(int(self._status[1])), replica.number)
                if not to_the_end:
                    break
            if self._status[0] == 1:
                for log in replica.spikes:
                    log.reserve(log.width)
        if failed is not None:
            return Outcome(replica.number, failed[0], replica=number, found=failed[1])
        return Outcome(replica.number, guard=replica.broken_guard(), replica=number)

    def _call(self, replica: CompiledReplica, last: int) -> None:
        """Run the compiled code over the slice of a replica, with its random key and its tables."""
        m, seed = replica.memory, replica.context.seed
        spikes, samples = spike_rows(replica), sample_rows(replica)
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
        note_rows(replica, spikes, samples)
