"""Compiled loops that draw who is connected to whom, and bring synapses into order.

In: sizes, counts and the words of the random counter.  Out: offsets and targets, written in place.  Must not know:
rules, weights, units or files.

It is read as text: `compiled.py` puts the definitions of the random numbers in front of it, which is where `uniform`
and `log` come from.

Notes
-----
Draw k of row or column i is ``uniform(key, element=i, step=k, stream)`` with 53 random bits, so every row is
independent of all others. An integer below n is the integer part of n times that number.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from numbadyn.codegen.cpu.compiler import Direct

if TYPE_CHECKING:
    from numbadyn.ir.elementary.draws import uniform
    from numbadyn.ir.elementary.logarithm import log
    from numbadyn.ir.elementary.vocabulary import u32

kernel = njit(nogil=True, error_model="numpy", pipeline_class=Direct)

BLOCK = 256  # random numbers drawn at a time, in a loop that becomes SIMD
SHORT_ROW = 24  # below this length, insertion sort alone is quickest


@kernel
def fill_uniforms(out: Any, count: Any, element: Any, first: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Draw the numbers `first` to ``first + count - 1`` of an element."""
    for b in range(count):
        k = first + b
        out[b] = uniform(key0, key1, u32(element), u32(k), u32(k >> 32), stream)


@kernel
def fill_uniforms_of_elements(out: Any, count: Any, first: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Draw one number for each of the elements `first` to ``first + count - 1``."""
    for b in range(count):
        k = first + b
        out[b] = uniform(key0, key1, u32(k), u32(k >> 32), u32(0), stream)


@kernel
def fill_jumps(out: Any, count: Any, scale: Any, element: Any, first: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Draw geometrically distributed numbers of pairs without a synapse, before they are rounded down."""
    for b in range(count):
        k = first + b
        out[b] = log(1.0 - uniform(key0, key1, u32(element), u32(k), u32(k >> 32), stream)) * scale


@kernel
def draw_with_probability(
    offsets: Any,
    targets: Any,
    first_row: Any,
    n_post: Any,
    skip_self: Any,
    prob: Any,
    scale: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> Any:
    """Fill rows until all are full or `targets` is; give the first row that is not filled."""
    n_pre = offsets.size - 1
    choices = n_post - skip_self
    jumps = np.empty(BLOCK, np.float64)
    for i in range(first_row, n_pre):
        position = offsets[i]
        last = -1
        drawn = 0
        inside = True
        while inside:
            count = min(BLOCK, int((choices - 1 - last) * prob * 1.1) + 4)
            fill_jumps(jumps, count, scale, i, drawn, key0, key1, stream)
            drawn += count
            for b in range(count):
                if jumps[b] >= choices - 1 - last:
                    inside = False
                    break
                last += 1 + int(jumps[b])
                if position == targets.size:
                    return i
                targets[position] = last + 1 if skip_self and last >= i else last
                position += 1
        offsets[i + 1] = position
    return n_pre


@kernel
def draw_pairs(kept: Any, pre: Any, post: Any, chances: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Decide about some pairs, each by its own chance; a pair's number is the same in whatever company it is drawn."""
    for b in range(chances.size):
        kept[b] = uniform(key0, key1, u32(pre[b]), u32(post[b]), u32(0), stream) < chances[b]


@kernel
def draw_times(times: Any, pre: Any, post: Any, rates: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Draw an exponentially distributed time for some pairs, each with its own rate; numbered as in `draw_pairs`."""
    for b in range(rates.size):
        times[b] = -log(1.0 - uniform(key0, key1, u32(pre[b]), u32(post[b]), u32(0), stream)) / rates[b]


@kernel
def draw_poisson_rows(
    offsets: Any,
    targets: Any,
    first_row: Any,
    n_post: Any,
    skip_self: Any,
    mean: Any,
    scale: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> Any:
    """Fill rows with the points of a Poisson process until all are full or `targets` is; give the first that is not.

    A pair is an interval of length one, in which `mean` points are expected. The place of a point is kept as pair and
    fraction, so that long rows lose no digits.
    """
    n_pre = offsets.size - 1
    choices = n_post - skip_self
    jumps = np.empty(BLOCK, np.float64)
    for i in range(first_row, n_pre):
        position = offsets[i]
        pair = 0
        fraction = 0.0
        drawn = 0
        inside = True
        while inside:
            count = min(BLOCK, int((choices - pair) * mean * 1.1) + 4)
            fill_jumps(jumps, count, scale, i, drawn, key0, key1, stream)
            drawn += count
            for b in range(count):
                fraction += jumps[b]
                if fraction >= choices - pair:
                    inside = False
                    break
                whole = int(fraction)
                pair += whole
                fraction -= whole
                if position == targets.size:
                    return i
                targets[position] = pair + 1 if skip_self and pair >= i else pair
                position += 1
        offsets[i + 1] = position
    return n_pre


@kernel
def draw_symmetric(
    heads: Any, targets: Any, skip_self: Any, prob: Any, scale: Any, fill: Any, key0: Any, key1: Any, stream: Any
) -> None:
    """One pass over pairs: count the synapses of row i in ``heads[i + 1]``, or write row i from ``heads[i]`` on.

    Row i draws its partners from i on. By then the rows before have entered themselves in it, in ascending order, so
    every row ends up sorted.
    """
    n = heads.size - 1
    jumps = np.empty(BLOCK, np.float64)
    shift = 0 if fill else 1
    for i in range(n):
        last = i - 1 + skip_self
        drawn = 0
        inside = True
        while inside:
            count = min(BLOCK, int((n - 1 - last) * prob * 1.1) + 4)
            fill_jumps(jumps, count, scale, i, drawn, key0, key1, stream)
            drawn += count
            for b in range(count):
                if jumps[b] >= n - 1 - last:
                    inside = False
                    break
                last += 1 + int(jumps[b])
                if fill:
                    targets[heads[i]] = last
                heads[i + shift] += 1
                if last != i:
                    if fill:
                        targets[heads[last]] = i
                    heads[last + shift] += 1


@kernel
def choose(
    partners: Any,
    choices: Any,
    owner: Any,
    skip_self: Any,
    multiple: Any,
    mark: Any,
    draws: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """Draw the partners of one neuron, in no order; a subset by Floyd's method, which needs one draw for each.

    `mark` remembers which candidates belong to the subset of this owner: it holds the owner's number plus one.
    """
    wanted = partners.size
    own = u32(owner + 1)
    for begin in range(0, wanted, BLOCK):
        count = min(BLOCK, wanted - begin)
        fill_uniforms(draws, count, owner, begin, key0, key1, stream)
        for b in range(count):
            if multiple:
                pick = int(draws[b] * choices)
            else:
                newest = choices - wanted + begin + b
                pick = int(draws[b] * (newest + 1))
                if wanted <= SHORT_ROW:  # looking through the few partners is quicker than a far access to memory
                    candidate = pick + 1 if skip_self and pick >= owner else pick
                    taken = 0
                    for earlier in range(b):
                        taken |= partners[earlier] == candidate
                    pick = newest if taken else pick
                else:
                    pick = newest if mark[pick] == own else pick
                    mark[pick] = own
            partners[begin + b] = pick + 1 if skip_self and pick >= owner else pick


@kernel
def sort_row(row: Any, n: Any, scratch: Any, heads: Any) -> None:
    """Sort uniformly drawn numbers below `n`: about one for each bucket, then insertion."""
    count = row.size
    if count > SHORT_ROW:
        shift = 0
        while ((n - 1) >> shift) >= count:
            shift += 1
        buckets = ((n - 1) >> shift) + 1
        for b in range(buckets + 1):
            heads[b] = 0
        for k in range(count):
            scratch[k] = row[k]
            heads[(row[k] >> shift) + 1] += 1
        for b in range(buckets):
            heads[b + 1] += heads[b]
        for k in range(count):
            bucket = scratch[k] >> shift
            row[heads[bucket]] = scratch[k]
            heads[bucket] += 1
    for k in range(1, count):
        value = row[k]
        gap = k
        while gap > 0 and row[gap - 1] > value:
            row[gap] = row[gap - 1]
            gap -= 1
        row[gap] = value


@kernel
def draw_rows(
    offsets: Any,
    targets: Any,
    mark: Any,
    scratch: Any,
    heads: Any,
    n_post: Any,
    skip_self: Any,
    multiple: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """Fill rows whose lengths are known, each with its own draws.

    `mark` has a zero for each candidate, `scratch` room for the longest row, `heads` for one more.
    """
    draws = np.empty(BLOCK, np.float64)
    for i in range(offsets.size - 1):
        row = targets[offsets[i] : offsets[i + 1]]
        choose(row, n_post - skip_self, i, skip_self, multiple, mark, draws, key0, key1, stream)
        sort_row(row, n_post, scratch, heads)


@kernel
def count_sources(
    offsets: Any,
    mark: Any,
    partners: Any,
    n_post: Any,
    skip_self: Any,
    multiple: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """First pass over columns: how many synapses each presynaptic neuron gets, as offsets.

    `mark` has a zero for each candidate, `partners` room for those of one neuron.
    """
    n_pre = offsets.size - 1
    number = partners.size
    draws = np.empty(BLOCK, np.float64)
    for j in range(n_post):
        choose(partners, n_pre - skip_self, j, skip_self, multiple, mark, draws, key0, key1, stream)
        for k in range(number):
            offsets[partners[k] + 1] += 1
    for i in range(n_pre):
        offsets[i + 1] += offsets[i]


@kernel
def draw_columns(
    offsets: Any,
    targets: Any,
    mark: Any,
    partners: Any,
    n_post: Any,
    skip_self: Any,
    multiple: Any,
    key0: Any,
    key1: Any,
    stream: Any,
) -> None:
    """Second pass over columns: draw the same again and write it; ascending columns leave every row sorted."""
    n_pre = offsets.size - 1
    number = partners.size
    draws = np.empty(BLOCK, np.float64)
    for j in range(n_post):
        choose(partners, n_pre - skip_self, j, skip_self, multiple, mark, draws, key0, key1, stream)
        for k in range(number):
            source = partners[k]
            targets[offsets[source]] = j
            offsets[source] += 1
    # Every offset has moved to the end of its row, which is the start of the next one.
    for i in range(n_pre - 1, 0, -1):
        offsets[i] = offsets[i - 1]
    offsets[0] = 0


@kernel
def spread_over_rows(counts: Any, number: Any, choices: Any, multiple: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Draw how many of `number` synapses each row gets.

    Every draw names a pair: the row is its integer part, the column its fraction. Without multiple synapses a pair is
    refused with the probability that it is taken, which is known without the columns: the part of the row that is full.
    """
    draws = np.empty(BLOCK, np.float64)
    placed = 0
    drawn = 0
    while placed < number:
        count = min(BLOCK, number - placed)
        fill_uniforms_of_elements(draws, count, drawn, key0, key1, stream)
        drawn += count
        for b in range(count):
            place = draws[b] * counts.size
            i = int(place)
            if multiple or (place - i) * choices >= counts[i]:
                counts[i] += 1
                placed += 1


@kernel
def all_pairs(targets: Any, n_pre: Any, n_post: Any, skip_self: Any) -> None:
    """Write every pair, or every pair of different neurons."""
    position = 0
    for i in range(n_pre):
        for j in range(n_post):
            if not (skip_self and i == j):
                targets[position] = j
                position += 1


@kernel
def is_sorted(pre: Any, post: Any) -> Any:
    """Tell whether pairs are in canonical order."""
    wrong = 0
    for s in range(1, pre.size):
        wrong += pre[s] < pre[s - 1] or (pre[s] == pre[s - 1] and post[s] < post[s - 1])
    return wrong == 0


@kernel
def stable_order(keys: Any, previous: Any, order: Any, heads: Any) -> None:
    """Sort by counting: the order by `keys` of things already in the order `previous`; `heads` starts as zeros."""
    for s in range(keys.size):
        heads[keys[s] + 1] += 1
    for i in range(heads.size - 1):
        heads[i + 1] += heads[i]
    for s in range(keys.size):
        which = previous[s]
        key = keys[which]
        order[heads[key]] = which
        heads[key] += 1


@kernel
def look_up_pairs(out: Any, pairs: Any, offsets: Any, targets: Any, start: Any, row: Any) -> None:
    """Take one entry of a table of pairs for each of the synapses from `start` on, which is in `row`."""
    i = row
    for b in range(out.size):
        while offsets[i + 1] <= start + b:
            i += 1
        out[b] = pairs[i, targets[start + b]]


@kernel
def sort_rows_by_delay(
    offsets: Any,
    by_delay: Any,
    heads: Any,
    slots: Any,
    targets: Any,
    weights: Any,
    order: Any,
    old_targets: Any,
    old_weights: Any,
    old_order: Any,
) -> None:
    """Bring the synapses of each row into the order of their delays; equal delays keep their order.

    `weights` and `order` move along if they have an entry for each synapse. `heads` has one entry more than there are
    delays; the last three arrays have room for the longest row.
    """
    n_pre = offsets.size - 1
    n_delays = heads.size - 1
    move_weights = weights.size == targets.size
    move_order = order.size == targets.size
    for i in range(n_pre):
        start, count = offsets[i], offsets[i + 1] - offsets[i]
        heads[:] = 0
        for k in range(count):
            heads[slots[start + k] + 1] += 1
            old_targets[k] = targets[start + k]
            if move_weights:
                old_weights[k] = weights[start + k]
            if move_order:
                old_order[k] = order[start + k]
        heads[0] = start
        for d in range(n_delays):
            by_delay[i * n_delays + d] = heads[d]
            heads[d + 1] += heads[d]
        for k in range(count):
            at = heads[slots[start + k]]
            heads[slots[start + k]] += 1
            targets[at] = old_targets[k]
            if move_weights:
                weights[at] = old_weights[k]
            if move_order:
                order[at] = old_order[k]
    by_delay[n_pre * n_delays] = targets.size


@kernel
def join_rows(places: Any, joined: Any, offsets: Any, targets: Any, shift: Any) -> None:
    """Copy rows of targets, shifted, to where those of the joint rows go on: row i to ``places[i]``, which moves on."""
    for i in range(offsets.size - 1):
        first, last = offsets[i], offsets[i + 1]
        row = joined[places[i] : places[i] + last - first]
        own = targets[first:last]
        for k in range(last - first):
            row[k] = own[k] + u32(shift)
        places[i] += last - first
