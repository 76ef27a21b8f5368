"""Values as users give them, before an owner is known: plain arrays with their own dtype, and wrong ones.

In: numbers and arrays, recipes, errors.  Out: recipes.  Must not know: parameters and states.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import NumbadynError
from numbadyn.model.init import STATE_STREAM, Constant, Initialiser, Values
from numbadyn.units import Dimension

__all__ = ["Plain", "Refused", "list_values"]


class Refused:
    """Stands for a wrong value until its owner can be named: binding or use raises."""

    def __init__(self, error: NumbadynError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        raise self._error


def list_values(recipe: Initialiser) -> NDArray[Any] | None:
    """The numbers of a recipe that lists them; None where they are drawn or computed later."""
    if isinstance(recipe, Plain):
        return recipe.array
    if isinstance(recipe, Constant):
        return np.asarray(recipe.value)
    return recipe.values if isinstance(recipe, Values) else None


class Plain(Initialiser):
    """A number or array as it was given, with its own dtype."""

    __slots__ = ("array",)

    def __init__(self, array: NDArray[Any], dimension: Dimension) -> None:
        self.array = array
        self.dimension = dimension

    def sample(self, shape: Any, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0) -> Any:
        """The array, broadcast to the shape."""
        return np.broadcast_to(self.array, shape)

    def key(self) -> tuple[Any, ...]:
        """Identity for comparison."""
        return (type(self).__name__, self.array.shape, self.array.tobytes(), self.dimension)
