"""Draws in single precision have the distribution asked for: chances down to 1e-9, tails of the normal, large counts.

What is rare is looked for where it happens: a chance below 2^-24 needs the leading 24 bits to be zero, so these are
set, and the rest is drawn; or the words are counted out exactly.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from numbadyn.ir.elementary import numba_source, numpy_functions
from tests.compiled import compiled_module

BOTH = numpy_functions(32)
WORDS = st.integers(0, 2**32 - 1) | st.integers(0, 2**10) | st.integers(2**32 - 2**10, 2**32 - 1)
PARTS = ("unit_interval", "radial_interval", "centred_interval")
CHANCES = [1e-9, 3.3e-9, 1e-8, 2.5e-7, 1e-6, 1e-4, 0.1, 0.5, 0.9, 1 - 2**-24]
FALSE_ALARM = 1e-6


def exact(word0: int, word1: int) -> Fraction:
    """The 48 bits that a draw stands for."""
    return Fraction((word0 >> 8) * 2**24 + (word1 >> 8), 2**48)


@settings(max_examples=500)
@given(WORDS, WORDS)
def test_a_uniform_draw_is_rounded_down(word0: int, word1: int) -> None:
    u = BOTH["unit_interval"](np.uint32(word0), np.uint32(word1))
    assert u.dtype == np.float32
    assert Fraction(float(u)) <= exact(word0, word1) < Fraction(float(np.nextafter(u, np.float32(2))))
    assert 0 <= u < 1


@settings(max_examples=300)
@given(WORDS, WORDS, st.sampled_from(CHANCES))
def test_a_chance_is_decided_by_all_bits(word0: int, word1: int, chance: float) -> None:
    """Below a float32 in single precision exactly where it is below in exact arithmetic."""
    p = np.float32(chance)
    assert (BOTH["unit_interval"](np.uint32(word0), np.uint32(word1)) < p) == (exact(word0, word1) < Fraction(float(p)))


@pytest.mark.parametrize("chance", CHANCES)
def test_the_chance_is_right_to_a_millionth(chance: float) -> None:
    """Counted out: 48 equal bits below p are ceil(p 2^48) of 2^48, by the test above."""
    p = Fraction(float(np.float32(chance)))
    words = -(-p.numerator * 2**48 // p.denominator)
    assert abs(Fraction(words, 2**48) / Fraction(chance) - 1) < Fraction(4, 10**6)
    last, first = words - 1, words
    for number, below in ((last, True), (first, False)):
        pair = np.uint32((number >> 24) << 8), np.uint32((number & 0xFFFFFF) << 8)
        assert bool(BOTH["unit_interval"](*pair) < np.float32(chance)) is below


@pytest.mark.statistical
@pytest.mark.parametrize("chance", [1e-9, 1e-8])
def test_rare_events_happen_as_often_as_asked(chance: float) -> None:
    """Those draws whose first 24 bits are zero, one in 2^24, are drawn alone; false alarm 1e-6 each way."""
    words = [BOTH["random_word"](5, 6, np.arange(2_000_000), 0, 0, 9)]
    u = BOTH["unit_interval"](np.zeros(words[0].size, np.uint32), words[0])
    events, share = int((u < np.float32(chance)).sum()), chance * 2**24
    low, high = stats.binom.ppf([FALSE_ALARM, 1 - FALSE_ALARM], u.size, share)
    assert low <= events <= high


@pytest.mark.statistical
def test_small_chances_of_plain_draws() -> None:
    """8 million draws as a step makes them; false alarm 1e-6 for each chance."""
    u = np.concatenate([BOTH["uniform"](1, 2, np.arange(1 << 20), step, 0, 4) for step in range(8)])
    for chance in (1e-6, 3e-7, 1e-4, 0.1):
        low, high = stats.binom.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], u.size, chance)
        assert low <= (u < np.float32(chance)).sum() <= high
    assert np.unique(u[u < 2**-10]).size > 0.99 * (u < 2**-10).sum()  # finer than 2^-24 near zero


@pytest.mark.statistical
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("deviations", [2.0, 4.0, 5.0, 5.6, 6.0, 7.0, 7.9])
def test_tails_of_the_normal(bits: int, deviations: float) -> None:
    """Both tails against the error function, by draws of the words that can lead there; false alarm 1e-6."""
    functions = numpy_functions(bits)
    largest = np.exp(-(deviations**2) / 2)  # a radius beyond needs a uniform number below
    n, draw = 400_000, np.random.default_rng(3)
    digits, lower = (53, 26) if bits == 64 else (48, 24)
    wide = (draw.random(n) * largest * 2.0**digits).astype(np.uint64)
    if bits == 64:  # there the number is taken from one
        wide = np.uint64(2**digits - 1) - wide
    word0 = (wide >> np.uint64(lower)) << np.uint64(32 - digits + lower)
    word1 = (wide & np.uint64(2**lower - 1)) << np.uint64(32 - lower)
    angle = draw.integers(0, 2**32, (2, n), dtype=np.uint32)
    u = functions["radial_interval"](word0.astype(np.uint32), word1.astype(np.uint32)).astype(float)
    v = functions["centred_interval"](*angle).astype(float)
    z = np.sqrt(-2 * np.log(u)) * np.sin(np.pi * v)
    share = stats.norm.sf(deviations) / largest
    low, high = stats.binom.ppf([FALSE_ALARM / 4, 1 - FALSE_ALARM / 4], n, share)
    grain = 1 + 2.0 ** (2 - digits) / largest
    for count in ((z > deviations).sum(), (z < -deviations).sum()):
        assert low / grain <= count <= high * grain


@pytest.mark.statistical
def test_normal_draws_of_both_precisions_come_from_one_law() -> None:
    """Four million, by their moments and near zero; five standard errors each."""
    z = np.concatenate([BOTH["normal"](1, 2, np.arange(1 << 20), step, 0, 4) for step in range(4)]).astype(float)
    assert stats.kstest(z, "norm").pvalue > FALSE_ALARM
    assert (z == 0).sum() == 0
    for width in (1e-3, 1e-4, 1e-5):
        p = 2 * stats.norm.cdf(width) - 1
        assert abs((abs(z) < width).sum() - z.size * p) < 5 * np.sqrt(z.size * p) + 5


@pytest.mark.statistical
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("mean", [1e-6, 1e-3, 0.3, 15.9, 17.0, 1e3, 1e5, 1e6])
def test_poisson_counts(bits: int, mean: float) -> None:
    """Mean and variance of 200,000 counts kept as reals; false alarm 1e-6 each (variance: normal approximation)."""
    n = 200_000
    out = np.empty(n, np.dtype(f"f{bits // 8}"))
    numpy_functions(bits)["fill_poisson"](out, np.array([mean], out.dtype), 0, 1, 2, 3, 0, 4)
    assert (out == np.floor(out)).all()
    total = out.astype(np.int64).sum()
    if n * mean < 1e6:
        low, high = stats.poisson.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], n * mean)
        assert low <= total <= high
    assert abs(total - n * mean) < 4.9 * np.sqrt(n * mean) + 5
    if mean >= 0.3:
        spread = np.sqrt((1 / mean + 2) / n)
        assert abs(out.astype(float).var() / mean - 1) < 4.9 * spread
    if mean >= 1e5:  # by quantiles, in which steps of rounding would show
        lower, upper = stats.poisson.ppf([0.25, 0.75], mean)
        share = stats.poisson.cdf(upper, mean) - stats.poisson.cdf(lower, mean)
        inside = ((out > lower) & (out <= upper)).sum()
        assert abs(inside - n * share) < 4.9 * np.sqrt(n * share * (1 - share))
        assert abs((out % 2).mean() - 0.5) < 4.9 * 0.5 / np.sqrt(n)


@pytest.mark.parametrize("bits", [64, 32])
def test_compiled_draws_have_the_same_bits(bits: int) -> None:
    real = f"f{bits}"
    text = numba_source(["normal", "uniform"], bits)
    text += f"""

@entry
def fill(u, z, n):
    for i in range(u.size):
        u[i] = uniform(u32(1), u32(2), u32(i), u32(n), u32(0), u32(4))
        z[i] = normal(u32(1), u32(2), u32(i), u32(n), u32(0), u32(5))

@entry
def parts(a, b, out):
    for i in range(a.size):
        out[0, i] = unit_interval(a[i], b[i])
        out[1, i] = radial_interval(a[i], b[i])
        out[2, i] = centred_interval(a[i], b[i])
# {real}
"""
    namespace = vars(compiled_module(text))
    functions, kind = numpy_functions(bits), np.dtype(f"f{bits // 8}")
    u, z = np.empty(1 << 18, kind), np.empty(1 << 18, kind)
    namespace["fill"](u, z, 7)
    np.testing.assert_array_equal(u, functions["uniform"](1, 2, np.arange(u.size), 7, 0, 4))
    np.testing.assert_array_equal(z, functions["normal"](1, 2, np.arange(u.size), 7, 0, 5))
    edge = np.array([0, 1, 255, 256, 257, 511, 2**24, 2**24 + 255, 2**31, 2**31 - 1, 2**32 - 256, 2**32 - 1], np.uint32)
    a, b = (part.ravel() for part in np.meshgrid(edge, edge))
    out = np.empty((3, a.size), kind)
    namespace["parts"](a, b, out)
    for row, name in zip(out, PARTS, strict=True):
        np.testing.assert_array_equal(row, functions[name](a, b))
