"""Which numbers are sound: the one definition for states, synaptic sums and samples, on every target.

In: values.  Out: which of them are not.  Must not know: where values come from, units, names.

Not a number is never sound.  An infinity is sound in a state whose first values hold one of that sign, as "the last
spike was at minus infinity" does, and nowhere else.  Compiled code follows the same rule; see `first_bad` among the
routines of each target.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ANY_SIGN", "NO_SIGN", "Check", "Signs", "signs_of", "unsound"]


class Signs(NamedTuple):
    """Which infinities are sound."""

    negative: bool
    positive: bool


NO_SIGN, ANY_SIGN = Signs(False, False), Signs(True, True)


class Check(NamedTuple):
    """What is checked: a state by its number, or a synaptic sum by its node."""

    kind: Literal["state", "sum"]
    number: int


def signs_of(first: NDArray[Any]) -> Signs:
    """The infinities that may stay in a state with these first values.

    Examples
    --------
    >>> signs_of(np.array([1.0, -np.inf]))
    Signs(negative=True, positive=False)
    """
    if first.dtype.kind != "f" or not np.isinf(first).any():
        return NO_SIGN
    return Signs(bool(np.isneginf(first).any()), bool(np.isposinf(first).any()))


def unsound(values: NDArray[Any], signs: Signs = NO_SIGN) -> NDArray[np.bool_]:
    """Tell of each value whether it is not sound.

    Examples
    --------
    >>> unsound(np.array([1.0, np.nan, np.inf, -np.inf]), Signs(negative=False, positive=True)).tolist()
    [False, True, False, True]
    """
    if values.dtype.kind != "f":
        return np.zeros(values.shape, bool)
    bad: NDArray[np.bool_] = ~np.isfinite(values)
    if signs.positive:
        bad &= ~np.isposinf(values)
    if signs.negative:
        bad &= ~np.isneginf(values)
    return bad
