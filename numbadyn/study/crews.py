"""Who runs the points: this process, processes of this machine, or an executor that the user has.

In: points, a few at a time.  Out: futures of what becomes of them.  Must not know: grids, stores.

Whatever has ``submit`` as in `concurrent.futures` will do: a process pool, Dask's client, mpi4py's pool.
"""

from __future__ import annotations

import functools
import importlib
import pickle
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from numbadyn.errors import InvalidParameterError, MissingExtraError
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.on_demand import import_compilers
from numbadyn.runtime.progress import NullProgress, Progress
from numbadyn.simulator import Simulator
from numbadyn.study.beacons import Beacon, Beacons, Sighting
from numbadyn.study.fingerprints import short_hash
from numbadyn.study.grid import Point
from numbadyn.study.recipe import Recipe
from numbadyn.study.worker import Finished, Runner, sendable

__all__ = ["Crew", "Foreign", "Processes", "Serial"]

_IDLE_SECONDS = 60
_UNKNOWN = 4096
"""Tasks that are handed to an executor that does not say how many it runs at once; a cluster grows by what waits."""


class Crew(ABC):
    """Runs points.

    Attributes
    ----------
    workers : int
        How many points run at once; 0 if nobody knows.
    window : int
        How many tasks are handed over at once.
    seconds : float
        What a task should take at least, so that handing it over costs little.
    """

    workers: int
    window: int
    seconds: float

    @abstractmethod
    def submit(self, points: Sequence[Point], progress: Callable[[Point], Progress]) -> Any:
        """Hand points over; gives the future of a list of `Finished`."""

    def look(self) -> list[Sighting]:
        """How far points are that run elsewhere, as far as anybody knows."""
        return []

    @abstractmethod
    def restart(self) -> bool:
        """Begin anew after a worker has died; False where that is the user's."""

    @abstractmethod
    def close(self, *, abandon: bool) -> None:
        """Let the workers go, those that are at work too if they are abandoned."""


class Serial(Crew):
    """The process itself, a point at a time.

    Parameters
    ----------
    recipe : Recipe
        How a point is run.
    interrupts : Interrupts
        Ctrl-C.
    first : tuple, optional
        Group of a point and its simulator, which has been made to look at it.
    """

    workers = window = 1
    seconds = 0.0

    def __init__(self, recipe: Recipe, interrupts: Interrupts, first: tuple[str, Simulator] | None = None) -> None:
        self._runner = Runner(recipe, first)
        self._interrupts = interrupts

    def submit(self, points: Sequence[Point], progress: Callable[[Point], Progress]) -> Future[list[Finished]]:
        """Run points now; a second Ctrl-C gets out of the user's code."""
        future: Future[list[Finished]] = Future()
        with self._interrupts.opened():
            future.set_result(self._runner.run(points, progress))
        return future

    def restart(self) -> bool:
        """Nothing has died."""
        return False

    def close(self, *, abandon: bool) -> None:
        """Nothing is held."""


class Foreign(Crew):
    """An executor that the user has made, and will close.

    Parameters
    ----------
    executor : object
        With ``submit(function, *arguments)``, which gives a future with ``add_done_callback``, ``result`` and
        ``cancel``.
    recipe : Recipe
        What is sent to its workers.
    """

    seconds = 1.0

    def __init__(self, executor: Any, recipe: Recipe) -> None:
        if not callable(getattr(executor, "submit", None)):
            raise InvalidParameterError(
                f"executor is {executor!r}, which has no submit.",
                where="sweep(executor=...)",
                cure="Give an executor as in concurrent.futures, a dask.distributed.Client, or workers=4 for processes "
                "of this machine.",
            )
        # Dask's client takes functions for pure, and would not run one again; its executor does not.
        own = getattr(executor, "get_executor", None)
        self._executor = own(pure=False) if callable(own) else executor
        self._payload = payload_of(recipe)
        known = getattr(executor, "num_workers", getattr(executor, "_max_workers", None))
        threads = getattr(executor, "nthreads", None)
        if known is None and callable(threads):  # of a cluster, by the address of the worker
            known = sum(threads().values())
        self.workers = known if isinstance(known, int) else 0
        self.window = 2 * self.workers or _UNKNOWN

    def submit(self, points: Sequence[Point], progress: Callable[[Point], Progress]) -> Any:
        """Hand points to the executor."""
        return self._executor.submit(run_task, *self._payload, list(points))

    def restart(self) -> bool:
        """The executor is the user's."""
        return False

    def close(self, *, abandon: bool) -> None:
        """The executor is the user's."""


class Processes(Crew):
    """Processes of this machine, kept for a while for the next study.

    Parameters
    ----------
    workers : int
        How many.
    recipe : Recipe
        What is sent to them.

    Raises
    ------
    MissingExtraError
        loky is not installed.
    """

    seconds = 0.2

    def __init__(self, workers: int, recipe: Recipe) -> None:
        self.workers, self.window = workers, 2 * workers
        self._payload = payload_of(recipe)
        self._loky = _imported("loky")
        self._beacons = Beacons()
        self._start()

    def _start(self) -> None:
        self._executor = _executor(self._loky, self.workers)

    def submit(self, points: Sequence[Point], progress: Callable[[Point], Progress]) -> Any:
        """Hand points to the processes."""
        return self._executor.submit(run_task, *self._payload, list(points), self._beacons.folder)

    def look(self) -> list[Sighting]:
        """How far the points are."""
        return self._beacons.look()

    def restart(self) -> bool:
        """Replace all processes."""
        self._executor.shutdown(wait=True, kill_workers=True)
        self._start()
        return True

    def close(self, *, abandon: bool) -> None:
        """End those that are at work; idle ones end by themselves when nothing has come for a while."""
        self._beacons.close()
        if abandon:
            self._executor.shutdown(wait=True, kill_workers=True)


def start_early(workers: Any, points: int, target: str) -> None:
    """Let processes start and import what they will need, while this one makes a study ready.

    Parameters
    ----------
    workers : int or None
        How many the user asks for; nothing is done where that is not known, or one.
    points : int
        How many points there are.
    target : str
        Of the simulators.
    """
    workers = min(workers, points) if isinstance(workers, int) else 1
    if workers < 2:
        return
    try:
        executor = _executor(_imported("loky"), workers)
    except MissingExtraError:  # which is raised where they are needed
        return
    for _worker in range(workers):
        executor.submit(make_ready, target)


def make_ready(target: str) -> None:
    """In a worker: import what simulators of a target compile with."""
    if target != "interpret":
        import_compilers()


def _executor(loky: Any, workers: int) -> Any:
    return loky.get_reusable_executor(max_workers=workers, timeout=_IDLE_SECONDS, initializer=ignore_interrupts)


def payload_of(recipe: Recipe) -> tuple[str, bytes]:
    """A recipe for other processes, functions of notebooks and scripts included, and its hash."""
    content: bytes = _imported("cloudpickle").dumps(recipe)
    return short_hash(content), content


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"Points that run in other processes need {name}, which is not installed.",
            where="sweep(workers=...)",
            cure='Install it: pip install "numbadyn[sweep]"; or run the points in this process, one after the other, '
            "with workers=1.",
        ) from error


def ignore_interrupts() -> None:
    """In a worker: Ctrl-C is for the process that hands out the points, which decides what becomes of the workers."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Kept(threading.local):
    """The runner of the study at hand: each thread of a worker has its own."""

    name: str = ""
    runner: Runner | None = None


_kept = _Kept()


def run_task(name: str, payload: bytes, points: list[Point], beacons: str | None = None) -> list[Finished]:
    """In a worker: run points of a study, whose recipe is unpacked once."""
    if _kept.runner is None or _kept.name != name:
        _kept.name, _kept.runner = name, Runner(_unpacked(payload))

    def progress(point: Point) -> Progress:
        return NullProgress() if beacons is None else Beacon(beacons, point.number)

    return list(map(sendable, _kept.runner.run(points, progress)))


@functools.lru_cache(maxsize=1)
def _unpacked(payload: bytes) -> Recipe:
    recipe: Recipe = pickle.loads(payload)
    return recipe
