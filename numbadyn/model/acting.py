"""What an update tells the lowering of its equations, so that coupled linear ones can be solved together.

In: values of a step, right-hand sides.  Out: the values, marked in a trace.  Eager calls take them as they are.  Must
not know: models, what becomes of the marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from numbadyn.ir.nodes import HALF_STEP, Advance
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node

__all__ = ["held", "note_half_step", "note_solution", "over_step", "tentatively"]


def held(x: Any) -> Any:
    """Mark a value that acts as it is over the whole step.

    Parameters
    ----------
    x : number, array, quantity or traced value
        What acts.

    Returns
    -------
    same kind as x
        The same value, whose own equation no integrator looks for.
    """
    trace = current_trace()
    return x if trace is None else Traced(trace, trace.emit("held", as_node(trace, x)))


def over_step(now: Any, mean: Any) -> Any:
    """Mark the mean over the step that begins, of something whose value now is known as well.

    Parameters
    ----------
    now, mean : number, array, quantity or traced value
        The value at the start of the step, and its mean over it.

    Returns
    -------
    same kind as mean
        The mean; but an equation that is linear in it gets the exact effect of the value that changes meanwhile.
    """
    trace = current_trace()
    if trace is None:
        return mean
    nodes = as_node(trace, now), as_node(trace, mean)
    alike = trace.node(nodes[0]).space.like(trace.node(nodes[1]).space)
    return Traced(trace, trace.emit("over_step", *nodes)) if alike else mean


@contextmanager
def tentatively() -> Iterator[None]:
    """In it, values are advanced that no state takes: first guesses, of whose equations nothing is noted."""
    trace = current_trace()
    count = 0 if trace is None else len(trace.step.advances)
    yield
    if trace is not None:
        del trace.step.advances[count:]


def note_solution(
    f: Callable[..., Sequence[Any]], starts: Sequence[Any], results: Sequence[Any], *, half_step: bool = False
) -> None:
    """Note that values are the solution of equations, over one step.

    Parameters
    ----------
    f : callable
        Right-hand side: takes the values at the start of the step, gives their time derivatives.
    starts, results : sequence
        Values at the start and at the end of the step.
    half_step : bool
        Whether the variables stand half a step beside others that f reads, which it takes as constant.
    """
    trace = current_trace()
    if trace is None:
        return
    first = [Traced(trace, trace.emit("identity", as_node(trace, x))) for x in starts]
    slopes, nodes = (tuple(as_node(trace, x) for x in values) for values in (f(*first), first))
    found = tuple(as_node(trace, x) for x in results)
    trace.step.advances.append(Advance(HALF_STEP if half_step else "", nodes, slopes, found))


def note_half_step(start: Any) -> None:
    """Note that a variable stands half a step beside others, and is advanced exactly for what these are now.

    Parameters
    ----------
    start : number, array, quantity or traced value
        Its value at the start of the step.
    """
    trace = current_trace()
    if trace is not None:
        trace.step.advances.append(Advance(HALF_STEP, (as_node(trace, start),), (), ()))
