"""Pieces of what is recorded: what has come since the last piece, and its way back into the logs of a run.

In: the logs of all replicas, taps that empty some of them.  Out: arrays by name.  Must not know: files, names of what
is recorded, units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.runtime.logs import Logs
from numbadyn.runtime.taps import Receiver, SampleTap, SpikeTap

__all__ = ["Pieces", "put_back"]

_MOST = 32 << 20
"""Bytes that are held of what logs hold no longer."""

_NOTHING = np.empty(0, np.int64), np.empty(0, np.uint32)


class Pieces:
    """Cuts what is recorded into pieces, one after the other.

    Parameters
    ----------
    logs : sequence of Logs
        One a replica; what is in them already is in no piece.
    taps : sequence of SpikeTap or SampleTap
        Who empties some of the logs.
    write : callable
        Called with a piece when too much is held that logs hold no longer.
    left_out : set of int
        Identities of logs of which no piece holds anything.
    """

    def __init__(
        self,
        logs: Sequence[Logs],
        taps: Sequence[SpikeTap | SampleTap],
        write: Callable[[dict[str, NDArray[Any]]], None],
        left_out: Set[int] = frozenset(),
    ) -> None:
        self._logs, self._write, self.held = logs, write, 0
        self._spikes = {
            number: _SpikesCut(self, [own.spikes[number] for own in logs])
            for number, log in enumerate(logs[0].spikes)
            if id(log) not in left_out
        }
        self._samples = {
            number: _SamplesCut(self, logs, number)
            for number, log in enumerate(logs[0].samples)
            if id(log) not in left_out
        }
        cuts: list[_SpikesCut | _SamplesCut] = [*self._spikes.values(), *self._samples.values()]
        for tap in taps:
            for cut in cuts:
                if not tap.keeps and tap.logs[0] is cut.logs[0]:
                    tap.receivers = [*tap.receivers, cut]

    def cut(self) -> dict[str, NDArray[Any]]:
        """What has come since the last piece; empty where nothing has."""
        self.held = 0
        found: dict[str, NDArray[Any]] = {}
        for number, spikes in self._spikes.items():
            for replica, (steps, indices) in enumerate(spikes.take()):
                if steps.size:
                    found[f"spikes/{number}/{replica}/steps"] = steps
                    found[f"spikes/{number}/{replica}/indices"] = indices
        for number, samples in self._samples.items():
            values = samples.take()
            if values.shape[1]:
                found[f"samples/{number}"] = values
        return found

    def hold(self, size: int) -> None:
        """Count bytes that a cut holds; write them when they are too many."""
        self.held += size
        if self.held > _MOST:
            self._write(self.cut())


class _SpikesCut(Receiver):
    """The spikes of a population since the last piece: those handed over, and those that logs hold."""

    def __init__(self, pieces: Pieces, logs: Sequence[Any]) -> None:
        self.pieces, self.logs = pieces, logs
        self._marks = [log.used for log in logs]
        self._handed: list[list[tuple[NDArray[np.int64], NDArray[np.uint32]]]] = [[] for _ in logs]

    def take_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        """Keep what the log will hold no longer."""
        self._handed[replica].append((steps.copy(), indices.copy()))
        self.pieces.hold(steps.nbytes + indices.nbytes)

    def take(self) -> list[tuple[NDArray[np.int64], NDArray[np.uint32]]]:
        """Steps and indices, of each replica; they are not given again."""
        found = []
        for replica, log in enumerate(self.logs):
            parts = [_NOTHING, *self._handed[replica]]
            if log.drain is None:
                parts.append((log.steps[self._marks[replica] : log.used], log.indices[self._marks[replica] : log.used]))
                self._marks[replica] = log.used
            self._handed[replica] = []
            steps, indices = (np.concatenate(each) for each in zip(*parts, strict=True))
            found.append((steps, indices))
        return found


class _SamplesCut(Receiver):
    """The samples of a variable since the last piece, of all replicas."""

    def __init__(self, pieces: Pieces, logs: Sequence[Logs], number: int) -> None:
        self.pieces, self.logs = pieces, [own.samples[number] for own in logs]
        self._taken = self.logs[0].emptied + self.logs[0].used
        self._handed: list[NDArray[Any]] = []

    def take_samples(self, steps: range, values: NDArray[Any]) -> None:
        """Keep what the logs will hold no longer, unless a piece has it."""
        first = self.logs[0].due.index(steps[0])
        fresh = values[:, max(0, self._taken - first) :]
        if fresh.shape[1]:
            self._handed.append(fresh.copy())
            self._taken = first + values.shape[1]
            self.pieces.hold(fresh.nbytes)

    def take(self) -> NDArray[Any]:
        """Values of the shape ``(replicas, samples, elements)``; they are not given again."""
        log = self.logs[0]
        rest = log.whole[:, max(0, self._taken - log.emptied) : log.used]
        self._taken = max(self._taken, log.emptied + log.used)
        handed, self._handed = self._handed, []
        return np.concatenate([*handed, rest], axis=1) if handed else rest


def put_back(logs: Sequence[Logs], piece: Mapping[str, NDArray[Any]], hand: Callable[[], None]) -> None:
    """Add a piece to logs, in the order in which pieces were cut.

    Parameters
    ----------
    logs : sequence of Logs
        One a replica.
    piece : mapping
        From `Pieces.cut`.
    hand : callable
        Empties the logs that are full.
    """
    for replica, own in enumerate(logs):
        for number, log in enumerate(own.spikes):
            place = f"spikes/{number}/{replica}"
            if f"{place}/steps" in piece:
                log.extend(piece[f"{place}/indices"], piece[f"{place}/steps"])
    for number, first in enumerate(logs[0].samples):
        whole = piece.get(f"samples/{number}")
        done = 0
        while whole is not None and done < whole.shape[1]:
            room = len(first.values) - first.used
            for replica, own in enumerate(logs):
                own.samples[number].extend(whole[replica, done : done + room])
            done += room
            hand()
    hand()
