"""One study at work: its points brought from the store, run, and brought back.

In: a recipe, a grid, what the user says about workers and stores.  Out: a `Study`.  Must not know: how a point is run,
what is in a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numbadyn.errors import InvalidParameterError, NumbadynError
from numbadyn.runtime.host import usable_cores
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.study.campaign import Campaign
from numbadyn.study.crews import Crew, Foreign, Processes, Serial
from numbadyn.study.grid import Grid, Point
from numbadyn.study.origin import describe_study, look_at_first, session_entries
from numbadyn.study.plan import Plan, make_plan
from numbadyn.study.progress import StudyProgress
from numbadyn.study.recipe import Recipe
from numbadyn.study.rule import Choice, Trial, choose_workers, try_first
from numbadyn.study.store.store import Memory, Store
from numbadyn.study.study import Study

__all__ = ["Job"]


@dataclass
class Job:
    """What a sweep is to do.

    Parameters
    ----------
    recipe : Recipe
        How a point is run.
    grid : Grid
        All points.
    given : dict
        What the user says: store, workers, resume, retry, executor.
    raising : bool
        Whether the first failure ends it.
    bar : StudyProgress
        Who is told.
    """

    recipe: Recipe
    grid: Grid
    given: dict[str, Any]
    raising: bool
    bar: StudyProgress

    def __post_init__(self) -> None:
        self._check_workers()
        self._first = first = look_at_first(self.recipe, self.grid)
        folder = self.given["store"]
        self._manifest = describe_study(self.recipe, self.grid, first) if folder is not None else {}
        self._store = Memory() if folder is None else Store(folder, self._manifest, resume=self.given["resume"])

    def _check_workers(self) -> None:
        workers = self.given["workers"]
        if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
            raise InvalidParameterError(
                f"workers is {workers!r}.",
                where="sweep(workers=...)",
                cure="Give how many processes run points: 1 or more; all cores are taken if it is left out.",
                workers=workers,
            )

    def plan(self) -> Plan:
        """Say what would be done."""
        left, trial = len(self._left()), self._trial()
        if self.given["executor"] is None:
            choice = choose_workers(self.given["workers"], left, trial)
        else:
            choice = Choice(Foreign(self.given["executor"], self.recipe).workers, "those of the executor")
        return make_plan(self.recipe, self.grid, left, choice, trial, self.given["store"])

    def run(self) -> Study:
        """Run what is left."""
        try:
            interrupted = self._run(self._left())
        except BaseException as error:
            error.result = self._study(interrupted=False)  # type: ignore[attr-defined]
            raise
        return self._study(interrupted=interrupted)

    def _left(self) -> list[Point]:
        """Points that are to be run."""
        records, again = self._store.records, bool(self.given["retry"])
        return [
            point
            for point in self.grid.points
            if point.key not in records or (again and records[point.key]["state"] == "failed")
        ]

    def _trial(self) -> Trial | None:
        """What the first point costs; None if it fails."""
        first, self._first = self._first, None
        if first is None:
            return None
        try:
            return try_first(self.recipe, self.grid.points[0], first)
        except NumbadynError:  # what is wrong with it is said when it runs
            return None

    def _study(self, *, interrupted: bool) -> Study:
        records, path = self._store.records, self._store.path
        return Study(self.grid, records, path, manifest=self._manifest, interrupted=interrupted, again=self._run_again)

    def _run_again(self, points: Sequence[Point]) -> tuple[dict[str, dict[str, Any]], bool]:
        """Run points that have failed; gives all records, and whether it was interrupted."""
        interrupted = self._run(points)
        return self._store.records, interrupted

    def _run(self, points: Sequence[Point]) -> bool:
        """Run points; gives whether it was interrupted."""
        if not points:
            self._store.tidy()
            return False
        with Interrupts() as interrupts:
            crew = self._crew(len(points), interrupts)
            state = "stopped"
            try:
                self._store.begin(session_entries(crew.workers, type(crew).__name__.lower()))
                points = self._not_finished(points)  # by a process that had the store until now
                self.bar.start(len(self.grid.points), len(self.grid.points) - len(points))
                loop = Campaign(
                    points, crew, self._store, self.bar, interrupts, batch=self.recipe.batch, raising=self.raising
                )
                state = loop.run()
            finally:
                self.bar.close()
                crew.close(abandon=state != "complete")
                self._store.end(state)
            twice = interrupts.count > 1
        if twice:
            raise KeyboardInterrupt
        return state == "interrupted"

    def _not_finished(self, points: Sequence[Point]) -> list[Point]:
        """Points that have not finished since they were chosen."""
        records = self._store.records
        return [point for point in points if records.get(point.key, {}).get("state") != "finished"]

    def _crew(self, points: int, interrupts: Interrupts) -> Crew:
        if self.given["executor"] is not None:
            return Foreign(self.given["executor"], self.recipe)
        given = self.given["workers"]
        trial = self._trial() if given is None and min(usable_cores(), points) > 1 else None
        workers = choose_workers(given, points, trial).workers
        if workers > 1:
            return Processes(workers, self.recipe)
        first, self._first = self._first, None
        return Serial(self.recipe, interrupts, None if first is None else (self.grid.points[0].group, first))
