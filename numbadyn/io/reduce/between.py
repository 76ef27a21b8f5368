"""Spikes between steps: how long before the end of its step each spike was.

In: what a population says of each step.  Out: one number for each spike, in the order in which spikes are recorded.
Must not know: targets, logs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.reduce.base import Reduced, Reducer, Running, Scope
from numbadyn.io.spikes import Spikes
from numbadyn.units import TIME

__all__ = ["SINCE", "BetweenSteps", "placed_between"]

SINCE = "since_spike"
"""What populations call the time (ms) between a spike and the end of its step; it is below zero where there is none."""


@dataclass(frozen=True)
class BetweenSteps(Reducer):
    """Times between spikes and the ends of their steps, which recorded spikes subtract from the latter.

    Parameters
    ----------
    name : str
        By which it is found.
    """

    name: str = SINCE
    variable = SINCE
    spiking: ClassVar[bool] = True
    at_spikes: ClassVar[bool] = True

    def start(self, scope: Scope) -> Running:
        """Begin without spikes."""
        return _Between(self.name, scope)


def placed_between(spikes: Spikes, found: Reduced | None) -> Spikes:
    """Spikes where they are between steps, if that is known."""
    if found is None:
        return spikes
    counts = np.atleast_1d(found.more["count"])
    parts = [row[:count] for row, count in zip(np.atleast_2d(found.values), counts, strict=True)]
    return replace(spikes, since=np.concatenate([np.empty(0), *parts]))


class _Between(Running):
    def __init__(self, name: str, scope: Scope) -> None:
        super().__init__(scope)
        self._name = name
        self._found: list[list[NDArray[Any]]] = [[] for _ in range(scope.replicas)]
        self._waiting: list[list[tuple[NDArray[np.int64], NDArray[np.uint32]]]] = [[] for _ in range(scope.replicas)]

    def add_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        self._waiting[replica].append((steps.copy(), indices.copy()))

    def add_samples(self, replica: int, steps: range, values: NDArray[Any]) -> None:
        """Pick the numbers of those who have fired, of which there are few."""
        waiting = self._waiting[replica]
        if not waiting:
            return
        at, who = (np.concatenate(parts) for parts in zip(*waiting, strict=True))
        ready = int(np.searchsorted(at, steps.stop))
        self._found[replica].append(values[at[:ready] - steps.start, who[:ready]].astype(np.float64))
        self._waiting[replica] = [(at[ready:], who[ready:])]

    def values(self, reached: int) -> Reduced:
        parts = [np.concatenate([np.empty(0), *found]) for found in self._found]
        counts = np.array([part.size for part in parts])
        padded = np.full((len(parts), int(counts.max(initial=0))), np.nan)
        for row, part in zip(padded, parts, strict=True):
            row[: part.size] = part
        return Reduced(self._name, padded, TIME, axes={"spike": np.arange(padded.shape[1])}, more={"count": counts})
