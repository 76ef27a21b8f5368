"""Draws of Poisson counts.

In: nothing (data only).  Out: `DrawStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.stages.base import Stage

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program

__all__ = ["DrawStage"]


@dataclass(frozen=True, slots=True)
class DrawStage(Stage):
    """Poisson counts of given means."""

    target: Buffer
    mean: BufferView
    stream: int

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"draw Poisson counts {self.target.name}"]
