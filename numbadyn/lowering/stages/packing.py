"""Packings: Booleans of this step become bits of a history.

In: nothing (data only).  Out: `PackingStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.stages.base import Stage

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program

__all__ = ["PackingStage"]


@dataclass(frozen=True, slots=True)
class PackingStage(Stage):
    """Booleans of this step into a slot of a history, as bits."""

    ring: BufferView
    source: Buffer

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"pack {self.ring.buffer.name} into bits"]
