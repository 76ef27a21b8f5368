"""Definition of the error function.

What goes in: a real number; what comes out: its image. See :mod:`numbadyn.ir.elementary.exponential` for what these
definitions are and must not know.

Notes
-----
Below 1, erf(x) = x (2 / sqrt(pi) + x^2 p(x^2)). Above, erf(x) = 1 - e^(-x^2) q(t) with t = (x - 2) / (x + 2), where q
stands for the scaled complementary error function. Both polynomials interpolate at Chebyshev nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.exponential import exp
    from numbadyn.ir.elementary.vocabulary import ERF_HIGHEST, ERF_INNER, ERF_OUTER, Real, polynomial, select

__all__ = ["erf"]


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
