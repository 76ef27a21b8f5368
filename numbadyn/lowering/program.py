"""The program: ordered stages over named buffers, the last form before source text.

In: nothing (data only, frozen once built).  Out: read by the source writer and by the runtime.  Must not know: Numba.

Only *loops* are compiled anew for a model.  Deliveries, draws, given spike times and compactions are rows of tables
that library routines read, so the number of populations and projections is not part of the structure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from numbadyn.ir.nodes import Step
from numbadyn.ir.ops import Kind
from numbadyn.lowering.text import program_text

__all__ = [
    "CHECK_EVERY",
    "SLOT_COLUMNS",
    "Access",
    "Buffer",
    "Compaction",
    "Delivery",
    "Draw",
    "Kernel",
    "Loop",
    "Packing",
    "Program",
    "Reduction",
    "Refill",
    "Slot",
    "Store",
    "Term",
    "TrainStage",
    "slot_column",
]

Role = Literal["state", "temp", "sum", "ring", "now", "constant", "past", "lookup"]
Access = Literal["each", "first", "stride", "any"]


CHECK_EVERY = 128
"""Steps between two searches for values that are not finite; a power of two. The last step of a chunk is one, too."""

#: What a row of the table of a loop says of each slot: first element, number of elements; of a history also the number
#: of its slots, the lag, the elements of a slot and the steps of a window.
SLOT_COLUMNS = ("start", "count", "depth", "lag", "width", "every")


def slot_column(slot: int, what: str = "start") -> int:
    """Column of a row of the table of a loop: the size comes first, then the slots; behind them, further marks."""
    return 1 + len(SLOT_COLUMNS) * slot + SLOT_COLUMNS.index(what)


@dataclass(frozen=True, slots=True)
class Buffer:
    """A named run of one kind of elements.

    Parameters
    ----------
    role : str
        ``state``: a state; ``temp``: a value used by a later stage; ``sum``: target of a synaptic sum; ``ring``:
        history of a channel, `size` elements a slot (bytes of eight Booleans each); ``constant``: an array that depends
        on parameters only; ``lookup``: an array of the user's that stays where it is.
    index : int
        State number, channel number, number of the lookup, or node number.
    kind, size, name
        What it holds.
    """

    role: Role
    index: int
    kind: Kind
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class Slot:
    """An array argument of a kernel.

    Parameters
    ----------
    name : str
        The user's name for it.
    kind : str
        Kind of the elements.
    access : str
        ``each``: element i; ``first``: element 0 for all; ``stride``: element i * stride; ``any``: chosen elements.
    stride : int
        Distance of elements.
    cleared : bool
        Set to zero after reading (a synaptic sum with one reader).
    whole : bool
        The whole history of a channel is passed (reads at delays of each element's own, or that change).
    late : bool
        Need not be stored in every step.
    stored : str
        Name of the dtype of an array that lies elsewhere than in the memory of the program; empty for its own.
    """

    name: str
    kind: Kind
    access: Access
    stride: int = 1
    cleared: bool = False
    whole: bool = False
    late: bool = False
    stored: str = ""


@dataclass(frozen=True, slots=True)
class View:
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


@dataclass(frozen=True, slots=True)
class Store:
    """A result of a kernel: local value and slot."""

    value: int
    slot: int


@dataclass(frozen=True, slots=True)
class Operand:
    """Argument of a kernel's operation: a local value, an array slot or a scalar.

    Parameters
    ----------
    where : {"local", "slot", "scalar", "time", "step"}
        What `index` counts.
    index : int
        Number.
    """

    where: Literal["local", "slot", "scalar", "time", "step"]
    index: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a kernel; `node` is the node of the first instance, for names and comments."""

    op: str
    args: tuple[Operand, ...]
    kind: Kind
    node: int
    stream: int | None = None


@dataclass(frozen=True, slots=True)
class Kernel:
    """The body of a loop, common to all populations of one structure.

    Parameters
    ----------
    name : str
        Name of the function.
    operations : tuple of Operation
        In order.
    slots : tuple of Slot
        Array arguments.
    scalars : tuple of (name, kind)
        Scalar arguments.
    stores : tuple of Store
        Results.
    """

    name: str
    operations: tuple[Operation, ...]
    slots: tuple[Slot, ...]
    scalars: tuple[tuple[str, Kind], ...]
    stores: tuple[Store, ...]

    @property
    def structure(self) -> tuple[object, ...]:
        """What decides whether two loops can share one kernel: everything but names and places."""
        return (
            tuple((o.op, o.args, o.kind, o.stream) for o in self.operations),
            tuple((s.kind, s.access, s.stride, s.cleared, s.whole, s.late, s.stored) for s in self.slots),
            tuple(kind for _name, kind in self.scalars),
            self.stores,
        )


@dataclass(frozen=True, slots=True)
class Instance:
    """One population that a kernel runs over: its size, its views and the nodes of its scalars."""

    size: int
    views: tuple[View, ...]
    scalars: tuple[int, ...]  # node numbers, or ~stream for the stream of a draw
    region: str


@dataclass(frozen=True, slots=True)
class Loop:
    """A kernel and its instances."""

    kernel: int
    instances: tuple[Instance, ...]

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        name = program.kernels[self.kernel].name
        return [f"{name} over {instance.region} ({instance.size} elements)" for instance in self.instances]


@dataclass(frozen=True, slots=True)
class Term:
    """One connection of a synaptic sum: which events it reads.

    Parameters
    ----------
    connection : int
        Number of the connection.
    channel : int
        Whose events.
    base : int
        0: those of this step, 1: of the last one.
    lag : int or None
        Node of further delay steps.
    start, stop : int
        Window of the channel's elements.
    graded : bool
        Events carry a value.
    """

    connection: int
    channel: int
    base: int
    lag: int | None
    start: int
    stop: int
    graded: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """Add synaptic events to a sum; `clear` first where its reader does not."""

    target: Buffer
    terms: tuple[Term, ...]
    clear: bool

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        names = (program.step.connections[term.connection].name for term in self.terms)
        return [f"deliver {name} into {self.target.name}" for name in names]


@dataclass(frozen=True, slots=True)
class Draw:
    """Poisson counts of given means."""

    target: Buffer
    mean: View
    stream: int

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"draw Poisson counts {self.target.name}"]


@dataclass(frozen=True, slots=True)
class TrainStage:
    """Given spike times."""

    target: Buffer
    train: int

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"play given spikes {program.step.trains[self.train].name}"]


@dataclass(frozen=True, slots=True)
class Compaction:
    """Indices of the elements of a channel's sample that are not zero."""

    channel: int
    source: Buffer
    graded: bool

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"collect events of {program.step.channels[self.channel].name}"]


@dataclass(frozen=True, slots=True)
class Packing:
    """Booleans of this step into a slot of a history, as bits."""

    ring: View
    source: Buffer

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        return [f"pack {self.ring.buffer.name} into bits"]


@dataclass(frozen=True, slots=True)
class Reduction:
    """What becomes of equal parts of a value, or of the products of the rows of a matrix with a vector.

    Parameters
    ----------
    target : Buffer
        A result for each part.
    how : {"sum", "max", "min", "any", "all", "dot"}
        How elements are joined; ``dot`` multiplies by `factors` and adds.
    source : View
        Elements, part after part.
    factors : View or None
        The vector.
    """

    target: Buffer
    how: str
    source: View
    factors: View | None

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        if self.how == "dot":
            return [f"multiply {self.source.buffer.name} by a vector into {self.target.name}"]
        return [f"{self.how} of {self.source.buffer.name} into {self.target.name}"]


@dataclass(frozen=True, slots=True)
class Refill:
    """A synaptic sum that starts from a decayed state: state times factor (a node), prepared before the first step."""

    target: Buffer
    state: Buffer
    factor: int


Stage = Loop | Delivery | Draw | TrainStage | Compaction | Packing | Reduction


@dataclass(slots=True)
class Program:
    """A lowered network.

    Attributes
    ----------
    step : Step
        The simplified step.
    kernels : list of Kernel
        What is compiled.
    schedule : list of list of Stage
        Stages of one kind that run together, in order.
    buffers : list of tuple of Buffer
        Memory, in blocks: the buffers of a block lie side by side.
    events : set of int
        Channels whose events are collected.
    rings : set of int
        Channels whose samples are kept.
    probes : dict
        Probe node -> buffer that holds its value after the step.
    refills : list of Refill
        Sums whose start is prepared one step ahead.
    notes : dict
        Seconds spent in each pass.
    """

    step: Step
    kernels: list[Kernel] = field(default_factory=list)
    schedule: list[tuple[Stage, ...]] = field(default_factory=list)
    buffers: list[tuple[Buffer, ...]] = field(default_factory=list)
    events: set[int] = field(default_factory=set)
    rings: set[int] = field(default_factory=set)
    probes: dict[int, Buffer] = field(default_factory=dict)
    refills: list[Refill] = field(default_factory=list)
    notes: dict[str, float] = field(default_factory=dict)

    def fresh_sums(self) -> list[Buffer]:
        """Synaptic sums that start from zero in each step: what was not finite in one of them stays NaN there."""
        started = {part.target for part in self.refills}
        targets = [stage.target for stages in self.schedule for stage in stages if isinstance(stage, Delivery)]
        return [target for target in targets if target not in started]

    def __str__(self) -> str:
        return program_text(self)
