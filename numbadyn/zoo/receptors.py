"""Receptors by their kinetics: AMPA, GABA-A, GABA-B, NMDA.

In: spikes of the presynaptic population.  Out: the fraction of open channels, between 0 and 1.  Must
not know: connectivity, projections, lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.model import environ
from numbadyn.model.dynamics import Synapse
from numbadyn.model.functions import exprel
from numbadyn.model.timing import whole_steps
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.comparing import Above
from numbadyn.zoo.units import kHz, mM, ms

__all__ = ["AMPA", "NMDA", "GABAa", "GABAb", "KineticSynapse"]


class KineticSynapse(Synapse):
    r"""Receptors of two states that a pulse of transmitter opens.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the presynaptic population.
    alpha : quantities.Quantity
        Rate of opening, per concentration (1/(ms mM)).
    beta : quantities.Quantity
        Rate of closing (kHz).
    T : quantities.Quantity
        Concentration of transmitter in a pulse (mM).
    duration : quantities.Quantity
        How long a pulse lasts after a spike (ms), rounded up to whole steps; a spike in a pulse begins it anew.
    name : str, optional
        Name for messages and results.
    averaged : bool
        What `update` gives: the mean of r over the step that begins, by default, or its value at the start.

    Attributes
    ----------
    r : State
        Fraction of open channels.
    left : State
        Steps that the pulse still lasts (int).

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.

    Notes
    -----
    .. math:: \frac{dr}{dt} = \alpha\, [T]\, (1 - r) - \beta r

    is advanced exactly, as the concentration is constant by pieces. Responses saturate, so the model stands on the
    presynaptic side, in `AlignPreProj`, and weights are the conductances when all channels are open.

    References
    ----------
    Destexhe, A., Mainen, Z. F. and Sejnowski, T. J. (1994), An efficient method for computing synaptic conductances
    based on a kinetic model of receptor binding, Neural Computation 6, 14-18, doi:10.1162/neco.1994.6.1.14.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mM, ms
    >>> synapse = nd.KineticSynapse(1, alpha=2 / (ms * mM), beta=1 / ms, averaged=False)
    >>> synapse = nd.init_all_states(synapse)
    >>> with nd.environ.context(dt=0.5 * ms):
    ...     print([float(synapse(step == 0)[0].round(3)) for step in range(5)])
    [0.0, 0.518, 0.633, 0.384, 0.233]
    """

    def __init__(
        self,
        in_size: SizeLike,
        alpha: ParameterLike,
        beta: ParameterLike,
        T: ParameterLike = 1.0 * mM,
        duration: ParameterLike = 1.0 * ms,
        name: str | None = None,
        averaged: bool = True,
    ) -> None:
        super().__init__(in_size, name=name)
        self.alpha = Parameter(alpha, unit=1.0 / (ms * mM), positive=True)
        self.beta = Parameter(beta, unit=kHz, positive=True)
        self.T = Parameter(T, unit=mM, positive=True)
        self.duration = Parameter(duration, unit=ms, positive=True)
        self.averaged = bool(averaged)

    def init_state(self) -> None:
        """Make the fraction of open channels and the counter of the pulse."""
        self.r = State(0.0)
        self.left = State(0)

    def bound(self, pulse: Any) -> tuple[Any, Any]:
        """Where r goes, and how fast, with transmitter or without.

        Parameters
        ----------
        pulse : array of bool or traced value
            Where there is transmitter.

        Returns
        -------
        tuple
            The steady state, and the rate of approach.
        """
        opening = self.alpha * self.T
        with_it = opening + self.beta
        return np.where(pulse, opening / with_it, 0.0), np.where(pulse, with_it, self.beta.value)

    def count(self, spike: Any) -> Any:
        """Count the pulses down, begin those of this step, and give where there is transmitter in the next one."""
        left = np.maximum(self.left.value - 1, 0)
        self.left.value = np.where(spike, whole_steps(self.duration), left)
        return self.left.value > 0

    def update(self, x: Any) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : array of bool
            The spikes of this step.

        Returns
        -------
        array
            Fraction of open channels over the step that begins.
        """
        dt = environ.get_dt()
        steady, rate = self.bound(self.left.value > 0)
        r = self.r.value = steady + (self.r.value - steady) * np.exp(-dt * rate)
        pulse = self.count(_spikes(x))
        if not self.averaged:
            return r
        steady, rate = self.bound(pulse)
        return steady + (r - steady) * exprel(-dt * rate)


def _spikes(x: Any) -> Any:
    """Signals as spikes: whatever is not zero."""
    return (np.asarray(x) if isinstance(x, bool | list) else x).astype(bool)


class AMPA(KineticSynapse):
    r"""AMPA receptors: a `KineticSynapse` with the rates of fast excitation.

    Parameters
    ----------
    in_size, alpha, beta, T, duration, name, averaged
        As of `KineticSynapse`.

    References
    ----------
    Destexhe, A., Mainen, Z. F. and Sejnowski, T. J. (1998), Kinetic models of synaptic transmission, in: Methods in
    Neuronal Modeling, 2nd edition, MIT Press, 1-25.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, nS
    >>> E, I = nd.LIF(8), nd.LIF(2)
    >>> comm = nd.AllToAll(8, 2, weight=2 * nS)
    >>> proj = nd.AlignPreProj(E, syn=nd.AMPA.desc(), comm=comm, out=nd.COBA.desc(E=0 * mV), post=I)
    """

    def __init__(
        self,
        in_size: SizeLike,
        alpha: ParameterLike = 1.1 / (ms * mM),
        beta: ParameterLike = 0.19 * kHz,
        T: ParameterLike = 1.0 * mM,
        duration: ParameterLike = 1.0 * ms,
        name: str | None = None,
        averaged: bool = True,
    ) -> None:
        super().__init__(in_size, alpha, beta, T, duration, name, averaged)


class GABAa(KineticSynapse):
    r"""GABA-A receptors: a `KineticSynapse` with the rates of fast inhibition.

    Parameters
    ----------
    in_size, alpha, beta, T, duration, name, averaged
        As of `KineticSynapse`.

    References
    ----------
    As of `AMPA`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, nS
    >>> E, I = nd.LIF(8), nd.LIF(2)
    >>> comm = nd.AllToAll(2, 8, weight=2 * nS)
    >>> proj = nd.AlignPreProj(I, syn=nd.GABAa.desc(), comm=comm, out=nd.COBA.desc(E=-80 * mV), post=E)
    """

    def __init__(
        self,
        in_size: SizeLike,
        alpha: ParameterLike = 5.0 / (ms * mM),
        beta: ParameterLike = 0.18 * kHz,
        T: ParameterLike = 1.0 * mM,
        duration: ParameterLike = 1.0 * ms,
        name: str | None = None,
        averaged: bool = True,
    ) -> None:
        super().__init__(in_size, alpha, beta, T, duration, name, averaged)


class GABAb(KineticSynapse):
    r"""GABA-B receptors: bound transmitter makes a G-protein, of which several open a channel.

    Parameters
    ----------
    in_size, T, duration, name
        As of `KineticSynapse`.
    alpha, beta : quantities.Quantity
        Rates of binding, per concentration (1/(ms mM)), and of release (kHz).
    k3, k4 : quantities.Quantity
        Rates with which the G-protein is made and removed (kHz).
    K_d : float or array
        Dissociation constant of the channel, in units of the G-protein to the power `n`.
    n : int
        Binding sites of a channel.

    Attributes
    ----------
    r, G : State
        Fraction of bound receptors, and the G-protein.
    left : State
        Steps that the pulse still lasts (int).

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; `n` is no positive whole number.

    Notes
    -----
    .. math::

        \frac{dr}{dt} = \alpha\, [T]\, (1 - r) - \beta r, \qquad \frac{dG}{dt} = k_3 r - k_4 G, \qquad
        open = \frac{G^n}{G^n + K_d}

    Both are advanced exactly. Single spikes open few channels, volleys many.

    References
    ----------
    Destexhe, A. and Sejnowski, T. J. (1995), G protein activation kinetics and spillover of gamma-aminobutyric acid may
    account for differences between inhibitory responses in the hippocampus and thalamus, Proceedings of the National
    Academy of Sciences 92, 9515-9519, doi:10.1073/pnas.92.21.9515.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, nS
    >>> E, I = nd.LIF(8), nd.LIF(2)
    >>> comm = nd.AllToAll(2, 8, weight=2 * nS)
    >>> proj = nd.AlignPreProj(I, syn=nd.GABAb.desc(), comm=comm, out=nd.COBA.desc(E=-95 * mV), post=E)
    """

    def __init__(
        self,
        in_size: SizeLike,
        alpha: ParameterLike = 0.09 / (ms * mM),
        beta: ParameterLike = 0.0012 * kHz,
        k3: ParameterLike = 0.18 * kHz,
        k4: ParameterLike = 0.034 * kHz,
        K_d: ParameterLike = 100.0,
        n: int = 4,
        T: ParameterLike = 0.5 * mM,
        duration: ParameterLike = 0.3 * ms,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, alpha, beta, T, duration, name, averaged=False)
        self.k3 = Parameter(k3, unit=kHz, positive=True)
        self.k4 = Parameter(k4, unit=kHz, positive=True)
        self.K_d = Parameter(K_d, positive=True)
        if n != int(n) or n < 1:
            raise InvalidParameterError(
                f"n of {self.path} is {n!r}.", where=self.path, cure="Give a whole number of binding sites.", n=n
            )
        self.n = int(n)

    def init_state(self) -> None:
        """Make the bound receptors, the counter of the pulse and the G-protein."""
        super().init_state()
        self.G = State(0.0)

    def update(self, x: Any) -> Any:
        """Advance by one step; see `KineticSynapse.update`."""
        dt, old = environ.get_dt(), self.r.value
        steady, rate = self.bound(self.left.value > 0)
        super().update(x)
        kept = np.exp(-dt * self.k4)
        from_steady = steady * (dt * exprel(-dt * self.k4))
        from_rest = (old - steady) * (kept * dt * exprel(dt * (self.k4 - rate)))
        G = self.G.value = self.G.value * kept + self.k3 * (from_steady + from_rest)
        power = G
        for _ in range(self.n - 1):
            power = power * G
        return power / (power + self.K_d)


class NMDA(Synapse):
    r"""NMDA receptors that rise, decay slowly and saturate.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the presynaptic population.
    tau_rise, tau_decay : quantities.Quantity
        Time constants (ms); the rise is the shorter one.
    alpha : quantities.Quantity
        Rate of opening (kHz).
    name : str, optional
        Name for messages and results.
    averaged : bool
        As of `KineticSynapse`.

    Attributes
    ----------
    x : State
        What a spike leaves behind, adds one.
    s : State
        Fraction of open channels.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; the rise is not shorter than the decay.

    Notes
    -----
    .. math::

        \frac{dx}{dt} = -\frac{x}{\tau_{rise}} + \sum_k \delta(t - t_k), \qquad
        \frac{ds}{dt} = -\frac{s}{\tau_{decay}} + \alpha\, x\, (1 - s)

    The first is advanced exactly, the second exactly for the mean of x over the step: of second order. The block by
    magnesium is the part of the output, `MgBlock`. Two-state receptors of NMDA are a `KineticSynapse` with
    ``alpha=0.072 / (ms * mM)`` and ``beta=0.0066 / ms``.

    References
    ----------
    Wang, X.-J. (1999), Synaptic basis of cortical persistent activity: the importance of NMDA receptors to working
    memory, Journal of Neuroscience 19, 9587-9603, doi:10.1523/JNEUROSCI.19-21-09587.1999.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import nS
    >>> E, I = nd.LIF(8), nd.LIF(2)
    >>> comm = nd.AllToAll(8, 2, weight=2 * nS)
    >>> proj = nd.AlignPreProj(E, syn=nd.NMDA.desc(), comm=comm, out=nd.MgBlock.desc(), post=I)
    """

    def __init__(
        self,
        in_size: SizeLike,
        tau_rise: ParameterLike = 2.0 * ms,
        tau_decay: ParameterLike = 100.0 * ms,
        alpha: ParameterLike = 0.5 * kHz,
        name: str | None = None,
        averaged: bool = True,
    ) -> None:
        super().__init__(in_size, name=name)
        self.tau_rise = Parameter(tau_rise, unit=ms, positive=True)
        self.tau_decay = Parameter(tau_decay, unit=ms, positive=True, check=Above(self, "tau_decay", "tau_rise"))
        self.alpha = Parameter(alpha, unit=kHz, positive=True)
        self.averaged = bool(averaged)

    def init_state(self) -> None:
        """Make both variables."""
        self.x = State(0.0)
        self.s = State(0.0)

    def _bound(self, x: Any) -> tuple[Any, Any]:
        """Where s goes over a step that begins with a value of x, and how fast."""
        opening = self.alpha * (x * exprel(-environ.get_dt() / self.tau_rise))
        rate = opening + 1.0 / self.tau_decay
        return opening / rate, rate

    def update(self, x: Any) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : array of bool, or of numbers
            The spikes of this step, or a graded signal.

        Returns
        -------
        array
            Fraction of open channels over the step that begins.
        """
        dt = environ.get_dt()
        steady, rate = self._bound(self.x.value)
        s = self.s.value = steady + (self.s.value - steady) * np.exp(-dt * rate)
        self.x.value = self.x.value * np.exp(-dt / self.tau_rise) + x
        if not self.averaged:
            return s
        steady, rate = self._bound(self.x.value)
        return steady + (s - steady) * exprel(-dt * rate)
