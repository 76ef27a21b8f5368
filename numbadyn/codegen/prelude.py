"""What the generated modules of all targets have in common: names of columns, small functions, elementary functions.

In: a `Program`.  Out: pieces of source text.  Must not know: targets, arrays, `quantities`.
"""

from __future__ import annotations

from collections.abc import Iterable

from numbadyn.ir.elementary import NAMES
from numbadyn.ir.kinds import KINDS
from numbadyn.ir.ops import OPS
from numbadyn.ir.reductions import LANES
from numbadyn.lowering.layouts import SLOT, Layout
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.reduction import HOW

__all__ = ["elementary_functions", "module_names", "named_numbers", "reduction_constants", "small_functions"]

_SMALL_FUNCTIONS = """
@scalar
def minimum(a, b):
    return select((a < b) | (a != a), a, b)


@scalar
def maximum(a, b):
    return select((a > b) | (a != a), a, b)


@scalar
def ring_slot(newest, lag, depth):
    slot = newest - lag
    return slot + (depth & (slot >> 63))


@scalar
def sign(a):
    zero, one = real(0.0), real(1.0)
    return select(a > zero, one, select(a < zero, -one, select(a == zero, zero, a)))


@scalar
def floor_quotient(a, b):
    # the smallest of all whole numbers has no counterpart, and processors give up on its division by -1
    minus = b == -1
    return select(minus, i64(0) - a, a // select(minus, i64(1), b))


@scalar
def whole_number(a):
    # without a fraction; the smallest of all where a is beyond the integers, or NaN
    x = real(a)
    inside = (x >= real(-9223372036854775808.0)) & (x < real(9223372036854775808.0))
    return select(inside, i64(select(inside, x, real(0.0))), ~i64(9223372036854775807))
"""
"""Operations that expressions call, besides the elementary functions."""

_SEARCH = """
@scalar
def search(table, count, x):
    low, high = i64(0), i64(count)
    while low < high:
        middle = (low + high) >> 1
        if table[u64(middle)] > x:
            high = middle
        else:
            low = middle + 1
    return low
"""


def small_functions(program: Program) -> str:
    """Text of the operations that the loops of a program call, besides the elementary functions."""
    searches = any(op.op == "search" for kernel in program.kernels for op in kernel.operations)
    return _SMALL_FUNCTIONS + (f"\n{_SEARCH}" if searches else "")


def module_names(*texts: str) -> frozenset[str]:
    r"""Names that the first lines of a module define or import.

    Examples
    --------
    >>> sorted(module_names("import numpy as np\nfrom a import b, c\nf32, one = real(0), 1", "def run(x):\n    y = x"))
    ['b', 'c', 'f32', 'np', 'one', 'run']
    """
    found: set[str] = set()
    for line in "\n".join(texts).splitlines():
        if line.startswith("def "):
            found.add(line[4:].partition("(")[0])
        elif line.startswith(("import ", "from ")):
            found.update(name.split()[-1] for name in line.partition("import ")[2].split(","))
        elif " = " in line and not line[0].isspace():
            found.update(name.strip() for name in line.partition(" = ")[0].split(","))
    return frozenset(filter(str.isidentifier, found))


def named_numbers(layouts: Iterable[Layout], constants: Iterable[str] = ()) -> str:
    """Lines that name what stands in rows: kinds of values, columns of views and of these layouts, and more."""
    kinds = [f"KIND_{kind.upper()} = {row.code}" for kind, row in KINDS.items()]
    columns = [line for layout in (SLOT, *layouts) for line in layout.constants()]
    return "\n".join([*kinds, *columns, *constants])


def reduction_constants() -> tuple[str, ...]:
    """Lines that name the ways of joining elements, and how many lanes there are."""
    return (*(f"HOW_{name.upper()} = {number}" for number, name in enumerate(HOW)), f"LANES = {LANES}")


def elementary_functions(program: Program) -> set[str]:
    """Names of the elementary functions that the loops of a program call."""
    operations = {op.op for kernel in program.kernels for op in kernel.operations}
    return {OPS[name].elementary if name in OPS else name for name in operations} & set(NAMES)
