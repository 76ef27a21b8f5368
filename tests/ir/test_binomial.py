"""Binomial numbers: their distribution, the same from NumPy and compiled, for arrays and for single elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from numbadyn.ir.elementary import numba_source, numpy_functions
from tests.compiled import compiled_module

pytestmark = pytest.mark.statistical

KEY = tuple(np.uint32(word) for word in (11, 12, 13, 0, 14))
KINDS = [
    (1, 0.3), (5, 0.5), (1000, 0.002), (1000, 0.01), (799, 0.02), (801, 0.02), (33, 0.5), (1000, 0.97), (10**9, 1e-9),
    (60_000, 0.4), (10**9, 3e-6),
]  # fmt: skip


@pytest.fixture(scope="module")
def compiled() -> Any:
    text = numba_source(["fill_binomial", "binomial_count"], 64)
    text += (
        "\n\n@entry\ndef fill(out, n, p, first, a, b, c, d, e):\n    fill_binomial(out, n, p, first, a, b, c, d, e)\n"
        "\n\n@entry\ndef count(n, p, i, a, b, c, d, e):\n    return binomial_count(n, p, i, a, b, c, d, e)\n"
    )
    return compiled_module(text)


def numpy_counts(n: Any, p: Any, first: int, size: int, bits: int = 64) -> np.ndarray:
    out, real = np.empty(size, np.int64), np.float64 if bits == 64 else np.float32
    numpy_functions(bits)["fill_binomial"](out, np.asarray(n, real), np.asarray(p, real), first, *KEY)
    return out


@pytest.mark.parametrize(("n", "p"), KINDS)
def test_counts_are_those_of_trials(n: int, p: float, compiled: Any) -> None:
    """Chi-square of 100,000 counts over twenty ranges that are as probable; a false alarm in 1 of 10^4 seeds."""
    counts = np.empty(100_000, np.int64)
    compiled.fill(counts, np.array([float(n)]), np.array([p]), 0, *KEY)
    assert 0 <= counts.min() <= counts.max() <= n
    edges = np.unique(stats.binom.ppf(np.linspace(0.05, 0.95, 19), n, p))
    expected = np.diff(stats.binom.cdf(edges, n, p), prepend=0.0, append=1.0) * counts.size
    observed = np.bincount(np.searchsorted(edges, counts), minlength=expected.size)
    some = expected > 0
    deviation = ((observed - expected)[some] ** 2 / expected[some]).sum()
    assert stats.chi2.sf(deviation, some.sum() - 1) > 1e-4
    assert counts.mean() == pytest.approx(n * p, abs=4 * np.sqrt(n * p * (1 - p) / counts.size))


def test_compiled_counts_are_those_of_numpy_however_elements_are_divided(compiled: Any) -> None:
    random = np.random.default_rng(5)
    n = np.floor(10 ** random.uniform(0, 9, 700))
    p = np.minimum(10 ** random.uniform(-9, 0.2, 700), 1.0)
    n[:12] = [0, 1, 5, 5, -1, 2.5, np.nan, 1e10, 9, 9, 9, 9]
    p[:12] = [0.5, 1, 0, 1, 0.5, 0.5, 0.5, 0.5, -0.1, 1.1, np.nan, -0.0]
    expected = numpy_counts(n, p, 37, 700)
    assert expected[:12].tolist()[3:] == [5, *[-1] * 7, 0]
    found = np.empty(700, np.int64)
    compiled.fill(found[:300], n[:300], p[:300], 37, *KEY)
    compiled.fill(found[300:], n[300:], p[300:], 337, *KEY)
    np.testing.assert_array_equal(found, expected)
    for one, chance in ((1.0, 0.25), (1000.0, 0.999), (1000.0, 0.3), (7.0, 1.5)):
        compiled.fill(found, np.array([one]), np.array([chance]), 37, *KEY)
        np.testing.assert_array_equal(found, numpy_counts([one], [chance], 37, 700))
        assert [compiled.count(one, chance, 37 + i, *KEY) for i in range(0, 700, 50)] == found[::50].tolist()
    np.testing.assert_array_equal(
        numpy_counts([40], [0.25], 0, 300), numpy_functions(64)["binomial_count"](40, 0.25, np.arange(300), *KEY)
    )
    np.testing.assert_array_equal(numpy_counts([40], [0.25], 0, 300), numpy_counts([40], [0.25], 0, 300, bits=32))
