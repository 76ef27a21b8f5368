"""Library routines of the CPU target: what every time loop calls besides the loops of its own model.

In: memory, tables of rows, the step number.  Out: memory.  These functions are never called from here: their source
text becomes a generated module of its own (see `routine_source`), which those of the models import by its name; since
that holds the hash of its content, the hash of theirs covers it.  Must not know: models.

Memory is five flat arrays: `R` reals, `I` integers, `B` Booleans as bytes, `E` event indices, `C` event counts.  Rows
are int64; their columns are named in `numbadyn.runtime.tables`, which fills them.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: E741, F821, SIM110 -- names and loops are those of the generated text

import inspect

from numbadyn.codegen.cpu.reduction_routines import REDUCTION_ROUTINES

__all__ = ["ROUTINES", "routine_names", "routine_source"]


def slot_start(offset, depth, lag, width, every, step):
    # a history's slot of `lag` windows ago; plain memory has depth 1
    return offset if depth == 1 else offset + ((step // every + depth - lag) % depth) * width


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
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if i64(events[u64(middle)]) < start:
            low = middle + 1
        else:
            high = middle
    first = low
    high = count
    while low < high:
        middle = (low + high) // 2
        if i64(events[u64(middle)]) < stop:
            low = middle + 1
        else:
            high = middle
    return first, low


def deliver_term(total, row, delay, delay_slot, step, R, B, E, C):
    n_delays = row[T_DELAYS]
    lag = row[T_LAG] + delay
    depth, width = row[T_DEPTH], row[T_WIDTH]
    ring = (step + depth - lag) % depth
    count = C[row[T_COUNTS] + ring]
    if count == 0:
        return
    begin = row[T_EVENTS] + ring * width
    events = E[begin : begin + count]
    first, last = 0, count
    if row[T_START] != 0 or row[T_STOP] != width:
        first, last = window(events, count, row[T_START], row[T_STOP])
    offsets = array_at(row[T_OFFSETS], i64(0))
    targets = array_at(row[T_TARGETS], u32(0))
    weights = array_at(row[T_WEIGHTS], REAL_ZERO)
    uniform = row[T_UNIFORM] != 0
    graded = row[T_GRADED] != 0
    start = row[T_START]
    values = row[T_VALUES] + ring * width
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
        total = R[row[0] : row[0] + row[1]]
        if row[2] != 0:
            for i in range(row[1]):
                total[u64(i)] -= total[u64(i)]  # zero, or NaN that stays until it is found
        for t in range(row[3], row[4]):
            term = terms[t]
            delays = array_at(term[T_DELAY_STEPS], i32(0))
            for slot in range(term[T_DELAYS]):
                deliver_term(total, term, i64(delays[slot]), slot, step, R, B, E, C)


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
        size = row[1]
        slot = step % row[5]
        begin = row[3] + slot * size
        events = E[begin : begin + size]
        source = row[0]
        if row[2] == KIND_BOOL:
            C[row[4] + slot] = compact_flags(B[source : source + size], size, events)
        elif row[2] == KIND_REAL:
            C[row[4] + slot] = compact_values(R[source : source + size], size, events)
        else:
            C[row[4] + slot] = compact_integers(I[source : source + size], size, events)


def pack(rows, step, B):
    # eight flags of one byte each become one byte: the product brings their lowest bits together
    for r in range(rows.shape[0]):
        row = rows[r]
        source, size = row[0], row[1]
        begin = slot_start(row[2], row[4], row[5], row[6], row[7], step)
        words = B[source : source + (size // 8) * 8].view(u64)
        for w in range(words.shape[0]):
            B[u64(begin + w)] = u8((words[u64(w)] * u64(0x0102040810204080)) >> u64(56))
        if size % 8:
            last = 0
            for k in range(size % 8):
                last |= i64(B[u64(source + 8 * words.shape[0] + k)] != 0) << k
            B[u64(begin + words.shape[0])] = u8(last)


def draw(rows, step, key0, key1, R):
    for r in range(rows.shape[0]):
        row = rows[r]
        begin = slot_start(row[2], row[4], row[5], row[6], row[7], step)
        fill_poisson(
            R[row[0] : row[0] + row[1]],
            R[begin : begin + row[3]],
            0,
            key0,
            key1,
            u32(step & 0xFFFFFFFF),
            u32(step >> 32),
            u32(row[8]),
        )
        if row[3] > 1 or not (R[begin] >= 0.0 and R[begin] <= 1e9):
            counts = R[row[0] : row[0] + row[1]]
            for i in range(row[1]):
                counts[i] = select(counts[i] < 0.0, real(np.nan), counts[i])


def play_trains(rows, step, B):
    for r in range(rows.shape[0]):
        row = rows[r]
        flags = B[row[0] : row[0] + row[1]]
        flags[:] = 0
        steps = array_at(row[2], i64(0))
        elements = array_at(row[3], i64(0))
        low, high = 0, row[4]
        while low < high:
            middle = (low + high) // 2
            if steps[middle] < step:
                low = middle + 1
            else:
                high = middle
        while low < row[4] and steps[low] == step:
            flags[elements[low]] = 1
            low += 1


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


#: In the order of their use; the first ones are small and inlined.
ROUTINES = (
    slot_start,
    add_row,
    add_weighted_row,
    add_graded_row,
    window,
    deliver_term,
    deliver,
    unpack_word,
    compact_flags,
    compact_values,
    compact_integers,
    compact,
    pack,
    draw,
    play_trains,
    spikes_fit,
    record_spikes,
    record_samples,
    first_bad,
)


def routine_names(draws: bool, reduces: bool = False) -> list[str]:
    """Names of all routines, for the modules that import them.

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
    return [function.__name__ for function in _chosen(draws, reduces)]


def _chosen(draws, reduces):
    routines = (*ROUTINES, *REDUCTION_ROUTINES) if reduces else ROUTINES
    return [function for function in routines if draws or function is not draw]


def routine_source(draws: bool, reduces: bool = False) -> str:
    """Source text of all routines, decorated.

    Parameters
    ----------
    draws, reduces : bool
        See `routine_names`.

    Returns
    -------
    str
    """
    return "\n\n".join("@routine\n" + inspect.getsource(function) for function in _chosen(draws, reduces))
