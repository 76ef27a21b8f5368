"""Rows of a table that follow the time: which row, and how far behind its start.

In: a time, traced or not, and the time between rows.  Out: whole numbers of rows and parts of a row.  Times that are a
whole number of steps, and constant times before or after them, are counted in whole steps, so that no rounding puts a
row a step off.  Must not know: what the rows hold.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.ir.ops import OPS
from numbadyn.model.delays.times.rule import tolerance
from numbadyn.tracing.trace import Trace
from numbadyn.units import DIMENSIONLESS, TIME

__all__ = ["eager_rows", "steps_per_row", "trace_rows"]

_ULPS = 4 * 2.0**-52


def steps_per_row(dt: float, interval: float) -> tuple[int, int]:
    """The simplest p / q that is dt / interval but for roundings, so that step n begins in row ``n * p // q``.

    Examples
    --------
    >>> steps_per_row(0.1, 0.3), steps_per_row(0.025, 1.0), steps_per_row(0.1, 1000 / 30)
    ((1, 3), (1, 40), (3, 1000))
    """
    ratio = dt / interval
    small = min(ratio, 1.0 / ratio)
    for limit in (1000, 2**20):
        # the smaller side is kept small, so that no product of the two leaves 64 bits
        found = 1 / Fraction(1.0 / small).limit_denominator(limit)
        if abs(float(found) - small) <= _ULPS * small:
            break
    fraction = found if ratio <= 1.0 else 1 / found
    return fraction.numerator, fraction.denominator


def _missed(dt: float, interval: float, bits: int) -> float:
    """Part of a row by which a time may miss its start: a small part of a step."""
    return tolerance(bits) * min(dt / interval, 1.0)


def _ulps(bits: int) -> float:
    """Rounding of a time that has gone through some operations."""
    return 2.0**-49 if bits == 64 else 2.0**-21


def eager_rows(
    times: NDArray[np.float64], interval: float, dt: float | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of times in ms, and the parts of a row behind their starts.

    Examples
    --------
    >>> [part.tolist() for part in eager_rows(np.array([0.3, 0.75, 3 * 0.1]), 0.3)]
    [[1, 2, 1], [0.0, 0.5, 0.0]]
    """
    position = times / interval
    near = np.rint(position)
    slack = np.maximum(0.0 if dt is None else _missed(dt, interval, 64), np.abs(position) * _ulps(64))
    close = np.abs(position - near) <= slack
    row = np.where(close, near, np.floor(position))
    return row.astype(np.int64), np.where(close, 0.0, position - row)


def _after_step(trace: Trace, node: int) -> list[tuple[str, int]] | None:
    """Constant times that are added to the start of the step and taken from it; None for another time."""
    made = trace.node(node)
    if made.traits.tells_time:
        return []
    if made.traits.passes:
        return _after_step(trace, made.args[0])
    if made.op in ("add", "sub"):
        first, second = made.args
        if OPS[made.op].commutes and trace.is_constant(first):
            first, second = second, first
        if trace.is_constant(second):
            before = _after_step(trace, first)
            return None if before is None else [*before, (made.op, second)]
    return None


def trace_rows(
    trace: Trace, time: int, interval: Callable[[BindContext], float], name: str
) -> tuple[int, Callable[[], int]]:
    """Row of a time, and a function that makes the node of the part behind its start.

    Parameters
    ----------
    trace : Trace
        Active.
    time : int
        Node of times since the start of the table.
    interval : callable
        ``interval(context)`` gives the time between rows, in ms.
    name : str
        Of the table.
    """

    def bound(what: str, kind: Any, dimension: Any, fetch: Callable[[BindContext], Any]) -> int:
        spec = ParamSpec(f"{name}.{what}", (), kind, dimension, lambda context: np.asarray(fetch(context)))
        return trace.param(spec, spec)

    constants = _after_step(trace, time)
    if constants is None:
        length = bound("dt", "real", TIME, interval)
        return _snap(trace, trace.emit("div", time, length), None, interval, bound)
    p = bound("p", "int", DIMENSIONLESS, lambda context: steps_per_row(context.dt, interval(context))[0])
    q = bound("q", "int", DIMENSIONLESS, lambda context: steps_per_row(context.dt, interval(context))[1])
    n = trace.step_number()
    whole = trace.emit("mul", trace.emit("int_floordiv", n, q), p)
    rest = trace.emit("mul", trace.emit("int_mod", n, q), p)
    if not constants:
        row = trace.emit("add", whole, trace.emit("int_floordiv", rest, q))
        return row, lambda: trace.emit("div", trace.emit("int_mod", rest, q), q)
    length = bound("dt", "real", TIME, interval)
    position = trace.emit("div", rest, q)
    for op, constant in constants:
        position = trace.emit(op, position, trace.emit("div", constant, length))
    return _snap(trace, position, whole, interval, bound)


def _snap(
    trace: Trace, position: int, whole: int | None, interval: Callable[[BindContext], float], bound: Callable[..., int]
) -> tuple[int, Callable[[], int]]:
    """Row of a real position, to which it is close or in which it lies, after some whole rows."""
    least = bound("missed", "real", DIMENSIONLESS, lambda context: _missed(context.dt, interval(context), context.bits))
    ulps = bound("ulps", "real", DIMENSIONLESS, lambda context: _ulps(context.bits))
    slack = trace.emit("maximum", least, trace.emit("mul", trace.emit("abs", position), ulps))
    near = trace.emit("rint", position)
    close = trace.emit("less_equal", trace.emit("abs", trace.emit("sub", position, near)), slack)
    floor = trace.emit("floor", position)
    row = trace.cast(trace.emit("select", close, near, floor), "int")

    def part() -> int:
        return trace.emit("select", close, trace.literal(0.0), trace.emit("sub", position, floor))

    return row if whole is None else trace.emit("add", row, whole), part
