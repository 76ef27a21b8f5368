"""Deliveries: synaptic events are added to a sum.

In: nothing (data only).  Out: `DeliveryStage`, `Term`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.stages.base import Stage

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program

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
