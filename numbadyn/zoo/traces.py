"""Traces of spikes, as modules that follow a population.

In: spikes of a step.  Out: a trace for each neuron.  Must not know: lowering, targets, projections.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.model import environ
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.units import ms

__all__ = ["SpikeTrace"]


class SpikeTrace(Dynamics):
    r"""Trace of the spikes of a population: jumps with each one, and decays.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    tau : quantities.Quantity
        Time constant (ms).
    nearest : bool
        Whether a spike sets the trace to one, so that only the latest counts; else it adds one.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    x : State
        The trace, behind the spikes of each step.

    Notes
    -----
    .. math:: \tau \frac{dx}{dt} = -x, \qquad x \leftarrow x + 1 \text{ (or } 1 \text{) at a spike}

    Examples
    --------
    Made once for a population, however many ask for it:

    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> cells = nd.LIF(5)
    >>> cells.align_pre(nd.SpikeTrace.desc(tau=20 * ms)).varshape
    (5,)
    """

    def __init__(
        self, in_size: SizeLike, tau: ParameterLike = 20.0 * ms, nearest: bool = False, name: str | None = None
    ) -> None:
        super().__init__(in_size, name=name)
        self.tau, self.nearest = Parameter(tau, unit=ms, positive=True), bool(nearest)

    def init_state(self) -> None:
        """Make the trace."""
        self.x = State(0.0)

    def update(self, spikes: Any) -> Any:
        """Advance by one step, and take the spikes of it.

        Parameters
        ----------
        spikes : array of bool or traced value
            Who has spiked.
        """
        x = self.x.value * np.exp(-environ.get_dt() / self.tau)
        self.x.value = np.where(spikes, 1.0 if self.nearest else x + 1.0, x)
        return self.x.value
