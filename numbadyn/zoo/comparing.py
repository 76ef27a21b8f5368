"""Parameters that must be larger than another one of their model, checked whenever values are bound.

In: bound values of both.  Out: nothing, or an error.  Must not know: models.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.model.values import Parameter
from numbadyn.units import describe, join_eager, split

__all__ = ["Above", "AllOf"]


class AllOf:
    """Several checks of one parameter, in their order.

    Parameters
    ----------
    *checks : Above or BelowThreshold
        Checks that look at other parameters.
    """

    def __init__(self, *checks: Any) -> None:
        self._checks = checks

    def in_common(self, context: Any) -> bool:
        """Whether what holds for one replica holds for all."""
        return all(check.in_common(context) for check in self._checks)

    def __call__(self, values: NDArray[Any], context: Any) -> None:
        """Refuse what one of them refuses."""
        for check in self._checks:
            check(values, context)


class Above:
    """Check of a parameter, which must be above another one of its model.

    Parameters
    ----------
    model : Module
        Whose parameters they are.
    name, other : str
        The parameter that is checked, and the one below it, by attributes of the model: ``"served.V_reset"``.
    default : quantities.Quantity or number, optional
        What stands for the other one where the model has none.
    equal : bool
        Whether they may be equal.
    """

    def __init__(self, model: Any, name: str, other: str, default: Any = None, *, equal: bool = False) -> None:
        self._model, self._name, self._other, self._equal = model, name, other, equal
        self._default = default

    @property
    def _below(self) -> Parameter | None:
        """The other one, if it is a parameter."""
        found = functools.reduce(lambda part, name: getattr(part, name, None), self._other.split("."), self._model)
        return found if isinstance(found, Parameter) else None

    def in_common(self, context: Any) -> bool:
        """Whether what holds for one replica holds for all: they have the other one in common."""
        other = self._below
        return other is None or other.decider(context) is other

    def __call__(self, values: NDArray[Any], context: Any) -> None:
        """Refuse values that are not above the other ones.

        Raises
        ------
        InvalidParameterError
            One is not.
        """
        other = self._below
        if other is None and self._default is None:
            return
        low = np.asarray(split(self._default)[0]) if other is None else other.fetch(context)
        if values.ndim and low.ndim and values.shape != low.shape:
            return  # which is named elsewhere
        wrong = np.flatnonzero(
            np.broadcast_to(values < low if self._equal else values <= low, values.shape or low.shape)
        )
        if wrong.size == 0:
            return
        place = int(wrong[0])
        mine = getattr(self._model, self._name).dimension
        found, bound = (
            describe(join_eager(float(np.ravel(each)[place if each.ndim else 0]), mine)) for each in (values, low)
        )
        which = f" in element {place}" if values.ndim or low.ndim else ""
        name = f"{self._model.path}.{self._name}"
        below = self._other.rpartition(".")[2]
        raise InvalidParameterError(
            f"{name} is {found}{which}, but {below} is {bound}.",
            where=name,
            cure=f"Give a {self._name} {'of at least' if self._equal else 'above'} {below}.",
            found=found,
            bound=bound,
            index=place,
        )
