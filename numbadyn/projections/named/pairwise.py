"""Projections that decide by chance about each pair of neurons.

In: two populations, a probability or a mean, models of a synapse and an output.  Out: an `AlignPostProj`.  Must not
know: which models there are.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import ConnectivityError
from numbadyn.model.typing import ParameterLike
from numbadyn.projections.connectivity import Connectivity, FixedProb, PairwisePoisson, SymmetricPairwiseBernoulli
from numbadyn.projections.named.base import Ends, RuleProj
from numbadyn.projections.typing import PopulationLike, PresynapticLike

__all__ = ["PairwiseBernoulliProj", "PairwisePoissonProj", "SymmetricPairwiseBernoulliProj"]


class PairwiseBernoulliProj(RuleProj):
    """Each pair of neurons with one probability: `FixedProb` and `AlignPostProj` in one.

    Parameters
    ----------
    pre, post, **options
        See `RuleProj`.
    p : float, callable or Initialiser
        Probability of a synapse, 0 to 1; or a function of both ends, see `FixedProb`.

    Raises
    ------
    ConnectivityError
        `p` is no probability.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> A, B = nd.LIF(100), nd.LIF(50)
    >>> models = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
    >>> proj = nd.PairwiseBernoulliProj(A, B, p=0.1, weight=1 * nS, delay=1.5 * ms, **models)
    """

    def __init__(self, pre: PresynapticLike, post: PopulationLike, *, p: ParameterLike, **options: Any) -> None:
        super().__init__(
            pre,
            post,
            lambda ends: FixedProb(ends.in_size, ends.out_size, p, ends.weight, ends.autapses),
            **options,
        )


class SymmetricPairwiseBernoulliProj(RuleProj):
    """Both directions of each pair of neurons with one probability: `SymmetricPairwiseBernoulli` and `AlignPostProj`.

    Parameters
    ----------
    pre, post, **options
        See `RuleProj`; `pre` and `post` must be the same population.
    p : float
        Probability that two neurons are connected, 0 to 1.

    Raises
    ------
    ConnectivityError
        `p` is no probability, or these are two populations.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> A = nd.LIF(100)
    >>> models = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
    >>> proj = nd.SymmetricPairwiseBernoulliProj(A, A, p=0.1, weight=1 * nS, **models)
    """

    def __init__(self, pre: PresynapticLike, post: PopulationLike, *, p: float, **options: Any) -> None:
        def rule(ends: Ends) -> Connectivity:
            if not ends.recurrent:
                raise ConnectivityError(
                    f"{type(self).__name__} needs one population, but pre is {pre!r} and post is {post!r}.",
                    where=f"{type(self).__name__}(pre, post)",
                    cure="Give one population twice; between two populations use PairwiseBernoulliProj.",
                    pre=pre,
                    post=post,
                )
            return SymmetricPairwiseBernoulli(ends.in_size, ends.out_size, p, ends.weight, ends.autapses)

        super().__init__(pre, post, rule, **options)


class PairwisePoissonProj(RuleProj):
    """A Poisson number of synapses for each pair of neurons: `PairwisePoisson` and `AlignPostProj` in one.

    Parameters
    ----------
    pre, post, **options
        See `RuleProj`.
    mean : float
        Mean number of synapses of a pair.

    Raises
    ------
    ConnectivityError
        `mean` is negative or no number, or `multapses` is False.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> A, B = nd.LIF(100), nd.LIF(50)
    >>> models = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
    >>> proj = nd.PairwisePoissonProj(A, B, mean=0.1, weight=1 * nS, **models)
    """

    def __init__(self, pre: PresynapticLike, post: PopulationLike, *, mean: float, **options: Any) -> None:
        def rule(ends: Ends) -> Connectivity:
            if not ends.multapses:
                raise ConnectivityError(
                    f"{type(self).__name__} gives a pair any number of synapses, but multapses is False.",
                    where=f"{type(self).__name__}(multapses)",
                    cure="Leave multapses at True, or use PairwiseBernoulliProj.",
                    type=type(self).__name__,
                )
            return PairwisePoisson(ends.in_size, ends.out_size, mean, ends.weight, ends.autapses)

        super().__init__(pre, post, rule, **options)
