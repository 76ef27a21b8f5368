"""What an emitter of the CPU target says of a kind of stages.

In: nothing.  Out: `CpuEmitter`.  Must not know: kinds of stages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numbadyn.ir.nodes import Step
from numbadyn.lowering.layouts import Layout
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.base import Stage

__all__ = ["CpuEmitter", "calling"]

Call = Callable[[Program, Any, Sequence[str]], str]
Functions = Callable[[Kernel, Step, frozenset[str]], tuple[list[str], int]]


def _no_functions(kernel: Kernel, step: Step, reserved: frozenset[str]) -> tuple[list[str], int]:
    return [], 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuEmitter:
    """How the CPU target runs stages of one kind.

    Parameters
    ----------
    call : callable
        Gives the call in the time loop, from the program, the first of the stages that run together and the names of
        their tables.
    tables : tuple of str
        First parts of these names, in the order of `numbadyn.lowering.stages.base.Stage.tables`.
    functions : callable
        Gives the text of the functions of a kernel that such stages run, and how many elements of the scratch memory
        they need, from the kernel, the step and the names of the module that the text may call or read.
    own_layouts : tuple of Layout
        Whose columns that text names.
    routines : tuple of callable
        Library functions, in the order of their use; the last one is what time loops call, once in a step. It is
        compiled once for all models, with the others in it.
    layouts : tuple of Layout
        Whose columns they name.
    constants : tuple of str
        Further lines of names for them.
    elementary : tuple of str
        Elementary functions that they call.
    """

    call: Call
    tables: tuple[str, ...] = ("rows",)
    functions: Functions = _no_functions
    own_layouts: tuple[Layout, ...] = ()
    routines: tuple[Callable[..., Any], ...] = ()
    layouts: tuple[Layout, ...] = ()
    constants: tuple[str, ...] = ()
    elementary: tuple[str, ...] = ()


def calling(routine: str, *arguments: str) -> Call:
    """Call a routine with the rows of the stages and what else it needs."""

    def call(_program: Program, _stage: Stage, tables: Sequence[str]) -> str:
        return f"{routine}({', '.join([*tables, *arguments])})"

    return call
