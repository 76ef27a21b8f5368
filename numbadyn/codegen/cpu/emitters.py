"""The table of emitters of the CPU target, one for each kind of stages.

In: the emitters.  Out: `EMITTERS`.  Must not know: source text of loops.
"""

from __future__ import annotations

from numbadyn.codegen.cpu.emitter import CpuEmitter
from numbadyn.codegen.cpu.stages import compaction, delivery, draw, event_loop, loop, packing, reduction, train, trials
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

__all__ = ["EMITTERS"]

EMITTERS: dict[type[Stage], CpuEmitter] = {
    DeliveryStage: delivery.EMITTER,
    CompactionStage: compaction.EMITTER,
    PackingStage: packing.EMITTER,
    DrawStage: draw.EMITTER,
    TrialsStage: trials.EMITTER,
    TrainStage: train.EMITTER,
    EventLoopStage: event_loop.EMITTER,
    LoopStage: loop.EMITTER,
    ReductionStage: reduction.EMITTER,
}
"""In the order of their routines in a library."""
