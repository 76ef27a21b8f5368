"""What is recorded, as plain values: to be written down, compared, and asked for again.

In: a recorder.  Out: its requests, and a recorder that has them.  Must not know: files, targets, how logs are filled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.runtime.logs import SampleLog
from numbadyn.simulator.recorder import Recorder

__all__ = ["Request", "requests_of", "restore_requests"]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A recording that was asked for.

    Parameters
    ----------
    name : str
        Of the recording: the path of the module, with the part of it that is meant.
    path : str
        Of the module.
    variable : str or None
        None stands for spikes.
    every, first, last : int
        Steps between samples, and the window of steps.
    part : ndarray of int64, optional
        Elements of the part of a population, if one is meant.
    elements : ndarray of int64, optional
        Numbers of the elements of the variable; None for all.
    """

    name: str
    path: str
    variable: str | None
    every: int = 1
    first: int = 0
    last: int = 0
    part: NDArray[np.int64] | None = None
    elements: NDArray[np.int64] | None = None

    @property
    def text(self) -> str:
        """How users would call it."""
        return f"the spikes of {self.name}" if self.variable is None else f"{self.name}.{self.variable}"

    def plain(self) -> dict[str, Any]:
        """All but the arrays."""
        return {
            "name": self.name,
            "path": self.path,
            "variable": self.variable,
            "every": self.every,
            "first": self.first,
            "last": self.last,
        }

    def same(self, other: Request) -> bool:
        """Whether both ask for the same."""
        alike = _same(self.part, other.part) and _same(self.elements, other.elements)
        return alike and self.plain() == other.plain()


def _same(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)


def requests_of(recorder: Recorder) -> list[Request]:
    """All requests, those for spikes first, each in the order in which they were made.

    Parameters
    ----------
    recorder : Recorder
        Of a simulator.
    """
    found = []
    for name in recorder._spikes:
        path, part = recorder._parts.get(name, (name, None))
        found.append(Request(name, path, None, part=part))
    for (name, variable), (log, *_others) in recorder._samples.items():
        path, part = recorder._parts.get(name, (name, None))
        everything = np.arange(_size(recorder, log), dtype=np.int64)
        elements = None if np.array_equal(log.called, everything) else log.called
        found.append(Request(name, path, variable, log.every, log.first, log.last, part, elements))
    return found


def _size(recorder: Recorder, log: SampleLog) -> int:
    step = recorder.step
    space = step.states[log.index].space if log.kind == "state" else step.nodes[log.index].space
    return math.prod(recorder._order.shape(space))


def restore_requests(recorder: Recorder, requests: Sequence[Request]) -> None:
    """Ask for the same recordings, before anything is built.

    Parameters
    ----------
    recorder : Recorder
        Of a simulator that has not run.
    requests : sequence of Request
        From `requests_of`.
    """
    modules = {path: module for module, path in recorder.modules.values()}
    for request in requests:
        if request.part is not None:
            recorder._parts[request.name] = (request.path, request.part)
        batch = range(recorder.batch or 1)
        if request.variable is None:
            spikes = recorder._spike_log(request.path)
            recorder._spikes[request.name] = [replace(spikes) for _ in batch]
            continue
        log = recorder._sample_log(
            modules[request.path], request.path, request.variable, request.elements, None, None, None
        )
        log.every, log.first, log.last = request.every, request.first, request.last
        recorder._samples[request.name, request.variable] = [replace(log) for _ in batch]
