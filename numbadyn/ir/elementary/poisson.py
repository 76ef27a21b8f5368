"""Poisson numbers for arrays: the scalar definition, and the loops that compiled targets run over it.

In: an array for the counts, rates (the mean counts), and the words that say whose draws these are.  Out: counts.  Must
not know: populations, time steps or units.

The NumPy form of the loops is in :mod:`numbadyn.ir.elementary.poisson_arrays`; both give the same counts in both
precisions, since rates and uniform numbers are float64 here.

Notes
-----
Rates below 16 use inversion: the count is the number of j with u >= P(X <= j), for a uniform number u of 53 bits. The
loop over j is outside and the loop over elements inside, where it vectorises; a uniform rate needs the probabilities
only once. A Philox block holds two such uniform numbers. Elements e and e + 128 of an aligned group of 256 share one,
so that storing them needs no shuffling: the counter's first word is 128 (e // 256) + e % 128.

Higher rates use Hoermann's transformed rejection with squeeze. Attempt a = 1, 2, ... of element e takes the block
with first word e and with a in the upper 16 bits of the third word, so that steps must stay below 2^48.

References
----------
W. Hoermann, The transformed rejection method for generating Poisson random variables. Insurance: Mathematics and
Economics 12 (1993) 39. https://doi.org/10.1016/0167-6687(93)90997-4
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from numbadyn.ir.elementary.exponential import exp
    from numbadyn.ir.elementary.logarithm import log
    from numbadyn.ir.elementary.philox import philox4x32
    from numbadyn.ir.elementary.vocabulary import (
        Real,
        Word,
        f64,
        floor,
        i64,
        select,
        square_root,
        u32,
        unit_interval,
    )

__all__ = [
    "fill_poisson",
    "poisson_candidate",
    "poisson_count",
    "poisson_invert_common",
    "poisson_invert_each",
    "poisson_reject",
    "poisson_uniforms",
]


def poisson_candidate(u: Real, v: Real, rate: Real) -> Real:
    """One attempt of transformed rejection: the count, or -1 if the attempt fails.

    Notes
    -----
    ln k! is Stirling's series at k + 9, minus the logarithm of the product (k + 1) ... (k + 8); its error is below
    1e-11.
    """
    b = 0.931 + 2.53 * square_root(rate)
    a = 0.02483 * b - 0.059
    centred = u - 0.5
    us = 0.5 - abs(centred)
    k = floor((2.0 * a / us + b) * centred + rate + 0.43)
    at_once = (us >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2.0))
    never = (k < 0.0) | ((us < 0.013) & (v > us))
    proposal = log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b))
    z = k + 9.0
    rising = ((k + 1.0) * (k + 2.0)) * ((k + 3.0) * (k + 4.0)) * (((k + 5.0) * (k + 6.0)) * ((k + 7.0) * (k + 8.0)))
    inverse = 1.0 / z
    square = inverse * inverse
    series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0))))
    log_factorial = ((z - 0.5) * log(z) - z) + 0.9189385332046728 + series - log(rising)
    density = (k * log(rate) - rate) - log_factorial
    # An infinite k in the thinnest tail makes density NaN, which accepts nothing.
    accepted = at_once | ((proposal <= density) & (k >= 0.0))
    return select(never, -1.0, select(accepted, k, -1.0))


def poisson_uniforms(u: Any, group: int, key0: Word, key1: Word, step_low: Word, step_high: Word, stream: Word) -> None:
    """Fill the uniform numbers of an aligned group of 256 elements."""
    for i in range(128):
        words = philox4x32(key0, key1, u32(group * 128 + i), step_low, step_high, stream)
        u[i] = unit_interval(words[0], words[1])
        u[i + 128] = unit_interval(words[2], words[3])


def poisson_invert_common(u: Any, counts: Any, rate: Real) -> None:
    """Invert the distribution function for a group of elements with one rate."""
    probability = exp(-rate)
    cumulative = probability
    for j in range(0, 128, 4):
        c0 = cumulative
        probability = probability * (rate * (1.0 / (j + 1)))
        c1 = c0 + probability
        probability = probability * (rate * (1.0 / (j + 2)))
        c2 = c1 + probability
        probability = probability * (rate * (1.0 / (j + 3)))
        c3 = c2 + probability
        probability = probability * (rate * (1.0 / (j + 4)))
        cumulative = c3 + probability
        beyond = 0
        if j == 0:
            for i in range(256):
                counts[i] = (u[i] >= c0) + (u[i] >= c1) + (u[i] >= c2) + (u[i] >= c3)
                beyond += u[i] >= cumulative
        else:
            for i in range(256):
                counts[i] += (u[i] >= c0) + (u[i] >= c1) + (u[i] >= c2) + (u[i] >= c3)
                beyond += u[i] >= cumulative
        if beyond == 0:
            break


def poisson_invert_each(u: Any, counts: Any, rates: Any, probability: Any, cumulative: Any) -> None:
    """Invert the distribution functions of a group of elements, each with its rate."""
    for i in range(256):
        probability[i] = exp(-rates[i])
        cumulative[i] = probability[i]
        counts[i] = 0
    for j in range(0, 128, 2):
        inverse1 = 1.0 / (j + 1)
        inverse2 = 1.0 / (j + 2)
        beyond = 0
        for i in range(256):
            c0 = cumulative[i]
            p1 = probability[i] * (rates[i] * inverse1)
            c1 = c0 + p1
            p2 = p1 * (rates[i] * inverse2)
            c2 = c1 + p2
            counts[i] += (u[i] >= c0) + (u[i] >= c1)
            beyond += u[i] >= c2
            probability[i] = p2
            cumulative[i] = c2
        if beyond == 0:
            break


def poisson_reject(
    counts: Any,
    candidates: Any,
    rates: Any,
    element: int,
    key0: Word,
    key1: Word,
    step_low: Word,
    step_high: Word,
    stream: Word,
) -> None:
    """Draw counts by rejection where the rate is 16 or more; `element` is the number of the first of the group."""
    for i in range(256):
        candidates[i] = select(rates[i] >= 16.0, -1.0, 0.0)
    for attempt in range(1, 65536):
        high = u32(step_high ^ u32(attempt << 16))
        waiting = 0
        # All elements of the group try again until the last has succeeded: cheaper than scalar code for the few.
        for i in range(256):
            words = philox4x32(key0, key1, u32(element + i), step_low, high, stream)
            u = unit_interval(words[0], words[1])
            v = unit_interval(words[2], words[3])
            k = poisson_candidate(u, v, rates[i])
            candidates[i] = select(candidates[i] < 0.0, k, candidates[i])
            waiting += candidates[i] < 0.0
        if waiting == 0:
            break
    for i in range(256):
        counts[i] = select(rates[i] >= 16.0, i64(candidates[i]), counts[i])


def poisson_count(
    rate: Real, element: int, key0: Word, key1: Word, step_low: Word, step_high: Word, stream: Word
) -> int:
    """The count of one element, as `fill_poisson` gives it: for targets on which each element has a thread."""
    if rate >= 0.0 and rate < 16.0:
        words = philox4x32(key0, key1, u32((element >> 8) * 128 + (element & 127)), step_low, step_high, stream)
        upper = (element & 128) != 0
        u = unit_interval(select(upper, words[2], words[0]), select(upper, words[3], words[1]))
        probability = exp(-rate)
        cumulative = probability
        for j in range(128):
            if u < cumulative:
                return j
            probability = probability * (rate * (1.0 / (j + 1)))
            cumulative = cumulative + probability
        return 128
    if rate >= 16.0 and rate <= 1e9:
        for attempt in range(1, 65536):
            high = u32(step_high ^ u32(attempt << 16))
            words = philox4x32(key0, key1, u32(element), step_low, high, stream)
            k = poisson_candidate(unit_interval(words[0], words[1]), unit_interval(words[2], words[3]), rate)
            if k >= 0.0:
                return int(i64(k))
    return -1


def fill_poisson(
    out: Any, rate: Any, first: int, key0: Word, key1: Word, step_low: Word, step_high: Word, stream: Word
) -> None:
    """Fill an array with Poisson numbers.

    Parameters
    ----------
    out : array of shape (n,)
        Counts, of any number type that can hold them and -1.
    rate : array of shape (n,) or (1,)
        Mean counts. One value stands for all.
    first : int
        Number of the element that `out[0]` belongs to; elements are numbered from 0 for each stream.
    key0, key1, step_low, step_high, stream : uint32
        Key and counter, as for `random_word`. Steps must be smaller than 2^48.

    Notes
    -----
    A rate that is negative, NaN or above 1e9 gives the count -1, for the caller to report.
    """
    work = np.empty((5, 256))
    u, rates, low_rates, probability, cumulative = work[0], work[1], work[2], work[3], work[4]
    counts = np.empty(256, np.int64)
    stride = 0 if rate.size == 1 else 1
    done = 0
    while done < out.size:
        lane = (first + done) & 255
        length = min(256 - lane, out.size - done)
        # Views, since an index that is a sum would be checked for its sign and keep the loops from vectorising.
        target = out[done : done + length]
        drawn = counts[lane : lane + length]
        poisson_uniforms(u, (first + done) >> 8, key0, key1, step_low, step_high, stream)
        if stride == 0 and rate[0] >= 0.0 and rate[0] < 16.0:
            poisson_invert_common(u, counts, f64(rate[0]))
            for i in range(length):
                target[i] = drawn[i]
        else:
            for i in range(256):
                rates[i] = 0.0
            used = rates[lane : lane + length]
            source = rate[done * stride :]
            for i in range(length):
                used[i] = source[i * stride]
            high = 0
            for i in range(256):
                # Inversion serves rate 0 in the place of those that it must not serve.
                low_rates[i] = select((rates[i] > 0.0) & (rates[i] < 16.0), rates[i], 0.0)
                high += rates[i] >= 16.0
                # What cannot be a rate comes out as -1.
                rates[i] = select((rates[i] >= 0.0) & (rates[i] <= 1e9), rates[i], -1.0)
            poisson_invert_each(u, counts, low_rates, probability, cumulative)
            if high > 0:
                poisson_reject(counts, probability, rates, first + done - lane, key0, key1, step_low, step_high, stream)
            for i in range(length):
                target[i] = select(used[i] < 0.0, -1, drawn[i])
        done += length
