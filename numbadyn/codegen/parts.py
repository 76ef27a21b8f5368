"""Parts of a kernel: one loop, or several short ones over the same tile with values handed on in a scratch memory.

In: a `Kernel`.  Out: its `Part` list: which operations each loop computes, which values it takes from and leaves in
rows of the scratch.  Must not know: source text, Numba, what the operations mean.

A processor works on several elements of a loop at a time only if a pass through the loop is short.  A loop with one
exponential keeps its units busy; with two or more the chains of one element fill the window, and with ten, the
registers too.  So a kernel of many elementary functions becomes a loop for each of them and one for the rest.  A
function with a short form (`SHORT_FORMS`) gets a loop of its own before: it computes the arguments and tells whether
the short form serves.

Of a choice whose first value is wanted seldom, a loop takes the second one for all elements, and marks those that want
the first; another one (`Amends`) then goes through these alone, and puts it in the place of the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from numbadyn.ir.ops import OPS
from numbadyn.ir.traits import TRAITS
from numbadyn.lowering.operations import Kernel, Operand

__all__ = ["SHORT_FORMS", "Amends", "Part", "parts_of", "whole_part"]

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
    common : frozenset of int
        Choices of which it takes the second value.
    marks : dict
        Operation -> row of the scratch, for conditions under which the first value of a choice is wanted.
    amends : tuple of Amends
        What takes the place of such values behind it.
    """

    operations: frozenset[int]
    loads: dict[int, int]
    saves: dict[int, int]
    guards: tuple[Operand, ...] = ()
    last: bool = False
    common: frozenset[int] = frozenset()
    marks: dict[int, int] = field(default_factory=dict)
    amends: tuple[Amends, ...] = ()


@dataclass(frozen=True, slots=True)
class Amends:
    """A loop over the elements that a row of the scratch marks.

    Parameters
    ----------
    part : Part
        What it computes.
    mark : int
        The row.
    values : dict
        Row of the scratch -> what it leaves there.
    """

    part: Part
    mark: int
    values: dict[int, Operand]


@dataclass(slots=True)
class _Draft:
    """A part without rows: what it is for, what it computes, reads and leaves."""

    roots: set[int]
    guards: tuple[Operand, ...] = ()
    choices: tuple[int, ...] = ()
    operations: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)
    saved: set[int] = field(default_factory=set)
    amends: dict[int, tuple[set[int], set[int]]] = field(default_factory=dict)

    @property
    def all_read(self) -> set[int]:
        """What it takes from earlier parts, and what amends it."""
        return self.read.union(*(read for _operations, read in self.amends.values()))


def _branches(kernel: Kernel, index: int) -> bool:
    """Whether an operation is a choice whose first value is computed for those alone that want it."""
    operation = kernel.operations[index]
    return TRAITS[operation.op].seldom and operation.kind == "real" and operation.args[0].where == "local"


def _locals(kernel: Kernel, index: int, *, whole: bool = False) -> set[int]:
    """Operations that one reads; of a choice the first value only as a whole."""
    args = kernel.operations[index].args
    chosen = args if whole or not _branches(kernel, index) else (args[0], args[2])
    return {arg.index for arg in chosen if arg.where == "local"}


def _closure(kernel: Kernel, roots: set[int], known: set[int], *, whole: bool = False) -> tuple[set[int], set[int]]:
    """Find the operations behind the roots that are not known yet, and the known ones that they read."""
    needed, read = roots - known, roots & known
    for index in range(len(kernel.operations) - 1, -1, -1):
        if index in needed:
            arguments = _locals(kernel, index, whole=whole)
            needed |= arguments - known
            read |= arguments & known
    return needed, read


def _cheap(kernel: Kernel, index: int) -> bool:
    """Whether computing a value again costs no more than a load."""
    return TRAITS[kernel.operations[index].op].cost == "cheap" and not _locals(kernel, index)


def _cuts(kernel: Kernel, live: set[int]) -> list[_Draft]:
    """List what the parts before the last one are for: the values wanted, and the arguments to be watched."""
    heavy = sorted(index for index in live if TRAITS[kernel.operations[index].op].cost == "heavy")
    short = [index for index in heavy if kernel.operations[index].op in SHORT_FORMS]
    if len(heavy) < _MANY:
        watched = tuple(kernel.operations[index].args[0] for index in short)
        return [_Draft({arg.index for arg in watched if arg.where == "local"}, watched)] if watched else []
    cuts: list[_Draft] = []
    for index in heavy:
        if index in short:
            argument = kernel.operations[index].args[0]
            cuts.append(_Draft({argument.index} if argument.where == "local" else set(), (argument,)))
        cuts.append(_Draft({index}))
    return cuts


def _all_cuts(kernel: Kernel, live: set[int]) -> list[_Draft]:
    """The same where there are choices: behind all that one of them follows from, before all that follows from it."""
    levels: list[int] = []
    for index in range(len(kernel.operations)):
        arguments = _locals(kernel, index, whole=True)
        levels.append(max((levels[arg] + _branches(kernel, arg) for arg in arguments), default=0))
    cuts: list[_Draft] = []
    for level in range(1 + max(levels, default=0)):
        here = {index for index in live if levels[index] == level}
        cuts += _cuts(kernel, here)
        choices = tuple(sorted(index for index in here if _branches(kernel, index)))
        if choices:
            conditions = {kernel.operations[index].args[0].index for index in choices}
            cuts.append(_Draft({*choices, *conditions}, (), choices))
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
    drafts = _all_cuts(kernel, live)
    for draft in drafts:
        draft.operations, draft.read = _closure(kernel, draft.roots, saved)
        outside = results | _read_outside(kernel, draft, drafts, live)
        real = {index for index in draft.operations & outside if kernel.operations[index].kind == "real"}
        draft.saved = {index for index in real if not _cheap(kernel, index)}
        for condition in {kernel.operations[index].args[0].index for index in draft.choices}:
            first = _first_values(kernel, (k for k in draft.choices if kernel.operations[k].args[0].index == condition))
            draft.amends[condition] = _closure(kernel, first, saved, whole=True)
        saved |= draft.saved
    operations, read = _closure(kernel, results, saved)
    drafts.append(_Draft(results, operations=operations, read=read))
    return _with_rows(kernel, drafts)


def _first_values(kernel: Kernel, choices: Iterable[int]) -> set[int]:
    """Operations that give the first values of choices."""
    wanted = [kernel.operations[index].args[1] for index in choices]
    return {arg.index for arg in wanted if arg.where == "local"}


def _read_outside(kernel: Kernel, draft: _Draft, drafts: list[_Draft], live: set[int]) -> set[int]:
    """Operations that are read by others than those of a part, and than those that amend it."""
    later = {index for other in drafts if other is not draft for index in other.choices} - draft.operations
    behind, _ = _closure(kernel, _first_values(kernel, later), set(), whole=True)
    read = [_locals(kernel, index) for index in live - draft.operations]
    read += [_locals(kernel, index, whole=True) for index in (behind | later) - draft.operations]
    return set[int]().union(*read)


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
    live, _ = _closure(kernel, {store.value for store in kernel.stores}, set(), whole=True)
    return Part(frozenset(live), {}, {}, last=True)


def _with_rows(kernel: Kernel, drafts: list[_Draft]) -> list[Part]:
    """Give rows to the values that cross; a row is used again once its value has been read for the last time."""
    last_read = {index: number for number, draft in enumerate(drafts) for index in draft.all_read}
    rows: dict[int, int] = {}
    free: list[int] = []
    count, parts = 0, []
    for number, draft in enumerate(drafts):
        marks: dict[int, int] = {}
        for found, wanted in ((rows, sorted(draft.saved)), (marks, sorted(draft.amends))):
            for index in wanted:
                if free:
                    found[index] = free.pop()
                else:
                    found[index], count = count, count + 1
        loads, saves = ({index: rows[index] for index in sorted(part)} for part in (draft.read, draft.saved))
        amends = tuple(_amends(kernel, draft, condition, marks[condition], rows) for condition in marks)
        common = frozenset(index for index in draft.operations if _branches(kernel, index))
        parts.append(Part(frozenset(draft.operations), loads, saves, draft.guards, False, common, marks, amends))
        free += [rows[index] for index in sorted(draft.all_read) if last_read[index] == number]
        free += marks.values()
    parts[-1] = replace(parts[-1], last=True)
    return parts


def _amends(kernel: Kernel, draft: _Draft, condition: int, mark: int, rows: dict[int, int]) -> Amends:
    """What computes the first values of choices with one condition."""
    operations, read = draft.amends[condition]
    values = {
        rows[index]: kernel.operations[index].args[1]
        for index in draft.choices
        if kernel.operations[index].args[0].index == condition
    }
    return Amends(Part(frozenset(operations), {index: rows[index] for index in sorted(read)}, {}), mark, values)
