"""Comparisons, remainders and roundings of times, which are decided in whole steps.

In: node numbers of both sides.  Out: the node of the result.  Must not know: NumPy's names, the class of traced values.

Time is a whole number of steps, but in floating point n dt may miss a bound by a rounding.  Where the time of the step
is compared with a run constant, the step's number is compared with the number of steps in that constant, which is found
in float64 once per run.  Where other values made of times meet (a time that a state has kept, a remainder, a phase), a
difference within a small part of a step counts as none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from numbadyn.ir.analysis import literal_number
from numbadyn.ir.nodes import Node
from numbadyn.tracing.trace import ANY, Trace
from numbadyn.units import DIMENSIONLESS, TIME

__all__ = ["compare", "floor_divide", "remainder", "snap"]

_MIRRORED = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal"}
#: Comparison -> how the step's number is compared, and with which count of the bound.
_IN_STEPS = {
    "greater_equal": ("greater_equal", "step_from"),
    "greater": ("greater_equal", "step_after"),
    "less": ("less", "steps_before"),
    "less_equal": ("less", "steps_up_to"),
    "equal": ("equal", "step_at"),
    "not_equal": ("not_equal", "step_at"),
}


@dataclass(slots=True)
class _Known:
    """What is known so far: node -> how much it changes in a step."""

    scale: dict[int, int | None] = field(default_factory=dict)


class _Times:
    """What is known of the values of one trace that are made of times."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self._scale = trace, trace.notes(_Known).scale

    def constant(self, index: int) -> bool:
        """Whether a value is a run constant."""
        return self.trace.is_constant(index)

    def keep_scale(self, index: int, scale: int) -> int:
        """Say of a value how much it changes in a step."""
        self._scale[index] = scale
        return index

    def scale(self, index: int) -> int | None:
        """How much a value changes in a step, a run constant of its unit; None unless it is made of times."""
        if index not in self._scale:
            self._scale[index] = None if self.constant(index) else self._find_scale(index, self.trace.node(index))
        return self._scale[index]

    def _find_scale(self, index: int, node: Node) -> int | None:
        trace = self.trace
        if node.kind != "real" or node.dimension is ANY:
            return None
        if node.dimension == TIME:
            return trace.dt()
        rule = _SCALES.get(node.op)
        return None if rule is None else rule(self, node)

    def _of_argument(self, node: Node) -> int | None:
        return self.scale(node.args[0])

    def _of_sides(self, node: Node) -> int | None:
        sides = node.args[-2:]
        scales = [self.scale(arg) for arg in sides]
        known = [scale for scale in scales if scale is not None]
        if not known or not all(self.constant(arg) for arg, scale in zip(sides, scales, strict=True) if not scale):
            return None
        return known[0] if len(known) == 1 else self.trace.emit("maximum", *known)

    def _of_product(self, node: Node) -> int | None:
        first, second = node.args[::-1] if self.constant(node.args[0]) else node.args
        return self._stretched("mul", first, second)

    def _of_quotient(self, node: Node) -> int | None:
        return self._stretched("div", *node.args)

    def _stretched(self, op: str, first: int, second: int) -> int | None:
        scale = self.scale(first) if self.constant(second) else None
        return None if scale is None else self.trace.emit(op, scale, self.trace.emit("abs", second))


#: How a change in a step goes through the operations that keep it.
_SCALES: dict[str, Callable[[_Times, Node], int | None]] = {
    **dict.fromkeys(("neg", "abs", "identity"), _Times._of_argument),
    **dict.fromkeys(("add", "sub", "minimum", "maximum", "select"), _Times._of_sides),
    "mul": _Times._of_product,
    "div": _Times._of_quotient,
}


@dataclass(frozen=True, slots=True)
class _Line:
    """The time of the step as it stands in an expression: (sign t + offset) / unit, with run constants for both."""

    sign: int
    offset: int | None
    unit: int | None


def _line(times: _Times, index: int) -> _Line | None:
    trace, node = times.trace, times.trace.node(index)
    if node.op == "time":
        return _Line(1, None, None)
    if node.op in ("add", "sub"):
        a, b = node.args
        constant_last = times.constant(b)
        side, other = (a, b) if constant_last else (b, a)
        line = _line(times, side) if times.constant(other) else None
        if line is None:
            return None
        if line.unit is not None:
            other = trace.emit("mul", other, line.unit)
        if node.op == "sub" and constant_last:
            other = trace.emit("neg", other)
        turned = node.op == "sub" and not constant_last
        if line.offset is not None:
            other = trace.emit("sub" if turned else "add", other, line.offset)
        return _Line(-line.sign if turned else line.sign, other, line.unit)
    if node.op == "div" and (literal_number(trace.step, node.args[1]) or 0.0) > 0.0:
        line = _line(times, node.args[0])
        if line is not None and line.unit is None:
            return _Line(line.sign, line.offset, node.args[1])
    return None


def _by_number(trace: Trace, times: _Times, name: str, a: int, b: int) -> int | None:
    """The comparison by the step's number, if one side is the time of the step and the other a run constant."""
    if times.constant(a):
        name, a, b = _MIRRORED.get(name, name), b, a
    line = _line(times, a) if times.constant(b) else None
    if line is None:
        return None
    bound = b if line.unit is None else trace.emit("mul", b, line.unit)
    if line.offset is not None:
        bound = trace.emit("sub", bound, line.offset)
    if line.sign < 0:
        name, bound = _MIRRORED.get(name, name), trace.emit("neg", bound)
    how, count = _IN_STEPS[name]
    return trace.emit(how, trace.step_number(), trace.emit(count, trace.cast(bound, "real"), trace.dt()))


def compare(trace: Trace, name: str, a: int, b: int) -> int:
    """A comparison; one of times is decided in steps.

    Parameters
    ----------
    trace : Trace
        The active trace.
    name : str
        Operation of the table.
    a, b : int
        Both sides.

    Returns
    -------
    int
    """
    checked = trace.check_operation(name, a, b)
    if trace.node(checked.args[0]).kind != "real":
        return trace.append(name, checked)
    times = _Times(trace)
    scales = [scale for scale in (times.scale(a), times.scale(b)) if scale is not None]
    if not scales:
        return trace.append(name, checked)
    found = _by_number(trace, times, name, a, b)
    if found is not None:
        return found
    scale = scales[0] if len(set(scales)) == 1 else trace.emit("maximum", *scales)
    left, right = checked.args
    if name.startswith("greater"):
        name, left, right = _MIRRORED[name], right, left
    timed = "time_equal" if name.endswith("equal") and not name.startswith("less") else f"time_{name}"
    node = trace.append(timed, checked, args=(left, right, trace.step_number(), scale))
    return trace.emit("not", node) if name == "not_equal" else node


def snap(trace: Trace, value: int) -> int:
    """A number of times (t / period, t * rate): the nearest whole number where it is within a rounding of that."""
    node = trace.node(value)
    if node.kind != "real" or node.dimension != DIMENSIONLESS:
        return value
    scale = _Times(trace).scale(value)
    return value if scale is None else _snap(trace, value, scale)


def _snap(trace: Trace, value: int, scale: int) -> int:
    checked = trace.check_operation("floor", value)
    return trace.append("time_snapped", checked, args=(value, trace.step_number(), scale))


def _quotient(trace: Trace, a: int, b: int) -> int | None:
    """How often b goes into a, a whole number where that is within a rounding; None unless a is made of times."""
    times = _Times(trace)
    if trace.node(a).kind != "real" or times.scale(a) is None:
        return None
    scale = trace.emit("div", times.scale(a), trace.emit("abs", b))  # type: ignore[arg-type]
    return _snap(trace, trace.emit("div", a, b), scale)


def floor_divide(trace: Trace, a: int, b: int) -> int:
    """How often b goes into a."""
    quotient = _quotient(trace, a, b)
    return trace.emit("floordiv", a, b) if quotient is None else trace.emit("floor", quotient)


def remainder(trace: Trace, a: int, b: int, name: str = "mod") -> int:
    """What is left of a, with the sign of b, or of a for ``fmod``; nothing where a is a multiple up to a rounding."""
    trace.check_operation(name, a, b)
    quotient = _quotient(trace, a, b)
    if quotient is None:
        return trace.emit(name, a, b)
    whole = trace.emit("floor", quotient)
    if name == "fmod":
        negative = trace.emit("less", quotient, trace.literal(0.0))
        whole = trace.emit("select", negative, trace.emit("ceil", quotient), whole)
    left = trace.emit("sub", a, trace.emit("mul", whole, b))
    zero = trace.constant(0.0, trace.node(left).dimension)
    times = _Times(trace)
    scale = times.scale(a)
    assert scale is not None
    return times.keep_scale(trace.emit("select", trace.emit("equal", whole, quotient), zero, left), scale)
