"""What all formats take from a result: spikes by neuron, coordinates of replicas, units by name, files that are whole.

In: recordings.  Out: plain arrays and texts.  Must not know: formats.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import OutputPathError
from numbadyn.io.atomic import replace_file
from numbadyn.io.stored.lazy import LazyArray, StackedReplicas
from numbadyn.units import Dimension, split

if TYPE_CHECKING:
    from numbadyn.io.recordings import Result, Samples, Spikes
    from numbadyn.io.reduce.base import Reduced

__all__ = [
    "array_of",
    "blocks_of",
    "coordinates",
    "reduced_parts",
    "replicas_of",
    "spacing",
    "spike_times",
    "trains_by_unit",
    "unit_name",
    "write_file",
]


def unit_name(dimension: Dimension) -> str:
    """Name of the unit that values of a dimension are in; empty where they have none.

    Examples
    --------
    >>> from numbadyn.units import VOLTAGE
    >>> unit_name(VOLTAGE), unit_name(VOLTAGE / VOLTAGE)
    ('mV', '')
    """
    return "" if dimension.is_dimensionless else dimension.name


def array_of(values: Any) -> NDArray[Any]:
    """Values as an array in memory; those that lie in a file are read."""
    return np.asarray(values)


def blocks_of(values: Any) -> Iterator[NDArray[Any]]:
    """Values in the order of memory, some at a time where they lie in a file."""
    if isinstance(values, StackedReplicas):
        for part in values.parts:
            yield from blocks_of(part)
    elif isinstance(values, LazyArray):
        yield from values.blocks()
    else:
        yield np.asarray(values)


def spike_times(spikes: Spikes) -> NDArray[np.float64]:
    """Times of spikes in ms: the end of their step."""
    times: NDArray[np.float64] = (array_of(spikes.steps) + 1) * spikes.dt
    return times


def reduced_parts(reduced: Reduced) -> tuple[NDArray[Any], str, dict[str, tuple[NDArray[Any], str]]]:
    """What was computed while a network ran: plain values, their unit, and the places of each axis with their unit."""
    data = reduced.data
    axes = {}
    for name, places in reduced.axes.items():
        magnitude, dimension = split(places)
        axes[name] = np.asarray(magnitude), unit_name(dimension)
    unit = reduced.unit or unit_name(reduced.dimension)
    return np.asarray(getattr(data, "magnitude", data)), unit, axes


def replicas_of(result: Result) -> list[int | None]:
    """Numbers of the replicas; None alone where there is no batch."""
    return [None] if result.batch is None else list(range(result.batch))


def coordinates(result: Result) -> dict[str, tuple[NDArray[Any], str]]:
    """What differs between the replicas of a batch: plain values, one a replica, and their unit."""
    found = {}
    for name, values in result.coords.items():
        plain = np.asarray(values)
        if plain.dtype.kind in "OUS":  # texts, where a value is no single number
            found[name] = plain.astype(str), ""
        else:
            magnitude, dimension = split(values)
            found[name] = np.asarray(magnitude), unit_name(dimension)
    return found


def trains_by_unit(spikes: Spikes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times of spikes in ms, those of one neuron after the other; and where each neuron's begin, with the end.

    In a batch all neurons of the first replica come first.
    """
    unit = array_of(spikes.indices).astype(np.int64)
    if spikes.replicas is not None:
        unit += array_of(spikes.replicas).astype(np.int64) * spikes.size
    order = np.argsort(unit, kind="stable")
    units = spikes.size * (spikes.batch or 1)
    bounds = np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=units))])
    return spike_times(spikes)[order], bounds.astype(np.int64)


def spacing(samples: Samples) -> int | None:
    """Steps between two samples; None where they are not equal, and one step for a single sample."""
    steps = array_of(samples.steps)
    if steps.size < 2:
        return 1
    distances = np.unique(np.diff(steps))
    return int(distances[0]) if distances.size == 1 else None


def write_file(path: str | os.PathLike[str], write: Callable[[BinaryIO], None]) -> Path:
    """Write a file beside its place and put it there when it is whole, so that nobody ever sees a part of one.

    Parameters
    ----------
    path : str or path
        Its place; a file that is there is replaced.
    write : callable
        Writes to an open binary file.

    Returns
    -------
    pathlib.Path
        The place.

    Raises
    ------
    OutputPathError
        There is no such folder, or nothing can be written there.
    """
    if not isinstance(path, str | os.PathLike):
        raise OutputPathError(
            f"A file cannot be written to {path!r}, which is no path.",
            where="path",
            cure='Give a name, such as "run.npz", or a pathlib.Path.',
            path=path,
        )
    place = Path(path)
    try:
        if place.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        replace_file(place, write)
    except OSError as error:
        raise OutputPathError(
            f"{place} cannot be written: {error.strerror or error}.",
            where=str(place),
            cure="Name a file in a folder that exists, where you may write and there is room.",
            path=str(place),
        ) from error
    return place
