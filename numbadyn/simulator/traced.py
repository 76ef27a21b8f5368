"""The step of a network: traced and prepared, one network at a time.

In: a network whose states have been made.  Out: its prepared step.  Must not know: who runs it.
"""

from __future__ import annotations

from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.passes import Passes
from numbadyn.lowering.pipeline import prepare
from numbadyn.model.module import Module
from numbadyn.model.step import trace_step
from numbadyn.simulator.turns import TRACING

__all__ = ["trace_network"]


def trace_network(network: Module, context: BindContext, *, alone: bool, passes: Passes | None = None) -> Step:
    """The prepared step of a network whose states have been made."""
    do = Passes() if passes is None else passes
    with TRACING:
        with do.timing("run the updates once"):
            traced = trace_step(network, context, alone=alone)
        return prepare(traced, do)
