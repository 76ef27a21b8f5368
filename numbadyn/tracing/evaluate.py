"""Evaluate a function eagerly through a private trace: gives a right-hand side and its derivative on arrays.

In: a function of one variable and the variable's value with its unit.  Out: both values with units.  Must not know:
models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import UnsupportedFunctionError
from numbadyn.ir.interpreter import Evaluator
from numbadyn.ir.nodes import BindContext
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import join

__all__ = ["slope_and_derivative"]


def slope_and_derivative(
    f: Callable[..., Any], x: Any, args: tuple[Any, ...], dt: float, number: int
) -> tuple[Any, Any]:
    """Value of f(x, *args) and of its derivative with respect to x.

    Parameters
    ----------
    f : callable
        Right-hand side; may use parameters, states and arrays with units.
    x : array or quantity
        The variable.
    args : tuple
        Further arguments.
    dt : float
        Time step in ms.
    number : int
        Step number.

    Returns
    -------
    tuple
        f and df/dx with units; the derivative is None where f does not depend on x.
    """
    trace = Trace("eager")
    with trace.recording():
        start = Traced(trace, trace.cast(as_node(trace, x), "real"))
        start = Traced(trace, trace.emit("identity", start.checked(trace)))
        slope = as_node(trace, f(start, *args))
        linear = derivative(trace, slope, start.checked(trace))
    evaluator = Evaluator(trace.step, BindContext(dt, 0))
    for index, node in enumerate(trace.step.nodes):
        if node.op == "state":
            spec = trace.step.states[node.attrs["index"]]
            evaluator.values[index] = np.asarray(spec.owner.array())
        elif node.op in ("history", "accumulate", "train", "uniform", "normal", "poisson"):
            raise UnsupportedFunctionError(
                f"{node.op} inside the right-hand side of an eager exponential Euler step.",
                where=str(node.position),
                cure="Compute it before the step function and use the result in it.",
            )
        else:
            evaluator.values[index] = evaluator.elementwise(index, number)

    def result(index: int) -> Any:
        return join(evaluator.values[index][()], trace.node(index).dimension)

    return result(slope), None if linear is None else result(linear)
