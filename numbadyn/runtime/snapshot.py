"""Snapshots: all that a network holds at some step, by the names of what holds it.

In: a machine at rest between two steps.  Out: what another machine, of another program or target, can go on from.  Must
not know: how a machine lays out its memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

__all__ = ["Snapshot", "names_of"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A network between two steps.

    Parameters
    ----------
    number : int
        The next step.
    states : dict
        Name of a state -> its values, of the shape ``(replicas, *shape)``.
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
