"""The delay rule, and the channels of a traced step that carry it out.

In: a module, a state of it or its output, a delay.  Out: a read of a channel.  Must not know: projections, buffers.

The rule (one for all): step n begins at t_n = n dt.  A read with a delay of d whole steps made before the owner's
update in step n gives x[n-1-d]; made after it, x[n-d].  Before the start, the history is the state's first value (zero
for an output) unless `init` says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import (
    DelayError,
    SchedulingError,
    ShapeError,
    UnsupportedFeatureError,
)
from numbadyn.ir.nodes import BindContext, Channel, ParamSpec
from numbadyn.model.history import History, eager_histories
from numbadyn.model.values import State
from numbadyn.tracing.trace import ANY, Template, Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, describe, magnitude_in

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics
    from numbadyn.model.module import Module

__all__ = [
    "Source",
    "checked_delay",
    "default_template",
    "delay_line",
    "delay_steps",
    "finish_channels",
    "first_values",
    "full_name",
    "latest_output",
    "longest_delays",
    "note_output",
    "output_known",
    "past_value",
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
            raise DelayError(
                f"A delay of {longest:g} ms is {longest / dt:g} steps of {dt:g} ms.",
                where=full_name(module, item or "output"),
                cure=f"At most {_LONGEST} steps can be remembered; check the unit of the delay.",
            )
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


def full_name(module: Module, item: str) -> str:
    """Name of a module's item, as ``EINet.E.V``."""
    return f"{module.path}.{item}"


# ---- channels of a traced step ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
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


def default_template(module: Dynamics) -> Template:
    """What an output looks like as long as nothing is known: spikes of a neuron, reals of anything else."""
    spiking = any(base.__name__ == "Neuron" for base in type(module).__mro__)
    return Template(tuple(module.out_size), "bool" if spiking else "real", DIMENSIONLESS if spiking else ANY)


def first_values(source: Source, init: Any, dimension: Dimension, shape: tuple[int, ...]) -> Any:
    """Function of a `BindContext` that gives the history before the start."""
    if init is None and source.item:
        state = source.module.state(source.item)
        return lambda context: state.initial(context)
    if init is None:
        return lambda context: np.zeros(shape)
    if callable(init) and hasattr(init, "sample"):
        return lambda context: init.sample(
            shape, seed=context.seed, stream=0x60000000 + source.module.number, bits=context.bits
        )
    given = init(shape) if callable(init) else init
    magnitude = np.asarray(
        magnitude_in(
            given,
            dimension,
            what="The history before the start (init)",
            where=full_name(source.module, source.item or "output"),
        )
    )
    try:
        values = np.broadcast_to(magnitude, shape)
    except ValueError as error:
        raise ShapeError(
            f"init has shape {magnitude.shape}, but the value has shape {shape}.",
            where=full_name(source.module, source.item or "output"),
            cure="Give one value or an array of that shape.",
        ) from error
    return lambda context: values


def _channel(trace: Trace, source: Source, init: Any) -> int:
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
                template = trace.templates.get(key, default_template(source.module))
            index = None
        initial = (
            first_values(source, init, template.dimension, template.shape)
            if template.dimension is not ANY
            else (lambda context: np.zeros(template.shape))
        )
        return Channel(
            full_name(source.module, source.item or "output"),
            -1,
            template.shape,
            template.kind,
            template.dimension,
            initial,
            index,
        )

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
        source: Source = sources[key]
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
                raise SchedulingError(
                    f"The output of {source.module.path} is read, but its update returns no single array.",
                    where=source.module.path,
                    cure="Return the output from update.",
                )
        node = trace.node(value)
        shape = (
            channel.shape
            if node.shape == () and not source.item and channel.shape == tuple(source.module.out_size)
            else node.shape
        )
        learnt[key] = Template(shape, node.kind, node.dimension)
        trace.step.channels[number] = replace(channel, value=value)
    return learnt


def _lag(trace: Trace, times: NDArray[np.float64], less: int, name: str) -> int:
    """Node of a delay in steps, less one where the owner has already been updated."""

    def fetch(context: BindContext) -> Any:
        return delay_steps(times, context.dt) - less

    spec = ParamSpec(f"delay of {name}", times.shape, "int", DIMENSIONLESS, fetch)
    return trace.param(object(), spec)


def past_value(
    trace: Trace, source: Source, times: NDArray[np.float64] | None, index: NDArray[np.int64] | None, init: Any
) -> Traced:
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
            f"Delays of {full_name(module, source.item or 'output')} that are partly zero are read after its update "
            "in the same step.",
            where=str(trace.here),
            cure="Read before the owner's update (projections run first), or give delays of at least one step.",
        )
    channel = _channel(trace, source, init)
    spec = trace.step.channels[channel]
    label = f"{spec.name.rsplit('.', 1)[-1]}_delayed"
    args: tuple[int, ...] = (
        ()
        if float(np.max(times)) == 0.0 and not done and index is None
        else (_lag(trace, times, int(done), spec.name),)
    )
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
        return past_value(trace, Source(module, "", ""), None, None, None)
    return eager_histories(module).setdefault("", History()).sample(module, 0, np.zeros(module.out_size, dtype=bool))


def output_known(module: Dynamics) -> bool:
    """Whether the kind and the unit of a module's output are known in eager calls: it spikes, or has been updated."""
    history = eager_histories(module).get("")
    return default_template(module).kind == "bool" or (history is not None and history.dimension is not None)


def delay_line(trace: Trace, value: int, times: NDArray[np.float64], name: str) -> int:
    """A traced value of this step some whole steps ago (zero before the start)."""
    channel = signal_channel(trace, value, name)
    node = trace.node(value)
    if float(times) == 0.0:
        return value
    return trace.source(
        "history",
        (_lag(trace, times, 1, name),),
        node.shape,
        node.kind,
        node.dimension,
        channel=channel,
        label=f"{name}_delayed",
    )


def signal_channel(trace: Trace, value: int, name: str) -> int:
    """The channel that samples a traced value of this step."""
    node = trace.node(value)
    return trace.channel(
        ("signal", value),
        lambda: Channel(name, value, node.shape, node.kind, node.dimension, lambda context: np.zeros(node.shape)),
    )


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
    channel = _channel(trace, Source(state.owner, state.name, ""), None)
    return trace.source("history", (), node.shape, node.kind, node.dimension, channel=channel, label=node.label)
