"""A point that takes long leaves checkpoints, and goes on from them.

In: a simulator of a point, before its run.  Out: the result of the run.  Must not know: stores, other points.

Short points leave none: they are run again.
"""

from __future__ import annotations

import os
from typing import Any

from numbadyn.errors import CheckpointDamagedError, CheckpointMismatchError, StudyError
from numbadyn.io.recordings import Result
from numbadyn.runtime.progress import Progress
from numbadyn.simulator import Simulator
from numbadyn.simulator.checks import duration_steps
from numbadyn.study.fingerprints import short_hash
from numbadyn.study.grid import Point
from numbadyn.study.recipe import Recipe
from numbadyn.study.store.manifest import folder_of
from numbadyn.study.store.store import CHECKPOINTS

__all__ = ["LONG_SECONDS", "checkpoint_folder", "run_kept"]

LONG_SECONDS = 600.0
"""A run that takes longer leaves checkpoints without being asked."""


def run_kept(
    recipe: Recipe, point: Point | None, simulator: Simulator, progress: Progress, expected: float | None
) -> Result:
    """Run a simulator for the time that is measured; it goes on from a checkpoint of the point, if there is one.

    Parameters
    ----------
    recipe : Recipe
        With the folder of checkpoints.
    point : Point or None
        None for a batch, which leaves none.
    simulator : Simulator
        Ready to run.
    progress : Progress
        Who is told.
    expected : float or None
        Seconds that a run before has taken; None if there was none.
    """
    path = None if point is None else _path(recipe, point)
    if path is None:
        return simulator.run(recipe.duration, progress=progress)
    if recipe.every is None and not os.path.exists(path):
        if expected is None:
            forecast = simulator.forecast(recipe.duration).wall_time
            expected = 0.0 if forecast is None else float(forecast.rescale("s"))
        if expected < LONG_SECONDS:
            return simulator.run(recipe.duration, progress=progress)
    how: dict[str, Any] = {"progress": progress, "checkpoint": path, "checkpoint_every": recipe.every}
    try:
        return simulator.run(recipe.duration, **how)
    except (CheckpointMismatchError, CheckpointDamagedError):  # of an attempt that was mended since, or spoilt
        return simulator.run(recipe.duration, **how, resume=False)


def _path(recipe: Recipe, point: Point) -> str | None:
    """Where a point leaves its checkpoints; None where it cannot, as on a machine that does not see the store."""
    folder = recipe.folder
    if folder is None or not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        return None
    return os.path.join(folder, f"{short_hash(point.key.encode())}.checkpoint")


def checkpoint_folder(store: Any, every: Any, dt: float) -> str | None:
    """Where points of a study leave checkpoints; None without a store.

    Raises
    ------
    StudyError
        They are asked for, but there is no store.
    DurationError
        The time between two of them is no multiple of dt.
    """
    if every is not None:
        duration_steps(every, dt, "checkpoint_every", "sweep")
        if store is None:
            raise StudyError(
                "Points are to leave checkpoints, but the study has no store.",
                where="sweep(checkpoint_every=...)",
                cure="Give a folder: store='study'.",
            )
    return None if store is None else str(folder_of(store, "sweep(store=...)").absolute() / CHECKPOINTS)
