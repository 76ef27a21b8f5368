"""Poisson numbers for arrays: the loops in NumPy.

In: scalar functions for NumPy arrays.  Out: `fill_poisson` with the counts of the compiled loops in
:mod:`numbadyn.ir.elementary.poisson`, where the method is described.  Must not know: populations, time steps or units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["make_fill_poisson", "make_poisson_count"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def _invert(u: Floats, rate: Floats, exp: Callable[..., Any]) -> Counts:
    """Invert the distribution functions by the same sums as the compiled loops."""
    probability = exp(-rate)
    cumulative = probability
    counts = np.zeros(u.shape, np.int64)
    for j in range(1, 129):
        beyond = u >= cumulative
        if not beyond.any():
            break
        counts += beyond
        probability = probability * (rate * (1.0 / j))
        cumulative = cumulative + probability
    return counts


def make_fill_poisson(functions: Mapping[str, Callable[..., Any]]) -> Callable[..., None]:
    """Make `fill_poisson` from the float64 scalar functions.

    Parameters
    ----------
    functions : mapping of str to callable
        `exp`, `philox4x32`, `poisson_candidate` and `unit_interval` for NumPy arrays.

    Returns
    -------
    callable
        See :func:`numbadyn.ir.elementary.poisson.fill_poisson`.
    """
    philox, unit_interval = functions["philox4x32"], functions["unit_interval"]
    candidate = functions["poisson_candidate"]

    def fill_poisson(
        out: NDArray[Any], rate: Any, first: int, key0: int, key1: int, step_low: int, step_high: int, stream: int
    ) -> None:
        element = first + np.arange(out.size, dtype=np.int64)
        words = philox(key0, key1, (element >> 8) * 128 + (element & 127), step_low, step_high, stream)
        upper = (element & 128) != 0
        u = unit_interval(np.where(upper, words[2], words[0]), np.where(upper, words[3], words[1]))
        rates = np.broadcast_to(np.asarray(rate, np.float64).reshape(-1), out.shape)
        counts = _invert(u, np.where((rates > 0.0) & (rates < 16.0), rates, 0.0), functions["exp"])
        valid = (rates >= 0.0) & (rates <= 1e9)
        waiting = np.flatnonzero(valid & (rates >= 16.0))
        for attempt in range(1, 65536):
            if waiting.size == 0:
                break
            words = philox(key0, key1, element[waiting], step_low, int(step_high) ^ (attempt << 16), stream)
            k = candidate(unit_interval(words[0], words[1]), unit_interval(words[2], words[3]), rates[waiting])
            accepted = k >= 0.0
            counts[waiting[accepted]] = k[accepted].astype(np.int64)
            waiting = waiting[~accepted]
        out[...] = np.where(valid, counts, -1)

    return fill_poisson


def make_poisson_count(fill_poisson: Callable[..., None]) -> Callable[..., Any]:
    """Make `poisson_count` from `fill_poisson`.

    Parameters
    ----------
    fill_poisson : callable
        What `make_fill_poisson` gave.

    Returns
    -------
    callable
        See :func:`numbadyn.ir.elementary.poisson.poisson_count`; it broadcasts rates and elements.
    """

    def poisson_count(rate: Any, element: Any, *words: Any) -> Any:
        rates, elements = np.broadcast_arrays(np.asarray(rate, np.float64), np.asarray(element, np.int64))
        counts = np.empty(rates.shape, np.int64)
        for place in np.ndindex(rates.shape):
            one = np.empty(1, np.int64)
            fill_poisson(one, rates[place], int(elements[place]), *words)
            counts[place] = one[0]
        return counts[()]

    return poisson_count
