"""Binomial counts, on a processor.

In: memory, rows of trials and chances, the step number, the random key.  Out: counts.  The functions are never called
from here: their source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cpu.emitter import CpuEmitter, calling
from numbadyn.lowering.stages.trials import TrialsStage

__all__ = ["EMITTER"]


def trials(rows, step, key0, key1, R):
    for r in range(rows.shape[0]):
        row = rows[r]
        number = slot_of(row, TRIALS_NUMBER_START, step)
        chance = slot_of(row, TRIALS_CHANCE_START, step)
        counts = R[row[TRIALS_TARGET] : row[TRIALS_TARGET] + row[TRIALS_SIZE]]
        fill_binomial(
            counts,
            R[number : number + row[TRIALS_NUMBER_COUNT]],
            R[chance : chance + row[TRIALS_CHANCE_COUNT]],
            0,
            key0,
            key1,
            u32(step & 0xFFFFFFFF),
            u32(step >> 32),
            u32(row[TRIALS_STREAM]),
        )
        for i in range(row[TRIALS_SIZE]):
            counts[i] = select(counts[i] < 0.0, real(np.nan), counts[i])


EMITTER = CpuEmitter(
    call=calling("trials", "step", "key0", "key1", "R"),
    routines=(trials,),
    layouts=(TrialsStage.layout,),
    elementary=("fill_binomial",),
)
