"""Choices whose first value is wanted seldom, so that it is computed for those elements alone that want it.

In: a condition and two values, traced or arrays.  Out: the choice.  Must not know: what is chosen, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node

__all__ = ["choose_seldom"]


def choose_seldom(condition: Any, then: Any, other: Any) -> Any:
    """The choice of `numpy.where`, where the condition holds for few elements and the first value takes long.

    Parameters
    ----------
    condition : array of bool or traced value
        Who takes the first value.
    then, other : quantity, array or traced value
        The values, real numbers of one unit.

    Returns
    -------
    same kind as the values
    """
    trace = current_trace()
    if trace is None:
        return np.where(condition, resolve(then), resolve(other))
    return Traced(trace, trace.emit("seldom", *(as_node(trace, x) for x in (condition, then, other))))
