"""Recordings on disk, opened again: those of a run that has ended, and what a killed one has left.

In: a folder that a run has written.  Out: a result that reads from it.  Must not know: how runs are made.

Blocks that were being written when a process was killed are not there; all before them are.
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from numbadyn.errors import ResultFileError
from numbadyn.io.provenance import Provenance
from numbadyn.io.stored.folder import FORMAT, OpenedFolder, StoredRows, read_coordinates
from numbadyn.io.stored.lazy import ConstantRuns, Joined, LazyArray, Part, StackedReplicas, Ticks
from numbadyn.units import Dimension

__all__ = ["open_folder"]


def open_folder(path: str | os.PathLike[str], whole: Any, recording: Any, samples: Any, spikes: Any) -> Any:
    """Open a folder.

    Parameters
    ----------
    path : str or path
        Of the folder of one run, ``run-0000.zarr``.
    whole, recording, samples, spikes : type
        Classes of a result and of its parts.

    Raises
    ------
    ResultFileError
        It is no such folder.
    MissingExtraError
        Zarr is not installed.
    """
    folder = OpenedFolder(_checked(Path(path)))
    about = folder.about
    if about.get("numbadyn_recording") != FORMAT:
        raise _refuse(Path(path), "holds no recordings of a run, or those of a later version")
    dt, first, batch = float(about["dt_ms"]), int(about["first_step"]), about["batch"]
    found: dict[str, dict[str, Any]] = {}
    last = [int(about.get("last_step", first))]
    for each in about["samples"]:
        rows = [StoredRows(folder, array, _rows(array)) for array in folder.arrays(each["array"], batch)]
        count = min(len(own) for own in rows)
        values = [own if len(own) == count else Part(own, 0, count) for own in rows]
        steps = range(each["first_step"], each["first_step"] + count * each["every_steps"], each["every_steps"])
        made = samples(
            Ticks(steps),
            values[0] if batch is None else StackedReplicas(values),
            Dimension(*map(Fraction, each["exponents"])),
            dt,
            np.array(each["numbers"], np.int64),
        )
        found.setdefault(each["population"], {"samples": {}})["samples"][each["variable"]] = made
        last.append(steps[-1] + 1 if steps else first)
    there = [each for each in about["spikes"] if "last_step" not in about or _all_written(folder, each, batch)]
    events = {each["population"]: (each, _spikes(folder, each, batch)) for each in there}
    last += [int(steps[-1]) + 1 for _each, own in events.values() for steps, _indices in own if len(steps)]
    duration = (max(last) - first) * dt
    for name, (each, own) in events.items():
        found.setdefault(name, {"samples": {}})["events"] = _events(spikes, each, own, dt, duration, batch)
    parts = {name: (of, np.array(numbers, np.int64)) for name, (of, numbers) in about["parts"].items()}
    recordings = {name: recording(name, part=parts.get(name), **held) for name, held in found.items()}
    ended = about.get("ended", "killed")
    made = whole(recordings, first, max(last), dt, float("nan"), batch=batch, ended=ended)
    made.provenance = Provenance(json.loads(about.get("provenance", "{}")))
    made.coords = read_coordinates(about.get("coords", "{}"))
    return made


def _checked(place: Path) -> str:
    if not (place / "zarr.json").is_file():
        raise _refuse(place, "does not exist" if not place.exists() else "is no folder of a run")
    return str(place)


def _refuse(place: Path, why: str) -> ResultFileError:
    return ResultFileError(
        f"{place.name} {why}.",
        where=str(place),
        cure="Give the folder of one run, such as 'recordings/run-0000.zarr', that run(..., spill='recordings') made.",
        path=str(place),
    )


def _rows(array: Any) -> int:
    """How many rows of an array were written: all of those that a run noted, else those of whole blocks."""
    noted = array.attrs.get("rows")
    return int(noted) if noted is not None else min(array.shape[0], int(array.nchunks_initialized) * array.chunks[0])


def _all_written(folder: OpenedFolder, each: dict[str, Any], batch: int | None) -> bool:
    """Whether the spikes of a run that has ended are here, and not in its memory."""
    return all("rows" in steps.attrs for steps in folder.arrays(each["array"], batch, "/steps"))


def _spikes(folder: OpenedFolder, each: dict[str, Any], batch: int | None) -> list[tuple[LazyArray, LazyArray]]:
    """Steps and indices of each replica."""
    found: list[tuple[LazyArray, LazyArray]] = []
    for steps, indices in zip(
        folder.arrays(each["array"], batch, "/steps"), folder.arrays(each["array"], batch, "/indices"), strict=True
    ):
        count = int(steps.attrs.get("rows", 0))
        found.append((StoredRows(folder, steps, count), StoredRows(folder, indices, count)))
    return found


def _events(spikes: Any, each: dict[str, Any], own: list[Any], dt: float, duration: float, batch: int | None) -> Any:
    if batch is None:
        return spikes(*own[0], dt, each["size"], duration)
    steps, indices = (Joined(parts) for parts in zip(*own, strict=True))
    replicas = ConstantRuns([len(part) for part, _indices in own])
    return spikes(steps, indices, dt, each["size"], duration, replicas, batch)
