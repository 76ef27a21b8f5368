"""A run with checkpoints, recordings, reducers and files of recordings that is killed at many moments of its copies."""

import gc
import itertools
import pickle
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from quantities import ms

import numbadyn as nd
from numbadyn.io.checkpoint_files import CheckpointFiles
from numbadyn.runtime.progress import NullProgress
from tests.faults.copies import Ledger, Moment, moments, work_in_a_copy
from tests.faults.disk import Disk, die
from tests.features.both import recorded
from tests.features.small_network import simulator

__all__ = ["everything", "kill_runs", "made", "same"]

STEPS, EVERY = 60, 5


class Announced(NullProgress):
    """Says at which step a copy begins."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def start(self, total_steps: int, dt: float) -> None:
        self._ledger.note("begun", STEPS - total_steps)


def made(target: str, **how: Any) -> nd.Simulator:
    """The network of these tests, with everything recorded that there is."""
    sim = simulator(target, **how)
    sim.record(sim.network.A, nd.reduce.Rate(), nd.reduce.IsiHistogram(bin=1 * ms, longest=9 * ms))
    sim.record(sim.network.B, nd.reduce.Variance("V"), nd.reduce.Counts(bin=0.7 * ms))
    return sim


def everything(result: nd.Result) -> dict[str, Any]:
    """All that a result holds, by name."""
    found = {name: np.array(values) for name, values in recorded(result).items()}
    for path, recording in result.recordings.items():
        for name, reduced in recording.reduced.items():
            found[f"{path} {name}"] = np.array(reduced.values)
            found |= {f"{path} {name} {more}": np.array(values) for more, values in reduced.more.items()}
    return found


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Refuse what differs in a bit."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype, name
        assert found[name].tobytes() == values.tobytes(), name


def kill_runs(folder: Path, target: str, number: int, seed: int, **options: Any) -> dict[str, Any]:
    """Kill copies of runs at so many moments; each run that comes to its end is compared with one left alone."""
    runs = _Runs(folder, made(target).compile(), options)
    calls = runs.calls_of_two_checkpoints()
    drawn = moments(calls, seed)
    for moment in itertools.islice(drawn, len(calls)):  # each in a run of its own: which it is does not hang on luck
        assert not runs.go_on(moment)
        assert runs.go_on(None)
    for moment in drawn:
        if runs.killed == number:
            break
        runs.go_on(moment)
    while not runs.go_on(None):
        pass
    return {"killed": runs.killed, "runs": runs.ended, "in": dict(runs.calls), "steps": runs.steps}


class _Runs:
    """Runs in folders of their own, one after the other."""

    def __init__(self, folder: Path, sim: nd.Simulator, options: dict[str, Any]) -> None:
        self._folder, self._sim, self._options = folder, sim, options
        self._ledger = Ledger(folder / "ledger")
        self._place, self._kept = folder / "0", 0
        self.killed, self.ended, self.steps, self.calls = 0, 0, 0, Counter[str]()
        self._place.mkdir()
        self._whole = everything(sim.run(STEPS * 0.1 * ms, progress=False))
        for _warm in range(2):  # what the first one has loaded and looked up, copies need not
            sim.reset()
            begun, self._disk = time.perf_counter(), Disk()
            self._work(self._disk)
            self._seconds = time.perf_counter() - begun
            self._check(killed=False)
        sim.reset()
        gc.freeze()

    def calls_of_two_checkpoints(self) -> list[str]:
        """What a run calls until its second checkpoint is in its place, and a little more."""
        calls = self._disk.calls
        return calls[: calls.index("link") + 5]

    def go_on(self, moment: Moment | None) -> bool:
        """Let a copy go on with the run; whether the run has ended."""

        def dies(call: str, number: int) -> None:
            self._ledger.note("call", call)
            die(call, number)

        seconds, disk = None, Disk()
        if moment is not None and moment.at < 0:
            seconds = moment.part * self._seconds * (1.0 - 0.8 * self._kept / STEPS)
        elif moment is not None:
            disk = Disk(dies, moment.at, torn=moment.torn)
        killed, _copy = work_in_a_copy(lambda: self._work(disk), seconds)
        self.killed += killed
        self._check(killed=killed)
        return not killed

    def _work(self, disk: Disk) -> None:
        """What the script of a user does."""
        note, write = self._ledger.note, CheckpointFiles.write

        def kept(files: CheckpointFiles, content: Any) -> None:
            write(files, content)
            note("kept", content.header["step"])

        where = {name: self._place / value if name == "spill" else value for name, value in self._options.items()}
        how = {"checkpoint": self._place / "it", "checkpoint_every": EVERY * 0.1 * ms, **where}
        with mock.patch.object(CheckpointFiles, "write", kept), disk.in_use():
            result = self._sim.run(STEPS * 0.1 * ms, progress=Announced(self._ledger), **how)
        (self._place / "result").write_bytes(pickle.dumps(everything(result)))

    def _check(self, *, killed: bool) -> None:
        """Nothing that was kept is lost or done again; what has ended is what a run gives that was left alone."""
        for word, about in self._ledger.fresh():
            if word == "call":
                self.calls[about] += 1
            elif word == "kept":
                self._kept = int(about)
            else:
                # a checkpoint may have been put in its place by a copy that was killed before it could say so
                assert int(about) in (self._kept, min(self._kept + EVERY, STEPS)), (about, self._kept)
                self._kept = int(about)
                self.steps += STEPS - self._kept
        if killed:
            return
        same(pickle.loads((self._place / "result").read_bytes()), self._whole)
        names = {path.name for path in self._place.iterdir()}
        assert names - {"spill"} == {"it", "it.before", "it.recorded", "result"}, names
        shutil.rmtree(self._place)
        self.ended, self._kept = self.ended + 1, 0
        self._place = self._folder / str(self.ended)
        self._place.mkdir()
