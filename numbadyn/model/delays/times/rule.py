"""The delay rule in numbers: a time becomes whole steps, and what is no delay is refused.

In: times with units, a time step.  Out: steps.  Must not know: traces, modules.

The rule (one for all): step n begins at t_n = n dt.  A read with a delay of d whole steps made before the owner's
update in step n gives x[n-1-d]; made after it, x[n-d].  Before the start, the history is the state's first value (zero
for an output) unless `init` says otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DelayError
from numbadyn.ir.nodes import BindContext
from numbadyn.units import TIME, magnitude_in

__all__ = [
    "LONGEST",
    "check_delays",
    "convert_delay",
    "delay_steps",
    "one_time",
    "positions",
    "shift_before_ceil",
    "steps_in",
    "tolerance",
]

LONGEST = 2**24 - 1
"""Steps of the longest delay of all; 28 minutes at a step of 0.1 ms."""


def tolerance(bits: int) -> float:
    """Part of a step by which a multiple of dt may be missed in arithmetic of this precision."""
    return 1e-6 if bits == 64 else 1e-3


def slack(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of a step by which given times may miss a multiple of dt: what 32 bits leave, at most a thousandth."""
    return np.clip(2e-7 * steps, tolerance(64), tolerance(32))


def delay_steps(time: Any, dt: float, rounding: str = "up") -> NDArray[np.int64]:
    """Whole steps of a delay in ms, exact multiples of dt unchanged.

    Parameters
    ----------
    time : float or array
        Delays in ms.
    dt : float
        Time step in ms.
    rounding : {"up", "nearest", "exact"}
        Up: at least one step if the delay is not zero; or to the nearest step, the longer of two at the same distance.
        Exact delays need no rounding.

    Examples
    --------
    >>> delay_steps([1.5, 0.22, 0.25, 0.0], 0.1).tolist()
    [15, 3, 3, 0]
    >>> delay_steps([1.5, 0.22, 0.25, 0.35], 0.1, "nearest").tolist()
    [15, 2, 3, 4]
    """
    times = np.asarray(time, dtype=np.float64)
    exact = times / dt
    if rounding == "nearest":
        return np.floor(exact + 0.5 + slack(exact)).astype(np.int64)
    return np.maximum(np.ceil(exact - slack(exact)), times > 0).astype(np.int64)


def shift_before_ceil(context: BindContext) -> float:
    """What is taken from steps with a fraction, so that `ceil` rounds them as `delay_steps` does."""
    missed = tolerance(context.bits)
    return 0.5 - missed if context.delays == "nearest" else missed


def positions(time: Any, dt: float) -> NDArray[np.float64]:
    """Steps of a delay in ms with their fraction; multiples of dt are whole numbers, whatever their last bits are.

    Examples
    --------
    >>> float(positions(0.3, 0.1)), float(positions(0.25, 0.1))
    (3.0, 2.5)
    """
    exact = np.asarray(time, dtype=np.float64) / dt
    whole = np.rint(exact)
    return np.where(np.abs(exact - whole) <= slack(exact), whole, exact)


def steps_in(time: Any, context: BindContext, where: str, window: float | None = None) -> NDArray[np.int64]:
    """Whole steps, or windows of some ms, of a delay in ms; refuses one between them if exact delays are asked for."""
    unit = context.dt if window is None else window
    steps = delay_steps(time, unit, context.delays)
    missed = positions(time, unit) != steps
    if context.delays == "exact" and missed.any():
        first = float(np.ravel(time)[np.flatnonzero(missed)[0]])
        raise DelayError(
            f"The delay of {first:g} ms is no multiple of "
            + (f"the time step of {unit:g} ms." if window is None else f"update_every, {unit:g} ms."),
            where=where,
            cure="Give a multiple, or let delays be rounded: Simulator(..., delays='up') or delays='nearest'.",
            first=first,
            unit=unit,
        )
    return steps


def convert_delay(delay: Any, where: str) -> NDArray[np.float64]:
    """A delay in ms, after checking its unit, sign and size, and that there is one."""
    times = np.asarray(magnitude_in(delay, TIME, what="The delay", where=where), dtype=np.float64)
    if not times.size:
        raise DelayError(
            f"The delay of {where} is an empty array, of shape {times.shape}.",
            where=where,
            cure="Give one time, such as 5*ms, or one for each element.",
            place=where,
            shape=times.shape,
        )
    check_delays(times, where)
    return times


def one_time(delay: Any, where: str) -> float:
    """A single time in ms, such as the longest of several delays."""
    times = convert_delay(delay, where)
    if times.size != 1:
        raise DelayError(
            f"{where} is {times.size} times, of shape {times.shape}.",
            where=where,
            cure="Give one time: the longest delay that can occur.",
            place=where,
            size=times.size,
            shape=times.shape,
        )
    return float(times.reshape(-1)[0])


def check_delays(times: NDArray[np.floating[Any]], where: str) -> None:
    """Refuse times in ms that are negative, NaN or infinite."""
    flat = np.ravel(times)
    bad = np.flatnonzero(~((flat >= 0.0) & (flat < np.inf)))
    if bad.size:
        at = "" if np.ndim(times) == 0 else f" (position {bad[0]} of {flat.size})"
        raise DelayError(
            f"The delay is {flat[bad[0]]:g} ms{at}.",
            where=where,
            cure="Give a finite time, zero or longer.",
            value=flat[bad[0]],
            index=at,
        )
