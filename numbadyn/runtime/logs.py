"""Logs: where recorded spikes and samples go while a network runs.

In: what to record, in steps and element numbers.  Out: growing arrays.  Must not know: units, names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["SampleLog", "SpikeLog"]

_FIRST_CAPACITY = 1 << 16
_LIKELY_CAPACITY = 1 << 22


@dataclass(slots=True)
class SpikeLog:
    """Spikes of a window of a channel, as events.

    Parameters
    ----------
    channel : int
        Number of the channel.
    start, stop : int
        Window of elements.
    width : int
        Number of elements of the channel: what one step can add at most.
    """

    channel: int
    start: int
    stop: int
    width: int
    used: int = 0
    indices: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))
    steps: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def begin(self) -> None:
        """Start a new run with fresh arrays."""
        # about as many as last time; memory that is never touched costs nothing, growing costs page faults
        likely = max(min(64 * self.width, _LIKELY_CAPACITY), self.used + self.used // 8)
        capacity = max(_FIRST_CAPACITY, 2 * self.width, likely)
        self.used = 0
        self.indices = np.empty(capacity, np.uint32)
        self.steps = np.empty(capacity, np.int64)

    @property
    def fits(self) -> bool:
        """Whether one more step surely fits."""
        return self.used + self.width <= self.indices.size

    def grow(self) -> None:
        """Double the room, keeping what is there."""
        room = 2 * self.indices.size
        for name in ("indices", "steps"):
            old = getattr(self, name)
            new = np.empty(room, old.dtype)
            new[: self.used] = old[: self.used]
            setattr(self, name, new)

    def append(self, step: int, elements: NDArray[Any]) -> None:
        """Add the spikes of one step."""
        inside = elements[(elements >= self.start) & (elements < self.stop)]
        while self.used + inside.size > self.indices.size:
            self.grow()
        self.indices[self.used : self.used + inside.size] = inside - self.start
        self.steps[self.used : self.used + inside.size] = step
        self.used += int(inside.size)

    def extend(self, indices: NDArray[np.uint32], steps: NDArray[np.int64]) -> None:
        """Add spikes of many steps, counted from the start of the window."""
        while self.used + indices.size > self.indices.size:
            self.grow()
        self.indices[self.used : self.used + indices.size] = indices
        self.steps[self.used : self.used + indices.size] = steps
        self.used += int(indices.size)

    def take(self) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Steps and indices of this run; the next run uses other arrays."""
        steps, indices = self.steps[: self.used], self.indices[: self.used]
        mostly_used = 2 * self.used >= self.indices.size
        return (steps, indices) if mostly_used else (steps.copy(), indices.copy())


@dataclass(slots=True)
class SampleLog:
    """Samples of some elements of a state (at the start of a step) or of a value computed in a step.

    Parameters
    ----------
    kind : {"state", "probe"}
        What is sampled.
    index : int
        Number of the state, or node of the value.
    elements : ndarray of int64
        Flat element numbers.
    every : int
        Steps between samples.
    first, last : int
        Window of steps; `last` is exclusive.
    dtype : dtype
        Of the samples.
    """

    kind: Literal["state", "probe"]
    index: int
    elements: NDArray[np.int64]
    every: int
    first: int
    last: int
    dtype: np.dtype[Any]
    next_step: int = 0
    used: int = 0
    steps: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    values: NDArray[Any] = field(default_factory=lambda: np.empty((0, 0)))

    def begin(self, start: int, stop: int) -> None:
        """Make room for all samples of steps start to stop."""
        first = max(start, self.first)
        first += (self.first - first) % self.every
        last = min(stop, self.last)
        self.steps = np.arange(first, max(first, last), self.every, dtype=np.int64)
        self.values = np.empty((self.steps.size, self.elements.size), self.dtype)
        self.used = 0
        self.next_step = int(self.steps[0]) if self.steps.size else np.iinfo(np.int64).max

    def append(self, step: int, values: NDArray[Any]) -> None:
        """Add the sample of a step, if it is due."""
        if step != self.next_step or self.used >= self.steps.size:
            return
        self.values[self.used] = np.broadcast_to(values, values.shape).reshape(-1)[self.elements]
        self.used += 1
        self.next_step += self.every

    def take(self) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Steps and values of this run."""
        return self.steps[: self.used], self.values[: self.used]
