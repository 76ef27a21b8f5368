"""Names for what users may give, in signatures.

In: nothing.  Out: type aliases.  Must not know: models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import quantities as pq
from numpy.typing import ArrayLike

__all__ = ["QuantityLike", "SizeLike"]

QuantityLike: TypeAlias = pq.Quantity | ArrayLike
"""A number or an array, with a unit of `quantities` where it has a dimension."""

SizeLike: TypeAlias = int | Sequence[int]
"""A number of elements, or a tuple of them: the extents of a geometry, in C order."""
