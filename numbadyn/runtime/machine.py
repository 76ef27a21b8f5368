"""What every machine is: replicas of a network in memory, all at one step, that can be advanced, set back, taken over.

In: a step with its bindings.  Out: the interface that the engine and the simulator know.  Must not know: targets, how
chunks are chosen, units, user objects.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import LateDelayError
from numbadyn.ir.evaluator import Shared
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.runtime.first_values import first_values
from numbadyn.runtime.forecast import MemoryPart
from numbadyn.runtime.held_samples import HeldSamples
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.replica import Replica, naming
from numbadyn.runtime.snapshot import Snapshot, names_of, own_part, stacked
from numbadyn.runtime.soundness import Check
from numbadyn.runtime.spent import Spent

__all__ = ["Machine", "Outcome", "longest_delays"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a chunk came, and what was found on the way: what is not finite, or the guard that was broken.

    Parameters
    ----------
    reached : int
        The next step, of all replicas.
    failed : Check or None
        What is not finite.
    guard : int or None
        Guard of the step that was broken.
    replica : int
        In which replica.
    found : int or None
        The step after which it was not finite, where other replicas have come further.
    """

    reached: int
    failed: Check | None = None
    guard: int | None = None
    replica: int = 0
    found: int | None = None

    @property
    def fine(self) -> bool:
        """Whether the run may go on."""
        return self.failed is None and self.guard is None


class Machine(ABC):
    """Replicas of a network in memory, all at the same step between two calls."""

    step: Step
    replicas: Sequence[Replica]
    #: Asked in the middle of a chunk, where that is possible between two steps.
    interrupts: Interrupts = Interrupts()
    #: Text of the module that it runs; empty where there is none.
    source: str = ""
    kept: list[int]
    """Slots of each channel's history that hold what they should, in all replicas."""
    _made_for: dict[int, float]

    def compile(self) -> float | None:
        """Compile, or load from the cache; seconds, None where there is nothing to compile."""
        return None

    @property
    def must_compile(self) -> bool:
        """Whether something has to be compiled before the first step, since it is not in the cache."""
        return False

    @property
    def context(self) -> BindContext:
        """What the first replica is bound to; dt and precision are those of all."""
        return self.replicas[0].context

    @property
    def number(self) -> int:
        """The next step."""
        return self.replicas[0].number

    @abstractmethod
    def begin(self, logs: Sequence[Logs]) -> None:
        """Fetch parameters anew and get ready for a run with these logs, one a replica."""

    def resume(self, logs: Sequence[Logs]) -> None:
        """Go on with the run that was begun with these logs, after states alone may have been set."""
        self.begin(logs)

    def measure(self, on: bool) -> None:
        """Read a clock around the pieces of some steps, or do not; from the next `begin` on."""
        assert not on, "a target without profiles"

    def spent(self) -> list[Spent]:
        """What the time since `begin` was spent on."""
        return []

    def renew(self, array: NDArray[Any]) -> None:  # noqa: B027 -- most read it where it is
        """Take note that an array which the step reads where it is holds other values."""

    @abstractmethod
    def advance(self, stop: int) -> Outcome:
        """Run up to step `stop`, all equally far.

        Less far if something is not finite, a guard ends the run at once or Ctrl-C is pressed.
        """

    def memory_parts(self) -> list[MemoryPart]:
        """What it takes: the synapses of each projection, which replicas may share; targets add their own."""
        found = []
        for number, connection in enumerate(self.step.connections):
            tables = {id(t): t for replica in self.replicas for t in [replica.context.tables[number]]}
            found.append(MemoryPart(connection.name, sum(int(table.nbytes) for table in tables.values())))
        return found

    def reset(self) -> None:
        """Back to the first values and to step 0."""
        for replica in self.replicas:
            replica.first.clear()
        self.refill()

    def refill(self) -> None:
        """Begin anew, with the first values that follow from the parameters as they are now; those set stay."""
        self._bind()
        self._fill()
        self.kept = self._slots()

    def _fill(self) -> None:
        """Write the first values of all replicas, with what they are bound to now."""
        replicas = self.replicas
        first = first_values([replica.step for replica in replicas], [replica.with_first() for replica in replicas])
        for replica, own in zip(replicas, first, strict=True):
            replica.fill(own)

    @abstractmethod
    def _slots(self) -> list[int]:
        """Slots of each channel's history, the same in all replicas."""

    def _bind(self) -> None:
        """Compute anew what depends on parameters alone."""
        shared = Shared()
        for replica in self.replicas:
            with naming(replica.context):
                replica.bind(shared)
                replica.follow_rates()

    def fits(self) -> bool:
        """Whether histories have the slots that are needed with the parameters as they are now."""
        self._bind()
        return all(
            needed <= slots
            for replica in self.replicas
            for needed, slots in zip(replica.needed(), self.kept, strict=True)
        )

    def _check_depths(self) -> None:
        """Refuse a delay that a parameter has made longer than the history that was planned for it."""
        for replica in self.replicas:
            for number, (needed, slots) in enumerate(zip(replica.needed(), self.kept, strict=True)):
                if needed > slots:
                    channel, now = self.step.channels[number], longest_delays(self.step, [replica.context])
                    with naming(replica.context):
                        raise LateDelayError(
                            f"A delay of {channel.name} is now {now[number]:g} ms; its history was made for "
                            f"{self._made_for[number]:g} ms.",
                            where=channel.name,
                            cure="Give the longest delay from the start (max_delay=...), or make a new nd.Simulator.",
                            channel=channel.name,
                            now=now[number],
                            made_for=self._made_for[number],
                        )

    # ---- samples of states that steps leave as they are --------------------------------------------------------------

    def held_samples(self) -> list[HeldSamples]:
        """Those of all replicas."""
        return [samples for replica in self.replicas for samples in replica.held_samples]

    def hand_samples(self) -> None:
        """Bring the samples that were taken up to when that was, and hand them on."""
        for replica in self.replicas:
            replica.hand_samples()

    def _check_under_way(self, past: Sequence[NDArray[Any] | None]) -> None:
        """Refuse to lose what waits for its time, where a parameter has made the longest delay shorter since."""
        for channel, samples, slots in zip(self.step.channels, past, self._slots(), strict=True):
            if channel.ahead and samples is not None and samples[:, slots:].any():
                most = float(self.replicas[0].context.dt * (np.flatnonzero(samples.any(axis=(0, 2)))[-1]))
                raise LateDelayError(
                    f"Something is under way in {channel.name} for {most:g} ms yet, but its delay is shorter now.",
                    where=channel.name,
                    cure="Let it arrive before the delay is changed, or make a new nd.Simulator.",
                    channel=channel.name,
                    under_way=most,
                )

    # ---- states of all replicas --------------------------------------------------------------------------------------

    def state(self, index: int) -> NDArray[Any]:
        """Values of a state, of the shape ``(replicas, *shape)``."""
        return stacked([replica.state(index) for replica in self.replicas])

    def set_state(self, index: int, values: NDArray[Any]) -> None:
        """Overwrite a state, see `Replica.set_state`, with values of the shape ``(replicas, *shape)``."""
        for replica, own in zip(self.replicas, values, strict=True):
            replica.set_state(index, own_part(own, replica.shape_of(index)))

    def settle(self) -> None:
        """Let values of states that are too small for a normal number become zero; see `Replica.settle`."""
        for replica in self.replicas:
            replica.settle()

    # ---- taking over -------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All that another machine needs to go on from here; before the first step, what was set."""
        for replica in self.replicas:
            replica.follow_rates()
        names = names_of(self.step.states)
        first = {
            name: stacked([replica.first[id(replica.step.states[index].owner)] for replica in self.replicas])
            for index, name in enumerate(names)
            if id(self.replicas[0].step.states[index].owner) in self.replicas[0].first
        }
        if self.number == 0:  # the rest follows from the model
            return Snapshot(0, first=first)
        states = {name: self.state(index) for index, name in enumerate(names)}
        found = [np.stack(samples) for samples in zip(*(each.fetch_past() for each in self.replicas), strict=True)]
        named = zip(names_of(self.step.channels), found, self.kept, strict=False)
        return Snapshot(self.number, states, {name: past[:, :count] for name, past, count in named if past.size}, first)

    def restore(self, taken: Snapshot) -> None:
        """Go on from a snapshot; a state that it lacks begins with its first value, and so does a history."""
        names = names_of(self.step.states)
        for number, replica in enumerate(self.replicas):
            replica.first.clear()
            mine = {
                id(spec.owner): own_part(taken.first[name][number], replica.shape_of(index))
                for index, (name, spec) in enumerate(zip(names, replica.step.states, strict=True))
                if name in taken.first
            }
            replica.first.update(mine)
        self.refill()
        if taken.number == 0:
            return
        past = [taken.past.get(name) for name in names_of(self.step.channels)]
        self._check_under_way(past)
        for number, replica in enumerate(self.replicas):
            replica.number = taken.number
            for index, name in enumerate(names):
                if name in taken.states:
                    replica.write(index, own_part(taken.states[name][number], replica.shape_of(index)))
            replica.write_past([None if samples is None else samples[number] for samples in past])
        self.kept = [
            slots if samples is None or channel.ahead else min(slots, samples.shape[1])
            for slots, samples, channel in zip(self.kept, past, self.step.channels, strict=True)
        ]


def longest_delays(step: Step, contexts: Sequence[BindContext]) -> dict[int, float]:
    """The longest delay in ms, of all replicas, of each channel that is read with a delay from a parameter."""
    found: dict[int, float] = {}
    for context in contexts:
        for reach in step.bound(context).reaches:
            found[reach.channel] = max(found.get(reach.channel, 0.0), reach.longest(context))
    return found
