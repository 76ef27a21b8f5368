"""Library routines of the CPU target for what is recorded and checked.

In: memory, rows of logs and checks, the step number.  Out: logs.  The functions are never called from here: their
source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: E741, F821, SIM110 -- names and loops are those of the generated text

__all__ = ["LOG_ROUTINES", "SHARED_LOG_ROUTINES"]


def spikes_fit(rows):
    for r in range(rows.shape[0]):
        if rows[r, 5] + rows[r, 4] > rows[r, 6]:
            return False
    return True


def record_spikes(rows, step, E, C):
    for r in range(rows.shape[0]):
        row = rows[r]
        slot = step % row[2]
        count = C[row[1] + slot]
        events = E[row[0] + slot * row[4] : row[0] + slot * row[4] + count]
        indices, steps = array_at(row[3], u32(0)), array_at(row[7], i64(0))
        used = row[5]
        start, stop = row[8], row[9]
        for e in range(count):
            index = i64(events[e])
            if start <= index and index < stop:
                indices[used] = u32(index - start)
                steps[used] = step
                used += 1
        row[5] = used


def record_samples(rows, step, when, R, I, B):
    for r in range(rows.shape[0]):
        row = rows[r]
        if row[0] != when or step != row[5] or step >= row[7]:
            continue
        count, begin = row[3], slot_start(row[2], row[11], 0, row[12], 1, step)
        elements = array_at(row[4], i64(0))
        place = row[10] * count
        if row[1] == KIND_REAL:
            reals = array_at(row[8], REAL_ZERO)
            bad = 0
            for k in range(count):
                value = R[u64(begin + elements[k])]
                reals[u64(place + k)] = value
                bad += value - value != REAL_ZERO
            row[9] += bad
        elif row[1] == KIND_INT:
            integers = array_at(row[8], i64(0))
            for k in range(count):
                integers[u64(place + k)] = I[u64(begin + elements[k])]
        else:
            flags = array_at(row[8], u8(0))
            for k in range(count):
                flags[u64(place + k)] = B[u64(begin + elements[k])]
        row[10] += 1
        row[5] += row[6]


def first_bad(rows, R):
    # the table's row of the first state or sum with a value that is not sound, or -1; infinities of some states are
    for r in range(rows.shape[0]):
        values = R[rows[r, 0] : rows[r, 0] + rows[r, 1]]
        negative, positive = rows[r, 2] != 0, rows[r, 3] != 0
        bad = 0
        for i in range(values.shape[0]):
            value = values[u64(i)]
            infinite = (positive & (value > REAL_ZERO)) | (negative & (value < REAL_ZERO))
            bad += not ((value - value == REAL_ZERO) | infinite)
        if bad:
            return r
    return -1


SHARED_LOG_ROUTINES = (record_spikes, record_samples, first_bad)
"""Those that are compiled once for all models."""

LOG_ROUTINES = (spikes_fit, *SHARED_LOG_ROUTINES)
