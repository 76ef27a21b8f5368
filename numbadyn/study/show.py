"""The store of a study in words: its state, what decides over its results, and where they come from.

In: a folder.  Out: text.  Must not know: how points are run.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numbadyn.runtime.progress import in_words
from numbadyn.study.cells import decode
from numbadyn.study.grid import Grid, show
from numbadyn.study.store.lock import holder
from numbadyn.study.store.manifest import read_manifest
from numbadyn.study.store.store import Sessions, merge
from numbadyn.study.study import Study, grid_of
from numbadyn.units import is_quantity

__all__ = ["describe_store"]

_MANY = 10
_ENDINGS = {
    "complete": "all points done",
    "interrupted": "interrupted",
    "stopped": "stopped by an error",
}


def describe_store(path: str | os.PathLike[str], *, verbose: bool = False) -> str:
    """Say what is in a store.

    Parameters
    ----------
    path : path-like
        The folder.
    verbose : bool
        Show all parameters, and where each failed point went wrong.

    Returns
    -------
    str

    Raises
    ------
    StoreError
        It is no store.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    grid, sessions = grid_of(manifest), list(Sessions(folder))
    records = merge(line for lines in sessions for line in lines)
    study = Study(grid, records, folder, manifest=manifest)
    running = holder(folder)
    sections = [
        [f"Study {os.fspath(path)!r}", *(f"  {line}" for line in _state(study, running, sessions))],
        ["Points", *(f"  {line}" for line in _points(grid))],
        ["What decides over the results", *(f"  {line}" for line in _deciding(manifest["decides"]))],
        ["Sessions", *(f"  {line}" for line in _sessions(sessions, running))],
        ["Where it comes from", *(f"  {line}" for line in _origin(manifest["about"], verbose=verbose))],
    ]
    if study.failed:
        sections.insert(1, ["Failed", *(f"  {line}" for line in _failed(study, verbose=verbose))])
    return "\n\n".join("\n".join(section) for section in sections)


def _state(study: Study, running: str, sessions: list[list[dict[str, Any]]]) -> Iterator[str]:
    """How far it is."""
    last = str(sessions[-1][-1].get("state")) if sessions and sessions[-1] else "begun"
    if running:
        yield f"running: {running}"
    elif study.left:
        how = _ENDINGS.get(last, "killed") if last != "begun" else "killed"
        yield f"not complete, {how}; it goes on when the sweep is called again with this store"
    else:
        yield "complete" if not study.failed else "done, but for points that have failed"
    counts = f"{study.finished} of {len(study)} points finished, {len(study.failed)} failed, {study.left} left"
    yield counts
    if study.finished:
        mean = study.seconds / study.finished
        yield f"{mean:.3g} s a point, {in_words(study.seconds)} of work together"
        if study.left:
            yield f"about {in_words(mean * study.left)} of work are left, to be shared by the workers"


def _failed(study: Study, *, verbose: bool) -> Iterator[str]:
    failed = study.failed
    for point in failed if verbose else failed[:_MANY]:
        yield str(point).splitlines()[0]
        if verbose:
            yield from (f"    {line}" for line in point.traceback.splitlines())
    if len(failed) > _MANY and not verbose:
        yield f"and {len(failed) - _MANY} more (--verbose shows all)"


def _points(grid: Grid) -> Iterator[str]:
    for axis in grid.axes:
        shown = [show(value) for value in axis.values]
        yield f"{axis.name}: {', '.join(shown if len(shown) <= _MANY else [*shown[:3], '...', shown[-1]])}" + (
            f" ({len(shown)} values)" if len(shown) > _MANY else ""
        )
    seeds = list(map(str, grid.seeds))
    yield f"seeds: {', '.join(seeds if len(seeds) <= _MANY else [*seeds[:3], '...', seeds[-1]])}"
    combined = "all combinations" if grid.mode == "product" else "point by point"
    yield f"{combined}, {len(grid.points)} points with their seeds"


def _deciding(decides: Mapping[str, Any]) -> Iterator[str]:
    for name in ("dt", "transient", "duration"):
        if decides.get(name) is not None:
            yield f"{name}: {_words(decides[name])}"
    yield f"record: {', '.join(decides['record']) or 'a function'}"
    yield from (f"{name}: {_words(value)}" for name, value in decides["options"].items())
    yield f"bits: {decides['bits']}"
    yield f"numbadyn: {decides['numbadyn']}"
    yield "functions: " + ", ".join(f"{name} {text}" for name, text in decides["functions"].items() if "." not in name)


def _sessions(sessions: list[list[dict[str, Any]]], running: str) -> Iterator[str]:
    for number, lines in enumerate(sessions, 1):
        if not lines:
            continue
        first, last = lines[0], lines[-1]
        states = Counter(line["state"] for line in lines if "parameters" in line)
        begun = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(first.get("time", 0)))
        ended = last["state"] if "parameters" not in last else "begun"
        how = _ENDINGS.get(ended, ended)
        if ended == "begun":
            how = "running" if running and number == len(sessions) else "killed"
        after = f" after {in_words(last['time'] - first['time'])}" if ended != "begun" else ""
        failed = f", {states['failed']} failed" if states["failed"] else ""
        crew = f"{first.get('executor')}, {first.get('workers') or '?'} at once"
        yield f"{begun} on {first.get('host', '?')} ({crew}): {states['finished']} finished{failed}; {how}{after}"


def _origin(about: Mapping[str, Any], *, verbose: bool) -> Iterator[str]:
    yield f"begun: {about['created']}"
    yield f"network: {about['build']}, measured by {about['measure']}"
    yield f"target: {about['target']}"
    yield "versions: " + ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    machine = about["machine"]
    yield "machine: " + ", ".join(f"{name} {_listed(value)}" for name, value in machine.items() if name != "simd")
    first = about.get("first point", {})
    parameters = first.get("parameters", {})
    if first:
        yield f"structure: {first['network']['structure'][:16]}"
        yield "parameters of the first point:"
    for number, (name, value) in enumerate(parameters.items()):
        if number == 2 * _MANY and not verbose:
            yield f"  and {len(parameters) - number} more (--verbose shows all)"
            break
        yield f"  {name} = {_described(value)}"


def _listed(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _described(value: Any) -> str:
    """A parameter as its provenance has it."""
    if isinstance(value, Mapping) and set(value) <= {"value", "unit"}:
        unit = "" if isinstance(value["value"], str) else value.get("unit", "")  # a distribution has its own
        return f"{value['value']} {unit}".strip()
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_described(part)}" for name, part in value.items())
    return str(value)


def _words(cell: Any) -> str:
    value = decode(cell)
    return show(value) if is_quantity(value) else str(value)
