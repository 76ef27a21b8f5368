"""Library routines of the CUDA target: synaptic events on their way to the sums of their targets.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out: sums.
Like those of `routines`, they are never called from here.  Must not know: models.

In the fast way a thread adds to a sum as it finds a synapse, whoever else does so too. In order, it puts what it
would add into a bin of the target, with a key that says where the CPU target would come to it; then each target adds
what is in its bin by ascending keys. `K` holds the bins, how many are in and their keys; `V` what is to be added. A
target whose bin was too small looks for itself in the row of each event instead.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

__all__ = ["DELIVERY_PHASES", "DELIVERY_ROUTINES", "PLACE_BITS"]

PLACE_BITS = 44
"""Bits of a key that say which synapse of a table; those above say which table and which delay."""


def lower_bound(values, first, last, wanted):
    # where the first value not below the wanted one stands; values ascend
    low, high = i64(first), i64(last)
    while low < high:
        middle = (low + high) >> 1
        if i64(values[u64(middle)]) < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def gather_term(total, target, term, step, D):
    # what the events of one term add to one target, in the order of the events, which is that of the other targets
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    E, C = array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    n_delays, depth, width = T[u64(term + T_DELAYS)], T[u64(term + T_DEPTH)], T[u64(term + T_WIDTH)]
    offsets = array_at(T[u64(term + T_OFFSETS)], i64(0))
    targets = array_at(T[u64(term + T_TARGETS)], u32(0))
    weights = array_at(T[u64(term + T_WEIGHTS)], REAL_ZERO)
    delays = array_at(T[u64(term + T_DELAY_STEPS)], i32(0))
    uniform, graded = T[u64(term + T_UNIFORM)] != 0, T[u64(term + T_GRADED)] != 0
    start, stop, lag = T[u64(term + T_START)], T[u64(term + T_STOP)], T[u64(term + T_LAG)]
    for slot in range(n_delays):
        ring = (step + depth - (lag + i64(delays[u64(slot)]))) % depth
        count = C[u64(T[u64(term + T_COUNTS)] + ring)]
        if count == 0:
            continue
        begin = T[u64(term + T_EVENTS)] + ring * width
        first = lower_bound(E, begin, begin + count, start) if start != 0 else begin
        last = lower_bound(E, begin, begin + count, stop) if stop != width else begin + count
        values = T[u64(term + T_VALUES)] + ring * width
        for e in range(first, last):
            index = i64(E[u64(e)])
            segment = u64((index - start) * n_delays + slot)
            high = i64(offsets[segment + u64(1)])
            place = lower_bound(targets, offsets[segment], high, target)
            while place < high and i64(targets[u64(place)]) == target:
                weight = weights[u64(0)] if uniform else weights[u64(place)]
                total += weight * R[u64(values + index)] if graded else weight
                place += 1
    return total


def clear_sums(thread, threads, step, D, entry):
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 5
        if T[u64(row + 2)] != 0:
            for target in range(thread, T[u64(row + 1)], threads):
                R[u64(T[u64(row)] + target)] = REAL_ZERO


def put_into_bin(number, key, value, D):
    # the last threads to come find no room, but are counted
    K, V, room = array_at(D[D_K], i64(0)), array_at(D[D_V], REAL_ZERO), D[D_ROOM]
    place = atomic_add(K, number * (room + 1), 1)
    if place < room:
        K[u64(number * (room + 1) + 1 + place)] = key
        V[u64(number * room + place)] = value


def scatter_term(ordered, bins, turn, lane, lanes, worker, workers, before, begin, term, step, D):
    # a group of threads for each event, whose sums meet in any order.  Gives how many events there were
    # so far, so that those of the next slot go on with the groups that are still idle.
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    E, C = array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    n_delays, depth, width = T[u64(term + T_DELAYS)], T[u64(term + T_DEPTH)], T[u64(term + T_WIDTH)]
    offsets = array_at(T[u64(term + T_OFFSETS)], i64(0))
    targets = array_at(T[u64(term + T_TARGETS)], u32(0))
    weights = array_at(T[u64(term + T_WEIGHTS)], REAL_ZERO)
    delays = array_at(T[u64(term + T_DELAY_STEPS)], i32(0))
    uniform, graded = T[u64(term + T_UNIFORM)] != 0, T[u64(term + T_GRADED)] != 0
    start, stop, lag = T[u64(term + T_START)], T[u64(term + T_STOP)], T[u64(term + T_LAG)]
    sums = array_at(D[D_R] + begin * REAL_BYTES, REAL_ZERO)
    for slot in range(n_delays):
        ring = (step + depth - (lag + i64(delays[u64(slot)]))) % depth
        count = C[u64(T[u64(term + T_COUNTS)] + ring)]
        events = T[u64(term + T_EVENTS)] + ring * width
        values = T[u64(term + T_VALUES)] + ring * width
        for e in range((worker + workers - before % workers) % workers, count, workers):
            index = i64(E[u64(events + e)])
            if start <= index and index < stop:
                segment = u64((index - start) * n_delays + slot)
                factor = R[u64(values + index)] if graded else REAL_ONE
                for place in range(i64(offsets[segment]) + lane, i64(offsets[segment + u64(1)]), lanes):
                    weight = weights[u64(0)] if uniform else weights[u64(place)]
                    target = i64(targets[u64(place)])
                    if ordered:
                        put_into_bin(bins + target, (turn + slot) << PLACE_BITS | place, weight * factor, D)
                    else:
                        atomic_add(sums, target, weight * factor)
        before += count
    return before


def hand_out(ordered, thread, threads, step, D, entry):
    T = array_at(D[D_T], i64(0))
    lanes = min(32, threads)
    workers = threads // lanes
    before, bins = i64(0), D[u64(entry + 2)]
    if thread < workers * lanes:
        for r in range(D[u64(entry + 1)]):
            row = D[u64(entry)] + r * 5
            turn = i64(0)
            for k in range(T[u64(row + 3)], T[u64(row + 4)]):
                term = D[D_TERMS] + k * 15
                lane, worker = thread % lanes, thread // lanes
                before = scatter_term(
                    ordered, bins, turn, lane, lanes, worker, workers, before, T[u64(row)], term, step, D
                )
                turn += T[u64(term + T_DELAYS)]
            bins += T[u64(row + 1)]


def deliver(thread, threads, step, D, entry):
    hand_out(False, thread, threads, step, D, entry)


def fill_bins(thread, threads, step, D, entry):
    hand_out(True, thread, threads, step, D, entry)


def add_bins(total, number, count, D):
    # by ascending keys; there are few, so that none is moved
    K, V, room = array_at(D[D_K], i64(0)), array_at(D[D_V], REAL_ZERO), D[D_ROOM]
    last = i64(-1)
    for _ in range(count):
        lowest, place = i64(0x7FFFFFFFFFFFFFFF), i64(0)
        for k in range(count):
            key = K[u64(number * (room + 1) + 1 + k)]
            if last < key and key < lowest:
                lowest, place = key, i64(k)
        total += V[u64(number * room + place)]
        last = lowest
    return total


def add_in_order(thread, threads, step, D, entry):
    T, R, K = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO), array_at(D[D_K], i64(0))
    bins, room = D[u64(entry + 2)], D[D_ROOM]
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 5
        begin = T[u64(row)]
        for target in range(thread, T[u64(row + 1)], threads):
            total = REAL_ZERO if T[u64(row + 2)] != 0 else R[u64(begin + target)]
            head = u64((bins + target) * (room + 1))
            count = K[head]
            if count <= room:
                total = add_bins(total, bins + target, count, D)
            else:
                for k in range(T[u64(row + 3)], T[u64(row + 4)]):
                    total = gather_term(total, target, D[D_TERMS] + k * 15, step, D)
            K[head] = 0
            R[u64(begin + target)] = total
        bins += T[u64(row + 1)]


DELIVERY_ROUTINES = (lower_bound, gather_term, put_into_bin, scatter_term, hand_out, add_bins)

DELIVERY_PHASES = (clear_sums, deliver, fill_bins, add_in_order)
