"""Weights and delays as functions of where a synapse begins and ends, evaluated when the synapses are built.

In: a function of presynaptic and postsynaptic indices.  Out: values for given pairs, checked.  Must not know: which
pairs are connected, how tables of synapses are made, Numba.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, HookArgumentError, InvalidParameterError, NumbadynError, ShapeError
from numbadyn.model.hooks import takes
from numbadyn.model.init_base import STATE_STREAM, Floats, Initialiser, Shape, name_of
from numbadyn.units import describe, join, split

__all__ = ["OfPairs"]

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

    def candidates(
        self, n_pre: int, n_post: int, most: int, by_post: bool = False
    ) -> Iterator[tuple[Indices, Indices]]:
        """Pairs that may have a synapse where the function is a probability: all of them.

        Parameters
        ----------
        n_pre, n_post : int
            Numbers of neurons.
        most : int
            About how many pairs a piece has.
        by_post : bool
            Whether a row is about a postsynaptic neuron, instead of a presynaptic one.

        Yields
        ------
        pre, post : ndarray of int64, shape (n,)
            Each pair once; a piece is of whole rows, which do not descend.
        """
        row = n_pre if by_post else n_post
        step = max(most // row, 1) * row
        for start in range(0, n_pre * n_post, step):
            number = np.arange(start, min(start + step, n_pre * n_post))
            yield (number % row, number // row) if by_post else (number // row, number % row)

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
