"""Draws of Poisson counts.

In: nothing (data only).  Out: `DrawStage`.  Must not know: source text, arrays of a run.
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

__all__ = ["DrawStage"]


@dataclass(frozen=True, slots=True)
class DrawStage(Stage):
    """Poisson counts of given means."""

    name: ClassVar[str] = "draw"
    activity: ClassVar[str] = "drawing"
    layout: ClassVar[Layout] = Layout("DRAW", ("TARGET", "SIZE", *slot_columns("MEAN"), "STREAM", "OWNER"))

    target: Buffer
    mean: BufferView
    stream: int

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The draw of a node."""
        (index,) = draft.nodes
        node = place.node(index)
        return cls(place.value(index), place.view(node.args[0]), node.attrs["stream"])

    def row(self, at: Binding) -> list[int]:
        """Where counts go, what their means are, and which random numbers they take."""
        return self.layout.row(
            TARGET=at.start(self.target),
            SIZE=self.target.size,
            **at.slot(self.mean).named("MEAN"),
            STREAM=self.stream,
            OWNER=at.owner(self.target),
        )

    def subject(self, program: Program) -> str:
        """Path of what it works for."""
        return owner_in(self.target.name)

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"draw Poisson counts {self.target.name}"]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        own, each = owners.buffer(self.target), self.mean.count == self.target.size
        yield from reads_of(self.mean, owners.own(own, each=each, offset=self.mean.offset), self.target.name)
        yield Touch("targets", memory(self.target), own, self.target.name, writes=True)
