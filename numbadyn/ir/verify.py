"""The checker: a step that passes is well formed.

In: a `Step`.  Out: nothing, or an `InternalError` that names the node.  Must not know: how the step was made.
"""

from __future__ import annotations

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
    if any(arg.op == "lookup" for arg in (args[1:] if node.traits.gathers else args)):
        return "takes a whole lookup for a value"
    if node.op in OPS:
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


def _problem_of_source(node: Node, args: list[Node]) -> str:
    if node.op == "slice" and len(range(node.attrs["start"], node.attrs["stop"], node.attrs["stride"])) != node.size:
        return "does not hold as many elements as it says"
    if node.op == "take" and (len(args) != 2 or args[1].kind != "int" or args[1].size != node.size):
        return "has not one index for each element"
    if node.op in ("window", "search") and (len(args) < 2 or args[0].op != "lookup"):
        return "reads no lookup"
    if node.op == "window" and (len(args) != 2 or args[1].kind != "int" or args[1].size != 1):
        return "does not start at one place"
    if node.op == "search" and (node.kind != "int" or len(args) != 3 or args[1].size != node.size):
        return "has not one value for each element"
    if node.op == "reduce" and (len(args) != 1 or not node.size or args[0].size % node.size or not args[0].size):
        return "has not the same number of elements for each result"
    if node.op == "dot" and (len(args) != 2 or {node.kind, *(arg.kind for arg in args)} != {"real"}):
        return "is no product of real numbers"
    if node.op == "dot" and args[0].size != node.size * args[1].size:
        return "has not a factor for each column"
    if node.op == "history" and any(arg.kind != "int" or arg.size not in (1, node.size) for arg in args):
        return "has lags or elements that do not fit"
    parts = len(node.attrs.get("connections", ()))
    if node.op == "accumulate" and (len(node.args) - parts not in (0, 1) or parts != len(node.attrs["channels"])):
        return "has not one connection and one channel entry for each signal"
    return ""


def _problem_of_map(step: Step, node: Node, args: list[Node]) -> str:
    """Only maps take values from one space into another, and they fit both."""
    if node.op == "collect":
        if len(args) != 2 or args[0].op != "arrive" or node.kind != "real" or args[1].kind != "real":
            return "does not sum real values over the synapses that something has reached"
        if not args[1].space.spreads(args[0].space):
            return f"sums values of {args[1].space} over {args[0].space}"
        if args[0].space.by_post:
            return "sums what no presynaptic neuron sends"
        return _ends_differ(step, args[0], node, "post")
    if node.traits.synaptic:
        if len(args) != 1 or node.space.synapses is None:
            return "does not map one value to synapses"
        if node.op == "arrive" and node.attrs["connections"] != (node.space.synapses.connection,):
            return "reaches the synapses of another connection"
        return _ends_differ(step, node, args[0], node.traits.side or node.space.synapses.order)
    if node.space.synapses is not None and not (node.op == "state" or (node.traits.draws and not node.args)):
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
