"""`numpy.interp` with a traced position: a binary search in a constant array, then NumPy's own formula.

In: a traced position, constant arrays.  Out: a node; the bits are those of `numpy.interp` at 64 bits.  Must not know:
who owns the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError, ShapeError, UnsupportedFunctionError
from numbadyn.tracing.lookups import is_traced, literal_lookup, lookup_of, pick
from numbadyn.tracing.trace import Trace
from numbadyn.units import DIMENSIONLESS, Dimension, magnitude_in, split

__all__ = ["interp"]


def interp(
    trace: Trace,
    lift: Callable[[Any], int],
    x: Any,
    xp: Any,
    fp: Any,
    left: Any = None,
    right: Any = None,
    period: Any = None,
) -> int:
    """Piecewise linear interpolation at traced positions, as `numpy.interp`."""
    if is_traced(xp):
        raise UnsupportedFunctionError(
            "np.interp with positions xp that are traced.",
            where=str(trace.here),
            cure="Give a constant, ascending array.",
        )
    magnitude, dimension = split(xp, where=str(trace.here))
    places = np.asarray(magnitude, dtype=np.float64)
    position = trace.cast(lift(x), "real")
    if period is not None:
        if is_traced(fp) or hasattr(fp, "__lookup__"):
            raise UnsupportedFunctionError(
                "np.interp with period= of a table.", where=str(trace.here), cure="Give a constant array."
            )
        places, fp, position = _periodic(trace, places, dimension, fp, position, lift(period), period)
        left = right = None
    source, shape = lookup_of(trace, fp, "np.interp")
    _check(trace, places, shape)
    return _value(trace, position, literal_lookup(trace, places, dimension), source, places.size, left, right, lift)


def _check(trace: Trace, places: Any, shape: tuple[int, ...]) -> None:
    if places.ndim != 1 or shape != places.shape:
        raise ShapeError(
            f"np.interp has positions xp of shape {places.shape} and values fp of shape {shape}.",
            where=str(trace.here),
            cure="Give two arrays of one axis and of equal length; for rows of values use nd.TimedArray.",
            shape=shape,
        )
    if not np.isfinite(places).all() or (np.diff(places) < 0).any():
        bad = int(np.flatnonzero(~(np.diff(places) >= 0) | ~np.isfinite(places[1:]))[0]) if places.size > 1 else 0
        raise InvalidParameterError(
            f"The positions xp of np.interp do not ascend: {places[bad]:g} is followed by "
            f"{places[min(bad + 1, places.size - 1)]:g} (position {bad}).",
            where=str(trace.here),
            cure="Sort both arrays by xp: order = np.argsort(xp); np.interp(x, xp[order], fp[order]).",
            bad=bad,
        )


def _value(
    trace: Trace, x: int, ascending: int, source: int, count: int, left: Any, right: Any, lift: Callable[[Any], int]
) -> int:
    """NumPy's formula: ``slope * (x - x0) + y0``, and what is asked for outside."""
    shape = trace.node(x).shape
    length = trace.literal(count)
    found = trace.source("search", (ascending, x, length), shape, "int", DIMENSIONLESS)
    one, zero = trace.literal(1), trace.literal(0)
    newest = trace.literal(max(count - 2, 0))
    below = trace.emit("minimum", trace.emit("maximum", trace.emit("sub", found, one), zero), newest)
    above = trace.emit("minimum", trace.emit("add", below, one), trace.literal(count - 1))
    x0, x1 = pick(trace, ascending, below), pick(trace, ascending, above)
    y0, y1 = (trace.cast(pick(trace, source, index), "real") for index in (below, above))
    slope = trace.emit("div", trace.emit("sub", y1, y0), trace.emit("sub", x1, x0))
    inside = trace.emit("add", trace.emit("mul", slope, trace.emit("sub", x, x0)), y0)
    inside = trace.emit("select", trace.emit("equal", x, x0), y0, inside)
    ends = [pick(trace, ascending, trace.literal(k)) for k in (0, count - 1)]
    values = [trace.cast(pick(trace, source, trace.literal(k)), "real") for k in (0, count - 1)]
    at_end = trace.emit("select", trace.emit("equal", x, ends[1]), values[1], inside)
    outside = [
        value if given is None else trace.cast(lift(given), "real")
        for value, given in zip(values, (left, right), strict=True)
    ]
    later = trace.emit("select", trace.emit("greater", x, ends[1]), outside[1], at_end)
    return trace.emit("select", trace.emit("less", x, ends[0]), outside[0], later)


def _periodic(
    trace: Trace, places: Any, dimension: Dimension, fp: Any, x: int, period: int, given: Any
) -> tuple[Any, Any, int]:
    """Positions within a period, with one more on both sides, as NumPy arranges them."""
    length = abs(float(np.asarray(magnitude_in(given, dimension, what="period", where=str(trace.here)))))
    if not length > 0.0:
        raise InvalidParameterError(
            f"The period of np.interp is {length:g}.",
            where=str(trace.here),
            cure="Give one that is not zero.",
            length=length,
        )
    moved = trace.emit("mod", x, trace.emit("abs", period))
    order = np.argsort(places % length)
    ascending = (places % length)[order]
    values = fp[order]
    wrapped = np.concatenate((values[-1:], values, values[:1]))
    return np.concatenate((ascending[-1:] - length, ascending, ascending[:1] + length)), wrapped, moved
