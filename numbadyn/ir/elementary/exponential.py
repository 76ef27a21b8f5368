"""Definitions of the exponential family: exp, expm1 and exprel.

In: a real number.  Out: its image.  Must not know: NumPy, Numba, or how its text is used.

The text of these functions is the one definition that the interpreter and the compiled targets execute; the vocabulary
is explained in :mod:`numbadyn.ir.elementary.vocabulary`.

Notes
-----
With k the integer nearest to x / ln 2 and r = x - k ln 2, so that abs(r) <= 0.347,

    e^x = 2^k e^r,    e^r = 1 + r + r c / (2 - c),    c = r - r^2 p(r^2) = 2 + r - r coth(r / 2).

The even function r coth(r / 2) needs half the terms that e^r does, and the one division runs beside the products of
neighbouring elements. The nearest integer comes out of an addition of 1.5 * 2^52 (or 2^23), which shifts k into the
lowest bits of the significand; no instruction but additions is needed and nothing branches. These bits, shifted to the
place of the exponent, where those of 1.5 * 2^52 fall off, multiply e^r by 2^k with one integer addition.

Propagators of exponential Euler are nearly always taken of small arguments. There

    (e^x - 1) / x = 2 b / (2 b - x (b - x a)),    2 (x coth(x / 2) / 2 - 1) / x^2 = a(x^2) / b(x^2),

with two polynomials a and b, needs no range reduction, and is exactly 1 at 0.

References
----------
The form of e^r is that of fdlibm, K. C. Ng, Sun Microsystems, 1993. https://www.netlib.org/fdlibm/e_exp.c
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.vocabulary import (
        COTH,
        EXP_OVERFLOW,
        EXP_TINY,
        EXP_UNDERFLOW,
        EXPM1_HIGHEST,
        EXPM1_LOWEST,
        EXPONENT_BIAS,
        EXPREL_SHORT_LIMIT,
        INFINITY,
        INVERSE_LN2,
        LN2_HIGH,
        LN2_LOW,
        MAGIC,
        MAGIC_BITS,
        SIGNIFICAND_BITS,
        WIDE_COTH_ABOVE,
        WIDE_COTH_BELOW,
        Real,
        bits_of,
        from_bits,
        horner,
        polynomial,
        select,
    )

__all__ = [
    "exp",
    "expm1",
    "expm1_scaled",
    "exprel",
    "exprel_general",
    "exprel_general_terms",
    "exprel_short",
    "exprel_short_terms",
]


def exp(x: Real) -> Real:
    """Exponential function.

    Parameters
    ----------
    x : real
        Any value, also infinite or NaN.

    Returns
    -------
    real
        e^x to 1 unit in the last place; infinity where it exceeds the largest number. Below x = -708.39 (32-bit:
        -87.33), where e^x is hardly a normal number any more, the result is 0: subnormal results are not made.
    """
    shifted = x * INVERSE_LN2 + MAGIC
    nearest = shifted - MAGIC
    r = (x - nearest * LN2_HIGH) - nearest * LN2_LOW
    w = r * r
    p = polynomial(w, COTH)
    c = r - w * p
    value = 1.0 + (r + (r * c) / (2.0 - c))
    value = from_bits(bits_of(value) + (bits_of(shifted) << SIGNIFICAND_BITS))
    value = select(x < EXP_UNDERFLOW, 0.0, value)
    # The sum is infinity where x is too large, and NaN for NaN, whose bits the addition above may have spoilt.
    return select(x <= EXP_OVERFLOW, value, x + INFINITY)


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
    w = r * r
    p = polynomial(w, COTH)
    c = r - w * p
    scale = from_bits((bits_of(shifted) - (MAGIC_BITS - EXPONENT_BIAS + 16)) << SIGNIFICAND_BITS)
    # The linear term takes the exact part of r; the rest joins the smaller terms, where rounding costs less.
    return (scale * high + (scale - 0.0000152587890625)) + scale * ((r * c) / (2.0 - c) - low)


def expm1(x: Real) -> Real:
    """Exponential function minus one, accurate also near zero.

    Parameters
    ----------
    x : real
        Any value, also infinite or NaN.

    Returns
    -------
    real
        e^x - 1 to 1.5 units in the last place; -1 for minus infinity.
    """
    result = expm1_scaled(x) * 65536.0
    return select(abs(x) < EXP_TINY, x, result)


def exprel_short_terms(x: Real) -> tuple[Real, Real]:
    """Numerator and denominator of `exprel_short`."""
    z = x * x
    a = horner(z, WIDE_COTH_ABOVE)
    b = horner(z, WIDE_COTH_BELOW)
    twice = b + b
    return twice, twice - x * (b - x * a)


def exprel_general_terms(x: Real) -> tuple[Real, Real]:
    """Numerator and denominator of `exprel_general`."""
    # The numerator takes e^x as 2^k (d + 2 r) / d with d = 2 - c. It is 2^-16 of what it should be, like the
    # denominator, so that it does not overflow before the quotient does.
    x = select(x > EXPM1_HIGHEST, EXPM1_HIGHEST, x)
    reduced = select(x < EXPM1_LOWEST, EXPM1_LOWEST, x)
    shifted = reduced * INVERSE_LN2 + MAGIC
    nearest = shifted - MAGIC
    r = (reduced - nearest * LN2_HIGH) - nearest * LN2_LOW
    w = r * r
    p = polynomial(w, COTH)
    d = (2.0 - r) + w * p
    scale = from_bits((bits_of(shifted) - (MAGIC_BITS - EXPONENT_BIAS + 16)) << SIGNIFICAND_BITS)
    unit = d * 0.0000152587890625
    return scale * (d + (r + r)) - unit, x * unit


def exprel_short(x: Real) -> Real:
    """Relative error exponential near zero, at less than half the price.

    Parameters
    ----------
    x : real
        Value with abs(x) <= `EXPREL_SHORT_LIMIT`, for which the result is that of `exprel`, bit by bit; elsewhere the
        result has no meaning.

    Returns
    -------
    real
        (e^x - 1) / x to 1.5 units in the last place for x <= 0, 2.5 for 0 < x <= 1, 3 above; exactly 1 at 0.
    """
    numerator, denominator = exprel_short_terms(x)
    return numerator / denominator


def exprel_general(x: Real) -> Real:
    """Relative error exponential away from zero.

    Parameters
    ----------
    x : real
        Value with abs(x) > `EXPREL_SHORT_LIMIT`, also infinite, or NaN, for which the result is that of `exprel`, bit
        by bit; towards 0 the result loses all accuracy.

    Returns
    -------
    real
        (e^x - 1) / x to 3 (32-bit: 3.5) units in the last place.
    """
    numerator, denominator = exprel_general_terms(x)
    return numerator / denominator


def exprel(x: Real) -> Real:
    """Relative error exponential, the propagator of exponential Euler.

    Parameters
    ----------
    x : real
        Any value, also infinite or NaN.

    Returns
    -------
    real
        (e^x - 1) / x, with the value 1 at 0: by definition `exprel_short` where abs(x) <= `EXPREL_SHORT_LIMIT`,
        `exprel_general` elsewhere.
    """
    near = abs(x) <= EXPREL_SHORT_LIMIT
    short_above, short_below = exprel_short_terms(x)
    above, below = exprel_general_terms(x)
    # The same quotient, chosen before the division, so that there is only one.
    return select(near, short_above, above) / select(near, short_below, below)
