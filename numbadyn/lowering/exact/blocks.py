"""Linear equations that act on each other, solved together: a potential and its adaptation, two compartments.

In: a traced `Step` with the equations behind its values.  Out: what takes the place of their results, which equations
these are, and a word about each state.  Must not know: targets, models.

With dx/dt = A x + b, b held over the step, x goes to x + dt phi(A dt) (A x + b), where phi(z) = (e^z - 1) / z; what
goes on by linear equations of its own, as synaptic currents do, is one more part of x that nothing acts on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from numbadyn.ir.nodes import HALF_STEP, Step
from numbadyn.lowering.exact.drivers import Drivers
from numbadyn.lowering.exact.flows import Flows, origin, state_behind
from numbadyn.lowering.exact.masks import held_where
from numbadyn.lowering.exact.writer import Writer
from numbadyn.units import Dimension

__all__ = ["Blocks"]

_Rates = dict[tuple[int, int], int]
_METHODS = ("", "exp_euler_step", HALF_STEP)


@dataclass(frozen=True, slots=True)
class _Equation:
    """One equation: nodes, and the number of what has advanced it."""

    advance: int
    start: int
    slope: int
    result: int


@dataclass(slots=True)
class _Inflow:
    """What drives a block: where it is read, the states behind it, nodes of their values, rates of change."""

    value: int
    states: list[int]
    firsts: list[int]
    rates: _Rates = field(default_factory=dict)


class Blocks:
    """Solves equations that act on each other.

    Parameters
    ----------
    step : Step
        As traced.
    writer : Writer
        Who writes nodes.
    flows : Flows
        States that go on by themselves.
    drivers : Drivers
        Who finds them.

    Attributes
    ----------
    schemes : dict
        State -> how it is advanced.
    """

    def __init__(self, step: Step, writer: Writer, flows: Flows, drivers: Drivers) -> None:
        self._step, self._writer, self._flows, self._drivers = step, writer, flows, drivers
        self.schemes: dict[int, str] = {}

    def solve(self) -> set[int]:
        """Write solutions; gives the numbers of the advances that need nothing more."""
        done = set[int]()
        for block in self._groups():
            if len(block) > 1 and self._solve(block):
                done |= {equation.advance for equation in block}
        return done

    def _groups(self) -> Iterator[list[_Equation]]:
        """Equations of one module call and one shape that act on each other, directly or by way of others."""
        by_place: dict[object, list[_Equation]] = {}
        for number, advance in enumerate(self._step.advances):
            if advance.method in _METHODS and advance.part == 1.0:
                for nodes in zip(advance.starts, advance.slopes, advance.results, strict=False):
                    space = self._step.nodes[nodes[2]].space
                    by_place.setdefault((space.region, space.shape), []).append(_Equation(number, *nodes))
        for equations in by_place.values():
            if len(equations) > 1:
                yield from self._coupled(equations)

    def _coupled(self, equations: list[_Equation]) -> Iterator[list[_Equation]]:
        reached = {e: {other for other in equations if other != e and self._reads(other, e)} for e in equations}
        for _time in equations:
            for each in equations:
                reached[each] |= {further for other in set(reached[each]) for further in reached[other]}
        left = list(equations)
        while left:
            group = [
                each for each in left if each == left[0] or (each in reached[left[0]] and left[0] in reached[each])
            ]
            left = [each for each in left if each not in group]
            yield group

    def _reads(self, reader: _Equation, other: _Equation) -> bool:
        nodes = (origin(self._step, other.start), other.result)
        near = [node for node in nodes if self._leads(node, reader.slope)]
        return any(self._writer.derivative(reader.slope, node) is not None for node in near)

    def _leads(self, goal: int, slope: int) -> bool:
        """Whether a slope follows from a value by another way than a mean over the step, which stands for itself."""
        waiting, seen = [slope], set[int]()
        while waiting:
            index = waiting.pop()
            if index == goal:
                return True
            if index > goal and index not in seen and not self._step.nodes[index].traits.averages:
                seen.add(index)
                waiting.extend(self._step.nodes[index].args)
        return False

    # ---- one block ---------------------------------------------------------------------------------------------------

    def _solve(self, block: list[_Equation]) -> bool:
        writer = self._writer
        starts = {equation.result: equation.start for equation in block}
        slopes = [writer.again(equation.slope, starts) for equation in block]
        matrix = self._matrix(block, slopes)
        masks = [held_where(self._step, equation.start, equation.result) for equation in block]
        if matrix is None or False in masks or sum(mask is not None for mask in masks) > 1:
            return False
        inflows = self._inflows(block, slopes)
        zeros = {inflow.value: writer.zero_like(inflow.value) for inflow in inflows}
        rest = [writer.again(slope, zeros) if zeros else slope for slope in slopes]
        for row, equation in enumerate(block):
            total = self._advanced(block, rest, matrix, row)
            for inflow in inflows:
                total = self._driven(total, slopes, matrix, row, inflow)
            writer.instead[equation.result] = self._masked(block, matrix, masks, row, total)
        self._say(block, inflows)
        return True

    def _matrix(self, block: list[_Equation], slopes: list[int]) -> _Rates | None:
        """Derivatives times dt; None where one changes from step to step."""
        found: _Rates = {}
        for row, slope in enumerate(slopes):
            for column, equation in enumerate(block):
                rate = self._writer.derivative(slope, origin(self._step, equation.start))
                if rate is None:
                    continue
                if not self._writer.is_constant(rate):
                    return None
                self._writer.at(equation.result)
                found[row, column] = self._writer.over_dt(rate, equation.result)
        return found

    def _inflows(self, block: list[_Equation], slopes: list[int]) -> list[_Inflow]:
        found: dict[int, _Inflow] = {}
        own = {node for e in block for node in (e.start, e.result, origin(self._step, e.start))}
        for equation in block:
            for value in self._drivers.read_by(equation.slope, own):
                state, begins = self._drivers.behind(value)
                states = None if state is None else self._flows.closure(state)
                factors = [self._writer.derivative(each, value) for each in slopes]
                constant = all(factor is None or self._writer.is_constant(factor) for factor in factors)
                if states is None or not constant or value in found:
                    continue
                starts = [self._step.writes[each] if begins else self._flows.of[each].start for each in states]
                system = self._flows.system(states, len(slopes), starts)
                if system is not None:
                    found[value] = _Inflow(value, states, *system)
        return list(found.values())

    def _advanced(self, block: list[_Equation], rest: list[int], matrix: _Rates, row: int) -> int:
        """The value at the end of the step, for what is held over it."""
        writer, size, total = self._writer, len(block), block[row].start
        writer.at(block[row].result)
        whole = matrix | {(each, size + each): writer.literal(1.0) for each in range(size)}
        for column, slope in enumerate(rest):
            unit = self._unit(block[row].start) / self._unit(block[column].start)
            weight = writer.exponential(whole, (row, size + column), unit)
            part = writer.emit("mul", writer.over_dt(weight, block[row].result), slope)
            total = writer.emit("add", total, part)
        return total

    def _driven(self, total: int, slopes: list[int], matrix: _Rates, row: int, inflow: _Inflow) -> int:
        """A value with what drives it, which goes on meanwhile."""
        writer, size, whole = self._writer, len(slopes), matrix | inflow.rates
        for each, slope in enumerate(slopes):
            factor = writer.derivative(slope, inflow.value)
            if factor is not None:
                whole[each, size] = writer.over_dt(factor, slope)
        for number, first in enumerate(inflow.firsts):
            weight = writer.exponential(whole, (row, size + number), self._unit(total) / self._unit(first))
            total = writer.emit("add", total, writer.emit("mul", first, weight))
        return total

    def _masked(
        self, block: list[_Equation], matrix: _Rates, masks: list[int | bool | None], row: int, total: int
    ) -> int:
        """The solution where all is free, and where another state is held what there was."""
        for other, mask in enumerate(masks):
            if mask is not None and other != row and (row, other) in matrix:
                return self._writer.emit("select", int(mask), total, self._writer.copy(block[row].result))
        return total

    def _unit(self, index: int) -> Dimension:
        return self._writer.node(index).dimension

    def _say(self, block: list[_Equation], inflows: list[_Inflow]) -> None:
        behind = [state_behind(self._step, equation.start) for equation in block]
        states = [state for state in behind if state is not None]
        others = [self._step.states[inflow.states[0]].name for inflow in inflows]
        for state in states:
            names = [self._step.states[each].name for each in states if each != state] + others
            self.schemes[state] = "exact with " + " and ".join(names)
