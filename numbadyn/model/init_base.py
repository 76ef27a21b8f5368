"""`Initialiser`: the base of all recipes for values, and what their modules share.

In: a shape, and seed, stream and number of the first element of a draw.  Out: arrays, with units for the user and as
coherent floats for the layers beneath the border.  Must not know: which recipes there are.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.units import Dimension, join

__all__ = ["STATE_STREAM", "Floats", "Initialiser", "Shape", "name_of", "real_of"]

STATE_STREAM = 0x40000000
"""First stream of the initial values of states (streams below belong to draws inside a step)."""

Floats = NDArray[np.floating[Any]]
Shape = int | tuple[int, ...]


class Initialiser(ABC):
    """A recipe for an array of values; the base of everything in ``nd.init``.

    Attributes
    ----------
    dimension : Dimension
        Physical dimension of the values.
    """

    __slots__ = ("dimension",)

    kind: ClassVar[str | None] = None
    """Name of the compiled version of a distribution; None where only `sample` can tell the values."""

    dimension: Dimension

    @abstractmethod
    def sample(
        self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0
    ) -> Floats:
        """Give the values as floats in the coherent unit system.

        Parameters
        ----------
        shape : int or tuple of int
            Shape of the result; elements are numbered in C order.
        seed : int
            Seed of the simulation, 0 to 2**64 - 1.
        stream : int
            Whose draw it is, 0 to 2**32 - 1.
        bits : {64, 32}
            Precision of the arithmetic and of the result.
        start : int
            Number of the first element, so that a long array can be drawn in pieces.

        Returns
        -------
        ndarray of float64 or float32
            Values in ms, mV, pA and what follows from them.
        """

    def __call__(self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM) -> Any:
        """Give the values with their unit.

        Parameters
        ----------
        shape : int or tuple of int
            Shape of the result.
        seed, stream : int
            See `sample`.

        Returns
        -------
        Quantity or ndarray of float64
            A plain array where the values have no dimension.
        """
        return join(self.sample(shape, seed=seed, stream=stream), self.dimension)

    @abstractmethod
    def key(self) -> tuple[Any, ...]:
        """Give a hashable value that is equal for two recipes exactly when they give equal values."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Initialiser) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())


def real_of(bits: int) -> type[np.floating[Any]]:
    """Give the type of the numbers for a precision."""
    return np.float32 if bits == 32 else np.float64


def name_of(function: Callable[..., Any]) -> str:
    """Give the name of a function for a message."""
    return getattr(function, "__qualname__", repr(function))
