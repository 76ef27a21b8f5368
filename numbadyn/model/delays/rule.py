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

__all__ = ["LONGEST", "check_delays", "checked_delay", "delay_steps", "positions", "steps_in", "tolerance"]

LONGEST = 2**24 - 1
"""Steps of the longest delay of all; 28 minutes at a step of 0.1 ms."""


def tolerance(bits: int) -> float:
    """Part of a step by which a multiple of dt may be missed in arithmetic of this precision."""
    return 1e-6 if bits == 64 else 1e-3


def slack(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of a step by which given times may miss a multiple of dt: what 32 bits leave, at most a thousandth."""
    return np.clip(2e-7 * steps, tolerance(64), tolerance(32))


def delay_steps(time: Any, dt: float) -> NDArray[np.int64]:
    """Whole steps of a delay in ms: rounded up, exact multiples of dt unchanged, at least one if it is not zero.

    Examples
    --------
    >>> int(delay_steps(1.5, 0.1)), int(delay_steps(0.25, 0.1)), int(delay_steps(0.0, 0.1))
    (15, 3, 0)
    """
    times = np.asarray(time, dtype=np.float64)
    exact = times / dt
    return np.maximum(np.ceil(exact - slack(exact)), times > 0).astype(np.int64)


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


def steps_in(time: Any, context: BindContext, where: str) -> NDArray[np.int64]:
    """Whole steps of a delay in ms; refuses one that is no multiple of dt if the simulator asks for exact delays."""
    steps = delay_steps(time, context.dt)
    missed = positions(time, context.dt) != steps
    if context.exact_delays and missed.any():
        first = float(np.ravel(time)[np.flatnonzero(missed)[0]])
        raise DelayError(
            f"The delay of {first:g} ms is no multiple of the time step of {context.dt:g} ms.",
            where=where,
            cure="Give multiples of dt, or let delays be rounded up: Simulator(..., delays='up').",
        )
    return steps


def checked_delay(delay: Any, where: str) -> NDArray[np.float64]:
    """A delay in ms, after checking its unit, sign and size."""
    times = np.asarray(magnitude_in(delay, TIME, what="The delay", where=where), dtype=np.float64)
    check_delays(times, where)
    return times


def check_delays(times: NDArray[np.floating[Any]], where: str) -> None:
    """Refuse times in ms that are negative, NaN or infinite."""
    flat = np.ravel(times)
    bad = np.flatnonzero(~((flat >= 0.0) & (flat < np.inf)))
    if bad.size:
        at = "" if np.ndim(times) == 0 else f" (position {bad[0]} of {flat.size})"
        raise DelayError(
            f"The delay is {flat[bad[0]]:g} ms{at}.", where=where, cure="Give a finite time, zero or longer."
        )
