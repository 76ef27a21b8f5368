"""Tables of the CUDA target: those of the CPU target, and to which threads the elements of each row belong.

In: a `Program` with its `Memory`.  Out: see `Tables`.  Must not know: source text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.codegen.cuda.stages.delivery import PAIR
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.stages.delivery import TERM, DeliveryStage
from numbadyn.lowering.stages.loop import Instance
from numbadyn.lowering.waits.owners import Owners
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.tables import Tables

__all__ = ["DeviceTables"]


class DeviceTables(Tables):
    """Tables whose rows say whose elements are whose, see `numbadyn.lowering.waits.owners`.

    Parameters
    ----------
    memory, sampled, place
        See `Tables`.
    owners : Owners
        Numbers of elements.
    """

    def __init__(self, memory: Memory, sampled: set[int], place: Callable[[NDArray[Any]], int], owners: Owners) -> None:
        self._owners = owners
        super().__init__(memory, sampled, place)

    def may_wait(self, instance: Instance, kernel: int) -> bool:
        """Late stores are for threads that keep values from step to step."""
        return False

    def doubts(self, connection: int) -> int:
        """All states are looked at, by all threads."""
        return 0

    def owner(self, buffer: Buffer) -> int:
        """Number of the first element of a buffer, which tells its thread."""
        return self._owners.buffer(buffer).number

    def owner_of_instance(self, instance: Instance) -> int:
        """Number of the first element that a loop runs over."""
        return self._owners.instance(instance).number

    def adjoins(self, first: int, size: int, second: int) -> bool:
        """Whether the threads of the second elements follow those of the first ones."""
        return first + size == second

    def pairs(self, rows: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
        """Rows for each term and each of its delays (see `PAIR`), and their number.

        Parameters
        ----------
        rows : ndarray of int64
            Deliveries of one entry of the schedule.
        bins : int
            How many bins those of other entries have.

        Returns
        -------
        ndarray of int64
            The number, how many threads an event gets at least, then the rows.
        """
        found: list[list[int]] = []
        lengths: list[float] = []
        for delivery in (dict(zip(DeliveryStage.layout.columns, row, strict=True)) for row in rows.tolist()):
            turn = len(found)
            for k in range(delivery["FIRST_TERM"], delivery["LAST_TERM"]):
                term = dict(zip(TERM.columns, self.terms[k].tolist(), strict=True))
                delays = self.term_delays[k].tolist()
                lengths += [self.term_synapses[k] / max(1, (term["STOP"] - term["START"]) * len(delays))] * len(delays)
                for slot, delay in enumerate(delays):
                    moved = {**term, "LAG": term["LAG"] + delay}
                    place = {"SLOT": slot, "SUM": delivery["TARGET"], "BIN": bins, "TURN": len(found) - turn}
                    found.append(PAIR.row(**moved, **place))
            bins += delivery["SIZE"]
        return np.array([len(found), _narrowest(lengths), *(number for row in found for number in row)], np.int64)


def _narrowest(lengths: list[float]) -> int:
    """How many threads share the synapses of an event at least, of which each has four on their way at once."""
    mean = sum(lengths) / len(lengths) / 4 if lengths else 1.0
    return 1 << min(5, max(0, int(mean).bit_length() - 1))
