"""The order in which users see the elements of states: that of the population, and of synapses that of the rule.

In: values as they lie in memory.  Out: the same in the order of users, and back.  Must not know: units, targets, what
is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
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
        ``tables()`` gives the synapses of each connection; they are built when states of synapses are asked for.
    """

    def __init__(self, tables: Callable[[], list[Any]]) -> None:
        self._tables = tables

    def _table(self, space: Space) -> Any:
        assert space.synapses is not None
        return host(self._tables()[space.synapses.connection])

    def shape(self, space: Space) -> tuple[int, ...]:
        """Shape of what lies in a space."""
        return space.shape if space.synapses is None else (int(self._table(space).n_synapses),)

    def shown(self, space: Space, values: NDArray[Any]) -> NDArray[Any]:
        """Values from memory, as users see them."""
        if space.synapses is None:
            return values.reshape(space.shape)
        return to_rule(self._table(space), values)

    def kept(self, space: Space, values: NDArray[Any]) -> NDArray[Any]:
        """Values as users give them, as memory keeps them."""
        return values if space.synapses is None else from_rule(self._table(space), values)

    def places(self, space: Space, elements: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where elements lie that users call by these numbers."""
        if space.synapses is None:
            return elements
        return to_rule(self._table(space), np.arange(*self.shape(space)))[elements]
