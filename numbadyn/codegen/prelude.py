"""What the generated modules of all targets have in common: names of columns, small functions, elementary functions.

In: a `Program`.  Out: pieces of source text.  Must not know: targets, arrays, `quantities`.
"""

from __future__ import annotations

from numbadyn.ir.elementary import NAMES
from numbadyn.ir.ops import OPS
from numbadyn.lowering.program import Draw, Program

__all__ = ["TERM_COLUMNS", "columns", "draws_counts", "elementary_functions", "small_functions"]

#: Columns of the rows of synaptic terms, by name (see `numbadyn.runtime.tables`).
TERM_COLUMNS = (
    "EVENTS",
    "COUNTS",
    "WIDTH",
    "DEPTH",
    "LAG",
    "START",
    "STOP",
    "DELAYS",
    "DELAY_STEPS",
    "OFFSETS",
    "TARGETS",
    "WEIGHTS",
    "UNIFORM",
    "GRADED",
    "VALUES",
)

_SMALL_FUNCTIONS = """
@scalar
def minimum(a, b):
    return select((a < b) | (a != a), a, b)


@scalar
def maximum(a, b):
    return select((a > b) | (a != a), a, b)


@scalar
def mod(a, b):
    return a - floor(a / b) * b


@scalar
def ring_slot(newest, lag, depth):
    slot = newest - lag
    return slot + (depth & (slot >> 63))


@scalar
def sign(a):
    return select(a > real(0.0), real(1.0), select(a < real(0.0), real(-1.0), a))
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


def columns() -> str:
    """Lines that name the columns of synaptic terms."""
    return "\n".join(f"T_{name} = {number}" for number, name in enumerate(TERM_COLUMNS))


def draws_counts(program: Program) -> bool:
    """Whether a program draws Poisson counts, whose routine takes long to compile."""
    return any(isinstance(stages[0], Draw) for stages in program.schedule)


def elementary_functions(program: Program) -> set[str]:
    """Names of the elementary functions that the loops of a program call."""
    operations = {op.op for kernel in program.kernels for op in kernel.operations}
    return {OPS[name].elementary if name in OPS else name for name in operations} & set(NAMES)
