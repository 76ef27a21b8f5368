"""Deliveries: synaptic events are added to a sum.

In: nothing (data only).  Out: `DeliveryStage`, `Term`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from numbadyn.ir.analysis import signal_of, signals
from numbadyn.ir.nodes import Node, Step
from numbadyn.ir.spaces import Order
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.stages.base import Placement, Stage
from numbadyn.lowering.waits.places import Ago, Place, Touch, memory

if TYPE_CHECKING:
    from numbadyn.lowering.fusion import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["DeliveryStage", "Term", "terms_of"]


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
    order : {"pre", "post"}
        On which side of the synapses the neurons are whose events those are; on the other they act at once.
    """

    connection: int
    channel: int
    base: int
    lag: int | None
    start: int
    stop: int
    graded: bool
    order: Order = "pre"

    @property
    def delayed(self) -> int | None:
        """Connection whose delays pass before the events act, if they do."""
        return self.connection if self.order == "pre" else None

    def places(self, program: Program) -> Iterator[Place]:
        """Lists of events, and where their values lie."""
        yield ("events past", self.channel)
        if self.base == 0:  # a synapse's own delay may reach back all the same
            yield ("events now", self.channel)
        for buffer in program.histories() if self.graded else ():
            if buffer.index == self.channel:
                yield from (("now", buffer), ("past", buffer))


def terms_of(step: Step, node: Node) -> tuple[Term, ...]:
    """The events that a node takes through its connections."""
    terms = []
    order: Order = "post" if node.space.by_post else "pre"
    for arg, connection, own in signals(node):
        signal = signal_of(step, arg, own)
        assert signal is not None
        graded = step.channels[signal.channel].kind != "bool"
        terms.append(
            Term(connection, signal.channel, signal.base, signal.lag, signal.start, signal.stop, graded, order)
        )
    return tuple(terms)


@dataclass(frozen=True, slots=True)
class DeliveryStage(Stage):
    """Add synaptic events to a sum; `clear` first where its reader does not."""

    name: ClassVar[str] = "deliver"

    target: Buffer
    terms: tuple[Term, ...]
    clear: bool

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The delivery of a synaptic sum."""
        (index,) = draft.nodes
        return cls(place.value(index), terms_of(place.step, place.node(index)), not place.is_cleared(index))

    def terms_read(self) -> Iterable[Term]:
        """All its terms."""
        return self.terms

    def sums(self) -> Iterable[Buffer]:
        """Its sum."""
        return (self.target,)

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        names = (program.step.connections[term.connection].name for term in self.terms)
        return [f"deliver {name} into {self.target.name}" for name in names]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        own = owners.buffer(self.target)
        for term in self.terms:
            ago = Ago(term.base, term.lag, term.connection, term.channel)
            name = program.step.connections[term.connection].name
            for place in term.places(program):
                yield Touch("events", place, owners.own(own, each=False), name, reads=True, ago=ago)
        if self.clear:
            yield Touch("cleared", memory(self.target), own, self.target.name, writes=True)
        yield Touch("targets", memory(self.target), own, self.target.name, reads=True, writes=True)
