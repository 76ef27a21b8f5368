"""Where values lie: buffers of one kind of elements, and the views of them that stages have.

In: nothing (data only).  Out: what stages, kernels and programs are made of.  Must not know: arrays, targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numbadyn.ir.kinds import Kind
from numbadyn.ir.spaces import Space

__all__ = ["Buffer", "BufferView"]

Role = Literal["state", "temp", "sum", "ring", "now", "constant", "past", "lookup"]


@dataclass(frozen=True, slots=True)
class Buffer:
    """A named run of one kind of elements.

    Parameters
    ----------
    role : str
        ``state``: a state; ``temp``: a value used by a later stage; ``sum``: target of a synaptic sum; ``ring``:
        history of a channel, a slot of its space (bytes of eight Booleans each); ``constant``: an array that depends
        on parameters only; ``lookup``: an array of the user's that stays where it is.
    index : int
        State number, channel number, number of the lookup, or node number.
    kind, space, name
        What it holds.
    """

    role: Role
    index: int
    kind: Kind
    space: Space
    name: str

    @property
    def size(self) -> int:
        """Number of elements, of a history those of a slot."""
        return self.space.size


@dataclass(frozen=True, slots=True)
class BufferView:
    """Where an instance of a kernel finds a slot: a buffer from an offset on, for a history some steps ago.

    Parameters
    ----------
    buffer : Buffer
        The memory.
    offset, count : int
        First element and number of elements.
    lag : int or None
        Node of the delay steps on top of one; None for one step.
    slot : {"fixed", "now", "past", "whole"}
        ``now``: this step's slot of a history; ``past``: an earlier one; ``whole``: all of it.
    """

    buffer: Buffer
    offset: int
    count: int
    slot: Literal["fixed", "now", "past", "whole"] = "fixed"
    lag: int | None = None
