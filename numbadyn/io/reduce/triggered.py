"""Averages of a variable around spikes.

In: spikes and samples of the same steps.  Out: an average for each lag.  Must not know: targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import RecordingError
from numbadyn.io.reduce.base import Reduced, Reducer, Running, Scope, steps_of, times

__all__ = ["SpikeTriggeredAverage"]

_VALUES_AT_A_TIME = 1 << 20


@dataclass(frozen=True)
class SpikeTriggeredAverage(Reducer):
    """Mean of a variable of a neuron at times around its spikes, over all spikes of the population.

    The value at lag zero is the one at the start of the step in which the spike is emitted. Spikes so near to the
    start or the end of the run that some lags are outside are left out.

    Parameters
    ----------
    variable : str
        State or computed value of the module, with an element for each neuron; sampled in each step.
    before, after : quantities.Quantity
        Lags from ``-before`` to ``after``, multiples of dt, zero or more.
    name : str, optional
        By which it is found; ``"V_triggered"`` for ``V``. Its ``reduced[name].more["spikes"]`` says how many were used.
    """

    variable: str
    before: Any
    after: Any
    name: str = ""
    spiking: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", f"{self.variable}_triggered")

    def start(self, scope: Scope) -> Running:
        """Begin with no spike."""
        before, after = (steps_of(getattr(self, name), name, scope.dt, least=0) for name in ("before", "after"))
        if scope.every != 1 or scope.elements != scope.size:
            raise RecordingError(
                f"{self.name} needs a sample of {self.variable} in each step for each neuron; there is one every "
                f"{scope.every} steps, of {scope.elements} elements for {scope.size} neurons.",
                where=self.name,
                cure="Leave every out, and take a variable with an element for each neuron.",
            )
        return _Triggered(self.name, scope, before, after)


class _Triggered(Running):
    def __init__(self, name: str, scope: Scope, before: int, after: int) -> None:
        super().__init__(scope)
        self._name, self._before, self._after = name, before, after
        lags = before + after + 1
        self._total, self._n = np.zeros((scope.replicas, lags)), np.zeros(scope.replicas, np.int64)
        self._past: list[NDArray[Any]] = [np.empty((0, scope.elements)) for _ in range(scope.replicas)]
        self._waiting: list[list[tuple[NDArray[np.int64], NDArray[np.uint32]]]] = [[] for _ in range(scope.replicas)]

    def add_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        self._waiting[replica].append((steps.copy(), indices.copy()))

    def add_samples(self, replica: int, steps: range, values: NDArray[Any]) -> None:
        """Average around the spikes whose lags are all known now; keep what later ones need."""
        known = np.concatenate([self._past[replica], values])
        first, stop = steps.start + len(steps) - len(known), steps.start + len(steps)
        waiting = self._waiting[replica]
        none = [(np.empty(0, np.int64), np.empty(0, np.uint32))]
        at, who = (np.concatenate(parts) for parts in zip(*(waiting or none), strict=True))
        ready = int(np.searchsorted(at, stop - self._after))
        if ready:
            inside = at[:ready] - self._before >= first
            self._add(replica, known, at[:ready][inside] - first, who[:ready][inside])
            self._waiting[replica] = [(at[ready:], who[ready:])]
        self._past[replica] = known[-(self._before + self._after) :].copy() if self._before + self._after else known[:0]

    def _add(self, replica: int, known: NDArray[Any], rows: NDArray[np.int64], who: NDArray[np.uint32]) -> None:
        lags = np.arange(-self._before, self._after + 1)
        some = max(1, _VALUES_AT_A_TIME // lags.size)
        for start in range(0, rows.size, some):
            part = slice(start, start + some)
            around = known[rows[part, None] + lags, who[part, None]].astype(float)
            self._total[replica] += np.add.reduce(around, axis=0)
        self._n[replica] += rows.size

    def values(self, reached: int) -> Reduced:
        n = np.where(self._n > 0, self._n, 1)[:, None]
        found = np.where(self._n[:, None] > 0, self._total / n, np.nan)
        axes = {"lag": times(np.arange(-self._before, self._after + 1), self.scope.dt)}
        return Reduced(self._name, found, self.scope.dimension, axes, more={"spikes": self._n})
