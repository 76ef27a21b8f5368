"""Synaptic events on their way to sums, on a processor.

In: memory, rows of sums and terms, the step number.  Out: sums.  The functions are never called from here:
their source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cpu.emitter import CpuEmitter, calling
from numbadyn.lowering.stages.delivery import TERM, DeliveryStage

__all__ = ["EMITTER"]


def add_row(total, targets, first, last, weight, ahead):
    # a cache line of targets at a time, and the same line of a later spike's row on its way
    k = first
    for _ in range((last - first) // 16):
        prefetch_read(targets, u64(ahead))
        for s in range(16):
            total[targets[u64(k + s)]] += weight
        k += 16
        ahead += 16
    prefetch_read(targets, u64(ahead))
    for j in range(k, last):
        total[targets[u64(j)]] += weight


def add_weighted_row(total, targets, weights, first, last, ahead):
    k = first
    for _ in range((last - first) // 16):
        prefetch_read(targets, u64(ahead))
        prefetch_read(weights, u64(ahead))
        prefetch_read(weights, u64(ahead + 8))
        for s in range(16):
            total[targets[u64(k + s)]] += weights[u64(k + s)]
        k += 16
        ahead += 16
    prefetch_read(targets, u64(ahead))
    prefetch_read(weights, u64(ahead))
    for j in range(k, last):
        total[targets[u64(j)]] += weights[u64(j)]


def add_graded_row(total, targets, weights, first, last, factor):
    for k in range(first, last):
        j = u64(k)
        total[targets[j]] += weights[j] * factor


def window(events, count, start, stop):
    # bounds of the events with start <= index < stop; events ascend
    first = lower_bound(events, 0, count, start)
    return first, lower_bound(events, first, count, stop)


def deliver_term(total, row, delay, delay_slot, step, R, B, E, C):
    n_delays = row[TERM_DELAYS]
    lag = row[TERM_LAG] + delay
    depth, width = row[TERM_DEPTH], row[TERM_WIDTH]
    ring = (step + depth - lag) % depth
    count = C[row[TERM_COUNTS] + ring]
    if count == 0:
        return
    begin = row[TERM_EVENTS] + ring * width
    events = E[begin : begin + count]
    first, last = 0, count
    if row[TERM_START] != 0 or row[TERM_STOP] != width:
        first, last = window(events, count, row[TERM_START], row[TERM_STOP])
    offsets = array_at(row[TERM_OFFSETS], i64(0))
    targets = array_at(row[TERM_TARGETS], u32(0))
    weights = array_at(row[TERM_WEIGHTS], REAL_ZERO)
    uniform = row[TERM_UNIFORM] != 0
    graded = row[TERM_GRADED] != 0
    start = row[TERM_START]
    values = row[TERM_VALUES] + ring * width
    for e in range(first, last):
        index = i64(events[u64(e)])
        segment = (index - start) * n_delays + delay_slot
        low, high = offsets[u64(segment)], offsets[u64(segment + 1)]
        ahead = low
        if e + 6 < last:
            prefetch_read(offsets, u64((i64(events[u64(e + 6)]) - start) * n_delays + delay_slot))
        if e + 2 < last:
            ahead = offsets[u64((i64(events[u64(e + 2)]) - start) * n_delays + delay_slot)]
        if graded:
            factor = R[u64(values + index)]
            if uniform:
                add_row(total, targets, low, high, weights[0] * factor, ahead)
            else:
                add_graded_row(total, targets, weights, low, high, factor)
        elif uniform:
            add_row(total, targets, low, high, weights[0], ahead)
        else:
            add_weighted_row(total, targets, weights, low, high, ahead)


def deliver(rows, terms, step, R, B, E, C):
    for r in range(rows.shape[0]):
        row = rows[r]
        total = R[row[DELIVERY_TARGET] : row[DELIVERY_TARGET] + row[DELIVERY_SIZE]]
        if row[DELIVERY_CLEAR] != 0:
            for i in range(row[DELIVERY_SIZE]):
                total[u64(i)] -= total[u64(i)]  # zero, or NaN that stays until it is found
        for t in range(row[DELIVERY_FIRST_TERM], row[DELIVERY_LAST_TERM]):
            term = terms[t]
            delays = array_at(term[TERM_DELAY_STEPS], i32(0))
            for slot in range(term[TERM_DELAYS]):
                deliver_term(total, term, i64(delays[slot]), slot, step, R, B, E, C)


EMITTER = CpuEmitter(
    call=calling("deliver", "terms", "step", "R", "B", "E", "C"),
    routines=(add_row, add_weighted_row, add_graded_row, window, deliver_term, deliver),
    layouts=(DeliveryStage.layout, TERM),
)
