"""Flows: states that go on by linear equations of their own between two steps, whatever acts on them in steps.

In: a traced `Step` with the equations behind its values.  Out: `Flows`, which gives rates of change of states that
depend on each other alone.  Must not know: who reads these states.
"""

from __future__ import annotations

from dataclasses import dataclass

from numbadyn.ir.analysis import invariants, literal_number
from numbadyn.ir.nodes import Step
from numbadyn.lowering.exact.writer import ZERO_WHERE, Writer

__all__ = ["Flow", "Flows", "origin", "state_behind"]


def origin(step: Step, index: int) -> int:
    """The node whose value another one only hands on."""
    node = step.nodes[index]
    while node.traits.passes and not node.traits.holds:
        argument = step.nodes[node.args[0]]
        if (argument.shape, argument.kind) != (node.shape, node.kind):
            break
        index, node = node.args[0], argument
    return index


def state_behind(step: Step, index: int) -> int | None:
    """The state that a value is at the start of the step, with what synapses add there, if it is one."""
    node = step.nodes[origin(step, index)]
    if node.traits.from_state:
        number: int = node.attrs["index"]
        return number
    sides = [(a, b) for a, b in (node.args, node.args[::-1]) if step.nodes[b].traits.sums] if node.traits.adds else []
    return state_behind(step, sides[0][0]) if sides else None


@dataclass(frozen=True, slots=True)
class Flow:
    """How a state goes on from the start of a step.

    Parameters
    ----------
    state : int
        Its number.
    start, result : int
        Nodes of its value at the start of the step, and at the end where nothing arrives.
    slope : int or None
        Node of its time derivative; None where it decays.
    log : int or None
        Node of the logarithm of the factor by which it decays.
    """

    state: int
    start: int
    result: int
    slope: int | None = None
    log: int | None = None


class Flows:
    """States that go on by equations of their own.

    Parameters
    ----------
    step : Step
        As traced.
    writer : Writer
        Who writes derivatives.

    Attributes
    ----------
    of : dict
        State -> its flow.
    starts : dict
        Node -> state whose value it is at the start of the step, with what arrives there.
    written : dict
        Node -> state whose last value in the step it is, after what arrives; without states that noise drives all the
        time, whose decay in a step is made good by the noise in it.
    advanced : dict
        Node -> state whose value it is at the start of the step, or at the end where nothing arrives; of the same
        states.
    """

    def __init__(self, step: Step, writer: Writer) -> None:
        self._step, self._writer = step, writer
        self.constants = invariants(step)
        self.of: dict[int, Flow] = {}
        found = self._integrated()
        known = {flow.state for flow in found}
        found += [flow for flow in self._decaying() if flow.state not in known]
        counts = [flow.state for flow in found]
        for flow in found:
            if counts.count(flow.state) == 1 and self._goes_on(flow):
                self.of[flow.state] = flow
        quiet = [flow for flow in self.of.values() if not self._diffuses(flow)]
        self.written = {origin(step, step.writes[flow.state]): flow.state for flow in quiet}
        self.starts = {flow.start: flow.state for flow in self.of.values()}
        self.advanced = {node: flow.state for flow in quiet for node in (flow.start, flow.result)}

    def _integrated(self) -> list[Flow]:
        """States that an integrator has advanced from their value at the start of the step."""
        step, found = self._step, []
        for advance in step.advances:
            if advance.method not in ("", "exp_euler_step") or advance.part != 1.0:
                continue  # which has another result than the equation
            for start, slope, result in zip(advance.starts, advance.slopes, advance.results, strict=True):
                state = state_behind(step, start)
                if state is not None and state in step.writes:
                    found.append(Flow(state, origin(step, start), result, slope))
        return found

    def _decaying(self) -> list[Flow]:
        """States that are multiplied by the exponential of a run constant."""
        step, found = self._step, []
        for index, node in enumerate(step.nodes):
            for value, factor in (node.args, node.args[::-1]) if node.traits.multiplies else ():
                start = origin(step, value)
                state, log = step.nodes[start], self._logarithm(factor)
                if state.traits.from_state and state.attrs["index"] in step.writes and log is not None:
                    found.append(Flow(state.attrs["index"], start, index, log=log))
        return found

    def _logarithm(self, index: int) -> int | None:
        node = self._step.nodes[index]
        return node.args[0] if node.traits.exponentiates and index in self.constants else None

    def _goes_on(self, flow: Flow) -> bool:
        """Whether what the step leaves depends on what was there at its start by way of the equation alone."""
        step, waiting, seen = self._step, [self._step.writes[flow.state]], set[int]()
        while waiting:
            index = waiting.pop()
            if index == flow.start:
                return False
            if index in seen or index < flow.start or index == flow.result:
                continue
            seen.add(index)
            waiting.extend(step.nodes[index].args)
        return True

    def _diffuses(self, flow: Flow) -> bool:
        """Whether noise is added in the step that acts all the time, as in an Ornstein-Uhlenbeck process.

        Others see its value held: to follow the decay alone would lose half of the noise of each step.
        """
        step, waiting, seen = self._step, [self._step.writes[flow.state]], {flow.start, flow.result}
        while waiting:
            index = waiting.pop()
            node = step.nodes[index]
            if index in seen or node.kind == "bool":  # who spikes, which is an event
                continue
            if node.traits.diffuses:
                return True
            seen.add(index)
            waiting.extend(node.args)
        return False

    def closure(self, state: int) -> list[int] | None:
        """A state and those that its rate of change depends on; None unless all are linear in each other alone.

        What is the same in all steps may be added.
        """
        found, number = [state], 0
        while number < len(found):
            sources = self._sources(self.of[found[number]])
            if sources is None:
                return None
            found += [source for source in sources if source not in found]
            number += 1
        return found if all(self._is_affine(self.of[each].slope) for each in found) else None

    def _sources(self, flow: Flow) -> list[int] | None:
        """States that the slope of a flow reads, if there is nothing else that changes."""
        if flow.slope is None:
            return []
        found, waiting, seen = list[int](), [flow.slope], set[int]()
        while waiting:
            index = waiting.pop()
            if index in seen or index in self.constants:
                continue
            seen.add(index)
            node = self._step.nodes[index]
            if index in self.starts:
                found.append(self.starts[index])
            elif node.traits.elementwise:
                waiting.extend(node.args)
            else:
                return None
        return found

    def _is_affine(self, index: int | None) -> bool:
        """Whether a slope is made by operations that keep what is linear so, and no choice."""
        if index is None or index in self.constants:
            return True
        node = self._step.nodes[index]
        return (
            node.traits.from_state
            or index in self.starts
            or (node.op in ZERO_WHERE and all(map(self._is_affine, node.args)))
        )

    def system(
        self, states: list[int], offset: int, begins: list[int]
    ) -> tuple[list[int], dict[tuple[int, int], int]] | None:
        """What goes on by linear equations, and rates of change times dt as a matrix; None as of `entries`.

        Parameters
        ----------
        states : list of int
            From `closure`.
        offset : int
            Row of the first of them.
        begins : list of int
            Nodes of the values from which they go on.

        Returns
        -------
        tuple
            Nodes of these values, and of what is added to rates of change in all steps, which goes on as it is.
        """
        found, firsts = self.entries(states, offset), list(begins)
        if found is None:
            return None
        for row, state in enumerate(states, offset):
            rest = self._rest(state, states)
            if rest is not None:
                found[row, offset + len(firsts)] = self._writer.over_dt(self._writer.literal(1.0), rest)
                firsts.append(rest)
        return firsts, found

    def _rest(self, state: int, states: list[int]) -> int | None:
        """What is left of a slope where all states are zero; None where nothing is."""
        slope = self.of[state].slope
        if slope is None or self._is_zero(slope):
            return None
        self._writer.at(slope)
        return self._writer.again(slope, {(s := self.of[each].start): self._writer.zero_like(s) for each in states})

    def _is_zero(self, index: int) -> bool:
        node = self._step.nodes[index]
        if index in self.constants:
            return literal_number(self._step, index) == 0.0
        if node.traits.from_state or index in self.starts:
            return True
        zero = [self._is_zero(arg) for arg in node.args]
        rule = ZERO_WHERE.get(node.op)
        return rule is not None and rule(zero)

    def entries(self, states: list[int], offset: int) -> dict[tuple[int, int], int] | None:
        """Rates of change times dt as a matrix, by node; None where one of them changes from step to step.

        Parameters
        ----------
        states : list of int
            From `closure`.
        offset : int
            Row of the first of them.
        """
        found: dict[tuple[int, int], int] = {}
        for row, state in enumerate(states, offset):
            flow = self.of[state]
            if flow.log is not None:
                found[row, row] = flow.log
                continue
            assert flow.slope is not None
            for column, source in enumerate(states, offset):
                rate = self._writer.derivative(flow.slope, self.of[source].start)
                if rate is None:
                    continue
                if not self._writer.is_constant(rate):
                    return None
                found[row, column] = self._writer.over_dt(rate, flow.slope)
        return found
