"""Binomial counts, on a GPU.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
counts.  The functions are never called from here: their source text becomes part of a library (see
`numbadyn.codegen.cuda.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine, always
from numbadyn.lowering.stages.trials import TrialsStage

__all__ = ["EMITTER"]


def trials(thread, threads, step, D, entry):
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    low, high = u32(step & 0xFFFFFFFF), u32(step >> 32)
    key0, key1 = u32(D[D_KEY0]), u32(D[D_KEY1])
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * TRIALS_COLUMNS
        number = slot_of(T, row + TRIALS_NUMBER_START, step)
        chance = slot_of(T, row + TRIALS_CHANCE_START, step)
        each_number = 0 if T[u64(row + TRIALS_NUMBER_COUNT)] == 1 else 1
        each_chance = 0 if T[u64(row + TRIALS_CHANCE_COUNT)] == 1 else 1
        for i in range(first_of(thread, threads, T[u64(row + TRIALS_OWNER)]), T[u64(row + TRIALS_SIZE)], threads):
            n, p = R[u64(number + i * each_number)], R[u64(chance + i * each_chance)]
            count = binomial_count(f64(n), f64(p), i, key0, key1, low, high, u32(T[u64(row + TRIALS_STREAM)]))
            R[u64(T[u64(row + TRIALS_TARGET)] + i)] = select(count < 0, real(np.nan), real(count))


EMITTER = CudaEmitter(
    calls=always(Routine("trials", reads=("sources",), writes=("targets",), own="targets")),
    phases=(trials,),
    layouts=(TrialsStage.layout,),
    elementary=("binomial_count",),
    rare=True,
)
