"""Synaptic events on their way to sums, on a GPU.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
sums.  The functions are never called from here: their source text becomes part of a library (see
`numbadyn.codegen.cuda.routines`).  Must not know: models.

In the fast way a thread adds to a sum as it finds a synapse, whoever else does so too. In order, it puts what it
would add into a bin of the target, with a key that says where the CPU target would come to it; then each target adds
what is in its bin by ascending keys. `K` holds the bins, how many are in and their keys; `V` what is to be added. A
target whose bin was too small looks for itself in the row of each event instead.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine, either
from numbadyn.lowering.layouts import Layout
from numbadyn.lowering.stages.delivery import TERM, DeliveryStage

__all__ = ["EMITTER", "PAIR"]

PAIR = Layout("PAIR", (*TERM.columns, "SLOT", "SUM", "BIN", "TURN"))
"""Columns of a row for a term and one of its delays: those of the term, whose lag has the delay in it; number of the
delay, first place of the sums, their first bin, number of the pair among those of the sums."""

PLACE_BITS = 44
"""Bits of a key that say which synapse of a table; those above say which pair."""


def gather_term(total, target, term, step, D):
    # what the events of one term add to one target, in the order of the events, which is that of the other targets
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    E, C = array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    n_delays, depth, width = T[u64(term + TERM_DELAYS)], T[u64(term + TERM_DEPTH)], T[u64(term + TERM_WIDTH)]
    offsets = array_at(T[u64(term + TERM_OFFSETS)], i64(0))
    targets = array_at(T[u64(term + TERM_TARGETS)], u32(0))
    weights = array_at(T[u64(term + TERM_WEIGHTS)], REAL_ZERO)
    delays = array_at(T[u64(term + TERM_DELAY_STEPS)], i32(0))
    uniform, graded = T[u64(term + TERM_UNIFORM)] != 0, T[u64(term + TERM_GRADED)] != 0
    start, stop, lag = T[u64(term + TERM_START)], T[u64(term + TERM_STOP)], T[u64(term + TERM_LAG)]
    for slot in range(n_delays):
        ring = remainder(step + depth - (lag + i64(delays[u64(slot)])), depth)
        count = C[u64(T[u64(term + TERM_COUNTS)] + ring)]
        if count == 0:
            continue
        begin = T[u64(term + TERM_EVENTS)] + ring * width
        first = lower_bound(E, begin, begin + count, start) if start != 0 else begin
        last = lower_bound(E, begin, begin + count, stop) if stop != width else begin + count
        values = T[u64(term + TERM_VALUES)] + ring * width
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
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * DELIVERY_COLUMNS
        if T[u64(row + DELIVERY_CLEAR)] != 0:
            first, size = first_of(thread, threads, T[u64(row + DELIVERY_OWNER)]), T[u64(row + DELIVERY_SIZE)]
            for target in range(first, size, threads):
                place = u64(T[u64(row + DELIVERY_TARGET)] + target)
                R[place] -= R[place]  # zero, or NaN that stays until it is found


def put_into_bin(number, key, value, D):
    # the last threads to come find no room, but are counted
    K, V, room = array_at(D[D_K], i64(0)), array_at(D[D_V], REAL_ZERO), D[D_ROOM]
    place = atomic_add(K, number * (room + 1), 1)
    if place < room:
        K[u64(number * (room + 1) + 1 + place)] = key
        V[u64(number * room + place)] = value


def spread_events(ordered, mine, size, narrowest, pair, step, D):
    # what the events of one term add at one of its delays; the threads of a group share the events out, and where there
    # are more threads, those share the synapses of an event: so a burst is no longer way than its synapses make it
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    E, C = array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    depth = T[u64(pair + PAIR_DEPTH)]
    ring = remainder(step + depth - T[u64(pair + PAIR_LAG)], depth)
    count = C[u64(T[u64(pair + PAIR_COUNTS)] + ring)]
    if count == 0:
        return
    lanes = max(narrowest, quotient(size, count))
    worker, workers = quotient(mine, lanes), quotient(size, lanes)
    if worker >= min(workers, count):
        return
    lane = mine - worker * lanes
    width, n_delays, slot = T[u64(pair + PAIR_WIDTH)], T[u64(pair + PAIR_DELAYS)], T[u64(pair + PAIR_SLOT)]
    offsets = array_at(T[u64(pair + PAIR_OFFSETS)], i64(0))
    targets = array_at(T[u64(pair + PAIR_TARGETS)], u32(0))
    weights = array_at(T[u64(pair + PAIR_WEIGHTS)], REAL_ZERO)
    uniform, graded = T[u64(pair + PAIR_UNIFORM)] != 0, T[u64(pair + PAIR_GRADED)] != 0
    start, stop = T[u64(pair + PAIR_START)], T[u64(pair + PAIR_STOP)]
    sums = array_at(D[D_R] + T[u64(pair + PAIR_SUM)] * REAL_BYTES, REAL_ZERO)
    bins, turn = T[u64(pair + PAIR_BIN)], T[u64(pair + PAIR_TURN)]
    events = T[u64(pair + PAIR_EVENTS)] + ring * width
    values = T[u64(pair + PAIR_VALUES)] + ring * width
    for e in range(worker, count, workers):
        index = i64(E[u64(events + e)])
        if start <= index and index < stop:
            segment = u64((index - start) * n_delays + slot)
            factor = R[u64(values + index)] if graded else REAL_ONE
            low, high = i64(offsets[segment]), i64(offsets[segment + u64(1)])
            for place in range(low + lane, high, 4 * lanes):
                # four synapses are on their way from memory at once: no read passes an addition that came before it
                second, third = min(place + lanes, high - 1), min(place + 2 * lanes, high - 1)
                fourth = min(place + 3 * lanes, high - 1)
                targets_0, targets_1 = i64(targets[u64(place)]), i64(targets[u64(second)])
                targets_2, targets_3 = i64(targets[u64(third)]), i64(targets[u64(fourth)])
                weight_0 = weights[u64(0)] if uniform else weights[u64(place)]
                weight_1 = weight_0 if uniform else weights[u64(second)]
                weight_2 = weight_0 if uniform else weights[u64(third)]
                weight_3 = weight_0 if uniform else weights[u64(fourth)]
                add_one(ordered, sums, bins, turn, place, targets_0, weight_0 * factor, D)
                if place + lanes < high:
                    add_one(ordered, sums, bins, turn, second, targets_1, weight_1 * factor, D)
                if place + 2 * lanes < high:
                    add_one(ordered, sums, bins, turn, third, targets_2, weight_2 * factor, D)
                if place + 3 * lanes < high:
                    add_one(ordered, sums, bins, turn, fourth, targets_3, weight_3 * factor, D)


def add_one(ordered, sums, bins, turn, place, target, value, D):
    if ordered:
        put_into_bin(bins + target, turn << PLACE_BITS | place, value, D)
    else:
        atomic_add(sums, target, value)


def hand_out(ordered, thread, threads, step, D, entry):
    # every pair of a term and a delay has a group of threads of its own, as far as there are enough
    pairs = D[u64(entry + ENTRY_PAIRS)]
    T = array_at(D[D_T], i64(0))
    number, narrowest = max(1, T[u64(pairs)]), min(T[u64(pairs + 1)], threads)
    size = narrowest * max(1, quotient(threads, number * narrowest))
    group, groups = quotient(thread, size), quotient(threads, size)
    if group < groups:
        for p in range(group, T[u64(pairs)], groups):
            spread_events(ordered, thread - group * size, size, narrowest, pairs + 2 + p * PAIR_COLUMNS, step, D)


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
    bins, room = D[u64(entry + ENTRY_BINS)], D[D_ROOM]
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * DELIVERY_COLUMNS
        begin, size = T[u64(row + DELIVERY_TARGET)], T[u64(row + DELIVERY_SIZE)]
        for target in range(first_of(thread, threads, T[u64(row + DELIVERY_OWNER)]), size, threads):
            total = R[u64(begin + target)]
            if T[u64(row + DELIVERY_CLEAR)] != 0:
                total -= total
            head = u64((bins + target) * (room + 1))
            count = K[head]
            if count <= room:
                total = add_bins(total, bins + target, count, D)
            else:
                for k in range(T[u64(row + DELIVERY_FIRST_TERM)], T[u64(row + DELIVERY_LAST_TERM)]):
                    total = gather_term(total, target, D[D_TERMS] + k * TERM_COLUMNS, step, D)
            K[head] = 0
            R[u64(begin + target)] = total
        bins += T[u64(row + DELIVERY_SIZE)]


EMITTER = CudaEmitter(
    calls=either(
        (
            Routine("clear_sums", writes=("cleared",)),
            Routine("deliver", reads=("events", "targets"), writes=("targets",)),
        ),
        (
            Routine("fill_bins", reads=("events",), writes=("bins",)),
            Routine("add_in_order", reads=("events", "targets", "bins"), writes=("targets", "bins"), own="targets"),
        ),
    ),
    inner=(gather_term, put_into_bin, add_one, spread_events, hand_out, add_bins),
    phases=(clear_sums, deliver, fill_bins, add_in_order),
    layouts=(DeliveryStage.layout, TERM, PAIR),
    constants=(f"PLACE_BITS = {PLACE_BITS}",),
)
