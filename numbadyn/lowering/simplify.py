"""Simplification of a traced step: the same step with fewer operations.

In: a `Step`.  Out: a new `Step` with live nodes only, equal expressions joined, divisions by run constants made
products.  The interpreter runs the simplified step too, so every target gives its bits; against the step as traced it
differs by roundings only.  Must not know: stages, memory, targets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from numbadyn.ir.analysis import base_of, computed_in_loop, invariants, is_run_constant, literal_number, live
from numbadyn.ir.nodes import Node, ParamSpec, Step
from numbadyn.ir.ops import OPS
from numbadyn.ir.spaces import Space, widest
from numbadyn.units import DIMENSIONLESS

__all__ = ["join_equal_values", "start_sums_from_decay"]

_ONE = "one"


def _literal(step: Step, index: int) -> float | None:
    """Value of a single real or whole number that stands in the model's code, converted or not."""
    node = step.nodes[index]
    return literal_number(step, node.args[0] if node.op == "to_real" else index)


class _Rewriter:
    """Copies nodes one by one into a new step, rewriting on the way."""

    def __init__(self, old: Step) -> None:
        self.old = old
        self.new = Step(old.name)
        self.new.params, self.new.states = old.params, old.states
        self.new.connections, self.new.trains = old.connections, old.trains
        self.new.order, self.new.regions = old.order, old.regions
        self.new.lookups = old.lookups
        self.new.guards, self.new.reaches = old.guards, old.reaches
        self.new.schemes = old.schemes
        self.new.held = {state: decay.part_of(self.new) for state, decay in old.held.items()}
        self.map: dict[int, int] = {}
        self._known: dict[Any, int] = {}
        self._constant: set[int] = set()

    def run(self) -> Step:
        old, new = self.old, self.new
        for index, node in enumerate(old.nodes):
            self.map[index] = self.rewrite(node)
        new.writes = {state: self.map[value] for state, value in old.writes.items()}
        new.channels = [replace(channel, value=self.map[channel.value]) for channel in old.channels]
        new.probes = {key: self.map[value] for key, value in old.probes.items()}
        new.outputs = {key: self.map[value] for key, value in old.outputs.items()}
        return new

    def add(self, node: Node) -> int:
        """Append a node, or find its equal."""
        args = tuple(sorted(node.args)) if node.traits.elementwise and OPS[node.op].commutes else node.args
        attrs = tuple(sorted(node.attrs.items(), key=lambda item: item[0]))
        key: tuple[Any, ...] = (node.op, args, node.shape, node.space.synapses, node.kind, attrs)
        if node.traits.draws:
            key = (*key, len(self.new.nodes))
        elif computed_in_loop(self.new, node) and not all(arg in self._constant for arg in args):
            key = (*key, node.space.region)  # equal work in two populations stays apart, so that their loops stay alike
        if key not in self._known:
            self.new.nodes.append(node)
            index = len(self.new.nodes) - 1
            self._known[key] = index
            if is_run_constant(node, self._constant.__contains__):
                self._constant.add(index)
        return self._known[key]

    def node(self, index: int) -> Node:
        return self.new.nodes[index]

    def _is(self, index: int, number: float) -> bool:
        return _literal(self.new, index) == number

    def rewrite(self, node: Node) -> int:
        """The node with mapped arguments, after the rules."""
        node = replace(node, args=tuple(self.map[arg] for arg in node.args))
        rule = _RULES.get(node.op)
        found = rule(self, node) if rule is not None else None
        return self.add(node) if found is None else found

    def constant(self, index: int) -> bool:
        """Whether a node is a single run constant."""
        return index in self._constant and self.node(index).shape == ()  # (1,) is an array, as (n,) is

    def emit(self, op: str, like: Node, *args: int) -> int:
        """Append an operation whose unit and place are those of another."""
        space = widest([self.node(arg).space for arg in args]).inside(like.space.region)
        return self.add(replace(like, op=op, args=args, space=space, label="", attrs={}))


def _identity(r: _Rewriter, node: Node) -> int | None:
    return node.args[0] if r.node(node.args[0]).shape == node.shape else None


def _over_step(r: _Rewriter, node: Node) -> int | None:
    return node.args[1] if r.node(node.args[1]).shape == node.shape else None


def _add(r: _Rewriter, node: Node) -> int | None:
    a, b = node.args
    if r._is(a, 0.0) and r.node(b).shape == node.shape:
        return b
    if r._is(b, 0.0) and r.node(a).shape == node.shape:
        return a
    if r.node(b).op == "neg":
        return r.add(replace(node, op="sub", args=(a, r.node(b).args[0])))
    return None


def _sub(r: _Rewriter, node: Node) -> int | None:
    a, b = node.args
    if r._is(b, 0.0) and r.node(a).shape == node.shape:
        return a
    return None


def _neg(r: _Rewriter, node: Node) -> int | None:
    inner = r.node(node.args[0])
    return inner.args[0] if inner.op == "neg" else None


def _mul(r: _Rewriter, node: Node) -> int | None:
    a, b = node.args
    for x, y in ((a, b), (b, a)):
        if r._is(x, 1.0) and r.node(y).shape == node.shape:
            return y
    if node.kind != "real":
        return None
    # run constants join: c * (x * d) -> x * (c * d), (x * c) * (y * d) -> (x * y) * (c * d)
    (left, c), (right, d) = _parted(r, a), _parted(r, b)
    if left is None or right is None:
        varying, factor = (left, c) if left is not None else (right, d)
        other = a if left is None else b
        if varying is None or factor is None or other not in r._constant:
            return _sign_to_constant(r, node)
        return _product(r, node, varying, r.emit("mul", node, other, factor)) if r.constant(other) else None
    if c is not None and d is not None:
        return _product(r, node, r.emit("mul", node, left, right), r.emit("mul", node, c, d))
    return None


def _parted(r: _Rewriter, index: int) -> tuple[int | None, int | None]:
    """A node as a varying part and a run constant that it is multiplied by; (None, None) for a run constant."""
    if index in r._constant:
        return None, None
    node = r.node(index)
    if node.op == "mul" and node.kind == "real":
        for varying, factor in (node.args, node.args[::-1]):
            if r.constant(factor) and varying not in r._constant:
                return varying, factor
    return index, None


def _sign_to_constant(r: _Rewriter, node: Node) -> int | None:
    """C * (-x) -> x * (-c)."""
    for x, c in (node.args, node.args[::-1]):
        if r.constant(c) and x not in r._constant and r.node(x).op == "neg":
            return _product(r, node, r.node(x).args[0], r.emit("neg", node, c))
    return None


def _product(r: _Rewriter, like: Node, a: int, b: int) -> int:
    """A * b, after the rules for products."""
    node = replace(like, op="mul", args=(a, b))
    found = _mul(r, node)
    return r.add(node) if found is None else found


def _div(r: _Rewriter, node: Node) -> int | None:
    a, b = node.args
    if r.constant(b) and a not in r._constant:
        one = _one(r, node)
        inverse = r.emit("div", node, one, b)
        return _product(r, node, a, inverse)
    return None


def _one(r: _Rewriter, node: Node) -> int:
    index = next(index for index, spec in enumerate(r.new.params) if spec.name == _ONE)
    attrs = {"index": index, "literal": True}
    return r.add(Node("param", (), Space((), node.space.region), "real", DIMENSIONLESS, node.position, attrs))


def _slice(r: _Rewriter, node: Node) -> int | None:
    source = r.node(node.args[0])
    if source.traits.view:
        outer, inner = node.attrs, source.attrs
        start = inner["start"] + outer["start"] * inner["stride"]
        stride = inner["stride"] * outer["stride"]
        count = node.size
        attrs = {"start": start, "stop": start + (count - 1) * stride + 1, "stride": stride}
        return r.add(replace(node, args=source.args, attrs=attrs))
    if node.attrs["stride"] == 1 and node.size == source.size and node.shape == source.shape:
        return node.args[0]
    return None


_RULES = {
    "identity": _identity,
    "held": _identity,
    "over_step": _over_step,
    "add": _add,
    "sub": _sub,
    "neg": _neg,
    "mul": _mul,
    "div": _div,
    "slice": _slice,
}


def join_equal_values(step: Step) -> Step:
    """The same step with fewer operations: equal values are one, divisions by run constants are products.

    Parameters
    ----------
    step : Step
        As traced.

    Returns
    -------
    Step
        New; nodes that no effect, probe or output needs are gone when the program is built.
    """
    if not any(spec.name == _ONE for spec in step.params):
        one = np.asarray(1.0)
        step.params.append(ParamSpec(_ONE, (), "real", DIMENSIONLESS, lambda _context: one, lambda _context: one))
    return _Rewriter(step).run()


def start_sums_from_decay(step: Step) -> Step:
    """A state that decays by a constant factor, then takes synaptic events, becomes one sum that starts from the decay.

    ``g * c + sum(events)`` turns into ``sum(events, from g * c)``: the events are added one by one to the decayed
    value, which a target can prepare at the end of the step before.
    """
    uses: dict[int, int] = {}
    for index in live(step, [*step.roots(), *step.outputs.values()]):
        for arg in step.nodes[index].args:
            uses[arg] = uses.get(arg, 0) + 1
    constant = invariants(step)
    for state, value in step.writes.items():
        node = step.nodes[value]
        if not node.traits.adds or len(node.args) != 2:
            continue
        for total, decayed in (node.args, node.args[::-1]):
            if _is_plain_sum(step, total, node, uses) and _is_decay(step, decayed, state, constant):
                sum_node = step.nodes[total]
                label = step.states[state].label
                step.nodes[value] = replace(
                    node, op="accumulate", args=(*sum_node.args, decayed), attrs=sum_node.attrs, label=label
                )
                _reprobe(step, total, value, decayed)
                break
    return step


def _is_plain_sum(step: Step, index: int, user: Node, uses: dict[int, int]) -> bool:
    node = step.nodes[index]
    return node.traits.accumulates and base_of(node) is None and uses.get(index) == 1 and node.shape == user.shape


def _is_decay(step: Step, index: int, state: int, constant: set[int]) -> bool:
    node = step.nodes[index]
    if node.op != "mul" or node.shape != step.states[state].shape:
        return False
    return any(
        step.nodes[a].traits.from_state and step.nodes[a].attrs["index"] == state and b in constant
        for a, b in (node.args, node.args[::-1])
    )


def _reprobe(step: Step, old: int, total: int, decayed: int) -> None:
    """The sum of the events alone can still be recorded, as a difference."""
    if old not in step.probes.values():
        return
    node = step.nodes[total]
    step.nodes.append(replace(node, op="sub", args=(total, decayed), attrs={}, label=step.nodes[old].label))
    step.probes = {key: len(step.nodes) - 1 if value == old else value for key, value in step.probes.items()}
