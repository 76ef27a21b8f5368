"""`Drawn`: values of a distribution that users write, by a generator of NumPy.

In: a function of a generator and a shape.  Out: arrays, with units for the user and as coherent floats for the layers
beneath the border.  Must not know: who asks for the values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import DimensionError, HookArgumentError, ShapeError
from numbadyn.model.hooks import takes
from numbadyn.model.init_base import STATE_STREAM, Floats, Initialiser, Shape, name_of, real_of
from numbadyn.units import split

__all__ = ["Drawn"]


class Drawn(Initialiser):
    """Values that a function of the user draws: a distribution that ``nd.init`` does not have.

    Parameters
    ----------
    function : callable
        Called as ``function(rng, shape)`` with a `numpy.random.Generator` and a tuple of int; returns an array or
        Quantity of that shape. It is called once at construction, with the shape ``(1,)``, to learn the unit.

    Raises
    ------
    HookArgumentError
        It does not take two arguments.
    ShapeError
        It returns another shape.
    DimensionError
        It returns another unit than at first.

    Notes
    -----
    The generator belongs to the state, parameter, weight or delay that is drawn: the values follow from the seed of the
    simulation and from the place in the network, and are the same on every target. Take chance from `rng` alone. Which
    numbers a `Generator` gives may change with the version of NumPy; `Uniform`, `Normal` and `LogNormal` do not depend
    on it, and are drawn in compiled code, on a device too.

    Examples
    --------
    Weights of a gamma distribution:

    >>> import numbadyn as nd
    >>> from quantities import nS
    >>> gamma = nd.init.Drawn(lambda rng, shape: rng.gamma(4.0, 0.25, shape) * nS)
    >>> comm = nd.FixedProb(100, 100, prob=0.1, weight=gamma)
    >>> print(gamma(100_000, seed=1).mean().round(2))
    1.0 nS
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[[np.random.Generator, tuple[int, ...]], Any]) -> None:
        if not takes(function, (None, (1,)), {}):
            raise HookArgumentError(
                f"The function {name_of(function)} cannot be called with 2 arguments, a generator and the shape of the "
                "values.",
                where=f"Drawn({name_of(function)})",
                cure="Take both, as in lambda rng, shape: rng.gamma(4.0, 0.25, shape) * nS.",
                function=name_of(function),
            )
        self.function = function
        _, self.dimension = split(function(np.random.default_rng(0), (1,)), where=repr(self))

    def sample(
        self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0
    ) -> Floats:
        """Call the function and check what it gave; see `Initialiser.sample`."""
        wanted = (start + shape,) if isinstance(shape, int) else tuple(shape)
        rng = np.random.Generator(np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)))
        magnitude, dimension = split(self.function(rng, wanted), where=repr(self))
        if dimension != self.dimension:
            raise DimensionError(
                f"{self!r} gave {dimension} for the shape {wanted}, but {self.dimension} for the shape (1,).",
                where=repr(self),
                cure="Return the same unit for every shape.",
                dimension=dimension,
                wanted=wanted,
            )
        values = np.asarray(magnitude)
        if values.shape != wanted:
            raise ShapeError(
                f"{self!r} gave the shape {values.shape} for {wanted}.",
                where=repr(self),
                cure="Return one value for each element, as in rng.gamma(4.0, 0.25, shape).",
                wanted=wanted,
            )
        return values.astype(real_of(bits))[start:] if isinstance(shape, int) else values.astype(real_of(bits))

    def key(self) -> tuple[Any, ...]:
        """Give type and the function itself."""
        return (type(self), self.function)

    def __repr__(self) -> str:
        return f"Drawn({name_of(self.function)})"
