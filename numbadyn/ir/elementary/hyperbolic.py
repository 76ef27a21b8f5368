"""Definitions of the hyperbolic functions: sinh, cosh and tanh.

In: a real number.  Out: its image.  Must not know: what the definitions in :mod:`numbadyn.ir.elementary.exponential`
must not.

Notes
-----
All three are quotients and sums of E = e^a - 1 with a = abs(x), which keeps them accurate near zero. E comes scaled
by 2^-16, so that it is finite where sinh and cosh still are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.exponential import expm1_scaled
    from numbadyn.ir.elementary.vocabulary import EXP_TINY, Real, select

__all__ = ["cosh", "sinh", "tanh"]


def tanh(x: Real) -> Real:
    """Hyperbolic tangent.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        (e^2x - 1) / (e^2x + 1) to 2.1 units in the last place.
    """
    a = abs(x)
    e = expm1_scaled(a + a)
    below = e + 0.000030517578125
    quotient = e / below
    # What the rounding of the denominator lost, to first order, with 2 / (E + 2) = 1 - tanh. Near 1 that difference
    # is not known well enough, and the correction not needed.
    lost = e - (below - 0.000030517578125)
    corrected = quotient - (quotient * (32768.0 - 32768.0 * quotient)) * lost
    value = select(a < 1.0, corrected, quotient)
    return select(a < EXP_TINY, x, select(x < 0.0, -value, value))


def sinh(x: Real) -> Real:
    """Hyperbolic sine.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        (e^x - e^-x) / 2 to 3 units in the last place.
    """
    a = abs(x)
    e = expm1_scaled(a)
    value = (e + 0.0000152587890625 * (e / (e + 0.0000152587890625))) * 32768.0
    return select(a < EXP_TINY, x, select(x < 0.0, -value, value))


def cosh(x: Real) -> Real:
    """Hyperbolic cosine.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        (e^x + e^-x) / 2 to 2 units in the last place.
    """
    e = expm1_scaled(abs(x)) + 0.0000152587890625
    return (e + 2.3283064365386963e-10 / e) * 32768.0
