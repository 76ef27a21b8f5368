"""Channels of a traced step: where the past of a source is kept, and what is written to it at the end of the step.

In: sources, traced values.  Out: channels.  Must not know: times, buffers.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext, Channel, ParamSpec, StateSpec
from numbadyn.model.delays.storage.source import Source, StateSource
from numbadyn.model.delays.times.rule import steps_in
from numbadyn.model.delays.times.window import Before, Window
from numbadyn.model.notes import ModelNotes, Running
from numbadyn.model.values import State
from numbadyn.tracing.trace import ANY, Template, Trace
from numbadyn.units import DIMENSIONLESS, join

__all__ = ["channel_of", "delay_line", "finish_channels", "running_value", "signal_channel", "state_history"]


def channel_of(trace: Trace, source: Source) -> int:
    """Number of the channel of a source, made on first use."""

    def make() -> Channel:
        template = source.template(trace)
        before, window = source.before(template), source.window
        state = source.state(trace)
        if window is None:
            return Channel(
                source.name, -1, template.shape, template.kind, template.dimension, before, state, source.varied
            )
        kind = window.kind(template.kind)
        _make_running(trace, source, template, window, before)

        def sample(context: BindContext, lag: int) -> Any:
            return window.before(before, context, lag, source.varied)

        def every(context: BindContext) -> int:
            return window.steps(context.dt)

        return Channel(
            f"{source.name} every {window.every:g} ms ({window.strategy})",
            -1,
            template.shape,
            kind,
            template.dimension,
            sample,
            None,
            source.varied,
            every,
            called=_last_part(source),  # without the time between samples: numbers are no part of what is compiled
        )

    trace.notes(ModelNotes).sources[source.key] = source
    return trace.channel(source.key, make)


def _make_running(trace: Trace, source: Source, template: Template, window: Window, before: Any) -> None:
    kind = window.kind(template.kind)
    zero = False if kind == "bool" else 0 if kind == "int" else 0.0
    dimension = DIMENSIONLESS if template.dimension is ANY else template.dimension
    given: Any = zero if kind != "real" else join(0.0, dimension)
    called = f"{_last_part(source)} ({window.strategy})"
    state = _Summary(given, template.shape, window, before, source.varied, called)
    state.name = f"{source.name} ({window.strategy}) every {window.every:g} ms"
    index = trace.state_index(state, state.spec)
    trace.notes(ModelNotes).running[source.key] = Running(state, index)


def _last_part(source: Source) -> str:
    return source.name.rsplit(".", 1)[-1]


class _Summary(State):
    """Running value of a window; before the start, that of the window that ends with it."""

    def __init__(
        self, given: Any, shape: tuple[int, ...], window: Window, before: Any, varied: bool, called: str
    ) -> None:
        super().__init__(given, shape=shape)
        self._window, self._before, self._varied, self._called = window, before, varied, called

    def spec(self) -> StateSpec:
        """What the IR knows of it."""
        return replace(super().spec(), called=self._called)

    def initial(self, context: BindContext, stream: int | None = None) -> NDArray[Any]:
        """First values."""
        return np.array(np.broadcast_to(self._window.summary(self._before, context, 1, self._varied), self.varshape))


def running_value(trace: Trace, source: Source, *, new: bool) -> int:
    """Running value of a source's window: before or after the value of this step came in."""
    channel_of(trace, source)
    running = trace.notes(ModelNotes).running[source.key]
    window = source.window
    assert window is not None
    old = trace.read(running.index)
    if not new or source.template(trace).dimension is ANY:
        return old
    place = trace.emit("int_mod", trace.step_number(), window_length(trace, window))
    begins = trace.emit("equal", place, trace.literal(0))
    return window.add_node(trace, old, source.current(trace), begins)


def window_length(trace: Trace, window: Window) -> int:
    """Node of the steps of a window."""

    def fetch(context: BindContext) -> Any:
        return np.asarray(window.steps(context.dt))

    return trace.param(object(), ParamSpec("window_steps", (), "int", DIMENSIONLESS, fetch))


def finish_channels(trace: Trace) -> dict[Hashable, Template]:
    """Give every channel the node that it samples; returns what was learnt about each."""
    learnt: dict[Hashable, Template] = {}
    sources = trace.notes(ModelNotes).sources
    for key, number in trace.channel_keys().items():
        if key not in sources:
            continue
        source, channel = sources[key], trace.step.channels[number]
        value = source.final(trace)
        node = trace.node(value)
        spread = node.shape == () and not isinstance(source, StateSource)
        learnt[key] = Template(channel.shape if spread else node.shape, node.kind, node.dimension)
        if source.window is not None and channel.dimension is not ANY:
            value = _finish_window(trace, source)
        trace.step.channels[number] = replace(channel, value=value)
    return learnt


def _finish_window(trace: Trace, source: Source) -> int:
    assert source.window is not None
    summary = running_value(trace, source, new=True)
    trace.write(trace.notes(ModelNotes).running[source.key].index, summary)
    return as_sample(trace, source.window, summary)


def as_sample(trace: Trace, window: Window, summary: int) -> int:
    """Node of the sample that a running value stands for."""
    if window.strategy != "mean":
        return summary
    return trace.emit("div", summary, trace.cast(window_length(trace, window), "real"))


def delay_line(trace: Trace, value: int, times: NDArray[np.float64], name: str, before: Before | None) -> int:
    """A traced value of this step some whole steps ago."""
    channel = signal_channel(trace, value, name, before)
    node = trace.node(value)
    if float(times) == 0.0:
        return value

    def lag(context: BindContext) -> Any:
        return steps_in(times, context, name) - 1

    spec = ParamSpec(f"{name}_delay", (), "int", DIMENSIONLESS, lag)
    return trace.source(
        "history",
        (trace.param(object(), spec),),
        node.shape,
        node.kind,
        node.dimension,
        channel=channel,
        label=f"{name}_delayed",
    )


def signal_channel(trace: Trace, value: int, name: str, before: Before | None) -> int:
    """The channel that samples a traced value of this step; `before` gives those before the start, or they are zero."""
    node, varied = trace.node(value), before is not None

    def make() -> Channel:
        return Channel(name, value, node.shape, node.kind, node.dimension, before or _zero, varied=varied)

    return trace.channel(("signal", value, varied), make)


def _zero(_context: BindContext, _lag: int) -> Any:
    """Nothing was sent before the start."""
    return 0


def state_history(trace: Trace, value: int) -> int:
    """The same value as a read of its channel, if it is a state that nobody has written in this step yet.

    What reads it with a delay of its own then sees the state's first value as the history before the start.
    """
    node = trace.node(value)
    if not node.traits.from_state:
        return value
    state = trace.step.states[node.attrs["index"]].owner
    if not isinstance(state, State) or state.owner is None:
        return value
    channel = channel_of(trace, StateSource(state.owner, state.name, None, None))
    return trace.source("history", (), node.shape, node.kind, node.dimension, channel=channel, label=node.label)
