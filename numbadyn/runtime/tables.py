"""Tables that compiled code reads: rows of offsets, sizes, delays and addresses for every stage.

In: a `Program` with its `Memory` and synapse tables.  Out: int64 and real arrays, in the order of the arguments of the
generated `run`.  Must not know: kinds of stages, columns, source text.

Stages fill their rows themselves (see `numbadyn.lowering.stages`); they ask here where things lie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.spaces import SYMBOLIC, Order
from numbadyn.ir.synapses import PostRows
from numbadyn.lowering.binding import EventPlace
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.layouts import SlotRow
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.delivery import TERM
from numbadyn.lowering.stages.loop import Instance
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.on_demand import join_rows

__all__ = ["Tables"]


class Tables:
    """Arguments of the generated `run` after the memory; a `numbadyn.lowering.binding.Binding`.

    Parameters
    ----------
    memory : Memory
        Placed buffers, bound constants.
    sampled : set of int
        States that somebody samples: every step must store them.
    place : callable
        Puts an array where the compiled code can read it and gives its address.

    Attributes
    ----------
    stages : list of list of ndarray
        Tables of each entry of the schedule: of rows, then what a kind of stages has besides.
    terms : ndarray
        Rows of synaptic terms.
    term_delays : list of ndarray
        Delays of the synapses of each term.
    term_synapses : list of int
        How many synapses each term has.
    """

    def __init__(self, memory: Memory, sampled: set[int], place: Callable[[NDArray[Any]], int]) -> None:
        self.memory = memory
        self._sampled = sampled
        self._place = place
        self._alive: dict[int, tuple[NDArray[Any], int]] = {}
        self._terms: list[list[int]] = []
        self.term_delays: list[NDArray[Any]] = []
        self.term_synapses: list[int] = []
        self.stages = [type(stages[0]).tables(stages, self) for stages in memory.program.schedule]
        self.terms = TERM.table(self._terms)

    @property
    def program(self) -> Program:
        """What is bound."""
        return self.memory.program

    @property
    def real(self) -> np.dtype[Any]:
        """Dtype of reals in memory."""
        return self.memory.R.dtype

    def start(self, buffer: Buffer) -> int:
        """First element of a buffer."""
        return self.memory.offsets[buffer]

    def slot(self, view: BufferView) -> SlotRow:
        """What rows say of a view."""
        memory = self.memory
        if view.buffer.role == "lookup":
            array = memory.evaluator.step.lookups[view.buffer.index].fetch(memory.evaluator.context)
            return SlotRow(self.address(array), array.size)
        start = self.start(view.buffer) + view.offset
        if view.slot == "fixed":
            return SlotRow(start, memory.size(view.buffer) if view.count == SYMBOLIC else view.count)
        depth, width = memory.depths[view.buffer.index], view.buffer.size
        every = memory.windows[view.buffer.index]
        if view.slot == "whole":
            return SlotRow(start, depth * width, depth, 0, width, every)
        lag = 0 if view.slot == "now" else 1 + memory.lag(view.lag)
        return SlotRow(start, view.count, depth, lag, width, every)

    def events(self, channel: int) -> EventPlace:
        """Where the events of a channel lie."""
        memory = self.memory
        return EventPlace(memory.event_offsets[channel], memory.count_offsets[channel], memory.depths[channel])

    def values_of(self, channel: int) -> int:
        """First element of the history of a channel; 0 where it has none."""
        return next((self.start(ring) for ring in self.program.histories() if ring.index == channel), 0)

    def lag(self, node: int | None) -> int:
        """Delay steps that a node stands for."""
        return self.memory.lag(node)

    def scalar(self, key: int) -> Any:
        """Value of a run constant, or a stream."""
        return ~key if key < 0 else self.memory.evaluator.values[key].reshape(-1)[0]

    def synapses(self, connection: int) -> Any:
        """Synapse table of a connection."""
        return self.memory.tables[connection]

    def post_rows(self, connection: int) -> PostRows:
        """Synapses of a connection by postsynaptic neuron."""
        return self.memory.rows.post_rows(connection)

    def places(self, connection: int, order: Order) -> NDArray[np.uint32] | None:
        """Where states of synapses lie, in the order in which a loop meets them; None where they lie in this order."""
        rows = self.memory.rows
        return None if order == rows.order(connection) else rows.across(connection)

    def gap(self, connection: int) -> int:
        """Elements between two rows of states of synapses."""
        return self.memory.rows.gap(connection)

    def doubts(self, connection: int) -> int:
        """Address where loops count values that are not finite of states of synapses; 0 where nobody looks there."""
        return self.memory.doubts_of(connection)

    def train(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Steps and elements of given spikes."""
        steps, elements = self.memory.evaluator.step.trains[number].events(self.memory.evaluator.context)
        return np.ascontiguousarray(steps, dtype=np.int64), np.ascontiguousarray(elements, dtype=np.int64)

    def address(self, array: Any) -> int:
        """Address of an array, which is kept alive; an array that is asked for again is where it was."""
        if id(array) not in self._alive:
            self._alive[id(array)] = (array, self._place(array))
        return self._alive[id(array)][1]

    def add_term(self, row: list[int], delays: NDArray[Any], n_synapses: int) -> None:
        """Append a row to the table of synaptic terms, whose synapses are so many and have these delays."""
        self._terms.append(row)
        self.term_delays.append(delays)
        self.term_synapses.append(n_synapses)

    def term_count(self) -> int:
        """Rows of that table so far."""
        return len(self._terms)

    def merged(
        self, connections: tuple[int, ...], shifts: tuple[int, ...]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Offsets and targets of the joint rows of several connections, which are made once."""
        key, made = (connections, shifts), self.memory.merged
        if key not in made:
            made[key] = join_rows([self.synapses(connection) for connection in connections], shifts)
        return made[key]

    def may_wait(self, instance: Instance, kernel: int) -> bool:
        """Whether stores of a loop that nobody reads in between may be left out until the end of a chunk."""
        slots = self.program.kernels[kernel].slots
        late = (view.buffer.index for view, slot in zip(instance.views, slots, strict=True) if slot.late)
        return self._sampled.isdisjoint(late)

    def owner(self, buffer: Buffer) -> int:
        """Number of the owner of the first element of a buffer; there is one owner for all."""
        return 0

    def owner_of_instance(self, instance: Instance) -> int:
        """Number of the owner of the first element that a loop runs over."""
        return 0

    def adjoins(self, first: int, size: int, second: int) -> bool:
        """Whether elements of owners from `second` on can be treated as following `size` elements from `first` on."""
        return True
