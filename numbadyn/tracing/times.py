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
from numbadyn.ir.ops import OPS
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
        waiting = [index]  # not by recursion: a step of many small steps makes long expressions
        while waiting:
            last = waiting[-1]
            unknown = [] if last in self._scale else [arg for arg in self._asked(last) if arg not in self._scale]
            if unknown:
                waiting += reversed(unknown)
                continue
            if last not in self._scale:
                self._scale[last] = self._find_scale(last)
            waiting.pop()
        return self._scale[index]

    def _asked(self, index: int) -> list[int]:
        """The arguments whose scales decide over that of a value."""
        node = self.trace.node(index)
        if self.constant(index) or node.kind != "real" or node.dimension is ANY or node.dimension == TIME:
            return []
        if node.op in _STRETCHED:
            first, second = self._factors(node)
            return [first] if self.constant(second) else []
        return list(node.args[-2:]) if node.op in _SCALES else []

    def _factors(self, node: Node) -> tuple[int, int]:
        """The sides of a product or quotient; of a product, a run constant stands last."""
        first, second = node.args
        return (second, first) if OPS[node.op].commutes and self.constant(first) else (first, second)

    def _find_scale(self, index: int) -> int | None:
        node = self.trace.node(index)
        if self.constant(index) or node.kind != "real" or node.dimension is ANY:
            return None
        if node.dimension == TIME:
            return self.trace.dt()
        rule = _SCALES.get(node.op)
        return None if rule is None else rule(self, node)

    def _of_argument(self, node: Node) -> int | None:
        return self._scale[node.args[0]]

    def _of_sides(self, node: Node) -> int | None:
        sides = node.args[-2:]
        scales = [self._scale[arg] for arg in sides]
        known = [scale for scale in scales if scale is not None]
        if not known or not all(self.constant(arg) for arg, scale in zip(sides, scales, strict=True) if not scale):
            return None
        return known[0] if len(known) == 1 else self.trace.emit("maximum", *known)

    def _of_factors(self, node: Node) -> int | None:
        first, second = self._factors(node)
        scale = self._scale[first] if self.constant(second) else None
        return None if scale is None else self.trace.emit(node.op, scale, self.trace.emit("abs", second))


_STRETCHED = ("mul", "div")
#: How a change in a step goes through the operations that keep it.
_SCALES: dict[str, Callable[[_Times, Node], int | None]] = {
    **dict.fromkeys(("neg", "abs", "identity"), _Times._of_argument),
    **dict.fromkeys(("add", "sub", "minimum", "maximum", "select"), _Times._of_sides),
    **dict.fromkeys(_STRETCHED, _Times._of_factors),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """The time of the step as it stands in an expression: (sign t + offset) / unit, with run constants for both."""

    sign: int
    offset: int | None
    unit: int | None


def _line(times: _Times, index: int) -> _Line | None:
    path: list[tuple[Node, int]] = []
    while not (node := times.trace.node(index)).traits.tells_time:
        side = _LINES[node.op][0](times, node) if node.op in _LINES else None
        if side is None:
            return None
        path.append((node, side))
        index = node.args[side]
    line: _Line | None = _Line(1, None, None)
    for node, side in reversed(path):
        if line is not None:
            line = _LINES[node.op][1](times.trace, line, node.args[1 - side], side)
    return line


def _moved_side(times: _Times, node: Node) -> int | None:
    """The place of the argument that may be made of the time, if the other one is a run constant."""
    side = 0 if times.constant(node.args[1]) else 1
    return side if times.constant(node.args[1 - side]) else None


def _divided_side(times: _Times, node: Node) -> int | None:
    """The same for what a positive number of the model's code divides."""
    return 0 if (literal_number(times.trace.step, node.args[1]) or 0.0) > 0.0 else None


def _added(trace: Trace, line: _Line, other: int, _side: int) -> _Line:
    """A line and a run constant together."""
    other = _in_time(trace, line, other)
    return _Line(line.sign, other if line.offset is None else trace.emit("add", other, line.offset), line.unit)


def _subtracted(trace: Trace, line: _Line, other: int, side: int) -> _Line:
    """A line without a run constant, or a run constant without the line if this stands behind it."""
    if side == 0:
        moved = trace.emit("neg", _in_time(trace, line, other))
        return _Line(line.sign, moved if line.offset is None else trace.emit("add", moved, line.offset), line.unit)
    other = _in_time(trace, line, other)
    return _Line(-line.sign, other if line.offset is None else trace.emit("sub", other, line.offset), line.unit)


def _divided(_trace: Trace, line: _Line, other: int, _side: int) -> _Line | None:
    """A line over a unit, if it is over none yet."""
    return _Line(line.sign, line.offset, other) if line.unit is None else None


def _in_time(trace: Trace, line: _Line, other: int) -> int:
    """A run constant beside a line, as a time."""
    return other if line.unit is None else trace.emit("mul", other, line.unit)


#: Where the time may stand in an operation, and what becomes of it there.
_LINES: dict[str, tuple[Callable[..., int | None], Callable[[Trace, _Line, int, int], _Line | None]]] = {
    "add": (_moved_side, _added),
    "sub": (_moved_side, _subtracted),
    "div": (_divided_side, _divided),
}


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
