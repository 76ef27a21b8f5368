"""Points run in one process: built, simulated, measured, each on its own.

In: a recipe and points.  Out: a record for each, plain data, with what was measured or what went wrong.  Must not know:
stores, other processes.

Points of one structure are replicas of one simulator where that is possible: nothing is lowered or compiled anew from
one batch to the next. What goes wrong in a batch is found by running its points alone. Points that run alone and differ
in their seeds only share a simulator, which starts each trial anew with the bits of a new one.
"""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from numbadyn.io.recordings import Result
from numbadyn.runtime import room
from numbadyn.runtime.host import usable_cores
from numbadyn.runtime.progress import Progress
from numbadyn.simulator import Simulator
from numbadyn.study.grid import Point
from numbadyn.study.keeping import run_kept
from numbadyn.study.measures import tabulate
from numbadyn.study.pace import BATCH_SECONDS
from numbadyn.study.recipe import Recipe
from numbadyn.study.rule import SHARE_OF_MEMORY

__all__ = ["Finished", "Runner", "described", "sendable"]

_ANY = 1 << 16


class Finished(NamedTuple):
    """What became of a point.

    Parameters
    ----------
    number : int
        Of the point.
    record : dict or None
        What a store keeps of it; None where it was interrupted.
    error : BaseException or None
        What ended it, for this session only.
    """

    number: int
    record: dict[str, Any] | None
    error: BaseException | None = None


class Runner:
    """Runs points of one study.

    Parameters
    ----------
    recipe : Recipe
        How.
    first : tuple, optional
        Group of a point and its simulator, which records what is asked for and has not run.
    """

    def __init__(self, recipe: Recipe, first: tuple[str, Simulator] | None = None) -> None:
        self._recipe = recipe
        self._alone: tuple[str, Simulator] | None = first
        self._batched: Simulator | None = None
        self._memory = 0
        """Bytes that a point needs, once one has run."""
        self._expected: float | None = None
        """Seconds that a run takes, once there was one."""

    def run(self, points: Sequence[Point], progress: Callable[[Point], Progress]) -> list[Finished]:
        """Run points; those that fail do not harm the others.

        Parameters
        ----------
        points : sequence of Point
            In the order of the grid.
        progress : callable
            Gives the report of the run of a point.

        Returns
        -------
        list of Finished
            One for each point, up to the first that was interrupted.
        """
        done: list[Finished] = []
        alone = 0  # how many are left of those that have failed together
        while len(done) < len(points):
            left = points[len(done) :]
            some = left[: 1 if alone else self._most()]
            batch = [] if alone else self._run_batch(some, progress)
            if not batch:
                alone = (alone or len(some)) - 1
            done += batch or [self._run_alone(left[0], progress(left[0]))]
            if done[-1].record is None:
                break
        return done

    def _most(self) -> int:
        """How many points may be one batch: as many as there is room for, once it is known what one needs."""
        if self._recipe.batch < 2 or not self._memory:
            return 1
        free = room.free_bytes()
        share = _ANY if free is None else int(SHARE_OF_MEMORY * free / usable_cores() / self._memory)
        return min(share, self._recipe.batch)

    def _run_alone(self, point: Point, progress: Progress) -> Finished:
        """Run one point with a simulator of its own."""
        started, seconds = time.time(), dict[str, float]()
        self._batched = None
        try:
            simulator = self._simulator(point, seconds)
            result = self._result(point, simulator, progress, seconds)
            if result is None:
                self._alone = None
                return Finished(point.number, None)
            self._memory = _bytes_of(simulator, result)
            given = (result, simulator, {**point.parameters, "seed": point.seed})
            cells = self._cells(given, point, seconds)
        except Exception as error:
            self._alone = None
            return _failed(point, started, error)
        seconds["all"] = time.time() - started
        return self._finished(point, started, simulator, cells, seconds)

    def _simulator(self, point: Point, seconds: dict[str, float]) -> Simulator:
        """A simulator of a point, before its first step: the one of the point before, where only the seed differs."""
        recipe, clock = self._recipe, time.perf_counter()
        if recipe.seeded or recipe.inputs > 1:
            self._alone = None  # the network depends on the seed, or the user's function may have changed it
        if self._alone is not None and self._alone[0] == point.group:
            simulator = self._alone[1].reset(seed=point.seed)
        else:
            self._alone = None  # its memory goes before that of the next is asked for
            simulator = recipe.simulator(recipe.network(point), point)
            recipe.start_recording(simulator)
        simulator.compile()
        seconds["build"] = time.perf_counter() - clock
        seconds["compile"] = simulator.seconds.get("compile", 0.0)
        self._alone = (point.group, simulator)
        return simulator

    def _run_batch(self, points: Sequence[Point], progress: Callable[[Point], Progress]) -> list[Finished]:
        """Run the first points that are of one structure together; nothing where they must run alone."""
        if len(points) < 2 and not self._has_batch():
            return []
        started, seconds = time.time(), dict[str, float]()
        if self._batched is None and self._alone is not None:
            self._batched = self._alone[1]  # which only the study knows, where points may run together
        self._alone = None
        try:
            points, simulator = self._bound(points, seconds)
            result = self._result(None, simulator, progress(points[0]), seconds)
        except Exception:  # it is found again when the points run alone
            self._batched = None
            return []
        if result is None:
            return [Finished(points[0].number, None)]
        share = {name: value / len(points) for name, value in seconds.items()}
        done = []
        for replica, point in enumerate(points):
            own = dict(share)
            try:
                cells = self._cells((result.replica(replica),), point, own)
            except Exception as error:
                done.append(_failed(point, started, error))
                continue
            own["all"] = sum(value for name, value in own.items() if name != "compile")
            done.append(self._finished(point, started, simulator, cells, own))
        return done

    def _has_batch(self) -> bool:
        """Whether there is a simulator that a quick point is bound to in less time than one of its own is made."""
        quick = self._expected is not None and self._expected < BATCH_SECONDS
        return self._recipe.batch > 1 and self._batched is not None and quick

    def _bound(self, points: Sequence[Point], seconds: dict[str, float]) -> tuple[Sequence[Point], Simulator]:
        """Points that one simulator may run together, and this simulator."""
        clock = time.perf_counter()
        simulator, points = self._recipe.batch_of(self._batched, points)
        self._batched = simulator
        self._recipe.start_recording(simulator)
        simulator.compile()
        seconds["build"] = time.perf_counter() - clock
        seconds["compile"] = simulator.seconds.get("compile", 0.0)
        return points, simulator

    def _result(
        self, point: Point | None, simulator: Simulator, progress: Progress, seconds: dict[str, float]
    ) -> Result | None:
        """What a run gives; None if it was interrupted."""
        recipe, clock = self._recipe, time.perf_counter()
        if recipe.transient is not None and simulator.run(recipe.transient, progress=False).interrupted:
            return None
        result = run_kept(recipe, point, simulator, progress, self._expected)
        seconds["run"] = self._expected = time.perf_counter() - clock
        return None if result.interrupted else result

    def _cells(self, given: tuple[Any, ...], point: Point, seconds: dict[str, float]) -> dict[str, Any]:
        """What is measured."""
        recipe, clock = self._recipe, time.perf_counter()
        name = getattr(recipe.measure, "__name__", "value")
        measured = recipe.measure(*given[: recipe.inputs])
        cells = tabulate(measured, name if name.isidentifier() else "value", point.parameters)
        seconds["measure"] = time.perf_counter() - clock
        return cells

    def _finished(
        self, point: Point, started: float, simulator: Simulator, cells: dict[str, Any], seconds: dict[str, float]
    ) -> Finished:
        record = {
            "parameters": point.key,
            "started": round(started, 3),
            "state": "finished",
            "values": cells,
            "structure": simulator.structure_hash[:16],
            "seconds": {name: round(value, 4) for name, value in seconds.items()},
        }
        return Finished(point.number, record)


def _bytes_of(simulator: Simulator, result: Result) -> int:
    """Memory that a point needs: the network, and what is recorded of it."""
    recorded = 0
    for recording in result.recordings.values():
        recorded += sum(samples.values.nbytes for samples in recording.samples.values())
        recorded += 0 if recording.events is None else recording.events.steps.nbytes + recording.events.indices.nbytes
    return max(recorded + sum(part.size for part in simulator.machine.memory_parts()), 1)


def _failed(point: Point, started: float, error: Exception) -> Finished:
    about = {"parameters": point.key, "started": round(started, 3), "state": "failed", "error": described(error)}
    return Finished(point.number, about, error)


def described(error: BaseException) -> dict[str, str]:
    """An error as text."""
    kind = type(error)
    lines = traceback.format_exception(error)
    return {"class": f"{kind.__module__}.{kind.__qualname__}", "message": str(error), "traceback": "".join(lines)}


def sendable(finished: Finished) -> Finished:
    """The same for another process, without an error that cannot be sent."""
    try:
        pickle.loads(pickle.dumps(finished.error))
    except Exception:  # whatever the user's class raises
        return finished._replace(error=None)
    return finished
