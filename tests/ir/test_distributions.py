"""Distributions of the random numbers, and Poisson numbers: the same from NumPy and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from numbadyn.ir.elementary import numba_source, numpy_functions
from tests.compiled import compiled_module

pytestmark = pytest.mark.statistical

COUNT = 200_000
KEY = tuple(np.uint32(word) for word in (11, 12, 13, 0, 14))


@pytest.fixture(scope="module", params=[64, 32])
def bits(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def compiled(bits: int) -> Any:
    text = numba_source(["fill_poisson"], bits)
    text += (
        "\n\n@entry\ndef fill(out, rate, first, a, b, c, d, e):\n    fill_poisson(out, rate, first, a, b, c, d, e)\n"
    )
    return compiled_module(text).fill


def real(bits: int) -> Any:
    return np.float64 if bits == 64 else np.float32


def numpy_counts(bits: int, rate: Any, first: int, n: int) -> np.ndarray:
    out = np.empty(n, np.int32)
    numpy_functions(bits)["fill_poisson"](out, np.asarray(rate, real(bits)), first, *KEY)
    return out


def chi_square(counts: np.ndarray, rate: float) -> float:
    """Probability of a worse fit to the Poisson distribution, with rare counts lumped together."""
    values = np.arange(counts.max() + 2)
    expected = stats.poisson.pmf(values, rate) * counts.size
    observed = np.bincount(counts, minlength=values.size)
    common = expected > 20
    expected = np.append(expected[common], counts.size - expected[common].sum())
    observed = np.append(observed[common], counts.size - observed[common].sum())
    return float(stats.chi2.sf((((observed - expected) ** 2) / np.maximum(expected, 1)).sum(), expected.size - 1))


def test_uniform(bits: int) -> None:
    draws = numpy_functions(bits)["uniform"](1, 2, np.arange(COUNT), 3, 0, 4)
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    assert stats.kstest(draws.astype(np.float64), "uniform").pvalue > 1e-3


def test_normal(bits: int) -> None:
    normal = numpy_functions(bits)["normal"]
    draws = np.concatenate([normal(1, 2, np.arange(COUNT), step, 0, 4) for step in range(5)]).astype(np.float64)
    assert stats.kstest(draws, "norm").pvalue > 1e-3
    deviations = 4.0 / np.sqrt(draws.size)
    assert abs(draws.mean()) < deviations
    assert abs(draws.var() - 1.0) < deviations * np.sqrt(2.0)
    assert abs((draws**3).mean()) < deviations * np.sqrt(15.0)
    assert abs((draws**4).mean() - 3.0) < deviations * np.sqrt(96.0)
    assert np.isfinite(draws).all()


def test_normal_is_independent_between_elements_steps_and_streams() -> None:
    normal = numpy_functions(64)["normal"]
    elements = np.arange(COUNT)
    base = normal(1, 2, elements, 3, 0, 4)
    for element, step, stream in ((1, 3, 4), (0, 4, 4), (0, 3, 5)):
        other = normal(1, 2, elements + element, step, 0, stream)
        assert abs(np.corrcoef(base, other)[0, 1]) < 4.0 / np.sqrt(COUNT)


@pytest.mark.parametrize("rate", [0.05, 1.0, 4.0, 15.9, 16.0, 40.0, 1000.0])
def test_poisson_distribution(rate: float, compiled: Any) -> None:
    counts = np.empty(COUNT, np.int64)
    compiled(counts, np.array([rate]), 0, *KEY)
    assert abs(counts.mean() - rate) < 4.0 * np.sqrt(rate / COUNT)
    spread = np.sqrt((1.0 / rate + 2.0) / COUNT)
    assert abs(counts.var() / rate - 1.0) < 4.0 * spread
    assert chi_square(counts, rate) > 1e-3


def test_poisson_numbers_of_neighbours_are_independent(compiled: Any) -> None:
    counts = np.empty(COUNT, np.int64)
    compiled(counts, np.array([2.0]), 0, *KEY)
    # Elements 128 apart share a Philox block.
    for distance in (1, 128):
        assert abs(np.corrcoef(counts[:-distance], counts[distance:])[0, 1]) < 4.0 / np.sqrt(COUNT)


@pytest.mark.parametrize(("first", "n"), [(0, 5000), (37, 700), (300, 10), (255, 2), (128, 129), (0, 0)])
def test_poisson_is_the_same_from_numpy_and_compiled(first: int, n: int, bits: int, compiled: Any) -> None:
    rates = (10 ** np.random.default_rng(5).uniform(-3, 4, n)).astype(real(bits))
    special = [0.0, -0.0, -1.0, np.nan, np.inf, -np.inf, 16.0, 15.999, 1e9, 2e9]
    rates[: len(special)] = special[:n]
    out = np.empty(n, np.int32)
    compiled(out, rates, first, *KEY)
    np.testing.assert_array_equal(out, numpy_counts(bits, rates, first, n))
    for rate in (0.0, 0.7, 15.0, 200.0, -1.0, np.nan):
        compiled(out, np.array([rate], real(bits)), first, *KEY)
        np.testing.assert_array_equal(out, numpy_counts(bits, [rate], first, n))


def test_poisson_does_not_depend_on_how_elements_are_divided(bits: int, compiled: Any) -> None:
    rates = np.random.default_rng(6).uniform(0, 30, 1000).astype(real(bits))
    whole = np.empty(1000, np.int32)
    compiled(whole, rates, 0, *KEY)
    for cut in (1, 100, 256, 511, 999):
        parts = np.empty(1000, np.int32)
        compiled(parts[:cut], rates[:cut], 0, *KEY)
        compiled(parts[cut:], rates[cut:], cut, *KEY)
        np.testing.assert_array_equal(parts, whole)


def test_one_rate_for_all_means_the_same_as_an_array_of_it(bits: int, compiled: Any) -> None:
    for rate in (0.0, 0.3, 3.0, 30.0):
        one, each = np.empty(600, np.int32), np.empty(600, np.int32)
        compiled(one, np.array([rate], real(bits)), 5, *KEY)
        compiled(each, np.full(600, rate, real(bits)), 5, *KEY)
        np.testing.assert_array_equal(one, each)


def test_poisson_counts_do_not_depend_on_the_precision() -> None:
    np.testing.assert_array_equal(numpy_counts(64, [1.5], 0, 1000), numpy_counts(32, [1.5], 0, 1000))


def test_impossible_rates_give_minus_one() -> None:
    counts = numpy_counts(64, [-1.0, np.nan, np.inf, -np.inf, 2e9, 0.0, -0.0], 0, 7)
    np.testing.assert_array_equal(counts, [-1, -1, -1, -1, -1, 0, 0])


def test_a_count_of_one_element_is_that_of_the_array() -> None:
    rates = np.concatenate([[0.0, 1e-3, 15.99, 16.0, 17.5, 300.0, 1e6, 1e9, 2e9, -1.0], np.linspace(0.1, 40, 300)])
    text = numba_source(["poisson_count"], 64)
    text += (
        "\n\n@entry\ndef count(rate, element, a, b, c, d, e):\n    return poisson_count(rate, element, a, b, c, d, e)\n"
    )
    count = compiled_module(text).count
    expected = np.empty(rates.size, np.int64)
    numpy_functions(64)["fill_poisson"](expected, rates, 0, *KEY)
    found = [count(rate, element, *KEY) for element, rate in enumerate(rates)]
    assert found == expected.tolist()
    assert numpy_functions(64)["poisson_count"](rates, np.arange(rates.size), *KEY).tolist() == found
    assert len(set(found)) > 30
