"""Machines: a bound network that can be advanced, on one target.

In: a step or program with its bindings, and logs.  Out: `advance`, which runs whole chunks of steps.  Must not know:
how chunks are chosen, units, user objects.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cpu import ENTRY, cpu_source, library_entries, library_source, without_comments
from numbadyn.ir.interpreter import Evaluator, Interpreter, dtype_of
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.program import CHECK_EVERY, Buffer, Program
from numbadyn.runtime.forecast import CURES, Part, require
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.machine import Machine, Outcome, check_depths, longest_delays
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.on_demand import load
from numbadyn.runtime.soundness import NO_SIGN, Check, unsound
from numbadyn.runtime.tables import Tables

__all__ = ["CompiledMachine", "CpuMachine", "InterpreterMachine", "Machine", "Outcome"]


class InterpreterMachine(Machine):
    """The NumPy interpreter as a target.

    Parameters
    ----------
    step : Step
        Prepared.
    context : BindContext
        dt, seed, precision.
    tables : list
        Synapse tables.
    probes : list of int
        Nodes that are sampled.
    """

    def __init__(self, step: Step, context: BindContext, tables: list[Any], probes: list[int]) -> None:
        self.step, self.context, self.first = step, context, {}
        self.interpreter = Interpreter(step, context, tables, probes, self._expect)
        self.kept, self._made_for = self.needed(), longest_delays(step, context)
        self.spikes: list[SpikeLog] = []
        self.samples: list[SampleLog] = []
        self._note_signs(context)

    def _expect(self, parts: list[tuple[str, int]]) -> None:
        """Refuse states and histories that would not fit."""
        named = [Part(*part) for part in parts]
        require(named, what=f"The states and histories of {self.step.name}", cure=CURES["states"])

    @property
    def number(self) -> int:  # type: ignore[override]
        """Step number."""
        return self.interpreter.number

    def begin(self, spikes: list[SpikeLog], samples: list[SampleLog]) -> None:
        """Fetch parameters anew and get ready for a run with these logs."""
        self.interpreter.bind()
        check_depths(self, self._made_for)
        self.spikes, self.samples = spikes, samples

    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`."""
        machine = self.interpreter
        while machine.number < stop:
            now, last = machine.number, machine.number + 1 == stop or self.interrupts.asked
            for spikes in self.spikes:
                spikes.reserve(spikes.width)  # before the step, so that none of it is lost
            for log in self.samples:
                if log.kind == "state":
                    log.append(now, machine.states[log.index])
            machine.advance()
            for log in self.samples:
                if log.kind == "probe":
                    values = machine.values[log.index]
                    log.append(now, np.broadcast_to(values, self.step.nodes[log.index].shape))
            for spikes in self.spikes:
                value = machine.values[self.step.channels[spikes.channel].value]
                spikes.append(now, np.flatnonzero(np.broadcast_to(value, self.step.channels[spikes.channel].shape)))
            if machine.number % CHECK_EVERY == 0 or last:
                outcome = Outcome(machine.number, next(iter(self.unsound()), None), self.broken_guard())
                if last or not outcome.fine:
                    return outcome
        return Outcome(machine.number)

    def sums(self) -> dict[int, NDArray[Any]]:
        """Synaptic sums of the last step."""
        return self.interpreter.sums

    def _fill(self, context: BindContext) -> None:
        self.interpreter.reset(context)
        self.kept = self.needed()
        self._note_signs(context)

    def _fetch_parameters(self) -> None:
        self.interpreter.bind()

    def needed(self) -> list[int]:
        """Slots of each channel's history that are reached, with the parameters that were fetched."""
        return self.interpreter.needed()

    def state(self, index: int) -> NDArray[Any]:
        """Values of a state."""
        return self.interpreter.states[index]

    def _write(self, index: int, values: NDArray[Any]) -> None:
        self.interpreter.states[index] = np.array(values, dtype=self.interpreter.states[index].dtype)

    def _write_newest(self, channel: int, sample: NDArray[Any]) -> None:
        past = self.interpreter.past[channel]
        past[0] = sample.astype(past[0].dtype)

    def _begin_histories(self, context: BindContext) -> None:
        self.interpreter.begin_histories(context)

    def _go_to(self, number: int) -> None:
        self.interpreter.number = number

    def _fetch_past(self) -> list[NDArray[Any]]:
        return [np.array(samples) for samples in self.interpreter.past]

    def _write_past(self, past: list[NDArray[Any] | None]) -> None:
        for mine, samples in zip(self.interpreter.past, past, strict=True):
            if samples is not None:
                mine[: len(samples)] = list(samples.astype(mine[0].dtype))[: len(mine)]


class CompiledMachine(Machine):
    """A program in memory, for a target that compiles it.

    Parameters
    ----------
    program : Program
        Lowered network.
    context : BindContext
        dt, seed, precision.
    tables : list
        Synapse tables.
    label : str
        Name in the cache.
    """

    source: str

    def __init__(self, program: Program, context: BindContext, tables: list[Any], label: str) -> None:
        self.program, self.context, self.step, self.first = program, context, program.step, {}
        self.number, self._made_for = 0, longest_delays(program.step, context)
        self.evaluator = Evaluator(program.step, context)
        self.evaluator.bind()
        self.memory = Memory(program, self.evaluator, tables)
        self.kept = self.memory.depths
        self._states = {b.index: b for b in self.memory.offsets if b.role == "state"}
        self._unplaced: dict[int, NDArray[Any]] = {}
        self._fill(context)
        self._load_code(label)
        self._sums = {buffer.index: buffer for buffer in program.fresh_sums()}
        self._checked: list[Check] = []
        self._failed = False
        self._spikes: list[SpikeLog] = []
        self._samples: list[SampleLog] = []
        self.compile_seconds = 0.0

    # ---- what a target says ------------------------------------------------------------------------------------------

    @abstractmethod
    def _load_code(self, label: str) -> None:
        """Write the text of the module to `source` and load it."""

    @abstractmethod
    def _bind(self) -> None:
        """Get ready for a run: parameters, constants and logs have changed."""

    @abstractmethod
    def _run_nothing(self) -> None:
        """Compile, or load from the cache."""

    def _place(self, array: NDArray[Any]) -> int:
        """Put an array of a table where compiled code reads it; its address."""
        return int(array.ctypes.data)

    def _latest(self, buffer: Buffer) -> NDArray[Any]:
        """The elements of a buffer, as the compiled code has left them."""
        return self.memory.view(buffer)

    def _changed(self, buffer: Buffer) -> None:
        """Let the compiled code see what was written to a buffer."""

    def _forget(self) -> None:
        """Let the compiled code see the whole memory anew."""

    def _fetch_histories(self) -> None:
        """Bring histories and events, as the compiled code has left them."""

    def _store_histories(self) -> None:
        """Let the compiled code see histories and events that were written."""

    # ---- running -----------------------------------------------------------------------------------------------------

    def begin(self, spikes: list[SpikeLog], samples: list[SampleLog]) -> None:
        """Fetch parameters anew and get ready for a run with these logs."""
        self.evaluator.bind()
        check_depths(self, self._made_for)
        for part in self.program.refills:
            self._latest(part.state)
        self.memory.load_constants()
        self.memory.refill()
        for buffer in self.memory.prepared():
            self._changed(buffer)
        self._begin_checks()
        self._spikes, self._samples = spikes, [log for log in samples if log.steps.size]
        self.tables = self._make_tables({log.index for log in samples if log.kind == "state"})
        self._bind()

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
        rows = [[self.memory.offsets[b], b.size, int(sign.negative), int(sign.positive)] for b, sign in checks.values()]
        self._checked, self._checks = list(checks), np.array(rows, dtype=np.int64).reshape(len(rows), 4)

    def sums(self) -> dict[int, NDArray[Any]]:
        """Synaptic sums, as the last step has left them."""
        return {index: self._latest(buffer) for index, buffer in self._sums.items()}

    def _ended(self, check: int) -> Outcome:
        """The outcome of a chunk that ended with this check."""
        self._failed = True
        return Outcome(self.number, self._checked[check])

    def _make_tables(self, sampled: set[int]) -> Tables:
        return Tables(self.memory, sampled, self._place)

    def buffer_of(self, log: SampleLog) -> Buffer:
        """Where what is sampled lies."""
        return self._states[log.index] if log.kind == "state" else self.program.probes[log.index]

    def compile(self) -> float:
        """Compile, or load from the cache, by running no step; seconds."""
        started = time.perf_counter()
        self.begin([], [])
        self._run_nothing()
        self.compile_seconds = time.perf_counter() - started
        return self.compile_seconds

    def _fill(self, context: BindContext) -> None:
        self.number, self.kept = 0, self.memory.depths
        self.evaluator.bind()
        self.memory.reset(context)
        self._unplaced = {
            index: np.broadcast_to(spec.initial(context), spec.shape).astype(dtype_of(spec.kind, context.bits))
            for index, spec in enumerate(self.step.states)
            if index not in self._states
        }
        self._forget()
        self._note_signs(context)

    def _fetch_parameters(self) -> None:
        self.evaluator.bind()

    def needed(self) -> list[int]:
        """Slots of each channel's history that are reached, with the parameters that were fetched."""
        return self.memory.needed()

    def state(self, index: int) -> NDArray[Any]:
        """Values of a state."""
        if index in self._unplaced:
            return self._unplaced[index]
        values = self._latest(self._states[index])
        spec = self.step.states[index]
        return values.astype(bool).reshape(spec.shape) if spec.kind == "bool" else values.reshape(spec.shape)

    def _write(self, index: int, values: NDArray[Any]) -> None:
        if index in self._unplaced:
            self._unplaced[index][...] = values
            return
        buffer = self._states[index]
        self.memory.view(buffer)[:] = np.broadcast_to(values, self.step.states[index].shape).reshape(-1)
        self._changed(buffer)

    def _write_newest(self, channel: int, sample: NDArray[Any]) -> None:
        self._fetch_histories()
        self.memory.write_newest(channel, sample, self.number)
        self._store_histories()

    def _begin_histories(self, context: BindContext) -> None:
        self._fetch_histories()
        self.memory.begin_histories(context)
        self._store_histories()

    def _go_to(self, number: int) -> None:
        self.number = number

    def _fetch_past(self) -> list[NDArray[Any]]:
        self._fetch_histories()
        found = (self.memory.past(channel, self.number) for channel in range(len(self.step.channels)))
        return [np.empty(0) if samples is None else samples for samples in found]

    def _write_past(self, past: list[NDArray[Any] | None]) -> None:
        self._fetch_histories()
        for channel, samples in enumerate(past):
            if samples is not None:
                self.memory.write_past(channel, samples, self.number)
        self._store_histories()


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
                    int(log.kind == "probe"), ("real", "int", "bool").index(buffer.kind), memory.offsets[buffer],
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
