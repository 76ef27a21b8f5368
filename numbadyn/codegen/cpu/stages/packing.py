"""Booleans that become bits of a history, on a processor.

In: memory, rows of samples, the step number.  Out: histories.  The functions are never called from here:
their source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cpu.emitter import CpuEmitter, calling
from numbadyn.lowering.stages.packing import PackingStage

__all__ = ["EMITTER"]


def pack(rows, step, B):
    # eight flags of one byte each become one byte: the product brings their lowest bits together
    for r in range(rows.shape[0]):
        row = rows[r]
        source, size = row[PACKING_SOURCE], row[PACKING_SIZE]
        begin = slot_of(row, PACKING_RING_START, step)
        words = B[source : source + (size // 8) * 8].view(u64)
        for w in range(words.shape[0]):
            B[u64(begin + w)] = u8((words[u64(w)] * u64(0x0102040810204080)) >> u64(56))
        if size % 8:
            last = 0
            for k in range(size % 8):
                last |= i64(B[u64(source + 8 * words.shape[0] + k)] != 0) << k
            B[u64(begin + words.shape[0])] = u8(last)


EMITTER = CpuEmitter(call=calling("pack", "step", "B"), routines=(pack,), layouts=(PackingStage.layout,))
