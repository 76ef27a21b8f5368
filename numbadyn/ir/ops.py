"""The table of elementwise operations: arity, kinds, units, NumPy meaning and compiled spelling, a row each.

In: nothing.  Out: `OPS`, read by the tracer (rules), the verifier, the interpreter (meaning), the differentiator and
the source writer (spelling).  Must not know: how values are traced, where they are stored, Numba, `quantities`.

Kinds are those of `numbadyn.ir.kinds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["OPS", "Op"]

UnitRule = Literal["same", "multiply", "divide", "sqrt", "cbrt", "keep", "none", "compare", "select", "logic"]
KindRule = Literal["promote", "real", "keep", "bool", "int", "select", "steps"]

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
        The compiled spelling, with ``{0}``, ``{1}`` ... for the arguments; empty where all arguments are run constants.
    """

    name: str
    arity: int
    kinds: KindRule
    units: UnitRule
    meaning: Callable[..., Any] | None
    text: str

    @property
    def elementary(self) -> str:
        """Name of the function of our own that it stands for; empty if it stands for none."""
        if self.meaning is not None:
            return ""
        return "exprel" if self.name == "propagator" else self.name


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


_ROWS = (
    # arithmetic
    Op("add", 2, "promote", "same", np.add, "{0} + {1}"),
    Op("sub", 2, "promote", "same", np.subtract, "{0} - {1}"),
    Op("mul", 2, "promote", "multiply", np.multiply, "{0} * {1}"),
    Op("div", 2, "real", "divide", np.divide, "{0} / {1}"),
    Op("neg", 1, "promote", "keep", np.negative, "-{0}"),
    Op("abs", 1, "promote", "keep", np.abs, "abs({0})"),
    Op("sqrt", 1, "real", "sqrt", np.sqrt, "math.sqrt({0})"),
    Op("sign", 1, "real", "none", _sign, "sign({0})"),
    Op("floor", 1, "real", "none", np.floor, "np.floor({0})"),
    Op("ceil", 1, "real", "none", np.ceil, "np.ceil({0})"),
    Op("rint", 1, "real", "none", np.rint, "np.rint({0})"),
    Op("mod", 2, "real", "same", None, "mod({0}, {1})"),
    Op("fmod", 2, "real", "same", None, "fmod({0}, {1})"),
    Op("floordiv", 2, "real", "compare", None, "floordiv({0}, {1})"),
    Op("int_mod", 2, "int", "none", np.mod, "{0} % {1}"),
    Op("int_floordiv", 2, "int", "none", np.floor_divide, "{0} // {1}"),
    Op("minimum", 2, "promote", "same", _minimum, "minimum({0}, {1})"),
    Op("maximum", 2, "promote", "same", _maximum, "maximum({0}, {1})"),
    # our own elementary functions
    *(
        Op(name, 1, "real", "none", None, name + "({0})")
        for name in (
            "exp",
            "expm1",
            "exprel",
            "log",
            "log1p",
            "log10",
            "log2",
            "tanh",
            "sinh",
            "cosh",
            "sin",
            "cos",
            "tan",
            "arctan",
            "erf",
            "expit",
        )
    ),
    # exprel where the argument is a step times a rate: usually near zero, where a kernel may use a shorter form
    Op("propagator", 1, "real", "none", None, "exprel({0})"),
    Op("power", 2, "real", "none", None, "power({0}, {1})"),
    Op("logaddexp", 2, "real", "none", None, "logaddexp({0}, {1})"),
    Op("arctan2", 2, "real", "compare", None, "arctan2({0}, {1})"),
    Op("hypot", 2, "real", "same", None, "hypot({0}, {1})"),
    Op("cbrt", 1, "real", "cbrt", None, "cbrt({0})"),
    # comparisons
    Op("less", 2, "bool", "compare", np.less, "{0} < {1}"),
    Op("less_equal", 2, "bool", "compare", np.less_equal, "{0} <= {1}"),
    Op("greater", 2, "bool", "compare", np.greater, "{0} > {1}"),
    Op("greater_equal", 2, "bool", "compare", np.greater_equal, "{0} >= {1}"),
    Op("equal", 2, "bool", "compare", np.equal, "{0} == {1}"),
    Op("not_equal", 2, "bool", "compare", np.not_equal, "{0} != {1}"),
    # the same of times, up to a rounding: after the two sides, the number of the step and a side's change in a step
    *(
        Op(name, 4, "bool", "compare", None, name + "({0}, {1}, {2}, {3})")
        for name in ("time_less", "time_less_equal", "time_equal")
    ),
    Op("time_snapped", 3, "keep", "none", None, "time_snapped({0}, {1}, {2})"),
    # from a bound and dt, both run constants: number of the first step at or after it, and after it, for >= and > and,
    # where NaN is to be false too, for < and <=; of the step at it, or -1
    Op("step_from", 2, "steps", "compare", _steps(_from, _MANY_STEPS), ""),
    Op("step_after", 2, "steps", "compare", _steps(_after, _MANY_STEPS), ""),
    Op("steps_before", 2, "steps", "compare", _steps(_from, 0), ""),
    Op("steps_up_to", 2, "steps", "compare", _steps(_after, 0), ""),
    Op("step_at", 2, "steps", "compare", _steps(_at, -1), ""),
    # logic
    Op("and", 2, "bool", "logic", np.logical_and, "{0} & {1}"),
    Op("or", 2, "bool", "logic", np.logical_or, "{0} | {1}"),
    Op("xor", 2, "bool", "logic", np.logical_xor, "{0} ^ {1}"),
    Op("not", 1, "bool", "logic", np.logical_not, "not {0}"),
    # choice and conversion
    Op("select", 3, "select", "select", np.where, "select({0}, {1}, {2})"),
    Op("identity", 1, "keep", "keep", lambda a: a, "{0}"),
    Op("to_real", 1, "real", "keep", lambda a: a, "real({0})"),
    Op("to_int", 1, "int", "none", _to_int, "int64({0})"),
    Op("to_bool", 1, "bool", "none", lambda a: a != 0, "{0} != 0"),
)

OPS: dict[str, Op] = {row.name: row for row in _ROWS}
