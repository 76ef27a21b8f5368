"""Given spikes, on a GPU.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
Booleans.  The functions are never called from here: their source text becomes part of a library (see
`numbadyn.codegen.cuda.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine, always
from numbadyn.lowering.stages.train import TrainStage

__all__ = ["EMITTER"]


def play_trains(thread, threads, step, D, entry):
    # a thread clears and sets its own elements, so that nobody has to wait in between
    T, B = array_at(D[D_T], i64(0)), array_at(D[D_B], u8(0))
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * TRAIN_COLUMNS
        flags, first = T[u64(row + TRAIN_TARGET)], first_of(thread, threads, T[u64(row + TRAIN_OWNER)])
        for i in range(first, T[u64(row + TRAIN_SIZE)], threads):
            B[u64(flags + i)] = u8(0)
        steps, elements = array_at(T[u64(row + TRAIN_STEPS)], i64(0)), array_at(T[u64(row + TRAIN_ELEMENTS)], i64(0))
        place = lower_bound(steps, 0, T[u64(row + TRAIN_COUNT)], step)
        while place < T[u64(row + TRAIN_COUNT)] and steps[u64(place)] == step:
            if remainder(elements[u64(place)], threads) == first:
                B[u64(flags + elements[u64(place)])] = u8(1)
            place += 1


EMITTER = CudaEmitter(
    calls=always(Routine("play_trains", writes=("targets",), own="targets")),
    phases=(play_trains,),
    layouts=(TrainStage.layout,),
)
