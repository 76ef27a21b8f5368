"""Definitions of division with a remainder: mod, floordiv and fmod.

In: two real numbers.  Out: the remainder, or the whole quotient.  Must not know: what the definitions in
:mod:`numbadyn.ir.elementary.exponential` must not.

Notes
-----
The remainder of a division is an exact number. It is found from the product of the rounded quotient and the divisor in
two floats, twice, since a rounded quotient of up to 2^106 is wrong by up to 2^53. Beyond, where the dividend says
nothing about the remainder, it is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.powers import exact_product
    from numbadyn.ir.elementary.vocabulary import (
        INFINITY,
        NOT_A_NUMBER,
        Real,
        bits_of,
        floor,
        floordiv_double,
        fmod_double,
        mod_double,
        real,
        select,
        wide,
    )

__all__ = ["floordiv_32", "floordiv_64", "fmod_32", "fmod_64", "mod_32", "mod_64", "remainder_of_sizes"]


def remainder_of_sizes(m: Real, d: Real) -> Real:
    """Remainder of two positive float64."""
    # powers of two keep all products away from overflow and from numbers that are not normal
    large = (m > 1e270) | (d > 1e270)
    small = m < 1e-230
    scale = select(large, 5.421010862427522e-20, select(small, 1.6069380442589903e60, 1.0))
    back = select(large, 18446744073709551616.0, select(small, 6.223015277861142e-61, 1.0))
    x = m * scale
    y = d * scale
    quotient = floor(x / y)
    product, low = exact_product(quotient, y)
    first = (x - product) - low
    size = abs(first)
    again = floor(size / y)
    product, low = exact_product(again, y)
    rest = (size - product) - low
    rest = select(rest < 0.0, rest + y, rest)
    rest = select(rest >= y, rest - y, rest)
    rest = select((first < 0.0) & (rest != 0.0), y - rest, rest)
    rest = select(again < 9007199254740992.0, rest, NOT_A_NUMBER)
    return select(m < d, m, rest * back)


def fmod_64(x: Real, y: Real) -> Real:
    """Remainder with the sign of the dividend.

    Parameters
    ----------
    x : real
        Dividend.
    y : real
        Divisor.

    Returns
    -------
    real
        x - n y, exactly, where n is x / y without its fraction; NaN where x is infinite, where y is zero and where
        x / y is 2^106 or more.
    """
    rest = remainder_of_sizes(abs(x), abs(y))
    return select(bits_of(x) < 0, -rest, rest)


def mod_64(x: Real, y: Real) -> Real:
    """Remainder with the sign of the divisor.

    Parameters
    ----------
    x : real
        Dividend.
    y : real
        Divisor.

    Returns
    -------
    real
        x - n y, rounded once, where n is x / y rounded down; NaN as in `fmod_64`.
    """
    rest = fmod_double(x, y)
    moved = select((rest != 0.0) & ((rest < 0.0) != (y < 0.0)), rest + y, rest)
    return select(rest == 0.0, select(bits_of(y) < 0, -0.0, 0.0), moved)


def floordiv_64(x: Real, y: Real) -> Real:
    """Quotient rounded down.

    Parameters
    ----------
    x : real
        Dividend.
    y : real
        Divisor.

    Returns
    -------
    real
        The largest whole number not above the exact quotient; the quotient itself where y is zero or where it is 2^106
        or more; NaN where x is infinite.
    """
    plain = x / y
    rest = fmod_double(x, y)
    quotient = (x - rest) / y
    quotient = select((rest != 0.0) & ((rest < 0.0) != (y < 0.0)), quotient - 1.0, quotient)
    whole = floor(quotient)
    whole = select(quotient - whole > 0.5, whole + 1.0, whole)
    whole = select(quotient == 0.0, select(bits_of(plain) < 0, -0.0, 0.0), whole)
    huge = (rest != rest) & (abs(x) < INFINITY) & (y == y)
    return select((y == 0.0) | huge, plain, whole)


def fmod_32(x: Real, y: Real) -> Real:
    """Remainder with the sign of the dividend: the 64-bit one, which is exact."""
    return real(fmod_double(wide(x), wide(y)))


def mod_32(x: Real, y: Real) -> Real:
    """Remainder with the sign of the divisor: the 64-bit one, rounded."""
    return real(mod_double(wide(x), wide(y)))


def floordiv_32(x: Real, y: Real) -> Real:
    """Quotient rounded down: the 64-bit one, rounded."""
    return real(floordiv_double(wide(x), wide(y)))
