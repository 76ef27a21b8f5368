"""The clock of an interpreter: how long the values of a step take, in some of the steps.

In: a step and its interpreters.  Out: seconds of each kind of work for each module.  Must not know: programs, targets
that compile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from numbadyn.ir.analysis import signals
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import Node, Step
from numbadyn.lowering.stages.base import Work
from numbadyn.runtime.spent import Spent, is_timed, shared_out

__all__ = ["NodeClock"]

_RECORDING, _STORING = (Work("recording", ""),), (Work("histories", ""),)
_KINDS = {"draw": "drawing", "trials": "drawing", "train": "given spikes", "reduce": "reductions"}


class NodeClock:
    """Seconds of the values of a step.

    Parameters
    ----------
    step : Step
        What is interpreted.
    """

    def __init__(self, step: Step) -> None:
        self._works = [_works_of(step, node) for node in step.nodes]
        self._ticks: dict[tuple[Work, ...], float] = {}
        self._seconds = 0.0

    def _add(self, works: tuple[Work, ...], seconds: float) -> None:
        self._ticks[works] = self._ticks.get(works, 0.0) + seconds

    @contextmanager
    def step(self, interpreter: Interpreter) -> Iterator[None]:
        """In it, one step is made and recorded; some of them are timed value by value."""
        begun = time.perf_counter()
        if not is_timed(interpreter.number):
            yield
            self._seconds += time.perf_counter() - begun
            return
        plain, advance, advanced = interpreter._value, interpreter.advance, [0.0, 0.0]

        def value(index: int) -> object:
            before = time.perf_counter()
            found = plain(index)
            taken = time.perf_counter() - before
            self._add(self._works[index], taken)
            advanced[1] += taken
            return found

        def whole() -> None:
            before = time.perf_counter()
            advance()
            advanced[0] += time.perf_counter() - before

        own = vars(interpreter)  # what stands there hides the methods
        own |= {"_value": value, "advance": whole}
        try:
            yield
        finally:
            del own["_value"], own["advance"]
        taken = time.perf_counter() - begun
        self._add(_STORING, max(0.0, advanced[0] - advanced[1]))
        self._add(_RECORDING, max(0.0, taken - advanced[0]))
        self._seconds += taken

    def spent(self) -> list[Spent]:
        """Seconds of each kind of work for each module."""
        return shared_out(self._ticks, self._seconds)


def _works_of(step: Step, node: Node) -> tuple[Work, ...]:
    """What the time of a value is spent on."""
    region, module = node.space.region, node.position.module
    if node.traits.delivers:
        names = [step.connections[connection].name for _arg, connection, _channel in signals(node)]
        return tuple(Work("delivery", name) for name in names)
    if node.space.synapses is not None or node.traits.collects:
        synapses = node.space.synapses or step.nodes[node.args[0]].space.synapses
        name = module if synapses is None else step.connections[synapses.connection].name
        return (Work("synapses", name),)
    if node.traits.stage in _KINDS:
        return (Work(_KINDS[node.traits.stage], module),)
    if node.traits.from_past:
        return (Work("histories", module),)
    return (Work("neurons", step.regions[region - 1] if region else module),)
