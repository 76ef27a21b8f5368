"""Logs of one launch on a GPU: rows that kernels fill there, and their way into the logs of a run.

In: logs of a run, of each replica, and a device.  Out: the array `L` of a launch; spikes and samples, added to the logs
of the run.  Must not know: programs, source text.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cuda.logs import LOG_HEAD, SAMPLES, SPIKES
from numbadyn.ir.kinds import KINDS, Kind
from numbadyn.lowering.binding import EventPlace
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.logs import SampleLog, SpikeLog

__all__ = ["Ending", "LaunchLogs", "Recorded", "SamplePlace", "log_bytes", "longest_launch"]

_SPIKES, _SPIKES_OF_BATCH, _STEPS_OF_BATCH = 1 << 20, 1 << 23, 1 << 12
_SAMPLE_BYTES = 1 << 26


class SamplePlace(NamedTuple):
    """What is sampled: kind, first place, and the address of the element numbers on the device."""

    kind: Kind
    place: int
    elements: int


class Ending(NamedTuple):
    """How a launch ended for a replica: the step reached, the status of `LOG_HEAD`, the check that failed."""

    reached: int
    status: int
    bad: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a launch records of a replica.

    Parameters
    ----------
    spikes, samples : list
        Logs of the run.
    spike_places, sample_places : list
        Where their content stands on the device.
    checks : ndarray of int64, shape (n, 4)
        Places and numbers of elements of the states that are checked for NaN.
    """

    spikes: list[SpikeLog]
    samples: list[SampleLog]
    spike_places: list[EventPlace]
    sample_places: list[SamplePlace]
    checks: NDArray[np.int64]


def longest_launch(spikes: Sequence[SpikeLog], samples: Sequence[SampleLog], replicas: int = 1) -> int:
    """Steps of a launch whose samples fit into the memory set aside for them; in a batch, whose spikes surely do.

    A launch of a network alone ends early where spikes do not fit. Replicas would end at different steps then.
    """
    room = _SAMPLE_BYTES // replicas
    rooms = [log.every * max(1, room // max(1, log.elements.size * log.dtype.itemsize)) for log in samples]
    if replicas > 1 and spikes:
        rooms.append(_steps_of_batch(spikes, replicas))
    return min(rooms, default=1 << 30)


def _steps_of_batch(spikes: Sequence[SpikeLog], replicas: int) -> int:
    rooms = [log.room // log.width for log in spikes if log.room is not None]
    return max(1, min([_STEPS_OF_BATCH, _SPIKES_OF_BATCH // (replicas * sum(log.width for log in spikes)), *rooms]))


def _rooms(spikes: Sequence[SpikeLog], replicas: int) -> list[int]:
    """Spikes of each log for which a launch has room, in each replica."""
    if replicas > 1 and spikes:
        steps = _steps_of_batch(spikes, replicas)
        return [steps * log.width for log in spikes]
    return [max(log.width, min(_SPIKES if log.room is None else log.room, _SPIKES, 64 * log.width)) for log in spikes]


def _samples(log: SampleLog, steps: int) -> int:
    """Most samples of a launch: one more than intervals, since it may begin between two; no more than the run takes."""
    return min(steps // log.every + 1, len(log.due))


def log_bytes(spikes: Sequence[SpikeLog], samples: Sequence[SampleLog], replicas: int = 1) -> int:
    """Memory on the device for both sets of logs of a run, at most.

    Parameters
    ----------
    spikes, samples : list
        Logs of the run, of one replica.
    replicas : int
        How many have such logs.

    Returns
    -------
    int
    """
    most = _SAMPLE_BYTES // replicas
    rows = (min(most, len(log.due) * log.row_bytes) + 2 * log.row_bytes for log in samples)
    each = 8 if replicas == 1 else 16
    return 2 * replicas * (each * sum(_rooms(spikes, replicas)) + sum(rows))


class LaunchLogs:
    """Memory for what one launch records; used again once that was collected.

    Parameters
    ----------
    device : Device
        Where.
    replicas : sequence of Recorded
        What is recorded of each; the same logs in the same order.
    steps : int
        Steps of the longest launch.
    rows : device array, optional
        Array of rows of other logs that are no longer used, taken over if it has the right size.

    Attributes
    ----------
    rows : device array
        `L`, a part for each replica.
    packed : device array or None
        Where the spikes of all replicas of a batch are gathered behind a launch.
    """

    def __init__(self, device: Device, replicas: Sequence[Recorded], steps: int, rows: Any = None) -> None:
        self.device, self.replicas = device, replicas
        first, number = replicas[0], len(replicas)
        self._rooms = _rooms(first.spikes, number)
        self._events = [
            [(device.empty(room, np.uint32), device.empty(room, np.uint32)) for room in self._rooms] for _ in replicas
        ]
        self.packed = device.empty(number * sum(self._rooms), np.int64) if number > 1 and first.spikes else None
        self._strides = [_samples(log, steps) * log.elements.size for log in first.samples]
        self._values = [
            device.empty(number * stride, _stored(log.dtype))
            for log, stride in zip(first.samples, self._strides, strict=True)
        ]
        self._template = np.concatenate([self._part(number) for number in range(number)])
        self._empty = device.to_device(self._template)
        fits = rows is not None and rows.size == self._template.size
        self.rows = rows if fits else device.to_device(self._template)

    def _part(self, number: int) -> NDArray[np.int64]:
        """The part of a replica in `L`."""
        address, one = self.device.address, self.replicas[number]
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
                one.spikes, one.spike_places, self._rooms, self._events[number], strict=True
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
                VALUES=address(values) + number * stride * _stored(log.dtype).itemsize,
            )
            for log, place, values, stride in zip(
                one.samples, one.sample_places, self._values, self._strides, strict=True
            )
        ]
        flat = [*itertools.chain.from_iterable(rows), *one.checks.reshape(-1).tolist()]
        counts = {"SPIKES": len(one.spikes), "SAMPLES": len(one.samples), "CHECKS": len(one.checks)}
        nothing = dict.fromkeys(("REACHED", "STATUS", "BAD", "FIRST"), 0)
        return np.array([*LOG_HEAD.row(**nothing, **counts, SIZE=len(LOG_HEAD) + len(flat)), *flat], np.int64)

    def without_checks(self) -> None:
        """Let launches from now on go on whatever is not finite."""
        parts = self._template.reshape(len(self.replicas), -1)
        parts[:, LOG_HEAD.column("CHECKS")] = 0
        self._empty = self.device.to_device(self._template)

    def reserve(self, launches: int) -> None:
        """Make sure that the host has room for the spikes of so many launches, before they are made."""
        for one in self.replicas:
            for log, room in zip(one.spikes, self._rooms, strict=True):
                log.reserve(launches * room)

    def open(self) -> None:
        """Empty the logs, before a launch; the host would have to wait for those before it."""
        self.device.copy(self.rows, self._empty)

    def collect(self) -> list[Ending]:
        """Add what a launch has recorded to the logs of the run.

        Returns
        -------
        list of Ending
            One a replica.
        """
        parts = self.device.fetch(self.rows, self._template.size).reshape(len(self.replicas), -1)
        heads = [dict(zip(LOG_HEAD.columns, part[: len(LOG_HEAD)].tolist(), strict=True)) for part in parts]
        # a device that fails in between leaves all logs at the same step: nothing is added before all is here
        keys = self._fetch_spikes(parts, heads)
        values = self._fetch_samples(heads)
        for one, head, found, sampled in zip(self.replicas, heads, keys, values, strict=True):
            for log, own in zip(one.spikes, found, strict=True):
                self._add_spikes(log, own, head["FIRST"])
            for sample, taken in zip(one.samples, sampled, strict=True):
                sample.extend(taken)
        return [Ending(head["REACHED"], head["STATUS"], head["BAD"]) for head in heads]

    def _fetch_spikes(self, parts: NDArray[np.int64], heads: list[dict[str, int]]) -> list[list[NDArray[np.int64]]]:
        """Spikes of each log of each replica: steps since the launch above, indices in the lower 32 bits."""
        begin, logs = len(LOG_HEAD), len(self._rooms)
        rows = parts[:, begin : begin + logs * len(SPIKES)].reshape(len(parts), logs, len(SPIKES))
        ends = [SPIKES.column("ODD" if head["REACHED"] & 1 else "EVEN") for head in heads]
        used = [own[:, end].tolist() for own, end in zip(rows, ends, strict=True)]
        if self.packed is None:
            return [
                [self._fetch_log(*pair, count) for pair, count in zip(own, counts, strict=True)]
                for own, counts in zip(self._events, used, strict=True)
            ]
        places = np.cumsum([0, *itertools.chain.from_iterable(used)])
        found = self.device.fetch(self.packed, int(places[-1]))
        pieces = [found[first:last] for first, last in itertools.pairwise(places)]
        return [pieces[k * logs : (k + 1) * logs] for k in range(len(parts))]

    def _fetch_log(self, indices: Any, steps: Any, count: int) -> NDArray[np.int64]:
        found, since = self.device.fetch(indices, count), self.device.fetch(steps, count)
        keys: NDArray[np.int64] = since.astype(np.int64) << 32 | found
        return keys

    def _fetch_samples(self, heads: list[dict[str, int]]) -> list[list[NDArray[Any]]]:
        """Samples of each log of each replica."""
        found: list[list[NDArray[Any]]] = [[] for _ in heads]
        for k, (values, stride) in enumerate(zip(self._values, self._strides, strict=True)):
            logs = [one.samples[k] for one in self.replicas]
            width = logs[0].elements.size
            counts = [log.count_between(head["FIRST"], head["REACHED"]) for log, head in zip(logs, heads, strict=True)]
            last = max((number for number, count in enumerate(counts) if count), default=0)
            whole = self.device.fetch(values, last * stride + counts[last] * width)
            for number, count in enumerate(counts):
                found[number].append(whole[number * stride :][: count * width].reshape(count, width))
        return found

    @staticmethod
    def _add_spikes(log: SpikeLog, keys: NDArray[np.int64], first: int) -> None:
        """Spikes of a launch in the order of steps and neurons; threads leave those of a step in any order."""
        indices = keys & 0xFFFFFFFF
        inside = (indices >= log.start) & (indices < log.stop)
        if not inside.all():
            keys = keys[inside]
        if (keys[1:] < keys[:-1]).any():
            keys = np.sort(keys)
        log.extend(((keys & 0xFFFFFFFF) - log.start).astype(np.uint32), (keys >> 32) + first)


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype
