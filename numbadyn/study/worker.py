"""Points run in one process: built, simulated, measured, each on its own.

In: a recipe and points.  Out: a record for each, plain data, with what was measured or what went wrong.  Must not know:
stores, other processes.

Points that differ in their seeds only share a simulator, which starts each trial anew with the bits of a new one.
"""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from numbadyn.ir.structure import structure_hash
from numbadyn.runtime.progress import Progress
from numbadyn.simulator import Simulator
from numbadyn.study.grid import Point
from numbadyn.study.measures import tabulate
from numbadyn.study.recipe import Recipe

__all__ = ["Finished", "Runner", "described", "sendable"]


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
    """Runs points of one study, one after the other.

    Parameters
    ----------
    recipe : Recipe
        How.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._held: tuple[str, Simulator] | None = None

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
        done = []
        for point in points:
            done.append(self._run(point, progress(point)))
            if done[-1].record is None:
                break
        return done

    def _run(self, point: Point, progress: Progress) -> Finished:
        started = time.time()
        seconds: dict[str, float] = {}
        about = {"parameters": point.key, "started": round(started, 3)}
        try:
            simulator = self._simulator(point, seconds)
            measured = self._measure(simulator, point, progress, seconds)
        except Exception as error:
            self._held = None
            return Finished(point.number, {**about, "state": "failed", "error": described(error)}, error)
        if measured is None:
            self._held = None
            return Finished(point.number, None)
        seconds["all"] = time.time() - started
        return Finished(
            point.number,
            {
                **about,
                "state": "finished",
                "values": measured,
                "structure": structure_hash(simulator.step)[:16],
                "seconds": {name: round(value, 4) for name, value in seconds.items()},
            },
        )

    def _simulator(self, point: Point, seconds: dict[str, float]) -> Simulator:
        """A simulator of a point, before its first step: the one of the point before, where only the seed differs."""
        recipe, clock = self._recipe, time.perf_counter()
        if recipe.seeded or recipe.inputs > 1:
            self._held = None  # the network depends on the seed, or the user's function may have changed it
        if self._held is not None and self._held[0] == point.group:
            simulator = self._held[1].reset(seed=point.seed)
        else:
            self._held = None  # its memory goes before that of the next is asked for
            simulator = recipe.simulator(recipe.network(point), point.seed)
            recipe.start_recording(simulator)
        simulator.compile()
        seconds["build"] = time.perf_counter() - clock
        seconds["compile"] = simulator.seconds.get("compile", 0.0)
        if self._held is None:
            self._held = (point.group, simulator)
        return simulator

    def _measure(
        self, simulator: Simulator, point: Point, progress: Progress, seconds: dict[str, float]
    ) -> dict[str, Any] | None:
        """What is measured of one run; None if it was interrupted."""
        recipe, clock = self._recipe, time.perf_counter()
        if recipe.transient is not None and simulator.run(recipe.transient, progress=False).interrupted:
            return None
        result = simulator.run(recipe.duration, progress=progress)
        if result.interrupted:
            return None
        seconds["run"] = time.perf_counter() - clock
        given = (result, simulator, {**point.parameters, "seed": point.seed})[: recipe.inputs]
        name = getattr(recipe.measure, "__name__", "value")
        cells = tabulate(recipe.measure(*given), name if name.isidentifier() else "value", point.parameters)
        seconds["measure"] = time.perf_counter() - clock - seconds["run"]
        return cells


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
