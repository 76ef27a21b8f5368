"""Functions of distance: probabilities, weights and delays that fall off or grow with it.

In: lengths, values.  Out: callables that map distances to values, and say how far they reach.  Must not know:
positions, rules of connection.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, InvalidParameterError
from numbadyn.units import TIME, Dimension, describe, join, join_eager, split

__all__ = ["Disc", "Exponential", "Gaussian", "Profile", "TravelTime"]

Floats = NDArray[np.float64]

_NOTHING = 1e-9
"""What part of its peak a profile has where it is said to end."""


class Profile:
    """A function of distance; the base of those in ``nd.space``, which can be added, scaled and cut.

    Profiles are what ``nd.init.OfDistance`` takes, as any function is. Those that fall off know their `reach`, beyond
    which no synapse is looked for, so that the cost of a local rule is in the pairs within reach.

    Notes
    -----
    ``p + q``, ``p - q``, ``2 * p`` (also with a unit), ``-p``, ``p.clip(0, 1)`` and ``p.within(radius)`` are profiles
    again. A difference of Gaussians is ``Gaussian(s, a) - Gaussian(t, b)``.

    Examples
    --------
    A Mexican hat of weights, and the same cut to probabilities:

    >>> import numbadyn as nd
    >>> from quantities import nS, um
    >>> hat = nd.space.Gaussian(50 * um, peak=2.0) - nd.space.Gaussian(150 * um)
    >>> (hat * nS)([0, 100] * um).round(2)
    array([ 1.  , -0.53]) * nS
    >>> hat.clip(0, 1)([0, 100] * um)
    array([1., 0.])
    """

    # A quantity on the left leaves a product to the profile.
    __array_ufunc__ = None

    def __init__(self, length: Dimension, dimension: Dimension, reach: float) -> None:
        self._length, self._dimension, self._reach = length, dimension, reach

    @property
    def reach(self) -> Any:
        """Distance beyond which it is no more than 1e-9 of its peak; infinite where it never ends."""
        return join(self._reach, self._length)

    def __call__(self, distance: Any) -> Any:
        """Values at some distances.

        Parameters
        ----------
        distance : Quantity or array
            Distances, with the unit of the lengths that the profile was made with.

        Returns
        -------
        Quantity or ndarray
            Values of the same shape.

        Raises
        ------
        DimensionError
            The distances have another unit.
        """
        magnitude, dimension = split(distance, where=repr(self))
        if dimension != self._length:
            raise DimensionError(
                f"Distances are in {dimension}, but {self!r} is about {self._length}.",
                where=repr(self),
                cure="Give positions and the lengths of a profile in units of one kind.",
                expected=self._length,
                given=dimension,
            )
        return join_eager(self.values(np.asarray(magnitude, dtype=np.float64)), self._dimension)

    @abstractmethod
    def values(self, distance: Floats) -> Floats:
        """Values at some distances, both as plain numbers in the coherent system."""

    def clip(self, low: Any, high: Any) -> Profile:
        """The same between two bounds, as probabilities need it: ``clip(0, 1)``."""
        return _Clipped(self, self._like(low), self._like(high))

    def within(self, radius: Any) -> Profile:
        """The same up to a distance, and zero beyond it."""
        magnitude, dimension = _length("within(radius)", radius)
        if dimension != self._length:
            raise self._other(dimension, self._length)
        return _Within(self, magnitude)

    def __add__(self, other: Any) -> Profile:
        if not isinstance(other, Profile):
            return NotImplemented
        if (other._length, other._dimension) != (self._length, self._dimension):
            raise self._other(other._dimension, self._dimension)
        return _Sum(self, other)

    def __mul__(self, factor: Any) -> Profile:
        if isinstance(factor, Profile):
            return NotImplemented
        return _Scaled(self, factor)

    __rmul__ = __mul__

    def __neg__(self) -> Profile:
        return _Scaled(self, -1.0)

    def __sub__(self, other: Any) -> Profile:
        return self + (-other) if isinstance(other, Profile) else NotImplemented

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shown()})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def _shown(self) -> str:
        return ""

    def _like(self, value: Any) -> float:
        magnitude, dimension = split(value, where=repr(self))
        if dimension != self._dimension:
            raise self._other(dimension, self._dimension)
        return float(magnitude)

    def _other(self, given: Dimension, expected: Dimension) -> DimensionError:
        return DimensionError(
            f"{given} meets {expected} in {self!r}.",
            where=repr(self),
            cure="Give both in units of one kind.",
            expected=expected,
            given=given,
        )


class _Falling(Profile):
    """What a peak and a length say."""

    def __init__(self, length: Any, peak: Any, name: str, ends: float) -> None:
        magnitude, dimension = _length(f"{type(self).__name__}({name})", length)
        self._scale, (height, unit) = magnitude, split(peak, where=type(self).__name__)
        if not np.isfinite(height).all() or np.ndim(height):
            raise InvalidParameterError(
                f"The peak is {describe(peak)}.", where=type(self).__name__, cure="Give one finite value.", peak=peak
            )
        self._peak = float(height)
        super().__init__(dimension, unit, magnitude * ends)

    def _shown(self) -> str:
        return f"{describe(join(self._scale, self._length))}, peak={describe(join(self._peak, self._dimension))}"


class Gaussian(_Falling):
    r"""A Gaussian of distance.

    Parameters
    ----------
    sigma : Quantity or float
        Standard deviation, a length.
    peak : float or Quantity
        Value at distance zero.

    Raises
    ------
    InvalidParameterError
        `sigma` is not positive, or the peak is not finite.

    Notes
    -----
    :math:`p \, e^{-d^2 / 2 \sigma^2}`. It reaches 6.4 standard deviations.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import um
    >>> nd.space.Gaussian(100 * um, peak=0.5)([0, 100] * um).round(3)
    array([0.5  , 0.303])
    """

    def __init__(self, sigma: Any, peak: Any = 1.0) -> None:
        super().__init__(sigma, peak, "sigma", math.sqrt(-2.0 * math.log(_NOTHING)))

    def values(self, distance: Floats) -> Floats:
        """Values at some distances, as plain numbers."""
        return np.asarray(self._peak * np.exp(-0.5 * (distance / self._scale) ** 2))


class Exponential(_Falling):
    r"""An exponential decay with distance.

    Parameters
    ----------
    length : Quantity or float
        Distance at which the value is 1/e of its peak.
    peak : float or Quantity
        Value at distance zero.

    Raises
    ------
    InvalidParameterError
        The length is not positive, or the peak is not finite.

    Notes
    -----
    :math:`p \, e^{-d / \lambda}`. It reaches 20.7 lengths; `within` gives a shorter reach where that is enough.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import um
    >>> nd.space.Exponential(100 * um)([0, 100] * um).round(3)
    array([1.   , 0.368])
    """

    def __init__(self, length: Any, peak: Any = 1.0) -> None:
        super().__init__(length, peak, "length", -math.log(_NOTHING))

    def values(self, distance: Floats) -> Floats:
        """Values at some distances, as plain numbers."""
        return np.asarray(self._peak * np.exp(-distance / self._scale))


class Disc(_Falling):
    """One value up to a radius, the radius included, and zero beyond.

    Parameters
    ----------
    radius : Quantity or float
        A length.
    value : float or Quantity
        The value inside.

    Raises
    ------
    InvalidParameterError
        The radius is not positive, or the value is not finite.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import um
    >>> nd.space.Disc(100 * um, 0.2)([0, 100, 101] * um)
    array([0.2, 0.2, 0. ])
    """

    def __init__(self, radius: Any, value: Any = 1.0) -> None:
        super().__init__(radius, value, "radius", 1.0)

    def values(self, distance: Floats) -> Floats:
        """Values at some distances, as plain numbers."""
        return np.where(distance <= self._scale, self._peak, 0.0)


class TravelTime(Profile):
    r"""Delays that grow with distance: a velocity of conduction, and what the synapse adds.

    Parameters
    ----------
    velocity : Quantity
        Distance over time.
    offset : Quantity, optional
        Delay at distance zero.

    Raises
    ------
    InvalidParameterError
        The velocity is not positive.

    Notes
    -----
    :math:`d / v + \text{offset}`. Delays become whole steps, rounded up unless the simulator is told otherwise.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mm, ms, um
    >>> nd.space.TravelTime(0.2 * mm / ms, 0.5 * ms)([0, 100] * um)
    array([0.5, 1. ]) * ms
    """

    def __init__(self, velocity: Any, offset: Any = None) -> None:
        speed, dimension = _length("TravelTime(velocity)", velocity)
        self._speed = speed
        base, unit = (0.0, None) if offset is None else split(offset, where="TravelTime(offset)")
        time = TIME if unit is None else unit
        self._offset = float(base)
        super().__init__(dimension * time, time, math.inf)

    def values(self, distance: Floats) -> Floats:
        """Values at some distances, as plain numbers."""
        return np.asarray(distance / self._speed + self._offset)

    def _shown(self) -> str:
        speed = describe(join(self._speed, self._length / self._dimension))
        return f"{speed}, {describe(join(self._offset, self._dimension))}"


class _Sum(Profile):
    """Two profiles added."""

    def __init__(self, first: Profile, second: Profile) -> None:
        self._first, self._second = first, second
        super().__init__(first._length, first._dimension, max(first._reach, second._reach))

    def values(self, distance: Floats) -> Floats:
        return self._first.values(distance) + self._second.values(distance)

    def __repr__(self) -> str:
        return f"{self._first!r} + {self._second!r}"


class _Scaled(Profile):
    """A profile times a number, with or without a unit."""

    def __init__(self, profile: Profile, factor: Any) -> None:
        magnitude, dimension = split(factor, where=repr(profile))
        if np.ndim(magnitude) or not np.isfinite(magnitude):
            raise InvalidParameterError(
                f"{profile!r} is multiplied by {describe(factor)}.",
                where=repr(profile),
                cure="Give one finite number, with or without a unit.",
                factor=factor,
            )
        self._profile, self._factor = profile, float(magnitude)
        super().__init__(profile._length, profile._dimension * dimension, profile._reach)

    def values(self, distance: Floats) -> Floats:
        return np.asarray(self._factor * self._profile.values(distance))

    def __repr__(self) -> str:
        return f"{self._factor:g} * ({self._profile!r})"


class _Clipped(Profile):
    """A profile between two bounds."""

    def __init__(self, profile: Profile, low: float, high: float) -> None:
        self._profile, self._low, self._high = profile, low, high
        inside = low <= 0.0 <= high
        super().__init__(profile._length, profile._dimension, profile._reach if inside else math.inf)

    def values(self, distance: Floats) -> Floats:
        return np.clip(self._profile.values(distance), self._low, self._high)

    def _shown(self) -> str:
        return f"{self._profile!r}, {self._low:g}, {self._high:g}"


class _Within(Profile):
    """A profile up to a radius."""

    def __init__(self, profile: Profile, radius: float) -> None:
        self._profile, self._radius = profile, radius
        super().__init__(profile._length, profile._dimension, min(radius, profile._reach))

    def values(self, distance: Floats) -> Floats:
        return np.where(distance <= self._radius, self._profile.values(distance), 0.0)

    def _shown(self) -> str:
        return f"{self._profile!r}, {describe(join(self._radius, self._length))}"


def _length(place: str, given: Any) -> tuple[float, Dimension]:
    """A positive number, with its dimension."""
    magnitude, dimension = split(given, where=place)
    if np.ndim(magnitude) or not 0.0 < float(magnitude) < math.inf:
        raise InvalidParameterError(
            f"{place} is {describe(given)}.", where=place, cure="Give one positive value.", given=given
        )
    return float(magnitude), dimension
