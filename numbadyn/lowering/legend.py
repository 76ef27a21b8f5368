"""What the arguments of a kernel are, in words: the legend above it in generated source.

In: a step, the scalars and views of the first instance of a kernel.  Out: a few words for each.  Must not know: source
text, targets.
"""

from __future__ import annotations

from collections.abc import Sequence

from numbadyn.ir.nodes import Node, Step
from numbadyn.lowering.buffers import BufferView
from numbadyn.lowering.formulas import formula, formula_name
from numbadyn.units import DIMENSIONLESS, Dimension

__all__ = ["describe_arguments"]


def describe_arguments(step: Step, scalars: Sequence[int], views: Sequence[BufferView]) -> tuple[str, ...]:
    """Say of each argument of a kernel what it is, in what unit.

    Parameters
    ----------
    step : Step
        The step.
    scalars : sequence of int
        Their nodes, or ~stream for the stream of a draw.
    views : sequence of BufferView
        Where the arrays lie.

    Returns
    -------
    tuple of str
        For the scalars, then for the arrays. No number of the model is said.
    """
    return (*(_scalar(step, node) for node in scalars), *(_array(step, view) for view in views))


def _with_unit(words: str, dimension: Dimension) -> str:
    return words if dimension == DIMENSIONLESS else f"{words}, {dimension}"


def _scalar(step: Step, index: int) -> str:
    return "stream of random numbers" if index < 0 else _constant(step, step.nodes[index], index)


def _constant(step: Step, node: Node, index: int) -> str:
    """A run constant; that of a formula has no unit here, since formulas are rearranged without regard to units."""
    if not node.traits.parameter:
        return formula(step, index) or "from parameters"
    if not node.literal:
        return _with_unit("parameter", node.dimension)
    if formula_name(step, index) == "one":
        return "the number one"
    words = "a number" if node.shape == () else "numbers"
    return _with_unit(f"{words} in the model's code", node.dimension)


def _array(step: Step, view: BufferView) -> str:
    index = view.buffer.index
    match view.buffer.role:
        case "state":
            return _with_unit("state", step.states[index].dimension)
        case "lookup":
            return _with_unit("table", step.lookups[index].dimension)
        case "ring":
            words = "history, this step's place" if view.slot == "now" else "history"
            return _with_unit(words, step.channels[index].dimension)
        case "constant":
            return _constant(step, step.nodes[index], index)
        case "sum":
            return _with_unit("sum of synaptic events", step.nodes[index].dimension)
    return "value of this step"
