"""The NumPy interpreter as a machine: what every target must agree with.

In: a prepared step with its bindings, and logs.  Out: `advance`.  Must not know: programs, generated code, units.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.program import CHECK_EVERY
from numbadyn.runtime.forecast import CURES, MemoryPart, require
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.machine import Machine, Outcome, check_depths, longest_delays

__all__ = ["InterpreterMachine"]


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
        context = replace(context, tables=tables)
        self.step, self.context, self.first = step, context, {}
        self.interpreter = Interpreter(step, context, tables, probes, self._expect)
        self.kept, self._made_for = self.needed(), longest_delays(step, context)
        self.spikes: list[SpikeLog] = []
        self.samples: list[SampleLog] = []
        self._note_signs(context)

    def _expect(self, parts: list[tuple[str, int]]) -> None:
        """Refuse states and histories that would not fit."""
        named = [MemoryPart(*part) for part in parts]
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
