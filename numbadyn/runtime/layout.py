"""Layout of a program's memory: where every buffer lies in the slice of a replica.

In: a `Program` with one binding for each replica.  Out: offsets and sizes, the same for all replicas, and how many
samples of each history are kept.  Must not know: arrays, source text, Numba.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.kinds import KINDS
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.program import Program
from numbadyn.runtime.forecast import MemoryPart
from numbadyn.runtime.state_rows import room_for_gaps

__all__ = ["ARENAS", "LINE", "MemoryLayout", "needed_slots"]

LINE = 64
"""Bytes of a cache line: blocks of buffers, and the slices of replicas, begin with one."""

ARENAS = ("R", "I", "B", "E", "C")
"""Reals, integers, Booleans (bytes), event indices, event counts."""


def needed_slots(program: Program, evaluator: Evaluator, tables: Sequence[Any]) -> list[int]:
    """Slots of each channel that reads and synaptic delays of a replica reach, as parameters are now.

    Parameters
    ----------
    program : Program
        Lowered network.
    evaluator : Evaluator
        The replica's run constants (bound).
    tables : sequence
        The replica's synapse tables.
    """
    deepest = evaluator.depths()
    for term in (term for stages in program.schedule for stage in stages for term in stage.terms_read()):
        longest = term.longest(tables[term.connection])
        lag = 0 if term.lag is None else int(np.max(evaluator.values[term.lag]))
        deepest[term.channel] = max(deepest[term.channel], term.base + lag + longest + 1)
    return deepest


class MemoryLayout:
    """Offsets of all buffers, counted from the start of a replica's slice.

    Parameters
    ----------
    program : Program
        Lowered network.
    contexts : sequence of BindContext
        With the synapse tables, of which a buffer may hold something of each synapse; one a replica.
    depths : list of int
        Slots of each channel's history: the most that any replica needs, so that all slices are alike.
    either : collection of int, optional
        Connections whose states of synapses may lie in rows of either side, for whose gaps there is room.

    Attributes
    ----------
    offsets : dict
        Buffer -> its first element in the arena of its kind.
    event_offsets, count_offsets : dict
        Channel -> first element of its lists of events, and of their lengths.
    sizes : dict
        Arena -> elements of a slice.
    """

    def __init__(
        self,
        program: Program,
        contexts: Sequence[BindContext],
        depths: list[int],
        either: Collection[int] = (),
    ) -> None:
        self.program, self.contexts, self.depths, self.either = program, contexts, depths, either
        bits = contexts[0].bits
        self.dtypes: dict[str, np.dtype[Any]] = {
            **{row.arena: row.stored_dtype(bits) for row in KINDS.values()},
            "E": np.dtype(np.uint32),
            "C": np.dtype(np.int64),
        }
        self.offsets: dict[Buffer, int] = {}
        self.event_offsets: dict[int, int] = {}
        self.count_offsets: dict[int, int] = {}
        line = LINE // self.dtypes["R"].itemsize
        self._rooms = {
            number: max(room_for_gaps(context.tables[number], line) for context in contexts) for number in either
        }
        self.sizes = dict.fromkeys(ARENAS, 0)
        self._place_buffers()
        self._place_events()
        for name in ARENAS:
            self.sizes[name] = self._up_to_line(name, self.sizes[name])
        self.rings = {buffer.index: buffer for buffer in self.offsets if buffer.role == "ring"}

    def _up_to_line(self, name: str, count: int) -> int:
        each = LINE // self.dtypes[name].itemsize
        return -(-count // each) * each

    def _place_buffers(self) -> None:
        for block in self.program.buffers:
            name = KINDS[block[0].kind].arena
            self.sizes[name] = self._up_to_line(name, self.sizes[name])
            for buffer in block:
                self.offsets[buffer] = self.sizes[name]
                self.sizes[name] += self.extent(buffer) + self.room(buffer)

    def _place_events(self) -> None:
        for channel in sorted(self.program.events):
            self.event_offsets[channel], self.count_offsets[channel] = self.sizes["E"], self.sizes["C"]
            self.sizes["E"] += self._up_to_line("E", self.width(channel) * self.depths[channel])
            self.sizes["C"] += self.depths[channel]

    def width(self, channel: int) -> int:
        """Elements of a sample of a channel."""
        return int(np.prod(self.program.step.channels[channel].shape, dtype=np.int64))

    def size(self, buffer: Buffer) -> int:
        """Elements of a buffer, of a history those of a slot: as many as any replica needs."""
        return max(math.prod(context.shape_of(buffer.space)) for context in self.contexts)

    def extent(self, buffer: Buffer) -> int:
        """Elements of a buffer, all slots of a history counted."""
        return self.size(buffer) * (self.depths[buffer.index] if buffer.role == "ring" else 1)

    def room(self, buffer: Buffer) -> int:
        """Elements for the gaps between rows of states of synapses."""
        synapses = buffer.space.synapses
        return 0 if synapses is None else self._rooms.get(synapses.connection, 0)

    def _post_rows(self) -> list[MemoryPart]:
        terms = (term for stages in self.program.schedule for stage in stages for term in stage.terms_read())
        parts = []
        for number in sorted({term.connection for term in terms if term.order == "post"}):
            connection = self.program.step.connections[number]
            counts = {id(context.tables): int(context.tables[number].targets.size) for context in self.contexts}
            size = sum(counts.values())
            needed = (12 if number in self.either else 8) * size + 8 * (connection.n_post + 1) * len(counts)
            parts.append(MemoryPart(f"index by target of {connection.name} ({size} synapses)", needed))
        return parts

    def parts(self, replicas: int) -> list[MemoryPart]:
        """What each buffer needs in all replicas, the lists of events and the indices of synapses by target."""
        parts = self._post_rows()
        for buffer in self.offsets:
            each = self.dtypes[KINDS[buffer.kind].arena].itemsize
            slots = f", {self.depths[buffer.index]} steps" if buffer.role == "ring" else ""
            name = f"{buffer.name} ({_times(replicas)}{self.size(buffer)} elements{slots})"
            parts.append(MemoryPart(name, replicas * (self.extent(buffer) + self.room(buffer)) * each))
        for number in sorted(self.program.events):
            size, depth = self.width(number), self.depths[number]
            name = f"events of {self.program.step.channels[number].name}"
            parts.append(
                MemoryPart(f"{name} ({_times(replicas)}{size} elements, {depth} steps)", replicas * 4 * size * depth)
            )
        return parts


def _times(replicas: int) -> str:
    return "" if replicas == 1 else f"{replicas} replicas of "
