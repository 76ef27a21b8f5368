"""The pass list: from a traced step to a program.

In: a `Step` and what is to be recorded.  Out: a `Program`.  Must not know: targets.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from numbadyn.ir.nodes import Step
from numbadyn.ir.verify import verify
from numbadyn.lowering.fusion import make_plan
from numbadyn.lowering.kernels import build_program
from numbadyn.lowering.program import Program
from numbadyn.lowering.simplify import simplify

__all__ = ["lower", "prepare"]


def prepare(step: Step) -> Step:
    """Verified and simplified step; what every target starts from, the interpreter too."""
    verify(step)
    simple = simplify(step)
    verify(simple)
    return simple


def lower(step: Step, probes: Iterable[int] = (), recorded: Iterable[int] = ()) -> Program:
    """Lower a prepared step.

    Parameters
    ----------
    step : Step
        From `prepare`.
    probes : iterable of int
        Nodes whose values are recorded.
    recorded : iterable of int
        Channels whose events are recorded.

    Returns
    -------
    Program
    """
    started = time.perf_counter()
    own = replace(step, nodes=list(step.nodes), channels=list(step.channels), writes=dict(step.writes))
    plan = make_plan(own, set(probes), set(recorded))
    planned = time.perf_counter()
    program = build_program(plan)
    program.notes = {"fuse loops": planned - started, "share kernels, plan memory": time.perf_counter() - planned}
    return program
