"""Binomial numbers for arrays: the loops in NumPy.

In: scalar functions for NumPy arrays.  Out: `fill_binomial` with the counts of the compiled loops in
:mod:`numbadyn.ir.elementary.binomial`, where the method is described.  Must not know: populations, time steps or units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["make_binomial_count", "make_fill_binomial"]

Floats = NDArray[np.float64]


def _invert(u: Floats, n: Floats, p: Floats, functions: Mapping[str, Callable[..., Any]]) -> Floats:
    """Invert the distribution functions by the same sums as the compiled loops."""
    odds = p / (1.0 - p)
    probability = functions["exp"](n * functions["log1p"](-p))
    cumulative = probability
    counts = np.zeros(u.shape)
    for j in range(128):
        beyond = u >= cumulative
        if not beyond.any():
            break
        counts += beyond
        probability = probability * functions["binomial_ratio"](n, odds, float(j))
        cumulative = cumulative + probability
    return np.minimum(counts, n)


def make_fill_binomial(functions: Mapping[str, Callable[..., Any]]) -> Callable[..., None]:
    """Make `fill_binomial` from the float64 scalar functions.

    Parameters
    ----------
    functions : mapping of str to callable
        `exp`, `log1p`, `philox4x32`, `unit_interval` and the parts of the method for NumPy arrays.

    Returns
    -------
    callable
        See :func:`numbadyn.ir.elementary.binomial.fill_binomial`.
    """
    philox, unit_interval = functions["philox4x32"], functions["unit_interval"]

    def fill_binomial(
        out: NDArray[Any], n: Any, p: Any, first: int, key0: int, key1: int, step_low: int, step_high: int, stream: int
    ) -> None:
        element = first + np.arange(out.size, dtype=np.int64)
        trials, chances = (np.broadcast_to(np.asarray(x, np.float64).reshape(-1), out.shape) for x in (n, p))
        with np.errstate(all="ignore"):
            possible = functions["binomial_possible"](trials, chances)
            rare = np.where(possible, np.where(chances > 0.5, 1.0 - chances, chances), 0.0)
            low = ~(trials * rare >= 16.0)
            words = philox(key0, key1, (element >> 8) * 128 + (element & 127), step_low, step_high, stream)
            upper = (element & 128) != 0
            u = unit_interval(np.where(upper, words[2], words[0]), np.where(upper, words[3], words[1]))
            counts = _invert(u, np.where(possible & low, trials, 0.0), np.where(low, rare, 0.0), functions)
        waiting = np.flatnonzero(possible & ~low)
        for attempt in range(1, 65536):
            if waiting.size == 0:
                break
            words = philox(key0, key1, element[waiting], step_low, int(step_high) ^ (attempt << 16), stream)
            both = unit_interval(words[0], words[1]), unit_interval(words[2], words[3])
            k = functions["binomial_candidate"](*both, trials[waiting], rare[waiting])
            accepted = k >= 0.0
            counts[waiting[accepted]] = k[accepted]
            waiting = waiting[~accepted]
        with np.errstate(all="ignore"):
            out[...] = np.where(possible, np.where(chances > 0.5, trials - counts, counts), -1.0)

    return fill_binomial


def make_binomial_count(fill_binomial: Callable[..., None]) -> Callable[..., Any]:
    """Make `binomial_count` from `fill_binomial`.

    Parameters
    ----------
    fill_binomial : callable
        What `make_fill_binomial` gave.

    Returns
    -------
    callable
        See :func:`numbadyn.ir.elementary.binomial.binomial_count`; it broadcasts trials, chances and elements.
    """

    def binomial_count(n: Any, p: Any, element: Any, *words: Any) -> Any:
        trials, chances, elements = np.broadcast_arrays(
            np.asarray(n, np.float64), np.asarray(p, np.float64), np.asarray(element, np.int64)
        )
        counts = np.empty(trials.shape, np.int64)
        for place in np.ndindex(trials.shape):
            one = np.empty(1, np.int64)
            fill_binomial(one, trials[place], chances[place], int(elements[place]), *words)
            counts[place] = one[0]
        return counts[()]

    return binomial_count
