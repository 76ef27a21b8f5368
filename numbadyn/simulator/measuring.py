"""Reducers that are recorded: which logs they need, and how much of these is in memory.

In: a recorder, a reducer, what it is applied to.  Out: logs that are emptied as they fill.  Must not know: targets, how
numbers are gathered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numbadyn.errors import RecordingError
from numbadyn.io.reduce import Reducer
from numbadyn.io.reduce.base import block_of
from numbadyn.model.module import Module
from numbadyn.model.view import view_of, whole_of
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.simulator.budget import SPIKE_BYTES
from numbadyn.simulator.elements import elements_of
from numbadyn.simulator.measured import Measured
from numbadyn.simulator.recorder import Recorder

__all__ = ["SPIKES_HELD", "Windows", "add_reducer", "take_reducer"]

SPIKES_HELD = 1 << 16
"""Spikes that a log holds which only reducers need."""

_WINDOW = 1 << 22


def add_reducer(
    recorder: Recorder,
    module: Module,
    reducer: Reducer,
    window: dict[str, Any],
    *,
    collected: set[int],
    running: bool,
) -> bool:
    """Take the request for a reducer; see `Recorder.add`.

    Raises
    ------
    RecordingError
        As of `Simulator.record`; or what the reducer needs is not there.
    """
    part, whole = view_of(module), whole_of(module)
    path, index = recorder.path(whole), window["index"]
    name = path if part is None else path + part.text
    if part is not None:
        index = part.elements if index is None else part[index].elements
    if reducer.variable is None and window["every"] is not None:
        raise RecordingError(
            f"every of {reducer.name} of {path} would have no effect: it is computed from all spikes.",
            where=path,
            cure="Leave it out, or give the reducer bins.",
        )
    if (name, reducer.name) in recorder.samples_by_name:
        raise RecordingError(
            f"{reducer.name!r} of {path} is recorded already, as a variable.",
            where=path,
            cure="Give the reducer another name=....",
            name=reducer.name,
        )
    times = {key: window[key] for key in ("every", "start", "stop")}
    changed = take_reducer(recorder, whole, name, reducer, index, times, collected=collected, running=running)
    if part is not None:
        recorder._parts[name] = (path, part.elements)
    return changed


def take_reducer(
    recorder: Recorder,
    module: Module,
    name: str,
    reducer: Reducer,
    index: Any,
    times: dict[str, Any],
    *,
    collected: set[int],
    running: bool,
) -> bool:
    """Make the logs that a reducer needs, under the name of a recording.

    Returns
    -------
    bool
        Whether the program must be built anew.
    """
    path, channels, samples, spikes, chosen = recorder.path(module), len(recorder.step.channels), None, None, None
    if reducer.variable is not None:
        label = f" (for {reducer.name})"
        samples = recorder.sample_log(module, path, reducer.variable, index, **times, label=label)
    first, last = (samples.first, samples.last) if samples is not None else recorder.window(path, **times)
    try:
        if reducer.spiking:
            spikes = recorder.spike_log(path)  # which may add a channel to the step
            shape = recorder.step.nodes[recorder.step.outputs[path]].shape
            chosen = None if index is None else elements_of(index, shape, f"{path}.output", path)
            if reducer.at_spikes and samples is not None:
                samples.events = spikes.channel
        source = None if samples is None else _source(recorder, name, reducer, samples)
        asked = Measured(reducer, path, chosen, first, last, None if spikes is None else path, source)
        asked.check(recorder, samples, spikes)
    except BaseException:
        del recorder.step.channels[channels:]
        raise
    changed = recorder.settle(path, reducer.variable, spikes, samples, collected, running, channels)
    if spikes is not None and path not in recorder.spikes_by_name:
        recorder.put(recorder._spikes, path, spikes)
        recorder.hidden.add(path)
    if samples is not None and source not in recorder.samples_by_name:
        recorder.put(recorder._samples, source, samples)
        recorder.hidden.add(source)
    recorder.measured[name, reducer.name] = asked
    _forget_unused(recorder)
    return changed


def _source(recorder: Recorder, name: str, reducer: Reducer, wanted: SampleLog) -> tuple[str, str]:
    """Key of the log that a reducer reads: that of another one, if it samples the same."""
    known = recorder.samples_by_name
    for key, (log, *_others) in known.items():
        window = (log.kind, log.index, log.every, log.first, log.last, log.events)
        alike = window == (wanted.kind, wanted.index, wanted.every, wanted.first, wanted.last, wanted.events)
        if key in recorder.hidden and key[0] == name and alike and np.array_equal(log.called, wanted.called):
            return key
    text = f"{reducer.variable} (for {reducer.name})"
    while (name, text) in known:  # that of a request whose place this one takes
        text += "'"
    return name, text


def _forget_unused(recorder: Recorder) -> None:
    """Let go the logs of reducers whose place others have taken."""
    used = {key for asked in recorder.measured.values() for key in (asked.spikes, asked.samples)}
    for key in recorder.hidden - used:
        recorder._spikes.pop(key, None)
        recorder._samples.pop(key, None)
        recorder.hidden.discard(key)


class Windows:
    """How much of what only reducers need is in memory at a time.

    Parameters
    ----------
    recorder : Recorder
        With its logs.
    budget : int, optional
        Bytes that a run may take; windows take an eighth of it, as far as one block of samples fits.
    """

    def __init__(self, recorder: Recorder, budget: int | None) -> None:
        self._recorder = recorder
        self._most = _WINDOW
        if budget is not None:
            self._most = min(_WINDOW, budget // (8 * max(1, len(recorder.hidden))))

    def samples(self, logs: Sequence[SampleLog]) -> tuple[int, int]:
        """Samples that are handed over at a time, and how many a log holds."""
        block = block_of(logs[0].elements.size)
        held = block * max(1, self._most // (block * len(logs) * logs[0].row_bytes))
        return held if logs[0].events is not None else block, held  # few are looked at, so that blocks may be long

    def spikes(self, logs: Sequence[SpikeLog]) -> int:
        """Spikes that a log holds."""
        return max(2 * logs[0].width, min(SPIKES_HELD, self._most // (SPIKE_BYTES * len(logs))))

    @property
    def nbytes(self) -> int:
        """Memory of all of them."""
        samples, spikes = self._recorder.samples_by_name, self._recorder.spikes_by_name
        found = 0
        for key in self._recorder.hidden:
            if key in samples:
                found += len(samples[key]) * self.samples(samples[key])[1] * samples[key][0].row_bytes
            elif key in spikes:
                found += len(spikes[key]) * self.spikes(spikes[key]) * SPIKE_BYTES
        return found
