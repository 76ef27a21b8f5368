"""Compactions: the events of a channel, as a list of indices.

In: nothing (data only).  Out: `CompactionStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.stages.base import Stage

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program

__all__ = ["CompactionStage"]


@dataclass(frozen=True, slots=True)
class CompactionStage(Stage):
    """Indices of the elements of a channel's sample that are not zero."""

    channel: int
    source: Buffer
    graded: bool

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"collect events of {program.step.channels[self.channel].name}"]
