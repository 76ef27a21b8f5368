"""Numbers that enter a model become those that a step computes with: conditions, int64 or float64.

In: numbers or arrays of any type.  Out: arrays of the wide type of their kind.  Must not know: models.

A traced step has three kinds of values and no narrow types; an eager call would overflow in eight bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fits", "widen"]


def widen(values: Any) -> NDArray[Any]:
    """The same numbers as Booleans, int64 or float64; what are no numbers comes back as it is.

    Parameters
    ----------
    values : number or array
        Any type.

    Examples
    --------
    >>> widen(np.int8(3)).dtype, widen([0.5, 1]).dtype
    (dtype('int64'), dtype('float64'))
    """
    array = np.asarray(values)
    wide: Any = {"i": np.int64, "u": np.int64, "f": np.float64}.get(array.dtype.kind, array.dtype)
    return array.astype(wide, copy=False)


def fits(own: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether an array of the one shape can be spread to the other.

    Examples
    --------
    >>> fits((1, 3), (2, 3)), fits((2,), (3,))
    (True, False)
    """
    try:
        return np.broadcast_shapes(own, shape) == shape
    except ValueError:
        return False
