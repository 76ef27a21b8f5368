"""Snapshots: all that a network holds at some step, by the names of what holds it.

In: a machine at rest between two steps.  Out: what another machine, of another program or target, can go on from.  Must
not know: how a machine lays out its memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Snapshot", "names_of", "own_part", "stacked"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A network between two steps.

    Parameters
    ----------
    number : int
        The next step.
    states : dict
        Name of a state -> its values, of the shape ``(replicas, *shape)``; see `stacked`.
    past : dict
        Name of a channel -> its samples, newest first, of the shape ``(replicas, samples, *shape)``; spikes that are
        under way are among them. Channels whose past nobody reads are missing.
    first : dict
        Name of a state -> values that were set before the first step, of the shape ``(replicas, *shape)``.
    """

    number: int
    states: dict[str, NDArray[Any]] = field(default_factory=dict)
    past: dict[str, NDArray[Any]] = field(default_factory=dict)
    first: dict[str, NDArray[Any]] = field(default_factory=dict)


def stacked(of_each: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """What replicas hold, as one array of the shape ``(replicas, *shape)``.

    Parameters
    ----------
    of_each : sequence of ndarray
        Those of states of synapses may differ in length; the shorter ones are filled up with zeros.

    Examples
    --------
    >>> import numpy as np
    >>> stacked([np.array([1, 2]), np.array([3])])
    array([[1, 2],
           [3, 0]])
    """
    shapes = {values.shape for values in of_each}
    if len(shapes) == 1:
        return np.stack(of_each)
    longest = tuple(max(axis) for axis in zip(*shapes, strict=True))
    whole = np.zeros((len(of_each), *longest), of_each[0].dtype)
    for row, values in zip(whole, of_each, strict=True):
        row[tuple(map(slice, values.shape))] = values
    return whole


def own_part(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Values of a replica without what they were filled up with; see `stacked`."""
    return values[tuple(map(slice, shape))] if values.ndim == len(shape) else values


def names_of(named: Iterable[Any]) -> list[str]:
    """Names of states or channels, each one once: a second one of the same name gets a number.

    Parameters
    ----------
    named : iterable
        Objects with a `name`, in the order of the step.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> names_of([SimpleNamespace(name="E.V"), SimpleNamespace(name="E.V")])
    ['E.V', 'E.V (2)']
    """
    seen: dict[str, int] = {}
    names = []
    for each in named:
        count = seen[each.name] = seen.get(each.name, 0) + 1
        names.append(each.name if count == 1 else f"{each.name} ({count})")
    return names
