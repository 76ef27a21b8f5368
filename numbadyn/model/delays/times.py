"""How long ago: a fixed time, a parameter, or a value that changes while the network runs.

In: what users give as a delay.  Out: whole steps or a real number of steps, traced or eager.  Must not know: what is
read.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DelayError, DelayRangeError
from numbadyn.ir.nodes import BindContext, Guard, ParamSpec
from numbadyn.model import environ
from numbadyn.model.delays.forms import Form
from numbadyn.model.delays.rule import checked_delay, delay_steps, steps_in, tolerance
from numbadyn.model.delays.windows import Window
from numbadyn.model.values import Parameter, State
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, join, magnitude_in

__all__ = [
    "Bound",
    "Changing",
    "DelaySteps",
    "DelayTime",
    "Fixed",
    "Moving",
    "Present",
    "bound_number",
    "delay_time",
    "eager_context",
]


class DelayTime(ABC):
    """A time, or an array of times, before the newest sample, as users give it."""

    @abstractmethod
    def now(self) -> Present:
        """The times of this step."""

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
        """Whole steps, rounded up: one number, or one for each element of the result."""

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


class Fixed(DelayTime, Present):
    """Times that do not change during a run.

    Parameters
    ----------
    times : callable
        ``times(context)`` gives times in ms, checked.
    shape : tuple of int
        Their shape.
    where : str
        Place for messages.
    window : Window, optional
        Windows that the samples come in.
    known : ndarray, optional
        The times, if no parameter can change them.
    """

    def __init__(
        self,
        times: Callable[[BindContext], NDArray[np.float64]],
        shape: tuple[int, ...],
        where: str,
        window: Window | None = None,
        known: NDArray[np.float64] | None = None,
    ) -> None:
        self._times, self.shape, self.where, self.window, self._known = times, shape, where, window, known

    def now(self) -> Present:
        """Itself."""
        return self

    def bound(self, context: BindContext) -> float:
        """The longest time that is remembered, in ms."""
        return float(np.max(self._times(context)))

    def _whole(self, context: BindContext) -> NDArray[np.int64]:
        times = self._times(context)
        if self.window is None:
            return steps_in(times, context, self.where)
        return delay_steps(times, self.unit(context))

    def longest(self, context: BindContext) -> int:
        """Steps of the longest delay that can occur."""
        return int(np.max(self._whole(context)))

    def steps(self, form: Form) -> Any:
        """Whole steps, rounded up."""
        return self._value(form, "int", self._whole)

    def position(self, form: Form) -> Any:
        """Steps with their fraction."""
        return self._value(form, "real", lambda context: self._times(context) / self.unit(context))

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
    where : str
        Place for messages.
    window : Window, optional
        Windows that the samples come in.
    """

    def __init__(self, parameter: Parameter, most: float | None, where: str, window: Window | None = None) -> None:
        self._parameter, self._most, self._where, self._window = parameter, most, where, window

    def _times(self, context: BindContext) -> NDArray[np.float64]:
        found = checked_delay(join(self._parameter.fetch(context), self._parameter.dimension), self._parameter.path)
        if self._most is not None and (found > self._most).any():
            raise _out_of_range(self._where, float(found.max()), self._most, self._parameter.path)
        return found

    def now(self) -> Present:
        """The times, still as a function of what is bound."""
        shape = self._times(BindContext(1.0, 0)).shape
        return Fixed(self._times, shape, self._where, self._window)

    def bound(self, context: BindContext) -> float:
        """The longest time that is remembered, in ms."""
        return self._most if self._most is not None else float(np.max(self._times(context)))


class Changing(DelayTime):
    """Times that are computed in each step, up to a declared maximum.

    Parameters
    ----------
    read : callable
        Gives the time, or an array of times, of this step.
    most : callable
        ``most(context)`` gives the longest time in ms that is remembered.
    where : str
        Place for messages.
    window : Window, optional
        Windows that the samples come in.
    """

    def __init__(
        self, read: Callable[[], Any], most: Callable[[BindContext], float], where: str, window: Window | None = None
    ) -> None:
        self._read, self._most, self._where, self._window = read, most, where, window

    def bound(self, context: BindContext) -> float:
        """The longest time that is remembered, in ms."""
        return self._most(context)

    def now(self) -> Present:
        """The times of this step, inside of their range."""
        trace = current_trace()
        value = self._read()
        if trace is None:
            return Moving(self._eager(value), self._most, self._where, self._window)
        time = as_node(trace, value)
        if trace.node(time).dimension != TIME:
            magnitude_in(join(0.0, trace.node(time).dimension), TIME, what="The delay", where=self._where)
        inside = guarded(trace, trace.cast(time, "real"), self._most, self._where)
        return Moving(inside, self._most, self._where, self._window)

    def _eager(self, value: Any) -> NDArray[np.float64]:
        context = eager_context()
        times = np.asarray(magnitude_in(value, TIME, what="The delay", where=self._where), dtype=np.float64)
        most = self._most(context)
        slack = tolerance(64) * context.dt
        bad = np.flatnonzero(~((times >= -slack) & (times <= most + slack)))
        if bad.size:
            raise _out_of_range(self._where, float(np.ravel(times)[bad[0]]), most, f"element {bad[0]}")
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
        """Whole steps, rounded up."""
        trace = current_trace()
        position = self.position(form)
        if trace is None:
            return np.ceil(position - tolerance(64)).astype(np.int64)
        slack = bound_number(trace, lambda context: tolerance(context.bits), "real", "tolerance")
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


def eager_context() -> BindContext:
    """The binding of eager calls."""
    return BindContext(environ.eager_dt(), 0)


def bound_number(trace: Trace, fetch: Callable[[BindContext], float], kind: Any, name: str) -> int:
    """Node of a single number that follows from dt."""
    spec = ParamSpec(name, (), kind, DIMENSIONLESS, lambda context: np.asarray(fetch(context)))
    return trace.param(object(), spec)


def _out_of_range(where: str, time: float, most: float, when: str) -> DelayRangeError:
    past = "before the present" if time >= 0 else "in the future"
    return DelayRangeError(
        f"The delay of {where} is {time:g} ms in {when}, {past}; it may be 0 to {most:g} ms.",
        where=where,
        cure="Declare the longest delay that can occur (max_delay=..., or time= of a Delay), or limit the delay with "
        "np.clip.",
    )


def guarded(trace: Trace, time: int, most: Callable[[BindContext], float], where: str) -> int:
    """A time inside of its range; the first one outside is noted, and the run ends with its error."""
    shape = trace.node(time).shape

    def bound(number: Callable[[BindContext], float]) -> int:
        spec = ParamSpec(f"{where}_range", (), "real", TIME, lambda context: np.asarray(number(context)))
        return trace.param(object(), spec)

    low = bound(lambda context: -tolerance(context.bits) * context.dt)
    high = bound(lambda context: most(context) + tolerance(context.bits) * context.dt)
    inside = trace.emit("and", trace.emit("greater_equal", time, low), trace.emit("less_equal", time, high))
    broken, value = State(0, shape=shape), State(join(0.0, TIME), shape=shape)
    broken.name, value.name = f"{where} out of range", f"{where} offending delay"
    indices = [trace.state_index(state, state.spec) for state in (broken, value)]
    old_broken, old_value = (trace.read(index) for index in indices)
    first = trace.emit("and", trace.emit("not", inside), trace.emit("equal", old_broken, trace.literal(0)))
    number = trace.emit("add", trace.step_number(), trace.literal(1))
    trace.write(indices[0], trace.emit("select", first, number, old_broken))
    trace.write(indices[1], trace.emit("select", first, time, old_value))

    def error(step: int, element: int, wrong: float, context: BindContext) -> Exception:
        return _out_of_range(
            where, wrong, most(context), f"step {step} (t = {step * context.dt:g} ms), element {element}"
        )

    trace.step.guards.append(Guard(indices[0], indices[1], error))
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
        Negative, not finite, or longer than `max_delay`; or it changes and there is no `max_delay`.
    DimensionError, UnitExpectedError
        It is no time.
    """
    most = None if max_delay is None else float(np.max(checked_delay(max_delay, f"{where}, max_delay")))
    if isinstance(delay, Parameter):
        return Bound(delay, most, where, window)
    if callable(delay) or isinstance(delay, State):
        if most is None:
            raise DelayError(
                f"The delay of {where} changes while the network runs, and nothing says how long it can become.",
                where=where,
                cure="Declare the longest one: max_delay=20*ms.",
            )
        limit = most
        return Changing(delay if callable(delay) else lambda: delay.value, lambda _context: limit, where, window)
    times = checked_delay(delay, where)
    if most is not None and (times > most).any():
        raise _out_of_range(where, float(times.max()), most, "its declaration")
    return Fixed(lambda _context: times, times.shape, where, window, known=times)


class DelaySteps:
    """A delay as a number of steps, which is known as soon as the time step is.

    Parameters
    ----------
    time : DelayTime
        The delay.

    Notes
    -----
    `Delay.register_delay` gives it, and `Delay.retrieve_at_step` takes it; ``int(...)`` works where
    ``nd.environ`` has a time step.
    """

    def __init__(self, time: DelayTime) -> None:
        self.time = time

    def __index__(self) -> int:
        return int(delay_steps(self.time.bound(BindContext(environ.eager_dt(), 0)), environ.eager_dt()))

    def __int__(self) -> int:
        return operator.index(self)

    def __repr__(self) -> str:
        dt = environ.known_dt()
        return "DelaySteps(dt not set)" if dt is None else f"DelaySteps({operator.index(self)})"
