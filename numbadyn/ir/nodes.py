"""The intermediate representation (IR) of one time step: values in single assignment, and what they are read from.

In: the tracer's recordings.  Out: a `Step`, which the verifier checks, the printer shows, the interpreter runs and the
lowering turns into a `Program`.  Must not know: user objects' classes, Numba, `quantities`.

A `Step` is a pure function of the old states, the parameters, the channels' histories and the step number; its effects
are the new states, the channels' new samples and the named values that somebody may record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.kinds import Kind
from numbadyn.ir.printer import step_text
from numbadyn.ir.spaces import Space
from numbadyn.ir.traits import TRAITS, Traits
from numbadyn.units import Dimension

__all__ = [
    "HALF_STEP",
    "Advance",
    "BindContext",
    "Channel",
    "Connection",
    "Guard",
    "Lookup",
    "Node",
    "ParamSpec",
    "Position",
    "Reach",
    "StateSpec",
    "Step",
    "Train",
]

Owned = TypeVar("Owned")


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the user's model a value was made.

    Parameters
    ----------
    module : str
        Path of the module that was being updated, as ``EINet.E``.
    file, line : str, int
        The user's source line.
    text : str
        That line, stripped.
    """

    module: str
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file else "(no source line)"
        return f"{self.module}, {place}" + (f": {self.text}" if self.text else "")


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a step.

    Parameters
    ----------
    op : str
        A row of `numbadyn.ir.traits.TRAITS`.
    args : tuple of int
        Numbers of the argument nodes.
    space : Space
        Its elements, and the outermost module call in which it was made.
    kind : {"real", "int", "bool"}
        Kind of each element.
    dimension : Dimension
        Physical dimension.
    attrs : mapping
        Static attributes of source operations.
    position : Position
        Where it was made.
    label : str
        The user's name for it, when there is one.
    """

    op: str
    args: tuple[int, ...]
    space: Space
    kind: Kind
    dimension: Dimension
    position: Position
    attrs: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """That of its space: ``()`` for a value common to all elements."""
        return self.space.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.space.size

    @property
    def literal(self) -> bool:
        """Whether it is a number or an array that stands in the model's code."""
        return bool(self.attrs.get("literal"))

    @property
    def traits(self) -> Traits:
        """What its operation is like."""
        return TRAITS[self.op]


@dataclass(frozen=True, slots=True)
class BindContext:
    """What a bound value may depend on: a replica of a network is one of these, and whatever follows from it.

    Parameters
    ----------
    dt : float
        Time step in ms.
    seed : int
        Seed of the simulation.
    bits : {64, 32}
        Width of reals.
    delays : {"up", "nearest", "exact"}
        What becomes of delays that are no multiple of dt: rounded up, rounded to the nearest step, or refused.
    first : mapping
        Identity of the owner of a state -> values that take the place of its first ones, in histories too.
    tables : sequence
        The synapses of each connection, where they have been built.
    instead : mapping
        Identity of what the model binds (a parameter, a state, what synapses are drawn from, a table of input, given
        spikes) -> what takes its place here; of the origin of a step -> another step, see `Step.bound`.
    replica : int or None
        Number of the replica in its batch; None where there is no batch.
    """

    dt: float
    seed: int
    bits: int = 64
    delays: str = "up"
    first: Mapping[int, NDArray[Any]] = field(default_factory=dict, compare=False)
    tables: Sequence[Any] = field(default=(), compare=False)
    instead: Mapping[int, Any] = field(default_factory=dict, compare=False)
    replica: int | None = None

    def shape_of(self, space: Space) -> tuple[int, ...]:
        """Shape of what lies in a space, with as many synapses as have been built."""
        if space.synapses is None:
            return space.shape
        return space.bound(int(self.tables[space.synapses.connection].targets.size)).shape

    def without_instead(self) -> BindContext:
        """The same for those who keep it in the model, whose parameters are found by looking."""
        return replace(self, instead={})  # which may be filled later

    def bound(self, own: Owned) -> Owned:
        """What takes the place of something that the model binds: mostly itself."""
        other: Owned = self.instead.get(id(own), own)
        return other


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """A number or array that is bound at the start of each run.

    Parameters
    ----------
    name : str
        Full name, as ``EINet.E.tau``.
    shape, kind, dimension
        As in `Node`.
    fetch : callable
        ``fetch(context)`` returns the current value, a float or array in the coherent unit system.
    decides : callable, optional
        ``decides(context)`` is the object from which alone `fetch` takes the value, apart from what all replicas of a
        batch have in common; None where seed or number of the replica may count. It is asked once for a batch and not
        for each replica, if the object is the same.
    """

    name: str
    shape: tuple[int, ...]
    kind: Kind
    dimension: Dimension
    fetch: Callable[[BindContext], Any]
    decides: Callable[[BindContext], Any] | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """An array that the step reads at places which it computes; it stays where it is, in memory or in a file.

    Parameters
    ----------
    name : str
        Full name, or a number for an array that stands in the model's code.
    kind, dimension
        Of what is read, as in `Node`.
    stored : str
        Name of the dtype in which it is stored; Booleans are bytes.
    fetch : callable
        ``fetch(context)`` returns the current array: flat, contiguous, of that dtype; the same object as long as
        nothing has changed.
    literal : bool
        Whether it stands in the model's code.
    filled_by : object
        Who writes other values into it between two chunks of steps, if somebody does.
    """

    name: str
    kind: Kind
    dimension: Dimension
    stored: str
    fetch: Callable[[BindContext], NDArray[Any]]
    literal: bool = False
    filled_by: Any = None


def _last_part(name: str) -> str:
    return name.rsplit(".", 1)[-1]


@dataclass(frozen=True, slots=True)
class StateSpec:
    """A state variable: its name, space and unit, and a function that draws its initial value.

    In generated code it is `called` by the last part of its name, unless something else is given. Where the first
    values of many replicas cost less when they are made at once, ``together(contexts)`` gives what `initial` gives for
    each.
    """

    name: str
    space: Space
    kind: Kind
    dimension: Dimension
    initial: Callable[[BindContext], NDArray[Any]]
    owner: Any = None
    called: str = ""
    together: Callable[[Sequence[BindContext]], Sequence[NDArray[Any]]] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """That of its space."""
        return self.space.shape

    @property
    def label(self) -> str:
        """Name in generated code."""
        return self.called or _last_part(self.name)


@dataclass(frozen=True, slots=True)
class Channel:
    """A value whose past is read: one sample a step, kept for as long as its longest delay asks.

    Parameters
    ----------
    name : str
        As ``EINet.E.output`` or ``EINet.E.V``.
    value : int
        The node whose value is the sample of this step.
    initial : callable
        History before the start: ``initial(context, lag)`` gives the sample `lag` samples before the first step's, an
        array of the sample's shape or one number.
    state : int or None
        The state whose final value the channel samples, if it does.
    varied : bool
        Whether `initial` depends on the lag.
    every : callable, optional
        ``every(context)`` gives the steps of a window: the samples of one window share a slot, the last one stays.
        Lags count in windows. None stands for windows of one step.
    called : str
        Name in generated code; by default the last part of its name.
    ahead : bool
        Whether it holds what is known of this step's sample and of later ones, not earlier ones: a sum over synapses
        that counts some steps later waits there. Lags count into the future then.
    """

    name: str
    value: int
    shape: tuple[int, ...]
    kind: Kind
    dimension: Dimension
    initial: Callable[[BindContext, int], Any]
    state: int | None = None
    varied: bool = False
    every: Callable[[BindContext], int] | None = None
    called: str = ""
    ahead: bool = False

    @property
    def label(self) -> str:
        """Name in generated code."""
        return self.called or _last_part(self.name)

    def before(self, context: BindContext, count: int) -> NDArray[Any]:
        """The samples before the first step's, newest first, of the shape ``(count, *shape)``."""
        if not self.varied:
            return np.broadcast_to(self.initial(context, 1), (count, *self.shape))
        samples = [np.broadcast_to(self.initial(context, lag), self.shape) for lag in range(1, count + 1)]
        return np.array(samples).reshape(count, *self.shape)

    def window(self, context: BindContext) -> int:
        """Steps that share a slot."""
        return 1 if self.every is None else int(self.every(context))


def _unchangeable(weight: Any) -> Any:
    """Other weights for a connection that has no rule."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Connection:
    """A synapse table: built when the network is bound, never part of the structure.

    Parameters
    ----------
    name : str
        Path of the projection.
    n_pre, n_post : int
        Sizes of both sides.
    build : callable
        ``build(context, real)`` returns a table with ``delays, offsets, targets, weights`` (see
        `numbadyn.projections.connectivity.table`); a third argument takes the place of the rule.
    uniform : bool
        Whether one weight serves all synapses.
    delayed : bool
        Whether the table may hold delays.
    owner : object
        The projection.
    rule : object
        Who is connected to whom.
    reweigh : callable
        ``reweigh(weight)`` gives the same rule with other weights, after checking them.
    source : object
        What the synapses are drawn from, the rule and the delays, and what a replica may have another one of.
    dendritic : bool
        Whether each synapse of the table has a delay to its neuron, too.
    """

    name: str
    n_pre: int
    n_post: int
    build: Callable[..., Any]
    uniform: bool
    delayed: bool
    owner: Any = None
    rule: Any = None
    reweigh: Callable[[Any], Any] = _unchangeable
    source: Any = None
    dendritic: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition that ends a run when it holds no more, such as that of a delay which never exceeds its maximum.

    Parameters
    ----------
    state : int
        State that is zero as long as the condition holds, then one more than the step that broke it, per element.
    value : int
        State that keeps the offending value of each element.
    error : callable or None
        ``error(step, element, value, context)`` makes the exception; None where the end of the run is what is wanted.
    at_once : bool
        Whether the run ends behind the very step, and not with the chunk of steps that it is in.
    """

    state: int
    value: int
    error: Callable[[int, int, float, BindContext], Exception] | None
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """A read whose delay is bound at the start of each run: `longest(context)` gives it in ms."""

    channel: int
    longest: Callable[[BindContext], float]


@dataclass(frozen=True, slots=True)
class Train:
    """Given spike events: ``events(context)`` returns steps (ascending) and element indices."""

    name: str
    size: int
    events: Callable[[BindContext], tuple[NDArray[np.int64], NDArray[np.int64]]]


HALF_STEP = "half_step"
"""How a variable is advanced that stands half a step beside another one; see `Advance`."""


@dataclass(frozen=True, slots=True)
class Advance:
    """Equations that an integrator has advanced by one step: nodes, one for each variable.

    Parameters
    ----------
    method : str
        Name of the integrator; empty where the result is exact, `HALF_STEP` where so beside others half a step away.
    starts, slopes, results : tuple of int
        Values at the start of the step, their time derivatives as functions of these nodes, and values at its end;
        of what stands half a step beside, the last two may be left out.
    part : float
        Over which part of the step.
    """

    method: str
    starts: tuple[int, ...]
    slopes: tuple[int, ...]
    results: tuple[int, ...]
    part: float = field(default=1.0, kw_only=True)


_BOUND = ("params", "states", "channels", "connections", "trains", "lookups", "guards", "reaches")
"""What of a step may be that of another one."""


@dataclass(slots=True)
class Step:
    """One traced time step: nodes in program order, and its effects.

    Attributes
    ----------
    nodes : list of Node
        Argument numbers are smaller than the number of the node that uses them.
    writes : dict
        State index -> node that holds its final value.
    probes : dict
        ``(module path, name)`` -> node: values that can be recorded.
    advances : list of Advance
        Equations behind the values, as they were traced; lowering uses them up.
    ahead, finer : dict
        Node -> state whose value at the end of the step, as it was traced, it stands for; node -> node that follows
        from such values and takes its place. Lowering uses both up.
    schemes : dict
        State index -> how it is advanced, in words.
    held : dict
        State index -> how what it holds goes on, a `numbadyn.ir.decays.Decay`, where steps leave it as it is.
    origin : object
        What steps have in common that are made of one by adding to it; see `bound`.
    """

    name: str
    nodes: list[Node] = field(default_factory=list)
    params: list[ParamSpec] = field(default_factory=list)
    states: list[StateSpec] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    trains: list[Train] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)
    writes: dict[int, int] = field(default_factory=dict)
    probes: dict[tuple[str, str], int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    advances: list[Advance] = field(default_factory=list)
    ahead: dict[int, int] = field(default_factory=dict)
    finer: dict[int, int] = field(default_factory=dict)
    schemes: dict[int, str] = field(default_factory=dict)
    held: dict[int, Any] = field(default_factory=dict)
    origin: object = field(default_factory=object, compare=False, repr=False)

    def bound(self, context: BindContext) -> Step:
        """The same operations on what takes the place of this step's parameters, states and so on in a replica.

        That is another step of the same structure, by the origin that copies of this one, made while it is lowered or
        for a condition, have in common with it; what they have besides, they keep.
        """
        other: Step | None = context.instead.get(id(self.origin))
        if other is None:
            return self
        parts: dict[str, Any] = {
            name: [*getattr(other, name), *getattr(self, name)[len(getattr(other, name)) :]] for name in _BOUND
        }
        return replace(self, **parts)

    def roots(self) -> list[int]:
        """Nodes that must be kept because an effect needs them."""
        return [*self.writes.values(), *(channel.value for channel in self.channels)]

    def __str__(self) -> str:
        return step_text(self)
