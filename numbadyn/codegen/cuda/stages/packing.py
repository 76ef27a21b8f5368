"""Booleans that become bits of a history, on a GPU.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
histories.  The functions are never called from here: their source text becomes part of a library (see
`numbadyn.codegen.cuda.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine, always
from numbadyn.lowering.stages.packing import PackingStage

__all__ = ["EMITTER"]


def pack(thread, threads, step, D, entry):
    T, B = array_at(D[D_T], i64(0)), array_at(D[D_B], u8(0))
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * PACKING_COLUMNS
        source, size = T[u64(row + PACKING_SOURCE)], T[u64(row + PACKING_SIZE)]
        begin = slot_of(T, row + PACKING_RING_START, step)
        for byte in range(thread, (size + 7) // 8, threads):
            bits = i64(0)
            for k in range(min(8, size - 8 * byte)):
                bits |= i64(B[u64(source + 8 * byte + k)] != 0) << k
            B[u64(begin + byte)] = u8(bits)


EMITTER = CudaEmitter(
    calls=always(Routine("pack", reads=("sources",), writes=("targets",))),
    phases=(pack,),
    layouts=(PackingStage.layout,),
)
