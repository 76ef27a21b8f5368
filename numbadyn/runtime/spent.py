"""What the time of a run was spent on: the form in which machines say it.

In: clocks that were read around pieces of steps.  Out: `Spent`, and `shared_out`, which shares the time of a row among
what it works for.  Must not know: targets, units, how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from numbadyn.lowering.program import TIMED_EVERY
from numbadyn.lowering.stages.base import Work

__all__ = ["Spent", "is_timed", "shared_out"]


class Spent(NamedTuple):
    """Time that one kind of work took for one population or projection.

    Parameters
    ----------
    what : str
        Kind of work.
    name : str
        Path of the population or the projection; empty for the whole network.
    seconds : float
        Time, in all steps of the run.
    """

    what: str
    name: str
    seconds: float


def is_timed(step: int) -> bool:
    """Whether a step is one of those that are timed; compiled loops choose the same ones.

    Examples
    --------
    >>> sum(is_timed(step) for step in range(32_000))
    1001
    """
    return (step * 2654435761 >> 11) & (TIMED_EVERY - 1) == 0


def shared_out(ticks: Mapping[tuple[Work, ...], float], seconds: float) -> list[Spent]:
    """Time that was spent on each kind of work for each module, from the ticks of rows.

    Parameters
    ----------
    ticks : mapping
        What a row works for -> ticks of a clock.
    seconds : float
        Time that all of them took together.

    Returns
    -------
    list of Spent
        The longest first.

    Examples
    --------
    >>> both = (Work("neurons", "E", 80), Work("neurons", "I", 20))
    >>> for spent in shared_out({both: 50.0, (Work("drawing", "E"),): 50.0}, 1.0):
    ...     print(*spent)
    drawing E 0.5
    neurons E 0.4
    neurons I 0.1
    """
    total = sum(ticks.values())
    found: dict[tuple[str, str], float] = {}
    for works, spent in ticks.items():
        weights = _weights(works)
        for work, weight in zip(works, weights, strict=True):
            key = (work.what, work.name)
            found[key] = found.get(key, 0.0) + spent * weight
    scale = seconds / total if total else 0.0
    parts = [Spent(what, name, spent * scale) for (what, name), spent in found.items()]
    return sorted(parts, key=lambda spent: (-spent.seconds, spent.what, spent.name))


def _weights(works: Iterable[Work]) -> list[float]:
    weights = [float(work.weight) for work in works]
    total = sum(weights)
    return [weight / total if total else 1.0 / len(weights) for weight in weights]
