"""What every rule of connection has: two sizes, a weight, and their checks.

In: what the user wrote.  Out: a checked specification without any synapse in it.  Must not know: how the synapses are
drawn or stored, Numba.
"""

import math
import operator
from typing import Any, Self

import numpy as np

from numbadyn.errors import ConnectivityError, InvalidParameterError, SizeError
from numbadyn.model.init import Constant, Initialiser, OfPairs, Values, as_synaptic
from numbadyn.model.options import check_names
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.variable import count_change
from numbadyn.projections.connectivity.spellings import standard_names
from numbadyn.units import Dimension, describe, is_quantity, split

__all__ = ["Connectivity", "check_flag", "check_seed", "show"]

_MOST_NEURONS = 2**32 - 1
"""Indices of neurons are 32-bit numbers, in the tables and in the counter of the random numbers."""

_SEEDS = 2**64
"""So many seeds there are."""


class Connectivity:
    """A rule that says which neurons are connected, and how strongly; the ``comm`` of a projection.

    A rule of your own is a subclass with a method `edges`, which lists the synapses.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        Sizes of the presynaptic and the postsynaptic population; neurons are numbered in C order.
    weight : float, Quantity, array, Initialiser or callable
        One weight for all synapses; an array of shape ``(n_synapses,)`` in the order of `edges`; an array of shape
        ``(n_pre, n_post)`` that is looked up for each pair; a distribution from ``nd.init``; or a function of both ends
        of a synapse, ``lambda i, j: ...`` (see ``nd.init.OfPairs``), or of their distance (``nd.init.OfDistance``).

    Attributes
    ----------
    in_size, out_size : tuple of int
        The sizes as tuples.
    weight : Initialiser
        The recipe of the weights.
    seed : int or None
        Seed of the synapses, their weights and delays, whatever network the rule stands in; None, the default, lets
        them follow from the seed of the simulation.

    Raises
    ------
    SizeError
        If a size is empty, negative, not an integer, or beyond 32-bit indices.
    ConnectivityError
        If an array of weights has the wrong shape.
    InvalidParameterError
        If a weight is NaN or infinite, or the seed is none.

    Notes
    -----
    Arrays of one value per synapse are in *canonical order*: by presynaptic, then by postsynaptic index, synapses of
    one pair next to each other. `Edges` and rules with a method `edges` keep the order of their lists instead.

    Examples
    --------
    A ring, in which each neuron projects onto the next ones, and onto one that chance decides:

    >>> import numbadyn as nd
    >>> class Ring(nd.Connectivity):
    ...     def __init__(self, size, width, weight=1.0):
    ...         super().__init__(size, size, weight)
    ...         self.width = width
    ...
    ...     def edges(self, rng):
    ...         pre = np.repeat(np.arange(self.n_pre), self.width + 1)
    ...         post = (pre + np.tile(np.arange(1, self.width + 2), self.n_pre)) % self.n_post
    ...         post[self.width :: self.width + 1] = rng.integers(0, self.n_post, size=self.n_pre)
    ...         return pre, post
    >>> cells = nd.LIF(10)
    >>> edges = nd.DeltaProj(cells, comm=Ring(10, 2), post=cells).edges()
    >>> edges.pre[:6], edges.post[:2]
    (array([0, 0, 0, 1, 1, 1]), array([1, 2]))
    """

    seed: int | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a list of synapses in a rule whose base makes them by itself, and would not ask for it."""
        super().__init_subclass__(**kwargs)
        package = __name__.partition(".")[0]
        made: list[Any] = [base for base in cls.__mro__[:-1] if base.__module__.partition(".")[0] == package]
        drawn = made[0] not in (cls, Connectivity) and made[0].edges is Connectivity.edges
        if "edges" in vars(cls) and drawn:
            raise ConnectivityError(
                f"{cls.__name__} has a list, edges, but {made[0].__name__} makes its synapses without asking for it.",
                where=f"{cls.__name__}.edges",
                cure="Derive it from nd.Connectivity, and list all synapses.",
                cls=cls.__name__,
                made=made[0].__name__,
            )

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Name a misspelt argument, before any of them is looked at."""
        check_names(cls.__init__, cls.__name__, standard_names(cls.__name__, kwargs))
        return super().__new__(cls)

    def __init__(self, in_size: SizeLike, out_size: SizeLike, weight: ParameterLike) -> None:
        self.in_size = self._size("in_size", in_size)
        self.out_size = self._size("out_size", out_size)
        self.weight = self._check_weight(weight)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "seed" and value is not None:
            value = check_seed(value, type(self).__name__)
        made = name == "weight" and "weight" in vars(self)
        old = vars(self).get("weight")
        object.__setattr__(self, name, self._check_weight(value) if made else value)
        if made:
            try:
                self.check_weight_shape(self.n_synapses)
            except ConnectivityError:
                object.__setattr__(self, "weight", old)
                raise
            count_change()

    @property
    def n_pre(self) -> int:
        """Number of presynaptic neurons."""
        return math.prod(self.in_size)

    @property
    def n_post(self) -> int:
        """Number of postsynaptic neurons."""
        return math.prod(self.out_size)

    def edges(self, rng: np.random.Generator) -> tuple[Any, Any]:
        """List the synapses; the one method that a rule of your own needs.

        Parameters
        ----------
        rng : numpy.random.Generator
            Random numbers that belong to this projection alone: they follow from the seed of the simulation (or from
            `seed` of the rule) and from the place of the projection in its network.

        Returns
        -------
        pre, post : array_like of int, shape (n_synapses,)
            Presynaptic and postsynaptic index of each synapse, in any order; a pair may occur several times.

        Notes
        -----
        It is called when the synapses are made, and again when they are listed: with the same random numbers it must
        give the same synapses, so take chance from `rng` and from nowhere else. Which numbers a `Generator` gives may
        change with the version of NumPy; the rules of this package do not depend on it.
        """
        raise ConnectivityError(
            f"{type(self).__name__} does not say which neurons it connects.",
            where=type(self).__name__,
            cure="Give it a method edges(self, rng) that returns two arrays: presynaptic and postsynaptic indices.",
            type=type(self).__name__,
        )

    @property
    def lists_synapses(self) -> bool:
        """Whether the user lists the synapses, so that arrays of one value for each are in the order of the list."""
        return type(self).edges is not Connectivity.edges

    @property
    def n_synapses(self) -> int | None:
        """Number of synapses, or None where only the making of them tells it."""
        return None

    @property
    def expected_synapses(self) -> float:
        """Number of synapses, or its mean where chance decides."""
        return float(self.n_synapses or 0)

    @property
    def may_repeat(self) -> bool:
        """Whether a pair of neurons may have more than one synapse."""
        return self.lists_synapses

    @property
    def weight_dimension(self) -> Dimension:
        """Physical dimension of the weights."""
        return self.weight.dimension

    @property
    def uniform_weight(self) -> bool:
        """Whether all synapses share one weight."""
        return isinstance(self.weight, Constant)

    def structure_key(self) -> tuple[Any, ...]:
        """Give what decides the shape of the compiled delivery; rules with equal keys can share it.

        Returns
        -------
        tuple
            Whether the weight is one number or one for each synapse, and its dimension. Sizes, probabilities, seeds and
            values are not in it: changing them compiles nothing.
        """
        return ("uniform" if self.uniform_weight else "per synapse", self.weight_dimension)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._show(self.in_size)} -> {self._show(self.out_size)})"

    @staticmethod
    def _show(size: tuple[int, ...]) -> str:
        return str(size[0]) if len(size) == 1 else str(size)

    def _place(self, name: str) -> str:
        """Name the place of an argument for a message."""
        return f"{type(self).__name__}({name})"

    def _size(self, name: str, size: Any) -> tuple[int, ...]:
        """Check a size and give it as a tuple."""
        given = size if isinstance(size, tuple | list) else (size,)
        cure = "Give a positive integer, or a tuple of positive integers."
        if not given:
            raise SizeError(f"{name} is empty: {size!r}.", where=self._place(name), cure=cure, name=name, size=size)
        checked = []
        for extent in given:
            try:
                checked.append(operator.index(extent))
            except TypeError:
                raise SizeError(
                    f"{name} is {size!r}, which is not an integer.",
                    where=self._place(name),
                    cure=cure,
                    name=name,
                    size=size,
                ) from None
            if isinstance(extent, bool) or checked[-1] < 1:
                raise SizeError(f"{name} is {size!r}.", where=self._place(name), cure=cure, name=name, size=size)
        if math.prod(checked) > _MOST_NEURONS:
            raise SizeError(
                f"{name} is {size!r}: more than {_MOST_NEURONS} neurons.",
                where=self._place(name),
                cure="Split the population.",
                name=name,
                size=size,
            )
        return tuple(checked)

    def _count(self, name: str, number: Any, *, most: int | None, cure: str) -> int:
        """Check a number of partners or synapses against what the populations can give; None if that has no limit."""
        try:
            count = operator.index(number)
        except TypeError:
            raise ConnectivityError(
                f"{name} is {number!r}, which is not an integer.",
                where=self._place(name),
                cure="Give an integer.",
                name=name,
                number=number,
            ) from None
        if count < 0 or isinstance(number, bool):
            raise ConnectivityError(
                f"{name} is {number!r}.",
                where=self._place(name),
                cure="Give zero or a positive integer.",
                name=name,
                number=number,
            )
        if most is not None and count > most:
            raise ConnectivityError(
                f"{name} is {count}, but there are only {most} to choose from (in_size {self._show(self.in_size)}, "
                f"out_size {self._show(self.out_size)}).",
                where=self._place(name),
                cure=cure,
                name=name,
                count=count,
                most=most,
            )
        return count

    def _plain_number(self, number: Any) -> float:
        """Give an argument as a plain number; NaN where it is none."""
        try:
            magnitude, dimension = split(number)
            return float(magnitude) if dimension.is_dimensionless else math.nan
        except (InvalidParameterError, TypeError, ValueError):
            return math.nan

    def _probability(self, name: str, prob: Any) -> float:
        """Check the probability of a synapse."""
        given = self._plain_number(prob)
        if not 0.0 <= given <= 1.0:
            raise ConnectivityError(
                f"The probability of a synapse is {show(prob)}.",
                where=self._place(name),
                cure="Give a number from 0 to 1, without a unit; one that depends on both ends is a function where the "
                "rule takes one, lambda i, j: ..., and one for each pair is table[i, j] in it.",
                prob=prob,
            )
        return given

    def _need_equal_sizes(self, name: str) -> None:
        """Refuse to speak of self-connections between different populations."""
        if self.n_pre != self.n_post:
            raise ConnectivityError(
                f"{name}=False forbids synapses of a neuron with itself, but in_size {self._show(self.in_size)} and "
                f"out_size {self._show(self.out_size)} differ, so these are two populations.",
                where=self._place(name),
                cure=f"Leave {name} at True between two populations; use it where a population projects onto itself.",
                name=name,
            )

    def _check_weight(self, weight: ParameterLike) -> Initialiser:
        """Make the recipe of the weights and refuse numbers that are none."""
        recipe = as_synaptic(weight)
        if isinstance(recipe, OfPairs):
            recipe.fits(self.n_pre, self.n_post)
        values = recipe.values if isinstance(recipe, Values) else None
        if isinstance(recipe, Constant):
            values = np.array(recipe.value)
        if values is not None and not np.isfinite(values).all():
            bad = int(np.flatnonzero(~np.isfinite(values.ravel()))[0])
            raise InvalidParameterError(
                f"A weight is {values.ravel()[bad]} (position {bad} of {values.size}).",
                where=self._place("weight"),
                cure="Give finite weights; leave a synapse out rather than give it none.",
                bad=bad,
            )
        return recipe

    def check_weight_shape(self, n_synapses: int | None) -> None:
        """Refuse an array of weights that fits neither the synapses nor the pairs.

        Parameters
        ----------
        n_synapses : int or None
            Number of synapses; None if it is not known yet, then only the number of axes is checked.

        Raises
        ------
        ConnectivityError
            If the shape is wrong.
        """
        if not isinstance(self.weight, Values):
            return
        shape = self.weight.values.shape
        fits = shape == (self.n_pre, self.n_post)
        if len(shape) == 1:
            fits = n_synapses is None or shape == (n_synapses,)
        if not fits:
            count = "n_synapses" if n_synapses is None else str(n_synapses)
            raise ConnectivityError(
                f"An array of weights has the shape {shape}, but the shape ({count},) or {(self.n_pre, self.n_post)} "
                "is needed.",
                where=self._place("weight"),
                cure="Give one number, one for each synapse in the order of edges(), or one for each pair.",
                shape=shape,
                count=count,
            )


def check_seed(seed: Any, where: str) -> int:
    """Give a seed of 64 bits.

    Parameters
    ----------
    seed : int
        What was given.
    where : str
        Whose it is, for a message.

    Returns
    -------
    int

    Raises
    ------
    InvalidParameterError
        It is none.
    """
    try:
        given = operator.index(seed)
    except TypeError:
        given = -1
    if not 0 <= given < _SEEDS or isinstance(seed, bool):
        raise InvalidParameterError(
            f"seed of {where} is {seed!r}.",
            where=f"{where}.seed",
            cure="Give an integer from 0 to 2**64 - 1, or None.",
            seed=seed,
        )
    return given


def check_flag(given: Any, name: str, where: str) -> bool:
    """Give what is either true or false, where everything else, such as ``"no"``, would count as one of them.

    Parameters
    ----------
    given : bool
        What was given.
    name, where : str
        The argument, and whose it is, for a message.

    Returns
    -------
    bool

    Raises
    ------
    ConnectivityError
        It is neither.
    """
    if not isinstance(given, bool | int | np.bool_) or given not in (0, 1):
        raise ConnectivityError(
            f"{name} of {where} is {given!r}.", where=f"{where}({name})", cure="Give True or False.", name=name
        )
    return bool(given)


def show(value: Any) -> str:
    """Give a wrong argument for a message, a quantity with its unit."""
    return describe(value) if is_quantity(value) else repr(value)
