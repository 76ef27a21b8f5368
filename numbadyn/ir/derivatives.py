"""Derivatives of operations: rules that write the slope of a result from the slopes of its arguments.

In: who writes nodes, the nodes of an operation's arguments and of its result, the slopes of the arguments.  Out: the
slope of the result.  Must not know: how nodes are made, who asks for derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "Rule",
    "Slope",
    "Slopes",
    "Writer",
    "chain",
    "d_add",
    "d_arctan2",
    "d_div",
    "d_hypot",
    "d_logaddexp",
    "d_maximum",
    "d_minimum",
    "d_mul",
    "d_neg",
    "d_power",
    "d_select",
    "d_sub",
    "first",
    "flat",
    "reciprocal",
    "second",
    "value_of",
]


class Writer(Protocol):
    """Who writes nodes: a trace."""

    def emit(self, name: str, *args: int) -> int:
        """Append an operation."""

    def literal(self, value: float) -> int:
        """A plain number."""

    def one(self) -> int:
        """The number one."""

    def zero_like(self, index: int) -> int:
        """Zero in the unit of a value."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A derivative that is not zero: a sign, and a factor (None for one), so that no multiplication by one is made."""

    sign: int
    factor: int | None


#: One for each argument; None is zero.
Slopes = tuple[Slope | None, ...]
#: From the arguments of an operation, its result and the arguments' slopes to the slope of the result.
Rule = Callable[[Writer, tuple[int, ...], int, Slopes], Slope | None]
#: From the argument of a function and its value to a node that says how steep it is there.
Steepness = Callable[[Writer, int, int], int]


# ---- arithmetic of slopes --------------------------------------------------------------------------------------------


def _factor(t: Writer, d: Slope) -> int:
    return t.one() if d.factor is None else d.factor


def value_of(t: Writer, d: Slope) -> int:
    """The node of a slope."""
    return _factor(t, d) if d.sign > 0 else t.emit("neg", _factor(t, d))


def _sum(t: Writer, a: Slope | None, b: Slope | None) -> Slope | None:
    if a is None or b is None:
        return b if a is None else a
    if a.sign == b.sign:
        return Slope(a.sign, t.emit("add", _factor(t, a), _factor(t, b)))
    positive, negative = (a, b) if a.sign > 0 else (b, a)
    return Slope(1, t.emit("sub", _factor(t, positive), _factor(t, negative)))


def _negated(d: Slope | None) -> Slope | None:
    return None if d is None else Slope(-d.sign, d.factor)


def _scaled(t: Writer, by: int, d: Slope | None) -> Slope | None:
    if d is None:
        return None
    return Slope(d.sign, by if d.factor is None else t.emit("mul", by, d.factor))


def _divided(t: Writer, d: Slope | None, by: int) -> Slope | None:
    return None if d is None else Slope(d.sign, t.emit("div", _factor(t, d), by))


def _chosen(t: Writer, condition: int, a: Slope | None, b: Slope | None) -> Slope | None:
    if a is None and b is None:
        return None
    values = [None if d is None else value_of(t, d) for d in (a, b)]
    known = next(value for value in values if value is not None)
    zero = t.zero_like(known)
    if_true, if_false = (zero if value is None else value for value in values)
    return Slope(1, t.emit("select", condition, if_true, if_false))


# ---- rules of one argument -------------------------------------------------------------------------------------------


def flat(_t: Writer, _args: tuple[int, ...], _y: int, _ds: Slopes) -> Slope | None:
    """Zero wherever it exists: piecewise constant."""
    return None


def first(_t: Writer, _args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """That of the first argument."""
    return ds[0]


def second(_t: Writer, _args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """That of the second argument."""
    return ds[1]


def chain(steepness: Steepness) -> Rule:
    """The slope of f(x) is that of x, times f'(x)."""

    def rule(t: Writer, args: tuple[int, ...], y: int, ds: Slopes) -> Slope | None:
        return None if ds[0] is None else _scaled(t, steepness(t, args[0], y), ds[0])

    return rule


def reciprocal(denominator: Steepness) -> Rule:
    """The slope of f(x) is that of x, divided by 1 / f'(x)."""

    def rule(t: Writer, args: tuple[int, ...], y: int, ds: Slopes) -> Slope | None:
        return None if ds[0] is None else _divided(t, ds[0], denominator(t, args[0], y))

    return rule


# ---- rules of several arguments --------------------------------------------------------------------------------------


def d_add(t: Writer, _args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of a sum."""
    return _sum(t, ds[0], ds[1])


def d_sub(t: Writer, _args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of a difference."""
    return _sum(t, ds[0], _negated(ds[1]))


def d_neg(_t: Writer, _args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of the opposite."""
    return _negated(ds[0])


def d_mul(t: Writer, args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of a product."""
    return _sum(t, _scaled(t, args[1], ds[0]), _scaled(t, args[0], ds[1]))


def d_div(t: Writer, args: tuple[int, ...], y: int, ds: Slopes) -> Slope | None:
    """Of a quotient."""
    return _sum(t, _divided(t, ds[0], args[1]), _negated(_divided(t, _scaled(t, y, ds[1]), args[1])))


def d_power(t: Writer, args: tuple[int, ...], y: int, ds: Slopes) -> Slope | None:
    """Of a power."""
    base, exponent = args
    of_base = None
    if ds[0] is not None:
        lower = t.emit("power", base, t.emit("sub", exponent, t.one()))
        of_base = _scaled(t, t.emit("mul", exponent, lower), ds[0])
    of_exponent = None if ds[1] is None else _scaled(t, t.emit("mul", y, t.emit("log", base)), ds[1])
    return _sum(t, of_base, of_exponent)


def d_logaddexp(t: Writer, args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of log(e^a + e^b)."""
    share = t.emit("expit", t.emit("sub", *args))
    return _sum(t, _scaled(t, share, ds[0]), _scaled(t, t.emit("sub", t.one(), share), ds[1]))


def d_arctan2(t: Writer, args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of the angle of a point."""
    y, x = args
    square = t.emit("add", t.emit("mul", x, x), t.emit("mul", y, y))
    return _divided(t, _sum(t, _scaled(t, x, ds[0]), _negated(_scaled(t, y, ds[1]))), square)


def d_hypot(t: Writer, args: tuple[int, ...], y: int, ds: Slopes) -> Slope | None:
    """Of the length of a vector."""
    return _divided(t, _sum(t, _scaled(t, args[0], ds[0]), _scaled(t, args[1], ds[1])), y)


def d_select(t: Writer, args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of a choice."""
    return _chosen(t, args[0], ds[1], ds[2])


def d_minimum(t: Writer, args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of the smaller value."""
    return _chosen(t, t.emit("less", args[0], args[1]), ds[0], ds[1])


def d_maximum(t: Writer, args: tuple[int, ...], _y: int, ds: Slopes) -> Slope | None:
    """Of the larger value."""
    return _chosen(t, t.emit("greater", args[0], args[1]), ds[0], ds[1])
