"""Who gets what is recorded in a run: the logs alone, or files beside them.

In: a recorder, a machine, what users say of memory.  Out: a visitor that empties the logs, and what became of them.
Must not know: targets, formats of files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from numbadyn.errors import SpillFolderError
from numbadyn.io.coordinates import Coordinates
from numbadyn.io.provenance import Provenance
from numbadyn.io.reduce import Reduced
from numbadyn.io.stored.folder import RunFolder, written_coordinates
from numbadyn.io.stored.lazy import Ticks
from numbadyn.io.stored.writers import Desk, SampleWriter, SpikeWriter
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.taps import Receiver, SampleTap, SpikeTap, Taps
from numbadyn.runtime.visitors import Visitor
from numbadyn.simulator.budget import Rooms, share
from numbadyn.simulator.measuring import Windows
from numbadyn.simulator.recorder import Recorder
from numbadyn.units import bytes_of

__all__ = ["Handover"]


class Handover:
    """Who gets what in one run.

    Parameters
    ----------
    recorder : Recorder
        Whose logs.
    machine : Machine
        Ready to run.
    steps : tuple of int
        First step of the run, and the one behind the last.
    memory, spill : object
        As users gave them to `Simulator.run`.

    Attributes
    ----------
    visitors : list of Visitor
        Who empties the logs between two steps.
    taps : list of SpikeTap or SampleTap
        What they empty.
    running : dict
        Reducers at work, by the names of the recording and of the reducer.
    """

    def __init__(self, recorder: Recorder, machine: Machine, steps: tuple[int, int], memory: Any, spill: Any) -> None:
        self._recorder = recorder
        self._samples: dict[tuple[str, str], SampleWriter] = {}
        self._spikes: dict[str, SpikeWriter] = {}
        recorder.hold_all()
        self._folder: RunFolder | None = None
        self.running = {key: measured.start(recorder, steps) for key, measured in recorder.measured.items()}
        self._receivers: list[Receiver] = [*self.running.values()]
        budget = None if memory is None else bytes_of(memory, "Simulator.run(memory=...)")
        self._windows = Windows(recorder, budget)
        if memory is not None or spill is not None:
            self._spill(machine, steps, budget, _place(spill))
        self.taps: list[SpikeTap | SampleTap] = [*self._spike_taps(), *self._sample_taps()]
        self.visitors: list[Visitor] = [Taps(self.taps, self._receivers)] if self.taps else []

    def _spill(self, machine: Machine, window: tuple[int, int], budget: int | None, place: str | None) -> None:
        """Let logs that do not fit into a budget go to disk."""
        recorder = self._recorder
        samples, spikes = recorder.shown(recorder.samples_by_name), recorder.shown(recorder.spikes_by_name)
        rooms = share(budget, machine, samples, spikes, window, self._windows.nbytes)
        if not rooms.samples and not rooms.spikes:
            return
        desk = Desk(RunFolder(place, {"dt_ms": recorder.dt, "first_step": window[0], "batch": recorder.batch}))
        self._folder = desk.folder
        with desk.folder.begun():
            self._prepare(desk, rooms, samples, spikes, window)
        desk.at_the_end(lambda: desk.folder.note(last_step=machine.number, ended=_ended(machine.number, window[1])))
        self._receivers += [*self._spikes.values(), *self._samples.values(), desk]

    def _prepare(
        self,
        desk: Desk,
        rooms: Rooms,
        samples: Mapping[tuple[str, str], list[SampleLog]],
        spikes: Mapping[str, list[SpikeLog]],
        window: tuple[int, int],
    ) -> None:
        """Make a writer for each log that does not fit, and write down what they are of."""
        recorder = self._recorder
        about: dict[str, list[dict[str, Any]]] = {"spikes": [], "samples": []}
        for number, (path, room) in enumerate(rooms.spikes.items()):
            logs, part, block, name = spikes[path], recorder.part_of(path), min(room, 1 << 18), f"spikes/{number}"
            self._spikes[path] = SpikeWriter(desk, name, len(logs), block, rooms.held[path], part)
            size = logs[0].width if part is None else part.size
            about["spikes"].append({"array": name, "population": path, "size": size})
            for log in logs:
                log.room = room
        for number, (key, room) in enumerate(rooms.samples.items()):
            of, name = samples[key], f"samples/{number}"
            due, elements = of[0].range_of(*window), of[0].elements.size
            self._samples[key] = SampleWriter(desk, name, len(of), len(due), elements, room, of[0].dtype)
            about["samples"].append({"array": name, **recorder.about(key, due)})
            for sampled in of:
                sampled.room = room
        parts = {name: (of_path, numbers.tolist()) for name, (of_path, numbers) in recorder._parts.items()}
        desk.folder.note(**about, parts=parts)

    def _spike_taps(self) -> Iterator[SpikeTap]:
        """Taps of all spikes that somebody wants while they come."""
        recorder = self._recorder
        for path, logs in recorder.spikes_by_name.items():
            hidden, writer = path in recorder.hidden, self._spikes.get(path)
            takers: list[Receiver] = [] if writer is None else [writer]
            takers += [self.running[key] for key, of in recorder.measured.items() if of.spikes == path]
            for log in logs if hidden else ():
                log.room = self._windows.spikes(logs)
            if takers or hidden:
                yield SpikeTap(logs, takers, keeps=not hidden and writer is None)

    def _sample_taps(self) -> Iterator[SampleTap]:
        """Taps of all samples that somebody wants while they come."""
        recorder = self._recorder
        for key, logs in recorder.samples_by_name.items():
            writer = self._samples.get(key)
            if writer is not None:
                yield SampleTap(logs, [writer], logs[0].room or 1, keeps=False)
            elif key in recorder.hidden:
                takers = [self.running[name] for name, of in recorder.measured.items() if of.samples == key]
                block, room = self._windows.samples(logs)
                for log in logs:
                    log.room = room
                yield SampleTap(logs, takers, block, keeps=False)

    def note(self, coords: Coordinates, provenance: Provenance) -> None:
        """Write down beside recordings on disk what replicas are bound to, and how the run is made."""
        if self._folder is not None and not self._folder.temporary:
            with contextlib.suppress(OSError):  # a full disk is for those to tell who write what is recorded
                self._folder.note(coords=written_coordinates(coords), provenance=provenance.to_json())

    # ---- after the run -----------------------------------------------------------------------------------------------

    def samples(self, key: tuple[str, str], logs: list[SampleLog]) -> tuple[Any, Any]:
        """Steps and values of all samples of a variable, in a batch of all replicas."""
        batch, writer = self._recorder.batch is not None, self._samples.get(key)
        if writer is None:
            steps, values = logs[0].take()
            return steps, logs[0].whole[:, : logs[0].used] if batch else values
        values = writer.values(batch=batch)
        return Ticks(logs[0].due[: values.shape[1 if batch else 0]]), values

    def spikes(self, path: str, logs: list[SpikeLog]) -> list[tuple[Any, Any]]:
        """Steps and indices of all spikes of a population, or of its part that was asked for, of each replica."""
        writer, part = self._spikes.get(path), self._recorder.part_of(path)
        if writer is not None:
            return writer.events()
        taken = [log.take() for log in logs]
        return taken if part is None else [part.pick(*given) for given in taken]

    def reduced(self, reached: int) -> dict[tuple[str, str], Reduced]:
        """What reducers have found, by the names of the recording and of the reducer."""
        return {key: running.result(reached) for key, running in self.running.items()}


def _ended(reached: int, stop: int) -> str:
    """What is written down of how a run has ended."""
    return "duration" if reached == stop else "stopped"


def _place(spill: Any) -> str | None:
    """Where recordings go."""
    if spill is None:
        return None
    try:
        place = os.fspath(spill)
        return place if isinstance(place, str) else os.fsdecode(place)
    except TypeError:
        raise SpillFolderError(
            f"spill={spill!r} is no folder.",
            where="Simulator.run(spill=...)",
            cure="Give a path, such as spill='recordings'.",
            spill=spill,
        ) from None
