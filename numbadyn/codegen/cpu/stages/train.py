"""Given spikes, on a processor.

In: memory, rows of spike times, the step number.  Out: Booleans.  The functions are never called from here:
their source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cpu.emitter import CpuEmitter, calling
from numbadyn.lowering.stages.train import TrainStage

__all__ = ["EMITTER"]


def play_trains(rows, step, B):
    for r in range(rows.shape[0]):
        row = rows[r]
        flags = B[row[TRAIN_TARGET] : row[TRAIN_TARGET] + row[TRAIN_SIZE]]
        flags[:] = 0
        steps = array_at(row[TRAIN_STEPS], i64(0))
        elements = array_at(row[TRAIN_ELEMENTS], i64(0))
        place = lower_bound(steps, 0, row[TRAIN_COUNT], step)
        while place < row[TRAIN_COUNT] and steps[place] == step:
            flags[elements[place]] = 1
            place += 1


EMITTER = CpuEmitter(call=calling("play_trains", "step", "B"), routines=(play_trains,), layouts=(TrainStage.layout,))
