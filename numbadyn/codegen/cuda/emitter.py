"""What an emitter of the CUDA target says of a kind of stages.

In: nothing.  Out: `CudaEmitter`, `Routine`.  Must not know: kinds of stages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from numbadyn.ir.nodes import Step
from numbadyn.lowering.layouts import Layout
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program

__all__ = ["CudaEmitter", "Routine", "always", "either"]


class Functions(Protocol):
    """Gives the text of the functions of a kernel, from the step and the names that the text may call or read."""

    def __call__(self, kernel: Kernel, step: Step, reserved: frozenset[str], /, *, ordered: bool) -> str:
        """The text; `ordered` where events and sums keep the order of the CPU target."""


class KernelNames(Protocol):
    """Gives the names of the functions of a kernel that all threads call, in order."""

    def __call__(self, kernel: Kernel, /, *, ordered: bool) -> tuple[str, ...]:
        """The names."""


def _no_functions(kernel: Kernel, step: Step, reserved: frozenset[str], *, ordered: bool) -> str:
    return ""


def _one_name(kernel: Kernel, *, ordered: bool) -> tuple[str, ...]:
    return (f"each_{kernel.name}",)


@dataclass(frozen=True, slots=True)
class Routine:
    """A function that all threads call for a stage.

    Parameters
    ----------
    name : str
        Of the function.
    reads, writes : tuple of str
        Parts of what the stage touches (see `numbadyn.lowering.places.Touch`); ``bins`` and ``scratch`` are
        memory of the routines themselves.
    own : str
        The part of which a thread touches its own elements only; the others are shared out in another way.
    """

    name: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    own: str = ""


class Calls(Protocol):
    """Gives the routines for stages that run together, from the program and the first of them."""

    def __call__(self, program: Program, stage: Any, /, *, ordered: bool) -> tuple[Routine, ...]:
        """Routines in order; `ordered` where events and sums keep the order of the CPU target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaEmitter:
    """How the CUDA target runs stages of one kind.

    Parameters
    ----------
    calls : callable
        Gives the routines that all threads call.
    functions : callable
        Gives the text of the functions of a kernel that such stages run.
    names : callable
        Gives the names of those among them that all threads call.
    imports : tuple of str
        What they take from the library, besides what all do.
    phases : tuple of callable
        Library functions that threads call.
    inner : tuple of callable
        Library functions that those call, in the order of their use.
    layouts : tuple of Layout
        Whose columns they name.
    constants : tuple of str
        Further lines of names for them.
    elementary : tuple of str
        Elementary functions that they call.
    scratch : int
        Places of the scratch memory `W` for each row.
    timed : bool
        Its routines are given the time step, too.
    rare : bool
        They are left out of the library of a program without such stages, since they take long to compile.
    """

    calls: Calls
    functions: Functions = _no_functions
    names: KernelNames = _one_name
    imports: tuple[str, ...] = ()
    phases: tuple[Callable[..., Any], ...] = ()
    inner: tuple[Callable[..., Any], ...] = ()
    layouts: tuple[Layout, ...] = ()
    constants: tuple[str, ...] = ()
    elementary: tuple[str, ...] = ()
    scratch: int = 0
    timed: bool = False
    rare: bool = False


def always(*routines: Routine) -> Calls:
    """Call these routines, in whatever order events may come."""
    return either(routines, routines)


def either(anyhow: tuple[Routine, ...], in_order: tuple[Routine, ...]) -> Calls:
    """Call the first routines where events and sums may come in any order, else the second ones."""

    def calls(_program: Program, _stage: Any, *, ordered: bool) -> tuple[Routine, ...]:
        return in_order if ordered else anyhow

    return calls
