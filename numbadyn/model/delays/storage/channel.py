"""Channels of a traced step: what is written to them at its end, and those of plain values, which have no source.

In: sources, traced values.  Out: channels.  Must not know: times, buffers.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext, Channel, ParamSpec
from numbadyn.model.delays.storage.running import as_sample, running_value
from numbadyn.model.delays.storage.source import Source, StateSource
from numbadyn.model.delays.times.rule import steps_in
from numbadyn.model.delays.times.window import Before
from numbadyn.model.notes import ModelNotes
from numbadyn.model.values import State
from numbadyn.tracing.trace import ANY, Template, Trace
from numbadyn.units import DIMENSIONLESS

__all__ = ["delay_line", "finish_channels", "signal_channel", "state_history"]


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
    channel = StateSource(state.owner, state.name, None, None).channel(trace)
    return trace.source("history", (), node.shape, node.kind, node.dimension, channel=channel, label=node.label)
