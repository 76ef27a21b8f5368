"""In which order the states of synapses lie: that of the side whose events go through more of them.

In: the memory of a replica, and how many synapses its loops have met.  Out: states that lie in the order that has cost
less.  Must not know: source text, how chunks are chosen.

Events of one side go through rows of states that lie side by side; those of the other side find them through an index,
a cache line for each, which takes several times longer where the states do not fit into the nearest cache.  No result
hangs on the order: what is computed, and in which order it is added up, is the same.
"""

from __future__ import annotations

from numbadyn.lowering.stages.event_loop import EventLoopStage, event_loop_layout
from numbadyn.runtime.memory import Memory
from numbadyn.runtime.tables import Tables

__all__ = ["Arrangement"]

_VISITS, _FEWEST = 8, 5_000_000
"""States are put into the other order when that would have saved so many ways through the index, for each synapse and
in all: as many as cost about what the change does, so that the two orders never cost more than twice the better one."""
_MET = event_loop_layout(0).column("MET")


class Arrangement:
    """Decides on the order of the states of synapses in a replica.

    Parameters
    ----------
    memory : Memory
        The replica's slice.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._owed: dict[int, int] = {}
        self._loops = [
            (number, row, stage, memory.program.kernels[stage.kernel])
            for number, stages in enumerate(memory.program.schedule)
            for row, stage in enumerate(stages)
            if isinstance(stage, EventLoopStage) and memory.program.kernels[stage.kernel].either
        ]

    def follow(self, tables: Tables) -> bool:
        """Take what loops have met since the last call; whether states lie in another order now.

        Parameters
        ----------
        tables : Tables
            Those by which the loops ran; where the answer is yes they must be made anew.
        """
        for number, row, stage, kernel in self._loops:
            met = tables.stages[number][0][row, _MET : _MET + 1]
            connection = stage.term.connection
            states = sum(slot.access == "each" for slot in kernel.slots)
            along = self._memory.rows.order(connection) == stage.term.order
            saved = int(met[0]) * states * (-1 if along else 1)
            self._owed[connection] = self._owed.get(connection, 0) + saved
            met[0] = 0
        turned = False
        for connection, owed in self._owed.items():
            self._owed[connection] = max(0, owed)
            if owed > _FEWEST + _VISITS * int(self._memory.tables[connection].n_synapses):
                self._memory.turn(connection)
                self._owed[connection], turned = 0, True
        return turned
