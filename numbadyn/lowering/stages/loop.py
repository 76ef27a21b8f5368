"""Loops: a kernel over the elements of its populations.

In: nothing (data only).  Out: `Instance`, `LoopStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numbadyn.ir.spaces import Space
from numbadyn.lowering.buffers import BufferView
from numbadyn.lowering.stages.base import Stage

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program

__all__ = ["Instance", "LoopStage"]


@dataclass(frozen=True, slots=True)
class Instance:
    """What a kernel runs over: a space, its views, the nodes of its scalars and the module that it belongs to."""

    space: Space
    views: tuple[BufferView, ...]
    scalars: tuple[int, ...]  # node numbers, or ~stream for the stream of a draw
    module: str

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.space.size


@dataclass(frozen=True, slots=True)
class LoopStage(Stage):
    """A kernel and its instances."""

    kernel: int
    instances: tuple[Instance, ...]

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        name = program.kernels[self.kernel].name
        return [f"{name} over {instance.module} ({instance.size} elements)" for instance in self.instances]
