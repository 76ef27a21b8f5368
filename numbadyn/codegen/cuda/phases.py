"""Phases of a step on a GPU: which routines all threads call for a stage, and where they must wait for each other.

In: a `Program`.  Out: `phase_levels`, groups of calls that need no wait in between.  Must not know: source text of
loops, arrays, devices.

The analysis is `numbadyn.lowering.waits`; threads own elements in turn (`numbadyn.lowering.waits.owners.numbered`).
What is added here is how the routines of this target share out the work of a stage, and scratch memory of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.base import Stage
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage
from numbadyn.lowering.stages.draw import DrawStage
from numbadyn.lowering.stages.loop import LoopStage
from numbadyn.lowering.stages.packing import PackingStage
from numbadyn.lowering.stages.reduction import ReductionStage
from numbadyn.lowering.stages.train import TrainStage
from numbadyn.lowering.waits.owners import numbered
from numbadyn.lowering.waits.phases import Phase, levels, own_places, touches_of
from numbadyn.lowering.waits.places import Place, Touch

__all__ = ["phase_levels"]


@dataclass(frozen=True, slots=True)
class _Routine:
    """A function that all threads call for a stage.

    Parameters
    ----------
    name : str
        Of the function.
    reads, writes : tuple of str
        Parts of what the stage touches; ``bins`` and ``scratch`` are memory of the routines themselves.
    own : str
        The part of which a thread touches its own elements only; the others are shared out in another way.
    """

    name: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    own: str = ""


_ANYHOW: dict[type[Stage], tuple[_Routine, ...]] = {
    DeliveryStage: (
        _Routine("clear_sums", writes=("cleared",)),
        _Routine("deliver", reads=("events", "targets"), writes=("targets",)),
    ),
    CompactionStage: (
        _Routine("open_events", writes=("events",)),
        _Routine("collect_events", reads=("sources",), writes=("events",), own="sources"),
    ),
    PackingStage: (_Routine("pack", reads=("sources",), writes=("targets",)),),
    ReductionStage: (_Routine("reduce_rows", reads=("sources",), writes=("targets",)),),
    DrawStage: (_Routine("draw", reads=("sources",), writes=("targets",), own="targets"),),
    TrainStage: (_Routine("play_trains", writes=("targets",), own="targets"),),
}
"""Routines for each kind of stage, in order, where events and sums may come in any order."""

_IN_ORDER = _ANYHOW | {
    DeliveryStage: (
        _Routine("fill_bins", reads=("events",), writes=("bins",)),
        _Routine("add_in_order", reads=("events", "targets", "bins"), writes=("targets", "bins"), own="targets"),
    ),
    CompactionStage: (
        _Routine("count_events", reads=("sources",), writes=("scratch",)),
        _Routine("add_counts", reads=("scratch",), writes=("scratch",)),
        _Routine("write_events", reads=("sources", "scratch"), writes=("events",)),
    ),
}
"""The same where events and sums keep the order of the CPU target."""


def _of_routine(routine: _Routine, entry: int, touches: list[Touch]) -> Phase:
    parts: dict[str, set[Place]] = {"scratch": {("scratch", entry)}}
    for touch in touches:
        parts.setdefault(touch.part, set()).add(touch.place)
    parts["bins"] = {("bins", buffer) for _memory, buffer in parts.get("targets", ())}
    reads, writes = (
        frozenset().union(*(parts.get(part, set()) for part in chosen)) for chosen in (routine.reads, routine.writes)
    )
    own = own_places(touch for touch in touches if touch.part == routine.own)
    return Phase(routine.name, entry, reads, writes, own)


def _of_loop(name: str, entry: int, touches: list[Touch]) -> Phase:
    reads = frozenset(touch.place for touch in touches if touch.reads)
    writes = frozenset(touch.place for touch in touches if touch.writes)
    return Phase(f"each_{name}", entry, reads, writes, own_places(touches))


def _phases(program: Program, *, ordered: bool) -> Iterator[Phase]:
    owners = numbered(program)
    for entry, stages in enumerate(program.schedule):
        first, touches = stages[0], touches_of(program, entry, owners)
        if isinstance(first, LoopStage):
            yield _of_loop(program.kernels[first.kernel].name, entry, touches)
            continue
        for routine in (_IN_ORDER if ordered else _ANYHOW)[type(first)]:
            phase = _of_routine(routine, entry, touches)
            if phase.reads or phase.writes:
                yield phase


def phase_levels(program: Program, *, ordered: bool) -> list[list[Phase]]:
    """Calls of a step in groups; all threads wait between two groups.

    Parameters
    ----------
    program : Program
        Lowered network.
    ordered : bool
        Keep events and sums in the order of the CPU target.

    Returns
    -------
    list of list of Phase
        Named by their functions.
    """
    return levels(_phases(program, ordered=ordered))
