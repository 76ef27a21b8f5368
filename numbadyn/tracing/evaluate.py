"""Evaluate functions eagerly through a private trace: gives right-hand sides and their derivatives on arrays.

In: a function of some variables, and their values with units.  Out: values and derivatives with units.  Must not know:
models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import UnsupportedFunctionError
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.nodes import BindContext
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.taking import taking_traced_numbers
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import join

__all__ = ["slopes_and_derivatives"]


def slopes_and_derivatives(
    f: Callable[[list[Any]], list[Any]], values: list[Any], dt: float, number: int, time: Any
) -> list[tuple[Any, Any]]:
    """Values of some right-hand sides, and the derivative of each with respect to its own variable.

    Parameters
    ----------
    f : callable
        Right-hand sides of all variables; may use parameters, states and arrays with units.
    values : list of array or quantity
        The variables.
    dt : float
        Time step in ms.
    number : int
        Step number.
    time : float or None
        Time in ms, if it is not that of the step number.

    Returns
    -------
    list of tuple
        f_i and df_i/dx_i with units; the derivative is None where f_i does not depend on x_i.
    """
    trace = Trace("eager")
    with trace.recording(), taking_traced_numbers():
        start = [Traced(trace, trace.emit("identity", trace.cast(as_node(trace, value), "real"))) for value in values]
        slopes = [as_node(trace, slope) for slope in f(list(start))]
        linear = [derivative(trace, slope, x.node_in(trace)) for slope, x in zip(slopes, start, strict=True)]
    evaluator = Evaluator(trace.step, BindContext(dt, 0))
    for index, node in enumerate(trace.step.nodes):
        if node.traits.from_state:
            spec = trace.step.states[node.attrs["index"]]
            first = spec.initial(evaluator.context) if spec.owner is None else spec.owner.array()
            evaluator.values[index] = np.asarray(first)
        elif node.traits.tells_time and time is not None:
            evaluator.values[index] = np.asarray(time)
        elif node.traits.simulated:
            raise UnsupportedFunctionError(
                f"{node.op} inside the right-hand side of an eager exponential Euler step.",
                where=str(node.position),
                cure="Compute it before the step function and use the result in it.",
                op=node.op,
            )
        else:
            evaluator.values[index] = evaluator.elementwise(index, number)

    for guard in trace.step.guards:
        broken = evaluator.values[trace.step.writes[guard.state]].reshape(-1)
        if broken.any() and guard.error is not None:
            element = int(np.flatnonzero(broken)[0])
            value = float(evaluator.values[trace.step.writes[guard.value]].reshape(-1)[element])
            raise guard.error(number, element, value, evaluator.context)

    def result(index: int) -> Any:
        return join(evaluator.values[index][()], trace.node(index).dimension)

    return [
        (result(slope), None if factor is None else result(factor))
        for slope, factor in zip(slopes, linear, strict=True)
    ]
