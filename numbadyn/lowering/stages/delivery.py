"""Deliveries: synaptic events are added to a sum.

In: nothing (data only).  Out: `DeliveryStage`, `Term`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.stages.base import Stage
from numbadyn.lowering.waits.places import Ago, Place, Touch, memory

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["DeliveryStage", "Term"]


@dataclass(frozen=True, slots=True)
class Term:
    """One connection of a synaptic sum: which events it reads.

    Parameters
    ----------
    connection : int
        Number of the connection.
    channel : int
        Whose events.
    base : int
        0: those of this step, 1: of the last one.
    lag : int or None
        Node of further delay steps.
    start, stop : int
        Window of the channel's elements.
    graded : bool
        Events carry a value.
    """

    connection: int
    channel: int
    base: int
    lag: int | None
    start: int
    stop: int
    graded: bool

    def places(self, program: Program) -> Iterator[Place]:
        """Lists of events, and where their values lie."""
        yield ("events past", self.channel)
        if self.base == 0:  # a synapse's own delay may reach back all the same
            yield ("events now", self.channel)
        for buffer in program.histories() if self.graded else ():
            if buffer.index == self.channel:
                yield from (("now", buffer), ("past", buffer))


@dataclass(frozen=True, slots=True)
class DeliveryStage(Stage):
    """Add synaptic events to a sum; `clear` first where its reader does not."""

    target: Buffer
    terms: tuple[Term, ...]
    clear: bool

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        names = (program.step.connections[term.connection].name for term in self.terms)
        return [f"deliver {name} into {self.target.name}" for name in names]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        own = owners.buffer(self.target)
        for term in self.terms:
            ago = Ago(term.base, term.lag, term.connection, term.channel)
            for place in term.places(program):
                yield Touch("events", place, None, reads=True, ago=ago)
        if self.clear:
            yield Touch("cleared", memory(self.target), own, writes=True)
        yield Touch("targets", memory(self.target), own, reads=True, writes=True)
