"""What one owner must have seen of another one: pairs of stages that meet at elements of different owners.

In: a `Program` and whose an element is.  Out: `Exchange`s; once delays are bound, how many steps each gives.  Must not
know: targets, how many owners there are.

Only two things cross owners from step to step: lists of events and histories. Both are kept for as long as somebody
reads them, so that who reads may fall behind who writes; who reads must not be ahead. Memory that keeps one value of
each element does not: there whoever reads must come after the one write and before the next, and no block is longer
than a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numbadyn.ir.evaluator import Evaluator
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.places import Ago, Place, Start, Touch
from numbadyn.lowering.program import Program
from numbadyn.lowering.waits.owners import Owners
from numbadyn.lowering.waits.phases import touches_of

__all__ = ["Exchange", "Lags", "exchanges"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Stages of an entry of the schedule may begin only when all owners have been through an earlier one.

    Parameters
    ----------
    before, after : int
        Entries of the schedule.
    steps : int
        How many steps earlier, where that is known: 0 or 1.
    ago : Ago or None
        Says how many, where delays do.
    what : str
        Name of what crosses.
    who : str
        Name of who reads it.
    """

    before: int
    after: int
    steps: int
    ago: Ago | None
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Lags:
    """Bound delays.

    Parameters
    ----------
    evaluator : Evaluator
        Holds the run constants (bound).
    tables : list
        Synapse tables.
    """

    evaluator: Evaluator
    tables: list[Any]

    def silent(self, ago: Ago) -> bool:
        """Whether nothing can come, since no synapse is there."""
        return ago.connection is not None and not self.tables[ago.connection].n_synapses

    def delays(self, ago: Ago) -> tuple[int, int]:
        """The shortest and the longest delay in steps."""
        window = self.window(ago.channel)
        if ago.open:  # computed in each step, up to a number that is known
            return 0, (self.evaluator.depths()[ago.channel] - 2) * window
        low = high = 0
        if ago.lag is not None:
            lags = self.evaluator.values[ago.lag]
            low, high = int(np.min(lags)) * window, int(np.max(lags)) * window
        if ago.connection is not None:
            table = self.tables[ago.connection]
            delays = table.delays
            if ago.dendrites:
                delays = table.dendritic if table.n_synapses and table.dendritic is not None else np.zeros(1)
            low, high = low + int(np.min(delays)), high + int(np.max(delays))
        return low, high

    def shortest(self, ago: Ago) -> int:
        """Steps between writing and reading, at least."""
        return ago.base + self.delays(ago)[0]

    def own(self, touch: Touch) -> Start | None:
        """As of the touch; where it chooses elements one behind another, it touches just one for each that reads."""
        if touch.own is None and touch.chosen is not None:
            places, count = self.evaluator.values[touch.chosen.node].reshape(-1), touch.chosen.readers
            if places.size == count and np.array_equal(places, places[0] + np.arange(count)):
                return touch.chosen.start.before(int(places[0]))
        return touch.own

    def window(self, channel: int) -> int:
        """Steps that share a slot of a history."""
        return self.evaluator.step.channels[channel].window(self.evaluator.context)


def _alike(place: Place) -> Place:
    """The same place for all slots of a history or of a list of events."""
    kind, thing = place
    return ("events" if kind.startswith("events") else "past" if kind == "now" else kind), thing


def _own(touch: Touch, other: Touch) -> bool:
    """Whether an owner meets nobody but itself there."""
    return touch.own is not None and touch.own == other.own


def exchanges(program: Program, owners: Owners, lags: Lags) -> list[Exchange]:
    """All pairs of entries of the schedule between which something crosses owners.

    Parameters
    ----------
    program : Program
        Lowered network.
    owners : Owners
        Whose an element is.
    lags : Lags
        Bound delays and places.

    Returns
    -------
    list of Exchange
        Each once.
    """
    found: dict[Exchange, None] = {}
    by_place: dict[Place, list[tuple[int, Touch]]] = {}
    for entry in range(len(program.schedule)):
        for touch in touches_of(program, entry, owners):
            if touch.place[1] not in owners.repeated:
                own = lags.own(touch)
                by_place.setdefault(_alike(touch.place), []).append((entry, replace(touch, own=own)))
    for (kind, thing), touches in by_place.items():
        pairs = _kept_once(touches) if kind == "memory" else _kept_long(touches)
        for before, after, steps, ago, who in pairs:
            name = thing.name if isinstance(thing, Buffer) else program.step.channels[thing].name
            what = program.step.channels[ago.channel].name if ago is not None else name
            found[Exchange(before, after, steps, ago, what, who)] = None
    return list(found)


Pair = tuple[int, int, int, Ago | None, str]


def _kept_once(touches: list[tuple[int, Touch]]) -> Iterator[Pair]:
    """Pairs that meet at memory of one value: whoever comes later in a step, or in the next one, waits."""
    for entry, touch in touches:
        for other_entry, other in touches:
            if (touch.writes or other.writes) and not _own(touch, other):
                reader = other if touch.writes else touch
                yield entry, other_entry, int(other_entry <= entry), None, reader.who


def _kept_long(touches: list[tuple[int, Touch]]) -> Iterator[Pair]:
    """Pairs of those who write and those who read a history, or events."""
    for entry, touch in touches:
        for other_entry, other in touches:
            if touch.writes and other.reads and not _own(touch, other):
                yield entry, other_entry, 0, other.ago, other.who
