"""Neurons that fire regularly.

In: periods, times.  Out: spikes.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import RateError
from numbadyn.model import environ
from numbadyn.model.dynamics import Neuron
from numbadyn.model.timing import below
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter
from numbadyn.zoo.comparing import Above
from numbadyn.zoo.units import ms

__all__ = ["RegularSpikes"]


class RegularSpikes(Neuron):
    r"""Neurons that fire regularly, each with a period of its own.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    period : quantities.Quantity
        Time from spike to spike (ms), one value or one for each neuron.
    start : quantities.Quantity, optional
        Time of the first spike (ms), such as ``nd.init.Uniform(0 * ms, 20 * ms)`` for random phases; one period by
        default.
    stop : quantities.Quantity, optional
        After this time no more spikes come (ms).
    name : str, optional
        Name for messages and results.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; it stops before it starts.
    RateError
        A period is shorter than the time step; when a run begins.

    Notes
    -----
    The spikes are those of the times :math:`start + k\, period`, each in the step that it belongs to, as in
    `SpikeTrain`: errors do not add up, however long the run, and the mean rate is exact also where the period is no
    multiple of the time step.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> clocks = nd.RegularSpikes(3, period=[5, 2.5, 7.25] * ms)
    >>> sim = nd.Simulator(clocks, dt=0.5 * ms, target="interpret")
    >>> sim.record(clocks, spikes=True)
    >>> sim.run(15 * ms)[clocks].spikes.trains()[2]
    array([ 7.5, 14.5]) * ms
    """

    def __init__(
        self,
        in_size: SizeLike,
        period: ParameterLike,
        start: ParameterLike | None = None,
        stop: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.period = Parameter(period, unit=ms, positive=True, check=self._must_fit)
        self.start = None if start is None else Parameter(start, unit=ms, negative=False)
        self.stop = None if stop is None else Parameter(stop, unit=ms, check=Above(self, "stop", "start", 0.0 * ms))

    def _must_fit(self, period: NDArray[Any], context: Any) -> None:
        """Refuse periods of which a step would hold several."""
        shortest = float(np.min(period))
        if shortest < context.dt * (1.0 - 1e-6):
            raise RateError(
                f"{self.path} has a period of {shortest:g} ms, but fires at most once in a step of {context.dt:g} ms.",
                where=f"{self.path}.period",
                cure=f"Take a step of {below(shortest):g} ms or less, or several neurons whose spikes take turns.",
                found=shortest,
                dt=context.dt,
            )

    def update(self) -> Any:
        """Give the spikes of this step.

        Returns
        -------
        array of bool
            Whether each neuron spikes.
        """
        first = self.period if self.start is None else self.start
        begin, dt = environ.get("t"), environ.get_dt()
        number, before = np.floor((begin + dt - first) / self.period), np.floor((begin - first) / self.period)
        if self.start is not None:
            # time zero lies at the end of no step and belongs to the first one
            before = np.where((begin <= 0.0 * ms) & (before == 0.0), -1.0, before)
        spike = np.ones(self.varshape, dtype=bool) & (number > before) & (number >= 0.0)
        return spike if self.stop is None else spike & (begin + dt <= self.stop)
