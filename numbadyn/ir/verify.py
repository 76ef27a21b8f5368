"""The checker: a step that passes is well formed.

In: a `Step`.  Out: nothing, or an `InternalError` that names the node.  Must not know: how the step was made.
"""

from __future__ import annotations

from collections.abc import Callable

from numbadyn.errors import InternalError
from numbadyn.ir.nodes import Node, Step
from numbadyn.ir.ops import OPS
from numbadyn.ir.traits import TRAITS

__all__ = ["verify"]


def verify(step: Step) -> None:
    """Check a step.

    Parameters
    ----------
    step : Step
        Any step.

    Raises
    ------
    InternalError
        Unknown operation, argument that comes later, wrong arity, shape or kind that does not follow from the
        arguments, an effect that refers to no node.
    """
    for index, node in enumerate(step.nodes):
        problem = _problem(step, index, node)
        if problem:
            raise InternalError(f"Node {index} ({node.op}) {problem}.", where=str(node.position))
    roots = [*step.roots(), *step.probes.values(), *step.outputs.values()]
    for root in roots:
        if not 0 <= root < len(step.nodes):
            raise InternalError(
                f"An effect of {step.name} refers to node {root}, which does not exist.", where=step.name
            )
    for state, value in step.writes.items():
        if step.nodes[value].kind != step.states[state].kind:
            raise InternalError(
                f"{step.states[state].name} is written by a value of another kind.",
                where=str(step.nodes[value].position),
            )
        if not step.nodes[value].space.spreads(step.states[state].space):
            raise InternalError(
                f"{step.states[state].name} is written by a value of another space.",
                where=str(step.nodes[value].position),
            )


def _problem(step: Step, index: int, node: Node) -> str:
    if node.op not in TRAITS:
        return "is not a known operation"
    if any(not 0 <= arg < index for arg in node.args):
        return "uses a value that comes later"
    args = [step.nodes[arg] for arg in node.args]
    if any(arg.traits.lookup for arg in (args[1:] if node.traits.gathers else args)):
        return "takes a whole lookup for a value"
    if node.traits.elementwise:
        row = OPS[node.op]
        if len(args) != row.arity:
            return f"has {len(args)} arguments instead of {row.arity}"
        for arg in args:
            if not arg.space.spreads(node.space):
                return f"joins values of different spaces, {arg.space} and {node.space}, without a map between them"
        if row.kinds == "real" and (
            node.kind != "real" or any(arg.kind != "real" for arg in args if node.op != "to_real")
        ):
            return "is not real throughout"
        if row.kinds == "promote" and any(arg.kind != node.kind for arg in args):
            return "has arguments of another kind"
        if row.kinds == "select" and (args[0].kind != "bool" or {args[1].kind, args[2].kind} != {node.kind}):
            return "chooses between different kinds"
        return ""
    return _problem_of_map(step, node, args) or _problem_of_source(node, args)


#: What must hold of a node and its arguments, by operation, and what is wrong where it does not.
_CHECKS: dict[str, tuple[tuple[Callable[[Node, list[Node]], bool], str], ...]] = {
    "slice": (
        (
            lambda node, args: len(range(node.attrs["start"], node.attrs["stop"], node.attrs["stride"])) == node.size,
            "does not hold as many elements as it says",
        ),
    ),
    "take": (
        (
            lambda node, args: len(args) == 2 and args[1].kind == "int" and args[1].size == node.size,
            "has not one index for each element",
        ),
    ),
    "window": (
        (lambda node, args: len(args) > 1 and args[0].traits.lookup, "reads no lookup"),
        (
            lambda node, args: len(args) == 2 and args[1].kind == "int" and args[1].size == 1,
            "does not start at one place",
        ),
    ),
    "search": (
        (lambda node, args: len(args) > 1 and args[0].traits.lookup, "reads no lookup"),
        (
            lambda node, args: node.kind == "int" and len(args) == 3 and args[1].size == node.size,
            "has not one value for each element",
        ),
    ),
    "reduce": (
        (
            lambda node, args: len(args) == 1 and node.size > 0 and args[0].size > 0 and args[0].size % node.size == 0,
            "has not the same number of elements for each result",
        ),
    ),
    "dot": (
        (
            lambda node, args: len(args) == 2 and {node.kind, *(arg.kind for arg in args)} == {"real"},
            "is no product of real numbers",
        ),
        (lambda node, args: args[0].size == node.size * args[1].size, "has not a factor for each column"),
    ),
    "history": (
        (
            lambda node, args: all(arg.kind == "int" and arg.space.spreads(node.space) for arg in args),
            "has lags or elements that do not fit",
        ),
    ),
    "accumulate": (
        (
            lambda node, args: (
                len(args) - len(node.attrs.get("connections", ())) in (0, 1)
                and len(node.attrs.get("connections", ())) == len(node.attrs["channels"])
            ),
            "has not one connection and one channel entry for each signal",
        ),
    ),
}


def _problem_of_source(node: Node, args: list[Node]) -> str:
    for holds, problem in _CHECKS.get(node.op, ()):
        if not holds(node, args):
            return problem
    return ""


def _problem_of_map(step: Step, node: Node, args: list[Node]) -> str:
    """Only maps take values from one space into another, and they fit both."""
    if node.traits.collects:
        if len(args) != 2 + ("channel" in node.attrs) or any(arg.kind != "int" for arg in args[2:]):
            return "does not say in whole steps when it counts"
        if not args[0].traits.arrives or node.kind != "real" or args[1].kind != "real":
            return "does not sum real values over the synapses that something has reached"
        if not args[1].space.spreads(args[0].space):
            return f"sums values of {args[1].space} over {args[0].space}"
        return _ends_differ(step, args[0], node, "post")
    if node.traits.dendritic:
        return "" if node.space.synapses is not None and not args else "does not lie at synapses"
    if node.traits.synaptic:
        if len(args) != 1 or node.space.synapses is None:
            return "does not map one value to synapses"
        if node.traits.arrives and node.attrs["connections"] != (node.space.synapses.connection,):
            return "reaches the synapses of another connection"
        return _ends_differ(step, node, args[0], node.traits.side or node.space.synapses.order)
    own = node.traits.from_state or (node.traits.draws and not node.args)
    gathered = node.traits.from_past and len(args) > 1 and all(arg.space.spreads(node.space) for arg in args)
    if gathered:
        return ""
    if node.space.synapses is not None and not own:
        return "is no map, but lies in the space of synapses"
    if any(arg.space.synapses is not None for arg in args):
        return "takes values of synapses without a map"
    return ""


def _ends_differ(step: Step, synapses: Node, neurons: Node, side: str) -> str:
    """Whether a value of neurons fits the side of a connection."""
    assert synapses.space.synapses is not None
    connection = step.connections[synapses.space.synapses.connection]
    count = connection.n_pre if side == "pre" else connection.n_post
    if neurons.space.synapses is not None or neurons.size != count:
        return f"joins {neurons.space} to the {side}synaptic side of {connection.name}, which has {count} neurons"
    return ""
