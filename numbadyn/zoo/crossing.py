"""Neurons whose potential runs through its spikes: a spike is an upward crossing, counted once.

In: parameters with units, a potential before and after a step.  Out: spikes.  Must not know: what makes the potential
move, lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.model.dynamics import Neuron
from numbadyn.model.timing import whole_steps
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.units import ms, mV, pF

__all__ = ["CrossingNeuron"]


class CrossingNeuron(Neuron):
    """Base of neurons that are never reset.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    C : quantities.Quantity
        Capacitance (pF).
    V_spike : quantities.Quantity
        A spike is an upward crossing of this potential (mV).
    tau_ref : quantities.Quantity
        Time after a spike in which no other is counted (ms); V is not held.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    V : State
        Membrane potential (mV); a class makes it.
    refractory : State
        Steps until a spike counts again (int); a class makes it, as ``State(0)``.
    """

    V: State
    refractory: State

    def __init__(
        self, in_size: SizeLike, C: ParameterLike, V_spike: ParameterLike, tau_ref: ParameterLike, name: str | None
    ) -> None:
        super().__init__(in_size, name=name)
        self.C = Parameter(C, unit=pF, positive=True)
        self.V_spike = Parameter(V_spike, unit=mV)
        self.tau_ref = Parameter(tau_ref, unit=ms, negative=False)

    def cross(self, advanced: Any) -> Any:
        """Bring the potential to the end of the step, and count who has crossed.

        Parameters
        ----------
        advanced : quantities.Quantity or traced value
            The potential at the end of the step.

        Returns
        -------
        array of bool or traced value
            Who spikes.
        """
        left = self.refractory.value
        spike = (left == 0) & (self.V_spike < advanced) & (self.V_spike >= self.V.value)
        self.V.value = advanced
        self.refractory.value = np.where(spike, whole_steps(self.tau_ref), np.maximum(left - 1, 0))
        return spike
