"""Poisson counts, on a processor.

In: memory, rows of means, the step number, the random key.  Out: counts.  The functions are never called from here:
their source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cpu.emitter import CpuEmitter, calling
from numbadyn.lowering.stages.draw import DrawStage

__all__ = ["EMITTER"]


def draw(rows, step, key0, key1, R):
    for r in range(rows.shape[0]):
        row = rows[r]
        begin = slot_of(row, DRAW_MEAN_START, step)
        fill_poisson(
            R[row[DRAW_TARGET] : row[DRAW_TARGET] + row[DRAW_SIZE]],
            R[begin : begin + row[DRAW_MEAN_COUNT]],
            0,
            key0,
            key1,
            u32(step & 0xFFFFFFFF),
            u32(step >> 32),
            u32(row[DRAW_STREAM]),
        )
        if row[DRAW_MEAN_COUNT] > 1 or not (R[begin] >= 0.0 and R[begin] <= 1e9):
            counts = R[row[DRAW_TARGET] : row[DRAW_TARGET] + row[DRAW_SIZE]]
            for i in range(row[DRAW_SIZE]):
                counts[i] = select(counts[i] < 0.0, real(np.nan), counts[i])


EMITTER = CpuEmitter(
    call=calling("draw", "step", "key0", "key1", "R"),
    routines=(draw,),
    layouts=(DrawStage.layout,),
    elementary=("fill_poisson",),
)
