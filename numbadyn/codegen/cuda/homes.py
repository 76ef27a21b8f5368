"""Which thread an element belongs to: the populations of a network are numbered through, and so are their threads.

In: a `Program`.  Out: `Homes`.  Must not know: how many threads there are, source text.

All phases that go through a population element by element leave an element to the same thread, so that it finds what
it made itself before. Different populations have different threads, as far as there are enough, and need not queue.
"""

from __future__ import annotations

from dataclasses import dataclass

from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.loop import Instance, LoopStage

__all__ = ["Homes", "elementwise", "homes_of"]


@dataclass(frozen=True, slots=True)
class Homes:
    """Numbers of elements, to be taken modulo the number of threads.

    Parameters
    ----------
    populations : dict
        Number of the first element that an instance of a loop runs over, by its module and size.
    buffers : dict
        Number of the first element of a buffer; that of the first loop which goes through it.
    """

    populations: dict[tuple[str, int], int]
    buffers: dict[Buffer, int]

    def instance(self, instance: Instance) -> int:
        """Number of the first element that an instance runs over."""
        return self.populations[instance.module, instance.size]

    def buffer(self, buffer: Buffer) -> int:
        """Number of the first element of a buffer."""
        return self.buffers.get(buffer, 0)


def elementwise(kernel: Kernel, instance: Instance) -> list[tuple[BufferView, bool]]:
    """Views of an instance, and whether element i of the loop touches just element i of it."""
    return [
        (view, slot.access == "each" and not slot.whole)
        for view, slot in zip(instance.views, kernel.slots, strict=True)
    ]


def homes_of(program: Program) -> Homes:
    """Number the populations of a program through, in the order of its schedule.

    Parameters
    ----------
    program : Program
        Lowered network.

    Returns
    -------
    Homes
    """
    loops = [stage for stages in program.schedule for stage in stages if isinstance(stage, LoopStage)]
    instances = [(program.kernels[loop.kernel], instance) for loop in loops for instance in loop.instances]
    views = [(instance, view) for kernel, instance in instances for view, own in elementwise(kernel, instance) if own]
    number = max((view.offset for _instance, view in views), default=0)  # so that none is below zero
    populations: dict[tuple[str, int], int] = {}
    for _kernel, instance in instances:
        if (instance.module, instance.size) not in populations:
            populations[instance.module, instance.size] = number
            number += instance.size
    buffers: dict[Buffer, int] = {}
    for instance, view in views:
        buffers.setdefault(view.buffer, populations[instance.module, instance.size] - view.offset)
    return Homes(populations, buffers)
