"""The engine: the time loop in chunks, with progress, interruption and the search for what is not finite.

In: a machine, logs, a number of steps.  Out: how the run ended.  Must not know: units, user objects.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from numbadyn.errors import DeviceLostError
from numbadyn.runtime.forecast import CURES, allocating
from numbadyn.runtime.held_samples import HeldRoom
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.logs import Logs, SampleLog, begin_samples, require_samples
from numbadyn.runtime.machine import Machine, Outcome
from numbadyn.runtime.progress import Progress
from numbadyn.runtime.soundness import ANY_SIGN, NO_SIGN, Check, Signs
from numbadyn.runtime.visitors import Visitor, begin_all, end_all, furthest, visit_all

__all__ = ["RunOutcome", "run_steps"]

_FIRST_CHUNK = 32
_LONGEST_CHUNK = 1 << 20
_SETTLE_EVERY = 1 << 13
"""Steps between two looks for values that are too small for a normal number, counted from the first step of all."""
_CHUNK_SECONDS, _CHUNK_OF_BATCH_SECONDS = 0.08, 0.4


class Spotted(NamedTuple):
    """A sample that is not finite: number of the log, where in its values, and of which replica."""

    log: int
    row: int
    column: int
    replica: int = 0


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
    failed : Check or None
        What was found not to be finite.
    sample : Spotted or None
        The first sample that is not finite.
    guard : int or None
        Guard of the step that was broken.
    replica : int
        In which replica, of the check that failed or the guard.
    found : int or None
        The step after which the check failed, where it was not the last one.
    checked : int
        Step up to which everything was checked and finite.
    lost : BaseException or None
        The device failed, `progress` or a visitor raised, or Ctrl-C came twice; what was recorded until then is in the
        logs.
    ended : str or None
        The word of the visitor that has ended the run; ``"until"`` where a condition of the step has.
    """

    first: int
    reached: int
    seconds: float
    interrupted: bool
    failed: Check | None
    guard: int | None
    checked: int
    lost: BaseException | None = None
    sample: Spotted | None = None
    replica: int = 0
    found: int | None = None
    ended: str | None = None

    @property
    def why(self) -> str:
        """Why the run ended, in a word."""
        if self.lost is not None or self.failed or self.guard is not None or self.sample:
            return "error"
        return self.ended or ("interrupt" if self.interrupted else "duration")


def run_steps(
    machine: Machine,
    steps: int,
    logs: Sequence[Logs],
    progress: Progress,
    interrupts: Interrupts | None = None,
    visitors: Sequence[Visitor] = (),
    begun: tuple[int, float] | None = None,
) -> RunOutcome:
    """Advance a machine.

    Parameters
    ----------
    machine : Machine
        Bound and compiled.
    steps : int
        Number of steps.
    logs : sequence of Logs
        One a replica; they are emptied first.
    progress : Progress
        Told of every chunk.
    interrupts : Interrupts, optional
        Counts Ctrl-C; those of this call alone by default.
    visitors : sequence of Visitor, optional
        Look at the network between two chunks, in this order; each may say how far a chunk may go, and end the run.
    begun : tuple, optional
        Step at which the run began, and seconds that it has taken, where it goes on in another process; `steps` are
        those of the whole run.

    Returns
    -------
    RunOutcome
        Whatever has ended the run: once steps were made, nothing is raised that users or the machine may cause.
    """
    if interrupts is None:
        with Interrupts() as own:
            return run_steps(machine, steps, logs, progress, own, visitors, begun)
    first, before = (machine.number, 0.0) if begun is None else begun
    stop = first + steps
    for own_logs in logs:
        for log in own_logs.spikes:
            log.begin()
    require_samples(logs, first, stop)
    with allocating("recorded samples", "Simulator.run", CURES["recordings"]):
        begin_samples(logs, first, stop)
        machine.begin(logs)
    machine.interrupts = interrupts
    told = [_Report(progress, machine), *visitors, HeldRoom(machine.held_samples)]
    outcome = _Course(machine, logs, interrupts, told).take(first, stop)
    return replace(outcome, seconds=before + outcome.seconds) if before else outcome


class _Report(Visitor):
    """Tells what shows the progress of a run; also of the chunk in which it failed."""

    def __init__(self, progress: Progress, machine: Machine) -> None:
        self._progress, self._machine, self._told = progress, machine, machine.number

    def begin(self, first: int, stop: int) -> None:
        try:
            self._progress.start(stop - self._machine.number, self._machine.context.dt)
        except BaseException:
            self._progress.close()
            raise

    def visit(self, number: int) -> str | None:
        steps, self._told = number - self._told, number
        self._progress.advance(steps)
        return None

    def end(self) -> None:
        try:
            if self._machine.number > self._told:
                self.visit(self._machine.number)
        finally:
            self._progress.close()


class _Course:
    """The chunks of one run, and what is found on the way."""

    def __init__(
        self, machine: Machine, logs: Sequence[Logs], interrupts: Interrupts, visitors: Sequence[Visitor]
    ) -> None:
        self.machine, self.logs, self.interrupts, self.visitors = machine, logs, interrupts, visitors
        self.signs = [_signs_of_samples(machine, number, own.samples) for number, own in enumerate(logs)]
        self.begun: list[Visitor] = []
        self.ended: str | None = None

    def take(self, first: int, stop: int) -> RunOutcome:
        """Run from one step to another, or to what ends the run earlier."""
        machine, interrupts = self.machine, self.interrupts
        outcome, checked, spotted = Outcome(machine.number), machine.number, None
        chunk = _FIRST_CHUNK
        # each replica a while, for the sake of the cache
        aim = min(_CHUNK_OF_BATCH_SECONDS, len(self.logs) * _CHUNK_SECONDS)
        lost = self._told(begin_all, self.visitors, self.begun, first, stop)
        started = time.perf_counter()
        try:
            while machine.number < stop and lost is None and not (self.ended or interrupts.asked):
                before, begun = machine.number, time.perf_counter()
                end = furthest(self.visitors, before, min(stop, before + chunk))
                outcome = self._noting_condition(self._advance(end))
                spotted = self._spotted()
                if outcome.failed is None and spotted is None:
                    checked = outcome.reached
                if not outcome.fine or spotted is not None:
                    break
                lost = self._told(self._visit)
                likely = _next_chunk(outcome.reached - before, time.perf_counter() - begun, aim)
                # what visitors have cut short says that less is possible only if it has taken long
                chunk = max(chunk, likely) if end - before < chunk and likely > outcome.reached - before else likely
        except (DeviceLostError, MemoryError, KeyboardInterrupt) as error:
            lost = error
        finally:
            seconds = time.perf_counter() - started
            unclosed = self._told(end_all, self.begun)
            machine.interrupts = Interrupts()
        spotted = spotted or self._spotted()  # what a device has handed over before it failed
        return RunOutcome(
            first,
            machine.number,
            seconds,
            interrupts.asked and machine.number < stop,
            outcome.failed,
            outcome.guard,
            checked,
            lost or unclosed,
            spotted,
            outcome.replica,
            outcome.found,
            self.ended,
        )

    def _advance(self, end: int) -> Outcome:
        """Run up to a step; on the way, small values become zero at the same steps whatever chunks there are."""
        machine = self.machine
        while True:
            settles = machine.number - machine.number % _SETTLE_EVERY + _SETTLE_EVERY
            goal = min(end, settles)
            outcome = machine.advance(goal)
            machine.hand_samples()
            if outcome.fine and machine.number == settles:
                machine.settle()
            if not outcome.fine or machine.number < goal or goal == end:
                return outcome

    def _noting_condition(self, outcome: Outcome) -> Outcome:
        """The outcome without a guard that was to end the run, which is no error."""
        if outcome.guard is None or self.machine.step.guards[outcome.guard].error is not None:
            return outcome
        self.ended = "until"
        return replace(outcome, guard=None)

    def _visit(self) -> None:
        self.ended = visit_all(self.visitors, self.machine.number) or self.ended

    def _told(self, report: Callable[..., None], *news: Any) -> BaseException | None:
        """Let visitors look, which may run the user's code; gives the error that ends the run."""
        try:
            with self.interrupts.opened():
                report(*news)
        except BaseException as error:
            return error
        return None

    def _spotted(self) -> Spotted | None:
        """The first of the samples that have come since the last call that is not finite."""
        found = []
        for replica, (own, own_signs) in enumerate(zip(self.logs, self.signs, strict=True)):
            for number, (log, allowed) in enumerate(zip(own.samples, own_signs, strict=True)):
                place = log.inspect(allowed)
                if place is not None:
                    found.append((log.step_of(place[0]), Spotted(number, *place, replica)))
        return min(found)[1] if found else None


def _signs_of_samples(machine: Machine, replica: int, samples: list[SampleLog]) -> list[Signs]:
    """Which infinities are sound in the samples: those of their states, none of sums, all of other values."""
    states = machine.replicas[replica].signs() if samples else {}
    return [
        states.get(log.index, ANY_SIGN)
        if log.kind == "state"
        else NO_SIGN
        if machine.step.nodes[log.index].traits.accumulates
        else ANY_SIGN
        for log in samples
    ]


def _next_chunk(chunk: int, seconds: float, aim: float = _CHUNK_SECONDS) -> int:
    """Steps that take about the time between two updates of the bar."""
    factor = min(4.0, max(0.25, aim / max(seconds, 1e-9)))
    return int(min(_LONGEST_CHUNK, max(1, chunk * factor)))
