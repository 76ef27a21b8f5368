"""Where a state is held over a step, as a membrane potential is in a dead time.

In: a traced `Step`, the value of a state at the start of the step, and what its equation makes of it.  Out: the
condition under which it follows its equation.  Must not know: equations, models.
"""

from __future__ import annotations

from numbadyn.ir.nodes import Step
from numbadyn.lowering.exact.flows import origin, state_behind

__all__ = ["held_where"]


def held_where(step: Step, start: int, result: int) -> int | bool | None:
    """Find under which condition a state follows its equation.

    Parameters
    ----------
    step : Step
        As traced.
    start, result : int
        Nodes of its value at the start of the step and of what its equation makes of it.

    Returns
    -------
    int, False or None
        The node of the condition; None where it always does; False where that cannot be told. What comes after the
        equation, as jumps and resets do, may be anything that does not go back to the value at the start.
    """
    state = state_behind(step, start)
    written = None if state is None else step.writes.get(state)
    return None if written is None else _Search(step, origin(step, start), result).below(written)


class _Search:
    def __init__(self, step: Step, first: int, result: int) -> None:
        self._step, self._first, self._result = step, first, result

    def below(self, index: int) -> int | bool | None:
        """What holds for all that a value is made of."""
        index = origin(self._step, index)
        if index == self._result or not self._reaches(index, self._first, through=False):
            return None
        node = self._step.nodes[index]
        if not node.traits.elementwise or index == self._first:
            return False
        if node.traits.chooses:
            condition, then, other = node.args
            follows = self._reaches(then, self._result, through=True)
            if follows and origin(self._step, other) == self._first:
                inner = self.below(then)
                free = not self._reaches(condition, self._result, through=True)
                return condition if free and inner is None else False
        found = [self.below(arg) for arg in node.args]
        wanted = [each for each in found if each is not None]
        if not wanted:
            return None
        return wanted[0] if len({*wanted}) == 1 else False

    def _reaches(self, index: int, goal: int, *, through: bool) -> bool:
        """Whether a value follows from another one; of the start, not by way of the equation."""
        waiting, seen = [index], set[int]()
        while waiting:
            number = waiting.pop()
            if number == goal:
                return True
            if number in seen or number < goal or (number == self._result and not through):
                continue
            seen.add(number)
            waiting.extend(self._step.nodes[number].args)
        return False
