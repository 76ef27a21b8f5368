"""Graded release: transmitter that follows the presynaptic potential.

In: a potential.  Out: the fraction of open channels, between 0 and 1.  Must not know: connectivity, projections,
lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.model import environ
from numbadyn.model.dynamics import Synapse
from numbadyn.model.functions import exprel
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.units import kHz, mM, ms, mV

__all__ = ["GradedRelease"]


class GradedRelease(Synapse):
    r"""Receptors whose transmitter follows the presynaptic potential, without spikes.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the presynaptic population.
    alpha, beta : quantities.Quantity
        Rates of opening, per concentration (1/(ms mM)), and of closing (kHz).
    T_max : quantities.Quantity
        The highest concentration of transmitter (mM).
    V_half : quantities.Quantity
        Potential at which half of it is there (mV).
    width : quantities.Quantity
        Steepness: potential over which the concentration changes by e (mV).
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    r : State
        Fraction of open channels.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.

    Notes
    -----
    .. math::

        [T] = \frac{T_{max}}{1 + e^{-(V - V_{half}) / width}}, \qquad
        \frac{dr}{dt} = \alpha\, [T]\, (1 - r) - \beta r

    It is given the potential, ``E.prefetch("V")``, and advanced exactly for the one at the start of the step.

    References
    ----------
    Destexhe, A., Mainen, Z. F. and Sejnowski, T. J. (1994), Synthesis of models for excitable membranes, synaptic
    transmission and neuromodulation using a common kinetic formalism, Journal of Computational Neuroscience 1, 195-230,
    doi:10.1007/BF00961734.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, nS
    >>> A, B = nd.WangBuzsaki(2), nd.LIF(2)
    >>> comm = nd.OneToOne(2, 2, weight=2 * nS)
    >>> proj = nd.AlignPreProj(
    ...     A.prefetch("V"), syn=nd.GradedRelease.desc(), comm=comm, out=nd.COBA.desc(E=0 * mV), post=B
    ... )
    """

    def __init__(
        self,
        in_size: SizeLike,
        alpha: ParameterLike = 1.1 / (ms * mM),
        beta: ParameterLike = 0.19 * kHz,
        T_max: ParameterLike = 2.84 * mM,
        V_half: ParameterLike = 2.0 * mV,
        width: ParameterLike = 5.0 * mV,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.alpha = Parameter(alpha, unit=1.0 / (ms * mM), positive=True)
        self.beta = Parameter(beta, unit=kHz, positive=True)
        self.T_max = Parameter(T_max, unit=mM, positive=True)
        self.V_half = Parameter(V_half, unit=mV)
        self.width = Parameter(width, unit=mV, positive=True)

    def init_state(self) -> None:
        """Make the fraction of open channels."""
        self.r = State(0.0)

    def update(self, x: Any) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : quantities.Quantity or traced value
            The presynaptic potential.

        Returns
        -------
        array
            Mean of the fraction of open channels over the step.
        """
        dt = environ.get_dt()
        opening = self.alpha * self.T_max / (1.0 + np.exp((self.V_half - x) / self.width))
        rate = opening + self.beta
        steady, old = opening / rate, self.r.value
        self.r.value = steady + (old - steady) * np.exp(-dt * rate)
        return steady + (old - steady) * exprel(-dt * rate)
