"""Linear equations and what drives them, solved together: a membrane potential gets the exact effect of its synapses.

In: a traced `Step` with the equations behind its values.  Out: a `Step` whose values at the end of a step are exact
where they can be, and a word about each state.  Must not know: targets, models.

An equation that is linear in its own state with constant coefficients, and in a state that goes on by linear equations
of its own, is not advanced with the mean of that state over the step, but with a weighted mean, which makes it exact:
what comes early in the step has decayed more at its end. The weights are run constants.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from numbadyn.ir.nodes import HALF_STEP, Advance, Step
from numbadyn.lowering.exact.blocks import Blocks
from numbadyn.lowering.exact.drivers import Drivers
from numbadyn.lowering.exact.flows import Flows, origin, state_behind
from numbadyn.lowering.exact.writer import Writer

__all__ = ["solve_linear_equations"]


def solve_linear_equations(step: Step) -> Step:
    """Give linear equations the exact effect of the states that drive them.

    Parameters
    ----------
    step : Step
        As traced.

    Returns
    -------
    Step
        Without equations, with `Step.schemes`.
    """
    return _Solver(step).run() if step.advances or step.states else step


_WORDS = {
    "": "exact",
    "euler_step": "forward Euler, first order",
    "rk2_step": "midpoint rule, second order",
    "rk4_step": "Runge-Kutta, fourth order",
    "exp_euler_step": "exponential Euler, second order",
    HALF_STEP: "exact beside the potential, half a step away, second order with it",
    "sde_euler_step": "Euler-Maruyama, strong order 1/2",
    "sde_heun_step": "stochastic Heun",
    "sde_milstein_step": "Milstein, strong order 1",
}
"""Integrators, for users."""

_JOINT = "exponential Euler with the other states held, first order"


@dataclass(slots=True)
class _Drives:
    """What drives an equation: values that it is solved together with, names of these and of others."""

    instead: dict[int, int] = field(default_factory=dict)
    exact: list[str] = field(default_factory=list)
    averaged: list[str] = field(default_factory=list)

    def words(self, *, linear: bool) -> str:
        """What becomes of the equation."""
        first = "exponential Euler, second order"
        if linear:
            first = "exact with " + " and ".join(self.exact) if self.exact else "exact for what is held over a step"
        return first + (f"; mean over a step of {' and '.join(self.averaged)}" if self.averaged else "")


class _Solver:
    def __init__(self, step: Step) -> None:
        self._step = step
        self._writer = Writer(step)
        self._flows = Flows(step, self._writer)
        self._drivers = Drivers(step, self._flows)
        self._schemes: dict[int, str] = {}

    def run(self) -> Step:
        for flow in self._flows.of.values():
            if flow.log is not None:
                self._schemes[flow.state] = "exact decay"
        blocks = Blocks(self._step, self._writer, self._flows, self._drivers)
        solved = blocks.solve()
        self._schemes |= blocks.schemes
        for number, advance in enumerate(self._step.advances):
            if number in solved:
                continue
            if advance.method == "exp_euler_step" and len(advance.starts) == 1:
                self._advance(advance)
            else:
                self._note(advance, _JOINT if advance.method == "exp_euler_step" else _WORDS[advance.method])
        return replace(self._writer.result(), schemes=self._schemes | self._step.schemes)

    def _advance(self, advance: Advance) -> None:
        """Solve one equation, where it is linear."""
        (start,), (slope,), (result,) = advance.starts, advance.slopes, advance.results
        rate, drives = self._writer.derivative(slope, start), _Drives()
        linear = rate is None or self._writer.is_constant(rate)
        for value in self._drivers.read_by(slope, {start}):
            if not linear or not self._drive(advance, rate, value, drives):
                self._average(value, drives)
        if drives.instead:
            self._writer.instead[result] = self._writer.again(result, drives.instead)
        if advance.part == 1.0:
            self._note(advance, drives.words(linear=linear))

    def _part(self, advance: Advance, over_step: int) -> int:
        """What is so much over the step, over the part of it that an equation is advanced by."""
        writer = self._writer
        return over_step if advance.part == 1.0 else writer.emit("mul", over_step, writer.literal(advance.part))

    def _own_state(self, advance: Advance) -> int | None:
        return state_behind(self._step, advance.starts[0])

    def _note(self, advance: Advance, words: str) -> None:
        """Say of the states of an equation how they are advanced."""
        for start in advance.starts:
            state = state_behind(self._step, start)
            if state is not None:
                self._schemes[state] = words

    def _average(self, value: int, drives: _Drives) -> None:
        """Name what acts with its mean over a step."""
        node = self._step.nodes[value]
        if node.traits.averages:
            now = origin(self._step, node.args[0])
            state = self._flows.written.get(now, self._flows.advanced.get(now))
            name = self._step.states[state].name if state is not None else node.position.module
            if name not in drives.averaged:
                drives.averaged.append(name)

    def _drive(self, advance: Advance, rate: int | None, value: int, drives: _Drives) -> bool:
        """Find the weighted mean of what drives an equation; tells whether there is one."""
        writer, flows = self._writer, self._flows
        state, begins = self._drivers.behind(value)
        factor = writer.derivative(advance.slopes[0], value)
        if state is None or factor is None or not writer.is_constant(factor):
            return False
        states = flows.closure(state)
        if states is None or self._own_state(advance) in states:
            return False
        found = flows.system(states, 1, [self._step.writes[s] if begins else flows.of[s].start for s in states])
        if found is None:
            return False
        firsts, entries = found
        writer.at(advance.slopes[0])
        own = None if rate is None else self._part(advance, writer.over_dt(rate, advance.slopes[0]))
        entries = {place: self._part(advance, entry) for place, entry in entries.items()}
        entries[0, 1] = writer.literal(1.0)
        if own is not None:
            entries[0, 0] = own
        total: int | None = None
        for column, first in enumerate(firsts, 1):
            unit = writer.node(value).dimension / writer.node(first).dimension
            weight = writer.exponential(entries, (0, column), unit)
            if own is not None:
                weight = writer.emit("div", weight, writer.emit("exprel", own))
            part = writer.emit("mul", first, weight)
            total = part if total is None else writer.emit("add", total, part)
        assert total is not None
        drives.instead[value] = total
        drives.exact.append(self._step.states[state].name)
        return True
