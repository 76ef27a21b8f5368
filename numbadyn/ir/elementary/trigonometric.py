"""Definitions of the trigonometric functions: sin, cos, tan and arctan.

In: an angle in radian, or a tangent.  Out: the function's value.  Must not know: what the definitions in
:mod:`numbadyn.ir.elementary.exponential` must not.

Notes
-----
The angle is reduced to abs(r) <= pi/4 by Cody and Waite's method with pi/2 in three parts, the first two of 33 bits,
in float64 for both precisions. The reduction is exact enough for the stated accuracy up to abs(x) = 1.6e6. Above, the
error grows like that of an argument that is wrong by a unit in its last place; beyond 3e15 the value is bounded by 1
and has no meaning. The polynomials interpolate (sin(r)/r - 1)/r^2, (cos(r) - 1 + r^2/2)/r^4 and (arctan(t)/t - 1)/t^2
at Chebyshev nodes of r^2 or t^2.

References
----------
W. J. Cody, W. Waite, Software Manual for the Elementary Functions. Prentice-Hall, 1980.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.vocabulary import (
        ARCTANGENT,
        COSINE,
        HALF_PI_FIRST,
        HALF_PI_LOW,
        HALF_PI_SECOND,
        HALF_PI_THIRD,
        HALF_PI_WHOLE,
        QUARTER_PI_LOW,
        QUARTER_PI_WHOLE,
        SINE,
        TAN_3_PI_8,
        TAN_PI_8,
        TWO_OVER_PI,
        WIDE_MAGIC,
        Integer,
        Real,
        bits_of,
        polynomial,
        real,
        select,
        wide,
    )

__all__ = ["angle_split", "arctan", "cos", "cos_near_zero", "sin", "sin_near_zero", "tan"]


def angle_split(x: Real) -> tuple[Real, Integer]:
    """Reduce an angle to r in [-pi/4, pi/4] and an integer whose two lowest bits number the quadrant."""
    angle = wide(x)
    shifted = angle * TWO_OVER_PI + WIDE_MAGIC
    n = shifted - WIDE_MAGIC
    r = real(((angle - n * HALF_PI_FIRST) - n * HALF_PI_SECOND) - n * HALF_PI_THIRD)
    # Without effect on ordinary angles; keeps the polynomials bounded where n has lost its lowest bits.
    r = select(r > 0.79, 0.79, r)
    return select(r < -0.79, -0.79, r), bits_of(shifted)


def sin_near_zero(r: Real) -> Real:
    """Sine for abs(r) <= pi/4."""
    z = r * r
    p = polynomial(z, SINE)
    return r + (r * z) * p


def cos_near_zero(r: Real) -> Real:
    """Cosine for abs(r) <= pi/4."""
    z = r * r
    p = polynomial(z, COSINE)
    return (1.0 - 0.5 * z) + (z * z) * p


def sin(x: Real) -> Real:
    """Sine.

    Parameters
    ----------
    x : real
        Angle in radian.

    Returns
    -------
    real
        To 2 units in the last place for abs(x) <= 1.6e6; NaN for infinity.
    """
    r, quadrant = angle_split(x)
    value = select((quadrant & 1) != 0, cos_near_zero(r), sin_near_zero(r))
    return select(x == 0.0, x, select((quadrant & 2) != 0, -value, value))


def cos(x: Real) -> Real:
    """Cosine.

    Parameters
    ----------
    x : real
        Angle in radian.

    Returns
    -------
    real
        To 2 units in the last place for abs(x) <= 1.6e6; NaN for infinity.
    """
    r, quadrant = angle_split(x)
    value = select((quadrant & 1) != 0, sin_near_zero(r), cos_near_zero(r))
    return select(((quadrant + 1) & 2) != 0, -value, value)


def tan(x: Real) -> Real:
    """Tangent.

    Parameters
    ----------
    x : real
        Angle in radian.

    Returns
    -------
    real
        To 4 units in the last place for abs(x) <= 1.6e6; NaN for infinity.
    """
    r, quadrant = angle_split(x)
    sine = sin_near_zero(r)
    cosine = cos_near_zero(r)
    odd = (quadrant & 1) != 0
    value = select(odd, -cosine, sine) / select(odd, sine, cosine)
    return select(x == 0.0, x, value)


def arctan(x: Real) -> Real:
    """Inverse tangent.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        Angle between -pi/2 and pi/2, to 2 units in the last place.
    """
    a = abs(x)
    large = a > TAN_3_PI_8
    middle = a > TAN_PI_8
    above = select(large, -1.0, select(middle, a - 1.0, a))
    below = select(large, a, select(middle, a + 1.0, 1.0))
    t = above / below
    z = t * t
    p = polynomial(z, ARCTANGENT)
    whole = select(large, HALF_PI_WHOLE, select(middle, QUARTER_PI_WHOLE, 0.0))
    low = select(large, HALF_PI_LOW, select(middle, QUARTER_PI_LOW, 0.0))
    value = whole + (t + (t * (z * p) + low))
    return select(x == 0.0, x, select(x < 0.0, -value, value))
