"""The recorder: one step of a network becomes a list of IR nodes.

In: requests of traced values and of the model layer (`Trace.emit`, `Trace.state`, `Trace.write`, `Trace.history` ...).
Out: `Trace.step`, a `Step`.  Units, shapes and kinds are checked as each node is made, so a mistake is reported on the
user's own line.  Must not know: the classes of the model layer (it sees names and specifications), lowering, Numba.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from types import FrameType
from typing import Any, TypeVar

import numpy as np

from numbadyn.errors import DimensionError, NumbadynError, ShapeError, TracedValueError
from numbadyn.ir.analysis import is_run_constant
from numbadyn.ir.kinds import Kind, kind_of, promote
from numbadyn.ir.nodes import (
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
from numbadyn.tracing.carrier import is_stripped
from numbadyn.tracing.misuse import named_error
from numbadyn.tracing.positions import caller, here, made_at, raised_at
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, split

__all__ = ["ANY", "Checked", "Template", "Trace", "current_trace"]

#: Stands for "not known yet" while the first pass finds out what delayed outputs look like; compared by identity.
ANY = Dimension(luminous=99)

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
class Checked:
    """Arguments of an operation, converted, with shape, kind and dimension of its result."""

    args: tuple[int, ...]
    shape: tuple[int, ...]
    kind: Kind
    dimension: Dimension


def _unit_name(dimension: Dimension) -> str:
    return "a unit not known yet" if dimension is ANY else str(dimension) or "no unit"


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
        self._params: dict[int, int] = {}
        self._keep: list[Any] = []
        self._states: dict[int, int] = {}
        self._latest: dict[int, int] = {}
        self._channels: dict[Any, int] = {}
        self._connections: dict[int, int] = {}
        self._lookups: dict[int, int] = {}
        self._unique: dict[str, int] = {}
        self._conversion: Position | None = None
        self._updates: list[Any] = [None]
        self._outside: FrameType | None = None
        self._notes: dict[type, Any] = {}

    # ---- context ---------------------------------------------------------------------------------------------------

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
        if outermost:
            self.step.regions.append(path)
            self.region = len(self.step.regions)
        self.path.append((path, shape))
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

    def notes(self, kind: type[Notes]) -> Notes:
        """What a layer notes about this recording: one object of its class, made on first use."""
        if kind not in self._notes:
            self._notes[kind] = kind()
        found: Notes = self._notes[kind]
        return found

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

    @property
    def here(self) -> Position:
        """The innermost line of the user's own code, for messages."""
        return here(self.path[-1][0], self._outside, self._updates[-1])

    @property
    def made(self) -> Position:
        """The innermost line of a model, be it a ready-made one: where a value is made."""
        return made_at(self.path[-1][0], self._outside, self._updates[-1])

    # ---- nodes -----------------------------------------------------------------------------------------------------

    def node(self, index: int) -> Node:
        """The node of this number."""
        return self.step.nodes[index]

    def add(self, node: Node) -> int:
        """Append a node without any check."""
        self.step.nodes.append(node)
        return len(self.step.nodes) - 1

    def source(
        self, op: str, args: tuple[int, ...], shape: tuple[int, ...], kind: Kind, dimension: Dimension, **attrs: Any
    ) -> int:
        """Append a source node (see `numbadyn.ir.traits`)."""
        label = str(attrs.pop("label", ""))
        return self.add(Node(op, args, Space(shape, self.region), kind, dimension, self.made, attrs, label))

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

    # ---- parameters and literals -------------------------------------------------------------------------------------

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
            )
        if array.ndim and array.size == 0:
            raise ShapeError(
                "An empty array takes part in a traced expression.",
                where=str(self.here),
                cure="Give it the population's shape.",
            )
        frozen = array.copy()
        index = len(self.step.params)
        self.step.params.append(ParamSpec(f"literal_{index}", frozen.shape, kind, dimension, lambda _context: frozen))
        return self.source("param", (), frozen.shape, kind, dimension, index=index, literal=True)

    def constant(self, value: float, dimension: Dimension) -> int:
        """Node of a number in the coherent unit of a dimension."""
        frozen = np.asarray(value)
        index = len(self.step.params)
        self.step.params.append(ParamSpec(f"literal_{index}", (), "real", dimension, lambda _context: frozen))
        return self.source("param", (), (), "real", dimension, index=index, literal=True)

    # ---- states ------------------------------------------------------------------------------------------------------

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
                "state", (), spec.shape, spec.kind, spec.dimension, index=index, label=spec.label
            )
        return self._latest[index]

    def write(self, index: int, value: int) -> None:
        """Make a new version of a state."""
        spec, node = self.step.states[index], self.node(value)
        if node.dimension is not ANY and node.dimension != spec.dimension:
            raise DimensionError(
                f"{spec.name} is in {_unit_name(spec.dimension)}, "
                f"but a value in {_unit_name(node.dimension)} is written to it.",
                where=str(self.here),
                cure=f"Write a value in {_unit_name(spec.dimension)}.",
            )
        if node.shape != spec.shape and (node.size != 1 or len(node.shape) > len(spec.shape)):
            raise ShapeError(
                f"{spec.name} has shape {spec.shape}, but a value of shape {node.shape} is written to it.",
                where=str(self.here),
                cure="Write a value of the state's own shape, or a single number.",
            )
        if node.kind != spec.kind:
            if self.settled and promote(node.kind, spec.kind) != spec.kind:
                raise TracedValueError(
                    f"{spec.name} holds {spec.kind} values, but {node.kind} values are written to it.",
                    where=str(self.here),
                    cure=f"Convert it: value.astype({ {'int': 'int', 'bool': 'bool', 'real': 'float'}[spec.kind] }).",
                )
            value = self.cast(value, spec.kind)
        self._latest[index] = value
        self.step.writes[index] = value

    # ---- channels, connections, trains -------------------------------------------------------------------------------

    def channel(self, key: Any, make: Callable[[], Channel]) -> int:
        """Number of the channel of this key, made on first use."""
        if key not in self._channels:
            self.step.channels.append(make())
            self._channels[key] = len(self.step.channels) - 1
        return self._channels[key]

    @property
    def settled(self) -> bool:
        """Whether the kind and the unit of all that has been read so far are known.

        If not, the step is recorded again, so what seems to be of a wrong kind may be right then.
        """
        return all(channel.dimension is not ANY for channel in self.step.channels)

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
                "lookup", (), (spec.fetch().size,), spec.kind, spec.dimension, index=number, stored=spec.stored
            )
        return self._lookups[key]

    def take(self, value: int, elements: np.ndarray[Any, Any]) -> int:
        """Chosen elements of a value, by their flat numbers; the result has the shape of the numbers."""
        node = self.node(value)
        if node.op == "slice":
            elements = node.attrs["start"] + node.attrs["stride"] * np.asarray(elements)
            value = node.args[0]
        chosen = self.literal(np.asarray(elements, dtype=np.int64))
        return self.source("take", (value, chosen), self.node(chosen).shape, node.kind, node.dimension)

    def is_constant(self, index: int) -> bool:
        """Whether a value depends on parameters and dt only, so that it stays the same in a run."""
        return is_run_constant(self.node(index), self.is_constant)

    def probe(self, path: str, name: str, value: int) -> None:
        """Give a value a name under which it can be recorded."""
        self.step.probes[path, name] = value

    # ---- elementwise operations --------------------------------------------------------------------------------------

    def cast(self, value: int, kind: Kind) -> int:
        """The value as another kind."""
        if self.node(value).kind == kind:
            return value
        return self._append(
            {"real": "to_real", "int": "to_int", "bool": "to_bool"}[kind],
            (value,),
            self.node(value).shape,
            kind,
            self.node(value).dimension,
        )

    def emit(self, name: str, *args: int) -> int:
        """Append an elementwise operation after checking kinds, units and shapes."""
        return self.append(name, self.checked(name, *args))

    def checked(self, name: str, *args: int) -> Checked:
        """Check kinds, units and shapes of an elementwise operation, and convert its arguments."""
        nodes = [self.node(arg) for arg in args]
        shape = self._shape(name, nodes)
        dimension = self._dimension(name, nodes)
        kind, operands = self._kind(name, nodes)
        converted = tuple(self.cast(arg, want) for arg, want in zip(args, operands, strict=True))
        assert len(args) == OPS[name].arity, name
        return Checked(converted, shape, kind, dimension)

    def append(self, name: str, checked: Checked, args: tuple[int, ...] | None = None) -> int:
        """Append an operation that has been checked, or another one with its shape, kind and unit."""
        return self._append(name, args or checked.args, checked.shape, checked.kind, checked.dimension)

    def _append(
        self, name: str, args: tuple[int, ...], shape: tuple[int, ...], kind: Kind, dimension: Dimension
    ) -> int:
        return self.add(Node(name, args, Space(shape, self.region), kind, dimension, self.made))

    def _shape(self, name: str, nodes: list[Node]) -> tuple[int, ...]:
        shape: tuple[int, ...] = ()
        for node in nodes:
            if node.shape == shape or node.shape == ():
                continue
            if np.prod(shape, dtype=np.int64) == 1 or node.size == 1:
                shape = np.broadcast_shapes(shape, node.shape)
                continue
            raise ShapeError(
                f"{name} meets shapes {shape} and {node.shape}, which do not fit.",
                where=str(self.here),
                cure="Both sides need the same shape, or one of them a single element; "
                "arrays of parameters take the population's shape.",
            )
        return shape

    def _mismatch(self, name: str, left: Dimension, right: Dimension) -> DimensionError:
        return DimensionError(
            f"{name} of {_unit_name(left)} and {_unit_name(right)}: the units do not fit.",
            where=str(self.here),
            cure="Bring both sides to one physical dimension; a bare number, zero too, has no unit.",
        )

    def _dimension(self, name: str, nodes: list[Node]) -> Dimension:
        dims = [node.dimension for node in nodes]
        rule = OPS[name].units
        if rule in ("same", "compare", "select"):
            known = [d for d in (dims[1:] if rule == "select" else dims) if d is not ANY]
            for other in known[1:]:
                if other != known[0]:
                    raise self._mismatch(name, known[0], other)
            result = known[0] if known else ANY
            return DIMENSIONLESS if rule == "compare" else result
        if rule in ("none", "logic"):
            for d in dims:
                if d is not ANY and d != DIMENSIONLESS:
                    raise DimensionError(
                        f"{name} of a value in {_unit_name(d)}: it takes plain numbers only.",
                        where=str(self.here),
                        cure=f"Divide by a scale first, as in np.{name}(x / (1 * {d})).",
                    )
            return DIMENSIONLESS
        if any(d is ANY for d in dims):
            return ANY
        if rule == "multiply":
            return dims[0] * dims[1]
        if rule == "divide":
            return dims[0] / dims[1]
        if rule in ("sqrt", "cbrt"):
            return dims[0] ** Fraction(1, 2 if rule == "sqrt" else 3)
        return dims[0]

    def _kind(self, name: str, nodes: list[Node]) -> tuple[Kind, list[Kind]]:
        kinds = [node.kind for node in nodes]
        rule, units = OPS[name].kinds, OPS[name].units
        if units == "logic":
            for kind in kinds:
                if kind != "bool" and self.settled:
                    raise TracedValueError(
                        f"{name} of {kind} values: it joins conditions.",
                        where=str(self.here),
                        cure="Compare first, as in (a > 0) & (b > 0).",
                    )
            return "bool", ["bool"] * len(kinds)
        if rule == "keep":
            return kinds[0], kinds
        if rule == "select":
            if kinds[0] != "bool" and self.settled:
                raise TracedValueError(
                    "np.where needs a condition.",
                    where=str(self.here),
                    cure="Compare first, as in np.where(x > 0, a, b).",
                )
            common = promote(*kinds[1:])
            return common, ["bool", common, common]
        if rule == "real":
            return "real", ["real"] * len(kinds)
        if rule == "steps":
            return "int", ["real"] * len(kinds)
        if rule == "int":
            if name == "to_int":
                return "int", kinds
            return "int", ["int"] * len(kinds)
        if rule == "bool":
            common = kinds[0] if len(kinds) == 1 else promote(*kinds)
            return "bool", [common] * len(kinds)
        common = promote("int", *kinds)
        return common, [common] * len(kinds)
