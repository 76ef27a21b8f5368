"""The NumPy interpreter as a machine: what every target must agree with.

In: a prepared step with its bindings, and logs.  Out: `advance`.  Must not know: programs, generated code, units.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.evaluator import Shared
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.program import CHECK_EVERY
from numbadyn.runtime.forecast import CURES, MemoryPart, require
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.machine import Machine, Outcome, longest_delays
from numbadyn.runtime.node_clock import NodeClock
from numbadyn.runtime.replica import Replica, naming
from numbadyn.runtime.spent import Spent
from numbadyn.runtime.target import Job, Target

__all__ = ["InterpretedTarget", "InterpreterMachine"]


class InterpretedReplica(Replica):
    """An interpreter with a binding of its own.

    Parameters
    ----------
    interpreter : Interpreter
        At the first step.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        super().__init__(interpreter.step, interpreter.context)  # which knows the synapses
        self.interpreter = interpreter
        self._note_signs([spec.initial(self.context) for spec in self.step.states])

    @property
    def number(self) -> int:  # type: ignore[override]
        """The next step."""
        return self.interpreter.number

    @number.setter
    def number(self, number: int) -> None:
        self.interpreter.number = number

    def sums(self) -> dict[int, NDArray[Any]]:
        """Synaptic sums of the last step."""
        return self.interpreter.sums

    def _fill(self, context: BindContext, first: Sequence[NDArray[Any]]) -> None:
        self.interpreter.reset(context, first)
        self._note_signs(first)

    def deepen(self, slots: list[int]) -> None:
        """Keep so many samples of each channel, before the first step: as many as the other replicas do."""
        self.interpreter.deepen(slots, self.with_first())

    def bind(self, shared: Shared | None = None) -> None:
        """Compute anew what depends on parameters alone."""
        self.interpreter.bind(shared)

    def needed(self) -> list[int]:
        """Slots of each channel's history that are reached, with the parameters that were bound last."""
        return self.interpreter.needed()

    def state(self, index: int) -> NDArray[Any]:
        """Values of a state."""
        return self.interpreter.states[index]

    def write(self, index: int, values: NDArray[Any]) -> None:
        """Overwrite a state alone."""
        self.interpreter.states[index] = np.array(values, dtype=self.interpreter.states[index].dtype)

    def _write_newest(self, channel: int, sample: NDArray[Any]) -> None:
        past = self.interpreter.past[channel]
        past[0] = sample.astype(past[0].dtype)

    def _begin_histories(self, context: BindContext) -> None:
        self.interpreter.begin_histories(context)

    def held(self) -> list[NDArray[Any]]:
        """All arrays that it holds."""
        return [*self.interpreter.states, *(sample for past in self.interpreter.past for sample in past)]

    def fetch_past(self) -> list[NDArray[Any]]:
        """Samples of each channel, newest first."""
        return [np.array(samples) for samples in self.interpreter.past]

    def write_past(self, past: list[NDArray[Any] | None]) -> None:
        """Overwrite the samples of each channel, newest first; None leaves a channel as it is."""
        for mine, samples in zip(self.interpreter.past, past, strict=True):
            if samples is not None:
                mine[: len(samples)] = list(samples.astype(mine[0].dtype))[: len(mine)]


class InterpreterMachine(Machine):
    """The NumPy interpreter as a target.

    Parameters
    ----------
    step : Step
        Prepared.
    contexts : sequence of BindContext
        dt, seed, precision, parameters; one a replica.
    tables : sequence of list
        Synapse tables of each replica.
    probes : list of int
        Nodes that are sampled.
    """

    replicas: list[InterpretedReplica]

    def __init__(
        self, step: Step, contexts: Sequence[BindContext], tables: Sequence[list[Any]], probes: list[int]
    ) -> None:
        self.step, self._made_for = step, longest_delays(step, contexts)
        self.replicas = []
        for context, made in zip(contexts, tables, strict=True):
            with naming(context):
                expect = functools.partial(self._expect, len(contexts) if not self.replicas else 0)
                self.replicas.append(InterpretedReplica(Interpreter(step, context, made, probes, expect)))
        self.kept = self._slots()
        self._logs: Sequence[Logs] = []
        self._clock: NodeClock | None = None

    def _expect(self, replicas: int, parts: list[tuple[str, int]]) -> None:
        """Refuse states and histories of so many replicas that would not fit."""
        sizes = [MemoryPart(name, replicas * size) for name, size in parts]
        require(sizes, what=f"The states and histories of {self.step.name}", cure=CURES["states"])

    def _slots(self) -> list[int]:
        slots = [max(column) for column in zip(*(replica.needed() for replica in self.replicas), strict=True)]
        for replica in self.replicas:
            replica.deepen(slots)
        return slots

    def memory_parts(self) -> list[MemoryPart]:
        """What it takes: states and histories, synapses."""
        held = [array for replica in self.replicas for array in replica.held()]
        name = f"states and histories of {self.step.name}"
        return [MemoryPart(name, sum(array.nbytes for array in held)), *super().memory_parts()]

    def begin(self, logs: Sequence[Logs]) -> None:
        """Fetch parameters anew and get ready for a run with these logs, one a replica."""
        self._bind()
        self._check_depths()
        self._take_logs(logs)

    def resume(self, logs: Sequence[Logs]) -> None:
        """Go on: an interpreter reads states where they are."""
        self._take_logs(logs)

    def _take_logs(self, logs: Sequence[Logs]) -> None:
        """Take the logs of this run."""
        pairs = zip(self.replicas, logs, strict=True)
        self._logs = [Logs(own.spikes, replica.sampled(own.samples)) for replica, own in pairs]

    def measure(self, on: bool) -> None:
        """Read a clock around each value in some steps, or do not."""
        self._clock = NodeClock(self.step) if on else None

    def spent(self) -> list[Spent]:
        """Seconds of each kind of work for each module."""
        return [] if self._clock is None else self._clock.spent()

    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`; replicas take turns after each step."""
        guards = [guard.state for guard in self.step.guards if guard.at_once]
        while self.number < stop:
            last = self.number + 1 == stop or self.interrupts.asked
            for logs in self._logs:
                for spikes in logs.spikes:
                    spikes.reserve(spikes.width)  # before the step, so that none of it is lost
            for replica, logs in zip(self.replicas, self._logs, strict=True):
                if self._clock is None:
                    self._advance(replica.interpreter, logs)
                else:
                    with self._clock.step(replica.interpreter):
                        self._advance(replica.interpreter, logs)
            enough = any(replica.state(index).any() for replica in self.replicas for index in guards)
            if self.number % CHECK_EVERY == 0 or last or enough:
                outcome = self._checked()
                if last or not outcome.fine:
                    return outcome
        return Outcome(self.number)

    def _advance(self, interpreter: Interpreter, logs: Logs) -> None:
        """One step of a replica, and what is recorded of it."""
        now, step = interpreter.number, self.step
        for log in logs.samples:
            if log.kind == "state":
                log.append(now, interpreter.states[log.index])
        interpreter.advance()
        for log in logs.samples:
            if log.kind == "probe":
                log.append(now, np.broadcast_to(interpreter.values[log.index], step.nodes[log.index].shape))
        for spikes in logs.spikes:
            value = interpreter.values[step.channels[spikes.channel].value]
            spikes.append(now, np.flatnonzero(np.broadcast_to(value, step.channels[spikes.channel].shape)))

    def _checked(self) -> Outcome:
        """What is not finite now, or which guard is broken, in the first replica where anything is."""
        for number, replica in enumerate(self.replicas):
            outcome = Outcome(self.number, next(iter(replica.unsound()), None), replica.broken_guard(), number)
            if not outcome.fine:
                return outcome
        return Outcome(self.number)


class InterpretedTarget(Target):
    """The NumPy interpreter, which defines the meaning."""

    name: ClassVar[str] = "interpret"
    defines: ClassVar[bool] = True
    batches: ClassVar[bool] = True
    profiles: ClassVar[bool] = True

    def make_machine(self, job: Job) -> Machine:
        """The step with its memory."""
        return InterpreterMachine(job.step, job.contexts, job.synapses, job.probes)
