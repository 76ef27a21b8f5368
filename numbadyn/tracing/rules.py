"""NumPy functions that can be traced: one row per function.

In: node numbers.  Out: the node of the result.  Must not know: the class of traced values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import DimensionError, KindError, UnsupportedFunctionError
from numbadyn.ir.analysis import literal_number
from numbadyn.ir.elementary.registry import ELEMENTARY
from numbadyn.ir.kinds import Kind
from numbadyn.tracing import times
from numbadyn.tracing.functions import ARRAY_FUNCTIONS
from numbadyn.tracing.kinds import check_choices
from numbadyn.tracing.reductions import REDUCTIONS, matmul
from numbadyn.tracing.trace import ANY, Trace
from numbadyn.units import DIMENSIONLESS

__all__ = ["FUNCTIONS", "UFUNCS"]

UfuncRule = Callable[..., int]
Lift = Callable[[Any], int]


def _plain(name: str) -> UfuncRule:
    return lambda trace, *args: trace.emit(name, *args)


def _compare(name: str) -> UfuncRule:
    return lambda trace, a, b: times.compare(trace, name, a, b)


def _kinds(trace: Trace, *args: int) -> set[Kind]:
    return {trace.node(arg).kind for arg in args}


def _whole(trace: Trace, *args: int) -> bool:
    """Whether NumPy divides them as whole numbers."""
    return "int" in _kinds(trace, *args) and "real" not in _kinds(trace, *args)


def _or_conditions(name: str, of_conditions: str) -> UfuncRule:
    """An operation that joins conditions where both sides are conditions."""
    return lambda trace, a, b: trace.emit(of_conditions if _kinds(trace, a, b) == {"bool"} else name, a, b)


def _floor_divide(trace: Trace, a: int, b: int) -> int:
    return trace.emit("int_floordiv", a, b) if _whole(trace, a, b) else times.floor_divide(trace, a, b)


def _mod(trace: Trace, a: int, b: int) -> int:
    return trace.emit("int_mod", a, b) if _whole(trace, a, b) else times.remainder(trace, a, b)


def _fmod(trace: Trace, a: int, b: int) -> int:
    if not _whole(trace, a, b):
        return times.remainder(trace, a, b, "fmod")
    floored, zero = trace.emit("int_mod", a, b), trace.literal(0)
    apart = trace.emit("xor", trace.emit("less", trace.cast(a, "int"), zero), trace.emit("less", floored, zero))
    moved = trace.emit("and", apart, trace.emit("not_equal", floored, zero))
    return trace.emit("select", moved, trace.emit("sub", floored, b), floored)


def _rounding(name: str) -> UfuncRule:
    return lambda trace, a: trace.emit(name, times.snap(trace, a)) if _kinds(trace, a) == {"real"} else a


def _absolute(trace: Trace, a: int) -> int:
    return a if _kinds(trace, a) == {"bool"} else trace.emit("abs", a)


def _sign(trace: Trace, a: int) -> int:
    if _kinds(trace, a) != {"int"}:
        return trace.emit("sign", a)
    zero = trace.literal(0)
    negative = trace.emit("select", trace.emit("less", a, zero), trace.literal(-1), zero)
    return trace.emit("select", trace.emit("greater", a, zero), trace.literal(1), negative)


def _trunc(trace: Trace, a: int) -> int:
    if _kinds(trace, a) != {"real"}:
        return a
    a = times.snap(trace, a)
    negative = trace.emit("less", a, trace.literal(0.0))
    return trace.emit("select", negative, trace.emit("ceil", a), trace.emit("floor", a))


def _bitwise(name: str) -> UfuncRule:
    return lambda trace, *args: trace.emit(name, *args)


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
    number = literal_number(trace.step, exponent)  # it may decide the structure
    if _kinds(trace, base, exponent) == {"int"}:
        return _whole_to_whole(trace, base, number)
    base = trace.cast(base, "real")
    if number is not None and 0 < abs(number) <= 16 and number == int(number):
        whole = _whole_power(trace, base, int(abs(number)))
        return whole if number > 0 else trace.emit("div", trace.literal(1.0), whole)
    dimension = trace.node(base).dimension
    if dimension is not ANY and dimension != DIMENSIONLESS:
        if number == 0.5:
            return trace.emit("sqrt", base)
        if number == 1.5:
            return trace.emit("mul", base, trace.emit("sqrt", base))
        raise DimensionError(
            f"A value in {dimension} is raised to a power that is not a whole number between -16 and 16.",
            where=str(trace.here),
            cure=f"Divide by a scale first, as in (x / (1 * {dimension})) ** p.",
            dimension=dimension,
        )
    return trace.emit("power", base, exponent)


def _whole_to_whole(trace: Trace, base: int, exponent: float | None) -> int:
    if exponent == 0:
        return trace.emit("select", trace.emit("equal", base, base), trace.literal(1), base)
    if exponent is None or not 0 < exponent <= 64:
        raise KindError(
            "A whole number is raised to "
            + ("a power that varies" if exponent is None else f"the power {exponent:g}")
            + ": for whole numbers that must be a number from 0 to 64 that stands in the model's code.",
            where=str(trace.here),
            cure="Make the base a real number: x.astype(float) ** k.",
            exponent=exponent,
        )
    return _whole_power(trace, base, int(exponent))


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


def _exp2(trace: Trace, a: int) -> int:
    return trace.emit("exp", trace.emit("mul", a, trace.literal(float(np.log(2.0)))))


def _heaviside(trace: Trace, a: int, at_zero: int) -> int:
    zero = trace.constant(0.0, trace.node(a).dimension)
    above = trace.emit("select", times.compare(trace, "greater", a, zero), trace.literal(1.0), at_zero)
    known = trace.emit("select", times.compare(trace, "less", a, zero), trace.literal(0.0), above)
    return trace.emit("select", _isnan(trace, a), trace.literal(np.nan), known)


UFUNCS: dict[str, UfuncRule] = {
    "matmul": matmul,
    "add": _or_conditions("add", "or"),
    "subtract": _plain("sub"),
    "multiply": _or_conditions("mul", "and"),
    "divide": _plain("div"),
    "true_divide": _plain("div"),
    "floor_divide": _floor_divide,
    "remainder": _mod,
    "fmod": _fmod,
    "power": _power,
    "float_power": lambda trace, a, b: _power(trace, trace.cast(a, "real"), b),
    "square": _square,
    "reciprocal": lambda trace, a: trace.emit("div", trace.literal(1.0), a),
    "negative": _plain("neg"),
    "positive": lambda trace, a: a,
    "absolute": _absolute,
    "fabs": lambda trace, a: trace.emit("abs", trace.cast(a, "real")),
    "sqrt": _plain("sqrt"),
    "sign": _sign,
    "floor": _rounding("floor"),
    "ceil": _rounding("ceil"),
    "rint": lambda trace, a: trace.emit("rint", a),
    "trunc": _trunc,
    "minimum": _or_conditions("minimum", "and"),
    "maximum": _or_conditions("maximum", "or"),
    "exp2": _exp2,
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
    **{row.ufunc.rpartition(".")[2]: _plain(name) for name, row in ELEMENTARY.items() if row.ufunc},
    **{name: _compare(name) for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")},
}


def _where(trace: Trace, lift: Lift, condition: Any, *choices: Any) -> int:
    if len(choices) != 2:
        raise UnsupportedFunctionError(
            "np.where with a condition only gives indices, which a trace does not have.",
            where=str(trace.here),
            cure="Write np.where(condition, a, b).",
        )
    check_choices("np.where", choices, str(trace.here))
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
    index = lift(value)
    return index if _kinds(trace, index) == {"int"} else UFUNCS["rint"](trace, index)


FUNCTIONS: dict[str, Callable[..., int]] = {
    "where": _where,
    "clip": _clip,
    "zeros_like": _like(0.0),
    "ones_like": _like(1.0),
    "round": _round,
    "real": lambda trace, lift, value: lift(value),
    **ARRAY_FUNCTIONS,
    **REDUCTIONS,
}
