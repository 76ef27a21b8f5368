"""Deliveries: synaptic events are added to a sum.

In: nothing (data only).  Out: `DeliveryStage`, `Term`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.analysis import follows_delays, signal_of, signals
from numbadyn.ir.nodes import Node, Step
from numbadyn.ir.spaces import Order
from numbadyn.ir.synapses import longest_back
from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.layouts import Layout
from numbadyn.lowering.merging import worth_merging
from numbadyn.lowering.places import Ago, Place, Touch, memory
from numbadyn.lowering.stages.base import Placement, Stage, Work

if TYPE_CHECKING:
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["TERM", "DeliveryStage", "Term", "terms_of"]

TERM = Layout(
    "TERM",
    (
        "EVENTS", "COUNTS", "WIDTH", "DEPTH", "LAG", "START", "STOP", "DELAYS", "DELAY_STEPS", "OFFSETS", "TARGETS",
        "WEIGHTS", "UNIFORM", "GRADED", "VALUES", "BACKS",
    ),
)  # fmt: skip
"""Columns of the table of synaptic terms: where events and their counts lie, elements and slots of the channel, delay
steps of all synapses, the window, number of the synapses' own delays and their address, addresses of the synapse table,
whether there is one weight for all, whether events carry values, where those lie; address of the dendritic delays: of
each synapse, of rows by target of each number of a delay."""


@dataclass(frozen=True, slots=True)
class Term:
    """One connection of a synaptic sum: which events it reads.

    Parameters
    ----------
    connection : int
        Number of the connection.
    channel : int
        Whose events.
    base : int
        0: those of this step, 1: of the last one.
    lag : int or None
        Node of further delay steps.
    start, stop : int
        Window of the channel's elements.
    graded : bool
        Events carry a value.
    order : {"pre", "post"}
        On which side of the synapses the neurons are whose events those are.
    late : bool
        Whether they pass the delays of synapses before they act.
    """

    connection: int
    channel: int
    base: int
    lag: int | None
    start: int
    stop: int
    graded: bool
    order: Order = "pre"
    late: bool = True

    @property
    def delayed(self) -> int | None:
        """Connection whose delays pass before the events act, if they do."""
        return self.connection if self.late else None

    def delays(self, at: Binding) -> NDArray[np.int32]:
        """The different delays of the side of the synapses from which the events come."""
        of_side = at.post_rows(self.connection) if self.order == "post" else at.synapses(self.connection)
        found: NDArray[np.int32] = np.ascontiguousarray(of_side.delays, dtype=np.int32)
        return found if self.late else np.zeros_like(found)

    def longest(self, table: Any) -> int:
        """Steps that pass at most between an event and the synapses of a table."""
        longest = longest_back(table) if self.order == "post" else int(table.delays.max(initial=0))
        return longest if self.late else 0

    def row(self, at: Binding) -> list[int]:
        """The row of the term."""
        synapses, place = at.synapses(self.connection), at.events(self.channel)
        delays, weights, backs = self.delays(at), synapses.weights, synapses.dendritic
        if isinstance(weights, np.ndarray):
            weights = np.ascontiguousarray(weights, dtype=at.real)
        offsets, targets = synapses.offsets, synapses.targets
        if self.order == "post":  # sources stand for targets, places for weights
            offsets, targets, weights, backs = at.post_rows(self.connection)
        return TERM.row(
            EVENTS=place.events,
            COUNTS=place.counts,
            WIDTH=math.prod(at.program.step.channels[self.channel].shape),
            DEPTH=place.depth,
            LAG=self.base + at.lag(self.lag),
            START=self.start,
            STOP=self.stop,
            DELAYS=len(delays),
            DELAY_STEPS=at.address(delays),
            OFFSETS=at.address(offsets),
            TARGETS=at.address(targets),
            WEIGHTS=at.address(weights),
            UNIFORM=int(weights.size == 1),
            GRADED=int(self.graded),
            VALUES=at.values_of(self.channel),
            BACKS=0 if synapses.dendritic is None else at.address(backs),
        )

    def likeness(self, at: Binding) -> tuple[object, ...] | None:
        """What terms that are merged have in common; None for a term that stays alone."""
        synapses = at.synapses(self.connection)
        if self.graded or synapses.weights.size != 1 or not isinstance(synapses.targets, np.ndarray):
            return None
        return (
            self.channel, self.base, at.lag(self.lag), self.start, self.stop,
            synapses.delays.tobytes(), synapses.offsets.size, float(synapses.weights.reshape(-1)[0]),
        )  # fmt: skip

    def places(self, program: Program) -> Iterator[Place]:
        """Lists of events, and where their values lie."""
        yield ("events past", self.channel)
        if self.base == 0:  # a synapse's own delay may reach back all the same
            yield ("events now", self.channel)
        for buffer in program.histories() if self.graded else ():
            if buffer.index == self.channel:
                yield from (("now", buffer), ("past", buffer))


def terms_of(step: Step, node: Node) -> tuple[Term, ...]:
    """The events that a node takes through its connections."""
    terms = []
    order: Order = "post" if node.space.by_post else "pre"
    for arg, connection, own in signals(node):
        signal = signal_of(step, arg, own)
        assert signal is not None
        graded = step.channels[signal.channel].kind != "bool"
        terms.append(
            Term(
                connection,
                signal.channel,
                signal.base,
                signal.lag,
                signal.start,
                signal.stop,
                graded,
                order,
                follows_delays(node),
            )
        )
    return tuple(terms)


@dataclass(frozen=True, slots=True)
class DeliveryStage(Stage):
    """Add synaptic events to a sum; `clear` first where its reader does not."""

    name: ClassVar[str] = "deliver"
    activity: ClassVar[str] = "delivery"
    layout: ClassVar[Layout] = Layout("DELIVERY", ("TARGET", "SIZE", "CLEAR", "FIRST_TERM", "LAST_TERM", "OWNER"))

    target: Buffer
    terms: tuple[Term, ...]
    clear: bool

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """The delivery of a synaptic sum."""
        (index,) = draft.nodes
        return cls(place.value(index), terms_of(place.step, place.node(index)), not place.is_cleared(index))

    @classmethod
    def tables(cls, stages: Sequence[Self], at: Binding) -> list[NDArray[Any]]:
        """Rows of sums, fewer where one row serves several; their terms go to the table of all terms."""
        return [cls.layout.table([_row_of_chain(chain, at) for chain in _chains(stages, at)])]

    @classmethod
    def works(cls, stages: Sequence[Self], at: Binding) -> list[list[Work]]:
        """Connections of the sums of each row."""
        return [
            [
                Work(
                    cls.activity,
                    at.program.step.connections[term.connection].name,
                    int(at.synapses(term.connection).n_synapses),
                )
                for stage in chain
                for term in stage.terms
            ]
            for chain in _chains(stages, at)
        ]

    def row(self, at: Binding) -> list[int]:
        """The row of this sum alone."""
        return _row_of_chain([self], at)

    def terms_read(self) -> Iterable[Term]:
        """All its terms."""
        return self.terms

    def sums(self) -> Iterable[Buffer]:
        """Its sum."""
        return (self.target,)

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        names = (program.step.connections[term.connection].name for term in self.terms)
        return [f"deliver {name} into {self.target.name}" for name in names]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        own = owners.buffer(self.target)
        for term in self.terms:
            ago = Ago(term.base, term.lag, term.connection, term.channel)
            name = program.step.connections[term.connection].name
            for place in term.places(program):
                yield Touch("events", place, owners.own(own, each=False), name, reads=True, ago=ago)
        if self.clear:
            yield Touch("cleared", memory(self.target), own, self.target.name, writes=True)
        yield Touch("targets", memory(self.target), own, self.target.name, reads=True, writes=True)


def _row_of_chain(chain: Sequence[DeliveryStage], at: Binding) -> list[int]:
    """One row for sums side by side; a term of several connections has their joint rows of synapses."""
    first, start = at.term_count(), at.start(chain[0].target)
    shifts = tuple(at.start(stage.target) - start for stage in chain)
    for terms in zip(*(stage.terms for stage in chain), strict=True):
        row = terms[0].row(at)
        if len(chain) > 1:
            offsets, targets = at.merged(tuple(term.connection for term in terms), shifts)
            row[TERM.column("OFFSETS")], row[TERM.column("TARGETS")] = at.address(offsets), at.address(targets)
        n_synapses = sum(int(at.synapses(term.connection).n_synapses) for term in terms)
        at.add_term(row, at.synapses(terms[0].connection).delays, n_synapses)
    return DeliveryStage.layout.row(
        TARGET=start,
        SIZE=sum(stage.target.size for stage in chain),
        CLEAR=int(chain[0].clear),
        FIRST_TERM=first,
        LAST_TERM=at.term_count(),
        OWNER=at.owner(chain[0].target),
    )


def _chains(stages: Sequence[DeliveryStage], at: Binding) -> list[list[DeliveryStage]]:
    """Deliveries in groups that one row of a table can serve: same events, delays and weight, sums side by side."""
    alike: dict[Any, list[DeliveryStage]] = {}
    for number, stage in enumerate(stages):
        kinds = [term.likeness(at) for term in stage.terms]
        alike.setdefault((stage.clear, *kinds) if kinds and None not in kinds else number, []).append(stage)
    chains: list[list[DeliveryStage]] = []
    for group in alike.values():
        group.sort(key=lambda stage: at.start(stage.target))
        chain = [group[0]]
        for stage in group[1:]:
            behind = at.start(chain[-1].target) + chain[-1].target.size
            if at.start(stage.target) == behind and _mergeable([*chain, stage], at):
                chain.append(stage)
            else:
                chains.append(chain)
                chain = [stage]
        chains.append(chain)
    return chains


def _mergeable(chain: list[DeliveryStage], at: Binding) -> bool:
    """Whether one row for sums side by side is worth its memory, and leaves elements to their owners."""
    for before, stage in itertools.pairwise(chain):
        if not at.adjoins(at.owner(before.target), before.target.size, at.owner(stage.target)):
            return False
    return all(
        worth_merging([at.synapses(term.connection) for term in terms])
        for terms in zip(*(stage.terms for stage in chain), strict=True)
    )
