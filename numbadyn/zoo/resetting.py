"""Potentials that must be below the threshold: a reset, which would cross it again at once; where an upswing begins.

In: bound values of a potential and a threshold.  Out: nothing, or an error.  Must not know: models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.model.values import Parameter

__all__ = ["BelowThreshold"]


class BelowThreshold:
    """Check of a potential, such as a reset, which must be below the threshold V_th of its neuron.

    Parameters
    ----------
    neuron : Neuron
        Whose potential it is; its V_th is looked at where it is a `Parameter`, since a subclass may put a state there.
    name : str
        Name of the potential.
    why : str
        What happens else.
    equal : bool
        Whether it may be equal to the threshold.
    """

    def __init__(
        self,
        neuron: Any,
        name: str,
        why: str = "after its first spike a neuron would fire in each step",
        *,
        equal: bool = False,
    ) -> None:
        self._neuron, self._name, self._why, self._equal = neuron, name, why, equal

    @property
    def _threshold(self) -> Parameter | None:
        """The threshold, if it is fixed."""
        found = self._neuron.V_th
        return found if isinstance(found, Parameter) and self._neuron.fires_at_threshold else None

    def in_common(self, context: Any) -> bool:
        """Whether what holds for one replica holds for all: they have the threshold in common."""
        threshold = self._threshold
        return threshold is None or threshold.decider(context) is threshold

    def __call__(self, values: NDArray[Any], context: Any) -> None:
        """Refuse a potential at or above the threshold, in mV.

        Raises
        ------
        InvalidParameterError
            It is.
        """
        if self._threshold is None:
            return
        highest = self._threshold.fetch(context)
        if values.ndim and highest.ndim and values.shape != highest.shape:
            return  # which is named elsewhere
        wrong = np.flatnonzero(values > highest if self._equal else values >= highest)
        if wrong.size == 0:
            return
        place = int(wrong[0])
        low, high = (float(np.ravel(each)[place if each.ndim else 0]) for each in (values, highest))
        which = f" in element {place}" if values.ndim or highest.ndim else ""
        name = f"{self._neuron.path}.{self._name}"
        raise InvalidParameterError(
            f"{name} is {low:g} mV{which}, {'' if self._equal else 'at or '}above V_th, {high:g} mV: {self._why}.",
            where=name,
            cure=f"Give a {self._name} {'not above' if self._equal else 'below'} V_th.",
            reset=low,
            threshold=high,
            index=place,
        )
