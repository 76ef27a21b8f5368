"""Lists of events, on a GPU.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
events.  The functions are never called from here: their source text becomes part of a library (see
`numbadyn.codegen.cuda.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine, either
from numbadyn.lowering.stages.compaction import CompactionStage

__all__ = ["EMITTER"]

GROUP = 64
"""Threads whose counts are added up by one thread."""

WORKERS = GROUP * GROUP
"""Most threads that collect the events of one population in order."""


def is_event(kind, place, D):
    if kind == KIND_BOOL:
        return array_at(D[D_B], u8(0))[u64(place)] != 0
    if kind == KIND_REAL:
        return array_at(D[D_R], REAL_ZERO)[u64(place)] != REAL_ZERO
    return array_at(D[D_I], i64(0))[u64(place)] != 0


def open_events(thread, threads, step, D, entry):
    # nothing has happened in this step so far
    T, C = array_at(D[D_T], i64(0)), array_at(D[D_C], i64(0))
    for r in range(thread, D[u64(entry + ENTRY_COUNT)], threads):
        row = D[u64(entry + ENTRY_ROWS)] + r * COMPACTION_COLUMNS
        C[u64(T[u64(row + COMPACTION_COUNTS)] + remainder(step, T[u64(row + COMPACTION_DEPTH)]))] = 0


def collect_events(thread, threads, step, D, entry):
    # in any order
    T, E, C = array_at(D[D_T], i64(0)), array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * COMPACTION_COLUMNS
        size, slot = T[u64(row + COMPACTION_SIZE)], remainder(step, T[u64(row + COMPACTION_DEPTH)])
        begin = T[u64(row + COMPACTION_EVENTS)] + slot * size
        for i in range(first_of(thread, threads, T[u64(row + COMPACTION_OWNER)]), size, threads):
            if is_event(T[u64(row + COMPACTION_KIND)], T[u64(row + COMPACTION_SOURCE)] + i, D):
                E[u64(begin + atomic_add(C, T[u64(row + COMPACTION_COUNTS)] + slot, 1))] = u32(i)


def piece(worker, workers, size):
    # the elements of one worker: neighbours, so that events stay in order
    each = quotient(size + workers - 1, workers)
    return min(worker * each, size), min(worker * each + each, size)


def count_events(thread, threads, step, D, entry):
    T, W = array_at(D[D_T], i64(0)), array_at(D[D_W], i64(0))
    workers = min(threads, WORKERS)
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * COMPACTION_COLUMNS
        if thread < workers:
            first, last = piece(thread, workers, T[u64(row + COMPACTION_SIZE)])
            count = i64(0)
            for i in range(first, last):
                count += is_event(T[u64(row + COMPACTION_KIND)], T[u64(row + COMPACTION_SOURCE)] + i, D)
            W[u64(D[u64(entry + ENTRY_SCRATCH)] + r * (WORKERS + GROUP) + thread)] = count


def add_counts(thread, threads, step, D, entry):
    W = array_at(D[D_W], i64(0))
    workers = min(threads, WORKERS)
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        begin = D[u64(entry + ENTRY_SCRATCH)] + r * (WORKERS + GROUP)
        for group in range(thread, GROUP, threads):
            count = i64(0)
            for k in range(group * GROUP, min(group * GROUP + GROUP, workers)):
                count += W[u64(begin + k)]
            W[u64(begin + WORKERS + group)] = count


def write_events(thread, threads, step, D, entry):
    T, W = array_at(D[D_T], i64(0)), array_at(D[D_W], i64(0))
    E, C = array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    workers = min(threads, WORKERS)
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * COMPACTION_COLUMNS
        if thread < workers:
            begin, group = D[u64(entry + ENTRY_SCRATCH)] + r * (WORKERS + GROUP), thread // GROUP
            size = T[u64(row + COMPACTION_SIZE)]
            place = i64(0)
            for k in range(group):
                place += W[u64(begin + WORKERS + k)]
            for k in range(group * GROUP, thread):
                place += W[u64(begin + k)]
            slot = remainder(step, T[u64(row + COMPACTION_DEPTH)])
            if thread == workers - 1:
                C[u64(T[u64(row + COMPACTION_COUNTS)] + slot)] = place + W[u64(begin + thread)]
            place += T[u64(row + COMPACTION_EVENTS)] + slot * size
            first, last = piece(thread, workers, size)
            for i in range(first, last):
                if is_event(T[u64(row + COMPACTION_KIND)], T[u64(row + COMPACTION_SOURCE)] + i, D):
                    E[u64(place)] = u32(i)
                    place += 1


EMITTER = CudaEmitter(
    calls=either(
        (
            Routine("open_events", writes=("events",)),
            Routine("collect_events", reads=("sources",), writes=("events",), own="sources"),
        ),
        (
            Routine("count_events", reads=("sources",), writes=("scratch",)),
            Routine("add_counts", reads=("scratch",), writes=("scratch",)),
            Routine("write_events", reads=("sources", "scratch"), writes=("events",)),
        ),
    ),
    inner=(is_event, piece),
    phases=(open_events, collect_events, count_events, add_counts, write_events),
    layouts=(CompactionStage.layout,),
    constants=(f"GROUP, WORKERS = {GROUP}, {WORKERS}",),
    scratch=WORKERS + GROUP,
)
