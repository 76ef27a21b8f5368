"""`ANY`, the dimension of a value that has not been traced yet.

In: nothing.  Out: a dimension that is equal to no other one.  Must not know: traces.
"""

from __future__ import annotations

from numbadyn.units import Dimension

__all__ = ["ANY", "UnknownDimension"]


class UnknownDimension(Dimension):
    """A dimension that is yet to be found out, as of delayed outputs in the first pass; equal to itself only."""

    __slots__ = ()

    @property
    def is_dimensionless(self) -> bool:
        """It may be anything."""
        return False

    @property
    def name(self) -> str:
        """For messages."""
        return "a unit not known yet"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


ANY = UnknownDimension()
"""The dimension that is not known yet."""
