"""Projections with a fixed number of synapses: onto each neuron, of each neuron, or in all.

In: two populations, a number, models of a synapse and an output.  Out: an `AlignPostProj`.  Must not know: which models
there are.
"""

from __future__ import annotations

from typing import Any

from numbadyn.projections.connectivity import FixedInDegree, FixedOutDegree, FixedTotalNumber
from numbadyn.projections.named.base import Ends, RuleProj
from numbadyn.projections.typing import PopulationLike, PresynapticLike

__all__ = ["FixedIndegreeProj", "FixedOutdegreeProj", "FixedTotalNumberProj"]


class FixedIndegreeProj(RuleProj):
    """The same number of synapses onto each neuron: `FixedInDegree` and `AlignPostProj` in one.

    Parameters
    ----------
    pre, post, **options
        See `RuleProj`.
    K : int
        Number of synapses onto each postsynaptic neuron. With multapses, the default, their sources are drawn
        independently; without, they are different neurons.
    prob : callable or Initialiser, optional
        How likely each pair is in comparison to others; see `FixedInDegree`.

    Raises
    ------
    ConnectivityError
        `K` is negative, not whole, or more than there are.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> A, B = nd.LIF(100), nd.LIF(50)
    >>> models = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
    >>> nd.FixedIndegreeProj(A, B, K=10, weight=1 * nS, **models).comm.n_synapses
    500
    """

    def __init__(self, pre: PresynapticLike, post: PopulationLike, *, K: int, prob: Any = None, **options: Any) -> None:
        super().__init__(pre, post, lambda ends: FixedInDegree(*_with_number(ends, K, prob)), **options)


class FixedOutdegreeProj(RuleProj):
    """The same number of synapses of each neuron: `FixedOutDegree` and `AlignPostProj` in one.

    Parameters
    ----------
    pre, post, **options
        See `RuleProj`.
    K : int
        Number of synapses of each presynaptic neuron; for multapses see `FixedIndegreeProj`.
    prob : callable or Initialiser, optional
        How likely each pair is in comparison to others; see `FixedOutDegree`.

    Raises
    ------
    ConnectivityError
        `K` is negative, not whole, or more than there are.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> A, B = nd.LIF(100), nd.LIF(50)
    >>> models = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
    >>> nd.FixedOutdegreeProj(A, B, K=10, weight=1 * nS, **models).comm.n_synapses
    1000
    """

    def __init__(self, pre: PresynapticLike, post: PopulationLike, *, K: int, prob: Any = None, **options: Any) -> None:
        super().__init__(pre, post, lambda ends: FixedOutDegree(*_with_number(ends, K, prob)), **options)


class FixedTotalNumberProj(RuleProj):
    """A number of synapses spread over all pairs: `FixedTotalNumber` and `AlignPostProj` in one.

    Parameters
    ----------
    pre, post, **options
        See `RuleProj`.
    N : int
        Number of synapses of the whole projection.

    Raises
    ------
    ConnectivityError
        `N` is negative, not whole, or more than there are.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> A, B = nd.LIF(100), nd.LIF(50)
    >>> models = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
    >>> nd.FixedTotalNumberProj(A, B, N=70, weight=1 * nS, **models).comm.n_synapses
    70
    """

    def __init__(self, pre: PresynapticLike, post: PopulationLike, *, N: int, **options: Any) -> None:
        super().__init__(pre, post, lambda ends: FixedTotalNumber(*_with_number(ends, N)), **options)


def _with_number(ends: Ends, number: Any, *more: Any) -> tuple[Any, ...]:
    """Give the arguments of the rules with a fixed number of synapses."""
    return ends.in_size, ends.out_size, number, ends.weight, ends.autapses, ends.multapses, *more
