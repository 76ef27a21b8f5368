"""The table of synapses: what a rule of connection becomes, and how it is read back.

In: the arrays that a builder made.  Out: edges in the order of the rule.  Must not know: which rule made the table, how
spikes are delivered, Numba.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.units import TIME, Dimension, join

__all__ = ["EdgeList", "Places", "PlasticEdgeList", "SynapseTable", "edge_list", "place_synapses"]


class EdgeList(NamedTuple):
    """Synapses as they are read back, one entry for each, in the order of the rule.

    Attributes
    ----------
    pre, post : ndarray of int64, shape (n_synapses,)
        Presynaptic and postsynaptic index.
    weight : ndarray or Quantity, shape (n_synapses,)
        Weight, with its unit where it has one.
    delay : Quantity or ndarray of float64, shape (n_synapses,)
        Delay, a whole number of steps.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: Any
    delay: Any

    @property
    def w(self) -> Any:
        """The weight, in the word of the field."""
        return self.weight


class PlasticEdgeList(EdgeList):
    """Synapses with a dendritic delay each, which is an attribute; they unpack as those of `EdgeList` do.

    Attributes
    ----------
    dendritic_delay : Quantity or ndarray of float64, shape (n_synapses,)
        Time from the synapse to its neuron, and back, a whole number of steps.

    Examples
    --------
    >>> import numpy as np
    >>> found = PlasticEdgeList(np.array([0]), np.array([1]), np.array([0.5]), np.array([1.0]))
    >>> list(found.with_dendrites(np.array([2.0]))._asdict())
    ['pre', 'post', 'weight', 'delay', 'dendritic_delay']
    """

    dendritic_delay: Any = None

    def with_dendrites(self, dendritic_delay: Any) -> PlasticEdgeList:
        """The same synapses with these dendritic delays."""
        other = PlasticEdgeList(*self)
        other.dendritic_delay = dendritic_delay
        return other

    def _replace(self, **changed: Any) -> PlasticEdgeList:
        late = changed.pop("dendritic_delay", self.dendritic_delay)
        return PlasticEdgeList(*super()._replace(**changed)).with_dendrites(late)

    def _asdict(self) -> dict[str, Any]:
        return {**super()._asdict(), "dendritic_delay": self.dendritic_delay}


@dataclass(frozen=True, eq=False)
class SynapseTable:
    """All synapses of a projection, by presynaptic neuron, then delay, then target.

    Parameters
    ----------
    n_pre, n_post : int
        Numbers of neurons.
    delays : ndarray of int32, shape (n_delays,)
        The different delays in steps, ascending; ``[0]`` where there is no delay.
    offsets : ndarray of int64, shape (n_pre * n_delays + 1,)
        Synapses of presynaptic neuron i with ``delays[j]`` stand at ``offsets[i * n_delays + j]`` up to the next
        offset.
    targets : ndarray of uint32, shape (n_synapses,)
        Postsynaptic indices, ascending inside a segment.
    weights : ndarray of float64 or float32, shape (n_synapses,) or (1,)
        Weights in the coherent system; one element where all synapses share it.
    order : ndarray of int64, shape (n_synapses,), optional
        Position of each stored synapse in the order of the rule. It is kept only where it could not be found again: for
        `Edges` in an order of their own, and where several synapses of one pair may differ in delay. Elsewhere it is
        the order by pair, see `positions`.
    dendritic : ndarray of int32, shape (n_synapses,), optional
        Steps from each synapse to its neuron, and back; None where synapses have no such delay each.

    Examples
    --------
    >>> table = SynapseTable(
    ...     2, 3, np.array([0, 5], np.int32), np.array([0, 1, 2, 2, 3]), np.array([2, 0, 1], np.uint32), np.array([0.5])
    ... )
    >>> [array.tolist() for array in table.edges(0.1)]
    [[0, 0, 1], [0, 2, 1], [0.5, 0.5, 0.5], [0.5, 0.0, 0.5]]
    """

    n_pre: int
    n_post: int
    delays: NDArray[np.int32]
    offsets: NDArray[np.int64]
    targets: NDArray[np.uint32]
    weights: NDArray[np.floating[Any]]
    order: NDArray[np.int64] | None = None
    dendritic: NDArray[np.int32] | None = None

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return int(self.targets.size)

    @property
    def n_delays(self) -> int:
        """Number of different delays."""
        return int(self.delays.size)

    @property
    def nbytes(self) -> int:
        """Memory of all arrays together, in bytes."""
        arrays = (self.delays, self.offsets, self.targets, self.weights, self.order, self.dendritic)
        return sum(array.nbytes for array in arrays if array is not None)

    def positions(self) -> NDArray[np.int64] | None:
        """Find where each stored synapse stands in the order of the rule.

        Returns
        -------
        ndarray of int64, shape (n_synapses,), or None
            None where the stored order already is the order of the rule. An array of one value for each synapse in the
            order of the rule is brought into the stored order by ``array[positions]``.
        """
        if self.order is not None:
            return self.order
        if self.n_delays == 1:
            return None
        pair = self._pre() * self.n_post + self.targets
        if bool(np.all(pair[1:] >= pair[:-1])):
            return None
        positions = np.empty(self.n_synapses, dtype=np.int64)
        positions[np.argsort(pair, kind="stable")] = np.arange(self.n_synapses)
        return positions

    def edges(
        self, dt: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.floating[Any]], NDArray[np.float64]]:
        """Give the synapses in the order of the rule.

        Parameters
        ----------
        dt : float
            Time step in ms.

        Returns
        -------
        pre, post : ndarray of int64, shape (n_synapses,)
            Indices.
        weight : ndarray of float64 or float32, shape (n_synapses,)
            Weights in the coherent system.
        delay : ndarray of float64, shape (n_synapses,)
            Delays in ms.
        """
        steps = np.repeat(np.tile(self.delays, self.n_pre), np.diff(self.offsets))
        weight: NDArray[np.floating[Any]] = np.broadcast_to(self.weights, self.targets.shape)
        pre, post, delay = self._pre(), self.targets.astype(np.int64), steps * np.float64(dt)
        positions = self.positions()
        if positions is None:
            return pre, post, weight.copy(), delay
        stored = np.empty(self.n_synapses, dtype=np.int64)
        stored[positions] = np.arange(self.n_synapses)
        return pre[stored], post[stored], weight[stored], delay[stored]

    def _pre(self) -> NDArray[np.int64]:
        """Give the presynaptic index of each stored synapse."""
        return np.repeat(np.arange(self.n_pre), np.diff(self.offsets[:: self.n_delays]))


class Places(NamedTuple):
    """Which neurons of two populations those of a rule are.

    Attributes
    ----------
    n_pre, n_post : int
        Sizes of the populations.
    pre, post : ndarray of int64 or None
        Number in the population of each neuron of the rule; None where the rule is about all of them.
    """

    n_pre: int
    n_post: int
    pre: NDArray[np.int64] | None
    post: NDArray[np.int64] | None


def place_synapses(table: SynapseTable, places: Places | None) -> SynapseTable:
    """The table of a rule between parts of populations, as one between the populations.

    Parameters
    ----------
    table : SynapseTable
        Made for the numbers of neurons of the rule.
    places : Places or None
        Who they are; None changes nothing.

    Returns
    -------
    SynapseTable
        The same synapses, in the same order of the rule; neurons outside of the parts have none.

    Examples
    --------
    >>> one = SynapseTable(2, 2, np.zeros(1, np.int32), np.array([0, 1, 2]), np.array([1, 0], np.uint32), np.ones(1))
    >>> moved = place_synapses(one, Places(5, 5, np.array([4, 1]), np.array([0, 3])))
    >>> [array.tolist() for array in moved.edges(0.1)[:2]]
    [[4, 1], [3, 0]]
    """
    if places is None:
        return table
    n_delays = table.n_delays
    pre = np.arange(table.n_pre) if places.pre is None else places.pre
    post = np.arange(table.n_post) if places.post is None else places.post
    lengths = np.zeros((places.n_pre, n_delays), dtype=np.int64)
    lengths[pre] = np.diff(table.offsets).reshape(table.n_pre, n_delays)
    offsets = np.concatenate([[0], np.cumsum(lengths.reshape(-1))])
    targets, weights, order = post[table.targets].astype(np.uint32), table.weights, table.order
    if np.any(np.diff(pre) < 0) or np.any(np.diff(post) < 0):
        segments = np.repeat((pre[:, None] * n_delays + np.arange(n_delays)).reshape(-1), np.diff(table.offsets))
        moved = np.lexsort((targets, segments))
        positions = table.positions()
        order = moved if positions is None else positions[moved]
        targets = targets[moved]
        weights = weights if weights.size == 1 else weights[moved]
    return SynapseTable(places.n_pre, places.n_post, table.delays, offsets, targets, weights, order)


def edge_list(table: SynapseTable, dt: float, weight_dimension: Dimension) -> EdgeList:
    """Read a table back with units.

    Parameters
    ----------
    table : SynapseTable
        The table.
    dt : float
        Time step in ms.
    weight_dimension : Dimension
        What the weights measure; the rule knows it.

    Returns
    -------
    EdgeList
        Indices, weights and delays in the order of the rule.
    """
    pre, post, weight, delay = table.edges(dt)
    return EdgeList(pre, post, join(weight, weight_dimension), join(delay, TIME))
