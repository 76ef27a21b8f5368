"""Histories before the start that change with time: initial functions of delay differential equations.

In: a function of time.  Out: values at times before the start.  Must not know: who keeps them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numbadyn.errors import HookArgumentError, InvalidParameterError
from numbadyn.model.hooks import takes
from numbadyn.units import TIME, join_eager

__all__ = ["OfTime"]


class OfTime:
    """A history before the start as a function of time, for ``init=`` of delayed reads.

    Parameters
    ----------
    function : callable
        ``function(t)`` gives the value at a time t <= 0, a quantity in ms: one value, or an array of the shape of what
        is read.

    Raises
    ------
    InvalidParameterError
        It cannot be called.
    HookArgumentError
        It takes no argument.

    Notes
    -----
    x[-1], the value that a read without delay gives in the first step, is that of t = 0; x[-1-d] that of t = -d dt.

    Examples
    --------
    >>> import numbadyn as nd
    >>> import numpy as np
    >>> from quantities import ms
    >>> rate = nd.Expon(1)
    >>> past = rate.output_delay(3 * ms, init=nd.init.OfTime(lambda t: 1.0 + t / ms))
    >>> with nd.environ.context(dt=1 * ms):
    ...     print(past())
    [-2.]
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        if not callable(function):
            raise InvalidParameterError(
                f"OfTime is given {function!r}.",
                where="OfTime",
                cure="Give a function of the time.",
                function=function,
            )
        if not takes(function, (0.0,), {}):
            raise HookArgumentError(
                f"{self._name(function)} cannot be called with 1 argument, the time.",
                where="OfTime",
                cure="Take the time, as in lambda t: np.cos(t / ms) * mV.",
                function=self._name(function),
            )
        self.function = function

    @staticmethod
    def _name(function: Callable[[Any], Any]) -> str:
        return repr(getattr(function, "__qualname__", function))

    def at(self, time: float) -> Any:
        """The value at a time in ms."""
        return self.function(join_eager(time, TIME))

    def __repr__(self) -> str:
        return f"OfTime({self._name(self.function)})"
