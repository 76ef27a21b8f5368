"""Spike-timing-dependent plasticity: rules for synapses, each a short `PlasticProj`.

In: spikes of two populations, a rule of connection, parameters with units.  Out: jumps of the target by weights that
change.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.model import environ
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.model.view import whole_of
from numbadyn.projections.plastic import PlasticProj
from numbadyn.projections.reached import ReachedSynapses
from numbadyn.projections.synapse_state import SynapseState, SynapticWeight
from numbadyn.units import describe, unit_of
from numbadyn.zoo.units import kHz, ms

__all__ = ["STDP", "SpikeTrace", "TripletSTDP", "VogelsSprekelerSTDP"]

#: By how much, relatively, a first weight in single precision may be beyond a bound.
_ROUNDING = 1e-6


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


class _WeightWithin(SynapticWeight):
    """The weight of each synapse, which begins within the bounds of its rule."""

    def _first(self, table: Any, context: Any, stream: int | None) -> NDArray[Any]:
        values = super()._first(table, context, stream)
        rule: Any = self.owner
        ends = [float(end.fetch(context)) for end in (rule.w_min, rule.w_max)]
        low, high = min(ends), max(ends)
        outside = (values < low - _ROUNDING * abs(low)) | (values > high + _ROUNDING * abs(high))
        if not outside.any():
            return values
        unit, worst = unit_of(self.dimension), values[outside][np.argmax(np.abs(values[outside]))]
        raise InvalidParameterError(
            f"{outside.sum()} of {values.size} first weights of {rule.path} are outside of its bounds, "
            f"{describe(low * unit)} to {describe(high * unit)}; the farthest from zero is {describe(worst * unit)}.",
            where=f"{rule.path}.weight",
            cure="Give weights of comm within the bounds, or other bounds w_min and w_max.",
            low=low,
            high=high,
            worst=float(worst),
        )


class _Bounded(PlasticProj):
    """A rule with bounds of the weight, a presynaptic trace in each synapse and a postsynaptic one of each neuron."""

    def __init__(
        self,
        *modules: Any,
        comm: Any,
        post: Any,
        tau_plus: ParameterLike,
        tau_minus: ParameterLike,
        w_max: ParameterLike,
        w_min: ParameterLike | None,
        nearest: bool,
        delay: Any,
        name: str | None,
    ) -> None:
        super().__init__(*modules, comm=comm, post=post, delay=delay, name=name)
        self.tau_plus = Parameter(tau_plus, unit=ms, positive=True)
        unit = unit_of(self.weight.dimension)
        self.w_max = Parameter(w_max, unit=unit, shape=(), check=self._check_bounds)
        self.w_min = Parameter(0.0 * unit if w_min is None else w_min, unit=unit, shape=())
        self.weight = _WeightWithin()
        self.nearest = bool(nearest)
        self.x, self.last = SynapseState(0.0), SynapseState(0.0 * ms)
        self.y = whole_of(post).align_pre(SpikeTrace.desc(tau=tau_minus, nearest=nearest))

    def _check_bounds(self, strongest: NDArray[Any], context: Any) -> None:
        """The strongest weight is farther from zero than the weakest one, or on the other side."""
        weakest = self.w_min.fetch(context)
        if strongest.ndim or weakest.ndim:
            return  # which a step refuses by name
        if (strongest > 0 and weakest < strongest) or (strongest < 0 and weakest > strongest):
            return
        unit = unit_of(self.w_max.dimension)
        raise InvalidParameterError(
            f"w_max of {self.path} is {describe(strongest[()] * unit)}, and w_min is {describe(weakest[()] * unit)}: "
            "there is nothing between zero or the weakest weight and the strongest one.",
            where=f"{self.path}.w_max",
            cure="Give a w_max beyond w_min: above it for excitation, below it and negative for inhibition.",
            w_max=float(strongest),
            w_min=float(weakest),
        )

    def trace(self, s: ReachedSynapses) -> Any:
        """The presynaptic trace of the synapses as it is now."""
        return s.x * np.exp((s.last - environ.get("t")) / self.tau_plus)

    def arrive(self, s: ReachedSynapses) -> None:
        """Let the presynaptic trace jump."""
        s.x = 1.0 + 0.0 * s.x if self.nearest else self.trace(s) + 1.0
        s.last = environ.get("t") + 0.0 * s.last

    def change(self, s: ReachedSynapses, by: Any) -> None:
        """Add to the weights, within the bounds, which for inhibition are below zero."""
        low, high = np.minimum(self.w_min.value, self.w_max.value), np.maximum(self.w_min.value, self.w_max.value)
        s.weight = np.minimum(np.maximum(s.weight + by, low), high)


class STDP(_Bounded):
    r"""Pair rule of spike-timing-dependent plasticity: additive, multiplicative or between.

    Parameters
    ----------
    *modules, comm, post, delay, name
        As of `PlasticProj`; weights of `comm` are the first ones.
    w_max, w_min : quantities.Quantity
        The strongest and the weakest weight, in the unit of the weights; zero is the weakest by default, and the
        strongest is negative for inhibition.
    tau_plus, tau_minus : quantities.Quantity
        Time constants of potentiation and depression (ms).
    A_plus, A_minus : float
        Change by a pair at no distance, as a part of the largest weight.
    mu : float
        Dependence on the weight: 0 is additive, 1 multiplicative.
    nearest : bool
        Whether a spike pairs with the latest one of the other side only; else with all.

    Attributes
    ----------
    weight : SynapticWeight
        Weight of each synapse.
    x, last : SynapseState
        Presynaptic trace of each synapse as of the latest arrival, and when that was.
    y : SpikeTrace
        Postsynaptic trace, shared by projections with the same time constant.

    Raises
    ------
    DimensionError
        A bound is in another unit than the weights.
    InvalidParameterError
        There is nothing between the bounds, or a first weight is not.

    Notes
    -----
    With the time :math:`\Delta t = t_{post} - t_{pre}` from the arrival of a presynaptic spike,

    .. math::

        \Delta w = \begin{cases}
        A_+ w_{max} (1 - w / w_{max})^\mu\, e^{-\Delta t / \tau_+} & \Delta t > 0 \\
        -A_- w_{max} (w / w_{max})^\mu\, e^{\Delta t / \tau_-} & \Delta t < 0 \end{cases}

    A presynaptic spike arrives when the delay of its synapse has passed; a postsynaptic one is known to the synapse at
    the end of its step. At :math:`\Delta t = 0` both act, depression first. Traces of synapses are advanced when a
    spike comes, exactly, and cost nothing in between.

    References
    ----------
    Song, S., Miller, K. D. and Abbott, L. F. (2000), Competitive Hebbian learning through spike-timing-dependent
    synaptic plasticity, Nature Neuroscience 3, 919-926, doi:10.1038/78829.

    Gutig, R., Aharonov, R., Rotter, S. and Sompolinsky, H. (2003), Learning input correlations through nonlinear
    temporally asymmetric Hebbian plasticity, Journal of Neuroscience 23, 3697-3714,
    doi:10.1523/JNEUROSCI.23-09-03697.2003.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, mV
    >>> net = nd.DynamicsGroup()
    >>> net.pre, net.post = nd.PoissonGroup(20, rates=50 * Hz), nd.LIF(2, R=1.0)
    >>> comm = nd.AllToAll(20, 2, weight=1 * mV)
    >>> net.p = nd.STDP(net.pre, comm=comm, post=net.post, w_max=2 * mV)
    >>> sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    >>> sim.record(net.p, "weight", every=10 * ms)
    >>> sim.run(30 * ms)[net.p].weight.shape
    (3, 40)
    """

    def __init__(
        self,
        *modules: Any,
        comm: Any,
        post: Any,
        w_max: ParameterLike,
        w_min: ParameterLike | None = None,
        tau_plus: ParameterLike = 20.0 * ms,
        tau_minus: ParameterLike = 20.0 * ms,
        A_plus: ParameterLike = 0.005,
        A_minus: ParameterLike = 0.00525,
        mu: ParameterLike = 0.0,
        nearest: bool = False,
        delay: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            *modules,
            comm=comm,
            post=post,
            tau_plus=tau_plus,
            tau_minus=tau_minus,
            w_max=w_max,
            w_min=w_min,
            nearest=nearest,
            delay=delay,
            name=name,
        )
        self.A_plus, self.A_minus, self.mu = Parameter(A_plus), Parameter(A_minus), Parameter(mu, negative=False)

    def on_pre(self, s: ReachedSynapses) -> None:
        """Depress by the postsynaptic trace."""
        room = np.maximum(s.weight / self.w_max, 0.0) ** self.mu
        self.change(s, -self.A_minus * self.w_max * room * s.post(self.y.x))
        self.arrive(s)

    def on_post(self, s: ReachedSynapses) -> None:
        """Potentiate by the presynaptic trace."""
        room = np.maximum(1.0 - s.weight / self.w_max, 0.0) ** self.mu
        self.change(s, self.A_plus * self.w_max * room * self.trace(s))


class TripletSTDP(_Bounded):
    r"""Triplet rule of Pfister and Gerstner, all to all.

    Parameters
    ----------
    *modules, comm, post, delay, name
        As of `PlasticProj`.
    w_max, w_min : quantities.Quantity
        The strongest and the weakest weight, in the unit of the weights; zero is the weakest by default, and the
        strongest is negative for inhibition.
    tau_plus, tau_minus, tau_x, tau_y : quantities.Quantity
        Time constants of the fast and the slow traces (ms).
    A2_plus, A3_plus, A2_minus, A3_minus : float
        Amplitudes of pairs and triplets, as parts of the largest weight; by default those of the visual cortex.

    Attributes
    ----------
    weight, x, last, y
        As of `STDP`.
    slow : SynapseState
        Slow presynaptic trace.
    y_slow : SpikeTrace
        Slow postsynaptic trace.

    Notes
    -----
    .. math::

        \Delta w &= -o_1 (A_2^- + A_3^- r_2) \text{ at a presynaptic spike}, \qquad
        \Delta w = r_1 (A_2^+ + A_3^+ o_2) \text{ at a postsynaptic spike}

    in parts of w_max, with the slow traces r2 and o2 of just before the spike.

    References
    ----------
    Pfister, J.-P. and Gerstner, W. (2006), Triplets of spikes in a model of spike timing-dependent plasticity, Journal
    of Neuroscience 26, 9673-9682, doi:10.1523/JNEUROSCI.1425-06.2006.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> pre, post = nd.LIF(20), nd.LIF(2)
    >>> p = nd.TripletSTDP(pre, comm=nd.AllToAll(20, 2, weight=1 * mV), post=post, w_max=2 * mV)
    """

    def __init__(
        self,
        *modules: Any,
        comm: Any,
        post: Any,
        w_max: ParameterLike,
        w_min: ParameterLike | None = None,
        tau_plus: ParameterLike = 16.8 * ms,
        tau_minus: ParameterLike = 33.7 * ms,
        tau_x: ParameterLike = 101.0 * ms,
        tau_y: ParameterLike = 125.0 * ms,
        A2_plus: ParameterLike = 5e-10,
        A3_plus: ParameterLike = 6.2e-3,
        A2_minus: ParameterLike = 7e-3,
        A3_minus: ParameterLike = 2.3e-4,
        delay: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            *modules,
            comm=comm,
            post=post,
            tau_plus=tau_plus,
            tau_minus=tau_minus,
            w_max=w_max,
            w_min=w_min,
            nearest=False,
            delay=delay,
            name=name,
        )
        self.tau_x = Parameter(tau_x, unit=ms, positive=True)
        self.A2_plus, self.A3_plus = Parameter(A2_plus), Parameter(A3_plus)
        self.A2_minus, self.A3_minus = Parameter(A2_minus), Parameter(A3_minus)
        self.slow = SynapseState(0.0)
        self.y_slow = whole_of(post).align_pre(SpikeTrace.desc(tau=tau_y))

    def on_pre(self, s: ReachedSynapses) -> None:
        """Depress by the fast postsynaptic trace, more where presynaptic spikes came before."""
        slow = s.slow * np.exp((s.last - environ.get("t")) / self.tau_x)
        self.change(s, -self.w_max * s.post(self.y.x) * (self.A2_minus + self.A3_minus * slow))
        s.slow = slow + 1.0
        self.arrive(s)

    def on_post(self, s: ReachedSynapses) -> None:
        """Potentiate by the fast presynaptic trace, more where postsynaptic spikes came before this one."""
        before = s.post(self.y_slow.x) - 1.0
        self.change(s, self.w_max * self.trace(s) * (self.A2_plus + self.A3_plus * before))


class VogelsSprekelerSTDP(_Bounded):
    r"""Inhibitory plasticity that balances excitation, of Vogels and others.

    Parameters
    ----------
    *modules, comm, post, delay, name
        As of `PlasticProj`.
    w_max, w_min : quantities.Quantity
        The strongest weight, negative for inhibition, and the weakest one, zero by default.
    tau : quantities.Quantity
        Time constant of both traces (ms).
    eta : float
        Learning rate, as a part of the largest weight.
    rho : quantities.Quantity
        Rate at which the target settles (Hz).

    Attributes
    ----------
    weight, x, last, y
        As of `STDP`.

    Notes
    -----
    .. math::

        \Delta w = \eta\, w_{max} (y - 2 \rho \tau) \text{ at a presynaptic spike}, \qquad
        \Delta w = \eta\, w_{max}\, x \text{ at a postsynaptic one}

    Inhibitory weights are negative jumps of the target, and so is the largest one.

    References
    ----------
    Vogels, T. P., Sprekeler, H., Zenke, F., Clopath, C. and Gerstner, W. (2011), Inhibitory plasticity balances
    excitation and inhibition in sensory pathways and memory networks, Science 334, 1569-1573,
    doi:10.1126/science.1211095.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, mV
    >>> pre, post = nd.LIF(20), nd.LIF(2)
    >>> comm = nd.AllToAll(20, 2, weight=-0.1 * mV)
    >>> p = nd.VogelsSprekelerSTDP(pre, comm=comm, post=post, w_max=-5 * mV, rho=5 * Hz)
    """

    def __init__(
        self,
        *modules: Any,
        comm: Any,
        post: Any,
        w_max: ParameterLike,
        w_min: ParameterLike | None = None,
        tau: ParameterLike = 20.0 * ms,
        eta: ParameterLike = 0.01,
        rho: ParameterLike = 0.005 * kHz,
        delay: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            *modules,
            comm=comm,
            post=post,
            tau_plus=tau,
            tau_minus=tau,
            w_max=w_max,
            w_min=w_min,
            nearest=False,
            delay=delay,
            name=name,
        )
        self.eta, self.rho = Parameter(eta), Parameter(rho, unit=kHz, negative=False)

    def on_pre(self, s: ReachedSynapses) -> None:
        """Strengthen where the target fires more than it should, weaken where it fires less."""
        self.change(s, self.eta * self.w_max * (s.post(self.y.x) - 2.0 * self.rho * self.tau_plus))
        self.arrive(s)

    def on_post(self, s: ReachedSynapses) -> None:
        """Strengthen by the presynaptic trace."""
        self.change(s, self.eta * self.w_max * self.trace(s))
