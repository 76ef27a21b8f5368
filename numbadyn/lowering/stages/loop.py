"""Loops: a kernel over the elements of its populations.

In: nothing (data only).  Out: `Instance`, `LoopStage`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from numbadyn.ir.spaces import Space
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.stages.base import Placement, Stage
from numbadyn.lowering.waits.places import Ago, Touch, ago_of, places_of

if TYPE_CHECKING:
    from numbadyn.lowering.fusion import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["Instance", "LoopStage"]


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

    def lags(self, kernel: Kernel, number: int) -> list[Ago]:
        """How long ago what is read of a whole history was written."""
        found = []
        for operation in kernel.gathers(number):
            lag = operation.args[1]
            node = None
            if lag.where == "scalar":
                node = self.scalars[lag.index]
            elif lag.where == "slot" and self.views[lag.index].buffer.role == "constant":
                node = self.views[lag.index].buffer.index
            found.append(Ago(1, node, None, self.views[number].buffer.index, open=node is None))
        return found


@dataclass(frozen=True, slots=True)
class LoopStage(Stage):
    """A kernel and its instances."""

    name: ClassVar[str] = "loop"
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
        for instance in self.instances:
            start = owners.instance(instance)
            for number, (view, each) in enumerate(instance.elementwise(kernel)):
                own = owners.own(start, each=each, offset=view.offset)
                writes, reads = number in kernel.written, number in kernel.read
                for ago in instance.lags(kernel, number) if view.slot == "whole" else (ago_of(view),):
                    for place in places_of(view):
                        yield Touch("elements", place, own, instance.module, reads=reads, writes=writes, ago=ago)
