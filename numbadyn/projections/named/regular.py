"""Projections without chance: neuron i onto neuron i, and all onto all.

In: two populations, models of a synapse and an output.  Out: an `AlignPostProj`.  Must not know: which models there
are.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import ConnectivityError
from numbadyn.projections.connectivity import AllToAll, Connectivity, OneToOne
from numbadyn.projections.named.base import Ends, RuleProj
from numbadyn.projections.typing import PopulationLike, PresynapticLike

__all__ = ["AllToAllProj", "OneToOneProj"]


class OneToOneProj(RuleProj):
    """Neuron i onto neuron i: `OneToOne` and `AlignPostProj` in one.

    Parameters
    ----------
    pre, post, **options
        See `RuleProj`; the numbers of neurons must be equal.

    Raises
    ------
    ConnectivityError
        The numbers differ, or `autapses` forbids all synapses of a population onto itself.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> A, B = nd.LIF(3), nd.LIF(3)
    >>> proj = nd.OneToOneProj(A, B, weight=1 * nS, syn=nd.Expon.desc(tau=5 * ms), out=nd.COBA.desc(E=0 * mV))
    >>> proj.edges(dt=0.1 * ms).post
    array([0, 1, 2])
    """

    def __init__(self, pre: PresynapticLike, post: PopulationLike, **options: Any) -> None:
        def rule(ends: Ends) -> Connectivity:
            if not ends.autapses:
                raise ConnectivityError(
                    f"{type(self).__name__} connects each neuron to itself, which autapses=False forbids.",
                    where=f"{type(self).__name__}(autapses)",
                    cure="Leave autapses at True, or choose another rule.",
                    type=type(self).__name__,
                )
            return OneToOne(ends.in_size, ends.out_size, ends.weight)

        super().__init__(pre, post, rule, **options)


class AllToAllProj(RuleProj):
    """Every neuron onto every neuron: `AllToAll` and `AlignPostProj` in one.

    Parameters
    ----------
    pre, post, **options
        See `RuleProj`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> A = nd.LIF(3)
    >>> models = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
    >>> nd.AllToAllProj(A, A, weight=1 * nS, autapses=False, **models).comm.n_synapses
    6
    """

    def __init__(self, pre: PresynapticLike, post: PopulationLike, **options: Any) -> None:
        super().__init__(pre, post, lambda ends: AllToAll(*ends[:3], ends.autapses), **options)
