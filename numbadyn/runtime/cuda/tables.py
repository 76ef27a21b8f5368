"""Tables of the CUDA target: those of the CPU target, and to which threads the elements of each row belong.

In: a `Program` with its `Memory`.  Out: see `Tables`.  Must not know: source text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.prelude import TERM_COLUMNS
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage, Term
from numbadyn.lowering.stages.draw import DrawStage
from numbadyn.lowering.stages.loop import Instance
from numbadyn.lowering.stages.train import TrainStage
from numbadyn.lowering.waits.owners import Owners
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.tables import Tables

__all__ = ["DeviceTables"]


class DeviceTables(Tables):
    """Tables whose rows of elements end with the number of the first one, see `numbadyn.lowering.waits.owners`.

    Parameters
    ----------
    memory, sampled, place
        See `Tables`.
    owners : Owners
        Numbers of elements.
    """

    def __init__(self, memory: Memory, sampled: set[int], place: Callable[[NDArray[Any]], int], owners: Owners) -> None:
        self._owners = owners
        self._delays: list[NDArray[Any]] = []
        super().__init__(memory, sampled, place)

    def _last_column(self, instance: Instance, late: bool) -> int:
        """Number of the first element; late stores are for threads that keep values from step to step."""
        return self._owners.instance(instance).number

    def _goes_on(self, before: list[int], row: list[int]) -> bool:
        return before[-1] + before[0] == row[-1]

    def _mergeable(self, chain: list[DeliveryStage]) -> bool:
        numbers = [self._owners.buffer(stage.target).number for stage in chain]
        behind = [number + stage.target.size for number, stage in zip(numbers, chain, strict=True)]
        return numbers[1:] == behind[:-1] and super()._mergeable(chain)

    def _deliveries(self, stages: tuple[DeliveryStage, ...]) -> list[NDArray[Any]]:
        (rows,) = super()._deliveries(stages)
        targets = {self.memory.offsets[stage.target]: stage.target for stage in stages}
        return self._with_owners([rows], [targets[begin] for begin in rows[:, 0].tolist()])

    def _term(self, term: Term) -> list[int]:
        self._delays.append(self.memory.tables[term.connection].delays)
        return super()._term(term)

    def pairs(self, rows: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
        """Rows for each term and each of its delays, see `numbadyn.codegen.cuda.delivery_routines`, and their number.

        Parameters
        ----------
        rows : ndarray of int64, shape (n, 6)
            Deliveries of one entry of the schedule.
        bins : int
            How many bins those of other entries have.

        Returns
        -------
        ndarray of int64
            The number, then the rows.
        """
        found: list[list[int]] = []
        lag = TERM_COLUMNS.index("LAG")
        for begin, size, _clear, first, last, _number in rows.tolist():
            turn = len(found)
            for k in range(first, last):
                for slot, delay in enumerate(self._delays[k].tolist()):
                    row = [*self.terms[k].tolist(), slot, begin, bins, len(found) - turn]
                    row[lag] += delay
                    found.append(row)
            bins += size
        return np.array([len(found), *(number for row in found for number in row)], np.int64)

    def _with_owners(self, rows: list[NDArray[Any]], buffers: Sequence[Any]) -> list[NDArray[Any]]:
        numbers = np.array([[self._owners.buffer(buffer).number] for buffer in buffers], np.int64)
        return [np.hstack([rows[0], numbers.reshape(len(buffers), 1)])]

    def _compactions(self, stages: tuple[CompactionStage, ...]) -> list[NDArray[Any]]:
        return self._with_owners(super()._compactions(stages), [stage.source for stage in stages])

    def _draws(self, stages: tuple[DrawStage, ...]) -> list[NDArray[Any]]:
        return self._with_owners(super()._draws(stages), [stage.target for stage in stages])

    def _trains(self, stages: tuple[TrainStage, ...]) -> list[NDArray[Any]]:
        return self._with_owners(super()._trains(stages), [stage.target for stage in stages])
