"""Conditions that must hold in every step: the first value that breaks one is kept, and ends the run with its error.

In: a traced value, and whether it is inside of its range.  Out: two hidden states and a guard of the step.  Must not
know: what the value is for, who looks at guards.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numbadyn.ir.kinds import Kind
from numbadyn.ir.nodes import BindContext, Guard, StateSpec
from numbadyn.ir.spaces import Space
from numbadyn.tracing.trace import Trace
from numbadyn.units import DIMENSIONLESS, Dimension

__all__ = ["watch"]


def watch(
    trace: Trace,
    value: int,
    inside: int,
    where: str,
    offending: str,
    error: Callable[[int, int, float, BindContext], Exception],
) -> None:
    """Note the first step in which an element of a value leaves its range, and the value that it had.

    Parameters
    ----------
    trace : Trace
        The trace of the step.
    value, inside : int
        Nodes of one shape: the value, and whether it is as it must be (not for NaN).
    where, offending : str
        Names for the two hidden states.
    error : callable
        ``error(step, element, value, context)`` makes the exception.

    Notes
    -----
    The step goes on with the offending value until its chunk ends, so what depends on it must be safe by itself.
    """
    shape = trace.node(value).shape

    def hidden(what: str, kind: Kind, dimension: Dimension) -> int:
        spec = StateSpec(f"{where} {what}", Space(shape), kind, dimension, lambda _context: np.zeros(shape))
        return trace.state_index(spec, lambda: spec)

    broken = hidden("out of range", "int", DIMENSIONLESS)
    kept = hidden(f"offending {offending}", "real", trace.node(value).dimension)
    old_broken, old_kept = trace.read(broken), trace.read(kept)
    first = trace.emit("and", trace.emit("not", inside), trace.emit("equal", old_broken, trace.literal(0)))
    number = trace.emit("add", trace.step_number(), trace.literal(1))
    trace.write(broken, trace.emit("select", first, number, old_broken))
    trace.write(kept, trace.emit("select", first, value, old_kept))
    trace.step.guards.append(Guard(broken, kept, error))
