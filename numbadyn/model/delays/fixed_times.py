"""How long ago: a fixed time, or a parameter that is bound at the start of each run.

In: times in ms, as numbers or as functions of what is bound.  Out: steps, traced or eager.  Must not know: what is
read.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ShapeError
from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.model import environ
from numbadyn.model.delays.forms import Form
from numbadyn.model.delays.rule import checked_delay, positions, steps_in
from numbadyn.model.delays.times import DelayTime, Present, eager_context, out_of_range
from numbadyn.model.delays.windows import Window
from numbadyn.model.values import Parameter
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import DIMENSIONLESS, join

__all__ = ["Bound", "DelaySteps", "Fixed"]


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
        found = checked_delay(join(self._parameter.fetch(context), self._parameter.dimension), self._parameter.path)
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
            )
        return int(steps)

    def __int__(self) -> int:
        return operator.index(self)

    def __repr__(self) -> str:
        return f"DelaySteps({'dt not set' if environ.known_dt() is None else np.asarray(self).tolist()})"
