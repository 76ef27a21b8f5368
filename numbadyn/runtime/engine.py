"""The engine: the time loop in chunks, with progress, interruption and the search for NaN.

In: a machine, logs, a number of steps.  Out: how the run ended.  Must not know: units, user objects.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from numbadyn.errors import DeviceLostError
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.machines import Machine
from numbadyn.runtime.progress import Progress

__all__ = ["RunOutcome", "run_steps"]

_FIRST_CHUNK = 32
_LONGEST_CHUNK = 1 << 20
_CHUNK_SECONDS = 0.08


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended.

    Attributes
    ----------
    first, reached : int
        Steps at the start and at the end.
    seconds : float
        Time of the loop alone.
    interrupted : bool
        Stopped by Ctrl-C.
    nan_state : int or None
        State in which a NaN appeared.
    guard : int or None
        Guard of the step that was broken.
    checked : int
        Step up to which all states were checked and free of NaN.
    lost : Exception or None
        The device failed, or `progress` raised; what was handed over until then is in the logs.
    """

    first: int
    reached: int
    seconds: float
    interrupted: bool
    nan_state: int | None
    guard: int | None
    checked: int
    lost: Exception | None = None


@contextmanager
def _interruptible() -> Iterator[list[bool]]:
    """Turn the first Ctrl-C into a flag, so that compiled code ends its chunk; a second one raises as usual."""
    flag = [False]
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> Any:
        if flag[0]:
            signal.signal(signal.SIGINT, before)
            raise KeyboardInterrupt
        flag[0] = True

    signal.signal(signal.SIGINT, note)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)


def run_steps(
    machine: Machine, steps: int, spikes: list[SpikeLog], samples: list[SampleLog], progress: Progress
) -> RunOutcome:
    """Advance a machine.

    Parameters
    ----------
    machine : Machine
        Bound and compiled.
    steps : int
        Number of steps.
    spikes, samples : list
        Logs; they are emptied first.
    progress : Progress
        Told of every chunk.

    Returns
    -------
    RunOutcome
    """
    first = machine.number
    stop = first + steps
    for log in spikes:
        log.begin()
    for sample in samples:
        sample.begin(first, stop)
    machine.begin(spikes, samples)
    chunk, nan_state, guard, checked = _FIRST_CHUNK, None, None, first
    lost: Exception | None = None
    progress.start(steps, machine.context.dt)
    started = time.perf_counter()
    try:
        with _interruptible() as interrupted:
            while machine.number < stop and nan_state is None and guard is None and not interrupted[0]:
                before, begun = machine.number, time.perf_counter()
                outcome = machine.advance(min(stop, before + chunk))
                nan_state, guard = outcome.nan_state, outcome.guard
                checked = checked if nan_state is not None else outcome.reached
                lost = _told(progress, outcome.reached - before)
                chunk = _next_chunk(chunk, time.perf_counter() - begun)
                if lost is not None:
                    break
    except DeviceLostError as error:
        lost = error
    finally:
        progress.close()
    seconds = time.perf_counter() - started
    stopped = interrupted[0] and machine.number < stop
    return RunOutcome(first, machine.number, seconds, stopped, nan_state, guard, checked, lost)


def _told(progress: Progress, steps: int) -> Exception | None:
    """Tell how many steps were done; gives the error of a report that fails, for the end of the run."""
    try:
        progress.advance(steps)
    except Exception as error:
        return error
    return None


def _next_chunk(chunk: int, seconds: float) -> int:
    """Steps that take about the time between two updates of the bar."""
    factor = min(4.0, max(0.25, _CHUNK_SECONDS / max(seconds, 1e-9)))
    return int(min(_LONGEST_CHUNK, max(1, chunk * factor)))
