"""Where the states of synapses lie: in rows, of the neurons on one side or the other, with a gap between two of them.

In: synapse tables.  Out: places of synapses, as loops over the events of either side meet them.  Must not know: source
text, which order is better.

Events of one side go along rows, those of the other across.  Where all rows are alike and their length is a number of
cache lines with many factors of two, what lies at one place in each would fall into few sets of a cache and drive out
what it has just fetched; so rows of a whole matrix begin an odd number of lines after each other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.spaces import Order
from numbadyn.ir.synapses import PostRows, by_post, presynaptic
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.event_loop import EventLoopStage

__all__ = ["Derived", "StateRows", "met_from_both_sides", "room_for_gaps"]

_SHORT = 32
"""Rows of fewer lines stay together: a line more or less is much for them."""


class Derived:
    """What follows from synapse tables, made when it is needed first; replicas that share the tables share it.

    Attributes
    ----------
    merged : dict
        Connections delivered together, and shifts of their targets -> offsets and targets of their joint rows.
    post_rows : dict
        Connection -> its targets, and the rows of its synapses by postsynaptic neuron.
    across : dict
        Connection, and the side whose rows states lie in -> rows by postsynaptic neuron, and the places of states in
        the order of the other side.
    """

    def __init__(self) -> None:
        self.merged: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[NDArray[np.int64], NDArray[np.uint32]]] = {}
        self.post_rows: dict[int, tuple[NDArray[np.uint32], PostRows]] = {}
        self.across: dict[tuple[int, Order], tuple[PostRows, NDArray[np.uint32]]] = {}


def met_from_both_sides(program: Program) -> set[int]:
    """Connections whose synapses are reached by events of both sides, and may lie in rows of either."""
    stages = (stage for group in program.schedule for stage in group if isinstance(stage, EventLoopStage))
    return {stage.term.connection for stage in stages if program.kernels[stage.kernel].either}


def _gap(table: Any, order: Order, line: int) -> int:
    """Elements between two rows of the neurons of a side, with so many elements in a line of the cache."""
    length = table.n_post if order == "pre" else table.n_pre
    if table.n_synapses != table.n_pre * table.n_post or length < _SHORT * line:
        return 0
    return int((line - length) % (2 * line))


def room_for_gaps(table: Any, line: int) -> int:
    """Elements that states need beside those of the synapses, whichever rows they lie in."""
    return max(int(table.n_pre) * _gap(table, "pre", line), int(table.n_post) * _gap(table, "post", line))


class StateRows:
    """Where the states of the synapses of a replica lie.

    Parameters
    ----------
    tables : list of SynapseTable
        Of all connections.
    derived : Derived
        What follows from them.
    line : int
        Reals in a line of the cache.
    either : collection of int
        Connections for which there may be gaps; states of all others lie as the table of synapses has them.

    Attributes
    ----------
    by_post : set of int
        Connections whose states lie by postsynaptic neuron.
    """

    def __init__(self, tables: list[Any], derived: Derived, line: int, either: Collection[int]) -> None:
        self._tables, self._derived = tables, derived
        self._gaps = {
            connection: {order: _gap(tables[connection], order, line) for order in ("pre", "post")}
            for connection in either
        }
        self.by_post: set[int] = set()

    def post_rows(self, connection: int) -> PostRows:
        """Synapses of a connection by postsynaptic neuron; found once, other weights do not change them."""
        targets, found = self._tables[connection].targets, self._derived.post_rows
        known = found.get(connection)
        if known is None or known[0] is not targets:
            known = found[connection] = targets, by_post(self._tables[connection])
        return known[1]

    def order(self, connection: int) -> Order:
        """The side in whose rows states lie."""
        return "post" if connection in self.by_post else "pre"

    def gap(self, connection: int) -> int:
        """Elements between two rows."""
        return self._gaps.get(connection, {}).get(self.order(connection), 0)

    def across(self, connection: int) -> NDArray[np.uint32]:
        """Places of states in the order in which events of the other side meet them."""
        order, rows = self.order(connection), self.post_rows(connection)
        known = self._derived.across.get((connection, order))
        if known is None or known[0] is not rows:
            known = self._derived.across[connection, order] = rows, self._across(connection, rows)
        return known[1]

    def _across(self, connection: int, rows: PostRows) -> NDArray[np.uint32]:
        gap = np.uint32(self.gap(connection))
        if self.order(connection) == "pre":
            return rows.synapses + rows.sources * gap if gap else rows.synapses
        places = np.empty_like(rows.synapses)
        places[rows.synapses] = np.arange(places.size, dtype=places.dtype)
        return places + self._tables[connection].targets * gap if gap else places

    def places(self, connection: int) -> NDArray[Any] | None:
        """Places of states in the order of the table of synapses; None where they lie in this order, side by side."""
        if connection in self.by_post:
            return self.across(connection)
        gap, table = self.gap(connection), self._tables[connection]
        return np.arange(table.n_synapses) + gap * presynaptic(table) if gap else None
