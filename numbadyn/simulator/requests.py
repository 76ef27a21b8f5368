"""What is recorded, as plain values: to be written down, compared, and asked for again.

In: a recorder.  Out: its requests, and a recorder that has them.  Must not know: files, targets, how logs are filled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.reduce import plain_of, reducer_from
from numbadyn.model.module import Module
from numbadyn.runtime.logs import SampleLog
from numbadyn.simulator.measuring import take_reducer
from numbadyn.simulator.recorder import Recorder
from numbadyn.units import TIME, join

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
    reducer : dict, optional
        What is computed of it while the network runs, see `numbadyn.io.reduce.plain`.
    """

    name: str
    path: str
    variable: str | None
    every: int = 1
    first: int = 0
    last: int = 0
    part: NDArray[np.int64] | None = None
    elements: NDArray[np.int64] | None = None
    reducer: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """How users would call it."""
        if self.reducer is not None:
            return f"{self.reducer['name']} of {self.name}"
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
            **({} if self.reducer is None else {"reducer": self.reducer}),
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
    for name in recorder.shown(recorder._spikes):
        path, part = recorder._parts.get(name, (name, None))
        found.append(Request(name, path, None, part=part))
    for (name, variable), (log, *_others) in recorder.shown(recorder._samples).items():
        path, part = recorder._parts.get(name, (name, None))
        everything = np.arange(_size(recorder, log), dtype=np.int64)
        elements = None if np.array_equal(log.called, everything) else log.called
        found.append(Request(name, path, variable, log.every, log.first, log.last, part, elements))
    for (name, _reducer), asked in recorder.measured.items():
        part, plain = recorder._parts.get(name, (name, None))[1], plain_of(asked.reducer)
        if plain is not None:
            every = 1 if asked.samples is None else recorder._samples[asked.samples][0].every
            elements = asked.chosen if asked.samples is None else recorder._samples[asked.samples][0].called
            window = (every, asked.first, asked.last)
            found.append(Request(name, asked.path, asked.reducer.variable, *window, part, elements, plain))
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
        if request.reducer is not None:
            _restore_reducer(recorder, modules[request.path], request)
            continue
        if request.variable is None:
            recorder.put(recorder._spikes, request.name, recorder.spike_log(request.path))
            continue
        log = recorder.sample_log(
            modules[request.path], request.path, request.variable, request.elements, None, None, None
        )
        log.every, log.first, log.last = request.every, request.first, request.last
        recorder.put(recorder._samples, (request.name, request.variable), log)


def _restore_reducer(recorder: Recorder, module: Module, request: Request) -> None:
    """Ask for the same reducer."""
    reducer = reducer_from(request.reducer or {})
    names = ("start", "stop") if reducer.variable is None else ("start", "stop", "every")
    steps = {"start": request.first, "stop": request.last, "every": request.every}
    open_end = np.iinfo(np.int64).max
    times = {name: join(steps[name] * recorder.dt, TIME) for name in names if steps[name] != open_end}
    given = {"start": None, "stop": None, "every": None, **times}
    take_reducer(recorder, module, request.name, reducer, request.elements, given, collected=set(), running=False)
