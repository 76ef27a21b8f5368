"""Blocks of steps: how many steps each owner can run on its own, and what ends a block.

In: exchanges between owners, bound delays, when somebody looks at the network from outside.  Out: `Blocks`.  Must not
know: targets, how many owners there are.

What is written in step m and read by another owner in step m + k must be exchanged in between. If no k is smaller than
B, one exchange every B steps is enough: a block that begins at step b reads nothing of others that is younger than
step b - 1. Where something crosses within a step, owners wait inside each step, as seldom as possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from numbadyn.lowering.program import Program
from numbadyn.lowering.waits.exchanges import Exchange, Lags, exchanges
from numbadyn.lowering.waits.owners import Owners

__all__ = ["Blocks", "Limit", "Look", "blocks_of"]


Bound = list[tuple[int, Exchange]]
"""Exchanges, each behind the number of steps between writing and reading."""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looks at the whole network: a sample is taken, values are checked, a condition is asked.

    Parameters
    ----------
    what : str
        In words.
    first, every : int
        Before which steps: `first`, then every so many.
    """

    what: str
    every: int
    first: int = 0

    def after(self, step: int) -> int:
        """The next step before which somebody looks, once this one has begun."""
        if step < self.first:
            return self.first
        return step + self.every - (step - self.first) % self.every


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that crosses owners.

    Parameters
    ----------
    steps : int
        So many steps after it was written it is read; 0 within a step.
    delay : int or None
        Delay in steps that makes it so; None if there is no delay.
    what, who : str
        Names of what crosses and of who reads it.
    """

    steps: int
    delay: int | None
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Blocks:
    """How far owners may run on their own.

    Parameters
    ----------
    limits : tuple of Limit
        What crosses owners, the shortest first.
    cuts : tuple of int
        Entries of the schedule before which all owners wait: 0 alone where blocks are of whole steps, and the first
        step of a block only; others in each step. None of them where nothing crosses.
    slots : dict
        Channel that crosses -> slots of its history, or lists of its events, that blocks of this length need: while
        one owner reads the oldest of them, another one may be at the end of the block already.
    looks : tuple of Look
        What ends blocks early.
    """

    limits: tuple[Limit, ...]
    cuts: tuple[int, ...]
    slots: dict[int, int]
    looks: tuple[Look, ...]

    @property
    def between(self) -> int | None:
        """Steps between two exchanges of owners: 0 if they wait within a step, None if nothing crosses."""
        return self.limits[0].steps if self.limits else None

    @property
    def length(self) -> int | None:
        """Steps of the longest block, whoever ends it; None if nobody does, so that it is as long as a run."""
        found = [look.every for look in self.looks]
        return min(found if self.between is None else [*found, max(self.between, 1)], default=None)

    def stop(self, step: int, last: int) -> int:
        """Step before which the block that begins with this one ends, in a run that ends before step `last`."""
        ends = [last, *(look.after(step) for look in self.looks)]
        return min(ends if self.between is None else [*ends, step + max(self.between, 1)])


def blocks_of(program: Program, owners: Owners, lags: Lags, looks: Iterable[Look] = ()) -> Blocks:
    """Find the largest blocks of a program whose delays are bound.

    Parameters
    ----------
    program : Program
        Lowered network.
    owners : Owners
        Whose an element is.
    lags : Lags
        Bound delays.
    looks : iterable of Look
        When somebody looks from outside.

    Returns
    -------
    Blocks
    """
    bound: Bound = []
    for exchange in exchanges(program, owners, lags):
        if exchange.ago is None:
            bound.append((exchange.steps, exchange))
        elif not lags.silent(exchange.ago):
            bound.append((lags.shortest(exchange.ago), exchange))
    limits: dict[tuple[str, str], Limit] = {}
    for steps, exchange in sorted(bound, key=lambda found: found[0]):
        delay = None if exchange.ago is None else lags.delays(exchange.ago)[0]
        limits.setdefault((exchange.what, exchange.who), Limit(steps, delay, exchange.what, exchange.who))
    found = tuple(limits.values())
    return Blocks(found, _cuts(bound, len(program.schedule)), _slots(program, lags, bound), tuple(looks))


def _cuts(bound: Bound, entries: int) -> tuple[int, ...]:
    """The fewest entries before which to wait so that there is a wait within each exchange."""
    if not bound:
        return ()
    if min(steps for steps, _exchange in bound) > 0:
        return (0,)
    # from just behind an entry to just before the other one, counted on over the end of a step; any wait is within
    # an exchange that lasts for as many entries as there are
    arcs = {(e.before + 1, e.after + steps * entries) for steps, e in bound}
    arcs = {(first, last) for first, last in arcs if last - first < entries - 1}
    return min((_cut_from(begin, arcs, entries) for begin in range(entries)), key=len)


def _cut_from(begin: int, arcs: set[tuple[int, int]], entries: int) -> tuple[int, ...]:
    """The fewest waits of which one is given: each further one as late as what has none yet allows."""
    turned = [(begin + 1 + (first - begin - 1) % entries, last - first) for first, last in arcs]
    cuts = [begin]
    for last, first in sorted((first + length, first) for first, length in turned):
        if first > cuts[-1] and last < begin + entries:
            cuts.append(last)
    return tuple(sorted(cut % entries for cut in cuts))


def _slots(program: Program, lags: Lags, bound: Bound) -> dict[int, int]:
    """Slots of what crosses, see `Blocks`."""
    shortest = min((steps for steps, _exchange in bound), default=1)
    ahead = max(shortest, 1) if shortest else 2
    found = dict.fromkeys(program.events, ahead)
    for _steps, exchange in bound:
        if exchange.ago is not None:
            channel, window = exchange.ago.channel, lags.window(exchange.ago.channel)
            longest = exchange.ago.base + lags.delays(exchange.ago)[1] // window
            found[channel] = max(found.get(channel, 0), longest + 1 - (1 - ahead) // window)
    return found
