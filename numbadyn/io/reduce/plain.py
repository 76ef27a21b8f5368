"""Reducers as plain values: to be written down and made again.

In: a reducer.  Out: a dictionary of texts and numbers, and the way back.  Must not know: files.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from numbadyn.io.reduce.base import Reducer
from numbadyn.io.reduce.between import BetweenSteps
from numbadyn.io.reduce.correlation import CountCorrelation
from numbadyn.io.reduce.counts import Counts, PopulationRate, Rate
from numbadyn.io.reduce.intervals import IsiCV, IsiHistogram
from numbadyn.io.reduce.moments import Mean, Variance
from numbadyn.io.reduce.triggered import SpikeTriggeredAverage
from numbadyn.units import TIME, is_quantity, join, magnitude_in

__all__ = ["plain_of", "reducer_from"]

_KNOWN: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        BetweenSteps,
        CountCorrelation,
        Counts,
        IsiCV,
        IsiHistogram,
        Mean,
        PopulationRate,
        Rate,
        SpikeTriggeredAverage,
        Variance,
    )
}


def plain_of(reducer: Reducer) -> dict[str, Any] | None:
    """What a reducer is made of, times in ms; None for those of others, which nobody could make again.

    Examples
    --------
    >>> from quantities import s
    >>> plain_of(Counts(bin=0.005 * s))
    {'kind': 'Counts', 'bin_ms': 5.0, 'name': 'counts'}
    """
    name = type(reducer).__name__
    if _KNOWN.get(name) is not type(reducer):
        return None
    found: dict[str, Any] = {"kind": name}
    for field in fields(_KNOWN[name]):
        value = getattr(reducer, field.name)
        if is_quantity(value):
            found[f"{field.name}_ms"] = float(magnitude_in(value, TIME, what=field.name))
        else:
            found[field.name] = value
    return found


def reducer_from(plain: dict[str, Any]) -> Reducer:
    """Make the reducer again.

    Examples
    --------
    >>> reducer_from({"kind": "Counts", "bin_ms": 5.0, "name": "counts"})
    Counts(bin=array(5.) * ms, name='counts')
    """
    given = {
        name.removesuffix("_ms"): join(value, TIME) if name.endswith("_ms") else value
        for name, value in plain.items()
        if name != "kind"
    }
    made: Reducer = _KNOWN[plain["kind"]](**given)
    return made
