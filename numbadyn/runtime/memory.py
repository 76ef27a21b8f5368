"""Memory of a program: five flat arrays, and where in them every buffer lies.

In: a `Program` bound to dt, seed, precision, parameters and synapse tables.  Out: the arrays and offsets.  Must not
know: source text, Numba.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.interpreter import Evaluator
from numbadyn.ir.kinds import KINDS, Kind, dtype_of
from numbadyn.ir.nodes import BindContext
from numbadyn.ir.synapses import PostRows, by_post
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.program import Program
from numbadyn.runtime.forecast import CURES, MemoryPart, require

__all__ = ["Memory"]

_LINE = 64


def _aligned(count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros whose first element starts a cache line."""
    raw = np.zeros(count * dtype.itemsize + 2 * _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + count * dtype.itemsize].view(dtype)


class Memory:
    """Arrays of a bound program.

    Parameters
    ----------
    program : Program
        Lowered network.
    evaluator : Evaluator
        Holds the run constants (bound).
    tables : list
        Synapse tables.

    Attributes
    ----------
    R, I, B, E, C : ndarray
        Reals, integers, Booleans (bytes), event indices, event counts.
    depths, windows : list of int
        Slots of each channel's history, and steps that share a slot.
    merged : dict
        Connections that are delivered together, and shifts of their targets -> offsets and targets of their joint rows.
    """

    def __init__(self, program: Program, evaluator: Evaluator, tables: list[Any]) -> None:
        self.program, self.evaluator, self.tables = program, evaluator, tables
        self.merged: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[NDArray[np.int64], NDArray[np.uint32]]] = {}
        self._post_rows: dict[int, tuple[NDArray[np.uint32], PostRows]] = {}
        self.depths = self.needed()
        self.windows = [channel.window(evaluator.context) for channel in program.step.channels]
        self.offsets: dict[Buffer, int] = {}
        sizes = self._place()
        self._rings = {buffer.index: buffer for buffer in self.offsets if buffer.role == "ring"}
        bits = evaluator.context.bits
        require(self._parts(), what=f"The states and histories of {program.step.name}", cure=CURES["states"])
        self.R, self.I, self.B = (
            _aligned(sizes[kind], KINDS[kind].stored_dtype(bits)) for kind in ("real", "int", "bool")
        )
        self.event_offsets: dict[int, int] = {}
        self.count_offsets: dict[int, int] = {}
        events, counts = self._place_events()
        self.E = _aligned(events, np.dtype(np.uint32))
        self.C = _aligned(counts, np.dtype(np.int64))

    # ---- sizes -------------------------------------------------------------------------------------------------------

    def lag(self, node: int | None) -> int:
        """Largest number of delay steps that a node stands for."""
        return 0 if node is None else int(np.max(self.evaluator.values[node]))

    def needed(self) -> list[int]:
        """Slots of each channel that reads and synaptic delays reach, as parameters are now."""
        deepest = self.evaluator.depths()
        for term in (term for stages in self.program.schedule for stage in stages for term in stage.terms_read()):
            delays = self.tables[term.connection].delays
            longest = int(delays.max()) if len(delays) and term.order == "pre" else 0
            deepest[term.channel] = max(deepest[term.channel], term.base + self.lag(term.lag) + longest + 1)
        return deepest

    def size(self, buffer: Buffer) -> int:
        """Elements of a buffer, of a history those of a slot."""
        return math.prod(self.evaluator.context.shape_of(buffer.space))

    def post_rows(self, connection: int) -> PostRows:
        """Synapses of a connection by postsynaptic neuron; found once, other weights do not change them."""
        targets = self.tables[connection].targets
        known = self._post_rows.get(connection)
        if known is None or known[0] is not targets:
            known = self._post_rows[connection] = targets, by_post(self.tables[connection])
        return known[1]

    def extent(self, buffer: Buffer) -> int:
        """Elements of a buffer, all slots of a history counted."""
        return self.size(buffer) * (self.depths[buffer.index] if buffer.role == "ring" else 1)

    def _place(self) -> dict[Kind, int]:
        used = dict.fromkeys(KINDS, 0)
        bits = self.evaluator.context.bits
        per_line = {kind: _LINE // row.stored_dtype(bits).itemsize for kind, row in KINDS.items()}
        for block in self.program.buffers:
            kind = block[0].kind
            used[kind] = -(-used[kind] // per_line[kind]) * per_line[kind]
            for buffer in block:
                self.offsets[buffer] = used[kind]
                used[kind] += self.extent(buffer)
        return used

    def _parts(self) -> list[MemoryPart]:
        """What each buffer needs, and the lists of events."""
        step, bits = self.program.step, self.evaluator.context.bits
        parts = []
        for buffer in self.offsets:
            each = dtype_of(buffer.kind, bits).itemsize
            slots = f", {self.depths[buffer.index]} steps" if buffer.role == "ring" else ""
            parts.append(MemoryPart(f"{buffer.name} ({self.size(buffer)} elements{slots})", self.extent(buffer) * each))
        for number in sorted(self.program.events):
            channel, depth = step.channels[number], self.depths[number]
            size = int(np.prod(channel.shape, dtype=np.int64))
            parts.append(MemoryPart(f"events of {channel.name} ({size} elements, {depth} steps)", 4 * size * depth))
        return parts

    def _place_events(self) -> tuple[int, int]:
        events = counts = 0
        for channel in sorted(self.program.events):
            self.event_offsets[channel], self.count_offsets[channel] = events, counts
            size = int(np.prod(self.program.step.channels[channel].shape, dtype=np.int64))
            events += -(-size * self.depths[channel] // 16) * 16
            counts += self.depths[channel]
        return events, counts

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return int(self.R.nbytes + self.I.nbytes + self.B.nbytes + self.E.nbytes + self.C.nbytes)

    # ---- content -----------------------------------------------------------------------------------------------------

    def arena(self, kind: Kind) -> NDArray[Any]:
        """The flat array of a kind."""
        values: NDArray[Any] = getattr(self, KINDS[kind].arena)
        return values

    def view(self, buffer: Buffer) -> NDArray[Any]:
        """The elements of a buffer, all slots of a history."""
        start = self.offsets[buffer]
        return self.arena(buffer.kind)[start : start + self.extent(buffer)]

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

    def reset(self, context: BindContext) -> None:
        """First values of states and histories; everything else zero."""
        step = self.program.step
        for array in (self.R, self.I, self.B, self.C):
            array[:] = 0
        for buffer in self.offsets:
            if buffer.role == "state":
                spec = step.states[buffer.index]
                self.view(buffer)[:] = np.broadcast_to(spec.initial(context), context.shape_of(spec.space)).reshape(-1)
        self.begin_histories(context)
        self.load_constants()

    def begin_histories(self, context: BindContext) -> None:
        """Fill all histories with what was before the first step."""
        for number, channel in enumerate(self.program.step.channels):
            # newest last, before the slot of the first step, which is written before it is read
            for lag, sample in enumerate(channel.before(context, self.depths[number] - 1), 1):
                self._write_sample(number, sample, self.depths[number] - lag)

    def write_newest(self, channel: int, sample: NDArray[Any], number: int) -> None:
        """Overwrite the sample of the step before this one, of a channel without windows."""
        self._write_sample(channel, sample, (number - 1) % self.depths[channel])

    def past(self, channel: int, number: int) -> NDArray[Any] | None:
        """All samples of a channel at the start of a step, newest first; None where nobody keeps them."""
        if channel not in self._rings and channel not in self.event_offsets:
            return None
        newest, depth = (number - 1) // self.windows[channel], self.depths[channel]
        samples = [self._read_sample(channel, (newest - lag) % depth) for lag in range(depth)]
        return np.array(samples).reshape(depth, *self.program.step.channels[channel].shape)

    def write_past(self, channel: int, samples: NDArray[Any], number: int) -> None:
        """Overwrite the samples of a channel as they are at the start of a step, newest first."""
        newest, depth = (number - 1) // self.windows[channel], self.depths[channel]
        for lag, sample in enumerate(samples[:depth]):
            self._write_sample(channel, sample, (newest - lag) % depth)

    def _read_sample(self, channel: int, slot: int) -> NDArray[Any]:
        size = int(np.prod(self.program.step.channels[channel].shape, dtype=np.int64))
        buffer = self._rings.get(channel)
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
        buffer = self._rings.get(channel)
        if buffer is not None:
            place = self.view(buffer).reshape(-1, buffer.size)[slot]
            place[:] = np.packbits(flat != 0, bitorder="little") if buffer.kind == "bool" else flat
        start = self.event_offsets.get(channel)
        if start is not None:
            active = np.flatnonzero(flat)
            self.C[self.count_offsets[channel] + slot] = active.size
            self.E[start + slot * flat.size :][: active.size] = active
