"""A machine on a GPU: the memory of a program there, launches of many steps, and what they record.

In: a program with its bindings, and logs.  Out: `advance`.  Must not know: how chunks are chosen, units, user objects.

While one launch runs, what the one before has recorded is on its way back.  The clock (step, how it went) lies on the
device, so that a launch goes on where the one before has stopped, whatever stopped it.

Each replica of a batch has a directory, a clock and logs of its own.  A launch has room for all spikes of its steps
then, so that only what is not finite can stop a replica before the others; such a one is brought to their step by a
launch that checks nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cuda.directory import CLOCK_PLACES, DIRECTORY, ENTRY, schedule_place
from numbadyn.codegen.cuda.emitters import EMITTERS
from numbadyn.codegen.cuda.source import (
    cuda_source,
    entries,
    kernel_names,
    library_entries,
    library_source,
    scratch_size,
)
from numbadyn.errors import DeviceMemoryError, UnsupportedFeatureError
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.delivery import DeliveryStage
from numbadyn.lowering.waits.owners import numbered
from numbadyn.runtime.compiled import CompiledMachine, CompiledReplica
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.cuda.launches import Launches, Way, launches_of
from numbadyn.runtime.cuda.logs import Ending, LaunchLogs, Recorded, SamplePlace, log_bytes, longest_launch
from numbadyn.runtime.cuda.mirror import DeviceMirror
from numbadyn.runtime.cuda.tables import DeviceTables
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.machine import Outcome
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.on_demand import load

__all__ = ["CudaMachine"]

_RESERVE = 64 << 20
_MOST_IN_BIN, _BIN_BYTES = 32, 1 << 27
_MOST_REPLICAS = 65535
_PIECES = 4
"""Launches of a chunk, so that all but the last one run beside the way back of what was recorded."""

Pipe = deque[tuple[LaunchLogs, Any]]
"""Launches under way, the oldest first, with what marks their end."""


class CudaMachine(CompiledMachine):
    """Compiled code on a GPU.

    Parameters
    ----------
    program : Program
        Lowered network.
    contexts : sequence of BindContext
        dt, seed, precision, parameters, of each replica.
    tables : sequence of list
        Their synapse tables.
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
        if len(contexts) > _MOST_REPLICAS:
            raise UnsupportedFeatureError(
                f"A batch of {len(contexts)} replicas is more than a GPU can number.",
                where="Simulator(batch=...)",
                cure=f"Run several batches of at most {_MOST_REPLICAS} replicas.",
                replicas=len(contexts),
            )
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
    def number(self) -> int:
        """The next step; between two launches a replica may be ahead of others."""
        return min(replica.number for replica in self.replicas)

    def _load_code(self, label: str) -> None:
        bits, exact = self.context.bits, self._reproducible
        library = load(
            library_source(self.program, bits, reproducible=exact), label="library", entry=library_entries(self.program)
        )
        name = library.path.stem
        self.source = self._text(
            lambda: cuda_source(self.program, bits, name, reproducible=exact), "cuda", bits, exact, name
        )
        self.loaded = load(self.source, label=label, entry=entries(self.program, ordered=exact))
        names = kernel_names(self.program, ordered=exact)
        self.launches: Launches = launches_of(
            self._way, self.device, self.loaded.module, names, self._work(), len(self.replicas)
        )

    def _work(self) -> int:
        """For how many threads a step of a replica has work: one an element, and some for each synapse of a spike."""
        stages = [stage for stages in self.program.schedule for stage in stages]
        delivers = any(True for stage in stages for _total in stage.sums())
        tables = [replica.memory.tables for replica in self.replicas] if delivers else []
        synapses = max((sum(int(table.n_synapses) for table in made) for made in tables), default=0)
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
        """Fetch parameters anew and get ready for a run with these logs, one a replica."""
        own = logs[0]
        self._spare_rows, self._logs = [logs.rows for logs in self._logs], []
        self._check_room(log_bytes(own.spikes, own.samples, len(logs)))
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
        fetched = (lookup.fetch(one.context) for one in self.replicas for lookup in one.step.lookups)
        arrays = {id(array): array for array in fetched}
        return sum(array.nbytes for key, array in arrays.items() if key not in self._placed)

    def _make_tables(self, memory: Memory, sampled: set[int]) -> DeviceTables:
        return DeviceTables(memory, sampled, self._place, numbered(self.program))

    # ---- getting ready -----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.mirror.fill(self.arenas)
        self._directory = self._write_directory()
        self._ends = self.program.ends_at_once()
        place = 0 if self._ends is None else self.replicas[0].memory.offsets[self._ends]
        clocks = [(replica.number, 0, replica.number, place) for replica in self.replicas]
        self._clock = self._listed("clock", np.array(clocks, np.int64).reshape(-1))
        first = self.replicas[0]
        self._longest = longest_launch(first.spikes, first.samples, len(self.replicas))

    def _write_directory(self) -> Any:
        """The directories `D` of all replicas, and the tables that they speak of."""
        tables = _Tables(self.replicas[0].memory.R.dtype)
        directories = [self._directory_of(replica, tables) for replica in self.replicas]
        marks, own = scratch_size(self.program), self._scratch_of_replica()
        lists = {
            "T": self._listed("T", np.concatenate(tables.integers)),
            "S": self._listed("S", np.concatenate(tables.reals)),
            "W": self._listed("W", np.zeros(len(self.replicas) * own, np.int64)),
        }
        self._make_bins()
        places = {name: number for number, name in enumerate(DIRECTORY.columns)}
        for replica, directory in zip(self.replicas, directories, strict=True):
            begins = self._begins(replica)
            for name, array in {**self.mirror.there, **lists, **self._bins}.items():
                directory[places[name]] = self.device.address(array) + begins.get(name, 0) * array.dtype.itemsize
            seed = replica.context.seed
            directory[places["KEY0"]], directory[places["KEY1"]] = seed & 0xFFFFFFFF, seed >> 32
            directory[places["MARKS"]], directory[places["ROOM"]] = marks, self._room_of_bins()
            directory[places["SIZE"]] = directory.size
        return self._listed("directory", np.concatenate(directories))

    def _directory_of(self, replica: CompiledReplica, tables: _Tables) -> NDArray[np.int64]:
        """The directory of a replica but for its addresses; its tables are put to those of the others."""
        assert isinstance(replica.tables, DeviceTables)
        schedule = self.program.schedule
        directory = np.zeros(schedule_place(len(schedule)), np.int64)
        directory[DIRECTORY.column("TERMS")] = tables.put(replica.tables.terms)
        bins = counts = 0
        for number, (stages, (rows, *others)) in enumerate(zip(schedule, replica.tables.stages, strict=True)):
            emitter, sums = EMITTERS[type(stages[0])], sum(total.size for stage in stages for total in stage.sums())
            said = {"ROWS": tables.put(rows), "COUNT": len(rows), "BINS": bins, "SCRATCH": counts}
            for table in others:
                said["REALS" if table.dtype.kind == "f" else "INTEGERS"] = tables.put(table)
            if isinstance(stages[0], DeliveryStage):
                said["PAIRS"] = tables.put(replica.tables.pairs(rows, bins))
            place = schedule_place(number)
            directory[place : place + len(ENTRY)] = ENTRY.row(**{**dict.fromkeys(ENTRY.columns, 0), **said})
            bins, counts = bins + sums, counts + len(rows) * emitter.scratch
        return directory

    def _begins(self, replica: CompiledReplica) -> dict[str, int]:
        """Where the part of a replica begins in each array that has one for all of them."""
        place, bins = replica.place, self._number_of_bins()
        own = {
            "W": self._scratch_of_replica(),
            "K": bins * (self._room_of_bins() + 1),
            "V": bins * self._room_of_bins(),
        }
        return {**replica.memory.begins, **{name: place * size for name, size in own.items()}}

    def _scratch_of_replica(self) -> int:
        return scratch_size(self.program) + len(self.replicas[0].checks)

    def _listed(self, name: str, values: NDArray[Any]) -> Any:
        """A copy there, in the place of that of the run before if it has the same size: graphs go by addresses."""
        known = self._lists.get(name)
        if known is None or known.size != max(1, values.size):
            known = self._lists[name] = self.device.to_device(values)
        else:
            self.device.write(known, values)
        return known

    def _number_of_bins(self) -> int:
        """One for each target of synaptic events, in each replica, whose sums keep the order of the CPU target."""
        if not self._reproducible:
            return 0
        return sum(total.size for stages in self.program.schedule for stage in stages for total in stage.sums())

    def _all_bins(self) -> int:
        return len(self.replicas) * self._number_of_bins()

    def _real_bytes(self) -> int:
        return int(self.replicas[0].memory.R.itemsize)

    def _room_of_bins(self) -> int:
        each = 8 + self._real_bytes()
        return min(_MOST_IN_BIN, max(1, _BIN_BYTES // (each * max(1, self._all_bins()))))

    def _bytes_of_bins(self) -> int:
        return self._all_bins() * (8 + self._room_of_bins() * (8 + self._real_bytes()))

    def _make_bins(self) -> None:
        """Empty bins; whoever reads one empties it, so that they serve all runs."""
        if not self._bins:
            number, room = self._all_bins(), self._room_of_bins()
            self._bins["K"] = self.device.to_device(np.zeros(number * (room + 1), np.int64))
            self._bins["V"] = self.device.empty(number * room, self.replicas[0].memory.R.dtype)

    def _new_logs(self, steps: int) -> LaunchLogs:
        rows = self._spare_rows.pop() if self._spare_rows else None
        return LaunchLogs(self.device, [self._recorded(replica) for replica in self.replicas], steps, rows)

    def _recorded(self, replica: CompiledReplica) -> Recorded:
        spikes = [replica.tables.events(log.channel) for log in replica.spikes]
        samples = []
        for log in replica.samples:
            buffer = replica.buffer_of(log)
            samples.append(SamplePlace(buffer.kind, replica.memory.offsets[buffer], self._place(log.elements)))
        return Recorded(replica.spikes, replica.samples, spikes, samples, replica.checks)

    def _run_nothing(self) -> None:
        self._launch(self._new_logs(1), self.number, 1)
        self.device.synchronize()

    # ---- running -----------------------------------------------------------------------------------------------------

    def _launch(self, logs: LaunchLogs, last: int, most: int) -> None:
        logs.open()
        self.launches.launch(last, most, self.context.dt, self._directory, logs.rows, self._clock)
        if logs.packed is not None:
            self.launches.gather(logs.rows, logs.packed)

    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`, or less far if something is not finite or a guard ends the run at once."""
        most = min(self._longest, max(1, -(-(stop - self.number) // _PIECES)))
        if self._ends is not None and len(self.replicas) > 1:
            most = 1  # no replica may go further than the one in which the run ends
        if not self._logs or self._logs_steps < most:
            self._logs_steps = min(self._longest, 2 * most)
            self._logs = [self._new_logs(self._logs_steps) for _ in range(2)]
        under_way: Pipe = deque()
        failed: dict[int, tuple[int, int]] = {}
        try:
            self._pipeline(stop, most, under_way, failed)
            self._catch_up(most)
        except (KeyboardInterrupt, MemoryError):  # the clocks on the device run on until all launches are over
            while under_way:
                self._collect(under_way)
            for replica, clock in zip(self.replicas, self._read_clocks(), strict=True):
                replica.number = int(clock[0])
            raise
        return self._outcome(failed)

    def _outcome(self, failed: dict[int, tuple[int, int]]) -> Outcome:
        """What was found, in the replica where it was found first."""
        if failed:
            place = min(failed, key=lambda replica: (failed[replica][0], replica))
            checks = {replica: self.replicas[replica].fail(bad) for replica, (_found, bad) in failed.items()}
            return Outcome(self.number, checks[place], replica=place, found=failed[place][0])
        for replica in self.replicas if self.step.guards else ():
            guard = replica.broken_guard()
            if guard is not None:
                return Outcome(self.number, guard=guard, replica=replica.place)
        return Outcome(self.number)

    def _pipeline(self, stop: int, most: int, under_way: Pipe, failed: dict[int, tuple[int, int]]) -> None:
        """Keep two launches under way until step `stop`; notes step and check of each replica that has failed."""
        one_by_one = self._ends is not None and len(self.replicas) > 1
        idle, expected, over = deque(self._logs[:1] if one_by_one else self._logs), self.number, False
        while under_way or (self.number < stop and not over and not self.interrupts.asked):
            while idle and expected < stop and not over and not self.interrupts.asked:
                logs = idle.popleft()
                logs.reserve(len(under_way) + 1)
                self._launch(logs, stop, most)
                under_way.append((logs, self.device.mark()))
                expected = min(stop, expected + most)
            logs, endings = self._collect(under_way)
            idle.append(logs)
            for place, ending in enumerate(endings):
                over = over or ending.status > 1  # launches behind it do nothing and say so
                if ending.status == 2 and place not in failed:
                    failed[place] = ending.reached, ending.bad
            if not under_way:
                expected = self.number

    def _collect(self, under_way: Pipe) -> tuple[LaunchLogs, list[Ending]]:
        """Wait for the oldest launch and fetch what it has recorded."""
        logs, event = under_way.popleft()
        self.device.wait(event)
        endings = logs.collect()
        for replica, ending in zip(self.replicas, endings, strict=True):
            replica.number = ending.reached
        return logs, endings

    def _catch_up(self, most: int) -> None:
        """Bring replicas that have failed to the step of the others."""
        stop = max(replica.number for replica in self.replicas)
        if self.number == stop:
            return
        clocks = self._read_clocks()
        clocks[:, 1] = 0
        self.device.write(self._clock, clocks.reshape(-1))
        logs, self._logs = self._logs[0], []
        logs.without_checks()
        under_way: Pipe = deque()
        while self.number < stop:
            logs.reserve(1)
            self._launch(logs, stop, most)
            under_way.append((logs, self.device.mark()))
            self._collect(under_way)

    def _read_clocks(self) -> NDArray[np.int64]:
        """Clocks of all replicas, see `numbadyn.codegen.cuda.directory.CLOCK_PLACES`."""
        return self.device.read(self._clock, 0, CLOCK_PLACES * len(self.replicas)).reshape(-1, CLOCK_PLACES)


class _Tables:
    """The tables of all replicas, one after the other."""

    def __init__(self, real: Any) -> None:
        self.integers: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        self.reals: list[NDArray[Any]] = [np.zeros(0, real)]
        self._used = {"i": 0, "f": 0}

    def put(self, table: NDArray[Any]) -> int:
        """Add a table; where it begins among those of its kind."""
        kind = table.dtype.kind
        begin = self._used[kind]
        (self.reals if kind == "f" else self.integers).append(table.reshape(-1))
        self._used[kind] += table.size
        return begin
