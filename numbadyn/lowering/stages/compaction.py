"""Compactions: the events of a channel, as a list of indices.

In: nothing (data only).  Out: `CompactionStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from numbadyn.ir.kinds import KINDS
from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.layouts import Layout
from numbadyn.lowering.places import Touch, memory
from numbadyn.lowering.stages.base import Placement, Stage, owner_in

if TYPE_CHECKING:
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["CompactionStage"]


@dataclass(frozen=True, slots=True)
class CompactionStage(Stage):
    """Indices of the elements of a channel's sample that are not zero."""

    name: ClassVar[str] = "compact"
    activity: ClassVar[str] = "collecting events"
    of_channel: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout("COMPACTION", ("SOURCE", "SIZE", "KIND", "EVENTS", "COUNTS", "DEPTH", "OWNER"))

    channel: int
    source: Buffer
    graded: bool

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The events of a draft's channel."""
        return cls(draft.channel, place.value(draft.nodes[0]), place.is_graded(draft.channel))

    def row(self, at: Binding) -> list[int]:
        """Where the sample lies, of which kind it is, and where its events go."""
        place = at.events(self.channel)
        return self.layout.row(
            SOURCE=at.start(self.source),
            SIZE=self.source.size,
            KIND=KINDS[self.source.kind].code,
            EVENTS=place.events,
            COUNTS=place.counts,
            DEPTH=place.depth,
            OWNER=at.owner(self.source),
        )

    def subject(self, program: Program) -> str:
        """Path of what it works for."""
        return owner_in(program.step.channels[self.channel].name)

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"collect events of {program.step.channels[self.channel].name}"]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        own, name = owners.buffer(self.source), program.step.channels[self.channel].name
        yield Touch("sources", memory(self.source), own, name, reads=True)
        yield Touch("events", ("events now", self.channel), own, name, writes=True)
