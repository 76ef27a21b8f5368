"""Spikes counted: of each neuron, of the population in bins, of each neuron in bins.

In: spikes.  Out: rates and counts.  Must not know: targets.

A spike that is emitted in step m belongs to the bin that holds step m; bins begin with the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.reduce.base import Reduced, Reducer, Running, Scope, steps_of, times
from numbadyn.units import TIME

__all__ = ["Counts", "PopulationRate", "Rate"]

_DENSE = 16
"""Places for each spike up to which it is quicker to count in all of them."""


@dataclass(frozen=True)
class Rate(Reducer):
    """Mean rate of each neuron over the run, or over the window of the recording, in Hz.

    Parameters
    ----------
    name : str
        By which it is found.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, s
    >>> source = nd.PoissonGroup(4, rates=100 * Hz)
    >>> sim = nd.Simulator(source, dt=1 * ms, target="interpret", seed=2)
    >>> sim.record(source, nd.reduce.Rate(), start=0.1 * s)
    >>> sim.run(1.1 * s)[source].rate
    array([108., 115.,  91., 105.]) * Hz
    """

    name: str = "rate"
    variable = None

    def start(self, scope: Scope) -> Running:
        """Begin with no spike."""
        return _Rate(self.name, scope)


class _Rate(Running):
    def __init__(self, name: str, scope: Scope) -> None:
        super().__init__(scope)
        self._name, self._counts = name, np.zeros((scope.replicas, scope.size), np.int64)

    def add_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        self._counts[replica] += np.bincount(indices, minlength=self.scope.size)

    def values(self, reached: int) -> Reduced:
        duration = (reached - self.scope.first) * self.scope.dt
        found = self._counts / duration if duration else np.full(self._counts.shape, np.nan)
        neurons = np.arange(self.scope.size)
        return Reduced(self._name, found, TIME**-1, {"neuron": neurons}, "Hz", {"count": self._counts})


@dataclass(frozen=True)
class PopulationRate(Reducer):
    """Rate of a neuron of the population in bins of time, in Hz: the peri-stimulus time histogram (PSTH).

    Parameters
    ----------
    bin : quantities.Quantity
        Width of a bin, a multiple of dt. The last bin may be shorter; its rate is that of its own length.
    name : str
        By which it is found; ``result.recordings[...].reduced[name].t`` says where the bins begin.
    """

    bin: Any
    name: str = "population_rate"
    variable = None

    def start(self, scope: Scope) -> Running:
        """Begin with empty bins."""
        return _Binned(self.name, scope, steps_of(self.bin, "bin", scope.dt))


class _InBins(Running):
    """Counts in bins, of the shape (replicas, bins, ...); there are as many bins as the run is long."""

    _counts: NDArray[Any]

    def __init__(self, name: str, scope: Scope, width: int, dtype: type, *of_each: int) -> None:
        super().__init__(scope)
        self._name, self._width = name, width
        bins = -(-max(0, scope.stop - scope.first) // width)
        self._counts = np.zeros((scope.replicas, bins, *of_each), dtype)

    def go_on(self, held: Mapping[str, Any]) -> None:
        """Take up the bins of a run that may have been shorter; those of a longer one are empty from here on."""
        counts, before = self._counts, held["_counts"]
        super().go_on(held)
        bins = min(counts.shape[1], before.shape[1])
        counts[:, :bins] = before[:, :bins]
        self._counts = counts


class _Binned(_InBins):
    def __init__(self, name: str, scope: Scope, width: int) -> None:
        super().__init__(name, scope, width, np.int64)

    def add_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        bins = (steps - self.scope.first) // self._width
        low = int(bins[0])  # they are in the order of time
        found = np.bincount(bins - low)
        self._counts[replica, low : low + found.size] += found

    def values(self, reached: int) -> Reduced:
        length, width = reached - self.scope.first, self._width
        counts = self._counts[:, : -(-length // width)]
        lengths = np.full(counts.shape[1], width)
        lengths[length // width :] = length % width
        rates = counts / (self.scope.size * (lengths * self.scope.dt))
        t = times(self.scope.first + np.arange(counts.shape[1]) * width, self.scope.dt)
        return Reduced(self._name, rates, TIME**-1, {"t": t}, "Hz", {"count": counts})


@dataclass(frozen=True)
class Counts(Reducer):
    """Number of spikes of each neuron in bins of time, of the shape (bins, neurons).

    Parameters
    ----------
    bin : quantities.Quantity
        Width of a bin, a multiple of dt; the last one may be shorter.
    name : str
        By which it is found.
    """

    bin: Any
    name: str = "counts"
    variable = None

    def start(self, scope: Scope) -> Running:
        """Begin with empty bins."""
        return _Counts(self.name, scope, steps_of(self.bin, "bin", scope.dt))


class _Counts(_InBins):
    def __init__(self, name: str, scope: Scope, width: int) -> None:
        super().__init__(name, scope, width, np.int32, scope.size)

    def add_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        size, counts = self.scope.size, self._counts[replica].reshape(-1)
        places = (steps - self.scope.first) // self._width * size + indices
        low, high = int(places[0]) // size * size, int(places[-1]) // size * size + size  # the bins are in order
        if high - low <= _DENSE * places.size:
            counts[low:high] += np.bincount(places - low, minlength=high - low).astype(np.int32)
        else:
            some, found = np.unique(places, return_counts=True)
            counts[some] += found.astype(np.int32)

    def values(self, reached: int) -> Reduced:
        counts = self._counts[:, : -(-(reached - self.scope.first) // self._width)]
        t = times(self.scope.first + np.arange(counts.shape[1]) * self._width, self.scope.dt)
        return Reduced(self._name, counts, axes={"t": t, "neuron": np.arange(self.scope.size)})
