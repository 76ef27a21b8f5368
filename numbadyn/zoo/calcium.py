"""Parts of point neurons, and the calcium in them: a shell below the membrane that calcium channels fill.

In: currents of calcium, parameters with units.  Out: a concentration.  Must not know: channels, neurons, lowering,
targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import HookArgumentError
from numbadyn.model import environ
from numbadyn.model.acting import note_half_step
from numbadyn.model.lifecycle import call_order
from numbadyn.model.module import Module
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.units import mM, ms, pA, um

__all__ = ["CalciumPool", "Part"]

#: Charge of a mole of elementary charges.
FARADAY = 96.48533212 * pA * ms / (mM * um**3)


class Part(Module):
    """A part of a population of point neurons, of its size.

    Parameters
    ----------
    name : str, optional
        Name for messages and results.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.driven = True
        self.neuron: Any = None

    def serve(self, neuron: Any) -> None:
        """Become a part of a population; the neuron calls it.

        Raises
        ------
        HookArgumentError
            It is in another population already.
        """
        if self.neuron is not None:
            raise HookArgumentError(
                f"A {type(self).__name__} of {neuron.path} is a channel of {self.neuron.path} already.",
                where=neuron.path,
                cure="Make one for each population.",
                channel=type(self).__name__,
            )
        self.neuron, self.varshape = neuron, neuron.varshape

    def init_state(self) -> None:
        """Make the states; nothing by default.

        Raises
        ------
        HookArgumentError
            It is no part of a population.
        """
        if self.neuron is None:
            raise HookArgumentError(
                f"{self.path} has been assigned to a neuron that was made without it.",
                where=self.path,
                cure=f"Give it when the neuron is made: ...=nd.{type(self).__name__}(...).",
                channel=type(self).__name__,
            )


class CalciumPool(Part):
    r"""Calcium in a shell below the membrane: enters through channels, and is removed.

    Parameters
    ----------
    tau : quantities.Quantity
        Time constant of the removal (ms).
    rest : quantities.Quantity
        Concentration at rest (mM).
    volume : quantities.Quantity
        Volume of the shell (cubic micrometers); 0.1 micrometers below 20,000 square micrometers.
    Ca_initializer : Initialiser, quantity or array, optional
        First values of the concentration; that at rest by default.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    Ca : State
        Concentration (mM), half a step behind the potential.

    Raises
    ------
    DimensionError, InvalidParameterError
        A parameter has no meaning.

    Notes
    -----
    .. math:: \frac{d[Ca]}{dt} = \frac{[I_{Ca}]_+}{2 F\, volume} - \frac{[Ca] - rest}{\tau}

    with the sum :math:`I_{Ca}` of the inward currents of all channels that carry calcium. It is advanced exactly for
    the current in the middle of its step.

    References
    ----------
    Destexhe, A., Contreras, D., Sejnowski, T. J. and Steriade, M. (1994), A model of spindle rhythmicity in the
    isolated thalamic reticular nucleus, Journal of Neurophysiology 72, 803-818, doi:10.1152/jn.1994.72.2.803.

    Examples
    --------
    A cell that calcium enters in each spike, and whose afterhyperpolarisation follows it:

    >>> import numbadyn as nd
    >>> from quantities import mV, ms, nS
    >>> parts = {"L": nd.LCalciumChannel(), "calcium": nd.CalciumPool(tau=80 * ms), "AHP": nd.AHPChannel(g=400 * nS)}
    >>> cells = nd.TraubMiles(1, V_initializer=-40 * mV, **parts)
    >>> sim = nd.Simulator(cells, dt=0.05 * ms, target="interpret")
    >>> _ = sim.run(5 * ms)
    >>> print(sim.get(cells.calcium, "Ca").round(4))
    [0.0011] mM
    """

    def __init__(
        self,
        tau: ParameterLike = 5.0 * ms,
        rest: ParameterLike = 2.4e-4 * mM,
        volume: ParameterLike = 2000.0 * um**3,
        Ca_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.tau = Parameter(tau, unit=ms, positive=True)
        self.rest = Parameter(rest, unit=mM, negative=False)
        self.volume = Parameter(volume, unit=um**3, positive=True)
        self.Ca_initializer = Ca_initializer

    @call_order(-1)  # before the gates that depend on it
    def init_state(self) -> None:
        """Make the concentration."""
        super().init_state()
        self.Ca = State(self.rest if self.Ca_initializer is None else self.Ca_initializer, unit=mM)

    def gain(self) -> Any:
        """Rise of the concentration in a time for a current."""
        return 1.0 / (2.0 * FARADAY * self.volume)

    def advance(self, current: Any) -> Any:
        """Advance the concentration over the step in whose middle a current enters.

        Parameters
        ----------
        current : quantities.Quantity or traced value
            The inward current of all channels that carry calcium.

        Returns
        -------
        quantities.Quantity or traced value
            Mean of the concentrations at the start and at the end.
        """
        old = self.Ca.value
        note_half_step(old)
        steady = self.rest + self.tau * self.gain() * np.maximum(current, 0.0 * current)
        new = self.Ca.value = steady + (old - steady) * np.exp(-environ.get_dt() / self.tau)
        return 0.5 * (old + new)
