"""Loops: a kernel over the elements of its populations.

In: nothing (data only).  Out: `Instance`, `LoopStage`, `loop_layout`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.spaces import Space
from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.layouts import Layout, all_slot_columns
from numbadyn.lowering.operations import Kernel, Operand, Slot
from numbadyn.lowering.places import Ago, Chosen, Touch, ago_of, places_of
from numbadyn.lowering.stages.base import Placement, Stage, Work

if TYPE_CHECKING:
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["Instance", "LoopStage", "loop_layout", "parameter_tables"]


@dataclass(frozen=True, slots=True)
class Instance:
    """What a kernel runs over: a space, its views, the nodes of its scalars and the module that it belongs to."""

    space: Space
    views: tuple[BufferView, ...]
    scalars: tuple[int, ...]  # node numbers, or ~stream for the stream of a draw
    module: str

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.space.size

    def elementwise(self, kernel: Kernel) -> list[tuple[BufferView, bool]]:
        """Views, and whether element i of the loop touches just element i of each."""
        return [(view, kernel.elementwise(number)) for number, view in enumerate(self.views)]

    def row(self, kernel: int, at: Binding) -> list[int]:
        """The row of the instance."""
        return loop_layout(len(self.views)).row(
            SIZE=self.size, **self.slots(at), LATE=int(at.may_wait(self, kernel)), OWNER=at.owner_of_instance(self)
        )

    def slots(self, at: Binding) -> dict[str, int]:
        """What its row says of its views."""
        return {k: v for n, view in enumerate(self.views) for k, v in at.slot(view).named(f"SLOT{n}").items()}

    def parameters(self, kernel: Kernel, at: Binding) -> tuple[list[float], list[int]]:
        """Values of its scalars: reals, and all others."""
        values = [(at.scalar(key), kind) for key, (_name, kind) in zip(self.scalars, kernel.scalars, strict=True)]
        reals = [float(value) for value, kind in values if kind == "real"]
        return reals, [int(value) for value, kind in values if kind != "real"]

    def constant(self, operand: Operand) -> int | None:
        """Node of an argument that is a run constant; None for any other."""
        if operand.where == "scalar":
            return self.scalars[operand.index]
        if operand.where == "slot" and self.views[operand.index].buffer.role == "constant":
            return self.views[operand.index].buffer.index
        return None


@functools.cache
def loop_layout(slots: int) -> Layout:
    """Columns of the rows of a loop: size, its slots, whether late stores may wait, owner of the first element."""
    return Layout("LOOP", ("SIZE", *all_slot_columns(slots), "LATE", "OWNER"))


@dataclass(frozen=True, slots=True)
class LoopStage(Stage):
    """A kernel and its instances."""

    name: ClassVar[str] = "loop"
    activity: ClassVar[str] = "neurons"
    elementwise: ClassVar[bool] = True

    kernel: int
    instances: tuple[Instance, ...]

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """A loop over the nodes of a draft."""
        kernel, instance = place.loop(draft)
        return cls(kernel, (instance,))

    @classmethod
    def join(cls, stages: Sequence[Self]) -> tuple[Self, ...]:
        """One loop over all their instances; they have one kernel."""
        return (cls(stages[0].kernel, tuple(instance for stage in stages for instance in stage.instances)),)

    @property
    def key(self) -> int:
        """Number of the kernel."""
        return self.kernel

    @classmethod
    def tables(cls, stages: Sequence[Self], at: Binding) -> list[NDArray[Any]]:
        """Rows of instances, their real parameters and their whole ones; instances side by side share a row."""
        (loop,) = stages
        kernel = at.program.kernels[loop.kernel]
        found = _rows_of(loop, at)
        reals, integers = [each.reals for each in found], [each.integers for each in found]
        rows = loop_layout(len(kernel.slots)).table([each.row for each in found])
        return [rows, *parameter_tables(kernel, reals, integers, at)]

    @classmethod
    def works(cls, stages: Sequence[Self], at: Binding) -> list[list[Work]]:
        """Modules of the instances of each row."""
        (loop,) = stages
        return [[Work(cls.activity, one.module, one.size) for one in each.instances] for each in _rows_of(loop, at)]

    def row(self, at: Binding) -> list[int]:
        """The row of the only instance of a loop."""
        (instance,) = self.instances
        return instance.row(self.kernel, at)

    def loops(self) -> Iterable[tuple[int, Instance]]:
        """All instances."""
        return [(self.kernel, instance) for instance in self.instances]

    def kernels(self) -> Iterable[int]:
        """Its kernel."""
        return (self.kernel,)

    def neighbours(self) -> Iterable[tuple[Buffer, ...]]:
        """What its instances have in one slot."""
        for views in zip(*(instance.views for instance in self.instances), strict=True):
            yield tuple(view.buffer for view in views if view.buffer.role != "lookup")

    def size(self) -> int:
        """Elements of all instances."""
        return sum(instance.size for instance in self.instances)

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        name = program.kernels[self.kernel].name
        return [f"{name} over {instance.module} ({instance.size} elements)" for instance in self.instances]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        kernel = program.kernels[self.kernel]
        written, read = kernel.written, kernel.read
        for instance in self.instances:
            for number, view in enumerate(instance.views):
                writes, reads = number in written, number in read
                start = owners.instance(instance)
                begin = start.before(view.offset)
                for ago, each, places in _reads(kernel, instance, number):
                    own = owners.own(start, each=each, offset=view.offset)
                    chosen = None if places is None else Chosen(places, instance.size, begin)
                    for place in places_of(view):
                        yield Touch("elements", place, own, instance.module, reads, writes, ago, chosen)


def _reads(kernel: Kernel, instance: Instance, number: int) -> Iterator[tuple[Ago | None, bool, int | None]]:
    """Ways in which a loop touches a slot: when it was written, whether element by element, else at which places."""
    view = instance.views[number]
    if view.slot == "whole":
        for operation in kernel.gathers(number):
            given, elements = operation.args[1:2], operation.args[2:]
            lag = instance.constant(given[0]) if given else None
            chosen = instance.constant(elements[0]) if elements else None
            yield Ago(1, lag, None, view.buffer.index, open=bool(given) and lag is None), not elements, chosen
    elif kernel.slots[number].access == "any":
        for operation in kernel.gathers(number):
            chosen = instance.constant(operation.args[1]) if operation.op == "take" else None
            yield ago_of(view), False, chosen
    else:
        yield ago_of(view), kernel.elementwise(number), None


def parameter_tables(
    kernel: Kernel, reals: list[list[float]], integers: list[list[int]], at: Binding
) -> list[NDArray[Any]]:
    """Tables of the real parameters of rows, and of the whole ones."""
    kinds = [kind for _name, kind in kernel.scalars]
    count = kinds.count("real")
    return [
        np.array(reals, dtype=at.real).reshape(len(reals), count),
        np.array(integers, dtype=np.int64).reshape(len(integers), len(kinds) - count),
    ]


@dataclass(slots=True)
class _Row:
    """A row of a loop: what it says, its parameters, and the instances that it serves."""

    row: list[int]
    reals: list[float]
    integers: list[int]
    instances: list[Instance]


def _rows_of(loop: LoopStage, at: Binding) -> list[_Row]:
    """Rows of the instances of a loop; instances side by side share a row."""
    kernel, found = at.program.kernels[loop.kernel], list[_Row]()
    for instance in loop.instances:
        row = instance.row(loop.kernel, at)
        reals, integers = instance.parameters(kernel, at)
        last = found[-1] if found else None
        same = last is not None and last.reals == reals and last.integers == integers
        if last is not None and same and _continues(last.row, row, instance, kernel.slots, at):
            last.row = _joined(last.row, row, kernel.slots)
            last.instances.append(instance)
            continue
        found.append(_Row(row, reals, integers, [instance]))
    return found


def _continues(before: list[int], row: list[int], instance: Instance, slots: tuple[Slot, ...], at: Binding) -> bool:
    """Whether an instance lies right behind the one before in every slot, so that one loop serves both."""
    layout = loop_layout(len(slots))
    size, late, owner = (layout.column(name) for name in ("SIZE", "LATE", "OWNER"))
    if before[late] != row[late] or not at.adjoins(before[owner], before[size], row[owner]):
        return False
    for number, (view, slot) in enumerate(zip(instance.views, slots, strict=True)):
        start, count = layout.column(f"SLOT{number}_START"), layout.column(f"SLOT{number}_COUNT")
        if view.slot != "fixed" or slot.access in ("stride", "any"):
            return False
        if row[start] != before[start] + (0 if slot.access == "first" else before[count]):
            return False
    return True


def _joined(before: list[int], row: list[int], slots: tuple[Slot, ...]) -> list[int]:
    """The row of two instances, one right behind the other."""
    layout, joined = loop_layout(len(slots)), list(before)
    longer = [f"SLOT{number}_COUNT" for number, slot in enumerate(slots) if slot.access != "first"]
    for column in (layout.column(name) for name in ("SIZE", *longer)):
        joined[column] += row[column]
    return joined
