"""What turns a current into a slope: the derivative of a traced right-hand side by an input, such as 1/C.

In: a recording, a state, a synaptic sum.  Out: a function of the bound parameters.  Must not know: models, projections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import UnsupportedFunctionError
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.trace import ANY, Trace
from numbadyn.units import TIME

__all__ = ["Gain", "gain_of", "note_input", "note_slope"]

Gain = Callable[[BindContext, int], NDArray[np.float64]]
"""``gain(context, size)`` gives one value for each element: slope over input, in the coherent units."""


@dataclass(slots=True)
class _Slopes:
    """Right-hand sides that step functions have evaluated in a recording, and inputs that go through no synapses."""

    nodes: list[int] = field(default_factory=list)
    inputs: list[tuple[int, Any]] = field(default_factory=list)


def note_slope(trace: Trace, node: int) -> None:
    """Remember a right-hand side that a step function has evaluated."""
    trace.notes(_Slopes).nodes.append(node)


def note_input(trace: Trace, node: int, rule: Any) -> None:
    """Remember an input that needs no synapses, as each neuron has one from the neuron of its number."""
    trace.notes(_Slopes).inputs.append((node, rule))


def gain_of(trace: Trace, state: int, rule: Any) -> Gain | None:
    """How much an input changes the slope of a state.

    Parameters
    ----------
    trace : Trace
        A recording that is complete.
    state : int
        Number of the state.
    rule : object
        That of the connection through which the input arrives.

    Returns
    -------
    callable or None
        None where the state does not depend on the input in a way that is the same in each step.

    Notes
    -----
    Looked for in the right-hand sides that step functions have evaluated, then, over dt, in what is written to the
    state, on the branch of a choice that depends on the input (the one without a reset).
    """
    step = trace.step
    inputs = [
        number
        for number, node in enumerate(step.nodes)
        if node.traits.accumulates and any(step.connections[c].rule is rule for c in node.attrs["connections"])
    ]
    inputs += [number for number, own in trace.notes(_Slopes).inputs if own is rule]
    wanted = step.states[state].dimension / TIME
    slopes = [n for n in trace.notes(_Slopes).nodes if step.nodes[n].dimension in (wanted, ANY)]
    for expression, over_dt in (*((n, False) for n in slopes), (step.writes.get(state), True)):
        for number in inputs:
            found = None if expression is None or expression < number else _derivative(trace, expression, number)
            if found is not None:
                return _bound(*found, over_dt)
    return None


def _derivative(trace: Trace, expression: int, variable: int) -> tuple[Step, int] | None:
    """A step of its own, with a node for the derivative; None if it is zero or changes from step to step."""
    apart = Trace(trace.step.name)
    apart.step = Step(trace.step.name, nodes=list(trace.step.nodes), params=list(trace.step.params))
    with apart.recording():
        try:
            found = derivative(apart, expression, variable)
        except UnsupportedFunctionError:
            return None
    while found is not None and apart.node(found).op == "select":
        first, second = apart.node(found).args[1:]
        zero = [_is_zero(apart, branch) for branch in (first, second)]
        if zero[0] is zero[1]:
            break
        found = second if zero[0] else first
    return None if found is None or not apart.is_constant(found) else (apart.step, found)


def _is_zero(trace: Trace, index: int) -> bool:
    node = trace.node(index)
    if not node.literal:
        return False
    return not np.any(trace.step.params[node.attrs["index"]].fetch(BindContext(1.0, 0)))


def _bound(step: Step, found: int, over_dt: bool) -> Gain:
    needed, waiting = set(), [found]
    while waiting:
        index = waiting.pop()
        if index not in needed:
            needed.add(index)
            waiting.extend(step.nodes[index].args)
    order = sorted(needed)

    def gain(context: BindContext, size: int) -> NDArray[np.float64]:
        evaluator = Evaluator(step, context)
        for index in order:
            evaluator.values[index] = evaluator.elementwise(index)
        values = np.broadcast_to(np.asarray(evaluator.values[found], dtype=np.float64).reshape(-1), size)
        return values / context.dt if over_dt else values

    return gain
