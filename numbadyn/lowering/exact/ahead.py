"""Looking ahead: values at the end of a step, for what acts in it, such as what flows between compartments.

In: a traced `Step`, and nodes that stand for values of states at its end.  Out: a `Step` that acts with these values,
and a word about each of the states.  Must not know: what reads them, targets.

The step as it was traced is a predictor: what acts on states is known at its start, so it is of first order. What it
leads to is written down a second time, and what acts then follows from both ends of the step: of second order.
"""

from __future__ import annotations

from dataclasses import replace

from numbadyn.ir.nodes import Step
from numbadyn.lowering.exact.writer import Writer

__all__ = ["look_ahead"]


def look_ahead(step: Step) -> Step:
    """Put values at the end of the step in the place of nodes that stand for them.

    Parameters
    ----------
    step : Step
        With `Step.ahead`.

    Returns
    -------
    Step
        Without.
    """
    if not step.ahead:
        return step
    writer = Writer(step)
    states = list(dict.fromkeys(step.ahead.values()))
    ends = [step.writes.get(state) for state in states]
    moving = {state: end for state, end in zip(states, ends, strict=True) if end is not None}
    found = writer.all_again(list(moving.values()), {node: writer.copy(node) for node in step.finer})
    predicted = dict(zip(moving, found, strict=True))
    for place, state in step.ahead.items():
        writer.instead[place] = predicted.get(state, step.nodes[place].args[0])
    schemes = dict(step.schemes)
    for state in moving:
        schemes[state] = f"{schemes.get(state, 'as written')}; gap junctions act with the mean of both ends of the step"
    writer.instead |= step.finer
    return replace(writer.result(), ahead={}, finer={}, schemes=schemes)
