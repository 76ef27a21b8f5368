"""Populations that fire by themselves: at random with a rate, or at given times.

In: rates or times.  Out: spikes.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.model import environ, random
from numbadyn.model.dynamics import Neuron
from numbadyn.model.given import GivenSpikes
from numbadyn.model.values import Parameter
from numbadyn.zoo.units import kHz

__all__ = ["PoissonGroup", "SpikeTrain"]


class PoissonGroup(Neuron):
    r"""Neurons that fire at random with given rates, independently of each other and of the past.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    rates : quantities.Quantity, array or Initialiser
        Rate of each neuron, one value or one for each.
    name : str, optional
        Name for messages and results.

    Raises
    ------
    InvalidParameterError
        A rate is negative or not finite.
    DimensionError, UnitExpectedError
        `rates` are no rates.

    Notes
    -----
    A neuron fires at most once a step, with the probability :math:`p = 1 - e^{-r \Delta t}` that a Poisson process of
    the rate r has an event in it.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, Hz
    >>> noise = nd.PoissonGroup(1000, rates=100 * Hz)
    >>> with nd.environ.context(dt=1 * ms, seed=1):
    ...     print(80 < noise().sum() < 120)
    True
    """

    def __init__(self, in_size: Any, rates: Any, name: str | None = None) -> None:
        super().__init__(in_size, name=name)
        self.rates = Parameter(rates, unit=kHz, negative=False)

    def update(self) -> Any:
        """Draw the spikes of this step.

        Returns
        -------
        array of bool
            Who spikes.
        """
        return random.bernoulli(-np.expm1(-self.rates * environ.get_dt()), size=self.varshape)


class SpikeTrain(Neuron):
    r"""Neurons that fire at given times.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    indices : array_like of int, shape (n_spikes,)
        Which neuron fires, a flat index.
    times : quantities.Quantity, shape (n_spikes,)
        When it fires, in any order; times after the end of a run do no harm.
    name : str, optional
        Name for messages and results.

    Raises
    ------
    ShapeError, InvalidParameterError, DimensionError
        Indices and times do not fit each other or the population.

    Notes
    -----
    A spike of step m has the time :math:`(m + 1) \Delta t`, the end of its step, as recorded spikes have. A time t
    therefore belongs to step :math:`m = \lceil t / \Delta t \rceil - 1`, and t = 0 to step 0; times that have been
    recorded come back unchanged. Several spikes of a neuron in one step are one. An eager call needs the step number:
    ``nd.environ.context(dt=..., i=...)``.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> train = nd.SpikeTrain(3, indices=[0, 2, 1], times=[0.1, 0.1, 0.25] * ms)
    >>> with nd.environ.context(dt=0.1 * ms, i=0):
    ...     print(train())
    [ True False  True]
    """

    def __init__(self, in_size: Any, indices: Any, times: Any, name: str | None = None) -> None:
        super().__init__(in_size, name=name)
        self.spikes = GivenSpikes(self.path, self.in_size, indices, times)

    def update(self) -> Any:
        """Give the spikes of this step.

        Returns
        -------
        array of bool
            Who spikes.
        """
        return self.spikes()
