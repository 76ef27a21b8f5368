"""Noises as signals: coloured, white, pink.

In: parameters with the unit of what they drive, time constants, frequencies.  Out: one value for each element.  Must
not know: who is driven, lowering, targets.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.model import environ, random
from numbadyn.model.acting import held
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.init import Normal
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.units import unit_of
from numbadyn.zoo.units import kHz, ms

__all__ = ["OrnsteinUhlenbeck", "PinkNoise", "WhiteNoise"]


class OrnsteinUhlenbeck(Dynamics):
    r"""Coloured noise: an Ornstein-Uhlenbeck process.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry: one process that all share by default, or independent ones for each element.
    sigma : quantities.Quantity or number
        Standard deviation.
    tau : quantities.Quantity
        Correlation time (ms).
    mean : quantities.Quantity or number, optional
        Mean; zero by default.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    x : State
        Deviation from the mean in units of sigma, at the end of the step.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.

    Notes
    -----
    .. math:: dx = -\frac{x}{\tau} dt + \sqrt{\frac{2}{\tau}}\, dW, \qquad output = mean + \sigma x

    It begins with a draw of its stationary distribution and is advanced exactly, so that variance and correlations,
    :math:`\sigma^2 e^{-|s|/\tau}`, do not depend on the time step. What acts over a step is the value at its start, of
    second order in what a linear neuron makes of it.

    References
    ----------
    Uhlenbeck, G. E. and Ornstein, L. S. (1930), On the theory of the Brownian motion, Physical Review 36, 823-841,
    doi:10.1103/PhysRev.36.823.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> net = nd.DynamicsGroup()
    >>> net.cells = nd.LIF(50)
    >>> net.noise = nd.CurrentInput(net.cells, nd.OrnsteinUhlenbeck.desc(sigma=80 * pA, tau=5 * ms, mean=90 * pA))
    >>> sim = nd.Simulator(net, dt=0.1 * ms, seed=1, target="interpret")
    >>> sim.record(net.cells, spikes=True)
    >>> sim.run(50 * ms)[net.cells].spikes.count > 10
    True
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        *,
        sigma: ParameterLike,
        tau: ParameterLike,
        mean: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.sigma = Parameter(sigma, negative=False)
        self.tau = Parameter(tau, unit=ms, positive=True)
        self.mean = None if mean is None else Parameter(mean, unit=unit_of(self.sigma.dimension))

    def init_state(self) -> None:
        """Make the process, from its stationary distribution."""
        self.x = State(Normal(0.0, 1.0))

    def update(self) -> Any:
        """Give the value of this step, and advance the process.

        Returns
        -------
        array or quantity
            One value for each element.
        """
        x = self.x.value
        kept = -environ.get_dt() / self.tau
        self.x.value = x * np.exp(kept) + np.sqrt(-np.expm1(2.0 * kept)) * random.normal(size=self.varshape)
        value = held(self.sigma * x)  # its decay in the step is made good by the noise of the step, on average
        return value if self.mean is None else self.mean + value


class WhiteNoise(Dynamics):
    r"""White noise: independent values in each step, whose spectral density does not depend on the step.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry: one signal that all share by default, or independent ones for each element.
    sigma : quantities.Quantity
        Its strength: the unit of what it drives, times the root of a time, such as ``20 * pA * ms**0.5``.
    mean : quantities.Quantity or number, optional
        Mean; zero by default.
    name : str, optional
        Name for messages and results.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.

    Notes
    -----
    In a step it has the value :math:`mean + \sigma\, \xi / \sqrt{\Delta t}` with a normal number :math:`\xi`, the mean
    of white noise over the step. Its spectral density, two-sided, is :math:`\sigma^2`. A neuron of the time constant
    :math:`\tau` and the resistance R follows with the standard deviation :math:`R \sigma / \sqrt{2 \tau}`, whatever
    the time step. Of a generator whose values of standard deviation s change at an interval h (as in NEST), sigma is
    :math:`s \sqrt{h}`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> noise = nd.WhiteNoise(10000, sigma=20 * pA * ms**0.5)
    >>> with nd.environ.context(dt=0.25 * ms, seed=1):
    ...     print(noise().std().round(0))
    40.0 pA
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        *,
        sigma: ParameterLike,
        mean: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.sigma = Parameter(sigma, negative=False)
        self.mean = None if mean is None else Parameter(mean)

    def update(self) -> Any:
        """Draw the value of this step.

        Returns
        -------
        array or quantity
            One value for each element.
        """
        value = self.sigma / np.sqrt(environ.get_dt()) * random.normal(size=self.varshape)
        return value if self.mean is None else self.mean + value


class PinkNoise(Dynamics):
    r"""Pink noise: the power of each octave of frequencies is the same.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry: one signal that all share by default, or independent ones for each element.
    sigma : quantities.Quantity or number
        Standard deviation.
    high : quantities.Quantity
        The highest frequency of the band (Hz).
    octaves : int
        Number of octaves down to the lowest one.
    mean : quantities.Quantity or number, optional
        Mean; zero by default.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    x0, x1, ... : State
        Processes of one octave each, from fast to slow, in units of their standard deviation.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; the number of octaves is not whole or not positive.

    Notes
    -----
    A sum of Ornstein-Uhlenbeck processes of equal variance whose cut-off frequencies :math:`1 / (2 \pi \tau_k) = high
    / 2^k` are an octave apart. Between the lowest and the highest of them the spectral density is
    that of 1/f to within some percent but for the ends; below it is white, above it falls with the square. Each process
    begins with a draw of its stationary distribution and is advanced exactly.

    References
    ----------
    Milotti, E. (2002), 1/f noise: a pedagogical review, arXiv:physics/0204033.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, pA
    >>> noise = nd.PinkNoise(sigma=30 * pA, high=200 * Hz, octaves=8)
    >>> print(noise.lowest.rescale("Hz"))
    1.5625 Hz
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        *,
        sigma: ParameterLike,
        high: ParameterLike = 0.2 * kHz,
        octaves: Any = 8,
        mean: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        if isinstance(octaves, bool) or not isinstance(octaves, int | np.integer) or octaves < 1:
            raise InvalidParameterError(
                f"octaves of {self.path} is {octaves!r}.",
                where=self.path,
                cure="Give a whole number, such as 8.",
                octaves=octaves,
            )
        self.octaves = int(octaves)
        self.sigma = Parameter(sigma, negative=False)
        self.high = Parameter(high, unit=kHz, positive=True)
        self.mean = None if mean is None else Parameter(mean, unit=unit_of(self.sigma.dimension))

    @property
    def lowest(self) -> Any:
        """The lowest frequency of the band."""
        return self.high.value * 0.5 ** (self.octaves - 1)

    def init_state(self) -> None:
        """Make the processes, from their stationary distribution."""
        for octave in range(self.octaves):
            setattr(self, f"x{octave}", State(Normal(0.0, 1.0)))

    def update(self) -> Any:
        """Give the value of this step, and advance the processes.

        Returns
        -------
        array or quantity
            One value for each element.
        """
        total: Any = None
        fastest = -2.0 * np.pi * self.high * environ.get_dt()
        for octave in range(self.octaves):
            state = self.state(f"x{octave}")
            x, kept = state.value, fastest * 0.5**octave
            total = x if total is None else total + x
            state.value = x * np.exp(kept) + np.sqrt(-np.expm1(2.0 * kept)) * random.normal(size=self.varshape)
        value = held(self.sigma * (1.0 / math.sqrt(self.octaves)) * total)  # as of an OrnsteinUhlenbeck
        return value if self.mean is None else self.mean + value
