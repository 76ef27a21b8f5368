"""Dense communication: every signal onto every target by a matrix, for rates.

In: a matrix of weights.  Out: a module that stands as the ``comm`` of a projection.  Must not know: which projection it
serves, lowering, targets.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numbadyn.errors import ShapeError
from numbadyn.model.geometry import as_size
from numbadyn.model.init import Initialiser
from numbadyn.model.module import Module
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import join, join_eager, split

__all__ = ["Linear"]


class Linear(Module):
    r"""A product with a matrix, the dense ``comm`` of rate networks.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        Sizes of the signal and of what arrives; elements are numbered in C order.
    weight : float, Quantity, array or Initialiser
        Weights, of shape ``(n_in, n_out)``, or one for all; a distribution is drawn once for each pair.
    bias : float, Quantity, array or Initialiser, optional
        What is added, one for each of the targets or one for all.
    name : str, optional
        Name for messages.

    Attributes
    ----------
    weight, bias : Parameter
        They can be changed between runs, swept, and differ between the replicas of a batch.

    Raises
    ------
    ShapeError
        The weights are no matrix of these sizes, or the signal has another size.

    Notes
    -----
    :math:`y = x W + b`, at the cost of reading the matrix once a step. It has no synapses: one delay for all, no
    `edges`. Where delays differ, or signals are spikes or mostly zero, `AllToAll` with an array of weights is the same
    sum as a rule of connection.

    Examples
    --------
    >>> import numbadyn as nd
    >>> rates = nd.ThresholdLinear(3)
    >>> W = np.array([[0.0, 0.5, 0.0], [0.0, 0.0, 0.5], [0.5, 0.0, 0.0]])
    >>> ring = nd.Linear(3, 3, weight=W, bias=0.1)
    >>> net = nd.DynamicsGroup()
    >>> net.rates = rates
    >>> net.recur = nd.CurrentProj(rates.prefetch("r"), comm=ring, out=nd.CUBA.desc(scale=1.0), post=rates)
    >>> ring(np.array([1.0, 0.0, 0.0]))
    array([0.1, 0.6, 0.1])
    """

    def __init__(
        self,
        in_size: SizeLike,
        out_size: SizeLike,
        weight: ParameterLike,
        bias: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        place = name or type(self).__name__
        self.in_size, self.out_size = as_size(in_size, f"{place}(in_size)"), as_size(out_size, f"{place}(out_size)")
        n_in, n_out = math.prod(self.in_size), math.prod(self.out_size)
        if not isinstance(weight, Initialiser | Parameter) and not callable(weight):
            shape = np.shape(split(weight, where=f"{place}(weight)")[0])
            if shape not in ((), (n_in, n_out)):
                raise ShapeError(
                    f"The weights have the shape {shape}, but a signal of size {self.in_size} goes to {self.out_size}.",
                    where=f"{place}(weight)",
                    cure=f"Give a matrix of the shape {(n_in, n_out)}: a row for each signal.",
                    shape=shape,
                    expected=(n_in, n_out),
                )
            if shape == ():
                magnitude, dimension = split(weight)
                weight = join(np.full((n_in, n_out), magnitude, dtype=np.float64), dimension)
        self.weight = Parameter(weight, shape=(n_in, n_out))
        self.bias = None if bias is None else Parameter(bias, shape=self.out_size)

    def update(self, x: Any) -> Any:
        """What arrives of a signal.

        Parameters
        ----------
        x : array, Quantity or traced value, of the shape `in_size`

        Returns
        -------
        array, Quantity or traced value, of the shape `out_size`
        """
        n_in, shape = math.prod(self.in_size), np.shape(x)
        if math.prod(shape) != n_in:
            raise ShapeError(
                f"{self.path} gets a signal of the shape {shape}, but in_size is {self.in_size}.",
                where=self.path,
                cure="Make it with the sizes of both populations: pre.varshape, post.varshape.",
                shape=shape,
                expected=self.in_size,
            )
        arriving = _shaped(_shaped(x, (n_in,)) @ self.weight.value, self.out_size)
        return arriving if self.bias is None else arriving + self.bias.value


def _shaped(x: Any, shape: tuple[int, ...]) -> Any:
    """The same numbers in another shape."""
    if np.shape(x) == shape:
        return x
    if isinstance(x, Traced):
        trace = current_trace()
        assert trace is not None
        return Traced(trace, trace.take(x.node_in(trace), np.arange(math.prod(shape)).reshape(shape)))
    magnitude, dimension = split(x)
    return join_eager(np.reshape(magnitude, shape), dimension)
