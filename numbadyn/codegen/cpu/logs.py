"""Library routines of the CPU target for what is recorded and checked.

In: memory, rows of logs and checks, the step number.  Out: logs.  The functions are never called from here: their
source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: E741, F821, SIM110 -- names and loops are those of the generated text

from numbadyn.codegen.log_layouts import SAMPLE_COLUMNS, SPIKE_COLUMNS
from numbadyn.lowering.layouts import Layout

__all__ = ["LOG_ROUTINES", "SAMPLES", "SHARED_LOG_ROUTINES", "SPIKES"]

SPIKES = Layout("SPIKES", (*SPIKE_COLUMNS, "USED", "START", "STOP"))
"""Columns of a log of spikes; the last ones: how many there are, and which elements are recorded."""

SAMPLES = Layout("SAMPLES", (*SAMPLE_COLUMNS, "USED", "BAD", "EVENTS", "COUNTS", "DEPTH", "WIDTH", "FIRST"))
"""Columns of a log of samples; the last ones: how many there are, how many of their values were not finite; and where
only those who spike are sampled the addresses of spikes (else 0) and of their counts, slots, neurons, and the first
element."""


def spikes_fit(rows):
    for r in range(rows.shape[0]):
        if rows[r, SPIKES_USED] + rows[r, SPIKES_WIDTH] > rows[r, SPIKES_ROOM]:
            return False
    return True


def record_spikes(rows, step, E, C):
    for r in range(rows.shape[0]):
        row = rows[r]
        slot = step % row[SPIKES_DEPTH]
        count = C[row[SPIKES_COUNTS] + slot]
        begin = row[SPIKES_EVENTS] + slot * row[SPIKES_WIDTH]
        events = E[begin : begin + count]
        indices, steps = array_at(row[SPIKES_INDICES], u32(0)), array_at(row[SPIKES_STEPS], i64(0))
        used = row[SPIKES_USED]
        start, stop = row[SPIKES_START], row[SPIKES_STOP]
        for e in range(count):
            index = i64(events[e])
            if start <= index and index < stop:
                indices[used] = u32(index - start)
                steps[used] = step
                used += 1
        row[SPIKES_USED] = used


def record_samples(rows, step, when, R, I, B):
    for r in range(rows.shape[0]):
        row = rows[r]
        if row[SAMPLES_WHEN] != when or step != row[SAMPLES_DUE] or step >= row[SAMPLES_LAST]:
            continue
        count, begin = row[SAMPLES_COUNT], row[SAMPLES_PLACE]
        elements = array_at(row[SAMPLES_ELEMENTS], i64(0))
        place = row[SAMPLES_USED] * count
        if row[SAMPLES_EVENTS] != 0:
            slot = step % row[SAMPLES_DEPTH]
            events = array_at(row[SAMPLES_EVENTS], u32(0))
            counts = array_at(row[SAMPLES_COUNTS], i64(0))
            reals = array_at(row[SAMPLES_VALUES], REAL_ZERO)
            for e in range(i64(counts[u64(slot)])):
                index = i64(events[u64(slot * row[SAMPLES_WIDTH] + e)]) - row[SAMPLES_FIRST]
                if index >= 0 and index < count:
                    reals[u64(place + index)] = R[u64(begin + row[SAMPLES_FIRST] + index)]
        elif row[SAMPLES_KIND] == KIND_REAL:
            reals = array_at(row[SAMPLES_VALUES], REAL_ZERO)
            bad = 0
            for k in range(count):
                value = R[u64(begin + elements[k])]
                reals[u64(place + k)] = value
                bad += value - value != REAL_ZERO
            row[SAMPLES_BAD] += bad
        elif row[SAMPLES_KIND] == KIND_INT:
            integers = array_at(row[SAMPLES_VALUES], i64(0))
            for k in range(count):
                integers[u64(place + k)] = I[u64(begin + elements[k])]
        else:
            flags = array_at(row[SAMPLES_VALUES], u8(0))
            for k in range(count):
                flags[u64(place + k)] = B[u64(begin + elements[k])]
        row[SAMPLES_USED] += 1
        row[SAMPLES_DUE] += row[SAMPLES_EVERY]


def first_bad(rows, R):
    # the table's row of the first state or sum with a value that is not sound, or -1; infinities of some states are.
    # Where loops count values that are not finite as they store them, there is nothing to find unless they have
    for r in range(rows.shape[0]):
        if rows[r, CHECK_DOUBTS] != 0 and array_at(rows[r, CHECK_DOUBTS], i64(0))[0] == 0:
            continue
        values = R[rows[r, CHECK_PLACE] : rows[r, CHECK_PLACE] + rows[r, CHECK_COUNT]]
        negative, positive = rows[r, CHECK_NEGATIVE] != 0, rows[r, CHECK_POSITIVE] != 0
        bad = 0
        for i in range(values.shape[0]):
            value = values[u64(i)]
            infinite = (positive & (value > REAL_ZERO)) | (negative & (value < REAL_ZERO))
            bad += not ((value - value == REAL_ZERO) | infinite)
        if bad:
            return r
    for r in range(rows.shape[0]):
        if rows[r, CHECK_DOUBTS] != 0:
            array_at(rows[r, CHECK_DOUBTS], i64(0))[0] = 0
    return -1


SHARED_LOG_ROUTINES = (record_spikes, record_samples, first_bad)
"""Those that are compiled once for all models."""

LOG_ROUTINES = (spikes_fit, *SHARED_LOG_ROUTINES)
