"""What a sweep would do: its points, processes and batches, with forecasts of time, memory and disk.

In: a study that has not been started.  Out: a `Plan`, which prints itself.  Must not know: how points are run.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from numbadyn.ir.structure import structure_hash
from numbadyn.runtime import room
from numbadyn.runtime.progress import in_words
from numbadyn.study.grid import Grid, Point
from numbadyn.study.pace import BATCH_SECONDS
from numbadyn.study.recipe import Recipe
from numbadyn.study.rule import SHARE_OF_MEMORY, Choice, Trial, batch_size
from numbadyn.units import as_memory

__all__ = ["Plan", "make_plan"]

_LOOKED_AT = 24
_RECORD = 450
"""Bytes of a record with a few numbers."""


@dataclass(frozen=True)
class Plan:
    """What a sweep would do; ``nd.sweep(..., plan=True)`` gives one, and runs nothing.

    Attributes
    ----------
    points, left : int
        All points, and those that are not in the store.
    workers, batch : int
        Processes, 0 if an executor does not tell; and points that each of them runs together, once the first one has
        told how long it takes: neighbours of one structure, and so fewer where another structure begins.
    structures : int
        Different structures among the points that were looked at: those that differ from the first one in one
        parameter, or the first ones of a list.
    seconds : float or None
        Expected time of all that is left; None if the first point fails.
    memory : int or None
        Bytes of all that runs at a time.
    disk : int
        Bytes of the store, with a few numbers a point.
    text : str
        All of it in words.
    """

    points: int
    left: int
    workers: int
    batch: int
    structures: int
    seconds: float | None
    memory: int | None
    disk: int
    text: str

    def __str__(self) -> str:
        return self.text


def make_plan(recipe: Recipe, grid: Grid, left: int, choice: Choice, trial: Trial | None, store: Path | None) -> Plan:
    """Work a plan out."""
    looked = _looked_at(grid)
    structures = _structures(recipe, looked)
    different = len(set(structures.values()))
    neighbours = _neighbours(grid, structures)
    batch = 1
    if trial is not None:
        batch = min(batch_size(recipe.batch, left, max(choice.workers, 1), trial), neighbours)
    seconds = None if trial is None else trial.seconds * left / max(min(choice.workers, left), 1)
    memory = None if trial is None else trial.memory * batch * max(choice.workers, 1)
    disk = 0 if store is None else _RECORD * left
    lengths = (
        [len(axis.values) for axis in grid.axes] if grid.mode == "product" else [len(grid.points) // len(grid.seeds)]
    )
    sizes = " x ".join(map(str, lengths)) or "1"
    lines = [
        f"A study of {len(grid.points)} points ({sizes}, with {len(grid.seeds)} seeds each), {left} of them left",
        f"  structures  {different}, at the {len(looked)} points that were looked at; each is compiled once",
        f"  workers     {choice.workers or 'unknown'}: {choice.reason}",
        f"  batches     {_batches(batch, recipe.batch, neighbours)}",
        *_costs(trial, left, seconds, memory),
        f"  disk        {'none: results are kept in memory' if store is None else _disk(disk, store)}",
    ]
    return Plan(len(grid.points), left, choice.workers, batch, different, seconds, memory, disk, "\n".join(lines))


def _batches(batch: int, most: int, neighbours: int) -> str:
    if most == 1:
        return "1 point: each has a simulator of its own"
    if neighbours == 1:
        return "1 point: its neighbours have another structure"
    rule = f"of one structure, in {SHARE_OF_MEMORY:.0%} of the free memory, {BATCH_SECONDS:g} s at most"
    return f"{batch} points together in a process ({rule})"


def _costs(trial: Trial | None, left: int, seconds: float | None, memory: int | None) -> list[str]:
    """Time and memory in words."""
    if trial is None or seconds is None or memory is None:
        return ["  time        not known: the first point fails"]
    free = room.free_bytes()
    of = "" if free is None else f", of {as_memory(free).round(1)} that are free"
    each = f"{trial.seconds:.3g} s a point on a trial, {trial.build:.2g} s to build and {trial.run:.2g} s to run it"
    together = f"{as_memory(memory).round(1)} for all that runs at a time"
    compiled = "something was not in the cache" if trial.forecast.must_compile else "everything is in the cache"
    return [
        f"  time        {in_words(seconds)} for {left} points, or less in batches ({each})",
        f"  memory      {together} ({as_memory(trial.memory).round(1)} a point){of}",
        f"  compiler    {compiled}",
    ]


def _disk(size: int, store: Path) -> str:
    return f"about {as_memory(size).round(1)} in {os.fspath(store)!r}, with a few numbers a point"


def _looked_at(grid: Grid) -> list[Point]:
    """The first point, and those that differ from it in one parameter; of lists the first ones, with one seed."""
    first = grid.points[0]
    if grid.mode != "product":
        return list(grid.points[:: len(grid.seeds)][:_LOOKED_AT])
    found = [first]
    for point in grid.points[1:]:
        differing = sum(point.parameters[name] is not value for name, value in first.parameters.items())
        if point.seed == first.seed and differing == 1 and len(found) < _LOOKED_AT:
            found.append(point)
    return found


def _structures(recipe: Recipe, points: list[Point]) -> dict[str, str]:
    """Structures of points, by their groups; of one that cannot be built none."""
    found = {}
    for point in points:
        try:
            found[point.group] = structure_hash(recipe.simulator(recipe.network(point), point).step)
        except Exception:  # it is isolated when it runs
            continue
    return found


def _neighbours(grid: Grid, structures: dict[str, str]) -> int:
    """How many neighbouring points share a structure at most, if the others are like those that were looked at."""
    first = grid.points[0]
    usual = structures.get(first.group)
    alone: dict[tuple[str, int], str | None] = {}  # what a value of a parameter makes of the first structure
    for point in _looked_at(grid) if grid.mode == "product" else ():
        for name, value in point.parameters.items():
            if value is not first.parameters[name]:
                alone[name, id(value)] = structures.get(point.group)
    longest = length = 0
    before: object = None
    for point in grid.points:
        if grid.mode == "product":
            each = ((name, alone.get((name, id(value)), usual)) for name, value in point.parameters.items())
            kind: object = tuple((name, found) for name, found in each if found != usual)
        else:
            kind = structures.get(point.group, usual)
        length = length + 1 if kind == before else 1
        longest, before = max(longest, length), kind
    return longest
