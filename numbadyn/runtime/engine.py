"""The engine: the time loop in chunks, with progress, interruption and the search for NaN.

In: a machine, logs, a number of steps.  Out: how the run ended.  Must not know: units, user objects.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numbadyn.errors import DeviceLostError
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.machines import Machine, Outcome
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
    lost : BaseException or None
        The device failed, `progress` raised, or Ctrl-C came twice; what was recorded until then is in the logs.
    """

    first: int
    reached: int
    seconds: float
    interrupted: bool
    nan_state: int | None
    guard: int | None
    checked: int
    lost: BaseException | None = None


def run_steps(
    machine: Machine,
    steps: int,
    spikes: list[SpikeLog],
    samples: list[SampleLog],
    progress: Progress,
    interrupts: Interrupts | None = None,
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
    interrupts : Interrupts, optional
        Counts Ctrl-C; those of this call alone by default.

    Returns
    -------
    RunOutcome
        Whatever has ended the run: once steps were made, nothing is raised that users or the machine may cause.
    """
    if interrupts is None:
        with Interrupts() as own:
            return run_steps(machine, steps, spikes, samples, progress, own)
    first = machine.number
    stop = first + steps
    for log in spikes:
        log.begin()
    for sample in samples:
        sample.begin(first, stop)
    machine.begin(spikes, samples)
    machine.interrupts = interrupts
    outcome, checked = Outcome(first), first
    chunk = _FIRST_CHUNK
    lost = _told(interrupts, progress.start, steps, machine.context.dt)
    started = time.perf_counter()
    try:
        while machine.number < stop and lost is None and outcome.fine and not interrupts.asked:
            before, begun = machine.number, time.perf_counter()
            outcome = machine.advance(min(stop, before + chunk))
            checked = outcome.reached if outcome.nan_state is None else checked
            lost = _told(interrupts, progress.advance, outcome.reached - before)
            chunk = _next_chunk(chunk, time.perf_counter() - begun)
    except (DeviceLostError, KeyboardInterrupt) as error:
        lost = error
    finally:
        seconds = time.perf_counter() - started
        unclosed = _told(interrupts, progress.close)
        machine.interrupts = Interrupts()
    stopped = interrupts.asked and machine.number < stop
    return RunOutcome(
        first, machine.number, seconds, stopped, outcome.nan_state, outcome.guard, checked, lost or unclosed
    )


def _told(interrupts: Interrupts, report: Callable[..., None], *news: Any) -> BaseException | None:
    """Call a report, which is the user's code; gives the error of one that fails, for the end of the run."""
    try:
        with interrupts.opened():
            report(*news)
    except BaseException as error:
        return error
    return None


def _next_chunk(chunk: int, seconds: float) -> int:
    """Steps that take about the time between two updates of the bar."""
    factor = min(4.0, max(0.25, _CHUNK_SECONDS / max(seconds, 1e-9)))
    return int(min(_LONGEST_CHUNK, max(1, chunk * factor)))
