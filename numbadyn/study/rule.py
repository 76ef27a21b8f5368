"""The rule by which processes fill the cores and batches fill a process.

In: what the user says, how many points are left, a trial of the first one.  Out: how many processes, and why.  Must not
know: how points are run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

from numbadyn.runtime import room
from numbadyn.runtime.host import usable_cores
from numbadyn.simulator import Simulator
from numbadyn.simulator.forecasting import Forecast
from numbadyn.study.grid import Point
from numbadyn.study.pace import BATCH_SECONDS, SHARES
from numbadyn.study.recipe import Recipe
from numbadyn.units import bytes_of

__all__ = ["SHARE_OF_MEMORY", "START_SECONDS", "Choice", "Trial", "batch_size", "choose_workers", "try_first"]

START_SECONDS = 10.0
"""Work that is not worth the start of other processes."""
_AGAIN_SECONDS = 5.0
SHARE_OF_MEMORY = 0.5
"""What batches of all processes of a machine may take of the memory that is free."""


@dataclass(frozen=True)
class Trial:
    """What a point costs, as far as a short trial tells.

    Parameters
    ----------
    build, run : float
        Seconds to make its simulator, and to run it.
    memory : int
        Bytes.
    forecast : Forecast
        Of its simulator.
    """

    build: float
    run: float
    memory: int
    forecast: Forecast

    @property
    def seconds(self) -> float:
        """Seconds of a point."""
        return self.build + self.run


class Choice(NamedTuple):
    """How many processes, and why."""

    workers: int
    reason: str


def try_first(recipe: Recipe, point: Point, simulator: Simulator) -> Trial:
    """Try the simulator of the first point for half a second.

    Parameters
    ----------
    recipe : Recipe
        How it is run.
    point : Point
        The point.
    simulator : Simulator
        Its simulator, new.
    """
    duration = recipe.duration if recipe.transient is None else recipe.duration + recipe.transient
    started = time.perf_counter()
    simulator.compile()
    build = time.perf_counter() - started
    forecast = simulator.forecast(duration)
    if build < _AGAIN_SECONDS:  # what has been loaded or compiled for the first point is there for the others
        started = time.perf_counter()
        recipe.simulator(recipe.network(point), point).compile()
        build = time.perf_counter() - started
    else:  # what was compiled is compiled once, whatever is built of it
        build = max(build - simulator.seconds.get("compile", 0.0), 0.0)
    memory = bytes_of(forecast.memory, "sweep") if float(forecast.memory) > 0 else 1
    run = 0.0 if forecast.wall_time is None else float(forecast.wall_time.rescale("s"))
    return Trial(build, run, memory, forecast)


def choose_workers(given: int | None, points: int, trial: Trial | None) -> Choice:
    """How many processes run points.

    Parameters
    ----------
    given : int or None
        What the user says.
    points : int
        How many are left.
    trial : Trial or None
        What a point costs; None if nobody knows.
    """
    if given is not None:
        workers = min(given, max(points, 1))
        return Choice(workers, "as asked for" if workers == given else "one for each point")
    workers = min(usable_cores(), max(points, 1))
    if workers == 1:
        return Choice(1, "there is one core, or one point")
    if trial is not None and trial.seconds * points < START_SECONDS:
        return Choice(1, f"all points together take less than {START_SECONDS:g} s")
    free = room.free_bytes()
    if trial is not None and free is not None:
        fitting = max(int(SHARE_OF_MEMORY * free / trial.memory), 1)
        if fitting < workers:
            return Choice(fitting, f"so many points fit into {SHARE_OF_MEMORY:.0%} of the free memory")
    return Choice(workers, "one for each core that this process may use")


def batch_size(most: int, points: int, workers: int, trial: Trial) -> int:
    """How many points a process runs together, once the first have told how long they take."""
    free = room.free_bytes()
    fitting = most if free is None else int(SHARE_OF_MEMORY * free / usable_cores() / trial.memory)
    quick = int(BATCH_SECONDS / trial.seconds) if trial.seconds else most
    share = points if workers == 1 else points // (SHARES * workers)
    return max(1, min(most, fitting, quick, share))
