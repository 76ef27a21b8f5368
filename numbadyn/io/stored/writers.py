"""Writers: what is recorded goes to disk while the network runs.

In: blocks of samples, spikes as they come.  Out: lazy arrays of all of them.  Must not know: targets, units, modules.

A thread writes, so that the network goes on meanwhile.  Where writing fails, what could not be written stays in memory,
and the run ends at its next stop: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DiskFullError
from numbadyn.io.chosen import Chosen
from numbadyn.io.stored.folder import RunFolder, StoredRows
from numbadyn.io.stored.lazy import Joined, StackedReplicas
from numbadyn.runtime.taps import Receiver

__all__ = ["Desk", "SampleWriter", "SpikeWriter"]

_Events = list[tuple[NDArray[Any], NDArray[Any]]]


class Desk(Receiver):
    """Where the writers of a run write, and which is closed behind them: a folder, a thread, and what went wrong.

    Parameters
    ----------
    folder : RunFolder
        Of the run.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder, self._notes = folder, list[Callable[[], None]]()
        self.failure: Exception | None = None
        self._told = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="numbadyn-writer")

    def submit(self, write: Callable[[], None], keep: Callable[[], None]) -> Future[None]:
        """Write in the thread; keep in memory what cannot be written, there and from then on."""

        def work() -> None:
            if self.failure is None:
                try:
                    write()
                    return
                except Exception as error:  # whatever a file system or a library thinks of
                    self.failure = error
            keep()

        return self._thread.submit(work)

    def finish(self) -> None:
        """Wait for what is under way, and end the thread."""
        if self._notes:
            self.submit(self._note_all, lambda: None)
        self._thread.shutdown(wait=True)
        self.check()

    def _note_all(self) -> None:
        for note in self._notes:
            note()

    def at_the_end(self, note: Callable[[], None]) -> None:
        """Let something be written down when all else has been written."""
        self._notes.append(note)

    def check(self) -> None:
        """End the run if something could not be written.

        Raises
        ------
        DiskFullError
            Once.
        """
        if self.failure is None or self._told:
            return
        self._told = True
        reason = getattr(self.failure, "strerror", None) or self.failure
        raise DiskFullError(
            f"What is recorded could not be written to {self.folder.path}: {reason}.",
            where="Simulator.run(spill=...)",
            cure="All that was recorded so far is in the error's .result; make room or give another folder, "
            "run(..., spill=...), and go on with sim.run(...).",
            folder=str(self.folder.path),
        ) from self.failure


class SampleWriter(Receiver):
    """Writes the samples of a variable.

    Parameters
    ----------
    desk : Desk
        Where.
    name : str
        Path of its arrays in the folder.
    replicas, rows, elements : int
        How many there will be.
    block : int
        Samples that come at a time.
    dtype : dtype
        Of the samples.
    """

    def __init__(self, desk: Desk, name: str, replicas: int, rows: int, elements: int, block: int, dtype: Any) -> None:
        self._desk = desk
        names = [name] if replicas == 1 else [f"{name}/{number}" for number in range(replicas)]
        self._arrays = [
            desk.folder.create(each, (rows, elements), min(block, max(1, rows)), dtype, packed=False) for each in names
        ]
        self._written, self._tail = 0, list[NDArray[Any]]()
        desk.at_the_end(self._note)

    def _note(self) -> None:
        """Write down how many rows there are: blocks alone tell it of whole ones."""
        for array in self._arrays:
            array.attrs["rows"] = self._written

    def take_samples(self, steps: range, values: NDArray[Any]) -> Future[None]:
        """Write a block."""
        return self._desk.submit(lambda: self._write(values), lambda: self._tail.append(values.copy()))

    def _write(self, values: NDArray[Any]) -> None:
        end = self._written + values.shape[1]
        for array, part in zip(self._arrays, values, strict=True):
            array[self._written : end] = part
        self._written = end

    def look(self) -> None:
        """End the run if something could not be written."""
        self._desk.check()

    def values(self, *, batch: bool) -> Any:
        """All samples that came, unread; in a batch with an axis of replicas."""
        found = [
            Joined([StoredRows(self._desk.folder, array, self._written), *(block[number] for block in self._tail)])
            for number, array in enumerate(self._arrays)
        ]
        return StackedReplicas(found) if batch else found[0]


class SpikeWriter(Receiver):
    """Writes the spikes of a population, compressed, once they are too many for memory.

    Parameters
    ----------
    desk : Desk
        Where.
    name : str
        Path of its arrays in the folder.
    replicas : int
        How many there are.
    block : int
        Spikes that are written at a time.
    held : int
        How many spikes of a replica stay in memory until the first one is written; zero if all are to be on disk.
    chosen : Chosen, optional
        Which of them; all by default.
    """

    def __init__(
        self, desk: Desk, name: str, replicas: int, block: int, held: int, chosen: Chosen | None = None
    ) -> None:
        self._desk, self._block, self._chosen = desk, block, chosen
        places = [name] if replicas == 1 else [f"{name}/{number}" for number in range(replicas)]
        kinds = (("steps", np.int64), ("indices", np.uint32))
        self._arrays = [
            [desk.folder.create(f"{place}/{what}", (0,), block, kind, packed=True) for what, kind in kinds]
            for place in places
        ]
        self._everything, self._held = held == 0, [max(held, block)] * replicas
        self._fresh: list[_Events] = [[] for _ in range(replicas)]
        self._tail: list[_Events] = [[] for _ in range(replicas)]
        self._written, self._counts = [0] * replicas, [0] * replicas
        self._under_way: list[Future[None]] = []

    def take_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        """Collect spikes, and write them where there is a block of them."""
        if self._chosen is not None:
            steps, indices = self._chosen.pick(steps, indices)
        self._fresh[replica].append((steps.copy(), indices.copy()))
        self._counts[replica] += steps.size
        if self._counts[replica] >= self._held[replica]:
            self._held[replica] = self._block
            self._pass_on(replica)

    def _pass_on(self, replica: int) -> None:
        """Give whole blocks to the thread."""
        fresh, count = self._fresh[replica], self._counts[replica]
        steps, indices = (np.concatenate(parts) for parts in zip(*fresh, strict=True))
        whole = count // self._block * self._block
        self._fresh[replica] = [(steps[whole:].copy(), indices[whole:].copy())]
        self._counts[replica] = count - whole
        for start in range(0, whole, self._block):
            some = slice(start, start + self._block)
            while len(self._under_way) > 1:
                self._under_way.pop(0).result()
            self._submit(replica, (steps[some], indices[some]))

    def _submit(self, replica: int, given: tuple[NDArray[Any], NDArray[Any]]) -> None:
        tail = self._tail[replica]
        self._under_way.append(self._desk.submit(lambda: self._write(replica, given), lambda: tail.append(given)))

    def _write(self, replica: int, given: tuple[NDArray[Any], NDArray[Any]]) -> None:
        start = self._written[replica]
        end = start + given[0].size
        for array, values in zip(self._arrays[replica], given, strict=True) if end > start else ():
            array.resize((end,))
            array[start:end] = values
        self._arrays[replica][0].attrs["rows"] = end
        self._written[replica] = end

    def look(self) -> None:
        """End the run if something could not be written."""
        self._desk.check()

    def finish(self) -> None:
        """Write the rest of what has been too much for memory; what has not, stays there."""
        to_disk = self._everything or any(self._written) or bool(self._under_way)
        for replica in range(len(self._written)):
            if to_disk:  # also where there is none, so that this can be told from those that stay in memory
                none = (np.empty(0, np.int64), np.empty(0, np.uint32))
                fresh = self._fresh[replica] or [none]
                steps, indices = (np.concatenate(parts) for parts in zip(*fresh, strict=True))
                self._fresh[replica], self._counts[replica] = [], 0
                self._submit(replica, (steps, indices))
        for future in self._under_way:
            future.result()

    def events(self) -> list[tuple[Any, Any]]:
        """Steps and indices of each replica: unread where they are on disk."""
        found = []
        for replica, arrays in enumerate(self._arrays):
            rest = [*self._tail[replica], *self._fresh[replica]]
            stored = [StoredRows(self._desk.folder, array, self._written[replica]) for array in arrays]
            if self._written[replica]:
                steps, indices = (
                    Joined([rows, *(given[number] for given in rest)]) for number, rows in enumerate(stored)
                )
                found.append((steps, indices))
                continue
            empty = [(np.empty(0, np.int64), np.empty(0, np.uint32))]
            parts = zip(*(rest or empty), strict=True)
            found.append(tuple(np.concatenate(each) for each in parts))  # type: ignore[arg-type]
        return found
