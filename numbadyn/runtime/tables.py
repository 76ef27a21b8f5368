"""Tables that compiled code reads: rows of offsets, sizes, delays and addresses for every stage.

In: a `Program` with its `Memory` and synapse tables.  Out: int64 and real arrays, in the order of the arguments of the
generated `run`.  Must not know: source text.

Columns of the rows of loops: size, then for each slot those of `SLOT_COLUMNS`, last whether late stores may wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.prelude import HOW
from numbadyn.ir.kinds import KINDS
from numbadyn.ir.spaces import SYMBOLIC
from numbadyn.lowering.buffers import BufferView
from numbadyn.lowering.layouts import SLOT_COLUMNS, slot_column
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage, Term
from numbadyn.lowering.stages.draw import DrawStage
from numbadyn.lowering.stages.event_loop import EventLoopStage
from numbadyn.lowering.stages.loop import Instance, LoopStage
from numbadyn.lowering.stages.packing import PackingStage
from numbadyn.lowering.stages.reduction import ReductionStage
from numbadyn.lowering.stages.train import TrainStage
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.merging import merged_rows, worth_merging

__all__ = ["Tables"]


_NO_DELAY = np.zeros(1, np.int32)


def _rows(rows: list[list[int]], columns: int) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(len(rows), columns)


class Tables:
    """Arguments of the generated `run` after the memory.

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
    stages : list of ndarray
        One table a stage kind; three for loops.
    terms : ndarray
        Rows of synaptic terms.
    """

    def __init__(self, memory: Memory, sampled: set[int], place: Callable[[NDArray[Any]], int]) -> None:
        self.memory = memory
        self._sampled = sampled
        self._place = place
        self._alive: dict[int, tuple[NDArray[Any], int]] = {}
        self._terms: list[list[int]] = []
        self.stages: list[NDArray[Any]] = []
        writers: dict[type, Callable[[Any], list[NDArray[Any]]]] = {
            DeliveryStage: self._deliveries,
            CompactionStage: self._compactions,
            PackingStage: self._packings,
            DrawStage: self._draws,
            TrainStage: self._trains,
            ReductionStage: self._reductions,
            EventLoopStage: self._event_loops,
        }
        for stages in memory.program.schedule:
            if isinstance(stages[0], LoopStage):
                self.stages += self._loop(stages[0])
            else:
                self.stages += writers[type(stages[0])](stages)
        self.terms = _rows(self._terms, 15)

    def address(self, array: Any) -> int:
        """Address of an array, which is kept alive; an array that is asked for again is where it was."""
        if id(array) not in self._alive:
            self._alive[id(array)] = (array, self._place(array))
        return self._alive[id(array)][1]

    # ---- loops -------------------------------------------------------------------------------------------------------

    def _slot(self, view: BufferView) -> list[int]:
        memory = self.memory
        if view.buffer.role == "lookup":
            array = memory.program.step.lookups[view.buffer.index].fetch()
            return [self.address(array), array.size, 1, 0, 0, 1]
        start = memory.offsets[view.buffer] + view.offset
        if view.slot == "fixed":
            count = memory.size(view.buffer) if view.count == SYMBOLIC else view.count
            return [start, count, 1, 0, 0, 1]
        depth, width = memory.depths[view.buffer.index], view.buffer.size
        every = memory.windows[view.buffer.index]
        if view.slot == "whole":
            return [start, depth * width, depth, 0, width, every]
        lag = 0 if view.slot == "now" else 1 + memory.lag(view.lag)
        return [start, view.count, depth, lag, width, every]

    def _scalar(self, key: int) -> Any:
        return ~key if key < 0 else self.memory.evaluator.values[key].reshape(-1)[0]

    def _loop(self, loop: LoopStage) -> list[NDArray[Any]]:
        kernel = self.memory.program.kernels[loop.kernel]
        rows: list[list[int]] = []
        reals: list[list[float]] = []
        integers: list[list[int]] = []
        for instance in loop.instances:
            late = all(
                view.buffer.index not in self._sampled
                for view, slot in zip(instance.views, kernel.slots, strict=True)
                if slot.late
            )
            row = [instance.size, *(number for view in instance.views for number in self._slot(view))]
            row.append(self._last_column(instance, late))
            real, whole = self._scalars(kernel, instance)
            if (
                rows
                and self._continues(rows[-1], row, instance, kernel.slots)
                and reals[-1] == real
                and integers[-1] == whole
            ):
                rows[-1] = _joined(rows[-1], row, kernel.slots)
                continue
            rows.append(row)
            reals.append(real)
            integers.append(whole)
        return self._tables_of(kernel, rows, reals, integers)

    def _scalars(self, kernel: Kernel, instance: Instance) -> tuple[list[float], list[int]]:
        """Values of the scalars of an instance: reals, and all others."""
        kinds = [kind for _name, kind in kernel.scalars]
        values = [(self._scalar(key), kind) for key, kind in zip(instance.scalars, kinds, strict=True)]
        reals = [float(value) for value, kind in values if kind == "real"]
        return reals, [int(value) for value, kind in values if kind != "real"]

    def _event_loops(self, stages: tuple[EventLoopStage, ...]) -> list[NDArray[Any]]:
        """As of loops, with the number of a term in place of the size."""
        kernel = self.memory.program.kernels[stages[0].kernel]
        rows, scalars = [], []
        for stage in stages:
            rows.append([len(self._terms), *(n for view in stage.instance.views for n in self._slot(view)), 0])
            scalars.append(self._scalars(kernel, stage.instance))
            self._terms.append(self._term(stage.term) if kernel.events == "pre" else self._post_term(stage.term))
        return self._tables_of(kernel, rows, [real for real, _whole in scalars], [whole for _real, whole in scalars])

    def _tables_of(
        self, kernel: Kernel, rows: list[list[int]], reals: list[list[float]], integers: list[list[int]]
    ) -> list[NDArray[Any]]:
        kinds = [kind for _name, kind in kernel.scalars]
        columns = slot_column(len(kernel.slots)) + 1
        return [
            _rows(rows, columns),
            np.array(reals, dtype=self.memory.R.dtype).reshape(
                len(rows), -1 if rows and reals[0] else kinds.count("real")
            ),
            np.array(integers, dtype=np.int64).reshape(len(rows), len(kinds) - kinds.count("real")),
        ]

    def _last_column(self, instance: Instance, late: bool) -> int:
        return int(late)

    def _goes_on(self, before: list[int], row: list[int]) -> bool:
        """Whether the last columns of two rows let them be one."""
        return before[-1] == row[-1]

    def _continues(self, before: list[int], row: list[int], instance: Instance, slots: tuple[Any, ...]) -> bool:
        """Whether an instance lies right behind the one before in every slot, so that one loop serves both."""
        if not self._goes_on(before, row):
            return False
        for number, (view, slot) in enumerate(zip(instance.views, slots, strict=True)):
            c = slot_column(number)
            if view.slot != "fixed" or slot.access in ("stride", "any"):
                return False
            expected = before[c] if slot.access == "first" else before[c] + before[c + 1]
            if row[c] != expected:
                return False
        return True

    # ---- other stages ------------------------------------------------------------------------------------------------

    def _deliveries(self, stages: tuple[DeliveryStage, ...]) -> list[NDArray[Any]]:
        rows = []
        for chain in self._chains(stages):
            first = len(self._terms)
            for terms in zip(*(stage.terms for stage in chain), strict=True):
                self._terms.append(self._term(terms[0]) if len(chain) == 1 else self._merged_term(chain, terms))
            size = sum(stage.target.size for stage in chain)
            rows.append([self.memory.offsets[chain[0].target], size, int(chain[0].clear), first, len(self._terms)])
        return [_rows(rows, 5)]

    def _chains(self, stages: tuple[DeliveryStage, ...]) -> list[list[DeliveryStage]]:
        """Deliveries in groups that one row of a table can serve: same events, delays and weight, sums side by side."""
        alike: dict[Any, list[DeliveryStage]] = {}
        for number, stage in enumerate(stages):
            kinds = [self._kind_of_term(term) for term in stage.terms]
            alike.setdefault((stage.clear, *kinds) if kinds and None not in kinds else number, []).append(stage)
        chains: list[list[DeliveryStage]] = []
        for group in alike.values():
            group.sort(key=lambda stage: self.memory.offsets[stage.target])
            chain = [group[0]]
            for stage in group[1:]:
                behind = self.memory.offsets[chain[-1].target] + chain[-1].target.size
                if self.memory.offsets[stage.target] == behind and self._mergeable([*chain, stage]):
                    chain.append(stage)
                else:
                    chains.append(chain)
                    chain = [stage]
            chains.append(chain)
        return chains

    def _kind_of_term(self, term: Term) -> tuple[object, ...] | None:
        """What terms that are merged have in common; None for a term that stays alone."""
        table = self.memory.tables[term.connection]
        if term.graded or table.weights.size != 1 or not isinstance(table.targets, np.ndarray):
            return None
        return (
            term.channel, term.base, self.memory.lag(term.lag), term.start, term.stop,
            table.delays.tobytes(), table.offsets.size, float(table.weights.reshape(-1)[0]),
        )  # fmt: skip

    def _mergeable(self, chain: list[DeliveryStage]) -> bool:
        return all(
            worth_merging([self.memory.tables[term.connection] for term in terms])
            for terms in zip(*(stage.terms for stage in chain), strict=True)
        )

    def _merged_term(self, chain: list[DeliveryStage], terms: tuple[Term, ...]) -> list[int]:
        """A term of several connections; their joint rows are made once."""
        row, start = self._term(terms[0]), self.memory.offsets[chain[0].target]
        key = (
            tuple(term.connection for term in terms),
            tuple(self.memory.offsets[stage.target] - start for stage in chain),
        )
        if key not in self.memory.merged:
            self.memory.merged[key] = merged_rows([self.memory.tables[k] for k in key[0]], key[1])
        offsets, targets = self.memory.merged[key]
        row[9], row[10] = self.address(offsets), self.address(targets)
        return row

    def _post_term(self, term: Term) -> list[int]:
        """As of a term, with the rows of postsynaptic neurons: sources stand for targets, places for weights."""
        row, rows = self._term(term), self.memory.post_rows(term.connection)
        row[7], row[8] = 1, self.address(_NO_DELAY)
        row[9], row[10], row[11] = map(self.address, rows)
        return row

    def _term(self, term: Term) -> list[int]:
        memory, table = self.memory, self.memory.tables[term.connection]
        channel = memory.program.step.channels[term.channel]
        weights = table.weights
        if isinstance(weights, np.ndarray):
            weights = np.ascontiguousarray(weights, dtype=memory.R.dtype)
        ring = next((b for b in memory.offsets if b.role == "ring" and b.index == term.channel), None)
        return [
            memory.event_offsets[term.channel], memory.count_offsets[term.channel],
            int(np.prod(channel.shape, dtype=np.int64)),
            memory.depths[term.channel], term.base + memory.lag(term.lag), term.start, term.stop, len(table.delays),
            self.address(np.ascontiguousarray(table.delays, dtype=np.int32)), self.address(table.offsets),
            self.address(table.targets), self.address(weights), int(weights.size == 1), int(term.graded),
            0 if ring is None else memory.offsets[ring],
        ]  # fmt: skip

    def _compactions(self, stages: tuple[CompactionStage, ...]) -> list[NDArray[Any]]:
        memory = self.memory
        rows = [
            [
                memory.offsets[s.source],
                s.source.size,
                KINDS[s.source.kind].code,
                memory.event_offsets[s.channel],
                memory.count_offsets[s.channel],
                memory.depths[s.channel],
            ]
            for s in stages
        ]
        return [_rows(rows, 6)]

    def _packings(self, stages: tuple[PackingStage, ...]) -> list[NDArray[Any]]:
        rows = [[self.memory.offsets[s.source], s.source.size, *self._slot(s.ring)] for s in stages]
        return [_rows(rows, 2 + len(SLOT_COLUMNS))]

    def _draws(self, stages: tuple[DrawStage, ...]) -> list[NDArray[Any]]:
        rows = [
            [self.memory.offsets[stage.target], stage.target.size, *self._slot(stage.mean), stage.stream]
            for stage in stages
        ]
        return [_rows(rows, 9)]

    def _trains(self, stages: tuple[TrainStage, ...]) -> list[NDArray[Any]]:
        rows = []
        for stage in stages:
            steps, elements = self.memory.program.step.trains[stage.train].events(self.memory.evaluator.context)
            steps, elements = (np.ascontiguousarray(part, dtype=np.int64) for part in (steps, elements))
            rows.append(
                [
                    self.memory.offsets[stage.target],
                    stage.target.size,
                    self.address(steps),
                    self.address(elements),
                    steps.size,
                ]
            )
        return [_rows(rows, 5)]

    def _reductions(self, stages: tuple[ReductionStage, ...]) -> list[NDArray[Any]]:
        rows = []
        for stage in stages:
            parts, kind = stage.target.size, stage.source.buffer.kind
            factors = [0, 0, 1, 0, 0, 1] if stage.factors is None else self._slot(stage.factors)
            rows.append(
                [
                    HOW.index(stage.how), KINDS[kind].code, self.memory.offsets[stage.target], parts,
                    stage.source.count // parts, *self._slot(stage.source), *factors,
                ]
            )  # fmt: skip
        return [_rows(rows, 17)]


def _joined(before: list[int], row: list[int], slots: tuple[Any, ...]) -> list[int]:
    joined = list(before)
    joined[0] += row[0]
    for number, slot in enumerate(slots):
        if slot.access != "first":
            joined[slot_column(number, "count")] += row[slot_column(number, "count")]
    return joined
