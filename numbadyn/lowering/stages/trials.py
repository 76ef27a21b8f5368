"""Draws of binomial counts.

In: nothing (data only).  Out: `TrialsStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.layouts import Layout, slot_columns
from numbadyn.lowering.places import Touch, memory, reads_of
from numbadyn.lowering.stages.base import Placement, Stage, owner_in

if TYPE_CHECKING:
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["TrialsStage"]


@dataclass(frozen=True, slots=True)
class TrialsStage(Stage):
    """How many of given numbers of trials succeed, by their chance."""

    name: ClassVar[str] = "trials"
    activity: ClassVar[str] = "drawing"
    layout: ClassVar[Layout] = Layout(
        "TRIALS", ("TARGET", "SIZE", *slot_columns("NUMBER"), *slot_columns("CHANCE"), "STREAM", "OWNER")
    )

    target: Buffer
    number: BufferView
    chance: BufferView
    stream: int

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The draw of a node."""
        (index,) = draft.nodes
        node = place.node(index)
        number, chance = (place.view(arg) for arg in node.args)
        return cls(place.value(index), number, chance, node.attrs["stream"])

    def row(self, at: Binding) -> list[int]:
        """Where counts go, of how many trials with which chance, and which random numbers they take."""
        return self.layout.row(
            TARGET=at.start(self.target),
            SIZE=self.target.size,
            **at.slot(self.number).named("NUMBER"),
            **at.slot(self.chance).named("CHANCE"),
            STREAM=self.stream,
            OWNER=at.owner(self.target),
        )

    def subject(self, program: Program) -> str:
        """Path of what it works for."""
        return owner_in(self.target.name)

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"draw binomial counts {self.target.name}"]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        own = owners.buffer(self.target)
        for view in (self.number, self.chance):
            each = view.count == self.target.size
            yield from reads_of(view, owners.own(own, each=each, offset=view.offset), self.target.name)
        yield Touch("targets", memory(self.target), own, self.target.name, writes=True)
