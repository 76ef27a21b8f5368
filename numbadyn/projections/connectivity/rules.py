"""Rules of connection that need no list of synapses: regular ones and random ones.

In: sizes, numbers and probabilities.  Out: checked specifications (the synapses themselves are made later, in compiled
code).  Must not know: how they are drawn, Numba.
"""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ConnectivityError
from numbadyn.model.init import OfPairs
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.projections.connectivity.base import Connectivity, check_flag, show
from numbadyn.projections.connectivity.chances import ByChance, is_of_pairs
from numbadyn.projections.connectivity.spellings import spelled

__all__ = ["AllToAll", "FixedInDegree", "FixedOutDegree", "FixedProb", "FixedTotalNumber", "OneToOne"]


class AllToAll(Connectivity):
    """Every presynaptic neuron onto every postsynaptic neuron.

    Parameters
    ----------
    in_size, out_size, weight
        See `Connectivity`.
    autapses : bool
        Whether neuron i of a population that projects onto itself connects to neuron i.

    Raises
    ------
    ConnectivityError
        If `autapses` is False between populations of different sizes.

    Examples
    --------
    >>> AllToAll(3, 4).n_synapses
    12
    """

    @spelled
    def __init__(
        self, in_size: SizeLike, out_size: SizeLike, weight: ParameterLike = 1.0, autapses: bool = True
    ) -> None:
        super().__init__(in_size, out_size, weight)
        self.autapses = check_flag(autapses, "autapses", type(self).__name__)
        if not self.autapses:
            self._need_equal_sizes("autapses")
        self.check_weight_shape(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.n_pre * (self.n_post if self.autapses else self.n_post - 1)


class OneToOne(Connectivity):
    """Neuron i onto neuron i.

    Parameters
    ----------
    in_size, out_size, weight
        See `Connectivity`; the numbers of neurons must be equal.

    Raises
    ------
    ConnectivityError
        If the numbers of neurons differ.

    Examples
    --------
    >>> OneToOne(4, (2, 2)).n_synapses
    4
    """

    def __init__(self, in_size: SizeLike, out_size: SizeLike, weight: ParameterLike = 1.0) -> None:
        super().__init__(in_size, out_size, weight)
        if self.n_pre != self.n_post:
            raise ConnectivityError(
                f"One-to-one needs equal sizes, but in_size is {self._show(self.in_size)} ({self.n_pre} neurons) and "
                f"out_size is {self._show(self.out_size)} ({self.n_post} neurons).",
                where=self._place("in_size, out_size"),
                cure="Give equal sizes, or name the pairs with Edges.",
                n_pre=self.n_pre,
                n_post=self.n_post,
            )
        self.check_weight_shape(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.n_pre


class FixedProb(ByChance):
    """Each ordered pair of neurons is connected with one probability, independently of the others.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    prob : float, callable or Initialiser
        Probability of a synapse, 0 to 1; or that of each pair, as a function of both ends, ``lambda i, j: ...`` (see
        ``nd.init.OfPairs``), or of their distance (``nd.init.OfDistance``).
    weight
        See `Connectivity`.
    autapses : bool
        Whether a neuron of a population that projects onto itself may connect to itself.

    Raises
    ------
    ConnectivityError
        If `prob` is outside of [0, 1] (of a function when the synapses are made), or `autapses` is False between
        populations of different sizes.

    Notes
    -----
    With one probability, the targets of a presynaptic neuron are found by geometric skips, so the cost is in the
    synapses, not in the pairs. A function is asked for all pairs, some hundred thousand at a time.

    Examples
    --------
    >>> FixedProb(100, 100, prob=0.1).prob
    0.1
    >>> import numbadyn as nd
    >>> places = np.linspace(0.0, 1.0, 100)
    >>> near = FixedProb(100, 100, prob=nd.init.OfDistance(lambda d: np.exp(-10 * d), places))
    """

    prob: float | OfPairs

    @spelled
    def __init__(
        self,
        in_size: SizeLike,
        out_size: SizeLike,
        prob: ParameterLike,
        weight: ParameterLike = 1.0,
        autapses: bool = True,
    ) -> None:
        super().__init__(in_size, out_size, weight)
        self.prob = self._chance_of_pairs(prob) if is_of_pairs(prob) else self._probability("prob", prob)
        self.autapses = check_flag(autapses, "autapses", type(self).__name__)
        if not self.autapses:
            self._need_equal_sizes("autapses")
        self.check_weight_shape(None)

    @property
    def expected_synapses(self) -> float:
        """Mean number of synapses; with a function, estimated from up to 65,536 pairs."""
        prob = self.prob
        if isinstance(prob, OfPairs):
            prob = float(self.chances(*_some_pairs(self.n_pre, self.n_post)).mean())
        return prob * self.n_pre * (self.n_post - (not self.autapses))

    @property
    def n_synapses(self) -> None:
        """None, because chance decides it."""
        return


def _some_pairs(n_pre: int, n_post: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs, or 65,536 that are spread evenly over both ends at once, so that no row or diagonal stands for all."""
    pairs, most = n_pre * n_post, 1 << 16
    if pairs <= most:
        number = np.arange(pairs)
        return number // n_post, number % n_post
    # Multiples of these two numbers, without their integer parts, fill the square evenly (the sequence R2 of Roberts).
    shares = (np.arange(1, most + 1)[:, None] * [0.7548776662466927, 0.5698402909980532]) % 1.0
    i, j = (shares * [n_pre, n_post]).astype(np.int64).T
    return i, j


class _FixedNumber(Connectivity):
    """What the rules with a fixed number of synapses share."""

    def __init__(
        self, in_size: SizeLike, out_size: SizeLike, num: int, weight: ParameterLike, autapses: bool, multapses: bool
    ) -> None:
        super().__init__(in_size, out_size, weight)
        self.autapses = check_flag(autapses, "autapses", type(self).__name__)
        self.multapses = check_flag(multapses, "multapses", type(self).__name__)
        if not self.autapses:
            self._need_equal_sizes("autapses")
        choices = self._choices()
        limit = None if self.multapses and choices > 0 else choices
        self.num = self._count("num", num, most=limit, cure=self._cure())
        self.check_weight_shape(self.n_synapses)

    @abstractmethod
    def _choices(self) -> int:
        """Give how many different partners or pairs there are to choose from."""

    def _cure(self) -> str:
        return "Ask for fewer, enlarge the populations, or allow several synapses for each pair with multapses=True."

    @property
    def may_repeat(self) -> bool:
        """Whether a pair of neurons may have more than one synapse."""
        return self.multapses


class _FixedDegree(_FixedNumber, ByChance):
    """What rules with a fixed number of synapses for each neuron share: how likely different partners are."""

    relative = True
    prob: OfPairs | None

    def __init__(
        self,
        in_size: SizeLike,
        out_size: SizeLike,
        num: int,
        weight: ParameterLike,
        autapses: bool,
        multapses: bool,
        prob: Any,
    ) -> None:
        super().__init__(in_size, out_size, num, weight, autapses, multapses)
        if prob is not None and not is_of_pairs(prob):
            raise ConnectivityError(
                f"prob is {show(prob)}; here it says how likely each pair is in comparison to others.",
                where=self._place("prob"),
                cure="Give a function of both ends, lambda i, j: ..., or nd.init.OfDistance(...); without it, all are "
                "equally likely.",
                prob=prob,
            )
        self.prob = None if prob is None else self._chance_of_pairs(prob)


class FixedInDegree(_FixedDegree):
    """Every postsynaptic neuron receives the same number of synapses.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    num : int
        Number of synapses onto each postsynaptic neuron.
    weight
        See `Connectivity`.
    autapses, multapses : bool
        Whether a neuron of a population that projects onto itself may connect to itself, and whether a pair may have
        several synapses; by default both. With multapses every synapse draws its presynaptic neuron independently;
        without, the presynaptic neurons are a uniformly drawn subset.
    prob : callable or Initialiser, optional
        How likely each pair is in comparison to the other pairs of the same postsynaptic neuron, as a function of both
        ends, ``lambda i, j: ...``, or of their distance (``nd.init.OfDistance``); any numbers, 0 or more. By default
        all pairs are equally likely.

    Raises
    ------
    ConnectivityError
        If `num` is not an integer, negative, or more than the different partners that exist; or, when the synapses are
        made, more than those of a `prob` above zero.

    Notes
    -----
    With `prob` and multapses, each synapse draws its presynaptic neuron with a probability in proportion to it.
    Without, they are drawn one after another, each among those that are left (successive sampling), which is done by
    one exponentially distributed number for each pair, of which the smallest win. The cost is in the pairs within reach
    of a profile, not in all pairs.

    Examples
    --------
    >>> FixedInDegree(100, 50, num=10).n_synapses
    500

    Ten inputs of each neuron, most of them from nearby:

    >>> import numbadyn as nd
    >>> from quantities import mm, um
    >>> cells = nd.LIF((20, 20))
    >>> cells.positions = nd.space.grid((20, 20), extent=1 * mm)
    >>> near = nd.init.OfDistance(nd.space.Gaussian(100 * um), cells, period=1 * mm)
    >>> comm = FixedInDegree(400, 400, num=10, prob=near, autapses=False, multapses=False)
    """

    @spelled
    def __init__(
        self,
        in_size: SizeLike,
        out_size: SizeLike,
        num: int,
        weight: ParameterLike = 1.0,
        autapses: bool = True,
        multapses: bool = True,
        prob: Any = None,
    ) -> None:
        super().__init__(in_size, out_size, num, weight, autapses, multapses, prob)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.num * self.n_post

    def _choices(self) -> int:
        return self.n_pre if self.autapses else self.n_pre - 1


class FixedOutDegree(_FixedDegree):
    """Every presynaptic neuron makes the same number of synapses.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    num : int
        Number of synapses of each presynaptic neuron.
    weight
        See `Connectivity`.
    autapses, multapses : bool
        Whether a neuron of a population that projects onto itself may connect to itself, and whether a pair may have
        several synapses; by default both. With multapses every synapse draws its postsynaptic neuron independently;
        without, the postsynaptic neurons are a uniformly drawn subset.
    prob : callable or Initialiser, optional
        How likely each pair is in comparison to the other pairs of the same presynaptic neuron, as a function of both
        ends, ``lambda i, j: ...``, or of their distance (``nd.init.OfDistance``); any numbers, 0 or more. By default
        all pairs are equally likely.

    Raises
    ------
    ConnectivityError
        If `num` is not an integer, negative, or more than the different partners that exist; or, when the synapses are
        made, more than those of a `prob` above zero.

    Notes
    -----
    With `prob` and multapses, each synapse draws its postsynaptic neuron with a probability in proportion to it.
    Without, they are drawn one after another, each among those that are left (successive sampling), which is done by
    one exponentially distributed number for each pair, of which the smallest win. The cost is in the pairs within reach
    of a profile, not in all pairs.

    Examples
    --------
    >>> FixedOutDegree(100, 50, num=10).n_synapses
    1000
    """

    @spelled
    def __init__(
        self,
        in_size: SizeLike,
        out_size: SizeLike,
        num: int,
        weight: ParameterLike = 1.0,
        autapses: bool = True,
        multapses: bool = True,
        prob: Any = None,
    ) -> None:
        super().__init__(in_size, out_size, num, weight, autapses, multapses, prob)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.num * self.n_pre

    def _choices(self) -> int:
        return self.n_post if self.autapses else self.n_post - 1


class FixedTotalNumber(_FixedNumber):
    """A fixed number of synapses, spread at random over all pairs.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    num : int
        Number of synapses of the whole projection.
    weight
        See `Connectivity`.
    autapses, multapses : bool
        Whether a neuron of a population that projects onto itself may connect to itself, and whether a pair may have
        several synapses; by default both. With multapses
        every synapse draws its pair independently; without, the pairs are a uniformly drawn subset of all pairs.

    Raises
    ------
    ConnectivityError
        If `num` is not an integer, negative, or more than the different pairs that exist.

    Examples
    --------
    >>> FixedTotalNumber(100, 50, num=10).n_synapses
    10
    """

    @spelled
    def __init__(
        self,
        in_size: SizeLike,
        out_size: SizeLike,
        num: int,
        weight: ParameterLike = 1.0,
        autapses: bool = True,
        multapses: bool = True,
    ) -> None:
        super().__init__(in_size, out_size, num, weight, autapses, multapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.num

    def _choices(self) -> int:
        return self.n_pre * (self.n_post if self.autapses else self.n_post - 1)
