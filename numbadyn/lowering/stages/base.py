"""What all kinds of stages have in common.

In: nothing.  Out: `Stage`.  Must not know: kinds of stages, source text, arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners
    from numbadyn.lowering.waits.places import Touch

__all__ = ["Stage"]


class Stage(ABC):
    """A piece of a step; stages of one kind that do not depend on each other run together."""

    __slots__ = ()

    @abstractmethod
    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""

    @abstractmethod
    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
