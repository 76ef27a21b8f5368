"""How long ago: what users may give as a delay.

In: a quantity, a parameter, a state, a function.  Out: a `DelayTime`, checked.  Must not know: what is read.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import DelayError
from numbadyn.model.delays.changing_times import Changing
from numbadyn.model.delays.fixed_times import Bound, Fixed
from numbadyn.model.delays.rule import checked_delay, one_time
from numbadyn.model.delays.times import DelayTime, out_of_range
from numbadyn.model.delays.windows import Window
from numbadyn.model.init import Initialiser
from numbadyn.model.init_history import OfTime
from numbadyn.model.values import Parameter, State

__all__ = ["delay_time"]


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
        )
    if isinstance(delay, Parameter):
        return Bound(delay, most, window)
    if callable(delay) or isinstance(delay, State):
        if most is None:
            raise DelayError(
                f"The delay of {where} changes while the network runs, and nothing says how long it can become.",
                where=where,
                cure="Declare the longest one: max_delay=20*ms.",
            )
        limit = most
        return Changing(delay if callable(delay) else lambda: delay.value, lambda _context: limit, window)
    times = checked_delay(delay, where)
    if most is not None and (times > most).any():
        raise out_of_range(where, float(times.max()), most, "its declaration")
    return Fixed(lambda _context: times, times.shape, window, known=times)
