"""Pairwise correlation of the numbers of spikes in bins.

In: spikes.  Out: a matrix.  Must not know: targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.reduce.base import Reduced, Reducer, Running, Scope, steps_of
from numbadyn.runtime.forecast import MemoryPart, require

__all__ = ["CountCorrelation"]

_COUNTS_AT_A_TIME = 1 << 20


@dataclass(frozen=True)
class CountCorrelation(Reducer):
    """Pearson's correlation of the numbers of spikes of each pair of neurons, in bins of time.

    Parameters
    ----------
    bin : quantities.Quantity
        Width of a bin, a multiple of dt. A last bin that is not whole is left out.
    name : str
        By which it is found. NaN stands where a neuron has the same number in each bin.

    Notes
    -----
    The matrix takes eight bytes for each pair of neurons: record some of many, ``record(E[:200], ...)``.
    """

    bin: Any
    name: str = "count_correlation"
    variable = None

    def start(self, scope: Scope) -> Running:
        """Begin with no bin."""
        return _Correlation(self.name, scope, steps_of(self.bin, "bin", scope.dt))


class _Correlation(Running):
    def __init__(self, name: str, scope: Scope, width: int) -> None:
        super().__init__(scope)
        self._name, self._width = name, width
        pairs = MemoryPart(f"{name} ({scope.size} x {scope.size} neurons)", 8 * scope.replicas * scope.size**2)
        require(
            [pairs], what="The correlations of all pairs", cure="Record fewer neurons, such as record(E[:200], ...)"
        )
        # sums of whole numbers, which do not depend on their order
        self._sums = np.zeros((scope.replicas, scope.size))
        self._products = np.zeros((scope.replicas, scope.size, scope.size))
        none = (np.empty(0, np.int64), np.empty(0, np.uint32))
        self._open: list[tuple[NDArray[np.int64], NDArray[np.uint32]]] = [none] * scope.replicas

    def add_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        bins = np.concatenate([self._open[replica][0], (steps - self.scope.first) // self._width])
        who = np.concatenate([self._open[replica][1], indices])
        whole = int(np.searchsorted(bins, bins[-1]))  # there may be more in the last one
        self._add(replica, bins[:whole], who[:whole])
        self._open[replica] = bins[whole:], who[whole:]

    def _add(self, replica: int, bins: NDArray[np.int64], who: NDArray[np.uint32]) -> None:
        size = self.scope.size
        found, places = np.unique(bins, return_inverse=True)
        some = max(1, _COUNTS_AT_A_TIME // size)
        for start in range(0, found.size, some):
            low, high = np.searchsorted(places, [start, start + some])
            rows = min(some, found.size - start)
            flat = (places[low:high] - start) * size + who[low:high]
            counts = np.bincount(flat, minlength=rows * size).reshape(rows, size).astype(float)
            self._sums[replica] += counts.sum(axis=0)
            self._products[replica] += counts.T @ counts

    def values(self, reached: int) -> Reduced:
        n = (reached - self.scope.first) // self._width
        for replica, (bins, who) in enumerate(self._open):
            inside = bins < n
            self._add(replica, bins[inside], who[inside])
            self._open[replica] = bins[:0], who[:0]
        # in whole numbers as long as these are below 2**53, so that equal counts correlate by one
        covariance = n * self._products - self._sums[:, :, None] * self._sums[:, None, :]
        variance = np.diagonal(covariance, axis1=1, axis2=2)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = covariance / np.sqrt(variance[:, :, None] * variance[:, None, :])
        numbers = np.arange(self.scope.size)
        axes = {"neuron": numbers, "other": numbers}
        return Reduced(self._name, found, axes=axes, more={"bins": np.full(self.scope.replicas, n)})
