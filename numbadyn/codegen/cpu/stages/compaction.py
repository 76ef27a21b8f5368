"""Lists of events, on a processor.

In: memory, rows of samples, the step number.  Out: events.  The functions are never called from here:
their source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: E741, F821 -- names and loops are those of the generated text

from numbadyn.codegen.cpu.emitter import CpuEmitter, calling
from numbadyn.lowering.stages.compaction import CompactionStage

__all__ = ["EMITTER"]


def unpack_word(word, base, events, count):
    for b in range(8):
        if (word >> u64(8 * b)) & u64(1):
            events[u64(count)] = u32(base + b)
            count += 1
    return count


def compact_flags(flags, size, events):
    # 32 flags are looked at together; spikes are rare
    count = 0
    words = flags[: (size // 8) * 8].view(u64)
    fours = words.shape[0] // 4
    for f in range(fours):
        w = u64(4 * f)
        if words[w] | words[w + u64(1)] | words[w + u64(2)] | words[w + u64(3)]:
            for k in range(4):
                word = words[w + u64(k)]
                if word != 0:
                    count = unpack_word(word, 32 * f + 8 * k, events, count)
    for w in range(4 * fours, words.shape[0]):
        if words[u64(w)] != 0:
            count = unpack_word(words[u64(w)], 8 * w, events, count)
    for i in range((size // 8) * 8, size):
        if flags[u64(i)] != 0:
            events[u64(count)] = u32(i)
            count += 1
    return count


def compact_values(values, size, events):
    count = 0
    for i in range(size):
        if values[u64(i)] != REAL_ZERO:
            events[u64(count)] = u32(i)
            count += 1
    return count


def compact_integers(values, size, events):
    count = 0
    for i in range(size):
        if values[u64(i)] != 0:
            events[u64(count)] = u32(i)
            count += 1
    return count


def compact(rows, step, R, I, B, E, C):
    for r in range(rows.shape[0]):
        row = rows[r]
        size = row[COMPACTION_SIZE]
        slot = step % row[COMPACTION_DEPTH]
        begin = row[COMPACTION_EVENTS] + slot * size
        events = E[begin : begin + size]
        source = row[COMPACTION_SOURCE]
        if row[COMPACTION_KIND] == KIND_BOOL:
            C[row[COMPACTION_COUNTS] + slot] = compact_flags(B[source : source + size], size, events)
        elif row[COMPACTION_KIND] == KIND_REAL:
            C[row[COMPACTION_COUNTS] + slot] = compact_values(R[source : source + size], size, events)
        else:
            C[row[COMPACTION_COUNTS] + slot] = compact_integers(I[source : source + size], size, events)


EMITTER = CpuEmitter(
    call=calling("compact", "step", "R", "I", "B", "E", "C"),
    routines=(unpack_word, compact_flags, compact_values, compact_integers, compact),
    layouts=(CompactionStage.layout,),
)
