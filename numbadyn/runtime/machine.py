"""What every machine is: a bound network at some step, which can be advanced, set back, rewritten and taken over.

In: a step with its bindings.  Out: the interface that the engine and the simulator know.  Must not know: targets, how
chunks are chosen, units, user objects.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import LateDelayError
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.snapshot import Snapshot, names_of
from numbadyn.runtime.soundness import ANY_SIGN, NO_SIGN, Check, Signs, signs_of, unsound

__all__ = ["Machine", "Outcome", "check_depths", "longest_delays"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a chunk came, and what ended it early: what is not finite, or the guard that was broken."""

    reached: int
    failed: Check | None = None
    guard: int | None = None

    @property
    def fine(self) -> bool:
        """Whether the run may go on."""
        return self.failed is None and self.guard is None


class Machine(ABC):
    """A network in memory, at some step."""

    step: Step
    context: BindContext
    number: int
    first: dict[int, NDArray[Any]]
    _signs: dict[int, Signs]
    #: Asked in the middle of a chunk, where that is possible between two steps.
    interrupts: Interrupts = Interrupts()
    kept: list[int]
    """Slots of each channel's history that hold what they should."""

    @abstractmethod
    def begin(self, spikes: list[SpikeLog], samples: list[SampleLog]) -> None:
        """Fetch parameters anew and get ready for a run with these logs."""

    @abstractmethod
    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`, or less far if something is not finite or Ctrl-C is pressed."""

    def reset(self) -> None:
        """Back to the first values and to step 0."""
        self.first.clear()
        self.refill()

    def refill(self) -> None:
        """Begin anew, with the first values that follow from the parameters as they are now; those set stay."""
        self._fill(replace(self.context, first=self.first))

    @abstractmethod
    def _fill(self, context: BindContext) -> None:
        """Write all first values, and go back to step 0."""

    @abstractmethod
    def _fetch_parameters(self) -> None:
        """Compute anew what depends on parameters alone."""

    @abstractmethod
    def needed(self) -> list[int]:
        """Slots of each channel's history that are reached, with the parameters that were fetched."""

    def fits(self) -> bool:
        """Whether histories have the slots that are needed with the parameters as they are now."""
        self._fetch_parameters()
        return all(needed <= slots for needed, slots in zip(self.needed(), self.kept, strict=True))

    # ---- what is finite ----------------------------------------------------------------------------------------------

    @abstractmethod
    def sums(self) -> dict[int, NDArray[Any]]:
        """Synaptic sums that start from zero in each step, by node; NaN where one of this run was not finite."""

    def signs(self) -> dict[int, Signs]:
        """States that are checked, and the infinities that may stay in each: those of its first values."""
        guards = {guard.value for guard in self.step.guards}
        found = {}
        for index, spec in enumerate(self.step.states):
            if spec.kind != "real" or index in guards:
                continue
            own = getattr(spec.owner, "owner", None) is not None  # not the running value of a history
            given = self.first.get(id(spec.owner))
            first = self._signs.get(index, NO_SIGN) if given is None else signs_of(given)
            found[index] = first if own else ANY_SIGN
        return found

    def _note_signs(self, context: BindContext) -> None:
        """Note the infinities of the first values, when they are written."""
        self._signs = {
            index: signs_of(np.asarray(spec.initial(context)))  # single precision may make more of them
            for index, spec in enumerate(self.step.states)
            if spec.kind == "real" and np.isinf(self.state(index)).any()
        }

    def unsound(self) -> dict[Check, NDArray[np.bool_]]:
        """Which elements are not finite now, of the sums and the states that have any."""
        masks = {Check("sum", index): unsound(values) for index, values in self.sums().items()}
        masks |= {Check("state", index): unsound(self.state(index), signs) for index, signs in self.signs().items()}
        return {check: mask.reshape(-1) for check, mask in masks.items() if mask.any()}

    # ---- states ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def state(self, index: int) -> NDArray[Any]:
        """Values of a state."""

    def broken_guard(self) -> int | None:
        """Number of a guard of the step that does not hold any more."""
        for number, guard in enumerate(self.step.guards):
            if self.state(guard.state).any():
                return number
        return None

    def set_state(self, index: int, values: NDArray[Any]) -> None:
        """Overwrite a state, and with it the sample of the last step in its histories.

        Before the first step the values are first values: histories that begin with those follow.
        """
        self._write(index, values)
        if self.number:
            for number, channel in enumerate(self.step.channels):
                if channel.state == index:
                    self._write_newest(number, np.broadcast_to(values, channel.shape))
            return
        self.first[id(self.step.states[index].owner)] = np.array(
            np.broadcast_to(values, self.context.shape_of(self.step.states[index].space))
        )
        context = replace(self.context, first=self.first)
        for number, spec in enumerate(self.step.states):
            if getattr(spec.owner, "owner", None) is None:  # a running value of a history, or a guard: zero
                self._write(number, np.broadcast_to(spec.initial(context), spec.shape))
        self._begin_histories(context)

    @abstractmethod
    def _write(self, index: int, values: NDArray[Any]) -> None:
        """Overwrite a state alone."""

    @abstractmethod
    def _write_newest(self, channel: int, sample: NDArray[Any]) -> None:
        """Overwrite the sample of the last step."""

    @abstractmethod
    def _begin_histories(self, context: BindContext) -> None:
        """Fill all histories with what was before the first step."""

    # ---- taking over -------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All that another machine needs to go on from here; before the first step, what was set."""
        names = names_of(self.step.states)
        first = {
            name: np.array(self.first[id(spec.owner)])
            for name, spec in zip(names, self.step.states, strict=True)
            if id(spec.owner) in self.first
        }
        if self.number == 0:  # the rest follows from the model
            return Snapshot(0, first=first)
        states = {name: np.array(self.state(index)) for index, name in enumerate(names)}
        found = dict(zip(names_of(self.step.channels), self._fetch_past(), strict=False))
        kept = {name: past[:count] for (name, past), count in zip(found.items(), self.kept, strict=False) if past.size}
        return Snapshot(self.number, states, kept, first)

    def restore(self, taken: Snapshot) -> None:
        """Go on from a snapshot; a state that it lacks begins with its first value, and so does a history."""
        names = names_of(self.step.states)
        owners = {name: spec.owner for name, spec in zip(names, self.step.states, strict=True)}
        self.first.clear()
        self.first.update({id(owners[name]): values for name, values in taken.first.items() if name in owners})
        self.refill()
        if taken.number == 0:
            return
        self._go_to(taken.number)
        for index, name in enumerate(names):
            if name in taken.states:
                self._write(index, taken.states[name])
        past = [taken.past.get(name) for name in names_of(self.step.channels)]
        self._write_past(past)
        self.kept = [
            slots if samples is None else min(slots, len(samples))
            for slots, samples in zip(self.kept, past, strict=True)
        ]

    @abstractmethod
    def _go_to(self, number: int) -> None:
        """Say which step is the next."""

    @abstractmethod
    def _fetch_past(self) -> list[NDArray[Any]]:
        """Samples of each channel, newest first; an empty array where nobody keeps them."""

    @abstractmethod
    def _write_past(self, past: list[NDArray[Any] | None]) -> None:
        """Overwrite the samples of each channel, newest first; None leaves a channel as it is."""


def longest_delays(step: Step, context: BindContext) -> dict[int, float]:
    """The longest delay in ms of each channel that is read with a delay from a parameter."""
    found: dict[int, float] = {}
    for reach in step.reaches:
        found[reach.channel] = max(found.get(reach.channel, 0.0), reach.longest(context))
    return found


def check_depths(machine: Machine, made_for: dict[int, float]) -> None:
    """Refuse a delay that a parameter has made longer than the history that was planned for it."""
    for number, (needed, slots) in enumerate(zip(machine.needed(), machine.kept, strict=True)):
        if needed > slots:
            channel, now = machine.step.channels[number], longest_delays(machine.step, machine.context)
            raise LateDelayError(
                f"A delay of {channel.name} is now {now[number]:g} ms; its history was made for "
                f"{made_for[number]:g} ms.",
                where=channel.name,
                cure="Give the longest delay from the start (max_delay=...), or make a new nd.Simulator.",
            )
