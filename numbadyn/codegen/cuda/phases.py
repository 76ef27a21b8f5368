"""Phases of a step on many threads: what each one reads and writes, and so where all threads must wait.

In: a `Program`.  Out: `levels`, groups of phases that need not wait for each other, and whether a step needs a wait at
all.  Must not know: source text of loops, arrays, devices.

Between two phases of one level nobody waits.  A phase comes as early as what it touches allows.  Where two phases touch
a buffer element by element, in the same way, each thread meets nobody but itself, and no wait is needed either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from numbadyn.codegen.cuda.homes import Homes, elementwise, homes_of
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.base import Stage
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage, Term
from numbadyn.lowering.stages.draw import DrawStage
from numbadyn.lowering.stages.loop import LoopStage
from numbadyn.lowering.stages.packing import PackingStage
from numbadyn.lowering.stages.reduction import ReductionStage
from numbadyn.lowering.stages.train import TrainStage

__all__ = ["Phase", "is_independent", "levels", "touched_by_recording", "touched_by_samples"]

Place = tuple[str, Any]
"""What phases may meet at: a buffer, this step's slot of a history or its earlier ones, the same of events, the scratch
memory of an entry, the bins of a target."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A call that every thread makes.

    Parameters
    ----------
    routine : str
        Name of the function.
    entry : int
        Which entry of the schedule it is for.
    reads, writes : frozenset
        Places.
    own : dict
        Places of which a thread touches its own elements only, each with the number of the first element.
    """

    routine: str
    entry: int
    reads: frozenset[Place]
    writes: frozenset[Place]
    own: Mapping[Place, int] = field(default_factory=dict)

    def _shared(self, earlier: Phase) -> frozenset[Place]:
        """Places that one of them writes and the other one touches."""
        return self.writes & (earlier.reads | earlier.writes) | self.reads & earlier.writes

    def meets(self, earlier: Phase) -> bool:
        """Whether a thread may meet another one at what both phases touch."""
        return any(
            place not in self.own or self.own[place] != earlier.own.get(place) for place in self._shared(earlier)
        )

    def follows(self, earlier: Phase) -> bool:
        """Whether a thread meets itself at what both phases touch."""
        return bool(self._shared(earlier))


def _places(view: BufferView) -> set[Place]:
    if view.slot == "fixed":
        return {("memory", view.buffer)}
    if view.slot == "whole":
        return {("now", view.buffer), ("past", view.buffer)}
    return {(view.slot, view.buffer)}


def _events_of(term: Term, rings: dict[int, Buffer]) -> set[Place]:
    slots = {"past"} if term.base > 0 else {"now"} if term.lag is None else {"now", "past"}
    places: set[Place] = {(f"events {slot}", term.channel) for slot in slots}
    if term.base == 0:  # a synapse's own delay reaches further back
        places.add(("events past", term.channel))
    if term.graded and term.channel in rings:
        places |= {(slot, rings[term.channel]) for slot in ("now", "past")}
    return places


def _phase(
    routine: str, entry: int, reads: Iterable[Place], writes: Iterable[Place], own: Iterable[tuple[Place, int]] = ()
) -> Phase:
    return Phase(routine, entry, frozenset(reads), frozenset(writes), dict(own))


def _stored(kernel: Kernel) -> set[int]:
    """Slots that a kernel writes."""
    return {store.slot for store in kernel.stores} | {k for k, slot in enumerate(kernel.slots) if slot.cleared}


def _loop(program: Program, loop: LoopStage, entry: int, homes: Homes) -> Phase:
    kernel = program.kernels[loop.kernel]
    stored = _stored(kernel)
    reads: set[Place] = set()
    writes: set[Place] = set()
    firsts: dict[Place, set[int | None]] = {}
    for instance in loop.instances:
        for number, (view, own) in enumerate(elementwise(kernel, instance)):
            places = _places(view)
            reads |= places
            if number in stored:
                writes |= places
            for place in places:
                firsts.setdefault(place, set()).add(homes.instance(instance) - view.offset if own else None)
    own_places = [(place, first) for place, (first, *others) in firsts.items() if first is not None and not others]
    return _phase(f"each_{kernel.name}", entry, reads, writes, own_places)


def _own(buffers: Iterable[Buffer], homes: Homes) -> list[tuple[Place, int]]:
    return [(("memory", buffer), homes.buffer(buffer)) for buffer in buffers]


def _delivery(
    stages: list[DeliveryStage], entry: int, rings: dict[int, Buffer], ordered: bool, homes: Homes
) -> Iterator[Phase]:
    targets: set[Place] = {("memory", stage.target) for stage in stages}
    events = {place for stage in stages for term in stage.terms for place in _events_of(term, rings)}
    if ordered:
        bins: set[Place] = {("bins", stage.target) for stage in stages}
        yield _phase("fill_bins", entry, events, bins)
        own = _own((stage.target for stage in stages), homes)
        yield _phase("add_in_order", entry, events | targets | bins, targets | bins, own)
        return
    cleared: set[Place] = {("memory", stage.target) for stage in stages if stage.clear}
    if cleared:
        yield _phase("clear_sums", entry, (), cleared)
    yield _phase("deliver", entry, events | targets, targets)


def _compaction(stages: list[CompactionStage], entry: int, ordered: bool, homes: Homes) -> Iterator[Phase]:
    sources: set[Place] = {("memory", stage.source) for stage in stages}
    events: set[Place] = {("events now", stage.channel) for stage in stages}
    scratch: set[Place] = {("scratch", entry)}
    if ordered:
        yield _phase("count_events", entry, sources, scratch)
        yield _phase("add_counts", entry, scratch, scratch)
        yield _phase("write_events", entry, sources | scratch, events)
    else:
        yield _phase("open_events", entry, (), events)
        own = _own((stage.source for stage in stages), homes)
        yield _phase("collect_events", entry, sources, events, own)


def _phases_of(program: Program, stages: tuple[Stage, ...], entry: int, ordered: bool, homes: Homes) -> Iterator[Phase]:
    first = stages[0]
    rings = {buffer.index: buffer for block in program.buffers for buffer in block if buffer.role == "ring"}
    if isinstance(first, LoopStage):
        yield _loop(program, first, entry, homes)
    elif isinstance(first, DeliveryStage):
        yield from _delivery(
            [stage for stage in stages if isinstance(stage, DeliveryStage)], entry, rings, ordered, homes
        )
    elif isinstance(first, CompactionStage):
        yield from _compaction([stage for stage in stages if isinstance(stage, CompactionStage)], entry, ordered, homes)
    elif isinstance(first, PackingStage):
        packings = [stage for stage in stages if isinstance(stage, PackingStage)]
        reads: set[Place] = {("memory", stage.source) for stage in packings}
        yield _phase("pack", entry, reads, {place for stage in packings for place in _places(stage.ring)})
    elif isinstance(first, ReductionStage):
        reductions = [stage for stage in stages if isinstance(stage, ReductionStage)]
        views = [view for stage in reductions for view in (stage.source, stage.factors) if view is not None]
        results: set[Place] = {("memory", stage.target) for stage in reductions}
        yield _phase("reduce_rows", entry, {place for view in views for place in _places(view)}, results)
    elif isinstance(first, DrawStage):
        draws = [stage for stage in stages if isinstance(stage, DrawStage)]
        means = {place for stage in draws for place in _places(stage.mean)}
        drawn = _own((stage.target for stage in draws), homes)
        yield _phase("draw", entry, means, [place for place, _first in drawn], drawn)
    else:
        played = _own((stage.target for stage in stages if isinstance(stage, TrainStage)), homes)
        yield _phase("play_trains", entry, (), [place for place, _first in played], played)


def levels(program: Program, *, ordered: bool) -> list[list[Phase]]:
    """Phases of a step in groups; all threads wait between two groups.

    Parameters
    ----------
    program : Program
        Lowered network.
    ordered : bool
        Keep events and sums in the order of the CPU target.

    Returns
    -------
    list of list of Phase
    """
    found: list[list[Phase]] = []
    homes = homes_of(program)
    for entry, stages in enumerate(program.schedule):
        for phase in _phases_of(program, stages, entry, ordered, homes):
            level = 0
            for number, group in enumerate(found):
                if any(map(phase.meets, group)):
                    level = number + 1
                elif any(map(phase.follows, group)):
                    level = max(level, number)
            if level == len(found):
                found.append([])
            found[level].append(phase)
    return found


def touched_by_samples(groups: list[list[Phase]]) -> bool:
    """Whether the first phases of a step write states, which may be sampled before them."""
    first = groups[0] if groups else []
    return any(
        buffer.role == "state" for phase in first for _place, buffer in phase.writes if isinstance(buffer, Buffer)
    )


def touched_by_recording(program: Program, groups: list[list[Phase]]) -> bool:
    """Whether the first phases of a step write what is recorded after the step before it."""
    recorded: set[Place] = {("memory", buffer) for buffer in program.probes.values()}
    deliveries = (stage for stages in program.schedule for stage in stages if isinstance(stage, DeliveryStage))
    past = {term.channel for delivery in deliveries for term in delivery.terms if term.base > 0}
    # a channel whose events of earlier steps nobody surely reads may have one slot
    recorded |= {("events now", channel) for channel in program.events if channel not in past}
    return any(phase.writes & recorded for phase in (groups[0] if groups else ()))


def is_independent(program: Program) -> bool:
    """Whether every thread touches what is its own only, so that nobody waits for anybody from step to step."""
    if len(program.schedule) != 1 or program.events or not isinstance(program.schedule[0][0], LoopStage):
        return False
    loop = program.schedule[0][0]
    kernel = program.kernels[loop.kernel]
    stored = _stored(kernel)
    owner: dict[Buffer, tuple[int, BufferView]] = {}
    for number, instance in enumerate(loop.instances):
        for k in stored:
            if instance.views[k].slot != "fixed" or kernel.slots[k].access != "each":
                return False
            if owner.setdefault(instance.views[k].buffer, (number, instance.views[k])) != (number, instance.views[k]):
                return False
    return all(
        view.buffer not in owner or (owner[view.buffer] == (number, view) and slot.access == "each")
        for number, instance in enumerate(loop.instances)
        for view, slot in zip(instance.views, kernel.slots, strict=True)
    )
