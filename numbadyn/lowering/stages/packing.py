"""Packings: Booleans of this step become bits of a history.

In: nothing (data only).  Out: `PackingStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.layouts import Layout, slot_columns
from numbadyn.lowering.places import Touch, memory, places_of
from numbadyn.lowering.stages.base import Placement, Stage, owner_in

if TYPE_CHECKING:
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["PackingStage"]


@dataclass(frozen=True, slots=True)
class PackingStage(Stage):
    """Booleans of this step into a slot of a history, as bits."""

    name: ClassVar[str] = "pack"
    activity: ClassVar[str] = "histories"
    of_channel: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout("PACKING", ("SOURCE", "SIZE", *slot_columns("RING")))

    ring: BufferView
    source: Buffer

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The bits of a draft's channel."""
        ring = place.ring(draft.channel)
        return cls(BufferView(ring, 0, ring.size, "now"), place.value(draft.nodes[0]))

    def row(self, at: Binding) -> list[int]:
        """Where the sample lies, and where its bits go."""
        return self.layout.row(SOURCE=at.start(self.source), SIZE=self.source.size, **at.slot(self.ring).named("RING"))

    def copies(self) -> Iterable[tuple[Buffer, Buffer]]:
        """The sample becomes bits."""
        return [(self.source, self.ring.buffer)]

    def subject(self, program: Program) -> str:
        """Path of what it works for."""
        return owner_in(program.step.channels[self.ring.buffer.index].name)

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"pack {self.ring.buffer.name} into bits"]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        own, name = owners.buffer(self.source), self.ring.buffer.name
        yield Touch("sources", memory(self.source), own, name, reads=True)
        for place in places_of(self.ring):
            yield Touch("targets", place, own, name, writes=True)
