"""What has a past, and the values that it had before the start: a state, an output, a value handed to a `Delay`.

In: a module and an item.  Out: a `Source`: for a traced step, what the item is now and whether this step's value exists
already; for eager calls, its history.  Must not know: times, how the past is read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from numbadyn.errors import HookArgumentError, InvalidParameterError, SchedulingError, ShapeError, UnknownStateError
from numbadyn.ir.kinds import Kind, dtype_of, kind_of
from numbadyn.ir.nodes import Channel
from numbadyn.model.delays.storage.history import History, eager_histories
from numbadyn.model.delays.storage.running import channel_of_windows
from numbadyn.model.delays.times.window import Before, Window
from numbadyn.model.describe import content_key
from numbadyn.model.hooks import takes
from numbadyn.model.init import Initialiser
from numbadyn.model.init_history import OfTime
from numbadyn.model.module import Module
from numbadyn.model.notes import ModelNotes
from numbadyn.model.streams import stream_of
from numbadyn.tracing.trace import ANY, Template, Trace
from numbadyn.units import DIMENSIONLESS, Dimension, join_eager, magnitude_in, split

__all__ = ["GivenSource", "OutputSource", "Source", "StateSource", "check_item", "default_template", "full_name"]


def full_name(module: Any, item: str) -> str:
    """Name of a module's item, as ``EINet.E.V``."""
    return f"{module.path}.{item or 'output'}"


def check_item(module: Any, item: Any, reader: str) -> str:
    """The name of a state or attribute, after checking that a module is given and that it is a name.

    Raises
    ------
    HookArgumentError
        The module is none.
    UnknownStateError
        The name is no text, or empty.
    """
    if not isinstance(module, Module):
        raise HookArgumentError(
            f"{reader} is given {module!r} to read from, which is no module.",
            where=reader,
            cure="Give a population, and the name of a state of it.",
            reader=reader,
            module=module,
        )
    if not isinstance(item, str) or not item:
        raise UnknownStateError(
            f"{item!r} is no name of a state of {module.path}.",
            where=module.path,
            cure="Give the name of a state or attribute, such as 'V'; output_delay reads what update returns.",
            item=item,
        )
    return item


def _takes_shape(init: Callable[..., Any]) -> bool:
    """Whether a function can be called with a shape, or with a shape and a dtype."""
    return takes(init, ((1,),), {}) or takes(init, ((1,), np.dtype(float)), {})


def _called(init: Callable[..., Any], shape: tuple[int, ...], kind: Kind) -> Any:
    """What a function of a shape, or of a shape and a dtype, gives."""
    return init(shape) if takes(init, ((1,),), {}) else init(shape, dtype_of(kind, 64))


class Source(ABC):
    """Something whose values are kept.

    Parameters
    ----------
    module : Module
        The owner.
    item : str
        What of it.
    init : number, array, quantity, Initialiser, OfTime, callable or None
        History before the start; a callable gets the shape.
    window : Window or None
        Windows that values come together in.
    """

    def __init__(self, module: Any, item: str, init: Any, window: Window | None) -> None:
        self.module, self.item, self.init, self._window = module, item, init, window
        if callable(init) and not isinstance(init, Initialiser) and not _takes_shape(init):
            raise HookArgumentError(
                f"init of {self.name}, {init!r}, cannot be called with 1 argument, the shape.",
                where=self.name,
                cure="Take the shape, as in lambda shape: np.ones(shape) * mV; OfTime takes a function of time.",
                name=self.name,
                init=init,
            )
        self._init_key = None if init is None else content_key(init)

    @property
    def name(self) -> str:
        """Full name."""
        return full_name(self.module, self.item)

    @property
    def window(self) -> Window | None:
        """Windows that values come together in; messages name the source as it is called now."""
        return None if self._window is None else replace(self._window, where=self.name)

    @property
    def key(self) -> Hashable:
        """Equal for sources that can share a channel."""
        return (type(self).__name__, id(self.module), self.item, self._init_key, self._window_key)

    @property
    def _window_key(self) -> Any:
        return None if self._window is None else self._window.key

    @property
    def length_key(self) -> tuple[str, Any]:
        """Equal for sources that share the memory of eager calls."""
        return (self.item, self._window_key)

    @abstractmethod
    def template(self, trace: Trace) -> Template:
        """What a value looks like."""

    @abstractmethod
    def is_sampled(self, trace: Trace) -> bool:
        """Whether the value of this step exists already."""

    @abstractmethod
    def current(self, trace: Trace) -> int:
        """The value of this step, once it exists; else the latest one at hand."""

    @abstractmethod
    def final(self, trace: Trace) -> int:
        """The value of this step, asked for at the end of the step."""

    def unwritten_node(self, trace: Trace) -> int | None:
        """A node that still holds the value of the last step, if there is one."""
        return None

    def state(self, trace: Trace) -> int | None:
        """Number of the state whose final value is sampled, if it is one."""
        return None

    def channel(self, trace: Trace) -> int:
        """Number of the channel that keeps it, made on first use."""

        def make() -> Channel:
            template = self.template(trace)
            before, window = self.before(template), self.window
            if window is not None:
                return channel_of_windows(trace, self, window, template, before)
            shape, kind, dimension = template.shape, template.kind, template.dimension
            return Channel(self.name, -1, shape, kind, dimension, before, self.state(trace), self.varied)

        trace.notes(ModelNotes).sources[self.key] = self
        return trace.channel(self.key, make)

    def before(self, template: Template) -> Before:
        """Function of a `BindContext` and a lag that gives the values before the start, without unit."""
        shape, init = template.shape, self.init
        if template.dimension is ANY:
            return lambda _context, _lag: 0
        if init is None:
            return self.default_before()
        kind = template.kind
        if isinstance(init, OfTime):
            return lambda context, lag: self._of_kind(self._check_init(init.at((1 - lag) * context.dt), template), kind)
        if isinstance(init, Initialiser):
            self._check_init(join_eager(0.0, init.dimension), template)
            stream = stream_of(self.module, "history", self.item)
            return lambda context, _lag: self._of_kind(
                init.sample(shape, seed=context.seed, stream=stream, bits=context.bits), kind
            )
        values = self._check_init(_called(init, shape, kind) if callable(init) else init, template)
        return lambda _context, _lag: self._of_kind(values, kind)

    @property
    def varied(self) -> bool:
        """Whether the history before the start changes with time."""
        return isinstance(self.init, OfTime)

    def init_dimension(self, shape: tuple[int, ...]) -> Dimension:
        """Dimension of the history before the start, as it is given."""
        if self.init is None:
            return DIMENSIONLESS
        if isinstance(self.init, Initialiser):
            return self.init.dimension
        if isinstance(self.init, OfTime):
            return split(self.init.at(0.0))[1]
        return split(_called(self.init, shape, "real") if callable(self.init) else self.init)[1]

    def _check_init(self, given: Any, template: Template) -> Any:
        """A value before the start, after checking its unit and shape."""
        what = "The history before the start (init)"
        magnitude = np.asarray(magnitude_in(given, template.dimension, what=what, where=self.name))
        try:
            return np.broadcast_to(magnitude, template.shape)
        except ValueError as error:
            raise ShapeError(
                f"init has shape {magnitude.shape}, but the value has shape {template.shape}.",
                where=self.name,
                cure="Give one value or an array of that shape.",
                shape=magnitude.shape,
                expected=template.shape,
            ) from error

    def _of_kind(self, values: Any, kind: Kind) -> Any:
        """Values before the start, unless the kind of what is read would change them."""
        if np.isnan(values).any():
            raise InvalidParameterError(
                f"The history of {self.name} before the start (init) holds NaN.",
                where=self.name,
                cure="Give numbers.",
                name=self.name,
            )
        wrong = np.zeros(0)
        if kind != "real":
            kept = values.astype(bool if kind == "bool" else np.int64)
            wrong = np.ravel(values)[np.flatnonzero(kept != values)]
        if wrong.size:
            raise InvalidParameterError(
                f"The history of {self.name} before the start (init) is {wrong[0]:g}, but its values are "
                + ("Booleans." if kind == "bool" else "integers."),
                where=self.name,
                cure="Give True or False (or 0 or 1)." if kind == "bool" else "Give whole numbers.",
                name=self.name,
            )
        return values

    def default_before(self) -> Before:
        """Values before the start if nobody says otherwise: zero."""
        return lambda _context, _lag: 0

    @property
    def history(self) -> History:
        """Samples of eager calls."""
        return eager_histories(self.module).setdefault(self.length_key, History(self.window))

    @abstractmethod
    def eager_template(self) -> Template:
        """What a value looks like outside of a trace."""

    def eager_now(self) -> Any:
        """The present value, where the history does not hold it."""
        return None


class StateSource(Source):
    """A state of a module."""

    def _state(self) -> Any:
        return self.module.state(self.item)

    def template(self, trace: Trace) -> Template:
        """That of the state."""
        spec = self._state().spec()
        return Template(spec.shape, spec.kind, spec.dimension)

    def is_sampled(self, trace: Trace) -> bool:
        """Whether the owner's update has ended."""
        return id(self.module) in trace.notes(ModelNotes).outputs

    def state(self, trace: Trace) -> int | None:
        """Its number."""
        state = self._state()
        return trace.state_index(state, state.spec)

    def current(self, trace: Trace) -> int:
        """Its latest version."""
        return self.final(trace)

    def final(self, trace: Trace) -> int:
        """Its last version."""
        index = self.state(trace)
        assert index is not None
        return trace.read(index)

    def unwritten_node(self, trace: Trace) -> int | None:
        """The state itself, as long as nobody has written it in this step and it begins with its own first value."""
        if self.init is not None:
            return None
        latest = self.final(trace)
        return latest if trace.node(latest).traits.from_state else None

    def default_before(self) -> Before:
        """The state's first value."""
        state = self._state()
        return lambda context, _lag: state.initial(context)

    def eager_template(self) -> Template:
        """That of the state."""
        spec = self._state().spec()
        return Template(spec.shape, spec.kind, spec.dimension)

    def eager_now(self) -> Any:
        """The state's value."""
        return self._state().value


def default_template(module: Any) -> Template:
    """What an output looks like as long as nothing is known: spikes of a neuron, reals of anything else."""
    spiking = getattr(type(module), "spiking", False)
    return Template(tuple(module.out_size), "bool" if spiking else "real", DIMENSIONLESS if spiking else ANY)


class OutputSource(Source):
    """What a module's update returns."""

    def __init__(self, module: Any, init: Any, window: Window | None) -> None:
        super().__init__(module, "", init, window)

    def template(self, trace: Trace) -> Template:
        """That of this step's output, or what an earlier recording learnt."""
        node = trace.notes(ModelNotes).outputs.get(id(self.module))
        if node is not None:
            return Template(trace.node(node).shape, trace.node(node).kind, trace.node(node).dimension)
        learnt: Template | None = trace.templates.get(self.key)
        return default_template(self.module) if learnt is None else learnt

    def is_sampled(self, trace: Trace) -> bool:
        """Whether the update has ended."""
        return id(self.module) in trace.notes(ModelNotes).outputs

    def current(self, trace: Trace) -> int:
        """The output of this step."""
        return self.final(trace)

    def final(self, trace: Trace) -> int:
        """The output of this step."""
        outputs = trace.notes(ModelNotes).outputs
        if id(self.module) not in outputs:
            raise SchedulingError(
                f"The output of {self.module.path} is read, but it is never updated in a step.",
                where=self.module.path,
                cure="Make it an attribute of the network, or call it in the network's update.",
                module=self.module.path,
            )
        value: int | None = outputs[id(self.module)]
        if value is None:
            raise SchedulingError(
                f"The output of {self.module.path} is read, but its update returns no single array.",
                where=self.module.path,
                cure="Return the output from update.",
                module=self.module.path,
            )
        return value

    def eager_template(self) -> Template:
        """That of the last output, or the default."""
        history = self.history
        known = default_template(self.module)
        if not history.samples:
            return known
        last = history.samples[-1]
        kind = kind_of(last.dtype)
        return Template(known.shape, kind, history.dimension or DIMENSIONLESS)


class GivenSource(Source):
    """A value that is handed to a `Delay` in each step."""

    def __init__(self, delay: Any, leaf: str, target: Template, init: Any, window: Window | None) -> None:
        super().__init__(delay, leaf, init, window)
        self.target = target

    @property
    def name(self) -> str:
        """Full name."""
        return f"{self.module.path}{'.' if self.item else ''}{self.item}"

    def _written_nodes(self, trace: Trace) -> dict[str, int]:
        return trace.notes(ModelNotes).written.get(id(self.module), {})

    def template(self, trace: Trace) -> Template:
        """That of the target, with the unit that was written."""
        node = self._written_nodes(trace).get(self.item)
        if node is not None:
            return Template(self.target.shape, self.target.kind, trace.node(node).dimension)
        learnt = trace.templates.get(self.key)
        return self.target if learnt is None else Template(self.target.shape, self.target.kind, learnt.dimension)

    def is_sampled(self, trace: Trace) -> bool:
        """Whether `Delay.update` has been called in this step."""
        return self.item in self._written_nodes(trace)

    def current(self, trace: Trace) -> int:
        """What was written."""
        return self.final(trace)

    def final(self, trace: Trace) -> int:
        """What was written."""
        node = self._written_nodes(trace).get(self.item)
        if node is None:
            raise SchedulingError(
                f"{self.module.path} is read, but nothing is written to it in a step.",
                where=self.module.path,
                cure="Call its update(value) once in every step.",
                module=self.module.path,
            )
        return node

    def eager_template(self) -> Template:
        """That of the target, with the unit that was written last."""
        dimension = self.history.dimension
        return self.target if dimension is None else Template(self.target.shape, self.target.kind, dimension)
