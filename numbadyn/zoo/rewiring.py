"""Structural plasticity: synapses that are pruned and grown between the pairs of a rule of connection.

In: pairs that may be joined, a rule that changes weights, when a synapse goes and how many there should be.  Out:
weights that are zero where no synapse is.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import numbadyn.model.random as random
from numbadyn.errors import InvalidParameterError
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.projections.reached import ReachedSynapses
from numbadyn.projections.synapse_state import SynapseState
from numbadyn.units import describe, unit_of
from numbadyn.zoo.bounded import BoundedProj
from numbadyn.zoo.units import ms

__all__ = ["Rewiring"]


class _Alive(SynapseState):
    """Whether there is a synapse; at first where the rule of connection gives a weight other than zero."""

    def _first(self, table: Any, context: Any, stream: int | None) -> NDArray[Any]:
        if self._assigned:
            return super()._first(table, context, stream)
        found: NDArray[Any] = self.owner.weight._first(table, context, stream) != 0
        return found


class Rewiring(BoundedProj):
    r"""Weak synapses are pruned, and others grow in their place, as many as a neuron lacks.

    Parameters
    ----------
    *modules, **options
        As of `BoundedProj`. The rule of connection joins all pairs that may have a synapse; those of weight zero have
        none at first.
    prune_below : quantities.Quantity
        Synapses whose weight is nearer to zero go.
    w_new : quantities.Quantity
        Weight of a new synapse.
    in_degree : float
        How many synapses there should be onto a neuron: where some are missing, each pair without one gets one with the
        same probability.
    interval : quantities.Quantity
        How often (ms).

    Attributes
    ----------
    alive : SynapseState
        Whether there is a synapse.

    Notes
    -----
    Derive from it and a rule that changes weights, as ``class Both(nd.Rewiring, nd.STDP)``. A pair without a synapse
    keeps a place in memory and is visited by spikes, so that pairs are best a part of all pairs: three times as many as
    synapses, say. Spikes that are under way act by what is there when they arrive: they bring nothing where the synapse
    has gone, and pass one that has grown meanwhile. Traces go on where no synapse is.

    References
    ----------
    Butz, M., Worgotter, F. and van Ooyen, A. (2009), Activity-dependent structural plasticity, Brain Research Reviews
    60, 287-305, doi:10.1016/j.brainresrev.2008.12.023.

    Examples
    --------
    >>> import numpy as np
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> class Both(nd.Rewiring, nd.STDP):
    ...     pass
    >>> pre, post = nd.LIF(100), nd.LIF(5)
    >>> first = np.where(np.arange(500) % 5 == 0, 1.0, 0.0) * mV
    >>> comm = nd.AllToAll(100, 5, weight=first)
    >>> p = Both(
    ...     pre, comm=comm, post=post, w_max=2 * mV, prune_below=0.1 * mV, w_new=0.5 * mV, in_degree=20
    ... )
    """

    def __init__(
        self,
        *modules: Any,
        prune_below: ParameterLike,
        w_new: ParameterLike,
        in_degree: ParameterLike,
        interval: ParameterLike = 100.0 * ms,
        **options: Any,
    ) -> None:
        super().__init__(*modules, **options)
        unit = unit_of(self.weight.dimension)
        self.prune_below = Parameter(prune_below, unit=unit, shape=(), negative=False)
        self.w_new = Parameter(w_new, unit=unit, shape=(), check=self._check_new)
        self.in_degree = Parameter(in_degree, unit=1.0, shape=(), negative=False)
        self.interval = Parameter(interval, unit=ms, shape=(), positive=True)
        self.alive = _Alive(False)

    def _check_new(self, new: NDArray[Any], context: Any) -> None:
        """A synapse that grows is within the bounds, and not pruned at once."""
        self.check_within(self.w_new, new, context)
        below = self.prune_below.fetch(context)
        if below.ndim or new.ndim or abs(new) >= below:
            return
        least = describe(below[()] * unit_of(self.w_new.dimension))
        raise InvalidParameterError(
            f"w_new of {self.path} is nearer to zero than prune_below, so that new synapses would go at once.",
            where=f"{self.path}.w_new",
            cure=f"Give a w_new beyond {least}, or a smaller prune_below.",
            w_new=float(new),
        )

    def change(self, s: ReachedSynapses, by: Any) -> None:
        """Add to the weights of the synapses that are there."""
        super().change(s, by)
        s.weight = np.where(s.alive, s.weight, 0.0 * s.weight)

    def on_interval(self, s: ReachedSynapses) -> None:
        """Prune, count, grow."""
        super().on_interval(s)
        kept = s.alive & (np.abs(s.weight) >= self.prune_below)
        there, free = s.sum(kept.astype(float)), s.sum((~kept).astype(float))
        born = ~kept & (random.uniform() * free < self.in_degree - there)
        s.alive = kept | born
        s.weight = np.where(born, self.within(s, self.w_new.value), np.where(kept, s.weight, 0.0 * s.weight))
