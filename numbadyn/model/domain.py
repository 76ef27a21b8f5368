"""Which numbers a parameter may hold, and the check of every array that arrives for it.

In: bounds, and arrays in the coherent unit system.  Out: nothing, or an error that says what is outside and by how
much.  Must not know: who owns the parameter, how its values were drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.units import Dimension, describe, join, magnitude_in

__all__ = ["Domain", "domain_of"]


@dataclass(frozen=True, slots=True)
class Domain:
    """The values that have a meaning: finite numbers between two bounds.

    Parameters
    ----------
    low, high : float
        Bounds in the coherent unit system; infinite where there is none.
    above : bool
        Whether `low` itself is outside.

    Examples
    --------
    >>> Domain(0.0, above=True).outside(np.array([-1.0, 0.0, 2.0])).tolist()
    [True, True, False]
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def outside(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell for each value whether it has no meaning."""
        below = values <= self.low if self.above else values < self.low
        return np.asarray(below | (values > self.high))

    def words(self, dimension: Dimension) -> str:
        """Say what is allowed, with the unit of the values."""
        if self.high == math.inf:
            return self._above(dimension)
        most = _show(self.high, dimension)
        if self.low == -math.inf:
            return f"at most {most}"
        return f"{'above' if self.above else 'from'} {_show(self.low, dimension)} to {most}"

    def _above(self, dimension: Dimension) -> str:
        """Say what the lower bound allows."""
        low = "zero" if self.low == 0.0 else _show(self.low, dimension)
        return f"larger than {low}" if self.above else f"{low} or more"

    def _describe_miss(self, value: float, dimension: Dimension) -> str:
        """Say which bound a value is beyond."""
        return f"at most {_show(self.high, dimension)}" if value > self.high else self._above(dimension)

    def check_given(self, values: NDArray[Any], given: Any, dimension: Dimension, path: str) -> None:
        """Refuse numbers that the user wrote.

        Parameters
        ----------
        values : ndarray
            The numbers.
        given : object
            What the user wrote, for the message.
        dimension : Dimension
            What they measure.
        path : str
            Name of the parameter.

        Raises
        ------
        InvalidParameterError
            A number is not finite or outside.
        """
        _check_finite(values, given if values.ndim == 0 else None, path)
        bad = np.flatnonzero(self.outside(values))
        if bad.size:
            worst = np.ravel(values)[bad[0]]
            sign = "" if self.low != 0.0 or worst > 0 else ", zero" if worst == 0 else ", negative"
            place = f" in element {bad[0]}," if values.ndim else ","
            raise InvalidParameterError(
                f"{path} is {describe(given)}{sign}{place} but it must be {self._describe_miss(worst, dimension)}.",
                where=path,
                cure=f"Give values {self.words(dimension)}.",
                given=given,
                sign=sign,
            )

    def check_drawn(self, values: NDArray[Any], recipe: Any, dimension: Dimension, path: str) -> None:
        """Refuse what a distribution or a function gave for the elements of a population.

        Parameters
        ----------
        values : ndarray
            The numbers.
        recipe : Initialiser
            Where they come from, for the message.
        dimension, path
            See `check_given`.

        Raises
        ------
        InvalidParameterError
            A number is not finite or outside.
        """
        _check_finite(values, None, path)
        flat = np.ravel(values)
        bad = np.flatnonzero(self.outside(flat))
        if bad.size == 0:
            return
        excess = np.maximum(self.low - flat[bad], flat[bad] - self.high)
        worst = int(bad[np.argmax(excess)])
        drawn = recipe.kind is not None
        raise InvalidParameterError(
            f"{path} is {'drawn from' if drawn else 'given by'} {recipe!r}: {bad.size} of {flat.size} values are not "
            f"{self.words(dimension)}; the worst is {_show(float(flat[worst]), dimension, 6)} in element {worst}.",
            where=path,
            cure=self._cure() if drawn else f"Return values {self.words(dimension)}.",
            recipe=recipe,
            worst=worst,
        )

    def _cure(self) -> str:
        """Say which distributions stay inside."""
        given = [name for name, bound in (("low", self.low), ("high", self.high)) if math.isfinite(bound)]
        bounds = ", ".join(f"{name}=..." for name in given)
        positive = self.low == 0.0 and self.high == math.inf
        other = "positive, nd.init.LogNormal(mean, std)." if positive else "inside, nd.init.Uniform(low, high)."
        return f"Bound the distribution, nd.init.Normal(mean, std, {bounds}), or take one that stays {other}"


def domain_of(positive: bool, negative: bool, low: Any, high: Any, dimension: Dimension, path: str) -> Domain:
    """Make a domain of what a user may write for one.

    Parameters
    ----------
    positive, negative : bool
        Whether values must be above zero, and whether those below zero have a meaning.
    low, high : number, quantity or None
        Smallest and largest value.
    dimension : Dimension
        What the values measure.
    path : str
        Name of the parameter, for messages.

    Returns
    -------
    Domain

    Raises
    ------
    DimensionError, UnitExpectedError
        A bound measures something else.
    """
    least = -math.inf if low is None else float(magnitude_in(low, dimension, what=f"low of {path}", where=path))
    most = math.inf if high is None else float(magnitude_in(high, dimension, what=f"high of {path}", where=path))
    if positive and least <= 0.0:
        return Domain(0.0, most, above=True)
    return Domain(least if negative else max(least, 0.0), most)


def _show(value: float, dimension: Dimension, digits: int = 17) -> str:
    """Write a number with its unit, zero without one."""
    short = float(f"{value:.{digits}g}")
    return f"{short:g}" if short == 0.0 or dimension.is_dimensionless else describe(join(short, dimension))


def _check_finite(array: NDArray[Any], given: Any, path: str) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(np.atleast_1d(array)))
        element = f", first at element {bad[0]}" if array.ndim else ""
        raise InvalidParameterError(
            f"{path} is {'not finite' if given is None else describe(given)} ({len(bad)} of {array.size} values are "
            f"NaN or infinite{element}).",
            where=path,
            cure="Give finite numbers.",
            element=element,
        )
