"""The table of emitters of the CUDA target, one for each kind of stages.

In: a `Program`.  Out: `EMITTERS`, and those whose routines its library holds.  Must not know: source text of loops.
"""

from __future__ import annotations

from numbadyn.codegen.cuda.emitter import CudaEmitter
from numbadyn.codegen.cuda.stages import compaction, delivery, draw, event_loop, loop, packing, reduction, train, trials
from numbadyn.lowering.program import Program
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

__all__ = ["EMITTERS", "library_emitters"]

EMITTERS: dict[type[Stage], CudaEmitter] = {
    DeliveryStage: delivery.EMITTER,
    CompactionStage: compaction.EMITTER,
    PackingStage: packing.EMITTER,
    DrawStage: draw.EMITTER,
    TrialsStage: trials.EMITTER,
    TrainStage: train.EMITTER,
    LoopStage: loop.EMITTER,
    ReductionStage: reduction.EMITTER,
    EventLoopStage: event_loop.EMITTER,
}
"""In the order of their routines in a library."""


def library_emitters(program: Program) -> list[CudaEmitter]:
    """Emitters whose routines the library of a program holds."""
    used = {type(stages[0]) for stages in program.schedule}
    return [emitter for kind, emitter in EMITTERS.items() if kind in used or not emitter.rare]
