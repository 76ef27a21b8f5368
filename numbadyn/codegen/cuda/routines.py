"""Library routines of the CUDA target: what every generated kernel calls besides the loops of its own model.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
memory.  These functions are never called from here: their source text becomes a generated module, which those of the
models import (see `routine_source`).  Must not know: models.

Memory is that of the CPU target (`numbadyn.codegen.cpu.routines`). `D` is the directory: the addresses of the flat
arrays, the key of random numbers, then four places for each entry of the schedule. All tables of whole numbers lie in
one array `T`, those of reals in `S`; a row of a table is named by its first place. `W` is scratch memory. `L` holds
the logs of one launch: a head, then the rows of spikes, of samples and of states to be checked. `K` and `V` are bins,
see `delivery_routines`.

A phase is called by every thread.  Inside a phase no thread reads what another one writes.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: E741, F821 -- names and loops are those of the generated text

import inspect

from numbadyn.codegen.cuda.delivery_routines import DELIVERY_PHASES, DELIVERY_ROUTINES, PAIR_COLUMNS, PLACE_BITS
from numbadyn.codegen.cuda.reduction_routines import REDUCTION_INNER, reduce_rows
from numbadyn.codegen.prelude import TERM_COLUMNS

__all__ = [
    "CHECK_COLUMNS",
    "DIRECTORY",
    "GROUP",
    "LOG_HEAD",
    "PHASES",
    "SAMPLE_COLUMNS",
    "SPIKE_COLUMNS",
    "WORKERS",
    "routine_names",
    "routine_source",
]

DIRECTORY = ("R", "I", "B", "E", "C", "T", "S", "W", "K", "V", "KEY0", "KEY1", "TERMS", "MARKS", "ROOM")
"""Places of `D` before those of the schedule, by name: addresses, the key, the place of the terms in `T`, the place of
the marks of failed checks in `W`, the room of a bin."""

LOG_HEAD = ("REACHED", "STATUS", "BAD", "SPIKES", "SAMPLES", "CHECKS", "FIRST")
"""Places of `L` before its rows: the step reached, how the launch ended (0 done, 1 no room for spikes, 2 not finite),
the check that failed, numbers of rows, the step at which the launch began."""

SPIKE_COLUMNS = ("EVENTS", "COUNTS", "DEPTH", "WIDTH", "ROOM", "INDICES", "STEPS", "EVEN", "ODD")
"""Columns of a log of spikes: place of the events and of their counts, slots, neurons, room, addresses of indices and
of steps, how many there are before an even and before an odd step."""

SAMPLE_COLUMNS = ("WHEN", "KIND", "PLACE", "COUNT", "ELEMENTS", "FIRST", "EVERY", "LAST", "VALUES")
"""Columns of a log of samples: 0 at the start of a step and 1 at its end, kind, place, elements and their address,
first step, steps between samples, last step, address of the values."""

CHECK_COLUMNS = ("PLACE", "COUNT", "NEGATIVE", "POSITIVE")
"""Columns of a check: place and number of elements of a state or sum, and which infinities are sound there."""

GROUP = 64
"""Threads whose counts are added up by one thread."""

WORKERS = GROUP * GROUP
"""Most threads that collect the events of one population in order."""


def slot_start(offset, depth, lag, width, every, step):
    # a history's slot of `lag` windows ago; plain memory has depth 1
    return offset if depth == 1 else offset + remainder(quotient(step, every) + depth - lag, depth) * width


def first_of(thread, threads, number):
    # the first element of a thread, where the one before all has a number
    first = thread - i64(u32(number) % u32(threads))
    return first + threads if first < 0 else first


def is_event(kind, place, D):
    if kind == KIND_BOOL:
        return array_at(D[D_B], u8(0))[u64(place)] != 0
    if kind == KIND_REAL:
        return array_at(D[D_R], REAL_ZERO)[u64(place)] != REAL_ZERO
    return array_at(D[D_I], i64(0))[u64(place)] != 0


def open_events(thread, threads, step, D, entry):
    # nothing has happened in this step so far
    T, C = array_at(D[D_T], i64(0)), array_at(D[D_C], i64(0))
    for r in range(thread, D[u64(entry + 1)], threads):
        row = D[u64(entry)] + r * 7
        C[u64(T[u64(row + 4)] + remainder(step, T[u64(row + 5)]))] = 0


def collect_events(thread, threads, step, D, entry):
    # in any order
    T, E, C = array_at(D[D_T], i64(0)), array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 7
        size, slot = T[u64(row + 1)], remainder(step, T[u64(row + 5)])
        begin = T[u64(row + 3)] + slot * size
        for i in range(first_of(thread, threads, T[u64(row + 6)]), size, threads):
            if is_event(T[u64(row + 2)], T[u64(row)] + i, D):
                E[u64(begin + atomic_add(C, T[u64(row + 4)] + slot, 1))] = u32(i)


def piece(worker, workers, size):
    # the elements of one worker: neighbours, so that events stay in order
    each = quotient(size + workers - 1, workers)
    return min(worker * each, size), min(worker * each + each, size)


def count_events(thread, threads, step, D, entry):
    T, W = array_at(D[D_T], i64(0)), array_at(D[D_W], i64(0))
    workers = min(threads, WORKERS)
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 7
        if thread < workers:
            first, last = piece(thread, workers, T[u64(row + 1)])
            count = i64(0)
            for i in range(first, last):
                count += is_event(T[u64(row + 2)], T[u64(row)] + i, D)
            W[u64(D[u64(entry + 2)] + r * (WORKERS + GROUP) + thread)] = count


def add_counts(thread, threads, step, D, entry):
    W = array_at(D[D_W], i64(0))
    workers = min(threads, WORKERS)
    for r in range(D[u64(entry + 1)]):
        begin = D[u64(entry + 2)] + r * (WORKERS + GROUP)
        for group in range(thread, GROUP, threads):
            count = i64(0)
            for k in range(group * GROUP, min(group * GROUP + GROUP, workers)):
                count += W[u64(begin + k)]
            W[u64(begin + WORKERS + group)] = count


def write_events(thread, threads, step, D, entry):
    T, W = array_at(D[D_T], i64(0)), array_at(D[D_W], i64(0))
    E, C = array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    workers = min(threads, WORKERS)
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 7
        if thread < workers:
            begin, group = D[u64(entry + 2)] + r * (WORKERS + GROUP), thread // GROUP
            size = T[u64(row + 1)]
            place = i64(0)
            for k in range(group):
                place += W[u64(begin + WORKERS + k)]
            for k in range(group * GROUP, thread):
                place += W[u64(begin + k)]
            slot = remainder(step, T[u64(row + 5)])
            if thread == workers - 1:
                C[u64(T[u64(row + 4)] + slot)] = place + W[u64(begin + thread)]
            place += T[u64(row + 3)] + slot * size
            first, last = piece(thread, workers, size)
            for i in range(first, last):
                if is_event(T[u64(row + 2)], T[u64(row)] + i, D):
                    E[u64(place)] = u32(i)
                    place += 1


def pack(thread, threads, step, D, entry):
    T, B = array_at(D[D_T], i64(0)), array_at(D[D_B], u8(0))
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 8
        source, size = T[u64(row)], T[u64(row + 1)]
        begin = slot_start(T[u64(row + 2)], T[u64(row + 4)], T[u64(row + 5)], T[u64(row + 6)], T[u64(row + 7)], step)
        for byte in range(thread, (size + 7) // 8, threads):
            bits = i64(0)
            for k in range(min(8, size - 8 * byte)):
                bits |= i64(B[u64(source + 8 * byte + k)] != 0) << k
            B[u64(begin + byte)] = u8(bits)


def draw(thread, threads, step, D, entry):
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    low, high = u32(step & 0xFFFFFFFF), u32(step >> 32)
    key0, key1 = u32(D[D_KEY0]), u32(D[D_KEY1])
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 10
        begin = slot_start(T[u64(row + 2)], T[u64(row + 4)], T[u64(row + 5)], T[u64(row + 6)], T[u64(row + 7)], step)
        common = T[u64(row + 3)] == 1
        for i in range(first_of(thread, threads, T[u64(row + 9)]), T[u64(row + 1)], threads):
            rate = R[u64(begin)] if common else R[u64(begin + i)]
            count = poisson_count(f64(rate), i, key0, key1, low, high, u32(T[u64(row + 8)]))
            R[u64(T[u64(row)] + i)] = select(count < 0, real(np.nan), real(count))


def play_trains(thread, threads, step, D, entry):
    # a thread clears and sets its own elements, so that nobody has to wait in between
    T, B = array_at(D[D_T], i64(0)), array_at(D[D_B], u8(0))
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 6
        flags, first = T[u64(row)], first_of(thread, threads, T[u64(row + 5)])
        for i in range(first, T[u64(row + 1)], threads):
            B[u64(flags + i)] = u8(0)
        steps, elements = array_at(T[u64(row + 2)], i64(0)), array_at(T[u64(row + 3)], i64(0))
        place = lower_bound(steps, 0, T[u64(row + 4)], step)
        while place < T[u64(row + 4)] and steps[u64(place)] == step:
            if remainder(elements[u64(place)], threads) == first:
                B[u64(flags + elements[u64(place)])] = u8(1)
            place += 1


def samples_due(step, when, L):
    row = i64(L_ROWS) + L[L_SPIKES] * SPIKE_ROW
    for _ in range(L[L_SAMPLES]):
        if (
            L[u64(row + A_WHEN)] == when
            and L[u64(row + A_FIRST)] <= step
            and step < L[u64(row + A_LAST)]
            and remainder(step - L[u64(row + A_FIRST)], L[u64(row + A_EVERY)]) == 0
        ):
            return True
        row += SAMPLE_ROW
    return False


def record_samples(thread, threads, step, when, D, L):
    R, I, B = array_at(D[D_R], REAL_ZERO), array_at(D[D_I], i64(0)), array_at(D[D_B], u8(0))
    row = i64(L_ROWS) + L[L_SPIKES] * SPIKE_ROW - SAMPLE_ROW
    for _ in range(L[L_SAMPLES]):
        row += SAMPLE_ROW
        since, every = step - L[u64(row + A_FIRST)], L[u64(row + A_EVERY)]
        if L[u64(row + A_WHEN)] != when or since < 0 or step >= L[u64(row + A_LAST)] or remainder(since, every) != 0:
            continue
        # the samples of a launch stand from its first one on
        earlier = quotient(max(L[L_FIRST] - L[u64(row + A_FIRST)], 0) + every - 1, every)
        count, begin = L[u64(row + A_COUNT)], L[u64(row + A_PLACE)]
        elements = array_at(L[u64(row + A_ELEMENTS)], i64(0))
        place = (quotient(since, every) - earlier) * count
        kind, values = L[u64(row + A_KIND)], L[u64(row + A_VALUES)]
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
    row = i64(L_ROWS)
    for _ in range(L[L_SPIKES]):
        used = L[u64(row + (P_EVEN if (step & 1) == 0 else P_ODD))]
        count = C[u64(L[u64(row + P_COUNTS)] + remainder(step, L[u64(row + P_DEPTH)]))]
        if used + count + L[u64(row + P_WIDTH)] > L[u64(row + P_ROOM)]:
            return False
        row += SPIKE_ROW
    return True


def record_spikes(thread, threads, step, D, L):
    # the numbers of spikes before and after a step stand in two places, so that nobody has to wait in between
    E, C = array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    row = i64(L_ROWS)
    for _ in range(L[L_SPIKES]):
        slot = remainder(step, L[u64(row + P_DEPTH)])
        begin = L[u64(row + P_EVENTS)] + slot * L[u64(row + P_WIDTH)]
        count = C[u64(L[u64(row + P_COUNTS)] + slot)]
        even = (step & 1) == 0
        used = L[u64(row + (P_EVEN if even else P_ODD))]
        indices, steps = array_at(L[u64(row + P_INDICES)], u32(0)), array_at(L[u64(row + P_STEPS)], u32(0))
        since = u32(step - L[L_FIRST])
        for e in range(thread, count, threads):
            indices[u64(used + e)] = E[u64(begin + e)]
            steps[u64(used + e)] = since
        if thread == 0:
            L[u64(row + (P_ODD if even else P_EVEN))] = used + count
        row += SPIKE_ROW


def mark_bad(thread, threads, D, L):
    R, W = array_at(D[D_R], REAL_ZERO), array_at(D[D_W], i64(0))
    row = i64(L_ROWS) + L[L_SPIKES] * SPIKE_ROW + L[L_SAMPLES] * SAMPLE_ROW
    for r in range(L[L_CHECKS]):
        begin = L[u64(row + N_PLACE)]
        negative, positive = L[u64(row + N_NEGATIVE)] != 0, L[u64(row + N_POSITIVE)] != 0
        bad = False
        for i in range(thread, L[u64(row + N_COUNT)], threads):
            value = R[u64(begin + i)]
            infinite = (positive & (value > REAL_ZERO)) | (negative & (value < REAL_ZERO))
            bad |= not ((value - value == REAL_ZERO) | infinite)
        if bad:
            W[u64(D[D_MARKS] + r)] = 1
        row += CHECK_ROW


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


INNER = (*DELIVERY_ROUTINES, slot_start, first_of, is_event, piece)

PHASES = (
    *DELIVERY_PHASES,
    open_events,
    collect_events,
    count_events,
    add_counts,
    write_events,
    pack,
    draw,
    play_trains,
    samples_due,
    record_samples,
    spikes_fit,
    record_spikes,
    mark_bad,
    first_bad,
    write_outcome,
)


def routine_names(draws: bool, reduces: bool = False) -> list[str]:
    """Names of the phases, for the modules that import them.

    Parameters
    ----------
    draws : bool
        Whether Poisson counts are drawn, by a routine that takes long to compile.
    reduces : bool
        Whether there are reductions.

    Returns
    -------
    list of str
    """
    phases = (*PHASES, reduce_rows) if reduces else PHASES
    return [function.__name__ for function in phases if draws or function is not draw]


_PREFIXES = {"D": DIRECTORY, "L": LOG_HEAD, "P": SPIKE_COLUMNS, "A": SAMPLE_COLUMNS, "N": CHECK_COLUMNS}


def _numbered(prefix: str, names: tuple[str, ...], first: int = 0) -> str:
    return "\n".join(f"{prefix}_{name} = {number}" for number, name in enumerate(names, first))


def routine_source(draws: bool, reduces: bool = False) -> str:
    """Source text of all routines, decorated, and of the names of places that they use.

    Parameters
    ----------
    draws, reduces : bool
        See `routine_names`.

    Returns
    -------
    str
    """
    widths = (len(LOG_HEAD), len(SPIKE_COLUMNS), len(SAMPLE_COLUMNS), len(CHECK_COLUMNS))
    places = [
        *(_numbered(prefix, names) for prefix, names in _PREFIXES.items()),
        _numbered("PAIR", (*PAIR_COLUMNS, "COLUMNS"), len(TERM_COLUMNS)),
        f"L_ROWS, SPIKE_ROW, SAMPLE_ROW, CHECK_ROW = {', '.join(map(str, widths))}",
        f"GROUP, WORKERS, PLACE_BITS = {GROUP}, {WORKERS}, {PLACE_BITS}",
    ]
    called = (*INNER, *REDUCTION_INNER) if reduces else INNER
    inner = ["@routine\n" + inspect.getsource(function) for function in called]
    chosen = set(routine_names(draws, reduces))
    known = [function for function in (*PHASES, reduce_rows) if function.__name__ in chosen]
    phases = ["@phase\n" + inspect.getsource(function) for function in known]
    return "\n\n".join(["\n".join(places) + "\n", *inner, *phases])
