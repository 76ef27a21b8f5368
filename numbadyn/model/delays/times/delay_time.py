"""How long ago: what users may give as a delay, and the steps that it means in a step.

In: a quantity, a parameter, a state, a function.  Out: a `DelayTime`, checked; of each step its `Present`, traced or
eager, inside of its range.  Must not know: what is read.

`Fixed` times never change, `Bound` ones belong to a parameter and are fixed for a run, `Changing` ones are computed in
each step up to a declared maximum; a run ends where they leave their range.
"""

from __future__ import annotations

import copy
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DelayError, DelayRangeError, ShapeError
from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.model import environ
from numbadyn.model.delays.times.elements import Form
from numbadyn.model.delays.times.rule import (
    convert_delay,
    delay_steps,
    one_time,
    positions,
    shift_before_ceil,
    steps_in,
    tolerance,
)
from numbadyn.model.delays.times.window import Window
from numbadyn.model.init import Initialiser
from numbadyn.model.init_history import OfTime
from numbadyn.model.values import Parameter, State
from numbadyn.tracing.guards import watch
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, join, magnitude_in

__all__ = [
    "Bound",
    "Changing",
    "DelaySteps",
    "DelayTime",
    "Fixed",
    "Present",
    "bound_number",
    "delay_time",
    "eager_context",
]


class DelayTime(ABC):
    """A time, or an array of times, before the newest sample, as users give it."""

    @abstractmethod
    def now(self, where: str) -> Present:
        """The times of this step, for a read of what is named."""

    @abstractmethod
    def bound(self, context: BindContext) -> float:
        """The longest time that is remembered, in ms."""


class Present(ABC):
    """The times of one step.

    Attributes
    ----------
    shape : tuple of int
        Their shape; ``()`` for one time.
    where : str
        Place for messages.
    window : Window or None
        Windows that the samples come in; steps then count windows.
    """

    shape: tuple[int, ...]
    where: str
    window: Window | None

    def unit(self, context: BindContext) -> float:
        """Time between samples, in ms."""
        return context.dt if self.window is None else self.window.steps(context.dt) * context.dt

    @abstractmethod
    def longest(self, context: BindContext) -> int:
        """Steps of the longest delay that can occur."""

    @abstractmethod
    def steps(self, form: Form) -> Any:
        """Whole steps: one number, or one for each element of the result."""

    @abstractmethod
    def position(self, form: Form) -> Any:
        """Steps with their fraction."""

    @property
    def never_zero(self) -> bool:
        """Whether it is known that no delay is ever zero."""
        return False

    @property
    def always_zero(self) -> bool:
        """Whether it is known that all delays are always zero."""
        return False


def eager_context() -> BindContext:
    """The binding of eager calls."""
    return BindContext(environ.eager_dt(), 0)


def bound_number(trace: Trace, fetch: Callable[[BindContext], float], kind: Any, name: str) -> int:
    """Node of a single number that follows from dt."""
    spec = ParamSpec(name, (), kind, DIMENSIONLESS, lambda context: np.asarray(fetch(context)))
    return trace.param(object(), spec)


def out_of_range(where: str, time: float, most: float, when: str) -> DelayRangeError:
    """The error of a delay that its memory does not cover, found at some time or place."""
    past = "before the present" if time >= 0 else "in the future"
    return DelayRangeError(
        f"The delay of {where} is {time:g} ms in {when}, {past}; it may be 0 to {most:g} ms.",
        where=where,
        cure="Declare the longest delay that can occur (max_delay=..., or time= of a Delay), or limit the delay with "
        "np.clip.",
        time=time,
        when=when,
        past=past,
        most=most,
    )


class Fixed(DelayTime, Present):
    """Times that do not change during a run.

    Parameters
    ----------
    times : callable
        ``times(context)`` gives times in ms, checked.
    shape : tuple of int
        Their shape.
    window : Window, optional
        Windows that the samples come in.
    known : ndarray, optional
        The times, if no parameter can change them.
    """

    def __init__(
        self,
        times: Callable[[BindContext], NDArray[np.float64]],
        shape: tuple[int, ...],
        window: Window | None = None,
        known: NDArray[np.float64] | None = None,
    ) -> None:
        self._times, self.shape, self.window, self._known = times, shape, window, known
        self.where = "delay"

    def now(self, where: str) -> Fixed:
        """Itself, with a place for messages."""
        named = copy.copy(self)
        named.where = where
        return named

    def bound(self, context: BindContext) -> float:
        """The longest time that is remembered, in ms."""
        return float(np.max(self._times(context)))

    def whole(self, context: BindContext) -> NDArray[np.int64]:
        """Whole steps, as many as there are times."""
        return steps_in(self._times(context), context, self.where, None if self.window is None else self.unit(context))

    def longest(self, context: BindContext) -> int:
        """Steps of the longest delay that can occur."""
        return int(np.max(self.whole(context)))

    def steps(self, form: Form) -> Any:
        """Whole steps."""
        return self._value(form, "int", self.whole)

    def position(self, form: Form) -> Any:
        """Steps with their fraction."""
        return self._value(form, "real", lambda context: positions(self._times(context), self.unit(context)))

    def _value(self, form: Form, kind: Any, fetch: Callable[[BindContext], NDArray[Any]]) -> Any:
        trace = current_trace()
        if trace is None:
            return form.spread(fetch(eager_context()))
        shape = () if form.which is None else form.shape
        spec = ParamSpec(f"{self.where}_delay", shape, kind, DIMENSIONLESS, lambda context: form.spread(fetch(context)))
        return Traced(trace, trace.param(object(), spec))

    @property
    def never_zero(self) -> bool:
        """Whether it is known that the one delay is never zero; of many, the values are no part of the structure."""
        return self._known is not None and not self.shape and bool(self._known > 0)

    @property
    def always_zero(self) -> bool:
        """Whether it is known that the one delay is always zero."""
        return self._known is not None and not self.shape and not self._known.any()


class Bound(DelayTime):
    """Times that a `Parameter` holds, bound at the start of each run.

    Parameters
    ----------
    parameter : Parameter
        The times.
    most : float or None
        The longest time that can occur, in ms; that of the first run by default.
    window : Window, optional
        Windows that the samples come in.
    """

    def __init__(self, parameter: Parameter, most: float | None, window: Window | None = None) -> None:
        self._parameter, self._most, self._window = parameter, most, window

    def _times(self, context: BindContext) -> NDArray[np.float64]:
        found = convert_delay(join(self._parameter.fetch(context), self._parameter.dimension), self._parameter.path)
        if self._most is not None and (found > self._most).any():
            raise out_of_range(self._parameter.path, float(found.max()), self._most, "its value")
        return found

    def now(self, where: str) -> Fixed:
        """The times, still as a function of what is bound."""
        shape = self._times(BindContext(1.0, 0)).shape
        return Fixed(self._times, shape, self._window).now(where)

    def bound(self, context: BindContext) -> float:
        """The longest time that is remembered, in ms."""
        return self._most if self._most is not None else float(np.max(self._times(context)))


class DelaySteps:
    """A delay as a number of steps, which is known as soon as the time step is.

    Parameters
    ----------
    time : DelayTime
        The delay.
    where : str
        Place for messages.

    Raises
    ------
    ShapeError
        From ``int(...)``: there are many delays.

    Notes
    -----
    `Delay.register_delay` gives it, and `Delay.retrieve_at_step` takes it; ``int(...)``, or `numpy.asarray` for many
    delays, works where ``nd.environ`` has a time step. With ``update_every`` the steps are windows.
    """

    def __init__(self, time: DelayTime, where: str = "delay") -> None:
        self.time, self._where = time, where

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        context, now = eager_context(), self.time.now(self._where)
        steps = now.whole(context) if isinstance(now, Fixed) else np.asarray(now.longest(context))
        return np.array(steps, dtype=dtype)

    def __index__(self) -> int:
        steps = np.asarray(self)
        if steps.ndim:
            raise ShapeError(
                f"{self._where} has {steps.size} delays, of {steps.tolist()} steps, which are no single number.",
                where=self._where,
                cure="Take np.asarray(...) of them, or give them to retrieve_at_step as they are.",
                place=self._where,
                size=steps.size,
            )
        return int(steps)

    def __int__(self) -> int:
        return operator.index(self)

    def __repr__(self) -> str:
        return f"DelaySteps({'dt not set' if environ.known_dt() is None else np.asarray(self).tolist()})"


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
        inside = guard_range(trace, trace.cast(time, "real"), self._most, where)
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
        less = trace.emit("sub", position.node_in(trace), slack)
        return Traced(trace, trace.cast(trace.emit("ceil", less), "int"))

    def position(self, form: Form) -> Any:
        """Steps with their fraction."""
        trace = current_trace()
        if trace is None:
            return form.spread(self._times) / self.unit(eager_context())
        times = self._times if form.which is None else trace.take(self._times, form.which)
        unit = bound_number(trace, self.unit, "real", "sample_interval")
        return Traced(trace, trace.emit("div", trace.emit("div", times, trace.constant(1.0, TIME)), unit))


def guard_range(trace: Trace, time: int, most: Callable[[BindContext], float], where: str) -> int:
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


def delay_time(delay: Any, max_delay: Any, where: str, window: Window | None) -> DelayTime:
    """What users give as a delay.

    Parameters
    ----------
    delay : quantities.Quantity, Parameter, State, Prefetch or callable
        A time or an array of times; a parameter, bound at the start of each run; or something that gives the time of
        each step.
    max_delay : quantities.Quantity or None
        The longest delay that can occur; needed where it changes.
    where : str
        Place for messages.
    window : Window or None
        Windows that the samples come in.

    Raises
    ------
    DelayError
        Empty, drawn, negative, not finite, or longer than `max_delay`; or it changes and there is no `max_delay`.
    DimensionError, UnitExpectedError
        It is no time.
    """
    most = None if max_delay is None else one_time(max_delay, f"{where}, max_delay")
    if isinstance(delay, Initialiser | OfTime):
        raise DelayError(
            f"The delay of {where} is {delay!r}; a read takes times.",
            where=where,
            cure="Draw them once: nd.init.Uniform(1*ms, 2*ms)(n) gives an array for n elements. A projection's delay= "
            "draws one for each synapse.",
            delay=delay,
        )
    if isinstance(delay, Parameter):
        return Bound(delay, most, window)
    if callable(delay) or isinstance(delay, State):
        if most is None:
            raise DelayError(
                f"The delay of {where} changes while the network runs, and nothing says how long it can become.",
                where=where,
                cure="Declare the longest one: max_delay=20*ms.",
                place=where,
            )
        limit = most
        return Changing(delay if callable(delay) else lambda: delay.value, lambda _context: limit, window)
    times = convert_delay(delay, where)
    if most is not None and (times > most).any():
        raise out_of_range(where, float(times.max()), most, "its declaration")
    return Fixed(lambda _context: times, times.shape, window, known=times)
