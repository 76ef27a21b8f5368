"""A machine whose program is compiled: memory, states and histories, whatever the target.

In: a program with its bindings, and logs.  Out: base classes for targets.  Must not know: source text, how a target
runs a chunk of steps, units, user objects.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.log_layouts import CHECK
from numbadyn.ir.analysis import invariants
from numbadyn.ir.evaluator import Evaluator, Shared
from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.program import Program
from numbadyn.runtime.forecast import MemoryPart
from numbadyn.runtime.logs import Logs, SampleLog, SpikeLog
from numbadyn.runtime.machine import Machine, longest_delays
from numbadyn.runtime.memory import Memory, memories_of
from numbadyn.runtime.mirror import Mirror
from numbadyn.runtime.replica import Replica, naming
from numbadyn.runtime.soundness import NO_SIGN, Check, unsound
from numbadyn.runtime.tables import Tables

if TYPE_CHECKING:  # the loader imports Numba, which waits until something is compiled
    from numbadyn.codegen.loader import LoadedModule

__all__ = ["CompiledMachine", "CompiledReplica"]


class CompiledReplica(Replica):
    """A slice of the memory, and all that the compiled code is told of it in a run.

    Parameters
    ----------
    memory : Memory
        The slice, with the run constants and the synapse tables.
    mirror : Mirror
        Where the compiled code keeps it.
    place : int
        Which of the machine's replicas it is.

    Attributes
    ----------
    tables : Tables
        Rows of all stages, in this run.
    checks, checked : ndarray, list of Check
        Rows of what is checked, and what they stand for.
    spikes, samples : list
        Logs of this run; samples that are due in it.
    """

    tables: Tables

    def __init__(self, memory: Memory, mirror: Mirror, place: int) -> None:
        super().__init__(memory.program.step, memory.evaluator.context)
        self.memory, self.mirror, self.place, self.number = memory, mirror, place, 0
        self._states = {b.index: b for b in memory.offsets if b.role == "state"}
        self._sums = {buffer.index: buffer for buffer in memory.program.fresh_sums()}
        self._unplaced: dict[int, NDArray[Any]] = {}
        self._failed = False
        self.checked: list[Check] = []
        self.spikes: list[SpikeLog] = []
        self.samples: list[SampleLog] = []

    def _latest(self, buffer: Buffer) -> NDArray[Any]:
        return self.mirror.latest(self.memory, buffer)

    def _changed(self, buffer: Buffer) -> None:
        self.mirror.changed(self.memory, buffer)

    # ---- running -----------------------------------------------------------------------------------------------------

    def begin(self, logs: Logs) -> None:
        """Bring what follows from parameters to where the code reads it, and take the logs of this run."""
        self._fetch_prepared()
        self.memory.load_constants()
        self.memory.refill()
        for buffer in self.memory.prepared():
            self._changed(buffer)
        self._begin_checks()
        self.spikes = logs.spikes
        self.samples = self.sampled([log for log in logs.samples if log.due])

    def _fetch_prepared(self) -> None:
        """Bring the states that sums start from, as the compiled code has left them."""
        for part in self.memory.program.refills:
            self._latest(part.state)

    def _follow_states(self) -> None:
        """Prepare sums anew that start from decayed states."""
        self._fetch_prepared()
        self.memory.refill()
        for part in self.memory.program.refills:
            self._changed(part.target)

    def _begin_checks(self) -> None:
        """Write the table of what is checked; sums that were not finite start from zero again."""
        if self._failed:
            for index, values in self.sums().items():
                values[unsound(values)] = 0
                self._changed(self._sums[index])
            self._failed = False
        checks = {Check("sum", index): (buffer, NO_SIGN) for index, buffer in self._sums.items()}
        signs = self.signs().items()
        checks |= {Check("state", i): (self._states[i], sign) for i, sign in signs if i in self._states}
        memory = self.memory
        memory.doubts[:] = 1  # whoever has written states may have written anything
        rows = []
        for buffer, sign in checks.values():
            place, count, synapses = memory.offsets[buffer], memory.view(buffer).size, buffer.space.synapses
            doubts = 0 if synapses is None else memory.doubts_of(synapses.connection)
            columns = {"PLACE": place, "COUNT": count, "DOUBTS": doubts}
            rows.append(CHECK.row(**columns, NEGATIVE=sign.negative, POSITIVE=sign.positive))
        self.checked, self.checks = list(checks), CHECK.table(rows)

    def fail(self, check: int) -> Check:
        """Note that a check has failed; what it stands for."""
        self._failed = True
        return self.checked[check]

    def sums(self) -> dict[int, NDArray[Any]]:
        """Synaptic sums, as the last step has left them."""
        return {index: self._latest(buffer) for index, buffer in self._sums.items()}

    def buffer_of(self, log: SampleLog) -> Buffer:
        """Where what is sampled lies."""
        return self._states[log.index] if log.kind == "state" else self.memory.program.probes[log.index]

    # ---- states and histories ----------------------------------------------------------------------------------------

    def _fill(self, context: BindContext, first: Sequence[NDArray[Any]]) -> None:
        self.number = 0
        self.memory.reset(context, first)
        self._unplaced = {
            index: np.broadcast_to(values, context.shape_of(spec.space)).astype(dtype_of(spec.kind, context.bits))
            for index, (spec, values) in enumerate(zip(self.step.states, first, strict=True))
            if index not in self._states
        }
        self.mirror.forget()
        self._note_signs(first)

    def bind(self, shared: Shared | None = None) -> None:
        """Compute anew what depends on parameters alone."""
        self.memory.evaluator.bind(shared)

    def needed(self) -> list[int]:
        """Slots of each channel's history that are reached, with the parameters that were bound last."""
        return self.memory.needed()

    def state(self, index: int) -> NDArray[Any]:
        """Values of a state."""
        if index in self._unplaced:
            return self._unplaced[index]
        self._latest(self._states[index])
        values = self.memory.values(self._states[index])
        spec = self.step.states[index]
        return values.astype(bool).reshape(spec.shape) if spec.kind == "bool" else values.reshape(spec.shape)

    def at_rest(self, index: int) -> NDArray[Any] | None:
        """What a state holds that lies where no step reads or writes it; None for all others."""
        return self._unplaced.get(index)

    def write(self, index: int, values: NDArray[Any]) -> None:
        """Overwrite a state alone."""
        if index in self._unplaced:
            self._unplaced[index][...] = values
            return
        buffer = self._states[index]
        shape = self.context.shape_of(self.step.states[index].space)
        self.memory.write(buffer, np.broadcast_to(values, shape).reshape(-1))
        self._changed(buffer)

    def _write_newest(self, channel: int, sample: NDArray[Any]) -> None:
        self.mirror.fetch_histories(self.memory)
        self.memory.write_newest(channel, sample, self.number)
        self.mirror.store_histories(self.memory)

    def _begin_histories(self, context: BindContext) -> None:
        self.mirror.fetch_histories(self.memory)
        self.memory.begin_histories(context)
        self.mirror.store_histories(self.memory)

    def fetch_past(self) -> list[NDArray[Any]]:
        """Samples of each channel, newest first; an empty array where nobody keeps them."""
        self.mirror.fetch_histories(self.memory)
        found = (self.memory.past(channel, self.number) for channel in range(len(self.step.channels)))
        return [np.empty(0) if samples is None else samples for samples in found]

    def write_past(self, past: list[NDArray[Any] | None]) -> None:
        """Overwrite the samples of each channel, newest first; None leaves a channel as it is."""
        self.mirror.fetch_histories(self.memory)
        for channel, samples in enumerate(past):
            if samples is not None:
                self.memory.write_past(channel, samples, self.number)
        self.mirror.store_histories(self.memory)


class CompiledMachine(Machine):
    """A program in memory, for a target that compiles it.

    Parameters
    ----------
    program : Program
        Lowered network.
    contexts : sequence of BindContext
        dt, seed, precision, parameters; one a replica.
    tables : sequence of list
        Synapse tables of each replica; those that share their synapses have the same list.
    label : str
        Name in the cache.
    mirror : Mirror
        Where the compiled code keeps the memory.
    """

    replicas: list[CompiledReplica]
    loaded: LoadedModule

    def __init__(
        self,
        program: Program,
        contexts: Sequence[BindContext],
        tables: Sequence[list[Any]],
        label: str,
        mirror: Mirror | None = None,
    ) -> None:
        self.program, self.step = program, program.step
        self._made_for = longest_delays(program.step, contexts)
        shared, constant = Shared(), sorted(invariants(program.step))
        evaluators = [
            Evaluator(program.step, replace(context, tables=made), constant=constant)
            for context, made in zip(contexts, tables, strict=True)
        ]
        for evaluator in evaluators:
            with naming(evaluator.context):
                evaluator.bind(shared)
        memories = memories_of(program, evaluators, tables, self._met_from_both_sides())
        self.arenas = memories[0].arenas
        self.replicas = [CompiledReplica(memory, mirror or Mirror(), place) for place, memory in enumerate(memories)]
        self._fill()
        self.kept = self._slots()
        self._load_code(label)
        self.compile_seconds = 0.0

    # ---- what a target says ------------------------------------------------------------------------------------------

    def _met_from_both_sides(self) -> Collection[int]:
        """Connections whose states of synapses may lie in rows of either side."""
        return ()

    @abstractmethod
    def _load_code(self, label: str) -> None:
        """Write the text of the module to `source` and load it."""

    def _text(self, write: Callable[[], str], *key: Hashable) -> str:
        """The source text of the program, written once for each key."""
        texts = self.program.texts
        if key not in texts:
            texts[key] = write()
        return texts[key]

    @abstractmethod
    def _begin(self) -> None:
        """Get ready for a run: parameters, constants and logs have changed."""

    def _is_compiled(self) -> bool:
        """Whether this process has run the code before."""
        return False

    @abstractmethod
    def _run_nothing(self) -> None:
        """Compile, or load from the cache."""

    def _place(self, array: NDArray[Any]) -> int:
        """Put an array of a table where compiled code reads it; its address."""
        return int(array.ctypes.data)

    def _make_tables(self, memory: Memory, sampled: set[int]) -> Tables:
        return Tables(memory, sampled, self._place)

    # ---- running -----------------------------------------------------------------------------------------------------

    def begin(self, logs: Sequence[Logs]) -> None:
        """Fetch parameters anew and get ready for a run with these logs, one a replica."""
        self._bind()
        self._check_depths()
        for replica, own in zip(self.replicas, logs, strict=True):
            replica.begin(own)
            replica.tables = self._make_tables(replica.memory, self._sampled(own.samples))
        self._begin()

    def _sampled(self, samples: Sequence[SampleLog]) -> set[int]:
        """States that every step must store."""
        if self.program.ends_at_once() is not None:  # each step may be the last one, which stores all states
            return set(range(len(self.step.states)))
        return {log.index for log in samples if log.kind == "state"}

    def compile(self) -> float:
        """Compile, or load from the cache, by running no step, unless that was done; seconds."""
        started = time.perf_counter()
        if not self._is_compiled():
            self.begin([Logs() for _ in self.replicas])
            self._run_nothing()
        self.compile_seconds = time.perf_counter() - started
        return self.compile_seconds

    @property
    def must_compile(self) -> bool:
        """Whether something has to be compiled before the first step, since it is not in the cache."""
        return not self.loaded.at_hand

    def memory_parts(self) -> list[MemoryPart]:
        """What it takes: states and histories, synapses."""
        name = f"states and histories of {self.step.name}"
        return [MemoryPart(name, self.arenas.nbytes), *super().memory_parts()]

    def _slots(self) -> list[int]:
        return self.replicas[0].memory.depths
