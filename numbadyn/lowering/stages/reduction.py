"""Reductions: sums, largest values and products of the rows of an array.

In: nothing (data only).  Out: `ReductionStage`, `HOW`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from numbadyn.ir.kinds import KINDS
from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.layouts import Layout, SlotRow, slot_columns
from numbadyn.lowering.places import Touch, memory, reads_of
from numbadyn.lowering.stages.base import Placement, Stage, owner_in

if TYPE_CHECKING:
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["HOW", "ReductionStage"]

HOW = ("sum", "max", "min", "any", "all", "dot")
"""Ways of joining elements, in the order of their numbers in rows."""


@dataclass(frozen=True, slots=True)
class ReductionStage(Stage):
    """What becomes of equal parts of a value, or of the products of the rows of a matrix with a vector.

    Parameters
    ----------
    target : Buffer
        A result for each part.
    how : {"sum", "max", "min", "any", "all", "dot"}
        How elements are joined; ``dot`` multiplies by `factors` and adds.
    source : BufferView
        Elements, part after part.
    factors : BufferView or None
        The vector.
    """

    name: ClassVar[str] = "reduce"
    activity: ClassVar[str] = "reductions"
    layout: ClassVar[Layout] = Layout(
        "REDUCTION",
        ("HOW", "KIND", "TARGET", "PARTS", "WIDTH", *slot_columns("SOURCE"), *slot_columns("FACTORS")),
    )

    target: Buffer
    how: str
    source: BufferView
    factors: BufferView | None

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The reduction of a node."""
        (index,) = draft.nodes
        node = place.node(index)
        source, *factors = (place.view(arg) for arg in node.args)
        return cls(place.value(index), node.attrs.get("how", "dot"), source, factors[0] if factors else None)

    def row(self, at: Binding) -> list[int]:
        """How elements are joined, where they lie, and where results go."""
        factors = SlotRow(0, 0) if self.factors is None else at.slot(self.factors)
        return self.layout.row(
            HOW=HOW.index(self.how),
            KIND=KINDS[self.source.buffer.kind].code,
            TARGET=at.start(self.target),
            PARTS=self.target.size,
            WIDTH=self.source.count // self.target.size,
            **at.slot(self.source).named("SOURCE"),
            **factors.named("FACTORS"),
        )

    def subject(self, program: Program) -> str:
        """Path of what it works for."""
        return owner_in(self.target.name)

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        if self.how == "dot":
            return [f"multiply {self.source.buffer.name} by a vector into {self.target.name}"]
        return [f"{self.how} of {self.source.buffer.name} into {self.target.name}"]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        own = owners.buffer(self.target)
        for view in (self.source, self.factors):
            yield from reads_of(view, owners.own(own, each=False), self.target.name) if view is not None else ()
        yield Touch("targets", memory(self.target), own, self.target.name, writes=True)
