"""The machine of the CPU target: generated code on one thread.

In: a program with its bindings, and logs.  Out: `advance`, which runs whole chunks of steps.  Must not know: how chunks
are chosen, units, user objects.

The replicas of a batch take turns: each runs a block of steps, while its slice of the memory is in the cache.  A block
is begun only if the logs of all replicas have room for it, and a replica with values that are not finite goes on to its
end: so all replicas are at the same step after it, whatever happens.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from numbadyn.codegen.cpu.source import ENTRY, cpu_source, library_entries, library_source, without_comments
from numbadyn.codegen.cpu.time_loop import STATUS
from numbadyn.runtime.compiled import CompiledMachine, CompiledReplica
from numbadyn.runtime.cpu.arrangement import Arrangement
from numbadyn.runtime.cpu.clock import StageClock
from numbadyn.runtime.cpu.logs import LogRows
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.machine import Outcome
from numbadyn.runtime.on_demand import load
from numbadyn.runtime.spent import Spent
from numbadyn.runtime.state_rows import met_from_both_sides

__all__ = ["CpuMachine"]


class CpuMachine(CompiledMachine):
    """Compiled code on one thread."""

    def _load_code(self, label: str) -> None:
        bits = self.context.bits
        library = load(library_source(bits), label="library", entry=library_entries())
        name = library.path.stem
        self.source = self._text(lambda: cpu_source(self.program, bits, name), "cpu", bits, name)
        bare = self._text(lambda: without_comments(self.source), "cpu without comments", bits, name)
        self.loaded = load(bare, label=label, entry=(ENTRY,))
        self._label, self._library = label, name
        self._clock: StageClock | None = None
        self._arrangements = [Arrangement(replica.memory) for replica in self.replicas]

    def _met_from_both_sides(self) -> Collection[int]:
        return met_from_both_sides(self.program)

    def measure(self, on: bool) -> None:
        """Take the loop that reads a clock around stages in some steps, or the plain one."""
        self._clock = StageClock() if on else None

    def spent(self) -> list[Spent]:
        """Seconds of each kind of work for each module."""
        return [] if self._clock is None else self._clock.spent()

    @functools.cached_property
    def _timed(self) -> Any:
        """The module with the timed loop."""
        text = cpu_source(self.program, self.context.bits, self._library, timed=True)
        return load(without_comments(text), label=self._label, entry=(ENTRY,))

    def _begin(self) -> None:
        loaded, size = self.loaded, STATUS
        if self._clock is not None:
            loaded, size = self._timed, self._clock.begin(self.replicas)
        self._status, self._ends = np.zeros(size, np.int64), self.program.ends_at_once()
        if self._ends is not None:
            self._status[3] = self.replicas[0].memory.offsets[self._ends]
        self._rows = LogRows(self.replicas)
        self._run_slice = loaded.module.run
        self._arguments = [self._bound(number) for number in range(len(self.replicas))]

    def _bound(self, number: int) -> tuple[Any, ...]:
        """What the compiled code is told of a replica in each call of this run."""
        replica = self.replicas[number]
        memory, seed = replica.memory, replica.context.seed
        arenas = (memory.R, memory.I, memory.B, memory.E, memory.C)
        key = (np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32))
        rows = (replica.tables.terms, self._rows.spikes[number], self._rows.samples[number], replica.checks)
        tables = (table for tables in replica.tables.stages for table in tables)
        return (replica.context.dt, *key, *arenas, *rows, self._status, *tables)

    def resume(self, logs: Sequence[Logs]) -> None:
        """Prepare sums from states that may have been set; parameters and tables are what they were."""
        for replica, own in zip(self.replicas, logs, strict=True):
            replica.begin(own)
        self._begin()

    def _is_compiled(self) -> bool:
        loaded = self.loaded if self._clock is None else self._timed
        return bool(loaded.compiled + loaded.restored)

    def _run_nothing(self) -> None:
        self._call(self.replicas[0], self.number)

    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`, or less far if something is not finite or Ctrl-C is pressed between two blocks."""
        self._rows.follow()
        try:
            outcome = self._advance_one(stop) if len(self.replicas) == 1 else self._advance_all(stop)
        finally:
            self._rows.note()
        self._arrange()
        return outcome

    def _arrange(self) -> None:
        """Let states of synapses lie in the order that costs less, and write the rows that say where they are."""
        turned = False
        for replica, arrangement in zip(self.replicas, self._arrangements, strict=True):
            if arrangement.follow(replica.tables):
                replica.tables = self._make_tables(replica.memory, self._sampled(replica.samples))
                turned = True
        if turned:
            self._begin()

    def _advance_one(self, stop: int) -> Outcome:
        """Run the only replica; its logs grow when they are full."""
        (replica,) = self.replicas
        while replica.number < stop:
            self._call(replica, stop)
            if self._status[0] == 2:
                return Outcome(replica.number, replica.fail(int(self._status[1])), found=replica.number)
            if self._status[0] == 3:
                break
            if self._status[0] == 1:
                self._rows.reserve(replica.number, replica.number + 1)
        return Outcome(replica.number, guard=replica.broken_guard())

    def _advance_all(self, stop: int) -> Outcome:
        """Let replicas take turns, block by block."""
        outcome = Outcome(self.number)
        while self.number < stop and outcome.fine and not self.interrupts.asked:
            # no replica may go further than the one in which the run ends
            end = self._rows.reserve(self.number, stop if self._ends is None else self.number + 1)
            endings = [self._to_the_end(replica, end) for replica in self.replicas]
            bad = [ending for ending in endings if not ending.fine]
            outcome = min(bad, key=lambda ending: ending.found or ending.reached, default=endings[0])
        return outcome

    def _to_the_end(self, replica: CompiledReplica, stop: int) -> Outcome:
        """Run a replica to the end of a block, also if something is not finite there before."""
        failed = None
        while replica.number < stop:
            self._call(replica, stop)
            if self._status[0] == 2 and failed is None:
                failed = (replica.fail(int(self._status[1])), replica.number)
        place = replica.place
        if failed is not None:
            return Outcome(stop, failed[0], replica=place, found=failed[1])
        return Outcome(stop, guard=replica.broken_guard(), replica=place)

    def _call(self, replica: CompiledReplica, last: int) -> None:
        """Run the compiled code over the slice of a replica, with its random key and its tables."""
        first, begun = replica.number, time.perf_counter()
        self._run_slice(first, last, *self._arguments[replica.place])
        replica.number = int(self._status[2])
        if self._clock is not None:
            self._clock.note(replica.place, replica.number - first, time.perf_counter() - begun, self._status)
