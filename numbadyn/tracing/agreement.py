"""What an operation makes of its arguments: space, physical dimension and kind; or the named error where they differ.

In: an operation and the nodes of its arguments.  Out: what the result is like.  Must not know: how a step is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from numbadyn.errors import (
    AcrossSynapsesError,
    DimensionError,
    FixedAttributeError,
    MixedSpacesError,
    ShapeError,
    TracedValueError,
)
from numbadyn.ir.kinds import Kind, promote
from numbadyn.ir.nodes import Node, Position, StateSpec, Step
from numbadyn.ir.ops import OPS
from numbadyn.ir.spaces import Space, widest
from numbadyn.tracing.unknown import ANY
from numbadyn.units import DIMENSIONLESS, Dimension

__all__ = [
    "ANY",
    "check_rule_may_assign",
    "check_within",
    "other_space",
    "result_dimension",
    "result_kind",
    "result_space",
    "unit_name",
]

Where = Callable[[], Position]


def unit_name(dimension: Dimension) -> str:
    """The unit of a dimension in words."""
    return str(dimension) or "no unit"


def result_space(step: Step, name: str, nodes: list[Node], where: Where) -> Space:
    """The space of what an operation makes of some values."""
    if all(node.space.synapses is None for node in nodes):
        return Space(_shape(name, nodes, where))
    whole = widest(node.space for node in nodes)
    for node in nodes:
        if not node.space.spreads(whole):
            raise other_space(step, name, node.space, whole, where)
    return whole


def check_within(node: Node, asked: str, where: Where, *, in_rule: bool = True) -> None:
    """Refuse what needs other synapses than the one that a rule is about.

    Parameters
    ----------
    node : Node
        What is used.
    asked : str
        What is asked for, for the message.
    where : callable
        Gives the place.
    in_rule : bool
        Whether a rule asks, and not a condition or the update of something else.

    Raises
    ------
    AcrossSynapsesError
        The node is a value of synapses.
    """
    if node.space.synapses is not None:
        raise AcrossSynapsesError(
            f"{asked} is asked for, of values of synapses.",
            where=str(where()),
            cure="A rule is about one synapse: use functions that work element by element. What all synapses of a "
            "neuron need to know is a state of that neuron, read as s.pre.name or s.post.name."
            if in_rule
            else "Synapses are read by rules of their projection, where s.sum(s.weight) is the sum onto a neuron. To "
            "look at all of them, and to end a run, let a function do so, sim.run(..., every=10*ms, call=f), with "
            "sim.get(projection, 'weight') in it; it ends the run by returning True.",
            asked=asked,
        )


def check_rule_may_assign(name: str, spec: Callable[[], StateSpec], about: Space | None, where: Where) -> None:
    """Refuse a state of neurons that a rule about synapses assigns.

    Parameters
    ----------
    name : str
        Of the state.
    spec : callable
        Gives what the IR knows of the state.
    about : Space or None
        The synapses that a rule is about; None where there is no rule.
    where : callable
        Gives the place.

    Raises
    ------
    FixedAttributeError
        It is one.
    """
    if about is not None and spec().space.synapses is None:
        raise FixedAttributeError(
            f"{name} is assigned in a rule about synapses, which would be done in each step, whether any of them is "
            "reached or not.",
            where=str(where()),
            cure="Assign it in an update, of its neurons or of the projection; a rule assigns states of synapses, "
            "s.name.",
            name=name,
        )


def other_space(step: Step, what: str, one: Space, other: Space, where: Where) -> MixedSpacesError:
    """The error for values of neurons and of synapses that meet without a map between them."""

    def said(space: Space) -> str:
        if space.synapses is None:
            return f"values of {space.size} neurons"
        return f"values of the synapses of {step.connections[space.synapses.connection].name}"

    return MixedSpacesError(
        f"{what} meets {said(one)} and {said(other)}.",
        where=str(where()),
        cure="Each synapse reads its own neurons as s.pre.name and s.post.name, parameters that are arrays as "
        "s.pre(self.name) or s.post(self.name), unless they are made by nd.synapse_parameter, and its own states as "
        "s.name.",
        subject=what,
        one=said(one),
        other=said(other),
    )


def _shape(name: str, nodes: list[Node], where: Where) -> tuple[int, ...]:
    shape: tuple[int, ...] = ()
    for node in nodes:
        if node.shape == shape or node.shape == ():
            continue
        if np.prod(shape, dtype=np.int64) == 1 or node.size == 1:
            shape = np.broadcast_shapes(shape, node.shape)
            continue
        raise ShapeError(
            f"{name} meets shapes {shape} and {node.shape}, which do not fit.",
            where=str(where()),
            cure="Both sides need the same shape, or one of them a single element; arrays of parameters take the "
            "population's shape.",
            name=name,
            shape=shape,
        )
    return shape


def _mismatch(name: str, left: Dimension, right: Dimension, where: Where) -> DimensionError:
    return DimensionError(
        f"{name} of {unit_name(left)} and {unit_name(right)}: the units do not fit.",
        where=str(where()),
        cure="Bring both sides to one physical dimension; a bare number, zero too, has no unit.",
        name=name,
    )


def result_dimension(name: str, nodes: list[Node], where: Where) -> Dimension:
    """The physical dimension of what an operation makes of some values."""
    dims = [node.dimension for node in nodes]
    rule = OPS[name].units
    if rule in ("same", "compare", "select"):
        known = [d for d in (dims[1:] if rule == "select" else dims) if d is not ANY]
        for other in known[1:]:
            if other != known[0]:
                raise _mismatch(name, known[0], other, where)
        result = known[0] if known else ANY
        return DIMENSIONLESS if rule == "compare" else result
    if rule in ("none", "logic"):
        for d in dims:
            if d is not ANY and d != DIMENSIONLESS:
                raise DimensionError(
                    f"{name} of a value in {unit_name(d)}: it takes plain numbers only.",
                    where=str(where()),
                    cure=f"Divide by a scale first, as in np.{name}(x / (1 * {d})).",
                    name=name,
                )
        return DIMENSIONLESS
    if any(d is ANY for d in dims):
        return ANY
    if rule == "multiply":
        return dims[0] * dims[1]
    if rule == "divide":
        return dims[0] / dims[1]
    if rule in ("sqrt", "cbrt"):
        return dims[0] ** Fraction(1, 2 if rule == "sqrt" else 3)
    return dims[0]


def result_kind(name: str, nodes: list[Node], where: Where, *, settled: bool) -> tuple[Kind, list[Kind]]:
    """The kind of what an operation makes of some values, and the kinds that it needs them in.

    While not all kinds are `settled`, what seems to be of a wrong one may be right in the next recording.
    """
    kinds = [node.kind for node in nodes]
    rule, units = OPS[name].kinds, OPS[name].units
    if units == "logic":
        for kind in kinds:
            if kind != "bool" and settled:
                raise TracedValueError(
                    f"{name} of {kind} values: it joins conditions.",
                    where=str(where()),
                    cure="Compare first, as in (a > 0) & (b > 0).",
                    name=name,
                    kind=kind,
                )
        return "bool", ["bool"] * len(kinds)
    if rule == "keep":
        return kinds[0], kinds
    if rule == "select":
        if kinds[0] != "bool" and settled:
            raise TracedValueError(
                "np.where needs a condition.",
                where=str(where()),
                cure="Compare first, as in np.where(x > 0, a, b).",
            )
        common = promote(*kinds[1:])
        return common, ["bool", common, common]
    if rule == "real":
        return "real", ["real"] * len(kinds)
    if rule == "steps":
        return "int", ["real"] * len(kinds)
    if rule == "int":
        if name == "to_int":
            return "int", kinds
        return "int", ["int"] * len(kinds)
    if rule == "bool":
        common = kinds[0] if len(kinds) == 1 else promote(*kinds)
        return "bool", [common] * len(kinds)
    common = promote("int", *kinds)
    return common, [common] * len(kinds)
