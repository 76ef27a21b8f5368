"""Definitions of the error function and of its inverse.

In: a real number.  Out: its image.  Must not know: what the definitions in :mod:`numbadyn.ir.elementary.exponential`
must not.

Notes
-----
Below 1, erf(x) = x (2 / sqrt(pi) + x^2 p(x^2)). Above, erf(x) = 1 - e^(-x^2) q(t) with t = (x - 2) / (x + 2), where q
stands for the scaled complementary error function.

Up to 1/2, erfinv(x) = x (sqrt(pi) / 2 + x^2 p(x^2)). Beyond, where 1 - abs(x) is exact, erfinv(x) = s q(t) with s =
sqrt(-log(1 - abs(x))) and t = (s - 2) / (s + 3/2). All polynomials interpolate at Chebyshev nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.exponential import exp
    from numbadyn.ir.elementary.logarithm import log
    from numbadyn.ir.elementary.vocabulary import (
        ERF_HIGHEST,
        ERF_INNER,
        ERF_OUTER,
        ERFINV_INNER,
        ERFINV_OUTER,
        INFINITY,
        NOT_A_NUMBER,
        Real,
        polynomial,
        select,
        square_root,
    )

__all__ = ["erf", "erfinv"]


def erf(x: Real) -> Real:
    """Error function.

    Parameters
    ----------
    x : real
        Any value.

    Returns
    -------
    real
        Integral of 2 / sqrt(pi) e^(-s^2) from 0 to x, to 2 units in the last place.
    """
    z = x * x
    p = polynomial(z, ERF_INNER)
    # 2 / sqrt(pi) - 1: the product with 1 is exact.
    inner = x + x * (0.12837916709551257 + z * p)
    a = abs(x)
    a = select(a > ERF_HIGHEST, ERF_HIGHEST, a)
    t = (a - 2.0) / (a + 2.0)
    q = polynomial(t, ERF_OUTER)
    outer = 1.0 - exp(-(a * a)) * q
    return select(a < 1.0, inner, select(x < 0.0, -outer, outer))


def erfinv(x: Real) -> Real:
    """Inverse of the error function.

    Parameters
    ----------
    x : real
        Between -1 and 1; NaN outside.

    Returns
    -------
    real
        The y with erf(y) = x, to 4 units in the last place; infinite at -1 and 1.
    """
    z = x * x
    p = polynomial(z, ERFINV_INNER)
    # 1 + (sqrt(pi) / 2 - 1) has a smaller rounding than sqrt(pi) / 2.
    inner = x * (1.0 + (z * p - 0.11377307454724199))
    a = abs(x)
    tail = select(a < 1.0, 1.0 - a, 0.5)
    s = square_root(-log(tail))
    t = (s - 2.0) / (s + 1.5)
    q = polynomial(t, ERFINV_OUTER)
    outer = select(a < 1.0, s * q, select(a == 1.0, INFINITY, NOT_A_NUMBER))
    return select(a < 0.5, inner, select(x < 0.0, -outer, outer))
