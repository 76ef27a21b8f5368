"""Parts of a kernel: one loop, or several short ones over the same tile with values handed on in a scratch memory.

In: a `Kernel`.  Out: its `Part` list: which operations each loop computes, which values it takes from and leaves in
rows of the scratch.  Must not know: source text, Numba, what the operations mean.

A processor works on several elements of a loop at a time only if a pass through the loop is short.  A loop with one
exponential keeps its units busy; with two or more the chains of one element fill the window, and with ten, the
registers too.  So a kernel of many elementary functions becomes a loop for each of them and one for the rest.  A
function with a short form (`SHORT_FORMS`) gets a loop of its own before: it computes the arguments and tells whether
the short form serves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from numbadyn.ir.ops import OPS
from numbadyn.ir.traits import TRAITS
from numbadyn.lowering.operations import Kernel, Operand

__all__ = ["SHORT_FORMS", "Part", "parts_of", "whole_part"]

#: Operations with a cheaper form near zero, which a kernel uses where a whole tile is near zero.
SHORT_FORMS = {name: row.short for name, row in OPS.items() if row.short}

_MANY = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One loop of a kernel.

    Parameters
    ----------
    operations : frozenset of int
        What it computes.
    loads, saves : dict
        Operation -> row of the scratch, for values that it takes from earlier parts and leaves for later ones.
    guards : tuple of Operand
        Arguments of short forms; the loop tells whether all of them are near zero.
    last : bool
        Whether it makes the stores of the kernel.
    """

    operations: frozenset[int]
    loads: dict[int, int]
    saves: dict[int, int]
    guards: tuple[Operand, ...] = ()
    last: bool = False


def _closure(kernel: Kernel, roots: set[int], known: set[int]) -> tuple[set[int], set[int]]:
    """Find the operations behind the roots that are not known yet, and the known ones that they read."""
    needed, read = roots - known, roots & known
    for index in range(len(kernel.operations) - 1, -1, -1):
        if index in needed:
            arguments = {arg.index for arg in kernel.operations[index].args if arg.where == "local"}
            needed |= arguments - known
            read |= arguments & known
    return needed, read


def _locals(kernel: Kernel, index: int) -> set[int]:
    return {arg.index for arg in kernel.operations[index].args if arg.where == "local"}


def _cheap(kernel: Kernel, index: int) -> bool:
    """Whether computing a value again costs no more than a load."""
    return TRAITS[kernel.operations[index].op].cost == "cheap" and not _locals(kernel, index)


def _cuts(kernel: Kernel, live: set[int]) -> list[tuple[set[int], tuple[Operand, ...]]]:
    """List what the parts before the last one are for: the values wanted, and the arguments to be watched."""
    heavy = sorted(index for index in live if TRAITS[kernel.operations[index].op].cost == "heavy")
    short = [index for index in heavy if kernel.operations[index].op in SHORT_FORMS]
    if len(heavy) < _MANY:
        watched = tuple(kernel.operations[index].args[0] for index in short)
        return [({arg.index for arg in watched if arg.where == "local"}, watched)] if watched else []
    cuts: list[tuple[set[int], tuple[Operand, ...]]] = []
    for index in heavy:
        if index in short:
            argument = kernel.operations[index].args[0]
            cuts.append(({argument.index} if argument.where == "local" else set(), (argument,)))
        cuts.append(({index}, ()))
    return cuts


def parts_of(kernel: Kernel) -> list[Part]:
    """Divide a kernel into loops, in order; the last one stores.

    Parameters
    ----------
    kernel : Kernel
        Any.

    Returns
    -------
    list of Part
    """
    results = {store.value for store in kernel.stores}
    live, _ = _closure(kernel, results, set())
    saved: set[int] = set()
    drafts: list[tuple[set[int], set[int], set[int], tuple[Operand, ...]]] = []
    for roots, guards in _cuts(kernel, live):
        operations, read = _closure(kernel, roots, saved)
        outside = results.union(*(_locals(kernel, index) for index in live - operations))
        real = {index for index in operations & outside if kernel.operations[index].kind == "real"}
        crossing = {index for index in real if not _cheap(kernel, index)}
        saved |= crossing
        drafts.append((operations, read, crossing, guards))
    operations, read = _closure(kernel, results, saved)
    drafts.append((operations, read, set(), ()))
    return _with_rows(drafts)


def whole_part(kernel: Kernel) -> Part:
    """A kernel as one loop.

    Parameters
    ----------
    kernel : Kernel
        Any.

    Returns
    -------
    Part
    """
    live, _ = _closure(kernel, {store.value for store in kernel.stores}, set())
    return Part(frozenset(live), {}, {}, last=True)


def _with_rows(drafts: list[tuple[set[int], set[int], set[int], tuple[Operand, ...]]]) -> list[Part]:
    """Give rows to the values that cross; a row is used again once its value has been read for the last time."""
    last_read = {index: number for number, (_operations, read, _saved, _guards) in enumerate(drafts) for index in read}
    rows: dict[int, int] = {}
    free: list[int] = []
    count, parts = 0, []
    for number, (operations, read, saved, guards) in enumerate(drafts):
        for index in sorted(saved):
            if free:
                rows[index] = free.pop()
            else:
                rows[index], count = count, count + 1
        loads, saves = ({index: rows[index] for index in sorted(part)} for part in (read, saved))
        parts.append(Part(frozenset(operations), loads, saves, guards))
        free += [rows[index] for index in sorted(read) if last_read[index] == number]
    parts[-1] = replace(parts[-1], last=True)
    return parts
