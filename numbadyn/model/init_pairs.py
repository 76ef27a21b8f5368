"""Weights and delays as functions of where a synapse begins and ends, evaluated when the synapses are built.

In: a function of presynaptic and postsynaptic indices, or of distances.  Out: values for given pairs, checked.  Must
not know: which pairs are connected, how tables of synapses are made, Numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, HookArgumentError, InvalidParameterError, NumbadynError, ShapeError
from numbadyn.model.hooks import takes
from numbadyn.model.init_base import STATE_STREAM, Floats, Initialiser, Shape, name_of
from numbadyn.units import describe, join, join_eager, split

__all__ = ["OfDistance", "OfPairs"]

Indices = NDArray[np.int64]


class OfPairs(Initialiser):
    """Weights or delays that a function of both ends of a synapse gives.

    Parameters
    ----------
    function : callable
        ``function(i, j)`` gets the presynaptic and the postsynaptic indices of many synapses, integer arrays of shape
        (n,), and returns an array or Quantity of that shape, or one value for all. Neurons of a population of several
        axes have flat numbers, in C order; those of a part of a population are numbered in that part. The function is
        called once at construction, with ``i = j = [0]``, to learn the unit, and then for some hundred thousand
        synapses at a time.

    Raises
    ------
    HookArgumentError
        It does not take two arguments.
    ShapeError, InvalidParameterError, DimensionError
        What it returns has another shape, is no finite number, or changes its unit; now or when synapses are built.

    Notes
    -----
    A plain function of two arguments may stand for it as the weight or the delay of a projection. It should depend on
    its arguments alone: synapses are built anew where somebody asks for them.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import nS
    >>> nd.Edges(3, 3, pre=[0, 1, 2], post=[2, 2, 0], weight=lambda i, j: (1 + abs(i - j)) * nS).weight
    OfPairs(<lambda>)
    """

    __slots__ = ("function",)

    _hint: ClassVar[str] = (
        "Indices come as arrays, many synapses at a time: np.where(i > j, a, b) instead of if, np.exp instead of "
        "math.exp; a function of single numbers is wrapped, np.vectorize(f)."
    )

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        first = np.zeros(1, dtype=np.int64)
        if not takes(function, (first, first), {}):
            raise HookArgumentError(
                f"The function {self._place()} cannot be called with 2 arguments, the presynaptic and the postsynaptic "
                "indices of synapses, nor with 1 argument, the shape of their values.",
                where=f"OfPairs({name_of(function)})",
                cure="Take both, as in lambda i, j: np.exp(-abs(i - j) / 10) * nS; or one argument, the shape of the "
                "values, (n_synapses,).",
                place=self._place(),
            )
        self.dimension = split(self.evaluate(first, first), where=self._place())[1]
        self.values(first, first)

    def evaluate(self, pre: Indices, post: Indices) -> Any:
        """What the user's function gives for some synapses."""
        return self._ask(pre, post)

    def _ask(self, *arguments: Any) -> Any:
        """Call the user's function, and say what it was called with where it cannot do with arrays."""
        try:
            return self.function(*arguments)
        except NumbadynError:
            raise
        except (TypeError, ValueError) as error:
            raise HookArgumentError(
                f"The function {self._place()} fails for {', '.join(map(describe, arguments))}: {error}",
                where=repr(self),
                cure=self._hint,
                place=self._place(),
                reason=str(error),
            ) from error

    def fits(self, n_pre: int, n_post: int) -> None:
        """Refuse to serve populations that it was not made for; a plain function serves all."""

    def values(self, pre: Indices, post: Indices) -> NDArray[np.float64]:
        """Evaluate for some synapses.

        Parameters
        ----------
        pre, post : ndarray of int64, shape (n,)
            Where they begin and end.

        Returns
        -------
        ndarray of float64, shape (n,)
            In the coherent unit system.
        """
        given = self.evaluate(pre, post)
        magnitude, dimension = split(given, where=self._place())
        if dimension != self.dimension:
            raise DimensionError(
                f"The function {self._place()} gave {dimension} for synapses from {pre[0]} onto {post[0]}, but "
                f"{self.dimension} for i = j = [0].",
                where=repr(self),
                cure="Return the same unit for all synapses.",
                dimension=dimension,
            )
        array = np.asarray(magnitude)
        if array.dtype.kind not in "biuf":
            raise InvalidParameterError(
                f"The function {self._place()} gave {given!r}.",
                where=repr(self),
                cure="Return an array of numbers.",
                given=given,
            )
        if array.shape not in ((), pre.shape):
            raise ShapeError(
                f"The function {self._place()} gave the shape {array.shape} for indices of the shape {pre.shape}.",
                where=repr(self),
                cure="Work element by element, i[k] with j[k], or return one value for all; a choice between values is "
                "np.where.",
                place=self._place(),
                shape=array.shape,
                pre_shape=pre.shape,
            )
        full = np.array(np.broadcast_to(array, pre.shape), dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(full))
        if bad.size:
            raise InvalidParameterError(
                f"The function {self._place()} gave {describe(join(float(full[bad[0]]), dimension))} for the synapse "
                f"from {pre[bad[0]]} onto {post[bad[0]]} ({bad.size} of {full.size} values are NaN or infinite).",
                where=repr(self),
                cure="Return finite numbers.",
                place=self._place(),
                pre=pre[bad[0]],
                post=post[bad[0]],
                count=bad.size,
                size=full.size,
            )
        return full

    def sample(
        self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0
    ) -> Floats:
        """Refuse: only synapses have two ends.

        Raises
        ------
        InvalidParameterError
            Always.
        """
        raise InvalidParameterError(
            f"{self!r} is a function of the two ends of a synapse, but values of the shape {shape} are wanted.",
            where=repr(self),
            cure="Use it as the weight or the delay of a projection; elsewhere a function takes the shape.",
            shape=shape,
        )

    def key(self) -> tuple[Any, ...]:
        """Give type and the function itself."""
        return (type(self), self.function)

    def _place(self) -> str:
        """Name of the function, with its file and line where it has them."""
        code = getattr(self.function, "__code__", None)
        return name_of(self.function) + (f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else "")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({name_of(self.function)})"


class OfDistance(OfPairs):
    r"""Weights or delays that a function of the distance between two neurons gives.

    Parameters
    ----------
    function : callable
        ``function(d)`` gets distances of many synapses, of shape (n,) and with the unit of the positions, and returns
        an array or Quantity of that shape, or one value for all.
    pre : Quantity or array, shape (n_pre,) or (n_pre, axes)
        Positions of the presynaptic neurons, in the order of their flat indices.
    post : Quantity or array, optional
        Positions of the postsynaptic neurons; by default those of `pre`.
    period : Quantity or float, or one for each axis, optional
        Length after which space repeats itself, as on a ring or a torus: the shortest way counts.

    Raises
    ------
    ShapeError
        The positions differ in their axes, or there are not as many as neurons.
    InvalidParameterError
        A position is not finite, or a period is not positive.
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
    """

    __slots__ = ("_period", "_post", "_pre", "_unit")

    _hint: ClassVar[str] = (
        "Distances come as an array with the unit of the positions: np.where(d < 1 * mm, a, b) instead of if, and "
        "np.exp(-d / (100 * um)), a number, instead of np.exp(-d)."
    )

    def __init__(self, function: Callable[..., Any], pre: Any, post: Any = None, period: Any = None) -> None:
        self._pre, self._unit = _places("pre", pre)
        self._post, unit = (self._pre, self._unit) if post is None else _places("post", post)
        self._period: Any
        self._period, period_unit = (None, unit) if period is None else split(period)
        if not self._unit == unit == period_unit:
            raise DimensionError(
                f"Positions are in {self._unit}, but others, or the period, are in {unit} and {period_unit}.",
                where=f"OfDistance({name_of(function)})",
                cure="Give all of them in one unit.",
                unit=self._unit,
                period_unit=period_unit,
            )
        if self._pre.shape[1] != self._post.shape[1]:
            raise ShapeError(
                f"Positions have {self._pre.shape[1]} axes before and {self._post.shape[1]} behind the synapse.",
                where=f"OfDistance({name_of(function)})",
                cure="Give arrays of shape (n_pre, axes) and (n_post, axes).",
                pre_axes=self._pre.shape[1],
                post_axes=self._post.shape[1],
            )
        if np.shape(self._period) not in ((), (self._pre.shape[1],)):
            raise ShapeError(
                f"The period has the shape {np.shape(self._period)}, but positions have {self._pre.shape[1]} axes.",
                where=f"OfDistance({name_of(function)})",
                cure="Give one length, or one for each axis.",
                period=np.shape(self._period),
                pre_axes=self._pre.shape[1],
            )
        if period is not None and not (np.asarray(self._period) > 0).all():
            raise InvalidParameterError(
                f"The period is {describe(period)}.",
                where=f"OfDistance({name_of(function)})",
                cure="Give a positive length, or one for each axis.",
                period=period,
            )
        if not takes(function, (np.zeros(1),), {}):
            raise HookArgumentError(
                f"The function {name_of(function)} cannot be called with 1 argument, the distances.",
                where=f"OfDistance({name_of(function)})",
                cure="Take the distances, as in lambda d: np.exp(-d / (100 * um)) * nS.",
                function=name_of(function),
            )
        self.function = function
        first = np.zeros(1, dtype=np.int64)
        self.dimension = split(self.evaluate(first, first), where=self._place())[1]
        self.values(first, first)

    def evaluate(self, pre: Indices, post: Indices) -> Any:
        """What the user's function gives for the distances of some synapses."""
        between = self._pre[pre] - self._post[post]
        if self._period is not None:
            between -= self._period * np.rint(between / self._period)
        distances = np.sqrt((between * between).sum(axis=1))
        return self._ask(join_eager(distances, self._unit))

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
        return (type(self), self.function, *places, str(self._period), self._unit)


def _places(name: str, given: Any) -> tuple[NDArray[np.float64], Any]:
    """Positions as an array of two axes, with their dimension."""
    magnitude, dimension = split(given, where=f"OfDistance({name})")
    places = np.array(magnitude, dtype=np.float64)
    if places.ndim == 1:
        places = places.reshape(-1, 1)
    if places.ndim != 2 or places.size == 0:
        raise ShapeError(
            f"Positions have the shape {np.shape(magnitude)}.",
            where=f"OfDistance({name})",
            cure="Give one row for each neuron, shape (n,) or (n, axes).",
            shape=np.shape(magnitude),
        )
    if not np.isfinite(places).all():
        raise InvalidParameterError(
            "A position is NaN or infinite.", where=f"OfDistance({name})", cure="Give finite positions."
        )
    return places, dimension
