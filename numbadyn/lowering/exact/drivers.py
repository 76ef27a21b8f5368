"""What drives an equation: values that it reads, and that go on by equations of their own.

In: a traced `Step` and its flows.  Out: nodes, and the states behind them.  Must not know: what becomes of equations.
"""

from __future__ import annotations

from numbadyn.ir.nodes import Step
from numbadyn.lowering.exact.flows import Flows, origin

__all__ = ["Drivers"]


class Drivers:
    """Finds what drives equations.

    Parameters
    ----------
    step : Step
        As traced.
    flows : Flows
        Its states that go on by themselves.
    """

    def __init__(self, step: Step, flows: Flows) -> None:
        self._step, self._flows = step, flows

    def read_by(self, slope: int, own: set[int]) -> list[int]:
        """Values with equations of their own that an equation reads; `own` are those of its own variables."""
        found, waiting, seen = list[int](), [slope], set[int]()
        while waiting:
            index = waiting.pop()
            if index in seen or index in own or index in self._flows.constants:
                continue
            seen.add(index)
            node = self._step.nodes[index]
            if node.traits.averages or index in self._flows.written or index in self._flows.advanced:
                found.append(index)
            elif node.traits.elementwise and not node.traits.holds:
                waiting.extend(node.args)
        return sorted(found)

    def behind(self, value: int) -> tuple[int | None, bool]:
        """The state behind a value that drives, and whether it is the one that the step leaves.

        What has taken what arrives in this step stands for the start of the step, which the driven equation goes
        through; it then goes on as in the next step. What has been advanced in this step, or will be, goes through it
        side by side with the driven equation.
        """
        node, flows = self._step.nodes[value], self._flows
        if node.traits.averages:
            now = origin(self._step, node.args[0])
            return (flows.written[now], True) if now in flows.written else (flows.advanced.get(now), False)
        if value in flows.advanced:
            return flows.advanced[value], False
        return flows.written.get(value), True
