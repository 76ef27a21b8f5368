"""Spikes of a recorded population, as events.

In: arrays of steps and indices, in memory or on disk.  Out: times with units, trains, rates.  Must not know: targets.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.chosen import Chosen
from numbadyn.io.coordinates import replica_numbers
from numbadyn.io.stored.lazy import ConstantRuns, LazyArray, join_rows
from numbadyn.units import TIME, join

__all__ = ["Spikes"]


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes of one population, as events in the order of time; in a batch those of one replica after the other.

    Attributes
    ----------
    steps : ndarray of int64, or LazyArray
        Step of each spike. Spikes of a run with a memory budget may be on disk: see `pieces`.
    indices : ndarray of uint32, or LazyArray
        Flat index of the neuron.
    replicas : ndarray of uint32 or None
        Replica of each spike; None where there is no batch.
    batch : int or None
        Number of replicas; None where there is no batch.
    since : ndarray or None
        Time (ms) from each spike to the end of its step; None where spikes are at the ends of steps.
    """

    steps: Any
    indices: Any
    dt: float
    size: int
    duration: float
    replicas: Any = None
    batch: int | None = None
    since: NDArray[Any] | None = None

    def replica(self, number: int) -> Spikes:
        """Those of one replica of a batch."""
        (found,) = replica_numbers(self.batch, [number])
        first, last = self._bounds[[found, found + 1]].tolist()
        return self._part(first, last, replicas=None, batch=None)

    def of_replicas(self, numbers: NDArray[np.int64]) -> Spikes:
        """Those of chosen replicas of a batch, which are counted from zero in the order given."""
        found = [self.replica(int(number)) for number in numbers] or [self._part(0, 0, replicas=None, batch=None)]
        counts = [each.count for each in found]
        steps, indices = (join_rows(rows) for rows in zip(*((each.steps, each.indices) for each in found), strict=True))
        since = None if self.since is None else np.concatenate([each.since for each in found])
        if isinstance(steps, LazyArray):
            runs = ConstantRuns(counts)
            return replace(self, steps=steps, indices=indices, replicas=runs, batch=len(numbers), since=since)
        replicas = np.repeat(np.arange(len(found), dtype=np.uint32), counts)
        return replace(self, steps=steps, indices=indices, replicas=replicas, batch=len(numbers), since=since)

    @functools.cached_property
    def _bounds(self) -> NDArray[np.int64]:
        """Where the spikes of each replica begin, and where those of the last one end."""
        if isinstance(self.replicas, ConstantRuns):
            return np.array([0, *self.replicas.ends])
        return np.searchsorted(self.replicas, np.arange((self.batch or 0) + 1, dtype=self.replicas.dtype))

    def _part(self, start: int, stop: int, **changes: Any) -> Spikes:
        """Some that follow each other, unread if they are on disk."""
        steps, indices = (
            values.part(start, stop) if isinstance(values, LazyArray) else values[start:stop]
            for values in (self.steps, self.indices)
        )
        since = None if self.since is None else self.since[start:stop]
        return replace(self, steps=steps, indices=indices, since=since, **changes)

    def pieces(self, count: int = 1 << 20) -> Iterator[Spikes]:
        """All of them, so many at a time, in memory; for those on disk that would not fit at once.

        Parameters
        ----------
        count : int
            Spikes of a piece, at most.

        Yields
        ------
        Spikes
            In the order of time; in a batch one replica after the other.
        """
        for start in range(0, self.count, count):
            some = slice(start, start + count)
            mine = None if self.replicas is None else np.asarray(self.replicas[some])
            yield replace(
                self,
                steps=np.asarray(self.steps[some]),
                indices=np.asarray(self.indices[some]),
                replicas=mine,
                since=None if self.since is None else self.since[some],
            )

    def _each(self) -> list[Spikes]:
        """Those of each replica."""
        return [self.replica(number) for number in range(self.batch or 0)]

    @property
    def times(self) -> Any:
        """Time of each spike, with unit: the end of its step, unless it was before.

        In a step the spikes of one neuron after the other come first, whenever they were.
        """
        return join(self._times, TIME)

    @property
    def _times(self) -> Any:
        ends = (self.steps + 1) * self.dt
        return ends if self.since is None else ends - self.since

    @property
    def count(self) -> int:
        """Number of spikes."""
        return int(self.steps.size)

    @property
    def counts(self) -> Any:
        """Number of spikes of each neuron, shape (neurons,); in a batch (replicas, neurons)."""
        if self.replicas is None:
            return np.bincount(self.indices, minlength=self.size)
        places = self.replicas.astype(np.int64) * self.size + self.indices
        return np.bincount(places, minlength=(self.batch or 0) * self.size).reshape(-1, self.size)

    @property
    def rate(self) -> Any:
        """Mean rate of a neuron over the run, in Hz; of each replica."""
        counts = self.count if self.replicas is None else np.bincount(self.replicas, minlength=self.batch or 0)
        return join(counts / (self.size * self.duration) if self.duration else 0.0 * counts, TIME**-1).rescale("Hz")

    def of(self, elements: NDArray[np.int64]) -> Spikes:
        """Those of chosen neurons, which are counted from zero in the order given.

        Parameters
        ----------
        elements : ndarray of int
            Flat indices.
        """
        found, inside = Chosen(self.size, elements).mask(self.steps, np.asarray(self.indices))
        return replace(
            self,
            steps=self.steps[inside],
            indices=found[inside],
            size=int(elements.size),
            replicas=None if self.replicas is None else self.replicas[inside],
            since=None if self.since is None else self.since[inside],
        )

    def trains(self) -> list[Any]:
        """Times of the spikes of each neuron, with unit; in a batch a list of these for each replica."""
        if self.replicas is not None:
            return [each.trains() for each in self._each()]
        order = np.argsort(self.indices, kind="stable")
        times = self._times[order]
        bounds = np.searchsorted(self.indices[order], np.arange(self.size + 1))
        return [join(times[bounds[i] : bounds[i + 1]], TIME) for i in range(self.size)]

    def cv_isi(self) -> Any:
        """Mean coefficient of variation of inter-spike intervals, of neurons with 3 spikes or more; of each replica."""
        if self.replicas is not None:
            return np.array([each.cv_isi() for each in self._each()])
        order = np.argsort(self.indices, kind="stable")
        neurons = self.indices[order].astype(np.int64)
        steps = self.steps[order] if self.since is None else self._times[order]
        same = neurons[1:] == neurons[:-1]
        intervals, owners = np.diff(steps)[same].astype(float), neurons[1:][same]
        n = np.bincount(owners, minlength=self.size)
        total = np.bincount(owners, intervals, self.size)
        squares = np.bincount(owners, intervals**2, self.size)
        enough = n >= 2
        if not enough.any():
            return float("nan")
        mean = total[enough] / n[enough]
        variance = np.maximum(squares[enough] / n[enough] - mean**2, 0.0)
        return float(np.mean(np.sqrt(variance) / mean))

    def __len__(self) -> int:
        return self.count
