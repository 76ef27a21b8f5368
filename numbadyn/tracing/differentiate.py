"""Symbolic derivative of a traced expression: finds the linear coefficient for exponential Euler.

In: a trace, the node of an expression and the node of the variable.  Out: the node of the derivative, or None where it
is identically zero.  Must not know: integrators, models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numbadyn.errors import UnsupportedFunctionError
from numbadyn.tracing.trace import Trace

__all__ = ["derivative"]


@dataclass(frozen=True, slots=True)
class _Slope:
    """A derivative that is not zero: a sign, and a factor (None for one), so that no multiplication by one is made."""

    sign: int
    factor: int | None


Slopes = tuple["_Slope | None", ...]
Rule = Callable[[Trace, tuple[int, ...], int, Slopes], "_Slope | None"]


def _factor(t: Trace, d: _Slope) -> int:
    return t.literal(1.0) if d.factor is None else d.factor


def _value(t: Trace, d: _Slope) -> int:
    return _factor(t, d) if d.sign > 0 else t.emit("neg", _factor(t, d))


def _add(t: Trace, a: _Slope | None, b: _Slope | None) -> _Slope | None:
    if a is None or b is None:
        return b if a is None else a
    if a.sign == b.sign:
        return _Slope(a.sign, t.emit("add", _factor(t, a), _factor(t, b)))
    positive, negative = (a, b) if a.sign > 0 else (b, a)
    return _Slope(1, t.emit("sub", _factor(t, positive), _factor(t, negative)))


def _negated(d: _Slope | None) -> _Slope | None:
    return None if d is None else _Slope(-d.sign, d.factor)


def _scaled(t: Trace, by: int, d: _Slope | None) -> _Slope | None:
    if d is None:
        return None
    return _Slope(d.sign, by if d.factor is None else t.emit("mul", by, d.factor))


def _divided(t: Trace, d: _Slope | None, by: int) -> _Slope | None:
    return None if d is None else _Slope(d.sign, t.emit("div", _factor(t, d), by))


def _mul_rule(t: Trace, args: tuple[int, ...], _y: int, ds: Slopes) -> _Slope | None:
    return _add(t, _scaled(t, args[1], ds[0]), _scaled(t, args[0], ds[1]))


def _div_rule(t: Trace, args: tuple[int, ...], y: int, ds: Slopes) -> _Slope | None:
    return _add(t, _divided(t, ds[0], args[1]), _negated(_divided(t, _scaled(t, y, ds[1]), args[1])))


def _chain(slope: Callable[[Trace, int, int], int]) -> Rule:
    def rule(t: Trace, args: tuple[int, ...], y: int, ds: Slopes) -> _Slope | None:
        return None if ds[0] is None else _scaled(t, slope(t, args[0], y), ds[0])

    return rule


def _reciprocal(denominator: Callable[[Trace, int, int], int]) -> Rule:
    def rule(t: Trace, args: tuple[int, ...], y: int, ds: Slopes) -> _Slope | None:
        return None if ds[0] is None else _divided(t, ds[0], denominator(t, args[0], y))

    return rule


def _exprel_slope(t: Trace, x: int, y: int) -> int:
    # d/dx (e^x - 1)/x = (e^x - y)/x, and 1/2 at zero
    zero = t.emit("equal", x, t.literal(0.0))
    safe = t.emit("select", zero, t.literal(1.0), x)
    return t.emit("select", zero, t.literal(0.5), t.emit("div", t.emit("sub", t.emit("exp", x), y), safe))


def _power_rule(t: Trace, args: tuple[int, ...], y: int, ds: Slopes) -> _Slope | None:
    base, exponent = args
    first = None
    if ds[0] is not None:
        lower = t.emit("power", base, t.emit("sub", exponent, t.literal(1.0)))
        first = _scaled(t, t.emit("mul", exponent, lower), ds[0])
    second = None if ds[1] is None else _scaled(t, t.emit("mul", y, t.emit("log", base)), ds[1])
    return _add(t, first, second)


def _erf_slope(t: Trace, x: int, _y: int) -> int:
    return t.emit("mul", t.literal(1.1283791670955126), t.emit("exp", t.emit("neg", t.emit("mul", x, x))))


def _logaddexp_rule(t: Trace, args: tuple[int, ...], _y: int, ds: Slopes) -> _Slope | None:
    share = t.emit("expit", t.emit("sub", *args))
    return _add(t, _scaled(t, share, ds[0]), _scaled(t, t.emit("sub", t.literal(1.0), share), ds[1]))


def _arctan2_rule(t: Trace, args: tuple[int, ...], _y: int, ds: Slopes) -> _Slope | None:
    y, x = args
    square = t.emit("add", t.emit("mul", x, x), t.emit("mul", y, y))
    return _divided(t, _add(t, _scaled(t, x, ds[0]), _negated(_scaled(t, y, ds[1]))), square)


def _hypot_rule(t: Trace, args: tuple[int, ...], y: int, ds: Slopes) -> _Slope | None:
    return _divided(t, _add(t, _scaled(t, args[0], ds[0]), _scaled(t, args[1], ds[1])), y)


def _select(t: Trace, condition: int, a: _Slope | None, b: _Slope | None) -> _Slope | None:
    if a is None and b is None:
        return None
    values = [None if d is None else _value(t, d) for d in (a, b)]
    known = next(value for value in values if value is not None)
    zero = t.constant(0.0, t.node(known).dimension)
    first, second = (zero if value is None else value for value in values)
    return _Slope(1, t.emit("select", condition, first, second))


def _either(choose: str) -> Rule:
    def rule(t: Trace, args: tuple[int, ...], _y: int, ds: Slopes) -> _Slope | None:
        return _select(t, t.emit(choose, args[0], args[1]), ds[0], ds[1])

    return rule


def _abs_slope(t: Trace, x: int, _y: int) -> int:
    negative = t.emit("less", x, t.constant(0.0, t.node(x).dimension))
    return t.emit("select", negative, t.literal(-1.0), t.literal(1.0))


_RULES: dict[str, Rule] = {
    "add": lambda t, args, y, ds: _add(t, ds[0], ds[1]),
    "sub": lambda t, args, y, ds: _add(t, ds[0], _negated(ds[1])),
    "mul": _mul_rule,
    "div": _div_rule,
    "neg": lambda t, args, y, ds: _negated(ds[0]),
    "abs": _chain(_abs_slope),
    "sqrt": _reciprocal(lambda t, x, y: t.emit("mul", t.literal(2.0), y)),
    "exp": _chain(lambda t, x, y: y),
    "expm1": _chain(lambda t, x, y: t.emit("add", y, t.literal(1.0))),
    "exprel": _chain(_exprel_slope),
    "propagator": _chain(_exprel_slope),
    "log": _reciprocal(lambda t, x, y: x),
    "log1p": _reciprocal(lambda t, x, y: t.emit("add", x, t.literal(1.0))),
    "log10": _reciprocal(lambda t, x, y: t.emit("mul", x, t.literal(2.302585092994046))),
    "tanh": _chain(lambda t, x, y: t.emit("sub", t.literal(1.0), t.emit("mul", y, y))),
    "sinh": _chain(lambda t, x, y: t.emit("cosh", x)),
    "cosh": _chain(lambda t, x, y: t.emit("sinh", x)),
    "sin": _chain(lambda t, x, y: t.emit("cos", x)),
    "cos": _chain(lambda t, x, y: t.emit("neg", t.emit("sin", x))),
    "tan": _chain(lambda t, x, y: t.emit("add", t.literal(1.0), t.emit("mul", y, y))),
    "log2": _reciprocal(lambda t, x, y: t.emit("mul", x, t.literal(0.6931471805599453))),
    "arctan": _reciprocal(lambda t, x, y: t.emit("add", t.literal(1.0), t.emit("mul", x, x))),
    "erf": _chain(_erf_slope),
    "expit": _chain(lambda t, x, y: t.emit("mul", y, t.emit("sub", t.literal(1.0), y))),
    "cbrt": _reciprocal(lambda t, x, y: t.emit("mul", t.literal(3.0), t.emit("mul", y, y))),
    "power": _power_rule,
    "logaddexp": _logaddexp_rule,
    "arctan2": _arctan2_rule,
    "hypot": _hypot_rule,
    "minimum": _either("less"),
    "maximum": _either("greater"),
    "select": lambda t, args, y, ds: _select(t, args[0], ds[1], ds[2]),
    "identity": lambda t, args, y, ds: ds[0],
    "to_real": lambda t, args, y, ds: ds[0],
    "mod": lambda t, args, y, ds: ds[0],
    "fmod": lambda t, args, y, ds: ds[0],
    "time_snapped": lambda t, args, y, ds: ds[0],
}
#: Piecewise constant: their derivative is zero wherever it exists.
_FLAT = frozenset(
    [
        "sign", "floor", "ceil", "rint", "int_mod", "int_floordiv", "floordiv", "less", "less_equal", "greater",
        "greater_equal", "equal", "not_equal", "and", "or", "xor", "not", "to_int", "to_bool", "time_less",
        "time_less_equal", "time_equal", "step_from", "step_after", "steps_before", "steps_up_to", "step_at",
    ]
)  # fmt: skip


def derivative(trace: Trace, expression: int, variable: int) -> int | None:
    """Derivative of a traced expression with respect to one of the values it was made from.

    Parameters
    ----------
    trace : Trace
        The active trace; the nodes of the derivative are appended to it.
    expression, variable : int
        Node numbers.

    Returns
    -------
    int or None
        Node of the derivative; None if the expression does not depend on the variable.

    Raises
    ------
    UnsupportedFunctionError
        If an operation on the way has no derivative (a slice, a synaptic sum).
    """
    found: dict[int, _Slope | None] = {variable: _Slope(1, None)}
    for index in range(variable + 1, expression + 1):
        node = trace.node(index)
        ds = tuple(found.get(arg) for arg in node.args)
        if all(d is None for d in ds) or node.op in _FLAT or (node.traits.gathers and ds[0] is None):
            continue
        rule = _RULES.get(node.op)
        if rule is None:
            raise UnsupportedFunctionError(
                f"{node.op} cannot be differentiated, "
                "and exponential Euler needs the derivative of the right-hand side.",
                where=str(node.position),
                cure="Compute that value before the step function, or use euler_step, rk2_step or rk4_step.",
            )
        found[index] = rule(trace, node.args, index, ds)
    slope = found.get(expression)
    return None if slope is None else _value(trace, slope)
