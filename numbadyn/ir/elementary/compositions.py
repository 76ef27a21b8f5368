"""Definitions of functions that are made of others: arctan2, cbrt, expit, hypot and logaddexp.

In: real numbers.  Out: the function's value.  Must not know: what the definitions in
:mod:`numbadyn.ir.elementary.exponential` must not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.exponential import exp
    from numbadyn.ir.elementary.logarithm import log, log1p
    from numbadyn.ir.elementary.trigonometric import arctan
    from numbadyn.ir.elementary.vocabulary import (
        HALF_PI_LOW,
        HALF_PI_WHOLE,
        INFINITY,
        NOT_A_NUMBER,
        Real,
        bits_of,
        select,
        square_root,
    )

__all__ = ["arctan2", "cbrt", "expit", "hypot", "logaddexp"]


def arctan2(y: Real, x: Real) -> Real:
    """Angle of a point in the plane.

    Parameters
    ----------
    y : real
        Ordinate.
    x : real
        Abscissa.

    Returns
    -------
    real
        Angle between -pi and pi, to 3 units in the last place where it is a normal number, with the special cases of C
        and NumPy.
    """
    a = abs(x)
    b = abs(y)
    steep = b > a
    above = select(steep, a, b)
    below = select(steep, b, a)
    ratio = above / below
    ratio = select(above == 0.0, 0.0, ratio)
    ratio = select((above == INFINITY) & (below == INFINITY), 1.0, ratio)
    angle = arctan(ratio)
    angle = select(steep, (HALF_PI_WHOLE - angle) + HALF_PI_LOW, angle)
    angle = select(bits_of(x) < 0, (2.0 * HALF_PI_WHOLE - angle) + 2.0 * HALF_PI_LOW, angle)
    angle = select((x != x) | (y != y), NOT_A_NUMBER, angle)
    return select(bits_of(y) < 0, -angle, angle)


def cbrt(x: Real) -> Real:
    """Cubic root.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        With the sign of x, to 1.5 units in the last place.
    """
    a = abs(x)
    root = exp(log(a) / 3.0)
    root = root - (root - a / (root * root)) / 3.0
    root = select((a == 0.0) | (a == INFINITY), a, root)
    return select(bits_of(x) < 0, -root, root)


def expit(x: Real) -> Real:
    """Logistic function.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        1 / (1 + e^-x), to 3 units in the last place.
    """
    e = exp(-abs(x))
    return select(x < 0.0, e, 1.0) / (1.0 + e)


def hypot(x: Real, y: Real) -> Real:
    """Length of a vector in the plane.

    Parameters
    ----------
    x : real
        One side.
    y : real
        The other side.

    Returns
    -------
    real
        Square root of x^2 + y^2 without overflow on the way, to 2 units in the last place; infinity if a side is.
    """
    a = abs(x)
    b = abs(y)
    above = select(a > b, a, b)
    below = select(a > b, b, a)
    ratio = below / above
    length = above * square_root(1.0 + ratio * ratio)
    length = select(above == 0.0, below, length)
    return select((a == INFINITY) | (b == INFINITY), INFINITY, length)


def logaddexp(x: Real, y: Real) -> Real:
    """Logarithm of a sum of exponentials.

    Parameters
    ----------
    x : real
        Logarithm of the first term.
    y : real
        Logarithm of the second term.

    Returns
    -------
    real
        log(e^x + e^y), with an absolute error of 2 units in the last place of the larger of x, y and 1.
    """
    above = select(x > y, x, y)
    difference = select(x == y, 0.0, abs(x - y))
    value = above + log1p(exp(-difference))
    return select((x != x) | (y != y), NOT_A_NUMBER, value)
