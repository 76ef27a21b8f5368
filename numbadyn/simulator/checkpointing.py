"""Checkpoints of a run: written while it goes on, and taken up when the same run is started again.

In: a simulator, a path, how often.  Out: a visitor that writes; a run that goes on where a process has died.  Must not
know: how files are laid out, how chunks of steps are chosen.

What is recorded goes into pieces, files that are written once, beside the checkpoint, which names those that belong to
it: so its cost does not grow with the length of the run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from numbadyn.errors import CheckpointWriteError, UnsupportedFeatureError
from numbadyn.io.checkpoint_files import CheckpointFiles, place_of
from numbadyn.runtime.engine import RunOutcome
from numbadyn.runtime.pieces import Pieces, put_back
from numbadyn.runtime.terminations import Termination
from numbadyn.runtime.visitors import Visitor
from numbadyn.simulator.checkpoints import KIND, gather
from numbadyn.simulator.checks import check_flag, duration_steps
from numbadyn.simulator.gathered import Gathered
from numbadyn.simulator.handover import Handover
from numbadyn.simulator.recorder import Recorder
from numbadyn.simulator.resuming import UNFINISHED, Left, Origin, Resumed, go_on, sums_of_states
from numbadyn.simulator.wall_time import WallLimit, wall_seconds

if TYPE_CHECKING:
    from numbadyn.simulator.runs import Runs

__all__ = ["Checkpointing", "Checkpoints", "plan_checkpoints", "plan_limits"]

_USUAL_SECONDS = 600.0
"""Wall time between two checkpoints where nobody has said how often."""


class Checkpoints:
    """What a run does about checkpoints: nothing."""

    visitors: Sequence[Visitor] = ()
    #: How long the last one took to write, in seconds.
    seconds: float = 0.0

    def begin_run(self, sim: Runs, steps: int) -> Resumed:
        """Find out where the run begins: where the simulator is."""
        return Resumed(Origin(sim.machine.number, steps))

    def watch(self, recorder: Recorder, handover: Handover) -> None:
        """Take note of where recordings come from, and who gets them."""

    def settle(self, outcome: RunOutcome) -> RunOutcome:
        """How the run has ended."""
        return outcome

    def write_last(self, outcome: RunOutcome) -> None:
        """Write where the run has ended."""

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Send a signal on that came while the run was under way."""
        yield


class Checkpointing(Checkpoints, Visitor):
    """Writes checkpoints of a run; see `Simulator.run`.

    Parameters
    ----------
    path : Path
        Of the last checkpoint.
    every : int or None
        Steps between two of them, counted from the first step of the run; None for some minutes of wall time.
    resume : bool
        Whether to go on from a checkpoint that is there.
    """

    def __init__(self, path: Path, every: int | None, *, resume: bool) -> None:
        self._every, self._resume = every, resume
        self._files = CheckpointFiles(path, KIND)
        self._files.probe()
        self._termination = Termination()
        self.visitors = (self,)

    def begin_run(self, sim: Runs, steps: int) -> Resumed:
        """Find out where the run begins: where the simulator is, or where a run that was begun before was left.

        Raises
        ------
        CheckpointMismatchError
            The checkpoint is of another network, or of another run.
        """
        origin = Origin.of(sim, steps)
        found = self._files.read_latest() if self._resume else None
        self._resumed = Resumed(origin) if found is None else go_on(sim, found, origin, self._files.path)
        self._sim, self._origin = sim, self._resumed.origin
        self._files.begin(self._resumed.pieces, anew=found is None)
        return self._resumed

    def watch(self, recorder: Recorder, handover: Handover) -> None:
        """Take note of where recordings come from, and who gets them."""
        self._logs, self._taps, self._gathered = recorder.logs, handover.taps, Gathered(recorder, handover)
        self._gathered.check()

    # ---- while it runs -----------------------------------------------------------------------------------------------

    def begin(self, first: int, stop: int) -> None:
        """Fill the logs with what was recorded before, and note SIGTERM from now on."""
        self._stop, self._begun = stop, time.perf_counter()
        left = self._resumed.left
        with self._gathered.aside():
            for piece in self._resumed.pieces:
                put_back(self._logs, self._files.read_piece(piece), self._hand)
        if left is not None:
            self._gathered.restore(left.header["run"]["gathered"], left.arrays)
        self._pieces = Pieces(self._logs, self._taps, self._files.write_piece, self._gathered.hidden)
        self._written, self._written_at = self._sim.machine.number, self._begun
        self._termination.begin()

    def _hand(self) -> None:
        for tap in self._taps:
            tap.hand()

    def next_stop(self, number: int) -> int | None:
        """The next checkpoint, if they come after so many steps."""
        if self._every is None:
            return None
        return number + self._every - (number - self._origin.first) % self._every

    def visit(self, number: int) -> str | None:
        """Write a checkpoint if it is time; end the run if the process is to end."""
        due = (
            time.perf_counter() - self._written_at >= _USUAL_SECONDS
            if self._every is None
            else (number - self._origin.first) % self._every == 0
        )
        if due and number < self._stop:
            self._take_gathered()
            self._write(None, time.perf_counter() - self._begun)
        return "SIGTERM" if self._termination.asked and number < self._stop else None

    def end(self) -> None:
        """Leave SIGTERM to whom it was left before; others get the rest of what is recorded only now."""
        self._termination.end()
        self._take_gathered()

    def _take_gathered(self) -> None:
        self._arrays = dict[str, NDArray[Any]]()
        self._plain = self._gathered.take(self._arrays)

    def _write(self, ended: str | None, seconds: float) -> None:
        begun = time.perf_counter()
        self._files.write_piece(self._pieces.cut())
        content = gather(self._sim)
        self._refuse_other_inputs(content.header["inputs"])
        run = {"seconds": self._resumed.seconds + seconds, "ended": ended, "pieces": self._files.pieces}
        content.header["run"] = {**self._origin.plain(), **run, "gathered": self._plain}
        self._files.write(replace(content, arrays={**content.arrays, **self._arrays}))
        self._written, self._written_at = content.header["step"], time.perf_counter()
        self.seconds = self._written_at - begun

    def _refuse_other_inputs(self, sums: dict[str, list[str]]) -> None:
        """Refuse what a call has assigned to a table, before hours are spent on a run that could not go on."""
        for name, now in sums.items():
            if now != self._origin.sums["inputs"].get(name):
                what = name.partition(": ")[2]
                raise UnsupportedFeatureError(
                    f"{what} has got other values while the network ran, which a checkpoint does not hold.",
                    where="Simulator.run(checkpoint=..., call=...)",
                    cure="Let the call assign to a parameter or a state instead; or run without checkpoints.",
                    name=what,
                )

    # ---- after it ----------------------------------------------------------------------------------------------------

    def settle(self, outcome: RunOutcome) -> RunOutcome:
        """How the run has ended; one that was over before has ended as it did then."""
        if self._resumed.over and outcome.lost is None:
            return replace(outcome, ended=self._resumed.ended)
        return outcome

    def write_last(self, outcome: RunOutcome) -> None:
        """Write where the run has ended, unless an error has ended it: then the last checkpoint stays."""
        over = outcome.reached >= self._resumed.first + self._resumed.steps or outcome.why not in (*UNFINISHED, "error")
        self._sim._left = None if over else Left(self._files.path, outcome.reached, sums_of_states(self._sim))
        if outcome.why == "error":
            return
        known = self._resumed.reached == outcome.reached and self._resumed.ended == outcome.why
        new = outcome.reached > self._written or outcome.why not in ("interrupt", "SIGTERM", "max_wall_time")
        if new and not known:
            self._write(outcome.why, outcome.seconds - self._resumed.seconds)

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Send SIGTERM on that came while the run was under way."""
        try:
            yield
        finally:
            self._termination.deliver()


def plan_checkpoints(path: Any, every: Any, resume: Any, dt: float) -> Checkpoints:
    """What a run does about checkpoints, after checking what users say.

    Parameters
    ----------
    path, every, resume
        As of `Simulator.run`.
    dt : float
        Time step in ms.

    Raises
    ------
    CheckpointWriteError
        The path cannot be written; or there is none, but something else is said of checkpoints.
    DurationError
        `every` is no whole number of steps.
    InvalidParameterError
        `resume` is neither True nor False.
    """
    anew = not check_flag(resume, "resume", "Simulator.run")
    if path is None:
        if every is not None:
            raise CheckpointWriteError(
                "checkpoint_every is given to a run without a path for checkpoints.",
                where="Simulator.run(checkpoint_every=...)",
                cure="Say where they go: checkpoint='run.checkpoint'.",
            )
        return Checkpoints()
    place = place_of(path, "Simulator.run(checkpoint=...)").absolute()  # what the run calls may change the folder
    steps = None if every is None else duration_steps(every, dt, "checkpoint_every")
    return Checkpointing(place, steps, resume=not anew)


def plan_limits(max_wall_time: Any, checkpoints: Checkpoints) -> list[Visitor]:
    """The visitor that ends a run in time, so that its last checkpoint can be written; none without a limit."""
    if max_wall_time is None:
        return []
    return [WallLimit(wall_seconds(max_wall_time), lambda: 2 * checkpoints.seconds)]
