"""The table of elementwise operations: arity, kinds, units, NumPy meaning, compiled spelling, derivative: a row each.

In: the table of elementary functions.  Out: `OPS`, read by the tracer (rules), the verifier, the interpreter (meaning),
the differentiator and the source writer (spelling).  Must not know: how values are traced, where they are stored,
Numba, `quantities`.

Kinds are those of `numbadyn.ir.kinds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from numbadyn.ir.derivatives import (
    Rule,
    Writer,
    chain,
    d_add,
    d_div,
    d_maximum,
    d_minimum,
    d_mul,
    d_neg,
    d_select,
    d_sub,
    first,
    flat,
    reciprocal,
    second,
)
from numbadyn.ir.elementary.registry import ELEMENTARY, Elementary, KindRule, UnitRule

__all__ = ["OPS", "Cost", "Op"]

Cost = Literal["cheap", "slow", "heavy"]

#: More steps than any run has, and a number that is exact in float64.
_MANY_STEPS = 2**62


@dataclass(frozen=True, slots=True)
class Op:
    """One elementwise operation.

    Parameters
    ----------
    name : str
        Name in the IR.
    arity : int
        Number of arguments.
    kinds : str
        How the kind of the result follows from the arguments. ``promote``: the widest argument kind (at least int);
        ``real``: arguments are made real; ``keep``: that of the argument; ``bool``, ``int``: that kind; ``select``: as
        the last two; ``steps``: an int from run constants, computed in float64 at any precision.
    units : str
        How the unit of the result follows. ``same``: all arguments alike; ``compare``: alike, result has none;
        ``none``: arguments must have none; ``logic``: Booleans; ``select``: the last two alike.
    meaning : callable
        The NumPy meaning, on arrays of one dtype; None where it is an elementary function of `numbadyn.ir.elementary`.
    text : str
        The compiled spelling, with ``{0}``, ``{1}`` ... for the arguments; empty where all arguments are run constants,
        and where the lowering leaves none of them.
    derivative : Rule
        Writes the derivative.
    cost : str
        ``cheap``; ``slow``: a loop of several is better cut there; ``heavy``: a loop of its own where there are many.
    elementary : str
        Name of the elementary function that it stands for; empty if it stands for none.
    short : str
        A cheaper form of that function near zero, for kernels whose arguments are usually there; empty if it has none.
    commutes : bool
        Whether the order of the arguments makes no difference.
    """

    name: str
    arity: int
    kinds: KindRule
    units: UnitRule
    meaning: Callable[..., Any] | None
    text: str
    derivative: Rule
    cost: Cost = "cheap"
    elementary: str = ""
    short: str = ""
    commutes: bool = False

    @property
    def passes(self) -> bool:
        """Whether the result is the argument, at most as another kind of number."""
        return self.units == "keep" and self.kinds in ("keep", "real")


def _minimum(a: Any, b: Any) -> Any:
    return np.where((a < b) | (a != a), a, b)


def _maximum(a: Any, b: Any) -> Any:
    return np.where((a > b) | (a != a), a, b)


def _sign(a: Any) -> Any:
    one, zero = a.dtype.type(1), a.dtype.type(0)
    return np.where(a > zero, one, np.where(a < zero, -one, np.where(a == zero, zero, a)))


def _to_int(a: Any) -> Any:
    if a.dtype.kind != "f":
        return a.astype(np.int64)
    inside = (a >= -(2.0**63)) & (a < 2.0**63)  # elsewhere, NumPy gives what the processor gives
    return np.where(inside, np.where(inside, a, 0).astype(np.int64), np.iinfo(np.int64).min)


def _steps(compare: Callable[[Any, Any], Any], undefined: int) -> Callable[[Any, Any], Any]:
    """Number of the first step whose time, compared with a bound, is true; `undefined` for NaN."""

    def count(bound: Any, dt: Any) -> Any:
        steps = bound / dt
        whole = np.rint(steps)
        near = np.abs(steps - whole) <= np.clip(2e-7 * np.abs(steps), 1e-6, 1e-3)
        first = np.where(near, compare(whole, near), compare(steps, near))
        first = np.where(np.isnan(first), float(undefined), np.clip(first, -_MANY_STEPS, _MANY_STEPS))
        return first.astype(np.int64)

    return count


def _from(steps: Any, _near: Any) -> Any:
    return np.ceil(steps)


def _after(steps: Any, _near: Any) -> Any:
    return np.floor(steps) + 1.0


def _at(steps: Any, near: Any) -> Any:
    return np.where(near, steps, -1.0)


def _abs_slope(t: Writer, x: int, _y: int) -> int:
    return t.emit("select", t.emit("less", x, t.zero_like(x)), t.literal(-1.0), t.literal(1.0))


def _applied(function: Elementary) -> Op:
    """The operation that applies an elementary function."""
    assert function.derivative is not None
    name, places = function.name, ", ".join(f"{{{k}}}" for k in range(function.arity))
    cost: Cost = "cheap" if function.cheap else "heavy"
    return Op(
        name, function.arity, function.kinds, function.units, None, f"{name}({places})", function.derivative, cost, name
    )


_ROWS = (
    # arithmetic
    Op("add", 2, "promote", "same", np.add, "{0} + {1}", d_add, commutes=True),
    Op("sub", 2, "promote", "same", np.subtract, "{0} - {1}", d_sub),
    Op("mul", 2, "promote", "multiply", np.multiply, "{0} * {1}", d_mul, commutes=True),
    Op("div", 2, "real", "divide", np.divide, "{0} / {1}", d_div, "slow"),
    Op("neg", 1, "promote", "keep", np.negative, "-{0}", d_neg),
    Op("abs", 1, "promote", "keep", np.abs, "abs({0})", chain(_abs_slope)),
    Op(
        "sqrt", 1, "real", "sqrt", np.sqrt, "square_root({0})",
        reciprocal(lambda t, x, y: t.emit("mul", t.literal(2.0), y)), "slow",
    ),
    Op("sign", 1, "real", "none", _sign, "sign({0})", flat),
    Op("floor", 1, "real", "none", np.floor, "floor({0})", flat),
    Op("ceil", 1, "real", "none", np.ceil, "-floor(-{0})", flat),
    Op("rint", 1, "real", "none", np.rint, "nearest_even({0})", flat),
    Op("int_mod", 2, "int", "none", np.mod, "{0} % {1}", flat),
    Op("int_floordiv", 2, "int", "none", np.floor_divide, "floor_quotient({0}, {1})", flat),
    Op("minimum", 2, "promote", "same", _minimum, "minimum({0}, {1})", d_minimum),
    Op("maximum", 2, "promote", "same", _maximum, "maximum({0}, {1})", d_maximum),
    # our own elementary functions
    *(_applied(function) for function in ELEMENTARY.values() if function.derivative is not None),
    # exprel where the argument is a step times a rate: usually near zero, where a kernel may use a shorter form
    replace(_applied(ELEMENTARY["exprel"]), name="propagator", short="exprel_short"),
    # comparisons
    Op("less", 2, "bool", "compare", np.less, "{0} < {1}", flat),
    Op("less_equal", 2, "bool", "compare", np.less_equal, "{0} <= {1}", flat),
    Op("greater", 2, "bool", "compare", np.greater, "{0} > {1}", flat),
    Op("greater_equal", 2, "bool", "compare", np.greater_equal, "{0} >= {1}", flat),
    Op("equal", 2, "bool", "compare", np.equal, "{0} == {1}", flat, commutes=True),
    Op("not_equal", 2, "bool", "compare", np.not_equal, "{0} != {1}", flat, commutes=True),
    # from a bound and dt, both run constants: number of the first step at or after it, and after it, for >= and > and,
    # where NaN is to be false too, for < and <=; of the step at it, or -1
    Op("step_from", 2, "steps", "compare", _steps(_from, _MANY_STEPS), "", flat),
    Op("step_after", 2, "steps", "compare", _steps(_after, _MANY_STEPS), "", flat),
    Op("steps_before", 2, "steps", "compare", _steps(_from, 0), "", flat),
    Op("steps_up_to", 2, "steps", "compare", _steps(_after, 0), "", flat),
    Op("step_at", 2, "steps", "compare", _steps(_at, -1), "", flat),
    # logic
    Op("and", 2, "bool", "logic", np.logical_and, "({0}) & ({1})", flat, commutes=True),
    Op("or", 2, "bool", "logic", np.logical_or, "({0}) | ({1})", flat, commutes=True),
    Op("xor", 2, "bool", "logic", np.logical_xor, "({0}) ^ ({1})", flat, commutes=True),
    Op("not", 1, "bool", "logic", np.logical_not, "not ({0})", flat),
    # choice and conversion
    Op("select", 3, "select", "select", np.where, "select({0}, {1}, {2})", d_select),
    # the same choice, where the first value is wanted seldom and takes long to compute
    Op("seldom", 3, "select", "select", np.where, "select({0}, {1}, {2})", d_select),
    Op("identity", 1, "keep", "keep", lambda a: a, "{0}", first),
    # for the lowering: a value that acts as it is, whatever becomes of it in the step; a value at the start of a step,
    # and its mean over it, which acts unless the equations of both sides are solved together
    Op("held", 1, "keep", "keep", lambda a: a, "{0}", first),
    Op("over_step", 2, "promote", "same", lambda _now, mean: mean, "", second),
    Op("to_real", 1, "real", "keep", lambda a: a, "real({0})", first),
    Op("to_int", 1, "int", "none", _to_int, "whole_number({0})", flat),
    Op("to_bool", 1, "bool", "none", lambda a: a != 0, "{0} != 0", flat),
)  # fmt: skip

OPS: dict[str, Op] = {row.name: row for row in _ROWS}
