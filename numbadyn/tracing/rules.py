"""NumPy functions that can be traced: one row per function.

In: node numbers.  Out: the node of the result.  Must not know: the class of traced values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import DimensionError, UnsupportedFunctionError
from numbadyn.tracing import times
from numbadyn.tracing.trace import ANY, Trace
from numbadyn.units import DIMENSIONLESS

__all__ = ["FUNCTIONS", "UFUNCS"]

UfuncRule = Callable[..., int]
Lift = Callable[[Any], int]


def _plain(name: str) -> UfuncRule:
    return lambda trace, *args: trace.emit(name, *args)


def _compared(name: str) -> UfuncRule:
    return lambda trace, a, b: times.compare(trace, name, a, b)


def _integers(trace: Trace, *args: int) -> bool:
    return all(trace.node(arg).kind == "int" for arg in args)


def _floor_divide(trace: Trace, a: int, b: int) -> int:
    return trace.emit("int_floordiv", a, b) if _integers(trace, a, b) else times.floor_divide(trace, a, b)


def _mod(trace: Trace, a: int, b: int) -> int:
    return trace.emit("int_mod", a, b) if _integers(trace, a, b) else times.remainder(trace, a, b)


def _rounding(name: str) -> UfuncRule:
    return lambda trace, a: a if trace.node(a).kind == "int" else trace.emit(name, times.snapped(trace, a))


def _trunc(trace: Trace, a: int) -> int:
    a = times.snapped(trace, a)
    negative = trace.emit("less", a, trace.literal(0.0))
    return trace.emit("select", negative, trace.emit("ceil", a), trace.emit("floor", a))


def _bitwise(name: str) -> UfuncRule:
    return lambda trace, *args: trace.emit(name, *args)


def _static_number(trace: Trace, index: int) -> float | None:
    """The value of a literal single number, which may decide the structure (an exponent)."""
    node = trace.node(index)
    if node.op == "param" and node.attrs.get("literal") and node.shape == () and node.kind == "int":
        return float(np.asarray(trace.step.params[node.attrs["index"]].fetch(None)))
    return None


def _whole_power(trace: Trace, base: int, exponent: int) -> int:
    """X ** n by repeated multiplication, for small whole n."""
    result: int | None = None
    square = base
    while exponent:
        if exponent & 1:
            result = square if result is None else trace.emit("mul", result, square)
        exponent >>= 1
        if exponent:
            square = trace.emit("mul", square, square)
    assert result is not None
    return result


def _power(trace: Trace, base: int, exponent: int) -> int:
    number = _static_number(trace, exponent)
    if number is not None and 0 < abs(number) <= 16:
        whole = _whole_power(trace, base, int(abs(number)))
        return whole if number > 0 else trace.emit("div", trace.literal(1.0), whole)
    dimension = trace.node(base).dimension
    if dimension is not ANY and dimension != DIMENSIONLESS:
        literal = trace.node(exponent)
        value = (
            float(np.asarray(trace.step.params[literal.attrs["index"]].fetch(None)))
            if literal.attrs.get("literal") and literal.shape == ()
            else None
        )
        if value == 0.5:
            return trace.emit("sqrt", base)
        if value == 1.5:
            return trace.emit("mul", base, trace.emit("sqrt", base))
        raise DimensionError(
            f"A value in {dimension} is raised to a power that is not a whole number between -16 and 16.",
            where=str(trace.here),
            cure=f"Divide by a scale first, as in (x / (1 * {dimension})) ** p.",
        )
    return trace.emit("power", base, exponent)


def _square(trace: Trace, a: int) -> int:
    return trace.emit("mul", a, a)


def _isnan(trace: Trace, a: int) -> int:
    return trace.emit("not_equal", a, a)


def _isfinite(trace: Trace, a: int) -> int:
    difference = trace.emit("sub", a, a)  # inf - inf and nan - nan are nan
    return trace.emit("equal", difference, difference)


def _isinf(trace: Trace, a: int) -> int:
    return trace.emit("and", trace.emit("not", _isfinite(trace, a)), trace.emit("not", _isnan(trace, a)))


def _logical(name: str) -> UfuncRule:
    return lambda trace, *args: trace.emit(name, *(trace.cast(arg, "bool") for arg in args))


def _log2(trace: Trace, a: int) -> int:
    return trace.emit("div", trace.emit("log", a), trace.literal(float(np.log(2.0))))


def _exp2(trace: Trace, a: int) -> int:
    return trace.emit("exp", trace.emit("mul", a, trace.literal(float(np.log(2.0)))))


def _heaviside(trace: Trace, a: int, at_zero: int) -> int:
    zero = trace.constant(0.0, trace.node(a).dimension)
    above = trace.emit("select", times.compare(trace, "greater", a, zero), trace.literal(1.0), at_zero)
    return trace.emit("select", times.compare(trace, "less", a, zero), trace.literal(0.0), above)


UFUNCS: dict[str, UfuncRule] = {
    "add": _plain("add"),
    "subtract": _plain("sub"),
    "multiply": _plain("mul"),
    "divide": _plain("div"),
    "true_divide": _plain("div"),
    "floor_divide": _floor_divide,
    "remainder": _mod,
    "power": _power,
    "float_power": _power,
    "square": _square,
    "reciprocal": lambda trace, a: trace.emit("div", trace.literal(1.0), a),
    "negative": _plain("neg"),
    "positive": lambda trace, a: a,
    "absolute": _plain("abs"),
    "fabs": _plain("abs"),
    "sqrt": _plain("sqrt"),
    "sign": _plain("sign"),
    "floor": _rounding("floor"),
    "ceil": _rounding("ceil"),
    "rint": _rounding("rint"),
    "trunc": _trunc,
    "minimum": _plain("minimum"),
    "maximum": _plain("maximum"),
    "exp2": _exp2,
    "log2": _log2,
    "isnan": _isnan,
    "isfinite": _isfinite,
    "isinf": _isinf,
    "heaviside": _heaviside,
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_xor": _logical("xor"),
    "logical_not": _logical("not"),
    "bitwise_and": _bitwise("and"),
    "bitwise_or": _bitwise("or"),
    "bitwise_xor": _bitwise("xor"),
    "invert": _bitwise("not"),
    **{
        name: _plain(name)
        for name in ("exp", "expm1", "log", "log1p", "log10", "tanh", "sinh", "cosh", "sin", "cos", "tan")
    },
    **{name: _compared(name) for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")},
}


def _where(trace: Trace, lift: Lift, condition: Any, *choices: Any) -> int:
    if len(choices) != 2:
        raise UnsupportedFunctionError(
            "np.where with a condition only gives indices, which a trace does not have.",
            where=str(trace.here),
            cure="Write np.where(condition, a, b).",
        )
    return trace.emit("select", lift(condition), lift(choices[0]), lift(choices[1]))


def _clip(
    trace: Trace,
    lift: Lift,
    value: Any,
    a_min: Any = None,
    a_max: Any = None,
    *,
    min: Any = None,  # noqa: A002 -- NumPy's own names
    max: Any = None,  # noqa: A002
) -> int:
    low, high = a_min if a_min is not None else min, a_max if a_max is not None else max
    result = lift(value)
    if low is not None:
        result = trace.emit("maximum", result, lift(low))
    if high is not None:
        result = trace.emit("minimum", result, lift(high))
    return result


def _like(number: float) -> Callable[..., int]:
    def rule(trace: Trace, lift: Lift, prototype: Any, dtype: Any = None, **_kwargs: Any) -> int:
        node = trace.node(lift(prototype))
        if dtype is not None:
            kind = np.dtype(dtype).kind
            value: Any = bool(number) if kind == "b" else int(number) if kind in "iu" else number
            return trace.literal(np.full(node.shape, value))
        if node.kind != "real":
            return trace.literal(np.full(node.shape, number, dtype=bool if node.kind == "bool" else np.int64))
        filled = trace.constant(number, node.dimension)
        return trace.emit("select", trace.literal(np.ones(node.shape, dtype=bool)), filled, filled)

    return rule


def _round(trace: Trace, lift: Lift, value: Any, decimals: int = 0) -> int:
    if decimals:
        raise UnsupportedFunctionError(
            "np.round to decimals cannot be traced.", where=str(trace.here), cure="Scale, use np.rint, scale back."
        )
    return _rounding("rint")(trace, lift(value))


FUNCTIONS: dict[str, Callable[..., int]] = {
    "where": _where,
    "clip": _clip,
    "zeros_like": _like(0.0),
    "ones_like": _like(1.0),
    "round": _round,
    "real": lambda trace, lift, value: lift(value),
}
