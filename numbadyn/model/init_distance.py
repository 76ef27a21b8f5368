"""Probabilities, weights and delays as functions of the distance between two neurons.

In: a function of distances, positions.  Out: values for given pairs, checked; pairs that are near each other.  Must not
know: which pairs are connected, how tables of synapses are made, Numba.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, HookArgumentError, InvalidParameterError, ShapeError
from numbadyn.model.hooks import takes
from numbadyn.model.init_base import name_of
from numbadyn.model.init_pairs import Indices, OfPairs
from numbadyn.model.space.neighbours import near_pairs
from numbadyn.model.space.positions import positions_of
from numbadyn.units import describe, join_eager, split

__all__ = ["OfDistance"]


class OfDistance(OfPairs):
    r"""Weights or delays that a function of the distance between two neurons gives.

    Parameters
    ----------
    function : callable
        ``function(d)`` gets distances of many synapses, of shape (n,) and with the unit of the positions, and returns
        an array or Quantity of that shape, or one value for all.
    pre : Quantity or array, shape (n_pre,) or (n_pre, axes); or Dynamics or View
        Positions of the presynaptic neurons, in the order of their flat indices; or a population that has
        `Dynamics.positions`.
    post : Quantity or array, Dynamics or View, optional
        Positions of the postsynaptic neurons; by default those of `pre`.
    period : Quantity or float, or one for each axis, optional
        Length after which space repeats itself, as on a ring or a torus: the shortest way counts. Infinite for an axis
        that does not repeat itself, as on a cylinder.
    reach : Quantity or float, optional
        Where the function is a probability: there are no synapses beyond this distance, and the function is not asked
        about them. By default that of a profile of ``nd.space``, and none of other functions.

    Raises
    ------
    ShapeError
        The positions differ in their axes, or there are not as many as neurons.
    InvalidParameterError
        A position is not finite, a period or the reach is not positive, or a population has no positions.
    DimensionError
        Positions or periods have different units.
    HookArgumentError
        The function does not take one argument.

    Notes
    -----
    :math:`d_{ij} = \lVert x_i - x_j \rVert`, the Euclidean distance.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mm, ms, um
    >>> places = np.linspace(0, 900, 10) * um
    >>> along = nd.init.OfDistance(lambda d: d / (0.3 * mm / ms) + 0.5 * ms, places)
    >>> print(nd.DeltaProj(nd.LIF(10), comm=nd.OneToOne(10, 10), post=nd.LIF(10), delay=along).edges(0.1 * ms).delay[3])
    0.5 ms

    Synapses between neighbours on a torus:

    >>> cells = nd.LIF((20, 20))
    >>> cells.positions = nd.space.grid((20, 20), extent=1 * mm)
    >>> near = nd.init.OfDistance(nd.space.Gaussian(100 * um, peak=0.5), cells, period=1 * mm)
    >>> comm = nd.FixedProb(400, 400, prob=near, autapses=False)
    """

    __slots__ = ("_period", "_post", "_pre", "_reach", "_unit")

    _hint: ClassVar[str] = (
        "Distances come as an array with the unit of the positions: np.where(d < 1 * mm, a, b) instead of if, and "
        "np.exp(-d / (100 * um)), a number, instead of np.exp(-d)."
    )

    def __init__(
        self, function: Callable[..., Any], pre: Any, post: Any = None, period: Any = None, *, reach: Any = None
    ) -> None:
        place = f"OfDistance({name_of(function)})"
        self._pre, self._unit = positions_of(pre, "OfDistance(pre)")
        self._post, unit = (self._pre, self._unit) if post is None else positions_of(post, "OfDistance(post)")
        given, period_unit = (np.inf, unit) if period is None else split(period)
        if not self._unit == unit == period_unit:
            raise DimensionError(
                f"Positions are in {self._unit}, but others, or the period, are in {unit} and {period_unit}.",
                where=place,
                cure="Give all of them in one unit.",
                unit=self._unit,
                period_unit=period_unit,
            )
        self._check_axes(place, period, given)
        axes = self._pre.shape[1]
        self._pre, self._post = np.asfortranarray(self._pre), np.asfortranarray(self._post)  # read column by column
        self._period: NDArray[np.float64] = np.array(np.broadcast_to(given, (axes,)), dtype=np.float64)
        if not takes(function, (np.zeros(1),), {}):
            raise HookArgumentError(
                f"The function {name_of(function)} cannot be called with 1 argument, the distances.",
                where=place,
                cure="Take the distances, as in lambda d: np.exp(-d / (100 * um)) * nS.",
                function=name_of(function),
            )
        self.function = function
        first = np.zeros(1, dtype=np.int64)
        self.dimension = split(self.evaluate(first, first), where=self._place())[1]
        self.values(first, first)
        self._reach = self._as_reach(getattr(function, "reach", np.inf) if reach is None else reach, place)

    def _check_axes(self, place: str, period: Any, lengths: Any) -> None:
        """Refuse positions before and behind the synapse that live in different spaces, and what is no period."""
        axes = self._pre.shape[1]
        if axes != self._post.shape[1]:
            raise ShapeError(
                f"Positions have {axes} axes before and {self._post.shape[1]} behind the synapse.",
                where=place,
                cure="Give arrays of shape (n_pre, axes) and (n_post, axes).",
                pre_axes=axes,
                post_axes=self._post.shape[1],
            )
        if np.shape(lengths) not in ((), (axes,)):
            raise ShapeError(
                f"The period has the shape {np.shape(lengths)}, but positions have {axes} axes.",
                where=place,
                cure="Give one length, or one for each axis.",
                period=np.shape(lengths),
                pre_axes=axes,
            )
        if not (np.asarray(lengths) > 0).all():
            raise InvalidParameterError(
                f"The period is {describe(period)}.",
                where=place,
                cure="Give a positive length, or one for each axis.",
                period=period,
            )

    def _as_reach(self, reach: Any, place: str) -> float:
        """The reach as a plain number; infinite where there is none."""
        magnitude, unit = split(reach, where=place)
        if unit != self._unit and not (unit.is_dimensionless and np.isinf(magnitude).all()):
            raise DimensionError(
                f"The reach is in {unit}, but positions are in {self._unit}.",
                where=place,
                cure="Give both in one unit.",
                expected=self._unit,
                given=unit,
            )
        if np.ndim(magnitude) or not float(magnitude) > 0.0:
            raise InvalidParameterError(
                f"The reach is {describe(reach)}.", where=place, cure="Give one positive length.", reach=reach
            )
        return float(magnitude)

    def evaluate(self, pre: Indices, post: Indices) -> Any:
        """What the user's function gives for the distances of some synapses."""
        return self._ask(join_eager(self._distances(pre, post), self._unit))

    def _distances(self, pre: Indices, post: Indices) -> NDArray[np.float64]:
        """Axis by axis, in place: this is what a rule of distance costs."""
        total = np.zeros(np.shape(pre))
        for axis, period in enumerate(self._period):
            between = self._pre[:, axis].take(pre)
            between -= self._post[:, axis].take(post)
            if np.isfinite(period):
                turns = between / period
                between -= np.multiply(np.rint(turns, out=turns), period, out=turns)
            total += np.multiply(between, between, out=between)
        return np.sqrt(total, out=total)

    def candidates(
        self, n_pre: int, n_post: int, most: int, by_post: bool = False
    ) -> Iterator[tuple[Indices, Indices]]:
        """Pairs that may have a synapse where the function is a probability: those within reach."""
        if np.isinf(self._reach):
            yield from super().candidates(n_pre, n_post, most, by_post)
            return
        ends = (self._post, self._pre) if by_post else (self._pre, self._post)
        for row, partner in near_pairs(*ends, self._reach, self._period, most):
            pre, post = (partner, row) if by_post else (row, partner)
            near = self._distances(pre, post) <= self._reach
            yield pre[near], post[near]

    def fits(self, n_pre: int, n_post: int) -> None:
        """Refuse populations with other numbers of neurons than there are positions."""
        if (n_pre, n_post) != (len(self._pre), len(self._post)):
            raise ShapeError(
                f"There are {len(self._pre)} presynaptic and {len(self._post)} postsynaptic positions, but {n_pre} and "
                f"{n_post} neurons.",
                where=repr(self),
                cure="Give one position for each neuron of both populations.",
                n_pre=n_pre,
                n_post=n_post,
            )

    def key(self) -> tuple[Any, ...]:
        """Give type, function, positions and period."""
        places = tuple((part.shape, part.tobytes()) for part in (self._pre, self._post))
        return (type(self), self.function, *places, self._period.tobytes(), self._reach, self._unit)
