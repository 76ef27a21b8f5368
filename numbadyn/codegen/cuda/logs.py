"""Library routines of the CUDA target for what is recorded and checked.

In: a directory of memory and tables, the logs of one launch, the step number, this thread's number and how many threads
there are.  Out: logs.  The functions are never called from here: their source text becomes part of a library (see
`numbadyn.codegen.cuda.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: E741, F821 -- names and loops are those of the generated text

from numbadyn.codegen.log_layouts import SAMPLE_COLUMNS, SPIKE_COLUMNS
from numbadyn.lowering.layouts import Layout

__all__ = ["LOG_HEAD", "LOG_HELPERS", "LOG_ROUTINES", "SAMPLES", "SPIKES"]

LOG_HEAD = Layout("L", ("REACHED", "STATUS", "BAD", "SPIKES", "SAMPLES", "CHECKS", "FIRST", "SIZE"))
"""Places of `L` before its rows: the step reached, how the launch ended (0 done, 1 no room for spikes, 2 not finite),
the check that failed, numbers of rows, the step at which the launch began, the length of all this, behind which is that
of the next replica."""

SPIKES = Layout("SPIKES", (*SPIKE_COLUMNS, "EVEN", "ODD"))
"""Columns of a log of spikes; the last ones: how many there are before an even and before an odd step."""

SAMPLES = Layout("SAMPLES", SAMPLE_COLUMNS)
"""Columns of a log of samples."""


def samples_due(step, when, L):
    row = i64(L_COLUMNS) + L[L_SPIKES] * SPIKES_COLUMNS
    for _ in range(L[L_SAMPLES]):
        if (
            L[u64(row + SAMPLES_WHEN)] == when
            and L[u64(row + SAMPLES_DUE)] <= step
            and step < L[u64(row + SAMPLES_LAST)]
            and remainder(step - L[u64(row + SAMPLES_DUE)], L[u64(row + SAMPLES_EVERY)]) == 0
        ):
            return True
        row += SAMPLES_COLUMNS
    return False


def record_samples(thread, threads, step, when, D, L):
    R, I, B = array_at(D[D_R], REAL_ZERO), array_at(D[D_I], i64(0)), array_at(D[D_B], u8(0))
    row = i64(L_COLUMNS) + L[L_SPIKES] * SPIKES_COLUMNS - SAMPLES_COLUMNS
    for _ in range(L[L_SAMPLES]):
        row += SAMPLES_COLUMNS
        since, every = step - L[u64(row + SAMPLES_DUE)], L[u64(row + SAMPLES_EVERY)]
        if (
            L[u64(row + SAMPLES_WHEN)] != when
            or since < 0
            or step >= L[u64(row + SAMPLES_LAST)]
            or remainder(since, every) != 0
        ):
            continue
        # the samples of a launch stand from its first one on
        earlier = quotient(max(L[L_FIRST] - L[u64(row + SAMPLES_DUE)], 0) + every - 1, every)
        count, begin = L[u64(row + SAMPLES_COUNT)], L[u64(row + SAMPLES_PLACE)]
        elements = array_at(L[u64(row + SAMPLES_ELEMENTS)], i64(0))
        place = (quotient(since, every) - earlier) * count
        kind, values = L[u64(row + SAMPLES_KIND)], L[u64(row + SAMPLES_VALUES)]
        reals, integers, flags = array_at(values, REAL_ZERO), array_at(values, i64(0)), array_at(values, u8(0))
        for k in range(thread, count, threads):
            source = u64(begin + elements[u64(k)])
            if kind == KIND_REAL:
                reals[u64(place + k)] = R[source]
            elif kind == KIND_INT:
                integers[u64(place + k)] = I[source]
            else:
                flags[u64(place + k)] = B[source]


def spikes_fit(step, L, D):
    # whether the spikes of a step that is over fit and those of another one surely would
    C = array_at(D[D_C], i64(0))
    row = i64(L_COLUMNS)
    for _ in range(L[L_SPIKES]):
        used = L[u64(row + (SPIKES_EVEN if (step & 1) == 0 else SPIKES_ODD))]
        count = C[u64(L[u64(row + SPIKES_COUNTS)] + remainder(step, L[u64(row + SPIKES_DEPTH)]))]
        if used + count + L[u64(row + SPIKES_WIDTH)] > L[u64(row + SPIKES_ROOM)]:
            return False
        row += SPIKES_COLUMNS
    return True


def record_spikes(thread, threads, step, D, L):
    # the numbers of spikes before and after a step stand in two places, so that nobody has to wait in between
    E, C = array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    row = i64(L_COLUMNS)
    for _ in range(L[L_SPIKES]):
        slot = remainder(step, L[u64(row + SPIKES_DEPTH)])
        begin = L[u64(row + SPIKES_EVENTS)] + slot * L[u64(row + SPIKES_WIDTH)]
        count = C[u64(L[u64(row + SPIKES_COUNTS)] + slot)]
        even = (step & 1) == 0
        used = L[u64(row + (SPIKES_EVEN if even else SPIKES_ODD))]
        indices, steps = array_at(L[u64(row + SPIKES_INDICES)], u32(0)), array_at(L[u64(row + SPIKES_STEPS)], u32(0))
        since = u32(step - L[L_FIRST])
        for e in range(thread, count, threads):
            indices[u64(used + e)] = E[u64(begin + e)]
            steps[u64(used + e)] = since
        if thread == 0:
            L[u64(row + (SPIKES_ODD if even else SPIKES_EVEN))] = used + count
        row += SPIKES_COLUMNS


def mark_bad(thread, threads, D, L):
    R, W = array_at(D[D_R], REAL_ZERO), array_at(D[D_W], i64(0))
    row = i64(L_COLUMNS) + L[L_SPIKES] * SPIKES_COLUMNS + L[L_SAMPLES] * SAMPLES_COLUMNS
    for r in range(L[L_CHECKS]):
        begin = L[u64(row + CHECK_PLACE)]
        negative, positive = L[u64(row + CHECK_NEGATIVE)] != 0, L[u64(row + CHECK_POSITIVE)] != 0
        bad = False
        for i in range(thread, L[u64(row + CHECK_COUNT)], threads):
            value = R[u64(begin + i)]
            infinite = (positive & (value > REAL_ZERO)) | (negative & (value < REAL_ZERO))
            bad |= not ((value - value == REAL_ZERO) | infinite)
        if bad:
            W[u64(D[D_MARKS] + r)] = 1
        row += CHECK_COLUMNS


def first_bad(D, L):
    # the first check that has failed, or -1
    W = array_at(D[D_W], i64(0))
    for r in range(L[L_CHECKS]):
        if W[u64(D[D_MARKS] + r)] != 0:
            return r
    return -1


def write_outcome(step, status, bad, L, clock):
    L[L_REACHED], L[L_STATUS], L[L_BAD] = step, status, bad
    clock[0], clock[1] = step, status


def spikes_of(L, begin, r):
    # how many spikes stand in a log of the replica whose part begins there
    odd = L[u64(begin + L_REACHED)] & 1
    return L[u64(begin + L_COLUMNS + r * SPIKES_COLUMNS + (SPIKES_EVEN if odd == 0 else SPIKES_ODD))]


def gather_spikes(thread, threads, replica, L, packed):
    # those of all replicas one after the other, so that one copy brings them: steps above, indices below
    place, logs = i64(0), L[L_SPIKES]
    for other in range(replica):
        for r in range(logs):
            place += spikes_of(L, other * L[L_SIZE], r)
    begin = replica * L[L_SIZE]
    for r in range(logs):
        row = begin + L_COLUMNS + r * SPIKES_COLUMNS
        indices, steps = array_at(L[u64(row + SPIKES_INDICES)], u32(0)), array_at(L[u64(row + SPIKES_STEPS)], u32(0))
        used = spikes_of(L, begin, r)
        for e in range(thread, used, threads):
            packed[u64(place + e)] = (i64(steps[u64(e)]) << 32) | i64(indices[u64(e)])
        place += used


LOG_ROUTINES = (
    samples_due,
    record_samples,
    spikes_fit,
    record_spikes,
    mark_bad,
    first_bad,
    write_outcome,
    gather_spikes,
)
"""Those that kernels call."""

LOG_HELPERS = (spikes_of,)
"""Those that they call in turn."""
