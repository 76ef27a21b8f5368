"""The order in which users see the elements of states: that of the population, and of synapses that of the rule.

In: values as they lie in memory.  Out: the same in the order of users, and back.  Must not know: units, targets, what
is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.spaces import Space
from numbadyn.ir.synapses import from_rule, to_rule
from numbadyn.simulator.synapses import host

__all__ = ["UserOrder"]


class UserOrder:
    """Tells how many elements a space has, and in which order users see them.

    Parameters
    ----------
    tables : callable
        ``tables()`` gives the synapses of each connection, a list of them for each replica; they are built when states
        of synapses are asked for.
    """

    def __init__(self, tables: Callable[[], Sequence[list[Any]]]) -> None:
        self._tables = tables

    def _table(self, space: Space, replica: int) -> Any:
        assert space.synapses is not None
        return host(self._tables()[replica][space.synapses.connection])

    def counts(self, space: Space) -> list[int]:
        """How many synapses each replica has, of a space of synapses."""
        assert space.synapses is not None
        return [int(tables[space.synapses.connection].n_synapses) for tables in self._tables()]

    def shape(self, space: Space, replica: int | None = None) -> tuple[int, ...]:
        """Shape of what lies in a space, in a replica, or in the one where it is most."""
        if space.synapses is None:
            return space.shape
        counts = self.counts(space)
        return (max(counts) if replica is None else counts[replica],)

    def shown(self, space: Space, values: NDArray[Any], replica: int = 0) -> NDArray[Any]:
        """Values of a replica from memory, as users see them."""
        if space.synapses is None:
            return values.reshape(space.shape)
        table = self._table(space, replica)
        return to_rule(table, values[: int(table.n_synapses)])

    def kept(self, space: Space, values: NDArray[Any], replica: int = 0) -> NDArray[Any]:
        """Values of a replica as users give them, as memory keeps them."""
        return values if space.synapses is None else from_rule(self._table(space, replica), values)

    def places(self, space: Space, elements: NDArray[np.int64], replica: int = 0) -> NDArray[np.int64]:
        """Where elements of a replica lie that users call by these numbers."""
        if space.synapses is None:
            return elements
        table = self._table(space, replica)
        return to_rule(table, np.arange(int(table.n_synapses)))[elements]
