"""Rules of connection that decide about each pair of neurons: how many synapses it has, or both directions at once.

In: sizes, a mean or a probability.  Out: checked specifications (the synapses themselves are made later, in compiled
code).  Must not know: how they are drawn, Numba.
"""

from numbadyn.errors import ConnectivityError
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.projections.connectivity.base import Connectivity, show
from numbadyn.projections.connectivity.spellings import spelled

__all__ = ["PairwisePoisson", "SymmetricPairwiseBernoulli"]


class PairwisePoisson(Connectivity):
    r"""Each ordered pair of neurons has a Poisson number of synapses, independently of the others.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    mean : float
        Mean number of synapses of a pair, 0 or more; it may exceed 1.
    weight
        See `Connectivity`.
    autapses : bool
        Whether a neuron of a population that projects onto itself may connect to itself.

    Raises
    ------
    ConnectivityError
        If `mean` is negative or no plain number, or `autapses` is False between populations of different sizes.

    Notes
    -----
    A pair has k synapses with the probability :math:`m^k e^{-m} / k!`. The synapses of a presynaptic neuron are the
    points of a Poisson process along its row of pairs, drawn by their exponential distances, so the cost is in the
    synapses, not in the pairs.

    Examples
    --------
    >>> PairwisePoisson(100, 100, mean=0.1).mean
    0.1
    """

    @spelled
    def __init__(
        self, in_size: SizeLike, out_size: SizeLike, mean: float, weight: ParameterLike = 1.0, autapses: bool = True
    ) -> None:
        super().__init__(in_size, out_size, weight)
        self.mean = self._plain_number(mean)
        if not 0.0 <= self.mean < float("inf"):
            raise ConnectivityError(
                f"The mean number of synapses of a pair is {show(mean)}.",
                where=self._place("mean"),
                cure="Give a number, 0 or more, without a unit.",
                mean=mean,
            )
        self.autapses = bool(autapses)
        if not self.autapses:
            self._need_equal_sizes("autapses")
        self.check_weight_shape(None)

    @property
    def expected_synapses(self) -> float:
        """Mean number of synapses."""
        return self.mean * self.n_pre * (self.n_post - (not self.autapses))

    @property
    def n_synapses(self) -> None:
        """None, because chance decides it."""
        return

    @property
    def may_repeat(self) -> bool:
        """Whether a pair of neurons may have more than one synapse: yes."""
        return True


class SymmetricPairwiseBernoulli(Connectivity):
    """Each pair of neurons of one population is connected in both directions, with one probability.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`; they must be equal: pre- and postsynaptic neurons are the same population.
    prob : float
        Probability that two neurons are connected, 0 to 1.
    weight
        See `Connectivity`. The weights of both directions are drawn apart; an array of shape ``(n, n)`` makes them
        equal.
    autapses : bool
        Whether neurons may connect to themselves (one synapse, with the same probability).

    Raises
    ------
    ConnectivityError
        If `prob` is outside of [0, 1], or the sizes differ.

    Notes
    -----
    Where i connects to j, j connects to i. Pairs of neurons are independent of each other. The table is filled in place
    in two passes over the same random numbers, and nothing else is of its size.

    Examples
    --------
    >>> SymmetricPairwiseBernoulli(100, 100, prob=0.1)
    SymmetricPairwiseBernoulli(100 -> 100)
    """

    @spelled
    def __init__(
        self, in_size: SizeLike, out_size: SizeLike, prob: float, weight: ParameterLike = 1.0, autapses: bool = True
    ) -> None:
        super().__init__(in_size, out_size, weight)
        self.prob = self._probability("prob", prob)
        if self.n_pre != self.n_post:
            raise ConnectivityError(
                f"Symmetric synapses need one population, but in_size is {self._show(self.in_size)} and out_size is "
                f"{self._show(self.out_size)}.",
                where=self._place("in_size, out_size"),
                cure="Give equal sizes; between two populations use FixedProb.",
                in_size=self._show(self.in_size),
                out_size=self._show(self.out_size),
            )
        self.autapses = bool(autapses)
        self.check_weight_shape(None)

    @property
    def expected_synapses(self) -> float:
        """Mean number of synapses."""
        return self.prob * self.n_pre * (self.n_post - (not self.autapses))

    @property
    def n_synapses(self) -> None:
        """None, because chance decides it."""
        return
