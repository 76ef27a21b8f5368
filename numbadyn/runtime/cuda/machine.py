"""A machine on a GPU: the memory of a program there, launches of many steps, and what they record.

In: a program with its bindings, and logs.  Out: `advance`.  Must not know: how chunks are chosen, units, user objects.

While one launch runs, what the one before has recorded is on its way back.  The clock (step, how it went) lies on the
device, so that a launch goes on where the one before has stopped, whatever stopped it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cuda.directory import DIRECTORY, ENTRY, schedule_place
from numbadyn.codegen.cuda.emitters import EMITTERS
from numbadyn.codegen.cuda.source import (
    cuda_source,
    entries,
    kernel_names,
    library_entries,
    library_source,
    scratch_size,
)
from numbadyn.errors import DeviceMemoryError
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.program import Program
from numbadyn.lowering.waits.owners import numbered
from numbadyn.runtime.compiled import CompiledMachine, CompiledReplica
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.cuda.launches import Launches, Way, launches_of
from numbadyn.runtime.cuda.logs import LaunchLogs, SamplePlace, log_bytes, longest_launch
from numbadyn.runtime.cuda.mirror import DeviceMirror
from numbadyn.runtime.cuda.tables import DeviceTables
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.machine import Outcome
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.on_demand import load

__all__ = ["CudaMachine"]

_RESERVE = 64 << 20
_MOST_IN_BIN, _BIN_BYTES = 32, 1 << 27
_PIECES = 4
"""Launches of a chunk, so that all but the last one run beside the way back of what was recorded."""


class CudaMachine(CompiledMachine):
    """Compiled code on a GPU.

    Parameters
    ----------
    program : Program
        Lowered network.
    contexts : sequence of BindContext
        dt, seed, precision, parameters, of a single replica.
    tables : sequence of list
        Its synapse tables.
    label : str
        Name in the cache.
    device : Device
        Where; it may hold the tables already.
    reproducible : bool
        Give the bits of the CPU target.
    launch : {"persistent", "graph", "single"}
        One kernel for many steps; graphs of one kernel a phase; launches of one kernel a phase.
    """

    def __init__(
        self,
        program: Program,
        contexts: Sequence[BindContext],
        tables: Sequence[list[Any]],
        label: str,
        *,
        device: Device,
        reproducible: bool = False,
        launch: Way = "persistent",
    ) -> None:
        assert len(contexts) == 1, "a batch on a device"
        self.device = device
        self._reproducible, self._way = reproducible, launch
        self._placed: dict[int, tuple[NDArray[Any], Any]] = {}
        self._old_placed: dict[int, tuple[NDArray[Any], Any]] = {}
        self._logs: list[LaunchLogs] = []
        self._logs_steps = 0
        self._bins: dict[str, Any] = {}
        self._lists: dict[str, Any] = {}
        self._spare_rows: list[Any] = []
        self.mirror = DeviceMirror(device)
        super().__init__(program, contexts, tables, label, self.mirror)

    @property
    def replica(self) -> CompiledReplica:
        """The only one."""
        return self.replicas[0]

    @property
    def memory(self) -> Memory:
        """Its memory."""
        return self.replica.memory

    def _load_code(self, label: str) -> None:
        bits, exact = self.context.bits, self._reproducible
        library = load(
            library_source(self.program, bits, reproducible=exact), label="library", entry=library_entries(self.program)
        )
        self.source = cuda_source(self.program, bits, library.path.stem, reproducible=exact)
        self.loaded = load(self.source, label=label, entry=entries(self.program))
        names = kernel_names(self.program, ordered=exact)
        self.launches: Launches = launches_of(self._way, self.device, self.loaded.module, names, self._work())

    def _work(self) -> int:
        """For how many threads a step has work: a thread an element, and some for each synapse of a spike."""
        stages = [stage for stages in self.program.schedule for stage in stages]
        delivers = any(True for stage in stages for _total in stage.sums())
        synapses = sum(int(table.n_synapses) for table in self.memory.tables) if delivers else 0
        return max([*(stage.size() for stage in stages), min(synapses // 64, 1 << 18), 1])

    # ---- memory ------------------------------------------------------------------------------------------------------

    def _place(self, array: Any) -> int:
        """Address of a copy there; an array that was there in the run before is not copied again."""
        if not isinstance(array, np.ndarray):
            return self.device.address(array)
        known = self._placed.get(id(array)) or self._old_placed.get(id(array))
        if known is None or known[0] is not array:
            known = (array, self.device.to_device(array))
        self._placed[id(array)] = known
        return self.device.address(known[1])

    def renew(self, array: NDArray[Any]) -> None:
        """Copy an array there again."""
        known = self._placed.get(id(array))
        if known is not None:
            self.device.write(known[1], array)

    def begin(self, logs: Sequence[Logs]) -> None:
        """Fetch parameters anew and get ready for a run with these logs, those of the only replica."""
        own = logs[0]
        self._spare_rows, self._logs = [logs.rows for logs in self._logs], []
        self._check_room(log_bytes(own.spikes, own.samples))
        self._old_placed, self._placed = self._placed, {}
        super().begin(logs)
        self._old_placed = {}

    def _check_room(self, logs: int) -> None:
        """Refuse to start what would not fit, with a forecast; synapses are there already, and after a run the rest."""
        free, needed, what = self.device.free_bytes, logs, f"The logs of what is recorded of {self.step.name}"
        if not self.mirror.there:
            needed += self.arenas.nbytes + (0 if self._bins else self._bytes_of_bins()) + _RESERVE
            what = f"The states and histories of {self.step.name} and what is recorded"
        tables = self._bytes_of_lookups()
        needed, parts = needed + tables, f", tables {tables / 1e9:.2f} GB" * (tables > 0)
        if free is not None and needed > free:
            raise DeviceMemoryError(
                f"{what} ({logs / 1e9:.2f} GB at a time{parts}) need {needed / 1e9:.2f} GB beside what is there, "
                f"but {self.device.name} has only {free / 1e9:.2f} GB free.",
                where=self.step.name,
                cure="Record fewer elements, shorten delays or take a smaller network"
                + (", or precision=32" if self.context.bits == 64 else "")
                + ", or target='cpu'.",
                parts=parts,
            )

    def _bytes_of_lookups(self) -> int:
        """Bytes of the arrays that the step reads and that are not there yet; files too, which a device cannot map."""
        arrays = {id(array): array for array in (lookup.fetch(self.context) for lookup in self.step.lookups)}
        return sum(array.nbytes for key, array in arrays.items() if key not in self._placed)

    def _make_tables(self, memory: Memory, sampled: set[int]) -> DeviceTables:
        return DeviceTables(memory, sampled, self._place, numbered(self.program))

    # ---- getting ready -----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.mirror.fill(self.arenas)
        self._directory = self._write_directory()
        ends = self.program.ends_at_once()
        place = [] if ends is None else [self.memory.offsets[ends]]
        self._clock = self._listed("clock", np.array([self.number, 0, self.number, *place], np.int64))
        self._longest = longest_launch(self.replica.samples)

    def _write_directory(self) -> Any:
        """The directory `D`, and the tables that it speaks of."""
        replica = self.replica
        assert isinstance(replica.tables, DeviceTables)
        integers: list[NDArray[np.int64]] = []
        reals: list[NDArray[Any]] = []
        used = {"T": 0, "S": 0}

        def put(table: NDArray[Any], where: str, kept: list[NDArray[Any]]) -> int:
            begin = used[where]
            kept.append(table.reshape(-1))
            used[where] += table.size
            return begin

        schedule = self.program.schedule
        directory = np.zeros(schedule_place(len(schedule)), np.int64)
        places = {name: number for number, name in enumerate(DIRECTORY.columns)}
        directory[places["TERMS"]] = put(replica.tables.terms, "T", integers)
        bins = counts = 0
        for number, (stages, (rows, *others)) in enumerate(zip(schedule, replica.tables.stages, strict=True)):
            emitter, sums = EMITTERS[type(stages[0])], sum(total.size for stage in stages for total in stage.sums())
            said = {"ROWS": put(rows, "T", integers), "COUNT": len(rows), "BINS": bins, "SCRATCH": counts}
            for table in others:
                if table.dtype.kind == "f":
                    said["REALS"] = put(table, "S", reals)
                else:
                    said["INTEGERS"] = put(table, "T", integers)
            if sums:
                said["PAIRS"] = put(replica.tables.pairs(rows, bins), "T", integers)
            place = schedule_place(number)
            directory[place : place + len(ENTRY)] = ENTRY.row(**{**dict.fromkeys(ENTRY.columns, 0), **said})
            bins, counts = bins + sums, counts + len(rows) * emitter.scratch
        scratch = scratch_size(self.program)
        lists = {
            "T": self._listed("T", np.concatenate(integers)),
            "S": self._listed("S", np.concatenate([np.zeros(0, self.memory.R.dtype), *reals])),
            "W": self._listed("W", np.zeros(scratch + len(replica.checks), np.int64)),
        }
        self._make_bins()
        for name, array in {**self.mirror.there, **lists, **self._bins}.items():
            directory[places[name]] = self.device.address(array)
        directory[places["KEY0"]], directory[places["KEY1"]] = (
            replica.context.seed & 0xFFFFFFFF,
            replica.context.seed >> 32,
        )
        directory[places["MARKS"]], directory[places["ROOM"]] = scratch, self._room_of_bins()
        return self._listed("directory", directory)

    def _listed(self, name: str, values: NDArray[Any]) -> Any:
        """A copy there, in the place of that of the run before if it has the same size: graphs go by addresses."""
        known = self._lists.get(name)
        if known is None or known.size != max(1, values.size):
            known = self._lists[name] = self.device.to_device(values)
        else:
            self.device.write(known, values)
        return known

    def _number_of_bins(self) -> int:
        """One for each target of synaptic events whose sums keep the order of the CPU target."""
        if not self._reproducible:
            return 0
        return sum(total.size for stages in self.program.schedule for stage in stages for total in stage.sums())

    def _room_of_bins(self) -> int:
        each = 8 + self.memory.R.itemsize
        return min(_MOST_IN_BIN, max(1, _BIN_BYTES // (each * max(1, self._number_of_bins()))))

    def _bytes_of_bins(self) -> int:
        return self._number_of_bins() * (8 + self._room_of_bins() * (8 + self.memory.R.itemsize))

    def _make_bins(self) -> None:
        """Empty bins; whoever reads one empties it, so that they serve all runs."""
        if not self._bins:
            number, room = self._number_of_bins(), self._room_of_bins()
            self._bins["K"] = self.device.to_device(np.zeros(number * (room + 1), np.int64))
            self._bins["V"] = self.device.empty(number * room, self.memory.R.dtype)

    def _new_logs(self, steps: int) -> LaunchLogs:
        memory, replica = self.memory, self.replica
        spikes = [replica.tables.events(log.channel) for log in replica.spikes]
        samples = []
        for log in replica.samples:
            buffer = replica.buffer_of(log)
            samples.append(SamplePlace(buffer.kind, memory.offsets[buffer], self._place(log.elements)))
        rows = self._spare_rows.pop() if self._spare_rows else None
        return LaunchLogs(self.device, replica.spikes, replica.samples, spikes, samples, replica.checks, steps, rows)

    def _run_nothing(self) -> None:
        self._launch(self._new_logs(1), self.number, 1)
        self.device.synchronize()

    # ---- running -----------------------------------------------------------------------------------------------------

    def _launch(self, logs: LaunchLogs, last: int, most: int) -> None:
        logs.open()
        self.launches.launch(last, most, self.context.dt, self._directory, logs.rows, self._clock)

    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`, or less far if something is not finite or a guard ends the run at once."""
        most = min(self._longest, max(1, -(-(stop - self.number) // _PIECES)))
        if not self._logs or self._logs_steps < most:
            self._logs_steps = min(self._longest, 2 * most)
            self._logs = [self._new_logs(self._logs_steps) for _ in range(2)]
        under_way = deque[tuple[LaunchLogs, Any]]()
        try:
            failed = self._pipeline(stop, most, under_way)
        except (KeyboardInterrupt, MemoryError):  # the clock on the device runs on until all launches are over
            while under_way:
                self._collect(under_way)
            self.replica.number = int(self.device.read(self._clock, 0, 1)[0])
            raise
        if failed is not None:
            return Outcome(self.number, self.replica.fail(failed))
        return Outcome(self.number, guard=self.replica.broken_guard())

    def _pipeline(self, stop: int, most: int, under_way: deque[tuple[LaunchLogs, Any]]) -> int | None:
        """Keep two launches under way until step `stop`; gives the check that failed."""
        idle, expected = deque(self._logs), self.number
        failed: int | None = None
        over = False
        while under_way or (self.number < stop and not over and not self.interrupts.asked):
            while idle and expected < stop and not over and not self.interrupts.asked:
                logs = idle.popleft()
                logs.reserve(len(under_way) + 1)
                self._launch(logs, stop, most)
                under_way.append((logs, self.device.mark()))
                expected = min(stop, expected + most)
            logs, status, bad = self._collect(under_way)
            idle.append(logs)
            over = over or status > 1  # launches behind it do nothing and say so
            if status == 2 and failed is None:
                failed = bad
            if not under_way:
                expected = self.number
        return failed

    def _collect(self, under_way: deque[tuple[LaunchLogs, Any]]) -> tuple[LaunchLogs, int, int]:
        """Wait for the oldest launch and fetch what it has recorded."""
        logs, event = under_way.popleft()
        self.device.wait(event)
        self.replica.number, status, bad = logs.collect()
        return logs, status, bad
