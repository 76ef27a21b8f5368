"""Phases of a step on a GPU: which routines all threads call for a stage, and where they must wait for each other.

In: a `Program`.  Out: `phase_levels`, groups of calls that need no wait in between.  Must not know: source text of
loops, arrays, devices.

The analysis is `numbadyn.lowering.waits`; threads own elements in turn (`numbadyn.lowering.waits.owners.numbered`).
What is added here is how the routines of this target share out the work of a stage, and scratch memory of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from numbadyn.codegen.cuda.emitter import Routine
from numbadyn.codegen.cuda.emitters import EMITTERS
from numbadyn.lowering.places import Place, Touch
from numbadyn.lowering.program import Program
from numbadyn.lowering.waits.owners import numbered
from numbadyn.lowering.waits.phases import Phase, levels, own_places, touches_of

__all__ = ["phase_levels"]


def _phase(routine: Routine, entry: int, touches: list[Touch]) -> Phase:
    """What a routine touches of what its stages touch."""
    bins = {("bins", buffer) for (_memory, buffer) in (touch.place for touch in touches if touch.part == "targets")}
    inside: dict[str, set[Place]] = {"scratch": {("scratch", entry)}, "bins": bins}
    reads: set[Place] = {touch.place for touch in touches if touch.reads and touch.part in routine.reads}
    writes: set[Place] = {touch.place for touch in touches if touch.writes and touch.part in routine.writes}
    for part, places in inside.items():
        reads |= places if part in routine.reads else set()
        writes |= places if part in routine.writes else set()
    own = own_places(touch for touch in touches if touch.part == routine.own)
    return Phase(routine.name, entry, frozenset(reads), frozenset(writes), own)


def _phases(program: Program, *, ordered: bool) -> Iterator[Phase]:
    owners = numbered(program)
    for entry, (first, *_rest) in enumerate(program.schedule):
        touches = touches_of(program, entry, owners)
        for routine in EMITTERS[type(first)].calls(program, first, ordered=ordered):
            phase = _phase(routine, entry, touches)
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
