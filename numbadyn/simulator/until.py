"""Runs that end when a condition holds: which program a simulator has in memory for them.

In: an assembled network, a condition or none.  Out: the machine of the program that looks at it, in the same state.
Must not know: how conditions are traced, targets.

A run without a condition has the program that it always had. The program with the last condition is kept beside it, so
that runs with and without take turns at the price of a copy of the states; another number in the condition is bound
like a parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import Step
from numbadyn.model.condition import same_condition, take_literals, trace_condition
from numbadyn.simulator.assembly import Assembly
from numbadyn.simulator.turns import TRACING

__all__ = ["begin_counts", "heed"]


def heed(simulator: Assembly, condition: Callable[[], Any] | None) -> None:
    """Take up the program that looks at a condition, or the one that looks at none.

    Parameters
    ----------
    simulator : Assembly
        Between two runs.
    condition : callable or None
        See `numbadyn.model.condition.trace_condition`.

    Raises
    ------
    ConditionError
        It is no condition.
    """
    wanted = None
    if condition is not None:
        with TRACING:
            wanted = trace_condition(simulator.step, simulator.network, condition)
    known = simulator._watched
    if wanted is None and known is None:
        return
    if wanted is not None and known is not None and _same(simulator, known, wanted):
        take_literals(known, wanted)
        return
    simulator._take_down()
    if "program" in vars(simulator):
        simulator._shelf[known is not None] = (known, vars(simulator).pop("program"))
    found, program = simulator._shelf.pop(wanted is not None, (None, None))
    if program is not None and (wanted is None or (found is not None and _same(simulator, found, wanted))):
        if wanted is not None and found is not None:
            take_literals(found, wanted)
            wanted = found
        vars(simulator)["program"] = program
    simulator._watched = wanted
    simulator.seconds.pop("compile", None)


def _same(simulator: Assembly, known: Step, wanted: Step) -> bool:
    return same_condition(known, wanted, len(simulator.step.nodes))


def begin_counts(simulator: Assembly) -> None:
    """Let what a condition counts begin at zero, and let it not hold before the first step."""
    own = range(len(simulator.step.states), len(simulator._stepped.states))
    for replica in simulator.machine.replicas:
        for index in own:
            spec = simulator._stepped.states[index]
            replica.write(index, np.zeros(spec.shape, dtype_of(spec.kind, simulator.precision)))
