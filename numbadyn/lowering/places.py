"""What a stage touches: places in memory, whose elements of them, and how many steps ago they were written.

In: nothing (data only).  Out: what stages say of themselves, see `numbadyn.lowering.stages`.  Must not know: kinds of
stages, targets, arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from numbadyn.lowering.buffers import Buffer, BufferView

__all__ = ["Ago", "Chosen", "Part", "Place", "Start", "Touch", "ago_of", "memory", "places_of", "reads_of"]

Place = tuple[str, Any]
"""What stages may meet at: ``("memory", buffer)``; this slot of a history, ``("now", buffer)``, and earlier ones,
``("past", buffer)``; the same of events, ``("events now", channel)`` and ``("events past", channel)``."""

Part = Literal["elements", "sources", "targets", "cleared", "events"]


class Start(NamedTuple):
    """Where the first element of something lies: elements that belong together stand on one line, one behind another.

    Parameters
    ----------
    line : int
        Number of the line.
    number : int
        Place on the line.
    """

    line: int
    number: int

    def before(self, count: int) -> Start:
        """The place on the line so many elements before this one."""
        return Start(self.line, self.number - count)


class Chosen(NamedTuple):
    """Elements at places that are run constants; they may turn out to be just those of whoever reads them.

    Parameters
    ----------
    node : int
        Node of the places.
    readers : int
        Number of elements that read.
    start : Start
        Where the first element of what is read must lie if the places are 0, 1, 2, ...
    """

    node: int
    readers: int
    start: Start


@dataclass(frozen=True, slots=True)
class Ago:
    """How many steps before it is read a value was written.

    Parameters
    ----------
    base : int
        Steps at least.
    lag : int or None
        Node of further steps, of a history of further windows; None for none.
    connection : int or None
        Connection whose synapses have further delays.
    channel : int
        Whose past it is.
    open : bool
        Whether further steps are computed in each step, so that there may be none.
    dendrites : bool
        Whether the delays of the synapses are those on the way back from their neurons.
    """

    base: int
    lag: int | None
    connection: int | None
    channel: int
    open: bool = False
    dendrites: bool = False


@dataclass(frozen=True, slots=True)
class Touch:
    """A place that a stage reads or writes in each step.

    Parameters
    ----------
    part : str
        What it is for the stage: the ``elements`` of a loop; ``sources`` and ``targets``; targets that are ``cleared``
        first; lists of ``events``.
    place : Place
        Where.
    own : Start or None
        Where the first element of the place lies, if whoever computes an element of the stage touches just the same
        element of the place; None if those of others too.
    who : str
        Name of what touches it, for the user.
    reads, writes : bool
        What is done there.
    ago : Ago or None
        When what is read was written; None for memory that keeps one value.
    chosen : Chosen or None
        Which elements are touched, where that is known once parameters are.
    """

    part: Part
    place: Place
    own: Start | None
    who: str
    reads: bool = False
    writes: bool = False
    ago: Ago | None = None
    chosen: Chosen | None = None


def memory(buffer: Buffer) -> Place:
    """The place of a buffer that keeps one value of each element."""
    return ("memory", buffer)


def places_of(view: BufferView) -> Iterator[Place]:
    """Places that a view may touch."""
    if view.slot == "fixed":
        yield memory(view.buffer)
    elif view.slot == "whole":
        yield from (("now", view.buffer), ("past", view.buffer))
    else:
        yield (view.slot, view.buffer)


def ago_of(view: BufferView) -> Ago | None:
    """How many steps ago what a view shows was written; None for memory that keeps one value."""
    return Ago(1, view.lag, None, view.buffer.index) if view.slot == "past" else None


def reads_of(view: BufferView, own: Start | None, who: str) -> Iterator[Touch]:
    """Touches of a stage that reads a view."""
    for place in places_of(view):
        yield Touch("sources", place, own, who, reads=True, ago=ago_of(view))
