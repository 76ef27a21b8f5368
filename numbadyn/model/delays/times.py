"""How long ago: what every kind of delay answers.

In: nothing; this is the interface.  Out: a time as given, and the times of one step.  Must not know: kinds of delays,
what is read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import DelayRangeError
from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.model import environ
from numbadyn.model.delays.forms import Form
from numbadyn.model.delays.windows import Window
from numbadyn.tracing.trace import Trace
from numbadyn.units import DIMENSIONLESS

__all__ = ["DelayTime", "Present", "bound_number", "eager_context", "out_of_range"]


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
    )
