"""Loops that draw who is connected to whom, shared out among the threads of a GPU.

In: this thread's number, how many threads there are, sizes and the words of the random counter.  Out: counts, or
offsets and targets, written in place.  Must not know: rules, weights, or what starts the threads.

It is read as text: `compiled.py` puts the definitions of the random numbers in front of it and a kernel around each
phase.

Notes
-----
Draws are those of `cpu/structure_kernels.py`, number by number: draw k of row or column i is ``uniform(key, element=i,
step=k, stream)``. Where the length of a row is drawn, the same phase runs twice: with ``fill = 0`` it only counts.
Synapses that many threads add to one row come in any order; the row is sorted afterwards, and equal targets cannot be
told apart, so the bits are the same whatever the order was.
"""

from typing import TYPE_CHECKING, Any

from numba import njit

from numbadyn.codegen.cuda.kernels import phase
from numbadyn.codegen.intrinsics import atomic_add

if TYPE_CHECKING:
    from numbadyn.ir.elementary.draws import uniform
    from numbadyn.ir.elementary.logarithm import log
    from numbadyn.ir.elementary.vocabulary import f64, u32

routine = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

SHORT_ROW = 16  # up to this length, insertion sort is quickest


# ---- rows whose length is drawn --------------------------------------------------------------------------------------


@routine
def distance(scale: Any, element: Any, k: Any, key0: Any, key1: Any, stream: Any) -> Any:
    """Distance to the next synapse of a row, not rounded: exponentially distributed."""
    return log(1.0 - uniform(key0, key1, u32(element), u32(k), u32(k >> 32), stream)) * scale


@phase
def draw_with_probability(
    thread: Any,
    threads: Any,
    fill: Any,
    offsets: Any,
    targets: Any,
    n_post: Any,
    skip_self: Any,
    scale: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """Count the synapses of row i in ``offsets[i + 1]``, or write them from ``offsets[i]`` on: geometric skips."""
    choices = n_post - skip_self
    for i in range(thread, offsets.size - 1, threads):
        begin = offsets[i] if fill else 0
        last = -1
        count = 0
        while True:
            skipped = distance(scale, i, count, key0, key1, stream)
            if skipped >= choices - 1 - last:
                break
            last += 1 + int(skipped)
            if fill:
                targets[begin + count] = last + 1 if skip_self and last >= i else last
            count += 1
        if not fill:
            offsets[i + 1] = count


@phase
def draw_poisson(
    thread: Any,
    threads: Any,
    fill: Any,
    offsets: Any,
    targets: Any,
    n_post: Any,
    skip_self: Any,
    scale: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """Count the synapses of row i in ``offsets[i + 1]``, or write them: points of a Poisson process."""
    choices = n_post - skip_self
    for i in range(thread, offsets.size - 1, threads):
        begin = offsets[i] if fill else 0
        pair = 0
        fraction = 0.0
        count = 0
        while True:
            fraction += distance(scale, i, count, key0, key1, stream)
            if fraction >= choices - pair:
                break
            whole = int(fraction)
            pair += whole
            fraction -= whole
            if fill:
                targets[begin + count] = pair + 1 if skip_self and pair >= i else pair
            count += 1
        if not fill:
            offsets[i + 1] = count


@phase
def draw_symmetric(
    thread: Any,
    threads: Any,
    fill: Any,
    heads: Any,
    targets: Any,
    n: Any,
    skip_self: Any,
    scale: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """Count in ``heads[i]`` the synapses of row i, or write them from there on; a pair is entered in both rows."""
    for i in range(thread, n, threads):
        last = i - 1 + skip_self
        drawn = 0
        while True:
            skipped = distance(scale, i, drawn, key0, key1, stream)
            if skipped >= n - 1 - last:
                break
            last += 1 + int(skipped)
            drawn += 1
            place = atomic_add(heads, i, 1)
            if fill:
                targets[place] = last
            if last != i:
                place = atomic_add(heads, last, 1)
                if fill:
                    targets[place] = i


# ---- fixed numbers of partners ---------------------------------------------------------------------------------------


@routine
def is_taken(pick: Any, k: Any, listed: Any, scratch: Any, worker: Any, workers: Any) -> Any:
    """Whether a candidate is among the first `k` of the subset: by looking through a list, or by its bit in a map."""
    if listed:
        found = False
        for earlier in range(k):
            found |= scratch[worker + earlier * workers] == pick
        return found
    return (scratch[worker + (pick >> 5) * workers] >> (pick & 31)) & 1 != 0


@routine
def take(pick: Any, k: Any, listed: Any, scratch: Any, worker: Any, workers: Any) -> None:
    """Remember that a candidate is member `k` of the subset."""
    if listed:
        scratch[worker + k * workers] = pick
    else:
        scratch[worker + (pick >> 5) * workers] |= u32(1 << (pick & 31))


@routine
def forget_all(choices: Any, listed: Any, scratch: Any, worker: Any, workers: Any) -> None:
    """Clear the map of a worker; a list needs no clearing."""
    if not listed:
        for word in range((choices + 31) >> 5):
            scratch[worker + word * workers] = u32(0)


@routine
def partner(
    k: Any,
    wanted: Any,
    choices: Any,
    owner: Any,
    skip_self: Any,
    multiple: Any,
    listed: Any,
    scratch: Any,
    worker: Any,
    workers: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> Any:
    """Draw partner `k` of one neuron, of `wanted` in all; a subset by Floyd's method."""
    drawn = uniform(key0, key1, u32(owner), u32(k), u32(k >> 32), stream)
    if multiple:
        pick = int(drawn * f64(choices))
    else:
        newest = choices - wanted + k
        pick = int(drawn * f64(newest + 1))
        if is_taken(pick, k, listed, scratch, worker, workers):
            pick = newest
        take(pick, k, listed, scratch, worker, workers)
    return pick + 1 if skip_self and pick >= owner else pick


@phase
def draw_columns(
    thread: Any,
    threads: Any,
    most_workers: Any,
    fill: Any,
    heads: Any,
    targets: Any,
    n_pre: Any,
    n_post: Any,
    wanted: Any,
    skip_self: Any,
    multiple: Any,
    listed: Any,
    scratch: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """Draw the partners of columns: count in ``heads[i]`` those of row i, or write them from there on."""
    workers = min(threads, most_workers)
    choices = n_pre - skip_self
    if thread < workers:
        for j in range(thread, n_post, workers):
            if not multiple:
                forget_all(choices, listed, scratch, thread, workers)
            for k in range(wanted):
                source = partner(
                    k, wanted, choices, j, skip_self, multiple, listed, scratch, thread, workers, key0, key1, stream
                )
                place = atomic_add(heads, source, 1)
                if fill:
                    targets[place] = j


@phase
def draw_rows(
    thread: Any,
    threads: Any,
    most_workers: Any,
    offsets: Any,
    targets: Any,
    n_post: Any,
    skip_self: Any,
    multiple: Any,
    listed: Any,
    scratch: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """Fill rows whose lengths are known, each with its own draws; they are not sorted yet."""
    workers = min(threads, most_workers)
    choices = n_post - skip_self
    if thread < workers:
        for i in range(thread, offsets.size - 1, workers):
            begin, wanted = offsets[i], offsets[i + 1] - offsets[i]
            if not multiple and wanted > 0:
                forget_all(choices, listed, scratch, thread, workers)
            for k in range(wanted):
                targets[begin + k] = partner(
                    k, wanted, choices, i, skip_self, multiple, listed, scratch, thread, workers, key0, key1, stream
                )


@phase
def spread_over_rows(
    thread: Any, threads: Any, counts: Any, n_pre: Any, number: Any, key0: Any, key1: Any, stream: Any
) -> None:
    """Draw the row of each of `number` synapses."""
    for s in range(thread, number, threads):
        place = uniform(key0, key1, u32(s), u32(s >> 32), u32(0), stream) * f64(n_pre)
        atomic_add(counts, int(place), 1)


# ---- without chance --------------------------------------------------------------------------------------------------


@phase
def all_pairs(thread: Any, threads: Any, targets: Any, number: Any, n_post: Any, skip_self: Any) -> None:
    """Write every pair, or every pair of different neurons."""
    width = n_post - skip_self
    for s in range(thread, number, threads):
        i = s // width
        j = s - i * width
        targets[s] = j + 1 if skip_self and j >= i else j


# ---- sorting ---------------------------------------------------------------------------------------------------------


@routine
def insertion_sort(values: Any, begin: Any, count: Any) -> None:
    """Sort ``values[begin : begin + count]`` in place."""
    for k in range(1, count):
        value = values[begin + k]
        gap = k
        while gap > 0 and values[begin + gap - 1] > value:
            values[begin + gap] = values[begin + gap - 1]
            gap -= 1
        values[begin + gap] = value


@routine
def sink(value: Any, root: Any, values: Any, begin: Any, count: Any) -> None:
    """Put a value where it belongs at or under `root` in a heap."""
    place = root
    child = 2 * place + 1
    while child < count:
        if child + 1 < count and values[begin + child + 1] > values[begin + child]:
            child += 1
        if values[begin + child] <= value:
            break
        values[begin + place] = values[begin + child]
        place = child
        child = 2 * place + 1
    values[begin + place] = value


@routine
def heap_sort(values: Any, begin: Any, count: Any) -> None:
    """Sort ``values[begin : begin + count]`` in place, without memory of its own."""
    for root in range(count // 2 - 1, -1, -1):
        sink(values[begin + root], root, values, begin, count)
    for end in range(count - 1, 0, -1):
        value = values[begin + end]
        values[begin + end] = values[begin]
        sink(value, 0, values, begin, end)


@phase
def sort_rows(thread: Any, threads: Any, offsets: Any, targets: Any) -> None:
    """Sort the targets of every row."""
    for i in range(thread, offsets.size - 1, threads):
        begin, count = offsets[i], offsets[i + 1] - offsets[i]
        if count <= SHORT_ROW:
            insertion_sort(targets, begin, count)
        else:
            heap_sort(targets, begin, count)
