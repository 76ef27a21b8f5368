"""Loops over events: a kernel over the synapses that the spikes of a signal reach.

In: nothing (data only).  Out: `EventLoopStage`, `event_loop_layout`.  Must not know: source text, arrays of a run.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from numpy.typing import NDArray

from numbadyn.ir.analysis import arrival_of
from numbadyn.lowering.binding import Binding
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.layouts import Layout, all_slot_columns
from numbadyn.lowering.places import Ago, Touch, ago_of, places_of
from numbadyn.lowering.stages.base import Placement, Stage, SynapseLoop
from numbadyn.lowering.stages.delivery import Term, terms_of
from numbadyn.lowering.stages.loop import Instance, parameter_tables

if TYPE_CHECKING:
    from numbadyn.lowering.plan import Draft
    from numbadyn.lowering.program import Program
    from numbadyn.lowering.waits.owners import Owners

__all__ = ["EventLoopStage", "event_loop_layout"]


@functools.cache
def event_loop_layout(slots: int) -> Layout:
    """Columns of the rows of a loop over events.

    Number of its term; address of the places of the synapses' states, where they do not lie in the order of the loop;
    elements between two rows of them where they do; how many synapses it has met, where somebody counts them; address
    of the number of values that are not finite, or 0; its slots.
    """
    return Layout("EVENT_LOOP", ("TERM", "PLACES", "GAP", "MET", "DOUBTS", *all_slot_columns(slots)))


@dataclass(frozen=True, slots=True)
class EventLoopStage(Stage):
    """Go through the rows of the neurons that have fired, synapse by synapse.

    Parameters
    ----------
    kernel : int
        What is done at each synapse.
    instance : Instance
        Where the values of the synapses and of the neurons on both sides lie.
    term : Term
        Whose events, through which connection.
    targets : tuple of Buffer
        Sums over the synapses of a neuron, which begin at zero: whoever alone reads them clears them, or the loop does.
    """

    name: ClassVar[str] = "rows"
    activity: ClassVar[str] = "synapses"
    elementwise: ClassVar[bool] = True

    kernel: int
    instance: Instance
    term: Term
    targets: tuple[Buffer, ...]

    @classmethod
    def build(cls, draft: Draft, place: Placement) -> Self:
        """A loop over the synapses that something reaches."""
        arrival = arrival_of(place.step, draft.nodes)
        assert arrival is not None, "synapses that nothing reaches"
        (term,) = terms_of(place.step, place.node(arrival))
        kernel, instance = place.loop(draft)
        totals = [index for index in draft.nodes if place.node(index).traits.collects]
        return cls(kernel, instance, term, tuple(place.total(index) for index in totals))

    @property
    def key(self) -> int:
        """Number of the kernel."""
        return self.kernel

    @classmethod
    def tables(cls, stages: Sequence[Self], at: Binding) -> list[NDArray[Any]]:
        """Rows, real parameters and whole ones; terms go to the table of all terms."""
        kernel = at.program.kernels[stages[0].kernel]
        rows = [stage.row(at) for stage in stages]
        parameters = [stage.instance.parameters(kernel, at) for stage in stages]
        reals, integers = [real for real, _whole in parameters], [whole for _real, whole in parameters]
        return [event_loop_layout(len(kernel.slots)).table(rows), *parameter_tables(kernel, reals, integers, at)]

    def row(self, at: Binding) -> list[int]:
        """The number of its term, and where its values lie."""
        number = at.term_count()
        synapses = at.synapses(self.term.connection)
        at.add_term(self.term.row(at), self.term.delays(at), int(synapses.n_synapses))
        places = at.places(self.term.connection, self.term.order)
        columns = {
            "TERM": number,
            "PLACES": 0 if places is None else at.address(places),
            "GAP": at.gap(self.term.connection),
            "MET": 0,
            "DOUBTS": at.doubts(self.term.connection),
        }
        return event_loop_layout(len(self.instance.views)).row(**columns, **self.instance.slots(at))

    def synapse_loops(self, program: Program) -> Iterable[SynapseLoop]:
        """Its only one."""
        return [SynapseLoop(self.instance, self.term.connection, self.post_views(program))]

    def kernels(self) -> Iterable[int]:
        """Its kernel."""
        return (self.kernel,)

    def terms_read(self) -> Iterable[Term]:
        """What reaches the synapses."""
        return (self.term,)

    def sums(self) -> Iterable[Buffer]:
        """Its sums."""
        return self.targets

    def subject(self, program: Program) -> str:
        """Path of what it works for."""
        return program.step.connections[self.term.connection].name

    def lines(self, program: Program) -> list[str]:
        """What the stage does, in words."""
        name, connection = program.kernels[self.kernel].name, program.step.connections[self.term.connection].name
        into = "".join(f", into {target.name}" for target in self.targets)
        spikes, channel = self.term.order, program.step.channels[self.term.channel].label
        reached = f"{spikes}synaptic spikes reach"
        if channel in ("on_step", "on_interval"):
            reached = f"{channel} is about"
        return [f"{name} over the synapses of {connection} that {reached}{into}"]

    def post_views(self, program: Program) -> list[BufferView]:
        """Values of the neurons onto which the synapses are."""
        slots = program.kernels[self.kernel].slots
        return [view for view, slot in zip(self.instance.views, slots, strict=True) if slot.access == "post"]

    def touches(self, program: Program, owners: Owners) -> Iterator[Touch]:
        """What the stage reads and writes in each step, and whose elements those are."""
        kernel, term, post = program.kernels[self.kernel], self.term, owners.instance(self.instance)
        name = program.step.connections[term.connection].name
        ago = Ago(term.base, term.lag, term.delayed, term.channel, dendrites=term.order == "post")
        fired = owners.own(post, each=term.order == "post", offset=term.start)
        for place in term.places(program):
            yield Touch("events", place, fired, name, reads=True, ago=ago)
        for number, (view, slot) in enumerate(zip(self.instance.views, kernel.slots, strict=True)):
            # whoever owns a neuron owns the synapses onto it
            own = owners.own(post, each=slot.access in ("each", "post"), offset=view.offset)
            past = Ago(1, None, None, view.buffer.index, open=True) if slot.access == "any" and slot.whole else None
            for place in places_of(view):
                reads, writes = number in kernel.read, number in kernel.written
                before = past or ago_of(view)
                yield Touch("elements", place, own, name, reads=reads or writes, writes=writes, ago=before)
        for view in (self.instance.views[store.slot] for store in kernel.stores if store.clears):
            for place in places_of(view):
                yield Touch("cleared", place, owners.buffer(view.buffer), name, writes=True)
