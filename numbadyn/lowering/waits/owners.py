"""Whose an element is: elements that are touched one by one together have one owner.

In: a `Program`.  Out: `Owners`, by one of the rules.  Must not know: how many owners there are, targets.

All stages that go through a population element by element leave an element to the same owner, so that it finds what it
made itself before. Who owns which elements is a rule; the rest of the analysis takes any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.places import Start
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.base import Stage, SynapseLoop
from numbadyn.lowering.stages.loop import Instance

__all__ = ["Owners", "by_population", "by_ranges", "instances_of", "numbered"]


@dataclass(frozen=True, slots=True)
class Owners:
    """Where elements lie, on lines that owners share out among themselves.

    Parameters
    ----------
    instances : mapping
        Start of what each instance of a loop runs over; of a loop over synapses, of the neurons that those end on.
    buffers : mapping
        Start of each buffer.
    undivided : bool
        Whether all elements of a line have one owner.
    repeated : frozenset of Buffer
        Single values that each owner computes for itself.
    """

    instances: Mapping[Instance, Start]
    buffers: Mapping[Buffer, Start]
    undivided: bool = False
    repeated: frozenset[Buffer] = frozenset()

    def instance(self, instance: Instance) -> Start:
        """Where the first element that an instance runs over lies."""
        return self.instances[instance]

    def buffer(self, buffer: Buffer) -> Start:
        """Where the first element of a buffer lies."""
        return self.buffers.get(buffer, Start(0, 0))

    def own(self, start: Start, *, each: bool, offset: int = 0) -> Start | None:
        """Where the first element of a place must lie for whoever owns what begins at `start` to own what it touches.

        Parameters
        ----------
        start : Start
            Where what touches the place begins.
        each : bool
            Whether element i of it touches just one element of the place, that with the number `offset` + i.
        offset : int
            See there.

        Returns
        -------
        Start or None
            None if elements of other owners may be touched.
        """
        if self.undivided:
            return Start(start.line, 0)
        return start.before(offset) if each else None


def _stages(program: Program) -> Iterator[Stage]:
    """All stages, in the order of the schedule."""
    return (stage for stages in program.schedule for stage in stages)


def instances_of(program: Program) -> Iterator[tuple[Kernel, Instance]]:
    """All instances of loops, in the order of the schedule, with their kernels."""
    return ((program.kernels[kernel], instance) for stage in _stages(program) for kernel, instance in stage.loops())


def _synapse_loops(program: Program) -> Iterator[SynapseLoop]:
    """Loops over synapses; as far as owners are concerned they run over the neurons that those end on."""
    return (loop for stage in _stages(program) for loop in stage.synapse_loops(program))


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
    for loop in _synapse_loops(program):
        views = [view for view in loop.onto if view.buffer in buffers]
        starts[loop.instance] = Start(0, buffers[views[0].buffer].number + views[0].offset if views else 0)
    return Owners(starts, buffers)


class _Lines:
    """Things that are tied to each other element by element, and where on their line each of them begins."""

    def __init__(self) -> None:
        self._above: dict[Hashable, tuple[Hashable, int]] = {}

    def find(self, thing: Hashable) -> tuple[Hashable, int]:
        """What stands for the line, and how far behind its first element that of a thing lies."""
        top, distance = thing, 0
        while (step := self._above.setdefault(top, (top, 0)))[0] != top:
            top, distance = step[0], distance + step[1]
        self._above[thing] = top, distance  # so that the way is short next time
        return top, distance

    def tie(self, thing: Hashable, other: Hashable, offset: int) -> None:
        """Let a thing begin at element `offset` of another one, unless they lie on one line already."""
        (top, own), (other_top, behind) = self.find(thing), self.find(other)
        if top != other_top:
            self._above[top] = other_top, behind + offset - own


def _ties(program: Program) -> Iterator[tuple[Hashable, Hashable, int]]:
    """What is touched element by element: who touches, what, and the element of it that is touched first."""
    views = [
        (number not in kernel.written, instance.size != view.buffer.size, instance, view)
        for kernel, instance in instances_of(program)
        for number, (view, own) in enumerate(instance.elementwise(kernel))
        if own and view.buffer.role not in ("constant", "lookup")
    ]
    for *_rank, instance, view in sorted(views, key=lambda found: found[:2]):
        yield instance, view.buffer, view.offset
    for loop in _synapse_loops(program):
        yield loop.instance, ("synapses", loop.connection), 0
        yield from ((loop.instance, view.buffer, view.offset) for view in loop.onto)
    for stage in _stages(program):
        yield from ((source, copy, 0) for source, copy in stage.copies())


def by_ranges(program: Program) -> Owners:
    """Give each owner a range of every population: what belongs together element by element stands on one line.

    Ranges begin at multiples of eight elements, since histories of Booleans keep eight of them in a byte.

    Parameters
    ----------
    program : Program
        Lowered network.

    Returns
    -------
    Owners
        An owner has a part of each line.
    """
    lines = _Lines()
    for thing, buffer, offset in _ties(program):
        lines.tie(thing, buffer, offset)
    instances = [instance for _kernel, instance in instances_of(program)]
    instances += [loop.instance for loop in _synapse_loops(program)]
    buffers = [buffer for block in program.buffers for buffer in block]
    begins: dict[Hashable, int] = {}
    for top, number in map(lines.find, [*instances, *buffers]):
        begins[top] = min(begins.get(top, 0), number)
    numbers = {top: line for line, top in enumerate(begins)}

    def start(thing: Hashable) -> Start:
        top, number = lines.find(thing)
        return Start(numbers[top], number - begins[top])

    owners = Owners(
        {instance: start(instance) for instance in instances}, {buffer: start(buffer) for buffer in buffers}
    )
    return replace(owners, repeated=_repeated(program, owners))


def by_population(program: Program) -> Owners:
    """Give each population one owner; populations that touch each other element by element have the same.

    Parameters
    ----------
    program : Program
        Lowered network.

    Returns
    -------
    Owners
        An owner has whole lines.
    """
    return replace(by_ranges(program), undivided=True)


def _repeated(program: Program, owners: Owners) -> frozenset[Buffer]:
    """Single values that follow from such values alone, so that each owner may compute them for itself."""
    loops = [
        ({instance.views[k].buffer for k in kernel.written}, {instance.views[k].buffer for k in kernel.read})
        for kernel, instance in instances_of(program)
    ]
    makers: Counter[Any] = Counter(buffer for written, _read in loops for buffer in written)
    for stages in program.schedule:
        if not list(stages[0].loops()):
            touches = (touch for stage in stages for touch in stage.touches(program, owners))
            makers.update(2 * [touch.place[1] for touch in touches if touch.writes])
    single = {buffer for written, _read in loops for buffer in written if buffer.size == 1 and buffer.role != "ring"}
    found = {buffer for buffer in single if makers[buffer] == 1}
    while True:
        kept = {
            buffer
            for written, read in loops
            if written <= found and all(other in found or other not in makers for other in read)
            for buffer in written
        }
        if kept == found:
            return frozenset(found)
        found = kept
