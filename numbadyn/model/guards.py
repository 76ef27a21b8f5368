"""Conditions that must hold in every step: the first value that breaks one is kept, and ends the run with its error.

In: a traced value, and whether it is inside of its range.  Out: two hidden states and a guard of the step.  Must not
know: what the value is for, who looks at guards.
"""

from __future__ import annotations

from collections.abc import Callable

from numbadyn.ir.nodes import BindContext, Guard
from numbadyn.model.values import State
from numbadyn.tracing.trace import Trace
from numbadyn.units import join

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
    """
    shape, dimension = trace.node(value).shape, trace.node(value).dimension
    broken, kept = State(0, shape=shape), State(join(0.0, dimension), shape=shape)
    broken.name, kept.name = f"{where} out of range", f"{where} offending {offending}"
    indices = [trace.state_index(state, state.spec) for state in (broken, kept)]
    old_broken, old_kept = (trace.read(index) for index in indices)
    first = trace.emit("and", trace.emit("not", inside), trace.emit("equal", old_broken, trace.literal(0)))
    number = trace.emit("add", trace.step_number(), trace.literal(1))
    trace.write(indices[0], trace.emit("select", first, number, old_broken))
    trace.write(indices[1], trace.emit("select", first, value, old_kept))
    trace.step.guards.append(Guard(indices[0], indices[1], error))
