"""Logs: where recorded spikes and samples go while a network runs.

In: what to record, in steps and element numbers.  Out: growing arrays.  Must not know: units, names.

A log is that of one replica; the samples of all replicas lie side by side in one array, in which each has its part.

A log may have less room than a run needs.  Somebody must empty it in time then: samples between two chunks of steps,
which must not go beyond its room (see `numbadyn.runtime.taps`); spikes whenever there may be too little room for more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import NotEnoughMemoryError
from numbadyn.runtime.forecast import CURES, MemoryPart, allocating, require
from numbadyn.runtime.soundness import Signs, unsound

__all__ = ["Logs", "SampleLog", "SpikeLog", "begin_samples", "require_samples", "reserve_spikes"]

_FIRST_CAPACITY = 1 << 16
_LIKELY_CAPACITY = 1 << 22
_CURE_OF_SPIKES = (
    "Record fewer populations, run in pieces (each sim.run(...) gives its spikes), or look for a network that fires "
    "more than it should"
)


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
    room : int, optional
        Most spikes that are held at a time, as far as those of one step fit; as many as come by default.
    drain : callable, optional
        Called where there is no room for more: takes what the log holds and empties it, unless that fails.
    """

    channel: int
    start: int
    stop: int
    width: int
    room: int | None = None
    drain: Callable[[SpikeLog], None] | None = None
    used: int = 0
    indices: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))
    steps: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def begin(self) -> None:
        """Start a new run with fresh arrays."""
        # about as many as last time; memory that is never touched costs nothing, growing costs page faults
        likely = max(min(64 * self.width, _LIKELY_CAPACITY), self.used + self.used // 8)
        capacity = max(_FIRST_CAPACITY, 2 * self.width, likely)
        if self.room is not None:
            capacity = max(2 * self.width, min(self.room, capacity))
        self.used = 0
        self.indices = np.empty(capacity, np.uint32)
        self.steps = np.empty(capacity, np.int64)

    def fits(self, count: int) -> bool:
        """Whether so many more spikes surely fit."""
        return self.used + count <= self.indices.size

    def make_room(self, count: int) -> None:
        """Let go what the log holds, if so many more spikes do not fit and somebody takes them."""
        if self.drain is not None and self.used and not self.fits(count):
            self.drain(self)

    def part(self, count: int) -> MemoryPart:
        """What a log with room for so many more spikes needs, beside the one that there is."""
        room = self._wanted(count)
        return MemoryPart(f"{self.used} spikes so far, room for {room}", room * self._each)

    @property
    def _each(self) -> int:
        return self.indices.itemsize + self.steps.itemsize

    def _wanted(self, count: int) -> int:
        return max(2 * self.indices.size, self.used + count)

    def reserve(self, count: int, *, forecast: bool = True) -> None:
        """Make sure that so many more spikes fit, keeping what is there.

        Parameters
        ----------
        count : int
            Spikes.
        forecast : bool
            Whether what is needed is compared with what is free before.

        Raises
        ------
        NotEnoughMemoryError
            They would not; the log is as it was.
        """
        self.make_room(count)
        if self.fits(count):
            return
        least, wanted = self.used + count, self._wanted(count)
        with allocating("recorded spikes", "spikes=True", _CURE_OF_SPIKES):
            try:
                if forecast:
                    _require_spikes([self.part(count)])
                self._grow(wanted)
            except MemoryError:
                # the copy is beside the old arrays for a moment; a little more may fit where twice as much does not
                room = min(wanted, least + least // 8)
                _require_spikes([MemoryPart(f"{self.used} spikes so far, room for {room}", room * self._each)])
                self._grow(room)

    def _grow(self, room: int) -> None:
        indices, steps = np.empty(room, np.uint32), np.empty(room, np.int64)
        indices[: self.used], steps[: self.used] = self.indices[: self.used], self.steps[: self.used]
        self.indices, self.steps = indices, steps

    def append(self, step: int, elements: NDArray[Any]) -> None:
        """Add the spikes of one step."""
        inside = elements[(elements >= self.start) & (elements < self.stop)]
        self.reserve(inside.size)
        self.indices[self.used : self.used + inside.size] = inside - self.start
        self.steps[self.used : self.used + inside.size] = step
        self.used += int(inside.size)

    def extend(self, indices: NDArray[np.uint32], steps: NDArray[np.int64]) -> None:
        """Add spikes of many steps, counted from the start of the window."""
        self.reserve(indices.size)
        self.indices[self.used : self.used + indices.size] = indices
        self.steps[self.used : self.used + indices.size] = steps
        self.used += int(indices.size)

    def take(self) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Steps and indices that it holds; the next run uses other arrays."""
        steps, indices = self.steps[: self.used], self.indices[: self.used]
        mostly_used = 2 * self.used >= self.indices.size
        try:
            return (steps, indices) if mostly_used else (steps.copy(), indices.copy())
        except MemoryError:  # what was recorded comes back, if with more room around it than it needs
            return steps, indices


def _require_spikes(parts: Sequence[MemoryPart]) -> None:
    require(parts, what="The recorded spikes", where="spikes=True", cure=_CURE_OF_SPIKES)


def reserve_spikes(logs: Sequence[SpikeLog], steps: int) -> int:
    """Make sure that the spikes of a number of steps fit into all of these logs, with one forecast for them together.

    Parameters
    ----------
    logs : sequence of SpikeLog
        Of all replicas.
    steps : int
        As many as would be good; positive.

    Returns
    -------
    int
        For how many there is room: fewer where memory runs out.

    Raises
    ------
    NotEnoughMemoryError
        Not even one surely fits.
    """
    for log in logs:
        if log.room is not None:
            steps = min(steps, max(1, log.room // log.width))
    for log in logs:
        log.make_room(steps * log.width)
    while True:
        growing = [log for log in logs if not log.fits(steps * log.width)]
        try:
            if growing:
                _require_spikes([log.part(steps * log.width) for log in growing])
            for log in growing:
                log.reserve(steps * log.width, forecast=False)
            return steps
        except NotEnoughMemoryError:
            if steps == 1:
                for log in growing:  # to the last spike that fits
                    log.reserve(log.width)
                return 1
            steps = max(1, steps // 4)


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
    name : str
        The user's name for it.
    numbers : ndarray of int64, optional
        By which numbers users call the elements; the same by default.
    room : int, optional
        Most samples that are held at a time; all those of a run by default.
    events : int, optional
        Channel of the spikes that are waited for: nobody looks at samples of elements that do not spike in a step, and
        a target may leave them out.

    Attributes
    ----------
    due : range
        Steps that are sampled in this run.
    emptied : int
        How many samples of this run are no longer held.
    values : ndarray, shape (room, elements)
        The samples.
    whole : ndarray, shape (replicas, room, elements)
        Those of all replicas, of which `values` are one.
    """

    kind: Literal["state", "probe"]
    index: int
    elements: NDArray[np.int64]
    every: int
    first: int
    last: int
    dtype: np.dtype[Any]
    name: str = "a variable"
    numbers: NDArray[np.int64] | None = None
    room: int | None = None
    events: int | None = None
    next_step: int = 0
    used: int = 0
    inspected: int = 0
    #: Whether any sample that was not inspected is not finite; None where nobody has looked while adding them.
    suspect: bool | None = None
    due: range = range(0)
    emptied: int = 0
    values: NDArray[Any] = field(default_factory=lambda: np.empty((0, 0)))
    whole: NDArray[Any] = field(default_factory=lambda: np.empty((1, 0, 0)))

    @property
    def called(self) -> NDArray[np.int64]:
        """The numbers by which users call the elements."""
        return self.elements if self.numbers is None else self.numbers

    def range_of(self, start: int, stop: int) -> range:
        """Those of some steps that are sampled."""
        first = max(start, self.first)
        first += (self.first - first) % self.every
        return range(first, max(first, min(stop, self.last)), self.every)

    def measure(self, start: int, stop: int) -> tuple[int, int]:
        """Number of samples of steps start to stop that are held at a time, and the bytes that they need."""
        count = len(self.range_of(start, stop))
        count = count if self.room is None else min(count, self.room)
        return count, count * self.row_bytes

    @property
    def row_bytes(self) -> int:
        """Bytes of one sample of all elements, with its step."""
        return self.elements.size * self.dtype.itemsize + 8

    def release(self) -> None:
        """Forget the samples of the run before, which results may still hold."""
        self.due, self.used, self.emptied = range(0), 0, 0
        self.hold(np.empty((1, 0, 0), self.dtype), 0)

    def hold(self, whole: NDArray[Any], replica: int) -> None:
        """Take the part of a replica in an array for all as the place of the next samples."""
        self.whole, self.values = whole, whole[replica]

    def begin(self, start: int, stop: int, whole: NDArray[Any] | None = None, replica: int = 0) -> None:
        """Make room for samples of steps start to stop, or take the part of a replica in an array for all."""
        self.due = self.range_of(start, stop)
        held = self.measure(start, stop)[0]
        self.hold(np.empty((1, held, self.elements.size), self.dtype) if whole is None else whole, replica)
        self.used = self.inspected = self.emptied = 0
        self.next_step = self._step_after(0)

    def empty(self, whole: NDArray[Any], replica: int) -> None:
        """Go on with another array; who has taken the samples keeps the old one."""
        self.emptied += self.used
        self.used = self.inspected = 0
        self.hold(whole, replica)

    def step_of(self, row: int) -> int:
        """The step of one of the samples that are held."""
        return self.due[self.emptied + row]

    def _step_after(self, count: int) -> int:
        """The step of the sample after so many of this run."""
        return self.due[count] if count < len(self.due) else int(np.iinfo(np.int64).max)

    def count_between(self, start: int, stop: int) -> int:
        """How many samples are due in steps start to stop."""
        return len(range(self._place(start), self._place(stop)))

    def _place(self, step: int) -> int:
        """How many samples are due before a step."""
        return min(len(self.due), max(0, -(-(step - self.due.start) // self.every)))

    def extend(self, values: NDArray[Any]) -> None:
        """Add the samples that are due next."""
        self.values[self.used : self.used + len(values)] = values
        self.used += len(values)
        self.next_step = self._step_after(self.emptied + self.used)

    def append(self, step: int, values: NDArray[Any]) -> None:
        """Add the sample of a step, if it is due."""
        if step != self.next_step or self.used >= len(self.values):
            return
        self.values[self.used] = np.broadcast_to(values, values.shape).reshape(-1)[self.elements]
        self.used += 1
        self.next_step = self._step_after(self.emptied + self.used)

    def inspect(self, allowed: Signs) -> tuple[int, int] | None:
        """Row and column of the first value that is not sound among those that were added since the last call."""
        first, self.inspected = self.inspected, self.used
        fresh = self.values[first : self.used]
        suspect, self.suspect = self.suspect, None
        if fresh.dtype.kind != "f" or not fresh.size or suspect is False:
            return None
        with np.errstate(all="ignore"):  # a sum is quick, and never finite where a value is not
            if np.isfinite(np.add.reduce(fresh, axis=None)):
                return None
        bad = np.flatnonzero(unsound(fresh, allowed))
        return (first + int(bad[0]) // fresh.shape[1], int(bad[0]) % fresh.shape[1]) if bad.size else None

    def take(self) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Steps and values that are held."""
        held = self.due[self.emptied : self.emptied + self.used]
        return np.arange(held.start, held.start + len(held) * held.step, held.step), self.values[: self.used]


@dataclass(slots=True)
class Logs:
    """All logs of one replica; the other replicas have the same ones, in the same order."""

    spikes: list[SpikeLog] = field(default_factory=list)
    samples: list[SampleLog] = field(default_factory=list)


def require_samples(logs: Sequence[Logs], first: int, stop: int) -> None:
    """Forget the samples of the run before, and refuse those of a run that would not fit.

    Parameters
    ----------
    logs : sequence of Logs
        One a replica.
    first, stop : int
        Steps of the run.

    Raises
    ------
    NotEnoughMemoryError
        With the forecast.
    """
    parts = []
    for alike in zip(*(own.samples for own in logs), strict=True):
        for log in alike:
            log.release()
        count, size = alike[0].measure(first, stop)
        of = f" of {len(alike)} replicas" if len(alike) > 1 else ""
        name = f"{alike[0].name} ({count} samples of {alike[0].elements.size} elements{of})"
        parts.append(MemoryPart(name, len(alike) * size))
    require(parts, what="The recordings of this run", cure=CURES["recordings"])


def begin_samples(logs: Sequence[Logs], first: int, stop: int) -> None:
    """Make room for the samples of a run: an array for each recorded variable, in which each replica has its part."""
    for alike in zip(*(own.samples for own in logs), strict=True):
        count, elements = alike[0].measure(first, stop)[0], alike[0].elements.size
        whole = np.empty((len(alike), count, elements), alike[0].dtype)
        for number, log in enumerate(alike):
            log.begin(first, stop, whole, number)
