"""A study that is killed at many moments of its copies: alone, in batches, with workers, with points that fail."""

import concurrent.futures
import gc
import multiprocessing
import os
import shutil
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

import loky
from quantities import ms

import numbadyn as nd
from numbadyn.errors import WorkerLostError
from numbadyn.study.cells import decode
from numbadyn.study.store.store import Sessions, Store
from tests.faults.copies import Ledger, Moment, end_group, moments, say, work_in_a_copy
from tests.faults.disk import Disk, die
from tests.study.study_model import measure, same, start

__all__ = ["finished", "kill_studies"]

_LEDGER, _LUCK = "NUMBADYN_TESTS_LEDGER", "NUMBADYN_TESTS_LUCK"


def finished(store: Path) -> Counter[str]:
    """How often each point has finished, over all sessions."""
    lines = [line for lines in Sessions(store) for line in lines]
    return Counter(line["parameters"] for line in lines if line["state"] == "finished")


def said(result: nd.Result) -> dict[str, Any]:
    """Measure, and say so; where there is ill luck, some points fail."""
    found = measure(result)
    text = float(found["mean"]).hex()
    say(os.environ[_LEDGER], f"measured {text}")
    if os.environ[_LUCK] == "ill" and zlib.crc32(text.encode()) % 5 == 0:
        raise ArithmeticError(text)
    return found


def _mean(record: dict[str, Any]) -> str:
    return float(decode(record["values"]["mean"])).hex()


def kill_studies(folder: Path, number: int, seed: int, **options: Any) -> dict[str, Any]:
    """Kill copies of studies at so many moments; each that comes to its end is compared with one left alone."""
    studies = _Studies(folder, **options)
    for moment in moments(studies.calls, seed):
        if studies.killed == number:
            break
        studies.go_on(moment)
    studies.go_on_to_the_end()
    counts = {"killed": studies.killed, "studies": studies.ended, "in": dict(studies.killed_in)}
    return counts | {"lost workers": studies.lost, "points": studies.points, "measured": studies.measured}


class _Studies:
    """Studies in stores of their own, one after the other.

    Parameters
    ----------
    folder : Path
        Where.
    seeds : int
        How many of each of six points.
    forked : int
        Processes that run the points, copies themselves; 1 for the copy of the study.
    ill : bool
        Whether some points fail, and are tried again when all others are done.
    options
        Of the study.
    """

    def __init__(self, folder: Path, *, seeds: int = 3, forked: int = 1, ill: bool = False, **options: Any) -> None:
        self._folder, self._forked, self._ill = folder, forked, ill
        self._options = {"seeds": range(seeds), "duration": 3 * ms, "measure": said, **options}
        self._ledger = Ledger(folder / "ledger")
        os.environ |= {_LEDGER: str(self._ledger.path), _LUCK: "fair"}
        self._whole = start(**{**self._options, "checkpoint_every": None, "workers": 1})
        self._ledger.fresh()
        self.killed = self.ended = self.lost = self.points = self.measured = 0
        self.killed_in, self._groups = Counter[str](), list[int]()
        self._begin_another()
        disk = Disk()
        begun = time.perf_counter()
        self._work(disk)
        self._seconds, self.calls = time.perf_counter() - begun, disk.calls
        self._check(killed=False)
        if "workers" in options:
            loky.get_reusable_executor().shutdown(wait=True, kill_workers=True)
        self.ended = self.points = self.measured = 0
        gc.freeze()

    def _begin_another(self) -> None:
        self._store, self._known = self._folder / str(self.ended), set[str]()
        self._luck, self._retry, self._any_finished = ("ill" if self._ill else "fair"), False, False

    def go_on(self, moment: Moment | None) -> None:
        """Let a copy go on with the study."""

        def dies(call: str, number: int) -> None:
            self._ledger.note("call", call)
            die(call, number)

        seconds, disk = None, Disk()
        if moment is not None and moment.at < 0:
            seconds = moment.part * self._seconds * (1.0 - 0.6 * len(self._known) / len(self._whole))
        elif moment is not None:
            disk = Disk(dies, moment.at, torn=moment.torn)
        killed, copy = work_in_a_copy(lambda: self._work(disk), seconds)
        self._groups.append(copy)
        for group in self._groups[: -1 if killed else None]:  # what is left of the last one may disturb the next one
            end_group(group)
        self._groups = self._groups[-1:] if killed else []
        self.killed += killed
        self._check(killed=killed)

    def go_on_to_the_end(self) -> None:
        """Let the study at hand end."""
        ended = self.ended
        while self.ended == ended:
            self.go_on(None)

    def _work(self, disk: Disk) -> None:
        """What the script of a user does."""
        os.environ[_LUCK], note, add = self._luck, self._ledger.note, Store.add

        def added(store: Store, record: dict[str, Any]) -> None:
            add(store, record)
            ended = record["state"] == "finished"
            note("finished" if ended else "failed", _mean(record) if ended else record["error"]["message"])

        options, pool = {**self._options, "retry": self._retry}, None
        if self._forked > 1:
            context = multiprocessing.get_context("fork")
            pool = concurrent.futures.ProcessPoolExecutor(self._forked, mp_context=context)
            options["executor"] = pool
        with mock.patch.object(Store, "add", added), disk.in_use():
            try:
                start(self._store, **options)
            except WorkerLostError:
                note("lost", "worker")
        if pool is not None:
            pool.shutdown()

    def _check(self, *, killed: bool) -> None:
        """Nothing that was noted is run again; what has ended is the study that was left alone."""
        lost = False
        if not self._any_finished:  # a store in which nothing has ever finished begins anew
            self._known.clear()
        for word, about in self._ledger.fresh():
            if word == "call":
                self.killed_in[about] += 1
            elif word == "measured":
                self.measured += 1
                assert about not in self._known, "a point that was done is run again"
            elif word in ("finished", "failed"):
                assert about not in self._known, "a point is noted twice"
                self._known.add(about)
                self._any_finished |= word == "finished"
            else:
                lost = True
        self.lost += lost
        if killed or lost:
            return
        study = nd.Study.open(self._store)
        assert not study.left
        assert set(finished(self._store).values()) == {1}
        if self._luck == "ill":
            assert study.failed
            self._luck, self._retry = "fair", True
            self._known -= {point.message for point in study.failed}
            return
        assert same(study, self._whole)
        assert not list((self._store / "checkpoints").iterdir())
        shutil.rmtree(self._store)
        self.ended, self.points = self.ended + 1, self.points + len(study)
        self._begin_another()
