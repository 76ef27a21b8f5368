"""A mixin for objects that `quantities` must treat as a quantity: parameters, states and traced values.

In: nothing.  Out: `StandsForQuantity`.  Must not know: what the objects are.

``q < x`` with a quantity q on the left asks whether x is a quantity; if not, it drops the unit of q before x is
consulted. An object that answers yes is asked to convert itself to the unit of q (``rescale``) and for its
``magnitude`` there, so nothing is lost.
"""

from typing import Any

import quantities as pq

from numbadyn.units.conversion import split
from numbadyn.units.dimension import Dimension

__all__ = ["StandsForQuantity", "scale_of"]


def scale_of(unit: Any) -> tuple[float, Dimension]:
    """Size of a unit in the coherent system, and its dimension.

    Parameters
    ----------
    unit : str, Quantity or Dimensionality
        A unit.

    Examples
    --------
    >>> scale_of("V")
    (1000.0, Dimension(mV))
    """
    magnitude, dimension = split(pq.Quantity(1.0, unit))
    return float(magnitude), dimension


class _NeverEqual:
    """A dimensionality that equals no other, so that a conversion is asked for."""

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return id(self)


class StandsForQuantity:
    """Makes ``isinstance(x, quantities.Quantity)`` true; see the module's text."""

    __slots__ = ()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        quantity: type = pq.Quantity
        return quantity

    @property
    def _dimensionality(self) -> Any:
        return _NeverEqual()
