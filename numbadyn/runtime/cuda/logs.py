"""Logs of one launch on a GPU: rows that kernels fill there, and their way into the logs of a run.

In: logs of a run, a device.  Out: the array `L` of a launch; spikes and samples, added to the logs of the run.  Must
not know: programs, source text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cuda.logs import LOG_HEAD, SAMPLES, SPIKES
from numbadyn.ir.kinds import KINDS, Kind
from numbadyn.lowering.binding import EventPlace
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.logs import SampleLog, SpikeLog

__all__ = ["LaunchLogs", "SamplePlace", "log_bytes", "longest_launch"]

_SPIKES = 1 << 20
_SAMPLE_BYTES = 1 << 26


class SamplePlace(NamedTuple):
    """What is sampled: kind, first place, and the address of the element numbers on the device."""

    kind: Kind
    place: int
    elements: int


def longest_launch(samples: Sequence[SampleLog]) -> int:
    """Steps of a launch whose samples fit into the memory set aside for them."""
    rooms = (log.every * max(1, _SAMPLE_BYTES // max(1, log.elements.size * log.dtype.itemsize)) for log in samples)
    return min(rooms, default=1 << 30)


def _room(log: SpikeLog) -> int:
    return max(log.width, min(_SPIKES if log.room is None else log.room, _SPIKES, 64 * log.width))


def _samples(log: SampleLog, steps: int) -> int:
    """Most samples of a launch: one more than intervals, since it may begin between two; no more than the run takes."""
    return min(steps // log.every + 1, len(log.due))


def log_bytes(spikes: Sequence[SpikeLog], samples: Sequence[SampleLog]) -> int:
    """Memory on the device for both sets of logs of a run, at most.

    Parameters
    ----------
    spikes, samples : list
        Logs of the run.

    Returns
    -------
    int
    """
    rows = (min(_SAMPLE_BYTES, len(log.due) * log.row_bytes) + 2 * log.row_bytes for log in samples)
    return 2 * (sum(8 * _room(log) for log in spikes) + sum(rows))


class LaunchLogs:
    """Memory for what one launch records; used again once that was collected.

    Parameters
    ----------
    device : Device
        Where.
    spikes, samples : list
        Logs of the run.
    spike_places, sample_places : list
        Where their content stands on the device.
    checks : ndarray of int64, shape (n, 2)
        Places and numbers of elements of the states that are checked for NaN.
    steps : int
        Steps of the longest launch.
    rows : device array, optional
        Array of rows of other logs that are no longer used, taken over if it has the right size.
    """

    def __init__(
        self,
        device: Device,
        spikes: list[SpikeLog],
        samples: list[SampleLog],
        spike_places: list[EventPlace],
        sample_places: list[SamplePlace],
        checks: NDArray[np.int64],
        steps: int,
        rows: Any = None,
    ) -> None:
        self.device, self.spikes, self.samples = device, spikes, samples
        self._rooms = [_room(log) for log in spikes]
        self._events = [(device.empty(room, np.uint32), device.empty(room, np.uint32)) for room in self._rooms]
        self._values = [device.empty(_samples(log, steps) * log.elements.size, _stored(log.dtype)) for log in samples]
        self._template = self._rows(spike_places, sample_places, checks)
        self._empty = device.to_device(self._template)
        fits = rows is not None and rows.size == self._template.size
        self.rows = rows if fits else device.to_device(self._template)

    def _rows(
        self, spike_places: list[EventPlace], sample_places: list[SamplePlace], checks: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        address = self.device.address
        rows = [
            SPIKES.row(
                EVENTS=place.events,
                COUNTS=place.counts,
                DEPTH=place.depth,
                WIDTH=log.width,
                ROOM=room,
                INDICES=address(indices),
                STEPS=address(steps),
                EVEN=0,
                ODD=0,
            )
            for log, place, room, (indices, steps) in zip(
                self.spikes, spike_places, self._rooms, self._events, strict=True
            )
        ]
        rows += [
            SAMPLES.row(
                WHEN=int(log.kind == "probe"),
                KIND=KINDS[place.kind].code,
                PLACE=place.place,
                COUNT=log.elements.size,
                ELEMENTS=place.elements,
                DUE=log.due[0],
                EVERY=log.every,
                LAST=log.last,
                VALUES=address(values),
            )
            for log, place, values in zip(self.samples, sample_places, self._values, strict=True)
        ]
        counts = {"SPIKES": len(self.spikes), "SAMPLES": len(self.samples), "CHECKS": len(checks)}
        head = LOG_HEAD.row(**dict.fromkeys(("REACHED", "STATUS", "BAD", "FIRST"), 0), **counts)
        flat = [number for row in rows for number in row]
        return np.array([*head, *flat, *checks.reshape(-1).tolist()], np.int64)

    def reserve(self, launches: int) -> None:
        """Make sure that the host has room for the spikes of so many launches, before they are made."""
        for log, room in zip(self.spikes, self._rooms, strict=True):
            log.reserve(launches * room)

    def open(self) -> None:
        """Empty the logs, before a launch; the host would have to wait for those before it."""
        self.device.copy(self.rows, self._empty)

    def collect(self) -> tuple[int, int, int]:
        """Add what a launch has recorded to the logs of the run.

        Returns
        -------
        tuple of int
            The step reached, how the launch ended, and the check that failed.
        """
        rows = self.device.fetch(self.rows, self._template.size)
        head = dict(zip(LOG_HEAD.columns, rows[: len(LOG_HEAD)].tolist(), strict=True))
        first, reached = head["FIRST"], head["REACHED"]
        at, events = len(LOG_HEAD), []
        # a device that fails in between leaves all logs at the same step: nothing is added before all is here
        for indices, steps in self._events:
            row = dict(zip(SPIKES.columns, rows[at : at + len(SPIKES)].tolist(), strict=True))
            used = row["ODD" if reached & 1 else "EVEN"]
            events.append((self.device.fetch(indices, used), self.device.fetch(steps, used)))
            at += len(SPIKES)
        taken = [log.count_between(first, reached) for log in self.samples]
        found = [
            self.device.fetch(values, count * log.elements.size).reshape(count, log.elements.size)
            for log, values, count in zip(self.samples, self._values, taken, strict=True)
        ]
        for spikes, (indices, steps) in zip(self.spikes, events, strict=True):
            self._add_spikes(spikes, indices, steps, first)
        for samples, values in zip(self.samples, found, strict=True):
            samples.extend(values)
        return reached, head["STATUS"], head["BAD"]

    @staticmethod
    def _add_spikes(log: SpikeLog, indices: NDArray[np.uint32], steps: NDArray[np.uint32], first: int) -> None:
        """Spikes of a launch in the order of steps and neurons; threads leave those of a step in any order."""
        inside = (indices >= log.start) & (indices < log.stop)
        if not inside.all():
            indices, steps = indices[inside], steps[inside]
        keys = steps.astype(np.uint64) << np.uint64(32) | indices
        if (keys[1:] < keys[:-1]).any():
            keys.sort()
        found = (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        log.extend(found - np.uint32(log.start), (keys >> np.uint64(32)).astype(np.int64) + first)


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype
