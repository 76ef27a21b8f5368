"""What all kinds of stages have in common.

In: nothing.  Out: `Stage`, and `Placement`, of which a stage asks where values lie while it is made.  Must not know:
kinds of stages, source text, arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

from numpy.typing import NDArray

from numbadyn.ir.nodes import Node, Step
from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.layouts import Layout

if TYPE_CHECKING:
    from numbadyn.lowering.places import Touch
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.stages.delivery import Term
    from numbadyn.lowering.stages.loop import Instance
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["Placement", "Stage", "SynapseLoop", "Work", "owner_in"]


class Placement(Protocol):
    """Where the values of a step lie."""

    @property
    def step(self) -> Step:
        """The planned step."""

    def node(self, index: int) -> Node:
        """A node of the step."""

    def value(self, index: int) -> Buffer:
        """Memory of a value that a stage computes."""

    def total(self, index: int) -> Buffer:
        """Memory of a sum over synapses, of one that waits for its time that of all that wait."""

    def view(self, index: int) -> BufferView:
        """Where a value lies, behind slices."""

    def ring(self, channel: int) -> Buffer:
        """History of a channel."""

    def is_graded(self, channel: int) -> bool:
        """Whether the events of a channel carry a value."""

    def is_cleared(self, index: int) -> bool:
        """Whether a synaptic sum is ready when events are added to it: its reader clears it, or prepares it."""

    def loop(self, draft: Draft) -> tuple[int, Instance]:
        """Number of the kernel of a loop, and what it runs over."""


class SynapseLoop(NamedTuple):
    """A kernel that goes through synapses.

    Parameters
    ----------
    instance : Instance
        What it goes through.
    connection : int
        Number of the connection.
    onto : list of BufferView
        Values of the neurons on which the synapses are.
    """

    instance: Instance
    connection: int
    onto: list[BufferView]


class Work(NamedTuple):
    """What the time of a row is spent on.

    Parameters
    ----------
    what : str
        Kind of work, as a user calls it.
    name : str
        Path of the population or the projection that it is for.
    weight : int
        Its part, beside others that share the row: elements or synapses.
    """

    what: str
    name: str
    weight: int = 1


def owner_in(name: str) -> str:
    """Path of the module in the name of one of its values."""
    return name.rpartition(".")[0] or name


class Stage(ABC):
    """A piece of a step.

    Stages of one kind and one `key` that do not depend on each other run together: they are the rows of one table, or
    the instances of one kernel.

    Attributes
    ----------
    name : str
        As nodes that get a stage of this kind name it, see `numbadyn.ir.traits`.
    elementwise : bool
        Element i of what it computes needs element i of what it reads, unless a node says otherwise.
    of_channel : bool
        It does something with the sample of a channel, and computes no node.
    layout : Layout
        Columns of its rows; loops have another number of them for each kernel.
    activity : str
        What its time is spent on, in a profile.
    """

    __slots__ = ()

    name: ClassVar[str]
    elementwise: ClassVar[bool] = False
    of_channel: ClassVar[bool] = False
    layout: ClassVar[Layout]
    activity: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The stage of a draft."""

    @classmethod
    def join(cls, stages: Sequence[Self]) -> tuple[Self, ...]:
        """Stages that run together, as few as can be."""
        return tuple(stages)

    @property
    def key(self) -> int:
        """What stages that run together agree in, besides their kind."""
        return 0

    @classmethod
    def tables(cls, stages: Sequence[Self], at: Binding) -> list[NDArray[Any]]:
        """Tables of stages that run together: that of the rows, then what a kind has besides."""
        return [cls.layout.table([stage.row(at) for stage in stages])]

    @classmethod
    def works(cls, stages: Sequence[Self], at: Binding) -> list[list[Work]]:
        """What each row of the first of its tables works for: several things where stages share a row."""
        return [[Work(cls.activity, stage.subject(at.program))] for stage in stages]

    def subject(self, program: Program) -> str:
        """Path of the population or the projection that it works for."""
        return ""

    @abstractmethod
    def row(self, at: Binding) -> list[int]:
        """The row of the stage."""

    def terms_read(self) -> Iterable[Term]:
        """Events that it reads."""
        return ()

    def sums(self) -> Iterable[Buffer]:
        """Synaptic sums that it adds to."""
        return ()

    def loops(self) -> Iterable[tuple[int, Instance]]:
        """Kernels that go through the elements of a space one by one, and what they go through."""
        return ()

    def synapse_loops(self, program: Program) -> Iterable[SynapseLoop]:
        """Kernels that go through the synapses which events reach."""
        return ()

    def copies(self) -> Iterable[tuple[Buffer, Buffer]]:
        """Buffers, and those whose elements are made of theirs, each of the same one."""
        return ()

    def kernels(self) -> Iterable[int]:
        """Numbers of the kernels that it runs."""
        return ()

    def neighbours(self) -> Iterable[tuple[Buffer, ...]]:
        """Buffers that should lie side by side, in groups."""
        return ()

    def size(self) -> int:
        """Elements that it goes through one by one."""
        return 0

    @abstractmethod
    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""

    @abstractmethod
    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
