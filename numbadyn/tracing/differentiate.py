"""Symbolic derivative of a traced expression: finds the linear coefficient for exponential Euler.

In: a trace, the node of an expression and the node of the variable.  Out: the node of the derivative, or None where it
is identically zero.  Must not know: integrators, models.
"""

from __future__ import annotations

from collections.abc import Sequence

from numbadyn.errors import UnsupportedFunctionError
from numbadyn.ir.derivatives import Slope, value_of
from numbadyn.ir.ops import OPS
from numbadyn.tracing.trace import Trace

__all__ = ["derivative"]


def derivative(trace: Trace, expression: int, variable: int, among: Sequence[int] | None = None) -> int | None:
    """Derivative of a traced expression with respect to one of the values it was made from.

    Parameters
    ----------
    trace : Trace
        The active trace; the nodes of the derivative are appended to it.
    expression, variable : int
        Node numbers.
    among : sequence of int, optional
        Numbers, in order, of the nodes behind the variable that may lie on the way; all by default.

    Returns
    -------
    int or None
        Node of the derivative; None if the expression does not depend on the variable.

    Raises
    ------
    UnsupportedFunctionError
        If an operation on the way has no derivative (a slice, a synaptic sum).
    """
    found: dict[int, Slope | None] = {variable: Slope(1, None)}
    for index in range(variable + 1, expression + 1) if among is None else among:
        node = trace.node(index)
        ds = tuple(found.get(arg) for arg in node.args)
        if all(d is None for d in ds) or (node.traits.gathers and ds[0] is None):
            continue
        if not node.traits.elementwise:
            raise UnsupportedFunctionError(
                f"{node.op} cannot be differentiated, and exponential Euler needs the derivative of the right-hand "
                "side.",
                where=str(node.position),
                cure="Compute that value before the step function, or use euler_step, rk2_step or rk4_step.",
                op=node.op,
            )
        found[index] = OPS[node.op].derivative(trace, node.args, index, ds)
    slope = found.get(expression)
    return None if slope is None else value_of(trace, slope)
