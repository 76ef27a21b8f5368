"""A writer of nodes behind those of a traced step, and the step with what was written in its place.

In: a `Step`, operations on its nodes, nodes that others take the place of.  Out: a `Step` in single assignment.  Must
not know: what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from numbadyn.errors import InternalError, UnsupportedFunctionError
from numbadyn.ir.analysis import literal_number
from numbadyn.ir.nodes import Node, ParamSpec, Position, Step
from numbadyn.ir.spaces import Space, widest
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.trace import Trace
from numbadyn.units import Dimension

__all__ = ["ZERO_WHERE", "Behind", "Writer"]


ZERO_WHERE: dict[str, Callable[[list[bool]], bool]] = {
    "mul": any,
    "div": lambda zero: zero[0],
    "add": all,
    "sub": all,
    "neg": all,
    "identity": all,
    "to_real": all,
}
"""When an operation gives zero, from whether its arguments are zero."""


class Behind(Trace):
    """A trace whose nodes are made where another node was."""

    at = Position("", "", 0, "")

    @property
    def made(self) -> Position:
        """Where a value is made."""
        return self.at


class Writer:
    """Writes nodes behind those of a step, which stays as it is.

    Parameters
    ----------
    step : Step
        As traced.

    Attributes
    ----------
    instead : dict
        Node -> node that takes its place.
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._trace = Behind(step.name)
        nodes, params, channels = list(step.nodes), list(step.params), list(step.channels)
        self._trace.step = replace(step, nodes=nodes, params=params, channels=channels)
        self.instead: dict[int, int] = {}

    @property
    def params(self) -> list[ParamSpec]:
        """Parameters of the step, and those that were written."""
        return self._trace.step.params

    def vanishes(self, index: int) -> bool:
        """Whether a value is zero, whatever the parameters are."""
        node = self.node(index)
        if node.traits.parameter:
            return literal_number(self._trace.step, index) == 0.0
        rule = ZERO_WHERE.get(node.op)
        return rule is not None and rule([self.vanishes(arg) for arg in node.args])

    def node(self, index: int) -> Node:
        """The node of this number."""
        return self._trace.node(index)

    def is_constant(self, index: int) -> bool:
        """Whether a value is the same in all steps of a run."""
        return self._trace.is_constant(index)

    def at(self, index: int) -> None:
        """Write what follows in the place of a node."""
        node = self.node(index)
        self._trace.at, self._trace.region = node.position, node.space.region

    def emit(self, op: str, *args: int) -> int:
        """Append an operation."""
        return self._trace.emit(op, *args)

    def zero_like(self, index: int) -> int:
        """Zero in the unit of a value."""
        return self._trace.zero_like(index)

    def literal(self, value: float) -> int:
        """A plain number."""
        return self._trace.literal(value)

    def derivative(self, expression: int, variable: int) -> int | None:
        """Derivative of one node by another; None where it is zero.

        An operation that has none makes it one that is no run constant.
        """
        self.at(expression)
        try:
            return derivative(self._trace, expression, variable, self._behind(expression, first=variable + 1))
        except UnsupportedFunctionError:
            return variable

    def over_dt(self, rate: int, near: int) -> int:
        """A rate times the time step."""
        self.at(near)
        return self.emit("mul", self._trace.dt(), rate)

    def exponential(self, entries: Mapping[tuple[int, int], int], place: tuple[int, int], dimension: Dimension) -> int:
        """An entry of the exponential of a matrix of run constants."""
        size = 1 + max(max(key) for key in (*entries, place))
        places, args = tuple(entries), tuple(self._trace.cast(node, "real") for node in entries.values())
        space: Space = widest([self.node(arg).space for arg in args]).inside(self._trace.region)
        attrs = {"size": size, "places": places, "place": place}
        return self._trace.add(Node("exponential", args, space, "real", dimension, self._trace.made, attrs))

    def again(self, index: int, instead: Mapping[int, int]) -> int:
        """A node once more, with other nodes in place of some that it follows from."""
        return self.all_again([index], instead)[0]

    def all_again(self, indices: Sequence[int], instead: Mapping[int, int]) -> list[int]:
        """Nodes once more, with other nodes in place of some that they follow from."""
        first, known = min(instead), dict(instead)
        for number in self._behind(*indices, first=first):
            if number in known:
                continue
            node = self.node(number)
            if any(known.get(arg, arg) != arg for arg in node.args):
                known[number] = self._copied(node, known)
        return [known.get(index, index) for index in indices]

    def _behind(self, *indices: int, first: int) -> list[int]:
        """Nodes from a first one on that some follow from, and themselves, in order."""
        found, waiting = set[int](), list(indices)
        while waiting:
            number = waiting.pop()
            if number >= first and number not in found:
                found.add(number)
                waiting.extend(self.node(number).args)
        return sorted(found)

    def copy(self, index: int) -> int:
        """The same operation once more, which nothing takes the place of."""
        return self._trace.add(self.node(index))

    def _copied(self, node: Node, known: Mapping[int, int]) -> int:
        args = tuple(known.get(arg, arg) for arg in node.args)
        space, attrs = node.space, node.attrs
        if node.traits.elementwise:
            space = widest([space, *(self.node(arg).space for arg in args)]).inside(space.region)
        if node.traits.delivers:
            attrs = {**attrs, "channels": self._sampled(node.args, args, node.attrs["channels"])}
        return self._trace.add(replace(node, args=args, space=space, attrs=attrs))

    def _sampled(
        self, before: Sequence[int], args: Sequence[int], channels: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Channels of what is delivered once more: of a signal that is another one, a channel of its own."""
        found, known = list(channels), self._trace.step.channels
        for number, (old, new) in enumerate(zip(before, args, strict=False)):
            channel = channels[number] if number < len(channels) else None
            if channel is not None and old != new:
                known.append(replace(known[channel], value=new))
                found[number] = len(known) - 1
        return tuple(found)

    def result(self) -> Step:
        """The step with what takes the place of its nodes; of what nothing needs, parameters stay, to be checked."""
        written = self._trace.step
        new = replace(written, nodes=[], advances=[])
        places: dict[int, int] = {}
        roots = [*written.roots(), *written.outputs.values(), *written.probes.values(), *written.finer.values()]
        needed = self._reached(roots)
        for number, node in enumerate(written.nodes):
            if number in needed or node.traits.origin == "bound":
                self._place(number, places, new)
        new.writes = {state: self._found(value, places) for state, value in written.writes.items()}
        new.channels = [replace(c, value=self._found(c.value, places)) for c in written.channels]
        new.probes = {key: self._found(value, places) for key, value in written.probes.items()}
        new.outputs = {key: self._found(value, places) for key, value in written.outputs.items()}
        new.ahead = {places[key]: state for key, state in written.ahead.items() if key in places}
        new.finer = {places[key]: self._found(value, places) for key, value in written.finer.items() if key in places}
        return new

    def _found(self, index: int, places: Mapping[int, int]) -> int:
        return places[self.instead.get(index, index)]

    def _args(self, index: int) -> list[int]:
        return [self.instead.get(arg, arg) for arg in self.node(index).args]

    def _reached(self, roots: list[int]) -> set[int]:
        """All nodes that some need."""
        waiting, found = [self.instead.get(root, root) for root in roots], set[int]()
        while waiting:
            index = waiting.pop()
            if index not in found:
                found.add(index)
                waiting.extend(self._args(index))
        return found

    def _place(self, index: int, places: dict[int, int], new: Step) -> None:
        """Append a node behind what it needs."""
        waiting, most = [index], 4 * len(self._trace.step.nodes)
        while waiting:
            number = waiting[-1]
            if number in places:
                waiting.pop()
                continue
            missing = [arg for arg in self._args(number) if arg not in places]
            if len(waiting) > most:
                raise InternalError(f"Node {number} follows from itself.")
            if missing:
                waiting += reversed(missing)
                continue
            node = self.node(number)
            new.nodes.append(replace(node, args=tuple(places[arg] for arg in self._args(number))))
            places[number] = len(new.nodes) - 1
            waiting.pop()
