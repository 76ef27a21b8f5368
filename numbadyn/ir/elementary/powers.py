"""Definition of the general power.

In: base and exponent, both real.  Out: the power.  Must not know: what the definitions in
:mod:`numbadyn.ir.elementary.exponential` must not.

Notes
-----
x^y = e^(y ln x). Since y ln x may be as large as 745, it is needed to 64 bits. The logarithm and the product with y
are therefore carried as unevaluated sums of two floats, with exact products after Dekker (Veltkamp's splitting),
since a fused multiply-add is not at hand on all targets. The 32-bit version goes through float64.

References
----------
T. J. Dekker, A floating-point technique for extending the available precision. Numerische Mathematik 18 (1971) 224.
https://doi.org/10.1007/BF01397083
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.logarithm import logarithm_split
    from numbadyn.ir.elementary.vocabulary import (
        ARTANH_TAIL,
        EXP_HIGHEST,
        EXP_LOWEST,
        EXPM1,
        EXPONENT_BIAS,
        INFINITY,
        INVERSE_LN2,
        LN2_HIGH,
        LN2_LOW,
        MAGIC,
        MAGIC_BITS,
        NOT_A_NUMBER,
        SIGNIFICAND_BITS,
        Real,
        bits_of,
        floor,
        from_bits,
        polynomial,
        power_double,
        real,
        select,
        wide,
    )

__all__ = ["exact_product", "exp_of_sum", "log_as_sum", "power_32", "power_64"]


def exact_product(a: Real, b: Real) -> tuple[Real, Real]:
    """Product of two float64 as the rounded product and its error."""
    product = a * b
    spread = 134217729.0 * a
    a_high = spread - (spread - a)
    a_low = a - a_high
    spread = 134217729.0 * b
    b_high = spread - (spread - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def log_as_sum(x: Real) -> tuple[Real, Real]:
    """Natural logarithm of a positive finite float64 as a sum of two floats, with a relative error near 2^-64."""
    k, f = logarithm_split(x)
    # s = f / (2 + f), the quotient in two parts.
    below = 2.0 + f
    below_low = f - (below - 2.0)
    s = f / below
    product, error = exact_product(s, below)
    s_low = (((f - product) - error) - s * below_low) / below
    # log(1 + f) = s (2 + 2/3 z + z^2 tail(z)), z = s^2
    z, z_low = exact_product(s, s)
    z_low = z_low + 2.0 * s * s_low
    tail = polynomial(z, ARTANH_TAIL)
    cubic, cubic_low = exact_product(z, 0.6666666666666666)
    cubic_low = cubic_low + (z * 3.700743415417188e-17 + z_low * 0.6666666666666666) + (z * z) * tail
    factor = cubic + cubic_low
    factor_low = cubic_low - (factor - cubic)
    rest, rest_low = exact_product(s, factor)
    rest_low = rest_low + (s * factor_low + s_low * factor)
    double = s + s
    part = double + rest
    part_low = (rest - (part - double)) + (2.0 * s_low + rest_low)
    # k ln 2 is zero or larger than the rest, so that the rounding error of the sum is found with two operations.
    whole = k * LN2_HIGH
    high = whole + part
    low = (part - (high - whole)) + (part_low + k * LN2_LOW)
    value = high + low
    return value, low - (value - high)


def exp_of_sum(high: Real, low: Real) -> Real:
    """Exponential of a sum of two floats."""
    x = select(high > EXP_HIGHEST, EXP_HIGHEST, high)
    x = select(x < EXP_LOWEST, EXP_LOWEST, x)
    low = select(x == high, low, 0.0)
    shifted = x * INVERSE_LN2 + MAGIC
    nearest = shifted - MAGIC
    r = (x - nearest * LN2_HIGH) - (nearest * LN2_LOW - low)
    q = polynomial(r, EXPM1)
    exponent = bits_of(shifted) - (MAGIC_BITS - 2 * EXPONENT_BIAS)
    half = exponent >> 1
    first = from_bits(half << SIGNIFICAND_BITS)
    second = from_bits((exponent - half) << SIGNIFICAND_BITS)
    return ((1.0 + (r + (r * r) * q)) * first) * second


def power_64(x: Real, y: Real) -> Real:
    """General power of real numbers.

    Parameters
    ----------
    x : real
        Base.
    y : real
        Exponent.

    Returns
    -------
    real
        x^y to 2 units in the last place, with the special cases of C and NumPy: 1 for y = 0 or x = 1 whatever the
        other is, a sign for negative bases with odd integer exponents, NaN for negative bases with fractional
        exponents.
    """
    a = abs(x)
    # Beyond 2^65 every base other than 1 gives 0 or infinity anyway; the limit keeps the exact product finite.
    limited = select(y > 36893488147419103232.0, 36893488147419103232.0, y)
    limited = select(limited < -36893488147419103232.0, -36893488147419103232.0, limited)
    logarithm, logarithm_low = log_as_sum(a)
    high, low = exact_product(limited, logarithm)
    value = exp_of_sum(high, low + limited * logarithm_low)
    value = select(a == 0.0, select(y > 0.0, 0.0, INFINITY), value)
    value = select(a == INFINITY, select(y > 0.0, INFINITY, 0.0), value)
    whole = floor(y) == y
    odd = whole & (floor(0.5 * y) != 0.5 * y)
    value = select(odd & (bits_of(x) < 0), -value, value)
    fractional = (floor(y) != y) & (x < 0.0) & (a < INFINITY)
    value = select(fractional | (x != x) | (y != y), NOT_A_NUMBER, value)
    return select((y == 0.0) | (x == 1.0), 1.0, value)


def power_32(x: Real, y: Real) -> Real:
    """General power of real numbers: the 64-bit power, rounded."""
    return real(power_double(wide(x), wide(y)))
