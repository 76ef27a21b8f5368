"""Index spaces: where the elements of a value are, and how many there are.

In: nothing.  Out: `Space`, which every value, state, stage and buffer has; it is the one place that knows shapes.
Must not know: operations, memory, targets.

Three kinds of space exist. A *population* has a shape that is known when a step is traced. The *synapses* of a
connection have a number that is known when their table is built, so a step says whose synapses they are and never how
many. A *single value* is common to all elements. Only the operations that are maps between spaces (see
`numbadyn.ir.nodes`) take arguments from another space than that of their result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from numbadyn.errors import InternalError

__all__ = ["SYMBOLIC", "Order", "Space", "Synapses", "synapses_of", "widest"]

Order = Literal["pre", "post"]

#: Length of an axis that is not known before synapses are built.
SYMBOLIC = -1


@dataclass(frozen=True, slots=True)
class Synapses:
    """Whose synapses the elements of a space are.

    Parameters
    ----------
    connection : int
        Number of the connection in its step.
    order : {"pre", "post"}
        In which order a loop meets them: by presynaptic neuron as they are stored, or by postsynaptic neuron, through
        an index into the same values.
    """

    connection: int
    order: Order = "pre"


@dataclass(frozen=True, slots=True)
class Space:
    """The elements of a value.

    Parameters
    ----------
    shape : tuple of int
        That of a population; ``()`` for a value common to all elements; ``(SYMBOLIC,)`` for synapses.
    region : int
        Number of the outermost module call that a value is made in; loops are fused inside a region only. 0 for what
        belongs to no call.
    synapses : Synapses, optional
        Whose synapses the elements are, if they are synapses.

    Examples
    --------
    >>> Space((2, 3)).size, Space().single, synapses_of(0).symbolic
    (6, True, True)
    >>> synapses_of(0).bound(1000).size
    1000
    """

    shape: tuple[int, ...] = ()
    region: int = 0
    synapses: Synapses | None = None

    @property
    def symbolic(self) -> bool:
        """Whether the number of elements is not known yet."""
        return SYMBOLIC in self.shape

    @property
    def by_post(self) -> bool:
        """Whether they are synapses that a loop meets by postsynaptic neuron."""
        return self.synapses is not None and self.synapses.order == "post"

    @property
    def single(self) -> bool:
        """Whether it holds one value, common to all elements."""
        return self.shape == ()

    @property
    def size(self) -> int:
        """Number of elements; those of one replica, since each has a slice of memory with all spaces.

        Raises
        ------
        InternalError
            They are synapses that have not been built.
        """
        if self.symbolic:
            raise InternalError(f"The number of elements of {self} is asked for before synapses are built.")
        return math.prod(self.shape)

    @property
    def flat(self) -> Space:
        """The same elements along one axis: the space that a loop goes over."""
        return self if self.symbolic else replace(self, shape=(self.size,))

    def inside(self, region: int) -> Space:
        """The same elements, of a value that is made in another module call."""
        return replace(self, region=region)

    def bound(self, length: int) -> Space:
        """The same space once the number of synapses is known; a population stays as it is."""
        return replace(self, shape=(length,)) if self.symbolic else self

    def like(self, other: Space) -> bool:
        """Whether element i of both is the same thing, wherever and in whatever order a loop goes over them."""
        if self.synapses is None or other.synapses is None:
            return self.synapses is other.synapses and self.size == other.size
        return self.synapses.connection == other.synapses.connection

    def spreads(self, other: Space) -> bool:
        """Whether its values can stand beside those of another space: one for all, or one for each of its elements."""
        return self.single or (not self.symbolic and self.size == 1) or self.like(other)

    def __str__(self) -> str:
        if self.synapses is not None:
            return f"synapses of connection {self.synapses.connection}"
        return f"[{', '.join(map(str, self.shape))}]" if self.shape else "single value"


def widest(spaces: Iterable[Space]) -> Space:
    """The space of what is computed element by element from values of these spaces: that with most elements.

    Parameters
    ----------
    spaces : iterable of Space
        Each spreads over the widest (see `Space.spreads`).

    Returns
    -------
    Space

    Examples
    --------
    >>> widest([Space(), Space((1,)), Space((4,)), Space()])
    Space(shape=(4,), region=0, synapses=None)
    """
    return max(spaces, key=lambda space: (space.symbolic, 0 if space.symbolic else space.size, len(space.shape)))


def synapses_of(connection: int, region: int = 0, order: Order = "pre") -> Space:
    """The space of the synapses of a connection.

    Parameters
    ----------
    connection : int
        Its number in the step.
    region : int
        See `Space`.
    order : {"pre", "post"}
        See `Synapses`.

    Returns
    -------
    Space
    """
    return Space((SYMBOLIC,), region, Synapses(connection, order))
