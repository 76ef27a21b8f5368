"""Where a study comes from: what decides over its results, and what else its store says about it.

In: a recipe and a grid.  Out: the content of a manifest.  Must not know: files.
"""

from __future__ import annotations

import platform
import time
from typing import Any

import numbadyn._version as version
from numbadyn.errors import DimensionError, GridError, UnknownPathError
from numbadyn.ir.structure import structure_hash
from numbadyn.model.module import Module
from numbadyn.simulator import Simulator
from numbadyn.simulator.provenance import machine_entries, version_entries
from numbadyn.study.cells import UntabledValueError, dump, encode
from numbadyn.study.fingerprints import fingerprints, short_hash
from numbadyn.study.grid import Grid, Point
from numbadyn.study.paths import check_place
from numbadyn.study.recipe import Recipe

__all__ = ["describe_study", "look_at_first", "session_entries"]

_OF_THE_STUDY = (DimensionError, GridError, UnknownPathError)
"""Mistakes that no point can make on its own."""
_NOT_DECIDING = ("dt", "target", "launch", "threads")


def look_at_first(recipe: Recipe, grid: Grid) -> Simulator | None:
    """Build the network of the first point, so that mistakes in the study are told before it begins.

    Parameters
    ----------
    recipe : Recipe
        How.
    grid : Grid
        All points.

    Returns
    -------
    Simulator or None
        None if the first point fails, but the last one does not: then it is the point that is wrong.

    Raises
    ------
    Exception
        What is wrong with the first point and the last one.
    """
    first = grid.points[0]
    try:
        simulator = recipe.simulator(recipe.network(first), first)
        for axis in grid.axes:
            if axis.name not in recipe.arguments:
                check_place(simulator, axis.name, axis.values)
        recipe.start_recording(simulator)
    except Exception as error:
        if not _builds(recipe, grid.points[-1]) or isinstance(error, _OF_THE_STUDY):
            error.add_note(f"at the point {first}")
            raise
        return None
    return simulator


def _builds(recipe: Recipe, point: Point) -> bool:
    try:
        recipe.start_recording(recipe.simulator(recipe.network(point), point))
    except Exception:  # whatever the user's function raises
        return False
    return True


def describe_study(recipe: Recipe, grid: Grid, first: Simulator | None) -> dict[str, Any]:
    """What a manifest says.

    Returns
    -------
    dict
        ``grid``; ``decides``, what decides over the results beside it; ``about``, the rest.
    """
    options = recipe.options
    target = options.get("target", "cpu")
    exact = target != "cuda" or bool(options.get("reproducible"))
    functions = {"build": recipe.build, "measure": recipe.measure}
    if callable(recipe.record):
        functions["record"] = recipe.record
    prints: dict[str, str] = {}
    for name, function in functions.items():
        prints.update(fingerprints(function, name))
    decides = {
        "numbadyn": version.__version__,
        **{name: encode(value) for name, value in _times(recipe).items()},
        "bits": "the same on every target" if exact else "those of a GPU, in any order",
        "options": {name: _plain(value) for name, value in options.items() if name not in _NOT_DECIDING},
        "record": [] if callable(recipe.record) else list(recipe.record),
        "functions": prints,
    }
    if isinstance(recipe.build, Module):
        decides["network"] = _named(recipe, grid)
    about = {
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "points": len(grid.points),
        "build": _name(recipe.build),
        "measure": _name(recipe.measure),
        "target": target,
        "versions": version_entries(),
        "machine": machine_entries(),
    }
    if first is not None:
        provenance = first.provenance
        about["first point"] = {
            name: provenance[name] for name in ("network", "simulation", "parameters", "connections", "delays")
        }
    return {"grid": grid.describe(), "decides": decides, "about": about}


def _times(recipe: Recipe) -> dict[str, Any]:
    return {"dt": recipe.options["dt"], "duration": recipe.duration, "transient": recipe.transient}


def _plain(value: Any) -> Any:
    try:
        return encode(value)
    except UntabledValueError:
        return repr(value)


def _named(recipe: Recipe, grid: Grid) -> str:
    """A hash of a network that was given as it is: its structure, and all parameters but those of the grid."""
    simulator = recipe.simulator(recipe.network(grid.points[0]), grid.points[0]._replace(seed=0))
    swept = {axis.name for axis in grid.axes}
    root = simulator.step.name
    parameters = {
        name: value
        for name, value in simulator.provenance["parameters"].items()
        if name.removeprefix(f"{root}.") not in swept
    }
    return short_hash((structure_hash(simulator.step) + dump(parameters)).encode())


def _name(function: Any) -> str:
    if isinstance(function, Module):
        return f"a {type(function).__qualname__}"
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def session_entries(workers: int, executor: str) -> dict[str, Any]:
    """What a store says of each time that a study was run."""
    return {
        "versions": version_entries(),
        "machine": machine_entries(),
        "host": platform.node(),
        "workers": workers,
        "executor": executor,
    }
