"""Definitions of the exponential family: exp, expm1 and exprel.

What goes in: a real number; what comes out: its image. The text of these functions is the one definition that the
interpreter and the compiled targets execute; the vocabulary is explained in
:mod:`numbadyn.ir.elementary.vocabulary`. It must not know NumPy, Numba, or how its text is used.

Notes
-----
With k the integer nearest to x / ln 2 and r = x - k ln 2, so that abs(r) <= 0.347,

    e^x = 2^k (1 + m),    m = e^r - 1 = r + r^2 q(r).

The nearest integer comes out of an addition of 1.5 * 2^52 (or 2^23), which shifts k into the lowest bits of the
significand; no instruction but additions is needed and nothing branches. The polynomial q is the interpolation of
(e^r - 1 - r) / r^2 at the Chebyshev nodes in high precision, whose error is within a small factor of minimax: below
0.2 units in the last place of m. Powers of two are assembled from bits. Where the result may leave the range of normal
numbers, the power is split in two factors, so that overflow to infinity and the way through the subnormals to zero
come from one final, correctly rounded multiplication.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.vocabulary import (
        EXP_HIGHEST,
        EXP_LOWEST,
        EXP_TINY,
        EXPM1,
        EXPM1_HIGHEST,
        EXPM1_LOWEST,
        EXPONENT_BIAS,
        INVERSE_LN2,
        LN2_HIGH,
        LN2_LOW,
        MAGIC,
        MAGIC_BITS,
        SIGNIFICAND_BITS,
        Real,
        bits_of,
        from_bits,
        polynomial,
        select,
    )

__all__ = ["exp", "expm1", "expm1_scaled", "exprel"]


def exp(x: Real) -> Real:
    """Exponential function.

    Parameters
    ----------
    x : real
        Any value, also infinite or NaN.

    Returns
    -------
    real
        e^x to 1 unit in the last place; infinity beyond the largest number, subnormal numbers and then 0 below.
    """
    x = select(x > EXP_HIGHEST, EXP_HIGHEST, x)
    x = select(x < EXP_LOWEST, EXP_LOWEST, x)
    shifted = x * INVERSE_LN2 + MAGIC
    nearest = shifted - MAGIC
    high = x - nearest * LN2_HIGH
    low = nearest * LN2_LOW
    r = high - low
    q = polynomial(r, EXPM1)
    # Twice the bias keeps the sum positive; its halves are valid exponents even where 2^k alone is not.
    exponent = bits_of(shifted) - (MAGIC_BITS - 2 * EXPONENT_BIAS)
    half = exponent >> 1
    first = from_bits(half << SIGNIFICAND_BITS)
    second = from_bits((exponent - half) << SIGNIFICAND_BITS)
    # The exact part of r by itself: the rounding of r to one number would cost a fifth of a unit in the last place.
    return ((1.0 + (high + ((r * r) * q - low))) * first) * second


def expm1_scaled(x: Real) -> Real:
    """Exponential function minus one, times 2^-16, which keeps what is made of it from overflowing early.

    Parameters
    ----------
    x : real
        Any value; beyond the range in which the result can matter it is treated as the border of the range.

    Returns
    -------
    real
        (e^x - 1) / 65536.
    """
    x = select(x > EXPM1_HIGHEST, EXPM1_HIGHEST, x)
    x = select(x < EXPM1_LOWEST, EXPM1_LOWEST, x)
    shifted = x * INVERSE_LN2 + MAGIC
    nearest = shifted - MAGIC
    high = x - nearest * LN2_HIGH
    low = nearest * LN2_LOW
    r = high - low
    q = polynomial(r, EXPM1)
    scale = from_bits((bits_of(shifted) - (MAGIC_BITS - EXPONENT_BIAS + 16)) << SIGNIFICAND_BITS)
    # The linear term takes the exact part of r; the rest joins the smaller terms, where rounding costs less.
    return (scale * high + (scale - 0.0000152587890625)) + scale * ((r * r) * q - low)


def expm1(x: Real) -> Real:
    """Exponential function minus one, accurate also near zero.

    Parameters
    ----------
    x : real
        Any value, also infinite or NaN.

    Returns
    -------
    real
        e^x - 1 to 2 units in the last place; -1 for minus infinity.
    """
    result = expm1_scaled(x) * 65536.0
    return select(abs(x) < EXP_TINY, x, result)


def exprel(x: Real) -> Real:
    """Relative error exponential, the propagator of exponential Euler.

    Parameters
    ----------
    x : real
        Any value, also infinite or NaN.

    Returns
    -------
    real
        (e^x - 1) / x to 2.5 units in the last place, with the value 1 at 0.
    """
    clipped = select(x > EXPM1_HIGHEST, EXPM1_HIGHEST, x)
    result = expm1_scaled(clipped) / (clipped * 0.0000152587890625)
    return select(abs(x) < EXP_TINY, 1.0, result)
