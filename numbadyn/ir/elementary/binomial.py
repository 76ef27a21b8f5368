"""Binomial numbers for arrays: the scalar definition, and the loops that compiled targets run over it.

In: an array for the counts, numbers of trials and chances, and the words that say whose draws these are.  Out: counts.
Must not know: populations, time steps or units.

The NumPy form of the loops is in :mod:`numbadyn.ir.elementary.binomial_arrays`; both give the same counts in both
precisions, since trials, chances and uniform numbers are float64 here.

Notes
-----
A chance above one half is that of the trials which fail, whose number is taken from that of all. Means below 16 use
inversion, with the uniform numbers of :mod:`numbadyn.ir.elementary.poisson` and their places in Philox blocks; higher
means use Hoermann's transformed rejection with squeeze, with the blocks of the attempts that are taken there.

References
----------
W. Hoermann, The generation of binomial random variates. Journal of Statistical Computation and Simulation 46 (1993)
101. https://doi.org/10.1080/00949659308811496
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from numbadyn.ir.elementary.exponential import exp
    from numbadyn.ir.elementary.logarithm import log, log1p
    from numbadyn.ir.elementary.philox import philox4x32
    from numbadyn.ir.elementary.poisson import poisson_uniforms
    from numbadyn.ir.elementary.vocabulary import (
        Real,
        Truth,
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
    "binomial_candidate",
    "binomial_count",
    "binomial_invert_common",
    "binomial_possible",
    "binomial_ratio",
    "fill_binomial",
    "log_factorial",
]


def log_factorial(k: Real) -> Real:
    """Logarithm of k!, k from 0 to 1e9, by Stirling's series at k + 9: to 1e-11, and to 4 units in the last place."""
    z = k + 9.0
    rising = ((k + 1.0) * (k + 2.0)) * ((k + 3.0) * (k + 4.0)) * (((k + 5.0) * (k + 6.0)) * ((k + 7.0) * (k + 8.0)))
    inverse = 1.0 / z
    square = inverse * inverse
    series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0))))
    return ((z - 0.5) * log(z) - z) + 0.9189385332046728 + series - log(rising)


def binomial_possible(n: Real, p: Real) -> Truth:
    """Whether there can be so many trials with such a chance."""
    return (n >= 0.0) & (n <= 1e9) & (floor(n) == n) & (p >= 0.0) & (p <= 1.0)


def binomial_ratio(n: Real, odds: Real, j: Real) -> Real:
    """How much more probable j + 1 successes are than j."""
    return (n - j) * odds * (1.0 / (j + 1.0))


def binomial_candidate(u: Real, v: Real, n: Real, p: Real) -> Real:
    """One attempt of transformed rejection, p at most one half: the count, or -1 if the attempt fails."""
    q = 1.0 - p
    spread = square_root(n * p * q)
    b = 1.15 + 2.53 * spread
    a = 0.0248 * b + 0.01 * p - 0.0873
    centred = u - 0.5
    us = 0.5 - abs(centred)
    k = floor((2.0 * a / us + b) * centred + n * p + 0.5)
    within = (k >= 0.0) & (k <= n)
    at_once = (us >= 0.07) & (v <= 0.92 - 4.2 / b)
    proposal = log(v * ((2.83 + 5.1 / b) * spread) / (a / (us * us) + b))
    mode = floor((n + 1.0) * p)
    # Outside of the possible counts the mode stands for them, so that nothing is made that is no number.
    near = select(within, k, mode)
    highest = log_factorial(mode) + log_factorial(n - mode)
    density = highest - (log_factorial(near) + log_factorial(n - near)) + (near - mode) * log(p / q)
    return select(within & (at_once | (proposal <= density)), k, -1.0)


def binomial_invert_common(u: Any, counts: Any, n: Real, p: Real) -> None:
    """Invert the distribution function for a group of elements of one kind, p at most one half."""
    odds = p / (1.0 - p)
    probability = exp(n * log1p(-p))
    cumulative = probability
    for i in range(256):
        counts[i] = 0
    for j in range(0, 128, 2):
        c0 = cumulative
        probability = probability * binomial_ratio(n, odds, f64(j))
        c1 = c0 + probability
        probability = probability * binomial_ratio(n, odds, f64(j + 1))
        cumulative = c1 + probability
        beyond = 0
        for i in range(256):
            counts[i] += (u[i] >= c0) + (u[i] >= c1)
            beyond += u[i] >= cumulative
        if beyond == 0:
            break


def binomial_count(
    n: Real, p: Real, element: int, key0: Word, key1: Word, step_low: Word, step_high: Word, stream: Word
) -> int:
    """The count of one element, as `fill_binomial` gives it."""
    if not binomial_possible(n, p):
        return -1
    rare = select(p > 0.5, 1.0 - p, p)
    count = -1.0
    if n * rare < 16.0:
        words = philox4x32(key0, key1, u32((element >> 8) * 128 + (element & 127)), step_low, step_high, stream)
        upper = (element & 128) != 0
        u = unit_interval(select(upper, words[2], words[0]), select(upper, words[3], words[1]))
        odds = rare / (1.0 - rare)
        probability = exp(n * log1p(-rare))
        cumulative = probability
        count = 0.0
        for j in range(128):
            if u < cumulative:
                break
            probability = probability * binomial_ratio(n, odds, f64(j))
            cumulative = cumulative + probability
            count = count + 1.0
        # Sums of probabilities may stay below one by a rounding.
        count = select(count > n, n, count)
    else:
        for attempt in range(1, 65536):
            high = u32(step_high ^ u32(attempt << 16))
            words = philox4x32(key0, key1, u32(element), step_low, high, stream)
            count = binomial_candidate(unit_interval(words[0], words[1]), unit_interval(words[2], words[3]), n, rare)
            if count >= 0.0:
                break
    return int(i64(select(p > 0.5, n - count, count)))


def fill_binomial(
    out: Any, n: Any, p: Any, first: int, key0: Word, key1: Word, step_low: Word, step_high: Word, stream: Word
) -> None:
    """Fill an array with binomial numbers.

    Parameters
    ----------
    out : array of shape (size,)
        Counts, of any number type that can hold them and -1.
    n, p : array of shape (size,) or (1,)
        Numbers of trials, and the chance that one succeeds. One value stands for all.
    first : int
        Number of the element that `out[0]` belongs to; elements are numbered from 0 for each stream.
    key0, key1, step_low, step_high, stream : uint32
        Key and counter, as for `random_word`. Steps must be smaller than 2^48.

    Notes
    -----
    A number of trials that is negative, not whole or above 1e9, and a chance beyond 0 and 1 give the count -1, for the
    caller to report.
    """
    each_n = 0 if n.size == 1 else 1
    each_p = 0 if p.size == 1 else 1
    trials, chance = f64(n[0]), f64(p[0])
    rare = select(chance > 0.5, 1.0 - chance, chance)
    if each_n + each_p == 0 and binomial_possible(trials, chance) and trials * rare < 16.0:
        u = np.empty(256)
        counts = np.empty(256, np.int64)
        done = 0
        while done < out.size:
            lane = (first + done) & 255
            length = min(256 - lane, out.size - done)
            target = out[done : done + length]
            drawn = counts[lane : lane + length]
            poisson_uniforms(u, (first + done) >> 8, key0, key1, step_low, step_high, stream)
            binomial_invert_common(u, counts, trials, rare)
            for i in range(length):
                count = select(drawn[i] > trials, trials, f64(drawn[i]))
                target[i] = select(chance > 0.5, trials - count, count)
            done += length
    else:
        for i in range(out.size):
            out[i] = binomial_count(
                f64(n[i * each_n]), f64(p[i * each_p]), first + i, key0, key1, step_low, step_high, stream
            )
