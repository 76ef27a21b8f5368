"""Rules of connection that need no list of synapses: regular ones and random ones.

In go sizes, numbers and probabilities; out come checked specifications (the synapses themselves are made later, in
compiled code). This module must not know how they are drawn, nor Numba.
"""

from abc import abstractmethod
from typing import Any

from numbadyn.errors import ConnectivityError
from numbadyn.projections.connectivity.base import Connectivity

__all__ = ["AllToAll", "FixedInDegree", "FixedOutDegree", "FixedProb", "FixedTotalNumber", "OneToOne"]


class AllToAll(Connectivity):
    """Every presynaptic neuron onto every postsynaptic neuron.

    Parameters
    ----------
    in_size, out_size, weight
        See `Connectivity`.
    include_self : bool
        Whether neuron i of a population that projects onto itself connects to neuron i.

    Raises
    ------
    ConnectivityError
        If `include_self` is False between populations of different sizes.

    Examples
    --------
    >>> AllToAll(3, 4).n_synapses
    12
    """

    def __init__(self, in_size: Any, out_size: Any, weight: Any = 1.0, include_self: bool = True) -> None:
        super().__init__(in_size, out_size, weight)
        self.include_self = bool(include_self)
        if not self.include_self:
            self._need_equal_sizes("include_self")
        self.check_weight_shape(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.n_pre * (self.n_post if self.include_self else self.n_post - 1)


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

    def __init__(self, in_size: Any, out_size: Any, weight: Any = 1.0) -> None:
        super().__init__(in_size, out_size, weight)
        if self.n_pre != self.n_post:
            raise ConnectivityError(
                f"One-to-one needs equal sizes, but in_size is {self._show(self.in_size)} ({self.n_pre} neurons) and "
                f"out_size is {self._show(self.out_size)} ({self.n_post} neurons).",
                where=self._place("in_size, out_size"),
                cure="Give equal sizes, or name the pairs with Edges.",
            )
        self.check_weight_shape(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.n_pre


class FixedProb(Connectivity):
    """Each ordered pair of neurons is connected with one probability, independently of the others.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    prob : float
        Probability of a synapse, 0 to 1.
    weight
        See `Connectivity`.
    allow_self : bool
        Whether a neuron of a population that projects onto itself may connect to itself.

    Raises
    ------
    ConnectivityError
        If `prob` is outside of [0, 1], or `allow_self` is False between populations of different sizes.

    Notes
    -----
    The targets of a presynaptic neuron are found by geometric skips, so the cost is in the synapses, not in the pairs.

    Examples
    --------
    >>> FixedProb(100, 100, prob=0.1).prob
    0.1
    """

    def __init__(self, in_size: Any, out_size: Any, prob: float, weight: Any = 1.0, allow_self: bool = True) -> None:
        super().__init__(in_size, out_size, weight)
        self.prob = self._probability("prob", prob)
        self.allow_self = bool(allow_self)
        if not self.allow_self:
            self._need_equal_sizes("allow_self")
        self.check_weight_shape(None)

    @property
    def expected_synapses(self) -> float:
        """Mean number of synapses."""
        return self.prob * self.n_pre * (self.n_post - (not self.allow_self))

    @property
    def n_synapses(self) -> None:
        """None, because chance decides it."""
        return


class _FixedNumber(Connectivity):
    """What the rules with a fixed number of synapses share."""

    def __init__(self, in_size: Any, out_size: Any, num: int, weight: Any, allow_self: bool, allow_multi: bool) -> None:
        super().__init__(in_size, out_size, weight)
        self.allow_self = bool(allow_self)
        self.allow_multi = bool(allow_multi)
        if not self.allow_self:
            self._need_equal_sizes("allow_self")
        choices = self._choices()
        limit = None if self.allow_multi and choices > 0 else choices
        self.num = self._count("num", num, most=limit, cure=self._cure())
        self.check_weight_shape(self.n_synapses)

    @abstractmethod
    def _choices(self) -> int:
        """Give how many different partners or pairs there are to choose from."""

    def _cure(self) -> str:
        return "Ask for fewer, enlarge the populations, or allow several synapses for each pair with allow_multi=True."

    @property
    def may_repeat(self) -> bool:
        """Whether a pair of neurons may have more than one synapse."""
        return self.allow_multi


class FixedInDegree(_FixedNumber):
    """Every postsynaptic neuron receives the same number of synapses.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    num : int
        Number of synapses onto each postsynaptic neuron.
    weight
        See `Connectivity`.
    allow_self, allow_multi : bool
        Whether a neuron may connect to itself, and whether a pair may have several synapses. Without multiple synapses
        the presynaptic partners are a uniformly drawn subset.

    Raises
    ------
    ConnectivityError
        If `num` is not an integer, negative, or more than the different partners that exist.

    Examples
    --------
    >>> FixedInDegree(100, 50, num=10).n_synapses
    500
    """

    def __init__(
        self,
        in_size: Any,
        out_size: Any,
        num: int,
        weight: Any = 1.0,
        allow_self: bool = True,
        allow_multi: bool = False,
    ) -> None:
        super().__init__(in_size, out_size, num, weight, allow_self, allow_multi)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.num * self.n_post

    def _choices(self) -> int:
        return self.n_pre if self.allow_self else self.n_pre - 1


class FixedOutDegree(_FixedNumber):
    """Every presynaptic neuron makes the same number of synapses.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    num : int
        Number of synapses of each presynaptic neuron.
    weight
        See `Connectivity`.
    allow_self, allow_multi : bool
        Whether a neuron may connect to itself, and whether a pair may have several synapses. Without multiple synapses
        the postsynaptic partners are a uniformly drawn subset.

    Raises
    ------
    ConnectivityError
        If `num` is not an integer, negative, or more than the different partners that exist.

    Examples
    --------
    >>> FixedOutDegree(100, 50, num=10).n_synapses
    1000
    """

    def __init__(
        self,
        in_size: Any,
        out_size: Any,
        num: int,
        weight: Any = 1.0,
        allow_self: bool = True,
        allow_multi: bool = False,
    ) -> None:
        super().__init__(in_size, out_size, num, weight, allow_self, allow_multi)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.num * self.n_pre

    def _choices(self) -> int:
        return self.n_post if self.allow_self else self.n_post - 1


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
    allow_self, allow_multi : bool
        Whether a neuron may connect to itself, and whether a pair may have several synapses. With multiple synapses
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

    def __init__(
        self,
        in_size: Any,
        out_size: Any,
        num: int,
        weight: Any = 1.0,
        allow_self: bool = True,
        allow_multi: bool = True,
    ) -> None:
        super().__init__(in_size, out_size, num, weight, allow_self, allow_multi)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.num

    def _choices(self) -> int:
        return self.n_pre * (self.n_post if self.allow_self else self.n_post - 1)
