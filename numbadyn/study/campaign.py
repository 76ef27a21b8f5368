"""The loop of a study: points are handed out, and what becomes of them is written down.

In: points that are left, a crew, a store.  Out: records in the store; how it ended.  Must not know: how points are run,
what a store looks like.

A point that fails is written down with its error, and the others go on. Where a worker dies, its points run again, each
of them alone, so that the one that kills workers is found.
"""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any

from numbadyn.errors import StudyError, WorkerLostError
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.study.crews import Crew
from numbadyn.study.grid import Point
from numbadyn.study.pace import Pace
from numbadyn.study.progress import StudyProgress
from numbadyn.study.store.store import Memory
from numbadyn.study.worker import Finished, described

__all__ = ["Campaign"]

_LOOK_SECONDS = 0.2
_GIVE_UP = 3
"""So many failures, with nothing finished, are a mistake in the study and not in a point."""
_DEATHS = 2
_ENOUGH = 0.02
"""Part of a run that tells how long all of it takes."""
_COST = 100.0
"""An estimate is worked out in a hundredth of the time."""


class Campaign:
    """Runs points until all are done, or somebody asks it to stop.

    Parameters
    ----------
    points : sequence of Point
        Those that are left, in order.
    crew : Crew
        Who runs them.
    store : Memory
        Where they are written down.
    bar : StudyProgress
        Who is told.
    interrupts : Interrupts
        Whether it should stop.
    batch : int
        How many points may run together.
    raising : bool
        Whether the first failure ends it.
    """

    def __init__(
        self,
        points: Sequence[Point],
        crew: Crew,
        store: Memory,
        bar: StudyProgress,
        interrupts: Interrupts,
        *,
        batch: int,
        raising: bool,
    ) -> None:
        self._waiting, self._suspects = deque(points), deque[Point]()
        self._crew, self._store, self._bar, self._interrupts = crew, store, bar, interrupts
        self._raising, self._batch, self._total = raising, batch, len(points)
        self._points = {point.number: point for point in points}
        self._under_way: dict[Any, list[Point]] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._deaths: dict[int, int] = {}
        self._first: BaseException | None = None
        self._failed, self._failed_groups = 0, set[str]()
        self._estimate: float | None = None
        self._look_again = self._estimated = 0.0
        self._changed = True
        self._pace = Pace(crew.workers or 1)
        self._any_finished = any(record["state"] == "finished" for record in store.records.values())

    def run(self) -> str:
        """Run the points.

        Returns
        -------
        {"complete", "interrupted"}

        Raises
        ------
        StoreWriteError
            The store cannot be written.
        WorkerLostError
            Workers of the user's executor have died, so that it takes no points any more.
        Exception
            All points failed, or the first one where that is to be raised: what it raised.
        """
        try:
            while self._waiting or self._suspects or self._under_way:
                if self._interrupts.asked:
                    return "interrupted"
                self._hand_out()
                try:
                    future = self._done.get(timeout=_LOOK_SECONDS)
                except queue.Empty:
                    self._look()
                    continue
                self._collect(future)
            return "complete"
        finally:
            for future in self._under_way:
                future.cancel()

    def _look(self) -> None:
        """Show how far the points are that run elsewhere; before one has finished, they say how long all take."""
        flying = {point.number: len(points) for points in self._under_way.values() for point in points[:1]}
        seen = [one for one in self._crew.look() if one.number in self._points]
        for one in seen:
            if self._pace.mean is None and one.fraction > _ENOUGH:
                self._pace.expect(one.seconds / one.fraction / flying.get(one.number, 1))
        self._bar.refresh([(str(self._points[one.number]), one.fraction) for one in seen], self._seconds_left())

    def _hand_out(self) -> None:
        """Keep the crew busy; suspects run with nothing beside them."""
        while not self._interrupts.asked:
            if self._suspects:
                if self._under_way:
                    return
                points = [self._suspects.popleft()]
            elif self._waiting and len(self._under_way) < self._crew.window:
                size = self._pace.task_size(self._crew.seconds, len(self._waiting), self._batch)
                points = [self._waiting.popleft() for _number in range(size)]
            else:
                return
            try:
                future = self._crew.submit(points, self._bar.of_point)
            except BrokenExecutor as error:
                self._under_way[None] = points
                self._begin_anew(error)
                return
            self._under_way[future] = points
            future.add_done_callback(self._done.put)

    def _collect(self, future: Any) -> None:
        """Write down what a task has given."""
        if future not in self._under_way:  # it was given up when a worker died
            return
        try:
            finished: list[Finished] = future.result()
        except (BrokenExecutor, CancelledError) as error:
            self._begin_anew(error)
            return
        except Exception as error:  # a worker is lost, or what it sends cannot be read: each executor has its own
            points = self._under_way.pop(future)
            self._blame(points, error)
            return
        points = self._under_way.pop(future)
        for one in finished:
            if one.record is not None:
                self._note(self._points[one.number], one.record, one.error)
        self._waiting.extendleft(reversed(points[sum(one.record is not None for one in finished) :]))

    def _note(self, point: Point, record: dict[str, Any], error: BaseException | None) -> None:
        """Write a point down."""
        self._store.add(record)
        self._pace.learn(point.group, record)
        self._changed = True
        self._bar.note(record, self._seconds_left())
        if record["state"] == "finished":
            self._any_finished, self._first = True, None
            return
        self._failed_groups.add(point.group)
        self._failed += 1
        if self._any_finished and not self._raising:
            return
        if self._first is None:  # of the others only text is kept, since an error holds on to all that it has met
            self._first = error if error is not None else _told(record)
            self._first.add_note(f"at the point {point}")
        if self._raising or len(self._failed_groups) >= _GIVE_UP or self._failed == self._total:
            raise self._first

    def _seconds_left(self) -> float | None:
        """Seconds until all points are done, worked out now and then, when one is done: there may be many."""
        now = time.monotonic()
        if self._changed and now >= self._look_again:
            flying = [point for points in self._under_way.values() for point in points]
            self._estimate = self._pace.left([*flying, *self._suspects, *self._waiting])
            self._changed, self._estimated = self._estimate is None, now
            self._look_again = now + _COST * (time.monotonic() - now)
        return None if self._estimate is None else max(self._estimate - (now - self._estimated), 0.0)

    def _begin_anew(self, error: BaseException) -> None:
        """A worker has died, and all that was under way with it."""
        points = [point for points in self._under_way.values() for point in points]
        alone = len(points) == 1
        self._under_way.clear()
        if not self._crew.restart():
            raise WorkerLostError(
                f"The executor takes no points any more: {error}".rstrip(".") + ".",
                where="sweep(executor=...)",
                cure="Call the sweep again with a new executor and the same store; what has finished is kept. Look at "
                "what its workers have room for.",
            ) from error
        if alone:
            self._blame(points, error)
        else:
            self._suspects.extend(points)

    def _blame(self, points: list[Point], error: BaseException) -> None:
        """Note that a worker has died with points; one that does so again and again, alone, has failed."""
        for point in points:
            self._deaths[point.number] = self._deaths.get(point.number, 0) + (len(points) == 1)
            if self._deaths[point.number] < _DEATHS:
                self._suspects.append(point)
                continue
            lost = WorkerLostError(
                f"The worker that ran {point} has died, {_DEATHS} times: {error}".rstrip(".") + ".",
                where=f"the point {point}",
                cure="Look at the memory that it needs, and take fewer workers.",
            )
            lost.__cause__ = error
            record = {
                "parameters": point.key,
                "started": round(time.time(), 3),
                "state": "failed",
                "error": described(lost),
            }
            self._note(point, record, lost)


def _told(record: dict[str, Any]) -> BaseException:
    """An exception that says what one has said that could not be sent."""
    about = record["error"]
    return StudyError(
        f"{about['class']}: {about['message']}",
        where="a worker",
        cure="Run the point in this process, with workers=1, to see more.",
    )
