"""How long ago: a time that is computed in each step, up to a declared maximum.

In: a function that gives the time of the step.  Out: steps, traced or eager, inside of their range; a run ends where
they are not.  Must not know: what is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.model.delays.forms import Form
from numbadyn.model.delays.rule import delay_steps, shift_before_ceil, tolerance
from numbadyn.model.delays.times import DelayTime, Present, bound_number, eager_context, out_of_range
from numbadyn.model.delays.windows import Window
from numbadyn.tracing.guards import watch
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import TIME, join, magnitude_in

__all__ = ["Changing", "Moving", "guarded"]


class Changing(DelayTime):
    """Times that are computed in each step, up to a declared maximum.

    Parameters
    ----------
    read : callable
        Gives the time, or an array of times, of this step.
    most : callable
        ``most(context)`` gives the longest time in ms that is remembered.
    window : Window, optional
        Windows that the samples come in.
    """

    def __init__(
        self, read: Callable[[], Any], most: Callable[[BindContext], float], window: Window | None = None
    ) -> None:
        self._read, self._most, self._window = read, most, window

    def bound(self, context: BindContext) -> float:
        """The longest time that is remembered, in ms."""
        return self._most(context)

    def now(self, where: str) -> Present:
        """The times of this step, inside of their range."""
        trace = current_trace()
        value = self._read()
        if trace is None:
            return Moving(self._eager(value, where), self._most, where, self._window)
        time = as_node(trace, value)
        if trace.node(time).dimension != TIME:
            magnitude_in(join(0.0, trace.node(time).dimension), TIME, what="The delay", where=where)
        inside = guarded(trace, trace.cast(time, "real"), self._most, where)
        return Moving(inside, self._most, where, self._window)

    def _eager(self, value: Any, where: str) -> NDArray[np.float64]:
        context = eager_context()
        times = np.asarray(magnitude_in(value, TIME, what="The delay", where=where), dtype=np.float64)
        most = self._most(context)
        slack = tolerance(64) * context.dt
        bad = np.flatnonzero(~((times >= -slack) & (times <= most + slack)))
        if bad.size:
            raise out_of_range(where, float(np.ravel(times)[bad[0]]), most, f"element {bad[0]}")
        return np.clip(times, 0.0, most)


class Moving(Present):
    """The times of one step, inside of their range: a node, or an array in ms."""

    def __init__(self, times: Any, most: Callable[[BindContext], float], where: str, window: Window | None) -> None:
        self._times, self._most, self.where, self.window = times, most, where, window
        trace = current_trace()
        self.shape = np.shape(times) if trace is None else trace.node(times).shape

    def longest(self, context: BindContext) -> int:
        """Steps of the longest delay that can occur."""
        return int(delay_steps(self._most(context), self.unit(context)))

    def steps(self, form: Form) -> Any:
        """Whole steps."""
        trace = current_trace()
        position = self.position(form)
        if trace is None:
            return np.ceil(position - tolerance(64)).astype(np.int64)
        slack = bound_number(trace, shift_before_ceil, "real", "tolerance")
        less = trace.emit("sub", position.checked(trace), slack)
        return Traced(trace, trace.cast(trace.emit("ceil", less), "int"))

    def position(self, form: Form) -> Any:
        """Steps with their fraction."""
        trace = current_trace()
        if trace is None:
            return form.spread(self._times) / self.unit(eager_context())
        times = self._times if form.which is None else trace.take(self._times, form.which)
        unit = bound_number(trace, self.unit, "real", "sample_interval")
        return Traced(trace, trace.emit("div", trace.emit("div", times, trace.constant(1.0, TIME)), unit))


def guarded(trace: Trace, time: int, most: Callable[[BindContext], float], where: str) -> int:
    """A time inside of its range; the first one outside is noted, and the run ends with its error."""

    def bound(number: Callable[[BindContext], float]) -> int:
        spec = ParamSpec(f"{where}_range", (), "real", TIME, lambda context: np.asarray(number(context)))
        return trace.param(object(), spec)

    low = bound(lambda context: -tolerance(context.bits) * context.dt)
    high = bound(lambda context: most(context) + tolerance(context.bits) * context.dt)
    inside = trace.emit("and", trace.emit("greater_equal", time, low), trace.emit("less_equal", time, high))

    def error(step: int, element: int, wrong: float, context: BindContext) -> Exception:
        return out_of_range(
            where, wrong, most(context), f"step {step} (t = {step * context.dt:g} ms), element {element}"
        )

    watch(trace, time, inside, where, "delay", error)
    zero, top = trace.constant(0.0, TIME), bound(most)
    limited = trace.emit("minimum", trace.emit("maximum", time, zero), top)
    return trace.emit("select", inside, limited, zero)
