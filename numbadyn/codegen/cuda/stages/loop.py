"""Loops of a model, on a GPU; their text is made from kernels (see `numbadyn.codegen.cuda.source`).

In: nothing.  Out: how all threads call them.  Must not know: arrays.
"""

from __future__ import annotations

from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.loop import LoopStage

__all__ = ["EMITTER"]


def _calls(program: Program, loop: LoopStage, *, ordered: bool) -> tuple[Routine, ...]:
    """The function that runs a kernel over all its instances."""
    name = program.kernels[loop.kernel].name
    return (Routine(f"each_{name}", reads=("elements",), writes=("elements",), own="elements"),)


EMITTER = CudaEmitter(calls=_calls, timed=True)
