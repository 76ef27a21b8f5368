"""Definitions of the logarithms: log, log1p, log2 and log10.

In: a real number.  Out: its logarithm.  Must not know: what the definitions in
:mod:`numbadyn.ir.elementary.exponential` must not.

Notes
-----
x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), by integer arithmetic on the bits of x. With s = f / (2 + f),
z = s^2 and h = f^2 / 2,

    log(1 + f) = 2 artanh(s) = f - (h - s (h + z p(z))),

which subtracts a small correction from the exact f. The polynomial p is the interpolation of (2 artanh(s) / s - 2) /
z at Chebyshev nodes. k ln 2 is added in two parts, of which the first is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.vocabulary import (
        EXP_TINY,
        INFINITY,
        INVERSE_LN2,
        INVERSE_LN10,
        LN2_HIGH,
        LN2_LOW,
        LOG10_2_HIGH,
        LOG10_2_LOW,
        LOGARITHM,
        MAGIC,
        MAGIC_BITS,
        NOT_A_NUMBER,
        SIGNIFICAND_BITS,
        SMALLEST_NORMAL,
        SQRT_HALF_BITS,
        SUBNORMAL_EXPONENT,
        SUBNORMAL_SCALE,
        Real,
        bits_of,
        from_bits,
        polynomial,
        select,
    )

__all__ = ["log", "log1p", "log2", "log10", "logarithm_borders", "logarithm_correction", "logarithm_split"]


def logarithm_split(x: Real) -> tuple[Real, Real]:
    """Split a positive finite number into k and f, so that x = 2^k (1 + f) and 1 + f lies around 1."""
    small = x < SMALLEST_NORMAL
    scaled = bits_of(select(small, x * SUBNORMAL_SCALE, x))
    exponent = (scaled - SQRT_HALF_BITS) >> SIGNIFICAND_BITS
    f = from_bits(scaled - (exponent << SIGNIFICAND_BITS)) - 1.0
    # Integers become floats in the lowest bits of a large number: cheap on every processor.
    k = from_bits(exponent + MAGIC_BITS) - MAGIC
    return select(small, k - SUBNORMAL_EXPONENT, k), f


def logarithm_correction(f: Real) -> tuple[Real, Real]:
    """Two numbers h and t, so that log(1 + f) = f - (h - t)."""
    half_square = 0.5 * f * f
    s = f / (2.0 + f)
    z = s * s
    p = polynomial(z, LOGARITHM)
    return half_square, s * (half_square + z * p)


def logarithm_borders(x: Real, value: Real) -> Real:
    """Put the values for zero, infinity, negative numbers and NaN in their places."""
    outside = select(x == 0.0, -INFINITY, NOT_A_NUMBER)
    return select(x > 0.0, select(x < INFINITY, value, x), outside)


def log(x: Real) -> Real:
    """Natural logarithm.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        ln x to 1 unit in the last place; -infinity at 0, NaN below.
    """
    k, f = logarithm_split(x)
    half_square, t = logarithm_correction(f)
    return logarithm_borders(x, k * LN2_HIGH - ((half_square - (t + k * LN2_LOW)) - f))


def log1p(x: Real) -> Real:
    """Natural logarithm of 1 + x, accurate also near zero.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        ln(1 + x) to 2 units in the last place; -infinity at -1, NaN below.
    """
    u = 1.0 + x
    # What the rounding of 1 + x lost, to first order.
    lost = (x - (u - 1.0)) / u
    lost = select((u > 0.0) & (u < INFINITY), lost, 0.0)
    return select(abs(x) < EXP_TINY, x, log(u) + lost)


def log2(x: Real) -> Real:
    """Logarithm to base 2.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        Exact for powers of two, elsewhere to 2 units in the last place.
    """
    k, f = logarithm_split(x)
    half_square, t = logarithm_correction(f)
    return logarithm_borders(x, k + (f - (half_square - t)) * INVERSE_LN2)


def log10(x: Real) -> Real:
    """Logarithm to base 10.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        To 2 units in the last place.
    """
    k, f = logarithm_split(x)
    half_square, t = logarithm_correction(f)
    return logarithm_borders(x, k * LOG10_2_HIGH + (k * LOG10_2_LOW + (f - (half_square - t)) * INVERSE_LN10))
