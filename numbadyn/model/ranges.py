"""Ranges that values of a model must keep while the network runs.

In: a value of a step, its bounds, the error of one outside.  Out: nothing; a run ends with that error.  Must not know:
which models ask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numbadyn.ir.nodes import BindContext
from numbadyn.tracing.guards import watch
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import as_node

__all__ = ["CERTAIN", "is_traced", "keep_in_range"]

CERTAIN = 1.0 + 1e-6
"""Highest chance of an event in a step, with what rounding of a rate times a step may add to it."""


def is_traced() -> bool:
    """Whether a step is being traced; else what is called now is called eagerly."""
    return current_trace() is not None


def keep_in_range(
    value: Any,
    least: float,
    most: float,
    where: str,
    what: str,
    error: Callable[[int, int, float, BindContext], Exception],
) -> None:
    """End the run at the first step in which an element of a traced value is out of its range.

    Parameters
    ----------
    value : traced value
        Without a unit.
    least, most : float
        Its range, both included; NaN is outside.
    where, what : str
        Names for messages: whose value it is, what it is.
    error : callable
        ``error(step, element, value, context)`` makes the exception.
    """
    trace = current_trace()
    assert trace is not None
    node = as_node(trace, value)
    low, high = trace.literal(least), trace.literal(most)
    inside = trace.emit("and", trace.emit("greater_equal", node, low), trace.emit("less_equal", node, high))
    watch(trace, node, inside, where, what, error)
