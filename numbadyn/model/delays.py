"""References to values that are not there yet, or that were there some time ago.

In: a module, a name, a delay.  Out: on call, the value; while a step is traced, a read of a channel.  Must not know:
projections, buffers.

The delay rule (one for all): step n begins at t_n = n dt.  A read with a delay of d whole steps made before the owner's
update in step n gives x[n-1-d]; made after it, x[n-d].  Before the start, the history is the state's first value (zero for
an output) unless `init` says otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import (
    DelayError,
    LateDelayError,
    SchedulingError,
    ShapeError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from numbadyn.ir.nodes import BindContext, Channel, ParamSpec
from numbadyn.model import environ
from numbadyn.model.describe import content_key
from numbadyn.model.history import History, eager_histories
from numbadyn.model.init import Initialiser
from numbadyn.model.values import State
from numbadyn.tracing.trace import ANY, Template, Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, describe, join_eager, magnitude_in, split

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics
    from numbadyn.model.module import Module

__all__ = [
    "OutputDelayAt",
    "Prefetch",
    "PrefetchDelay",
    "PrefetchDelayAt",
    "delay_line",
    "delay_steps",
    "finish_channels",
    "init_maybe_prefetch",
    "latest_output",
    "longest_delays",
    "note_output",
    "output_known",
    "signal_channel",
    "state_history",
]


_LONGEST = 2**24 - 1
"""Steps that a history can hold, as of the delays of synapses."""


def delay_steps(time: Any, dt: float) -> NDArray[np.int64]:
    """Whole steps of a delay in ms: rounded up, exact multiples of dt unchanged.

    Examples
    --------
    >>> int(delay_steps(1.5, 0.1)), int(delay_steps(0.25, 0.1))
    (15, 3)
    """
    return np.ceil(np.asarray(time, dtype=np.float64) / dt - 1e-6).astype(np.int64)


def longest_delays(module: Module, dt: float) -> dict[str, int]:
    """Steps of the longest delay of each item of a module that somebody reads ("" is the output)."""
    steps: dict[str, int] = {}
    for item, times in module.__dict__.get("_delay_times", {}).items():
        longest = max(float(np.max(t)) for t in times)
        if longest > _LONGEST * dt:
            raise DelayError(f"A delay of {longest:g} ms is {longest / dt:g} steps of {dt:g} ms.", where=_name(module, item or "output"), cure=f"At most {_LONGEST} steps can be remembered; check the unit of the delay.")
        steps[item] = int(delay_steps(longest, dt))
    return steps


def checked_delay(delay: Any, where: str) -> NDArray[np.float64] | None:
    """A delay in ms, after checking its unit, sign and size."""
    if delay is None:
        return None
    times = np.asarray(magnitude_in(delay, TIME, what="The delay", where=where), dtype=np.float64)
    if not np.isfinite(times).all() or (times < 0).any():
        raise DelayError(f"The delay is {describe(delay)}.", where=where, cure="Give a finite time, zero or longer.")
    return times


def _name(module: Module, item: str) -> str:
    return f"{module.path}.{item}"


# ---- channels of a traced step ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """What a channel of a module samples: its output, or one of its states; with the history's first values."""

    module: Any
    item: str  # "" for the output
    init: str  # distinguishes reads with different histories


def note_output(module: Dynamics, output: Any) -> None:
    """Remember the output of an update that has just ended."""
    trace = current_trace()
    if trace is not None:
        node = as_node(trace, output) if output is not None and not isinstance(output, tuple | list | dict) else None
        trace.notes.setdefault("outputs", {})[id(module)] = node
        if node is not None:
            trace.probe(module.path, "output", node)
            trace.step.outputs[module.path] = node
        return
    histories = eager_histories(module)
    if output is not None and not isinstance(output, tuple | list | dict):
        histories.setdefault("", History()).push(output)
    for item, history in histories.items():
        if item:
            history.push(module.state(item).value)


def _updated(trace: Trace, module: Dynamics) -> bool:
    return id(module) in trace.notes.get("outputs", {})


def _default_template(module: Dynamics) -> Template:
    spiking = any(base.__name__ == "Neuron" for base in type(module).__mro__)
    return Template(tuple(module.out_size), "bool" if spiking else "real", DIMENSIONLESS if spiking else ANY)


def _first_values(source: _Source, init: Any, dimension: Dimension, shape: tuple[int, ...]) -> Any:
    if init is None and source.item:
        state = source.module.state(source.item)
        return lambda context: state.initial(context)
    if init is None:
        return lambda context: np.zeros(shape)
    if callable(init) and hasattr(init, "sample"):
        return lambda context: init.sample(shape, seed=context.seed, stream=0x60000000 + source.module.number, bits=context.bits)
    given = init(shape) if callable(init) else init
    magnitude = np.asarray(magnitude_in(given, dimension, what="The history before the start (init)", where=_name(source.module, source.item or "output")))
    try:
        values = np.broadcast_to(magnitude, shape)
    except ValueError as error:
        raise ShapeError(f"init has shape {magnitude.shape}, but the value has shape {shape}.", where=_name(source.module, source.item or "output"), cure="Give one value or an array of that shape.") from error
    return lambda context: values


def _channel(trace: Trace, source: _Source, init: Any) -> int:
    """The channel of a module's output or state, made on first use."""
    key = ("past", id(source.module), source.item, source.init)

    def make() -> Channel:
        if source.item:
            state = source.module.state(source.item)
            spec = state.spec()
            template = Template(spec.shape, spec.kind, spec.dimension)
            index: int | None = trace.state_index(state, state.spec)
        else:
            node = trace.notes.get("outputs", {}).get(id(source.module))
            if node is not None:
                template = Template(trace.node(node).shape, trace.node(node).kind, trace.node(node).dimension)
            else:
                template = trace.templates.get(key, _default_template(source.module))
            index = None
        initial = _first_values(source, init, template.dimension, template.shape) if template.dimension is not ANY else (lambda context: np.zeros(template.shape))
        return Channel(_name(source.module, source.item or "output"), -1, template.shape, template.kind, template.dimension, initial, index)

    trace.notes.setdefault("sources", {})[key] = source
    return trace.channel(key, make)


def finish_channels(trace: Trace) -> dict[Any, Template]:
    """Give every channel the node that it samples; returns what was learnt about each."""
    learnt: dict[Any, Template] = {}
    sources = trace.notes.get("sources", {})
    for key, number in trace.channel_keys().items():
        channel = trace.step.channels[number]
        if key not in sources:
            continue
        source: _Source = sources[key]
        if channel.state is not None:
            value = trace.read(channel.state)
        else:
            outputs = trace.notes.get("outputs", {})
            if id(source.module) not in outputs:
                raise SchedulingError(
                    f"The output of {source.module.path} is read, but it is never updated in a step.",
                    where=source.module.path,
                    cure="Make it an attribute of the network, or call it in the network's update.",
                )
            value = outputs[id(source.module)]
            if value is None:
                raise SchedulingError(f"The output of {source.module.path} is read, but its update returns no single array.", where=source.module.path, cure="Return the output from update.")
        node = trace.node(value)
        shape = channel.shape if node.shape == () and not source.item and channel.shape == tuple(source.module.out_size) else node.shape
        learnt[key] = Template(shape, node.kind, node.dimension)
        trace.step.channels[number] = replace(channel, value=value)
    return learnt


def _lag(trace: Trace, times: NDArray[np.float64], less: int, name: str) -> int:
    """Node of a delay in steps, less one where the owner has already been updated."""

    def fetch(context: BindContext) -> Any:
        return delay_steps(times, context.dt) - less

    spec = ParamSpec(f"delay of {name}", times.shape, "int", DIMENSIONLESS, fetch)
    return trace.param(object(), spec)


def _past(trace: Trace, source: _Source, times: NDArray[np.float64] | None, index: NDArray[np.int64] | None, init: Any) -> Traced:
    """Value of a source some time ago, by the delay rule."""
    module, done = source.module, _updated(trace, source.module)
    current: Any = None
    if source.item:
        current = module.state(source.item).value
    elif done:
        current = Traced(trace, trace.notes["outputs"][id(module)])
    if times is None or (times.ndim == 0 and float(times) == 0.0):
        if current is not None and index is None and (done or not source.init):
            return current  # type: ignore[no-any-return]
        times = np.zeros(())
    if done and (np.asarray(times) == 0.0).any():
        raise UnsupportedFeatureError(
            f"Delays of {_name(module, source.item or 'output')} that are partly zero are read after its update in the same step.",
            where=str(trace.here),
            cure="Read before the owner's update (projections run first), or give delays of at least one step.",
        )
    channel = _channel(trace, source, init)
    spec = trace.step.channels[channel]
    label = f"{spec.name.rsplit('.', 1)[-1]}_delayed"
    args: tuple[int, ...] = () if float(np.max(times)) == 0.0 and not done and index is None else (_lag(trace, times, int(done), spec.name),)
    shape = spec.shape
    if index is not None:
        elements = trace.cast(trace.literal(index), "int")
        args = (*args, elements)
        shape = np.broadcast_shapes(times.shape, index.shape)
    return Traced(trace, trace.source("history", args, shape, spec.kind, spec.dimension, channel=channel, label=label))


def latest_output(module: Dynamics) -> Any:
    """The last output: of this step after the module's update, of the last step before it."""
    trace = current_trace()
    if trace is not None:
        return _past(trace, _Source(module, "", ""), None, None, None)
    return eager_histories(module).setdefault("", History()).sample(module, 0, np.zeros(module.out_size, dtype=bool))


def output_known(module: Dynamics) -> bool:
    """Whether the kind and the unit of a module's output are known in eager calls: it spikes, or has been updated."""
    history = eager_histories(module).get("")
    return _default_template(module).kind == "bool" or (history is not None and history.dimension is not None)


def delay_line(trace: Trace, value: int, times: NDArray[np.float64], name: str) -> int:
    """A traced value of this step some whole steps ago (zero before the start)."""
    channel = signal_channel(trace, value, name)
    node = trace.node(value)
    if float(times) == 0.0:
        return value
    return trace.source("history", (_lag(trace, times, 1, name),), node.shape, node.kind, node.dimension, channel=channel, label=f"{name}_delayed")


def signal_channel(trace: Trace, value: int, name: str) -> int:
    """The channel that samples a traced value of this step."""
    node = trace.node(value)
    return trace.channel(("signal", value), lambda: Channel(name, value, node.shape, node.kind, node.dimension, lambda context: np.zeros(node.shape)))


def state_history(trace: Trace, value: int) -> int:
    """The same value as a read of its channel, if it is a state that nobody has written in this step yet.

    What reads it with a delay of its own then sees the state's first value as the history before the start.
    """
    node = trace.node(value)
    if node.op != "state":
        return value
    state = trace.step.states[node.attrs["index"]].owner
    if not isinstance(state, State) or state.owner is None:
        return value
    channel = _channel(trace, _Source(state.owner, state.name, ""), None)
    return trace.source("history", (), node.shape, node.kind, node.dimension, channel=channel, label=node.label)


# ---- references for users --------------------------------------------------------------------------------------------


class Prefetch:
    """Reference to a state or attribute of a module that may not exist yet.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the attribute.
    """

    def __init__(self, module: Dynamics, item: str) -> None:
        self.module, self.item = module, item

    @property
    def delay(self) -> PrefetchDelay:
        """The same item some time ago: ``ref.delay.at(5*ms)``."""
        return PrefetchDelay(self.module, self.item)

    def get_item(self) -> Any:
        """The attribute itself.

        Raises
        ------
        UnknownStateError
            There is none of this name.
        """
        found = getattr(self.module, self.item, None)
        if found is None:
            known = ", ".join(self.module.states()) or "none"
            raise UnknownStateError(f"{self.module.path} has no attribute {self.item!r} yet.", where=self.module.path, cure=f"Call nd.init_all_states(net) first; its states are: {known}.")
        return found

    def get_item_value(self) -> Any:
        """The attribute's value."""
        item = self.get_item()
        return item.value if hasattr(item, "__traced_value__") else item

    def __call__(self) -> Any:
        return self.get_item_value()


class PrefetchDelay:
    """Reference to an item of a module, still without the delay.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the state.
    """

    def __init__(self, module: Dynamics, item: str) -> None:
        self.module, self.item = module, item

    def at(self, *time_and_index: Any, init: Any = None, interpolation: str | None = None) -> PrefetchDelayAt:
        """The item some time ago. Arguments as of `Dynamics.prefetch_delay`."""
        return PrefetchDelayAt(self.module, self.item, *time_and_index, init=init, interpolation=interpolation)


class _At:
    """A read of the past of one module."""

    item = ""

    def __init__(self, module: Dynamics, time_and_index: tuple[Any, ...], init: Any, interpolation: str | None) -> None:
        from_tuple = len(time_and_index) == 1 and isinstance(time_and_index[0], tuple | list)
        parts = tuple(time_and_index[0]) if from_tuple else time_and_index
        self.module = module
        self.init = init
        where = _name(module, self.item or "output")
        if interpolation is not None:
            raise UnsupportedFeatureError(f"interpolation={interpolation!r}: delays are whole steps.", where=where, cure="Leave interpolation out.")
        self.times = checked_delay(parts[0] if parts else None, where)
        self.index = self._checked_index(parts[1:], where)
        if self.times is not None and self.times.ndim and self.index is None:
            raise UnsupportedFeatureError(
                f"{self.times.size} delays without elements.", where=where, cure="Give the elements too: one delay for each neuron is `delay, np.arange(n)`."
            )
        self._check_built(where)
        eager_histories(module).setdefault(self.item, History()).register(self)
        if self.times is not None:
            module.__dict__.setdefault("_delay_times", {}).setdefault(self.item, []).append(self.times)

    def _checked_index(self, parts: tuple[Any, ...], where: str) -> NDArray[np.int64] | None:
        if not parts:
            return None
        index = np.asarray(parts[0])
        size = math.prod(self.module.out_size)
        if len(parts) > 1 or index.dtype.kind not in "iu" or (index < 0).any() or (index >= size).any():
            raise ShapeError(f"The elements {parts!r} do not index a population of {size}.", where=where, cure="Give one array of flat indices, each at least 0 and below the size.")
        return index.astype(np.int64)

    def _check_built(self, where: str) -> None:
        built = self.module.__dict__.get("_built")
        if built is None or self.times is None:
            return
        longest, dt = built.get(self.item, 0), built["dt"]
        if int(np.max(delay_steps(self.times, dt))) > longest:
            raise LateDelayError(
                f"A delay of {float(np.max(self.times)):g} ms is registered after the network was built; its buffer holds {longest * dt:g} ms.",
                where=where,
                cure="Register all delays before nd.Simulator(...), or make the network anew.",
            )

    def __call__(self) -> Any:
        source = _Source(self.module, self.item, "" if self.init is None else repr(content_key(self.init)))
        trace = current_trace()
        if trace is not None:
            return _past(trace, source, self.times, self.index, self.init)
        return self._eager(source)

    def _eager(self, source: _Source) -> Any:
        histories = eager_histories(self.module)
        history = histories.setdefault(self.item, History())
        init = self.init
        if init is None:
            if self.item:
                state = self.module.state(self.item)
                init = join_eager(state.initial(BindContext(0.0, self.module.seed_of_build)), state.dimension)
                if not history.samples and (self.times is None or not self.times.any()):
                    return state.value
            else:
                init = np.zeros(self.module.out_size, dtype=bool if _default_template(self.module).kind == "bool" else float)
        else:
            shape = tuple(self.module.varshape if self.item else self.module.out_size)
            dimension = init.dimension if isinstance(init, Initialiser) else split(init(shape) if callable(init) else init)[1]
            first = _first_values(source, init, dimension, shape)
            init = join_eager(np.asarray(first(BindContext(0.0, self.module.seed_of_build))), dimension)
        if self.times is None:
            return history.sample(self, 0, init)
        steps = delay_steps(self.times, environ.eager_dt())
        if self.index is None:
            return history.sample(self, int(steps), init)
        steps, elements = np.broadcast_arrays(steps, self.index)
        parts = [split(np.ravel(history.sample(self, int(s), init))[int(i)]) for s, i in zip(steps.ravel(), elements.ravel(), strict=True)]
        return join_eager(np.array([m for m, _d in parts]).reshape(steps.shape), parts[0][1])


class PrefetchDelayAt(_At):
    """A state some time ago; call it for the value.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the state.
    *time_and_index : quantities.Quantity, array of int
        The delay, and the elements to read.
    init : number, array, quantity, optional
        History before the start.
    interpolation : None
        Delays are whole steps.

    Raises
    ------
    DelayError
        Negative or not finite.
    DimensionError, UnitExpectedError
        Not a time.
    LateDelayError
        The network has been built and the buffer is shorter.
    """

    def __init__(self, module: Dynamics, item: str, *time_and_index: Any, init: Any = None, interpolation: str | None = None) -> None:
        self.item = item
        super().__init__(module, time_and_index, init, interpolation)


class OutputDelayAt(_At):
    """The output of a module's update some time ago; call it for the value. See `PrefetchDelayAt`."""

    def __init__(self, module: Dynamics, *time_and_index: Any, init: Any = None, interpolation: str | None = None) -> None:
        super().__init__(module, time_and_index, init, interpolation)


def init_maybe_prefetch(target: Any) -> None:
    """Resolve a `Prefetch` now, so that a missing attribute is reported; do nothing for anything else."""
    if isinstance(target, Prefetch):
        target.get_item()


