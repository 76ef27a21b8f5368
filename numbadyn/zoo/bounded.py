"""Plastic synapses whose weights stay between bounds.

In: bounds, a rule that changes weights.  Out: weights within the bounds, from the first ones on.  Must not know:
lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.projections.plastic import PlasticProj
from numbadyn.projections.reached import ReachedSynapses
from numbadyn.projections.synapse_parameter import is_common, synapse_parameter, values_at
from numbadyn.projections.synapse_state import SynapticWeight
from numbadyn.units import describe, unit_of

__all__ = ["BoundedProj"]

#: By how much, relatively, a first weight in single precision may be beyond a bound.
_ROUNDING = 1e-6


class _WeightWithin(SynapticWeight):
    """The weight of each synapse, which begins within the bounds of its rule."""

    def check_set(self, values: NDArray[Any], context: Any) -> None:
        """As of every state; where bounds are common to all synapses, weights are within them."""
        super().check_set(values, context)
        rule: Any = self.owner
        if is_common(rule.w_min) and is_common(rule.w_max):
            weakest, strongest = rule.w_min.fetch(context), rule.w_max.fetch(context)
            self._check_inside(np.atleast_1d(values), weakest, strongest, "new")

    def _first(self, table: Any, context: Any, stream: int | None) -> NDArray[Any]:
        values = super()._first(table, context, stream)
        rule: Any = self.owner
        weakest, strongest = (values_at(end, table, context) for end in (rule.w_min, rule.w_max))
        rule.check_between(weakest, strongest)
        self._check_inside(values, weakest, strongest, "first")
        return values

    def _check_inside(self, values: NDArray[Any], weakest: NDArray[Any], strongest: NDArray[Any], called: str) -> None:
        """Refuse weights outside of the bounds."""
        low, high = np.minimum(weakest, strongest), np.maximum(weakest, strongest)
        outside = (values < low - _ROUNDING * abs(low)) | (values > high + _ROUNDING * abs(high))
        if not outside.any():
            return
        which = np.flatnonzero(outside)[np.argmax(np.abs(values[outside]))]
        path, unit, worst = self.owner.path, unit_of(self.dimension), values[which]
        low, high = (float(np.broadcast_to(end, values.shape)[which]) for end in (low, high))
        raise InvalidParameterError(
            f"{outside.sum()} of {values.size} {called} weights of {path} are outside of its bounds, "
            f"{describe(low * unit)} to {describe(high * unit)}; the farthest from zero is {describe(worst * unit)}.",
            where=f"{path}.weight",
            cure="Give weights of comm within the bounds, or other bounds w_min and w_max."
            if called == "first"
            else "Set weights within the bounds w_min and w_max.",
            low=low,
            high=high,
            worst=float(worst),
        )


class BoundedProj(PlasticProj):
    """A rule with bounds of the weight, between which it begins and stays.

    Parameters
    ----------
    *modules, **options
        As of `PlasticProj`.
    w_max : quantities.Quantity
        The strongest weight, in the unit of the weights; negative for inhibition. It may differ from synapse to
        synapse, see `synapse_parameter`.
    w_min : quantities.Quantity, optional
        The weakest weight; zero by default. It may differ, too.

    Raises
    ------
    DimensionError
        A bound is in another unit than the weights.
    InvalidParameterError
        There is nothing between the bounds, or a first weight is not.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> class Depressing(nd.BoundedProj):
    ...     def on_pre(self, s):
    ...         self.change(s, -0.1 * self.w_max)
    """

    def __init__(self, *modules: Any, w_max: ParameterLike, w_min: ParameterLike | None = None, **options: Any) -> None:
        super().__init__(*modules, **options)
        unit = unit_of(self.weight.dimension)
        self.w_max = synapse_parameter(w_max, unit, check=self._check_bounds)
        self.w_min = synapse_parameter(0.0 * unit if w_min is None else w_min, unit)
        self.weight = _WeightWithin()

    def _check_bounds(self, strongest: NDArray[Any], context: Any) -> None:
        """The strongest weight is farther from zero than the weakest one, or on the other side."""
        if not is_common(self.w_min):
            return  # which is known when weights are
        weakest = self.w_min.fetch(context)
        if not (strongest.ndim or weakest.ndim):  # which a step refuses by name
            self.check_between(weakest, strongest)

    def check_between(self, weakest: NDArray[Any], strongest: NDArray[Any]) -> None:
        """Refuse bounds with nothing between them.

        Parameters
        ----------
        weakest, strongest : ndarray
            One for all synapses, or one for each.

        Raises
        ------
        InvalidParameterError
            There is nothing between those of a synapse.
        """
        fine = ((strongest > 0) & (weakest < strongest)) | ((strongest < 0) & (weakest > strongest))
        if fine.all():
            return
        first = np.flatnonzero(~np.ravel(fine))[0]
        weakest, strongest = (np.broadcast_to(end, np.shape(fine)).reshape(-1)[first] for end in (weakest, strongest))
        unit = unit_of(self.w_max.dimension)
        raise InvalidParameterError(
            f"w_max of {self.path} is {describe(strongest * unit)}, and w_min is {describe(weakest * unit)}: "
            "there is nothing between zero or the weakest weight and the strongest one.",
            where=f"{self.path}.w_max",
            cure="Give a w_max beyond w_min: above it for excitation, below it and negative for inhibition.",
            w_max=float(strongest),
            w_min=float(weakest),
        )

    def check_within(self, parameter: Parameter, value: NDArray[Any], context: Any) -> None:
        """Refuse a weight that a rule sets, where it is outside of the bounds; the check of a `Parameter`.

        Parameters
        ----------
        parameter : Parameter
            Of this projection.
        value : ndarray
            What it is.
        context
            As `Parameter` gives it to a check.

        Raises
        ------
        InvalidParameterError
            It is.
        """
        if not (is_common(self.w_min) and is_common(self.w_max)):
            return
        ends = [end.fetch(context) for end in (self.w_min, self.w_max)]
        if any(values.ndim for values in (value, *ends)) or min(ends) <= value <= max(ends):
            return
        unit = unit_of(parameter.dimension)
        raise InvalidParameterError(
            f"{parameter.name} of {self.path} is {describe(value[()] * unit)}, but the bounds of its weights are "
            f"{describe(min(ends)[()] * unit)} to {describe(max(ends)[()] * unit)}.",
            where=f"{self.path}.{parameter.name}",
            cure="Give a weight between w_min and w_max, or other bounds.",
            value=float(value),
            low=float(min(ends)),
            high=float(max(ends)),
        )

    def change(self, s: ReachedSynapses, by: Any) -> None:
        """Add to the weights, within the bounds."""
        s.weight = self.within(s, s.weight + by)

    def within(self, s: ReachedSynapses, weight: Any) -> Any:
        """Weights between the bounds, which for inhibition are below zero."""
        low, high = np.minimum(self.w_min.value, self.w_max.value), np.maximum(self.w_min.value, self.w_max.value)
        return np.minimum(np.maximum(weight, low), high)
