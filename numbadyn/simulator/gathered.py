"""What reducers have gathered in the course of a run, and what waits for them: into a checkpoint, and back.

In: a recorder, who gets what in this run.  Out: plain values and arrays.  Must not know: files, which reducers there
are.

Samples that only reducers need are in no file; of these only those are kept that have not been handed over.  So a
reducer goes on with the blocks that it would have had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import UnsupportedFeatureError
from numbadyn.io.packing import pack, unpack
from numbadyn.io.reduce import Running
from numbadyn.runtime.taps import SampleTap
from numbadyn.simulator.handover import Handover
from numbadyn.simulator.recorder import Recorder

__all__ = ["Gathered"]


class Gathered:
    """The reducers of a run.

    Parameters
    ----------
    recorder : Recorder
        Whose logs.
    handover : Handover
        Who gets what.

    Attributes
    ----------
    hidden : set of int
        Identities of the logs that reducers alone need.
    """

    def __init__(self, recorder: Recorder, handover: Handover) -> None:
        self._running, self._taps = handover.running, handover.taps
        known: dict[Any, Sequence[Any]] = {**recorder.spikes_by_name, **recorder.samples_by_name}
        self.hidden = {id(log) for key in recorder.hidden for log in known[key]}

    def check(self) -> None:
        """Refuse reducers that hold what no checkpoint can.

        Raises
        ------
        UnsupportedFeatureError
            One of users' own does.
        """
        for (name, reducer), running in self._running.items():
            try:
                pack(_own(running), {}, reducer)
            except TypeError as error:
                raise UnsupportedFeatureError(
                    f"What {reducer} of {name} gathers cannot be in a checkpoint: {error}.",
                    where="Simulator.run(checkpoint=...)",
                    cure="Let it keep arrays, numbers, texts, lists, tuples and dictionaries; or run without "
                    "checkpoints.",
                ) from error

    def take(self, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
        """What has been gathered so far, with arrays apart."""
        at_work = enumerate(self._running.values())
        found = [pack(_own(running), arrays, f"reducers/{number}") for number, running in at_work]
        waiting = []
        for number, tap in enumerate(self._samples()):
            log = tap.logs[0]
            arrays[f"waiting/{number}"] = np.array(log.whole[:, tap.handed : log.used])
            waiting.append(log.emptied + tap.handed)
        return {"reducers": found, "waiting": waiting}

    def restore(self, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on with what was gathered before."""
        for running, packed in zip(self._running.values(), plain["reducers"], strict=True):
            running.go_on(unpack(packed, arrays))
        for number, (tap, emptied) in enumerate(zip(self._samples(), plain["waiting"], strict=True)):
            for replica, log in enumerate(tap.logs):
                log.emptied = emptied
                log.extend(arrays[f"waiting/{number}"][replica])

    def _samples(self) -> list[SampleTap]:
        """Taps of samples that only reducers need."""
        return [tap for tap in self._taps if isinstance(tap, SampleTap) and id(tap.logs[0]) in self.hidden]

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While it lasts, reducers get nothing."""
        before = [tap.receivers for tap in self._taps]
        for tap in self._taps:
            tap.receivers = [receiver for receiver in tap.receivers if not isinstance(receiver, Running)]
        try:
            yield
        finally:
            for tap, receivers in zip(self._taps, before, strict=True):
                tap.receivers = receivers


def _own(running: Running) -> dict[str, Any]:
    """What a reducer holds beside what it is applied to."""
    return {name: value for name, value in vars(running).items() if name != "scope"}
