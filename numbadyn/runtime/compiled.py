"""A machine whose program is compiled: memory, states and histories, whatever the target.

In: a program with its bindings, and logs.  Out: a base class for targets.  Must not know: source text, how a target
runs a chunk of steps, units, user objects.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.interpreter import Evaluator
from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.program import Program
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.machine import Machine, Outcome, check_depths, longest_delays
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.soundness import NO_SIGN, Check, unsound
from numbadyn.runtime.tables import Tables

__all__ = ["CompiledMachine"]


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
        context = replace(context, tables=tables)
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
        memory = self.memory
        rows = [
            [memory.offsets[b], memory.size(b), int(sign.negative), int(sign.positive)] for b, sign in checks.values()
        ]
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
            index: np.broadcast_to(spec.initial(context), context.shape_of(spec.space)).astype(
                dtype_of(spec.kind, context.bits)
            )
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
        self.memory.view(buffer)[:] = np.broadcast_to(
            values, self.context.shape_of(self.step.states[index].space)
        ).reshape(-1)
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
