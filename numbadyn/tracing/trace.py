"""The recorder: one step of a network becomes a list of IR nodes.

In: requests of traced values and of the model layer (`Trace.emit`, `Trace.state`, `Trace.write`, `Trace.history` ...).
Out: `Trace.step`, a `Step`.  Units, shapes and kinds are checked as each node is made, so a mistake is reported on the
user's own line.  Must not know: the classes of the model layer (it sees names and specifications), lowering, Numba.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, TypeVar

import numpy as np

from numbadyn.errors import DimensionError, NumbadynError, ShapeError, TracedValueError
from numbadyn.ir.analysis import is_run_constant
from numbadyn.ir.kinds import Kind, kind_of, promote
from numbadyn.ir.nodes import (
    BindContext,
    Channel,
    Connection,
    Lookup,
    Node,
    ParamSpec,
    Position,
    StateSpec,
    Step,
    Train,
)
from numbadyn.ir.ops import OPS
from numbadyn.ir.spaces import Space
from numbadyn.tracing.agreement import ANY, other_space, result_dimension, result_kind, result_space, unit_name
from numbadyn.tracing.carrier import is_stripped
from numbadyn.tracing.misuse import named_error
from numbadyn.tracing.positions import caller, here, made_at, raised_at
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, split

__all__ = ["ANY", "Operands", "Template", "Trace", "current_trace"]

Notes = TypeVar("Notes")

_ACTIVE: ContextVar[Trace | None] = ContextVar("numbadyn_trace", default=None)


def current_trace() -> Trace | None:
    """The trace that is being recorded, or None in eager use."""
    return _ACTIVE.get()


@dataclass(frozen=True, slots=True)
class Template:
    """Shape, kind and dimension of a value that is read before it has been traced."""

    shape: tuple[int, ...]
    kind: Kind
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Operands:
    """Arguments of an operation, converted, with space, kind and dimension of its result."""

    args: tuple[int, ...]
    space: Space
    kind: Kind
    dimension: Dimension


class Trace:
    """One recording of one step.

    Parameters
    ----------
    name : str
        Name of the network.
    templates : dict
        What earlier passes learnt of delayed values: channel key -> `Template`.
    """

    def __init__(self, name: str, templates: dict[Any, Template] | None = None) -> None:
        self.step = Step(name)
        self.templates = dict(templates or {})
        self.path: list[tuple[str, tuple[int, ...]]] = [(name, ())]
        self.region = 0
        #: The synapses that a rule is about, while it is being traced.
        self.synapses: Space | None = None
        self._params: dict[int, int] = {}
        self._keep: list[Any] = []
        self._states: dict[int, int] = {}
        self._latest: dict[int, int] = {}
        self._channels: dict[Any, int] = {}
        self._settled = True
        self._connections: dict[int, int] = {}
        self._lookups: dict[int, int] = {}
        self._unique: dict[str, int] = {}
        self._constant: dict[int, bool] = {}
        self._conversion: Position | None = None
        self._updates: list[Any] = [None]
        self._outside: FrameType | None = None
        self._notes: dict[type, Any] = {}

    @classmethod
    def behind(cls, step: Step) -> Trace:
        """A trace that goes on where a step has ended: what is recorded comes behind it, in a copy of the step.

        Parameters
        ----------
        step : Step
            Stays as it is; numbers of its nodes, states and channels are those of the copy.
        """
        trace = cls(step.name)
        lists = ("nodes", "params", "states", "channels", "connections", "trains", "lookups", "guards", "reaches")
        own: dict[str, Any] = {name: list(getattr(step, name)) for name in (*lists, "order", "regions")}
        own |= {name: dict(getattr(step, name)) for name in ("writes", "probes", "outputs")}
        trace.step = replace(step, **own)
        trace._states = {id(spec.owner): number for number, spec in enumerate(step.states) if spec.owner is not None}
        trace._latest = dict(step.writes)
        n = trace.append("add", trace.check_operation("add", trace.step_number(), trace.literal(1)))
        trace._unique |= {"raw": trace._unique["step"], "step": n, "time": trace.emit("mul", n, trace.dt())}
        return trace

    @contextmanager
    def recording(self) -> Iterator[Trace]:
        """Make this the active trace; what called is outside of the model."""
        token, self._outside = _ACTIVE.set(self), caller()
        try:
            yield self
        finally:
            self._outside = None
            _ACTIVE.reset(token)

    @contextmanager
    def module(self, path: str, shape: tuple[int, ...], update: Any, *, outermost: bool) -> Iterator[None]:
        """Mark that the module of this path is being updated; an outermost call opens a region of its own."""
        before = self.region
        self.path.append((path, shape))
        if outermost:
            self.open_region()
        self._updates.append(update)
        try:
            yield
        except NumbadynError:
            raise
        except Exception as error:
            self._explain(error)
            raise
        finally:
            self.path.pop()
            self._updates.pop()
            self.region = before

    def open_region(self) -> None:
        """Begin a region: loops of what follows are others than those of what was before."""
        self.step.regions.append(self.path[-1][0])
        self.region = len(self.step.regions)

    def notes(self, kind: type[Notes]) -> Notes:
        """What a layer notes about this recording: one object of its class, made on first use."""
        if kind not in self._notes:
            self._notes[kind] = kind()
        found: Notes = self._notes[kind]
        return found

    @property
    def kept(self) -> list[Any]:
        """The users' objects that have been read: parameters, states and arrays that were not known before."""
        return self._keep

    def note_conversion(self) -> None:
        """Remember the line on which somebody asks for a traced value as an array."""
        self._conversion = self.here

    def _explain(self, error: Exception) -> None:
        """Say of an error of Python or NumPy what was traced; name it if it comes from a traced value made an array."""
        if isinstance(error.__cause__, NumbadynError):  # NumPy wraps what a conversion raises
            raise error.__cause__ from None
        place = raised_at(error, self.path[-1][0])
        named = named_error(error, place, converted=place == self._conversion)
        if named is not None:
            raise named from error
        if not getattr(error, "__notes__", None):
            error.add_note(f"raised while a step of {place.module} was traced")

    @contextmanager
    def about(self, synapses: Space) -> Iterator[None]:
        """Mark that a rule is about each synapse of a space; what is drawn in it is drawn for each."""
        self.synapses = synapses
        try:
            yield
        finally:
            self.synapses = None

    @property
    def here(self) -> Position:
        """The innermost line of the user's own code, for messages."""
        return here(self.path[-1][0], self._outside, self._updates[-1])

    def _here(self) -> Position:
        return self.here  # found where a mistake is reported only

    @property
    def made(self) -> Position:
        """The innermost line of a model, be it a ready-made one: where a value is made."""
        return made_at(self.path[-1][0], self._outside, self._updates[-1])

    def node(self, index: int) -> Node:
        """The node of this number."""
        return self.step.nodes[index]

    def add(self, node: Node) -> int:
        """Append a node without any check."""
        self.step.nodes.append(node)
        return len(self.step.nodes) - 1

    def source(
        self,
        op: str,
        args: tuple[int, ...],
        where: tuple[int, ...] | Space,
        kind: Kind,
        dimension: Dimension,
        **attrs: Any,
    ) -> int:
        """Append a source node (see `numbadyn.ir.traits`): a shape stands for that of a population."""
        label = str(attrs.pop("label", ""))
        space = (where if isinstance(where, Space) else Space(where)).inside(self.region)
        return self.add(Node(op, args, space, kind, dimension, self.made, attrs, label))

    def _once(self, name: str, make: Callable[[], int]) -> int:
        if name not in self._unique:
            self._unique[name] = make()
        return self._unique[name]

    def dt(self) -> int:
        """The time step, in ms."""
        return self._once("dt", lambda: self.source("dt", (), (), "real", TIME, label="dt"))

    def time(self) -> int:
        """The time at the start of the step, in ms."""
        return self._once("time", lambda: self.source("time", (), (), "real", TIME, label="t"))

    def step_number(self) -> int:
        """The step number n."""
        return self._once("step", lambda: self.source("step", (), (), "int", DIMENSIONLESS, label="n"))

    def param(self, owner: Any, spec: ParamSpec) -> int:
        """Node of a bound parameter; one per object."""
        key = id(owner)
        if key not in self._params:
            self._keep.append(owner)
            self.step.params.append(spec)
            self._params[key] = self.source(
                "param",
                (),
                spec.shape,
                spec.kind,
                spec.dimension,
                index=len(self.step.params) - 1,
                label=spec.name.rsplit(".", 1)[-1],
            )
        return self._params[key]

    def literal(self, value: Any) -> int:
        """Node of a number or array that stands in the model's code; bound like a parameter, so it compiles nothing."""
        if is_stripped(value):
            raise TracedValueError(
                "A traced value was turned into a plain array, as by np.array or np.asarray.",
                where=str(self._conversion or self.here),
                cure="Use the value itself: it takes part in NumPy functions as an array does.",
            )
        magnitude, dimension = split(value, where=str(self.here))
        array = np.asarray(magnitude)
        kind = kind_of(array.dtype)
        if array.dtype.kind not in "biuf":
            raise TracedValueError(
                f"{value!r} cannot take part in a traced expression.",
                where=str(self.here),
                cure="Use numbers, NumPy arrays or quantities.",
                value=value,
            )
        if array.ndim and array.size == 0:
            raise ShapeError(
                "An empty array takes part in a traced expression.",
                where=str(self.here),
                cure="Give it the population's shape.",
            )
        frozen = array.copy()
        index = len(self.step.params)
        fetch = lambda _context: frozen  # noqa: E731
        self.step.params.append(ParamSpec(f"literal_{index}", frozen.shape, kind, dimension, fetch, fetch))
        return self.source("param", (), frozen.shape, kind, dimension, index=index, literal=True)

    def constant(self, value: float, dimension: Dimension) -> int:
        """Node of a number in the coherent unit of a dimension."""
        frozen = np.asarray(value)
        index = len(self.step.params)
        fetch = lambda _context: frozen  # noqa: E731
        self.step.params.append(ParamSpec(f"literal_{index}", (), "real", dimension, fetch, fetch))
        return self.source("param", (), (), "real", dimension, index=index, literal=True)

    def one(self) -> int:
        """Node of the number one, where it is no number of the model's."""
        index = self.literal(1.0)
        self.step.nodes[index] = replace(self.node(index), label="one")
        return index

    def zero_like(self, index: int) -> int:
        """Node of zero in the unit of a value."""
        return self.constant(0.0, self.node(index).dimension)

    def state_index(self, owner: Any, spec: Callable[[], StateSpec]) -> int:
        """Number of a state in the step, made on first use."""
        key = id(owner)
        if key not in self._states:
            self._keep.append(owner)
            self.step.states.append(spec())
            self._states[key] = len(self.step.states) - 1
        return self._states[key]

    def read(self, index: int) -> int:
        """Latest version of a state."""
        if index not in self._latest:
            spec = self.step.states[index]
            self._latest[index] = self.source(
                "state", (), spec.space, spec.kind, spec.dimension, index=index, label=spec.label
            )
        return self._latest[index]

    def write(self, index: int, value: int) -> None:
        """Make a new version of a state."""
        spec = self.step.states[index]
        value = self.check_written(spec, value)
        self._latest[index] = value
        self.step.writes[index] = value

    def check_written(self, spec: StateSpec, value: int) -> int:
        """Refuse what does not fit a state; gives the node of the value in the kind of the state."""
        node = self.node(value)
        if node.dimension is not ANY and node.dimension != spec.dimension:
            raise DimensionError(
                f"{spec.name} is in {unit_name(spec.dimension)}, but a value in {unit_name(node.dimension)} is written "
                "to it.",
                where=str(self.here),
                cure=f"Write a value in {unit_name(spec.dimension)}.",
                state=spec.name,
                expected=unit_name(spec.dimension),
                given=unit_name(node.dimension),
            )
        if (node.space.synapses or spec.space.synapses) and not node.space.spreads(spec.space):
            raise other_space(self.step, spec.name, node.space, spec.space, self._here)
        if node.shape != spec.shape and (node.size != 1 or len(node.shape) > len(spec.shape)):
            raise ShapeError(
                f"{spec.name} has shape {spec.shape}, but a value of shape {node.shape} is written to it.",
                where=str(self.here),
                cure="Write a value of the state's own shape, or a single number.",
                state=spec.name,
                expected=spec.shape,
                shape=node.shape,
            )
        if node.kind != spec.kind:
            if self.settled and promote(node.kind, spec.kind) != spec.kind:
                raise TracedValueError(
                    f"{spec.name} holds {spec.kind} values, but {node.kind} values are written to it.",
                    where=str(self.here),
                    cure=f"Convert it: value.astype({ {'int': 'int', 'bool': 'bool', 'real': 'float'}[spec.kind] }).",
                    state=spec.name,
                    expected=spec.kind,
                    kind=node.kind,
                )
            return self.cast(value, spec.kind)
        return value

    def channel(self, key: Any, make: Callable[[], Channel]) -> int:
        """Number of the channel of this key, made on first use."""
        if key not in self._channels:
            made = make()
            self._settled = self._settled and made.dimension is not ANY
            self.step.channels.append(made)
            self._channels[key] = len(self.step.channels) - 1
        return self._channels[key]

    @property
    def settled(self) -> bool:
        """Whether the kind and the unit of all that has been read so far are known.

        If not, the step is recorded again, so what seems to be of a wrong kind may be right then.
        """
        return self._settled

    def channel_keys(self) -> dict[Any, int]:
        """Keys of all channels with their numbers."""
        return dict(self._channels)

    def connection(self, owner: Any, make: Callable[[], Connection]) -> int:
        """Number of the connection that belongs to an object, made on first use."""
        key = id(owner)
        if key not in self._connections:
            self._keep.append(owner)
            self.step.connections.append(make())
            self._connections[key] = len(self.step.connections) - 1
        return self._connections[key]

    def train(self, train: Train) -> int:
        """Node of given spike times."""
        self.step.trains.append(train)
        return self.source("train", (), (train.size,), "bool", DIMENSIONLESS, index=len(self.step.trains) - 1)

    def lookup(self, owner: Any, make: Callable[[], Lookup]) -> int:
        """Node of an array that is read at computed places; one per object."""
        key = id(owner)
        if key not in self._lookups:
            self._keep.append(owner)
            spec = make()
            self.step.lookups.append(spec)
            number = len(self.step.lookups) - 1
            self._lookups[key] = self.source(
                "lookup",
                (),
                (spec.fetch(BindContext(1.0, 0)).size,),
                spec.kind,
                spec.dimension,
                index=number,
                stored=spec.stored,
            )
        return self._lookups[key]

    def take(self, value: int, elements: np.ndarray[Any, Any]) -> int:
        """Chosen elements of a value, by their flat numbers; the result has the shape of the numbers."""
        node = self.node(value)
        if node.traits.view:
            elements = node.attrs["start"] + node.attrs["stride"] * np.asarray(elements)
            value = node.args[0]
        chosen = self.literal(np.asarray(elements, dtype=np.int64))
        return self.source("take", (value, chosen), self.node(chosen).shape, node.kind, node.dimension)

    def is_constant(self, index: int) -> bool:
        """Whether a value depends on parameters and dt only, so that it stays the same in a run."""
        waiting = [] if index in self._constant else [index]
        while waiting:  # no recursion: expressions may be thousands of operations deep
            number = waiting[-1]
            unknown = [arg for arg in self.node(number).args if arg not in self._constant]
            if unknown and number not in self._constant:
                waiting += unknown
            else:
                self._constant[waiting.pop()] = is_run_constant(self.node(number), self._constant.__getitem__)
        return self._constant[index]

    def probe(self, path: str, name: str, value: int) -> None:
        """Give a value a name under which it can be recorded."""
        self.step.probes[path, name] = value

    def cast(self, value: int, kind: Kind) -> int:
        """The value as another kind."""
        node = self.node(value)
        return value if node.kind == kind else self._append(f"to_{kind}", (value,), node.space, kind, node.dimension)

    def spread(self, value: int, shape: tuple[int, ...]) -> int:
        """One value for all as one for each element of a shape."""
        node = self.node(value)
        return self._append("identity", (value,), Space(shape), node.kind, node.dimension)

    def emit(self, name: str, *args: int) -> int:
        """Append an elementwise operation after checking kinds, units and shapes."""
        return self.append(name, self.check_operation(name, *args))

    def check_operation(self, name: str, *args: int) -> Operands:
        """Check kinds, units and shapes of an elementwise operation, and convert its arguments."""
        nodes = [self.node(arg) for arg in args]
        space = result_space(self.step, name, nodes, self._here)
        dimension = result_dimension(name, nodes, self._here)
        kind, operands = result_kind(name, nodes, self._here, settled=self.settled)
        converted = tuple(self.cast(arg, want) for arg, want in zip(args, operands, strict=True))
        assert len(args) == OPS[name].arity, name
        return Operands(converted, space, kind, dimension)

    def append(self, name: str, checked: Operands, args: tuple[int, ...] | None = None) -> int:
        """Append an operation that has been checked, or another one with its shape, kind and unit."""
        return self._append(name, args or checked.args, checked.space, checked.kind, checked.dimension)

    def _append(self, name: str, args: tuple[int, ...], space: Space, kind: Kind, dimension: Dimension) -> int:
        return self.add(Node(name, args, space.inside(self.region), kind, dimension, self.made))
