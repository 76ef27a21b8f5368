"""Delays of a projection: what the user may write, and how times become whole steps.

In: times with units.  Out: recipes in ms, and step numbers.  Must not know: which rule the delays belong to, Numba.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DelayError
from numbadyn.ir.nodes import BindContext
from numbadyn.model.delays.times.rule import LONGEST, check_delays, convert_delay, delay_steps, steps_in
from numbadyn.model.init import (
    Constant,
    FromFunction,
    Initialiser,
    Normal,
    OfPairs,
    Uniform,
    Values,
    as_initialiser,
    as_synaptic,
)
from numbadyn.units import TIME, join, magnitude_in

__all__ = ["another_delay", "as_delay", "check_exact", "is_explicit", "steps"]


def as_delay(delay: Any, *, where: str = "delay") -> Initialiser | None:
    """Check what the user gave as a delay and make a recipe of it.

    Parameters
    ----------
    delay : None, Quantity, array, Initialiser or callable
        No delay; one time; an array of shape ``(n_pre,)`` or ``(n_pre, 1)`` (one for each presynaptic neuron),
        ``(n_synapses,)`` (in the order of the rule) or ``(n_pre, n_post)`` (looked up for each pair); a distribution,
        drawn for each synapse (drawn delays below zero become zero); or a function of both ends of a synapse,
        ``lambda i, j: ...`` (see ``nd.init.OfPairs``), or of their distance (``nd.init.OfDistance``).
    where : str
        The place for messages.

    Returns
    -------
    Initialiser or None
        The recipe, with values in ms.

    Raises
    ------
    DelayError
        If a delay is negative, NaN or infinite, or the mean of a distribution is negative.
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
        recipe = as_synaptic(delay)
        magnitude_in(join(1.0, recipe.dimension), TIME, what="The delay", where=where)
        if isinstance(recipe, Constant):
            check_delays(np.array(recipe.value), where)
        elif isinstance(recipe, Values):
            convert_delay(join(recipe.values, recipe.dimension), where)
        _check_mean(recipe, where)
        return recipe
    magnitude = convert_delay(delay, where)
    return as_initialiser(join(magnitude if magnitude.ndim else float(magnitude), TIME))


def another_delay(delay: Any, where: str) -> Initialiser:
    """What `as_delay` makes of a delay, for synapses that have one already, so that there must be one.

    Parameters
    ----------
    delay : Quantity, array, Initialiser or callable
        As of `as_delay`.
    where : str
        The place for messages.

    Raises
    ------
    DelayError
        It is None.
    """
    recipe = as_delay(delay, where=where)
    if recipe is None:
        raise DelayError(
            "The delay is None, for synapses that have one.", where=where, cure="Give a time, 0 * ms for none."
        )
    return recipe


def _check_mean(recipe: Initialiser, where: str) -> None:
    """Refuse a distribution that is no distribution of delays; of others, the negative tail becomes zero."""
    mean = 0.0
    if isinstance(recipe, Uniform):
        mean = sum(recipe.parameters) / 2.0
    elif isinstance(recipe, Normal):
        centre, _, low, high = recipe.parameters
        mean = min(max(centre, low), high)
    if mean < 0.0:
        raise DelayError(
            f"The delays are drawn from {recipe!r}, with a mean of {mean:g} ms.",
            where=where,
            cure="Give a distribution of positive delays; single ones below zero become zero, or take the low= of "
            "nd.init.Normal.",
            recipe=recipe,
            mean=mean,
        )


def check_exact(recipe: Initialiser | None, context: BindContext, where: str) -> None:
    """Refuse delays between steps if the simulator asks for exact ones.

    Parameters
    ----------
    recipe : Initialiser or None
        The delays; what functions give is checked when it is known.
    context : BindContext
        Time step and rule of rounding.
    where : str
        The place for messages.

    Raises
    ------
    DelayError
        One lies between steps, or they are drawn.
    """
    if recipe is None or context.delays != "exact" or isinstance(recipe, FromFunction | OfPairs):
        return
    if not isinstance(recipe, Constant | Values):
        raise DelayError(
            f"The delays are drawn from {recipe!r}, and so lie between steps.",
            where=where,
            cure="Give multiples of dt, or let delays be rounded: Simulator(..., delays='up') or delays='nearest'.",
            delay=recipe,
        )
    steps_in(recipe.value if isinstance(recipe, Constant) else recipe.values, context, where)


def is_explicit(recipe: Initialiser) -> bool:
    """Tell whether the times were given one by one, not drawn from a distribution."""
    return isinstance(recipe, Constant | Values | FromFunction | OfPairs)


def steps(
    times: NDArray[np.floating[Any]], dt: float, rounding: str = "up", *, where: str = "delay"
) -> NDArray[np.int32]:
    """Turn times into whole steps, by the rule of all delays.

    Parameters
    ----------
    times : ndarray
        Times in ms, zero or positive.
    dt : float
        Time step in ms.
    rounding : {"up", "nearest", "exact"}
        See `numbadyn.model.delays.times.rule.delay_steps`.
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
    >>> steps(np.array([0.0, 0.22, 0.3, 1.5]), 0.1).tolist()
    [0, 3, 3, 15]
    >>> steps(np.array([0.0, 0.22, 0.3, 1.5]), 0.1, "nearest").tolist()
    [0, 2, 3, 15]
    """
    whole = delay_steps(times, dt, rounding)
    longest = int(np.max(whole, initial=0))
    if longest > LONGEST:
        raise DelayError(
            f"A delay of {longest * dt} ms is {longest} steps of {dt} ms; the longest is {LONGEST} steps.",
            where=where,
            cure="Check the unit of the delay, or take a longer step.",
            longest=longest,
            dt=dt,
            LONGEST=LONGEST,
        )
    return whole.astype(np.int32)
