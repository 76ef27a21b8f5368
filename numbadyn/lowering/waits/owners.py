"""Whose an element is: elements that are touched one by one together have one owner.

In: a `Program`.  Out: `Owners`, by one of the rules.  Must not know: how many owners there are, targets.

All stages that go through a population element by element leave an element to the same owner, so that it finds what it
made itself before. Who owns which elements is a rule; the rest of the analysis takes any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.loop import Instance, LoopStage
from numbadyn.lowering.waits.places import Start

__all__ = ["Owners", "instances_of", "numbered"]


@dataclass(frozen=True, slots=True)
class Owners:
    """Where elements lie, on lines that owners share out among themselves.

    Parameters
    ----------
    instances : mapping
        Start of what each instance of a loop runs over.
    buffers : mapping
        Start of each buffer.
    """

    instances: Mapping[Instance, Start]
    buffers: Mapping[Buffer, Start]

    def instance(self, instance: Instance) -> Start:
        """Where the first element that an instance runs over lies."""
        return self.instances[instance]

    def buffer(self, buffer: Buffer) -> Start:
        """Where the first element of a buffer lies."""
        return self.buffers.get(buffer, Start(0, 0))


def instances_of(program: Program) -> Iterator[tuple[Kernel, Instance]]:
    """All instances of loops, in the order of the schedule, with their kernels."""
    for stages in program.schedule:
        for stage in stages:
            if isinstance(stage, LoopStage):
                yield from ((program.kernels[stage.kernel], instance) for instance in stage.instances)


def _own_views(program: Program) -> Iterator[tuple[Instance, BufferView]]:
    """Views whose element i just element i of a loop touches."""
    for kernel, instance in instances_of(program):
        for view, own in instance.elementwise(kernel):
            if own:
                yield instance, view


def numbered(program: Program) -> Owners:
    """Number the populations of a program through, in the order of its schedule: owners take numbers in turn.

    Different populations have different owners, as far as there are enough, and need not queue.

    Parameters
    ----------
    program : Program
        Lowered network.

    Returns
    -------
    Owners
        All on one line; an element belongs to the owner of its number modulo the number of owners.
    """
    number = max((view.offset for _instance, view in _own_views(program)), default=0)  # so that none is below zero
    firsts: dict[tuple[str, int], int] = {}
    for _kernel, instance in instances_of(program):
        if (instance.module, instance.size) not in firsts:
            firsts[instance.module, instance.size] = number
            number += instance.size
    starts = {instance: Start(0, firsts[instance.module, instance.size]) for _kernel, instance in instances_of(program)}
    buffers: dict[Buffer, Start] = {}
    for instance, view in _own_views(program):
        buffers.setdefault(view.buffer, Start(0, starts[instance].number - view.offset))
    return Owners(starts, buffers)
