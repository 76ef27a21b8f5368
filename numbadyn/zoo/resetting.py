"""Where the potential begins anew after a spike, checked: below the threshold, which it would cross again at once.

In: bound values of a reset and a threshold.  Out: nothing, or an error.  Must not know: models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.model.values import Parameter

__all__ = ["check_reset"]


def check_reset(values: NDArray[Any], context: Any, reset: Parameter, threshold: Any) -> None:
    """Refuse a reset at or above the threshold.

    Parameters
    ----------
    values : ndarray
        Bound values of the reset (mV).
    context : object
        What the threshold is bound with.
    reset : Parameter
        The reset.
    threshold : object
        The threshold; only a `Parameter` is looked at, since a subclass may have put a state in its place.

    Raises
    ------
    InvalidParameterError
        A neuron would fire in each step from its first spike on.
    """
    if not isinstance(threshold, Parameter):
        return
    highest = threshold.fetch(context)
    if values.ndim and highest.ndim and values.shape != highest.shape:
        return  # which is named elsewhere
    wrong = np.flatnonzero(values >= highest)
    if wrong.size == 0:
        return
    place = int(wrong[0])
    low, high = (float(np.ravel(each)[place if each.ndim else 0]) for each in (values, highest))
    which = f" in element {place}" if np.ndim(values >= highest) else ""
    raise InvalidParameterError(
        f"{reset.path} is {low:g} mV{which}, at or above {threshold.name}, {high:g} mV: after its first spike a neuron "
        "would fire in each step.",
        where=reset.path,
        cure=f"Give a {reset.name} below {threshold.name}.",
        reset=low,
        threshold=high,
        index=place,
    )
