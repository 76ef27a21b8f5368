"""Windows: values that come together in one sample, kept in a running value of their own until the window is over.

In: sources with windows, traced values.  Out: channels, running values, the samples that they stand for.  Must not
know: times, buffers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext, Channel, ParamSpec, StateSpec
from numbadyn.model.delays.times.window import Before, Window
from numbadyn.model.notes import ModelNotes, Running
from numbadyn.model.values import State
from numbadyn.tracing.trace import ANY, Template, Trace
from numbadyn.units import DIMENSIONLESS, join

if TYPE_CHECKING:
    from numbadyn.model.delays.storage.source import Source

__all__ = ["as_sample", "channel_of_windows", "running_value", "window_length"]


def channel_of_windows(trace: Trace, source: Source, window: Window, template: Template, before: Before) -> Channel:
    """The channel of a source whose values come together in windows, and its running value."""
    _make_running(trace, source, template, window, before)

    def sample(context: BindContext, lag: int) -> Any:
        return window.before(before, context, lag, source.varied)

    def every(context: BindContext) -> int:
        return window.steps(context.dt)

    return Channel(
        f"{source.name} every {window.every:g} ms ({window.strategy})",
        -1,
        template.shape,
        window.kind(template.kind),
        template.dimension,
        sample,
        None,
        source.varied,
        every,
        called=_last_part(source),  # without the time between samples: numbers are no part of what is compiled
    )


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
    source.channel(trace)
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


def as_sample(trace: Trace, window: Window, summary: int) -> int:
    """Node of the sample that a running value stands for."""
    if window.strategy != "mean":
        return summary
    return trace.emit("div", summary, trace.cast(window_length(trace, window), "real"))
