"""Poisson counts, on a GPU.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
counts.  The functions are never called from here: their source text becomes part of a library (see
`numbadyn.codegen.cuda.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine, always
from numbadyn.lowering.stages.draw import DrawStage

__all__ = ["EMITTER"]


def draw(thread, threads, step, D, entry):
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    low, high = u32(step & 0xFFFFFFFF), u32(step >> 32)
    key0, key1 = u32(D[D_KEY0]), u32(D[D_KEY1])
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * DRAW_COLUMNS
        begin = slot_of(T, row + DRAW_MEAN_START, step)
        common = T[u64(row + DRAW_MEAN_COUNT)] == 1
        for i in range(first_of(thread, threads, T[u64(row + DRAW_OWNER)]), T[u64(row + DRAW_SIZE)], threads):
            rate = R[u64(begin)] if common else R[u64(begin + i)]
            count = poisson_count(f64(rate), i, key0, key1, low, high, u32(T[u64(row + DRAW_STREAM)]))
            R[u64(T[u64(row + DRAW_TARGET)] + i)] = select(count < 0, real(np.nan), real(count))


EMITTER = CudaEmitter(
    calls=always(Routine("draw", reads=("sources",), writes=("targets",), own="targets")),
    phases=(draw,),
    layouts=(DrawStage.layout,),
    elementary=("poisson_count",),
    rare=True,
)
