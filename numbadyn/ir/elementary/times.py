"""Definitions of comparisons of times, which are decided in whole steps.

In: two values made of times, the number n of the step, and how much such a value changes in a step.  Out: the decision,
or the value moved to a whole number.  Must not know: what the definitions in :mod:`numbadyn.ir.elementary.exponential`
must not.

Notes
-----
The time of step n is n dt in floating point, so ``t >= 0.9`` or ``t - last >= 0.9`` may be missed by a rounding. A
value counts as equal to a bound if it is within a small part of a step of it: that part grows with n, as the roundings
of t do, between two limits for each precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.ir.elementary.vocabulary import (
        STEP_PART_HIGHEST,
        STEP_PART_LOWEST,
        STEP_PART_OF_NUMBER,
        Integer,
        Real,
        Truth,
        floor,
        real,
        select,
    )

__all__ = ["time_equal", "time_less", "time_less_equal", "time_slack", "time_snapped"]


def time_slack(n: Integer, scale: Real) -> Real:
    """By how much values made of times may differ and still count as equal; `scale` is their change in a step."""
    part = real(n) * STEP_PART_OF_NUMBER
    part = select(part < STEP_PART_LOWEST, STEP_PART_LOWEST, part)
    return select(part > STEP_PART_HIGHEST, STEP_PART_HIGHEST, part) * scale


def time_less(a: Real, b: Real, n: Integer, scale: Real) -> Truth:
    """Whether a is less than b by more than a rounding."""
    return a < b - time_slack(n, scale)


def time_less_equal(a: Real, b: Real, n: Integer, scale: Real) -> Truth:
    """Whether a is less than or equal to b, up to a rounding."""
    return a <= b + time_slack(n, scale)


def time_equal(a: Real, b: Real, n: Integer, scale: Real) -> Truth:
    """Whether a equals b up to a rounding."""
    slack = time_slack(n, scale)
    return (a <= b + slack) & (a >= b - slack)


def time_snapped(q: Real, n: Integer, scale: Real) -> Real:
    """The nearest whole number where q is within a rounding of it, else q."""
    whole = floor(q + 0.5)
    return select(abs(q - whole) <= time_slack(n, scale), whole, q)
