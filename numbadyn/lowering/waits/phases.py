"""Phases of a step: which of them may run side by side, and where all owners must wait for each other.

In: phases, each with what it reads, writes and owns.  Out: `levels`, groups that need no wait in between.  Must not
know: targets, source text, arrays.

Between two phases of one level nobody waits.  A phase comes as early as what it touches allows.  Where two phases touch
a place element by element, in the same way, each owner meets nobody but itself, and no wait is needed either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.places import Place, Start, Touch
from numbadyn.lowering.program import Program
from numbadyn.lowering.waits.owners import Owners

__all__ = [
    "Phase",
    "is_independent",
    "levels",
    "own_places",
    "touched_by_recording",
    "touched_by_samples",
    "touches_of",
]


@dataclass(frozen=True, slots=True)
class Phase:
    """Something that every owner does with its elements.

    Parameters
    ----------
    name : str
        What is done.
    entry : int
        Entry of the schedule that it is for.
    reads, writes : frozenset
        Places.
    own : mapping
        Places of which an owner touches its own elements only, each with where its first element lies.
    """

    name: str
    entry: int
    reads: frozenset[Place]
    writes: frozenset[Place]
    own: Mapping[Place, Start] = field(default_factory=dict)

    def _shared(self, earlier: Phase) -> frozenset[Place]:
        """Places that one of them writes and the other one touches."""
        return self.writes & (earlier.reads | earlier.writes) | self.reads & earlier.writes

    def meets(self, earlier: Phase) -> bool:
        """Whether an owner may meet another one at what both phases touch."""
        return any(
            place not in self.own or self.own[place] != earlier.own.get(place) for place in self._shared(earlier)
        )

    def follows(self, earlier: Phase) -> bool:
        """Whether an owner meets itself at what both phases touch."""
        return bool(self._shared(earlier))


def touches_of(program: Program, entry: int, owners: Owners) -> list[Touch]:
    """What all stages of an entry of the schedule touch."""
    return [touch for stage in program.schedule[entry] for touch in stage.touches(program, owners)]


def own_places(touches: Iterable[Touch]) -> dict[Place, Start]:
    """Places that are touched element by element only, always in the same way."""
    found: dict[Place, set[Start | None]] = {}
    for touch in touches:
        found.setdefault(touch.place, set()).add(touch.own)
    return {place: start for place, (start, *others) in found.items() if start is not None and not others}


def levels(phases: Iterable[Phase]) -> list[list[Phase]]:
    """Phases of a step in groups; all owners wait between two groups.

    Parameters
    ----------
    phases : iterable of Phase
        In an order that gives the right result.

    Returns
    -------
    list of list of Phase
    """
    found: list[list[Phase]] = []
    for phase in phases:
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
    terms = (term for stages in program.schedule for stage in stages for term in stage.terms_read())
    past = {term.channel for term in terms if term.base > 0}
    # a channel whose events of earlier steps nobody surely reads may have one slot
    recorded |= {("events now", channel) for channel in program.events if channel not in past}
    return any(phase.writes & recorded for phase in (groups[0] if groups else ()))


def is_independent(program: Program, groups: list[list[Phase]]) -> bool:
    """Whether every owner touches what is its own only, so that nobody waits for anybody from step to step."""
    if len(program.schedule) != 1 or program.events or not list(program.schedule[0][0].loops()):
        return False
    (loop,) = groups[0]
    return all(kind == "memory" for kind, _buffer in loop.writes) and not loop.meets(loop)
