"""Delays of a projection: what the user may write, and how times become whole steps.

In go times with units; out come recipes in ms, and step numbers. This module must not know which rule the delays belong
to, nor Numba.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DelayError
from numbadyn.model.delays.rule import LONGEST, check_delays, checked_delay, delay_steps
from numbadyn.model.init import Constant, FromFunction, Initialiser, Values, as_initialiser
from numbadyn.units import TIME, join, magnitude_in

__all__ = ["as_delay", "drawn_steps", "is_explicit", "steps"]


def as_delay(delay: Any, *, where: str = "delay") -> Initialiser | None:
    """Check what the user gave as a delay and make a recipe of it.

    Parameters
    ----------
    delay : None, Quantity, Initialiser or callable
        No delay; one time; an array of shape ``(n_pre,)`` or ``(n_pre, 1)`` (one for each presynaptic neuron),
        ``(n_synapses,)`` (in the order of the rule) or ``(n_pre, n_post)`` (looked up for each pair); or a
        distribution, drawn for each synapse.
    where : str
        The place for messages.

    Returns
    -------
    Initialiser or None
        The recipe, with values in ms.

    Raises
    ------
    DelayError
        If a delay is negative, NaN or infinite.
    UnitExpectedError, DimensionError
        If a delay is not a time.

    Examples
    --------
    >>> from quantities import ms
    >>> as_delay(1.5 * ms)
    Constant(1.5 ms)
    """
    if delay is None:
        return None
    if isinstance(delay, Initialiser) or callable(delay):
        recipe = as_initialiser(delay)
        magnitude_in(join(1.0, recipe.dimension), TIME, what="The delay", where=where)
        if isinstance(recipe, Constant):
            check_delays(np.array(recipe.value), where)
        elif isinstance(recipe, Values):
            check_delays(recipe.values, where)
        return recipe
    magnitude = checked_delay(delay, where)
    return as_initialiser(join(magnitude if magnitude.ndim else float(magnitude), TIME))


def is_explicit(recipe: Initialiser) -> bool:
    """Tell whether the times were given one by one, not drawn from a distribution."""
    return isinstance(recipe, Constant | Values | FromFunction)


def steps(times: NDArray[np.floating[Any]], dt: float, *, where: str = "delay") -> NDArray[np.int32]:
    """Turn given times into whole steps: never earlier than asked, and exact where they are multiples of the step.

    Parameters
    ----------
    times : ndarray
        Times in ms, zero or positive.
    dt : float
        Time step in ms.
    where : str
        The place for messages.

    Returns
    -------
    ndarray of int32
        Steps, of the same shape.

    Raises
    ------
    DelayError
        If a delay is longer than `LONGEST` steps.

    Examples
    --------
    >>> steps(np.array([0.0, 0.25, 0.3, 1.5]), 0.1).tolist()
    [0, 3, 3, 15]
    """
    return _whole(delay_steps(times, dt).astype(np.float64), dt, where)


def drawn_steps(times: NDArray[np.floating[Any]], dt: float, *, where: str = "delay") -> NDArray[np.int32]:
    """Turn drawn times into the nearest whole steps; below zero is zero.

    Parameters
    ----------
    times : ndarray
        Times in ms.
    dt : float
        Time step in ms.
    where : str
        The place for messages.

    Returns
    -------
    ndarray of int32
        Steps, of the same shape.

    Raises
    ------
    DelayError
        If a delay is longer than `LONGEST` steps.

    Examples
    --------
    >>> drawn_steps(np.array([-0.3, 0.26, 0.31]), 0.1).tolist()
    [0, 3, 3]
    """
    return _whole(np.maximum(np.rint(np.asarray(times, dtype=np.float64) / dt), 0.0), dt, where)


def _whole(whole: NDArray[np.float64], dt: float, where: str) -> NDArray[np.int32]:
    """Convert whole numbers, unless they are too many steps to store."""
    longest = float(np.max(whole, initial=0.0))
    if not longest <= LONGEST:
        raise DelayError(
            f"A delay of {longest * dt} ms is {longest:.0f} steps of {dt} ms; the longest is {LONGEST} steps.",
            where=where,
            cure="Check the unit of the delay, or take a longer step.",
        )
    return whole.astype(np.int32)
