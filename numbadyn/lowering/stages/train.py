"""Given spike times.

In: nothing (data only).  Out: `TrainStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.layouts import Layout
from numbadyn.lowering.places import Touch, memory
from numbadyn.lowering.stages.base import Placement, Stage

if TYPE_CHECKING:
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["TrainStage"]


@dataclass(frozen=True, slots=True)
class TrainStage(Stage):
    """Given spike times."""

    name: ClassVar[str] = "train"
    activity: ClassVar[str] = "given spikes"
    layout: ClassVar[Layout] = Layout("TRAIN", ("TARGET", "SIZE", "STEPS", "ELEMENTS", "COUNT", "OWNER"))

    target: Buffer
    train: int

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The spikes of a node."""
        (index,) = draft.nodes
        return cls(place.value(index), place.node(index).attrs["index"])

    def row(self, at: Binding) -> list[int]:
        """Where spikes go, and addresses of their steps and elements."""
        steps, elements = at.train(self.train)
        return self.layout.row(
            TARGET=at.start(self.target),
            SIZE=self.target.size,
            STEPS=at.address(steps),
            ELEMENTS=at.address(elements),
            COUNT=steps.size,
            OWNER=at.owner(self.target),
        )

    def subject(self, program: Program) -> str:
        """Path of what it works for."""
        return program.step.trains[self.train].name

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"play given spikes {program.step.trains[self.train].name}"]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        yield Touch("targets", memory(self.target), owners.buffer(self.target), self.target.name, writes=True)
