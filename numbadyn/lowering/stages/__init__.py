"""Kinds of stages, a file each: what they hold, what they read and write, their rows and their words.

In: nothing.  Out: `STAGES`, all kinds; `own_stage`.  Must not know: source text,
arrays of a run, which target runs them.
"""

from __future__ import annotations

from numbadyn.ir.nodes import Node
from numbadyn.lowering.stages.base import Stage
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage
from numbadyn.lowering.stages.draw import DrawStage
from numbadyn.lowering.stages.event_loop import EventLoopStage
from numbadyn.lowering.stages.loop import LoopStage
from numbadyn.lowering.stages.packing import PackingStage
from numbadyn.lowering.stages.reduction import ReductionStage
from numbadyn.lowering.stages.train import TrainStage
from numbadyn.lowering.stages.trials import TrialsStage

__all__ = ["STAGES", "own_stage"]

STAGES: tuple[type[Stage], ...] = (
    DeliveryStage,
    DrawStage,
    TrialsStage,
    TrainStage,
    EventLoopStage,
    LoopStage,
    CompactionStage,
    PackingStage,
    ReductionStage,
)
"""In the order in which those run that do not depend on each other."""

_NAMED = {kind.name: kind for kind in STAGES}


def own_stage(node: Node) -> type[Stage] | None:
    """Kind of the stage that a node has for itself; None where a loop computes it, or nobody."""
    kind = _NAMED.get(node.traits.stage)
    return None if kind in (LoopStage, EventLoopStage) else kind
