"""Intervals between spikes: their histogram, and how irregular they are.

In: spikes.  Out: a histogram, coefficients of variation.  Must not know: targets.

An interval is that between two spikes of one neuron that follow each other in this run, both in the window.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import RecordingError
from numbadyn.io.reduce.base import Reduced, Reducer, Running, Scope, steps_of, times
from numbadyn.units import describe

__all__ = ["IsiCV", "IsiHistogram"]


class _Intervals(Running):
    """Finds the intervals, also those that begin in one piece and end in another."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._last = np.full((scope.replicas, scope.size), -1, np.int64)

    def add_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        # numbers of 16 bits are sorted by their digits, which is several times quicker
        order = np.argsort(indices.astype(np.uint16) if self.scope.size <= 1 << 16 else indices, kind="stable")
        neurons, sorted_steps, last = indices[order].astype(np.int64), steps[order], self._last[replica]
        first = np.empty(neurons.size, bool)
        first[0] = True
        np.not_equal(neurons[1:], neurons[:-1], out=first[1:])
        begins = np.flatnonzero(first)
        ends = np.empty_like(begins)
        ends[:-1], ends[-1] = begins[1:] - 1, neurons.size - 1
        before = np.empty_like(sorted_steps)
        before[1:] = sorted_steps[:-1]
        before[begins] = last[neurons[begins]]
        last[neurons[ends]] = sorted_steps[ends]
        known = before >= 0
        self.add_intervals(replica, neurons[known], (sorted_steps - before)[known])

    @abstractmethod
    def add_intervals(self, replica: int, neurons: NDArray[np.int64], intervals: NDArray[np.int64]) -> None:
        """Take intervals in steps, with their neurons."""


@dataclass(frozen=True)
class IsiHistogram(Reducer):
    """How often intervals between two spikes of a neuron have a length, in bins, over the whole population.

    Parameters
    ----------
    bin : quantities.Quantity
        Width of a bin, a multiple of dt; the first bin begins with zero.
    longest : quantities.Quantity
        Where the last bin ends. What is longer is counted in ``reduced[name].more["longer"]``.
    name : str
        By which it is found.
    """

    bin: Any
    longest: Any
    name: str = "isi_histogram"
    variable = None

    def start(self, scope: Scope) -> Running:
        """Begin with empty bins."""
        width, longest = steps_of(self.bin, "bin", scope.dt), steps_of(self.longest, "longest", scope.dt)
        if width > longest:
            raise RecordingError(
                f"bin is {describe(self.bin)}, which is more than longest={describe(self.longest)}.",
                where="IsiHistogram",
                cure="Give a bin that goes several times into the longest interval, such as bin=1*ms, longest=100*ms.",
                bin=self.bin,
                longest=self.longest,
            )
        return _Histogram(self.name, scope, width, -(-longest // width))


class _Histogram(_Intervals):
    def __init__(self, name: str, scope: Scope, width: int, bins: int) -> None:
        super().__init__(scope)
        self._name, self._width, self._bins = name, width, bins
        self._counts = np.zeros((scope.replicas, bins + 1), np.int64)

    def add_intervals(self, replica: int, neurons: NDArray[np.int64], intervals: NDArray[np.int64]) -> None:
        bins = np.minimum(intervals // self._width, self._bins)
        self._counts[replica] += np.bincount(bins, minlength=self._bins + 1)

    def values(self, reached: int) -> Reduced:
        axes = {"interval": times(np.arange(self._bins) * self._width, self.scope.dt)}
        return Reduced(self._name, self._counts[:, :-1], axes=axes, more={"longer": self._counts[:, -1]})


@dataclass(frozen=True)
class IsiCV(Reducer):
    """Coefficient of variation of the intervals of each neuron; NaN for neurons with less than three spikes.

    Parameters
    ----------
    name : str
        By which it is found.

    Notes
    -----
    Standard deviation over mean, with the number of intervals as the divisor, as of `Spikes.cv_isi`.
    """

    name: str = "isi_cv"
    variable = None

    def start(self, scope: Scope) -> Running:
        """Begin with no interval."""
        return _Variation(self.name, scope)


class _Variation(_Intervals):
    def __init__(self, name: str, scope: Scope) -> None:
        super().__init__(scope)
        self._name = name
        # whole numbers, whose sums do not depend on their order
        self._n, self._total, self._squares = np.zeros((3, scope.replicas, scope.size), np.int64)

    def add_intervals(self, replica: int, neurons: NDArray[np.int64], intervals: NDArray[np.int64]) -> None:
        size, long = self.scope.size, intervals.astype(float)
        self._n[replica] += np.bincount(neurons, minlength=size)
        self._total[replica] += np.bincount(neurons, long, size).astype(np.int64)
        self._squares[replica] += np.bincount(neurons, long**2, size).astype(np.int64)

    def values(self, reached: int) -> Reduced:
        enough = self._n >= 2
        n = np.where(enough, self._n, 1)
        mean = np.where(enough, self._total / n, 1.0)
        variance = np.maximum(self._squares / n - mean**2, 0.0)
        found = np.where(enough, np.sqrt(variance) / mean, np.nan)
        return Reduced(self._name, found, axes={"neuron": np.arange(self.scope.size)}, more={"intervals": self._n})
