"""Memory of a bound program: five flat arrays, in which the slices of the replicas lie one after another.

In: a `Program` with one binding for each replica: dt, seed, parameters, synapse tables.  Out: the slice of each
replica, with its run constants.  Must not know: source text, Numba.

Compiled code, its tables and all that reads or writes states see one slice, and count from its beginning; so a slice is
what a memory of one replica alone would be.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.kinds import KINDS, Kind
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.program import Program
from numbadyn.runtime.forecast import CURES, require
from numbadyn.runtime.layout import ARENAS, LINE, MemoryLayout, needed_slots
from numbadyn.runtime.state_rows import Derived, StateRows

__all__ = ["Arenas", "Memory", "memories_of"]


def _aligned(count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros whose first element starts a cache line."""
    raw = np.zeros(count * dtype.itemsize + 2 * LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + count * dtype.itemsize].view(dtype)


class Arenas:
    """The arrays of all replicas.

    Parameters
    ----------
    layout : MemoryLayout
        Of a slice.
    replicas : int
        How many there are.

    Attributes
    ----------
    arrays : dict
        Name of an arena -> flat array.
    """

    def __init__(self, layout: MemoryLayout, replicas: int) -> None:
        what = f"The states and histories of {layout.program.step.name}"
        cure = CURES["states"] if replicas == 1 else f"Take fewer replicas in a batch. {CURES['states']}"
        require(layout.parts(replicas), what=what, cure=cure)
        self._sizes = layout.sizes
        self.arrays = {name: _aligned(replicas * layout.sizes[name], layout.dtypes[name]) for name in ARENAS}

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def begins(self, replica: int) -> dict[str, int]:
        """Where the slices of a replica begin."""
        return {name: replica * size for name, size in self._sizes.items()}

    def slices(self, replica: int) -> list[NDArray[Any]]:
        """The slices of a replica, in the order of `ARENAS`."""
        return [self.arrays[name][start : start + self._sizes[name]] for name, start in self.begins(replica).items()]


class Memory:
    """The slice of a replica, and what it is bound to.

    Parameters
    ----------
    layout : MemoryLayout
        Where buffers lie in a slice.
    arenas : Arenas
        Those of all replicas.
    replica : int
        Number of the slice.
    evaluator : Evaluator
        Holds the run constants of the replica (bound).
    tables : list
        Its synapse tables.
    derived : Derived
        What follows from these tables.

    Attributes
    ----------
    R, I, B, E, C : ndarray
        Reals, integers, Booleans (bytes), event indices, event counts.
    begins : dict
        Where these begin in the arenas.
    depths, windows : list of int
        Slots of each channel's history, and steps that share a slot.
    rows : StateRows
        Where states of synapses lie.
    doubts : ndarray of int64
        For each connection, how many values that are not finite were stored in states of its synapses since somebody
        looked at all of them, as far as loops count them.
    """

    def __init__(
        self,
        layout: MemoryLayout,
        arenas: Arenas,
        replica: int,
        evaluator: Evaluator,
        tables: list[Any],
        derived: Derived,
    ) -> None:
        self.program, self.layout, self.arenas = layout.program, layout, arenas
        self.evaluator, self.tables = evaluator, tables
        self.merged, line = derived.merged, LINE // layout.dtypes["R"].itemsize
        self.rows = StateRows(tables, derived, line, layout.either)
        self.doubts = np.ones(len(self.program.step.connections), np.int64)
        self.depths, self.offsets = layout.depths, layout.offsets
        self.event_offsets, self.count_offsets = layout.event_offsets, layout.count_offsets
        self.windows = [channel.window(evaluator.context) for channel in evaluator.step.channels]
        self.begins = arenas.begins(replica)
        self.R, self.I, self.B, self.E, self.C = arenas.slices(replica)

    def lag(self, node: int | None) -> int:
        """Largest number of delay steps that a node stands for."""
        return 0 if node is None else int(np.max(self.evaluator.values[node]))

    def needed(self) -> list[int]:
        """Slots of each channel that reads and synaptic delays reach, as parameters are now."""
        return needed_slots(self.program, self.evaluator, self.tables)

    def size(self, buffer: Buffer) -> int:
        """Elements of a buffer, of a history those of a slot."""
        return math.prod(self.evaluator.context.shape_of(buffer.space))

    def doubts_of(self, connection: int) -> int:
        """Address of the number of values that are not finite."""
        return int(self.doubts[connection:].ctypes.data)

    def extent(self, buffer: Buffer) -> int:
        """Elements of a buffer, all slots of a history counted."""
        return self.size(buffer) * (self.depths[buffer.index] if buffer.role == "ring" else 1)

    # ---- content -----------------------------------------------------------------------------------------------------

    def arena(self, kind: Kind) -> NDArray[Any]:
        """The flat array of a kind."""
        values: NDArray[Any] = getattr(self, KINDS[kind].arena)
        return values

    def place(self, buffer: Buffer) -> tuple[str, int]:
        """Arena of a buffer, and where it lies there, all replicas counted."""
        name = KINDS[buffer.kind].arena
        return name, self.begins[name] + self.offsets[buffer]

    def view(self, buffer: Buffer) -> NDArray[Any]:
        """The elements of a buffer, all slots of a history, with the gaps between rows of states of synapses."""
        start = self.offsets[buffer]
        return self.arena(buffer.kind)[start : start + self.extent(buffer) + self.layout.room(buffer)]

    def places_of(self, buffer: Buffer) -> NDArray[Any] | None:
        """Where the elements of a buffer lie in its view; None where they lie in their order."""
        synapses = buffer.space.synapses
        return None if synapses is None else self.rows.places(synapses.connection)

    def values(self, buffer: Buffer) -> NDArray[Any]:
        """The elements of a buffer in their order: its view, or a copy."""
        places, view = self.places_of(buffer), self.view(buffer)
        return view[: self.extent(buffer)] if places is None else view[places]

    def write(self, buffer: Buffer, values: NDArray[Any]) -> None:
        """Overwrite the elements of a buffer, which are given in their order."""
        places, view = self.places_of(buffer), self.view(buffer)
        view[slice(self.extent(buffer)) if places is None else places] = values

    def turn(self, connection: int) -> None:
        """Let the states of the synapses of a connection lie in rows of the other side."""
        states = ((buffer, buffer.space.synapses) for buffer in self.offsets if buffer.role == "state")
        own = [buffer for buffer, synapses in states if synapses is not None and synapses.connection == connection]
        kept = [self.values(buffer).copy() for buffer in own]
        self.rows.by_post ^= {connection}
        for buffer, values in zip(own, kept, strict=True):
            self.write(buffer, values)

    def load_constants(self) -> None:
        """Copy arrays that depend on parameters only into their buffers."""
        for buffer in self.offsets:
            if buffer.role == "constant":
                self.view(buffer)[:] = np.broadcast_to(self.evaluator.values[buffer.index].reshape(-1), buffer.size)

    def prepared(self) -> list[Buffer]:
        """Buffers that are written before a run: constants, and sums that start from decayed states."""
        constants = [buffer for buffer in self.offsets if buffer.role == "constant"]
        return [*constants, *(part.target for part in self.program.refills)]

    def refill(self) -> None:
        """Prepare the sums that start from decayed states."""
        for part in self.program.refills:
            factor = self.evaluator.values[part.factor].reshape(-1)
            self.view(part.target)[:] = self.view(part.state) * factor

    def reset(self, context: BindContext, first: Sequence[NDArray[Any]]) -> None:
        """First values of states, which are given, and histories; everything else zero."""
        states = self.evaluator.step.states
        for array in (self.R, self.I, self.B, self.C):
            array[:] = 0
        for buffer in self.offsets:
            if buffer.role == "state":
                shape = context.shape_of(states[buffer.index].space)
                self.write(buffer, np.broadcast_to(first[buffer.index], shape).reshape(-1))
        self.begin_histories(context)
        self.load_constants()

    def begin_histories(self, context: BindContext) -> None:
        """Fill all histories with what was before the first step."""
        for number, channel in enumerate(self.evaluator.step.channels):
            # newest last, before the slot of the first step, which is written before it is read
            for lag, sample in enumerate(channel.before(context, self.depths[number] - 1), 1):
                self._write_sample(number, sample, self.depths[number] - lag)

    def write_newest(self, channel: int, sample: NDArray[Any], number: int) -> None:
        """Overwrite the sample of the step before this one, of a channel without windows."""
        self._write_sample(channel, sample, (number - 1) % self.depths[channel])

    def past(self, channel: int, number: int) -> NDArray[Any] | None:
        """All samples of a channel at the start of a step, nearest to it first; None where nobody keeps them."""
        if channel not in self.layout.rings and channel not in self.event_offsets:
            return None
        samples = [self._read_sample(channel, slot) for slot in self._slots(channel, number)]
        return np.array(samples).reshape(len(samples), *self.program.step.channels[channel].shape)

    def write_past(self, channel: int, samples: NDArray[Any], number: int) -> None:
        """Overwrite the samples of a channel as they are at the start of a step, nearest to it first."""
        for slot, sample in zip(self._slots(channel, number), samples, strict=False):
            self._write_sample(channel, sample, slot)

    def _slots(self, channel: int, number: int) -> list[int]:
        """Slots of the samples of a channel at the start of a step, nearest to it first."""
        depth = self.depths[channel]
        if self.program.step.channels[channel].ahead:
            return [(number + steps) % depth for steps in range(depth)]
        newest = (number - 1) // self.windows[channel]
        return [(newest - lag) % depth for lag in range(depth)]

    def _read_sample(self, channel: int, slot: int) -> NDArray[Any]:
        size = self.layout.width(channel)
        buffer = self.layout.rings.get(channel)
        if buffer is None:
            start = self.event_offsets[channel] + slot * size
            active = self.E[start : start + int(self.C[self.count_offsets[channel] + slot])]
            sample = np.zeros(size, bool)
            sample[active] = True
            return sample
        place = self.view(buffer).reshape(-1, buffer.size)[slot]
        if buffer.kind == "bool":
            return np.unpackbits(place, count=size, bitorder="little").astype(bool)
        return np.array(place)

    def _write_sample(self, channel: int, sample: NDArray[Any], slot: int) -> None:
        flat = np.broadcast_to(sample, self.program.step.channels[channel].shape).reshape(-1)
        buffer = self.layout.rings.get(channel)
        if buffer is not None:
            place = self.view(buffer).reshape(-1, buffer.size)[slot]
            place[:] = np.packbits(flat != 0, bitorder="little") if buffer.kind == "bool" else flat
        start = self.event_offsets.get(channel)
        if start is not None:
            active = np.flatnonzero(flat)
            self.C[self.count_offsets[channel] + slot] = active.size
            self.E[start + slot * flat.size :][: active.size] = active


def memories_of(
    program: Program, evaluators: Sequence[Evaluator], tables: Sequence[list[Any]], either: Collection[int] = ()
) -> list[Memory]:
    """A slice for each replica.

    Parameters
    ----------
    program : Program
        Lowered network.
    evaluators : sequence of Evaluator
        One a replica (bound).
    tables : sequence of list
        Synapse tables, one list a replica; replicas that share their synapses have the same list.
    either : collection of int, optional
        Connections whose states of synapses may lie in rows of either side.
    """
    reached = [needed_slots(program, evaluator, made) for evaluator, made in zip(evaluators, tables, strict=True)]
    depths = [max(column) for column in zip(*reached, strict=True)]
    layout = MemoryLayout(program, [evaluator.context for evaluator in evaluators], depths, either)
    arenas = Arenas(layout, len(evaluators))
    derived = {id(made): Derived() for made in tables}
    return [
        Memory(layout, arenas, number, evaluator, made, derived[id(made)])
        for number, (evaluator, made) in enumerate(zip(evaluators, tables, strict=True))
    ]
