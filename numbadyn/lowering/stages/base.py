"""What all kinds of stages have in common.

In: nothing.  Out: `Stage`.  Must not know: kinds of stages, source text, arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program

__all__ = ["Stage"]


class Stage(ABC):
    """A piece of a step; stages of one kind that do not depend on each other run together."""

    __slots__ = ()

    @abstractmethod
    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
