"""Rules of plasticity that follow more than pairs of spikes: voltages, rewards, rates, sums of weights, probabilities.

In: spikes and states of two populations, a rule of connection, parameters with units.  Out: weights that change.  Must
not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.model import environ
from numbadyn.model.following import Following
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter, State
from numbadyn.projections.plastic import PlasticProj
from numbadyn.projections.reached import ReachedSynapses
from numbadyn.projections.synapse_parameter import synapse_parameter
from numbadyn.projections.synapse_state import SynapseState
from numbadyn.units import unit_of
from numbadyn.zoo.bounded import BoundedProj
from numbadyn.zoo.stdp import STDP
from numbadyn.zoo.units import kHz, ms, mV

__all__ = ["BCPNN", "HomeostaticScaling", "RewardSTDP", "VoltageSTDP", "WeightNormalisation"]


class VoltageSTDP(BoundedProj):
    r"""Voltage-based rule of Clopath and others: what counts is the potential of the target, not only its spikes.

    Parameters
    ----------
    *modules, **options
        As of `PlasticProj`; the target has a membrane potential ``V`` in mV.
    w_max, w_min : quantities.Quantity
        As of `BoundedProj`.
    A_LTD : float
        Depression by a spike, as a part of the largest weight per mV. Amplitudes may differ from synapse to synapse,
        see `synapse_parameter`.
    A_LTP : float
        Potentiation, as a part of the largest weight per mV squared and ms.
    theta_minus, theta_plus : quantities.Quantity
        Thresholds of depression and potentiation (mV).
    tau_x, tau_minus, tau_plus : quantities.Quantity
        Time constants of the presynaptic trace and of the two filtered potentials (ms).

    Attributes
    ----------
    u_minus, u_plus : State
        Filtered potentials of the target; they begin at `theta_minus`.
    x : PreTrace
        Presynaptic trace.

    Notes
    -----
    .. math::

        \Delta w = -A_{LTD} [\bar u_- - \theta_-]_+ \text{ at a presynaptic spike}, \qquad
        \frac{dw}{dt} = A_{LTP}\, \bar x\, [u - \theta_+]_+ [\bar u_+ - \theta_-]_+

    in parts of w_max. The trace is normalised as in the paper: a spike adds ``1 ms / tau_x``. Potentiation visits the
    synapses onto those neurons only whose potential is above `theta_plus`. The potential of the step before counts, so
    a model whose spikes have a shape, or a ``V_th`` above `theta_plus`, is needed for potentiation.

    References
    ----------
    Clopath, C., Busing, L., Vasilaki, E. and Gerstner, W. (2010), Connectivity reflects coding: a model of
    voltage-based STDP with homeostasis, Nature Neuroscience 13, 344-352, doi:10.1038/nn.2479.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> pre, post = nd.LIF(20), nd.AdEx(2)
    >>> p = nd.VoltageSTDP(pre, comm=nd.AllToAll(20, 2, weight=1 * mV), post=post, w_max=3 * mV)
    """

    def __init__(
        self,
        *modules: Any,
        A_LTD: ParameterLike = 14e-5,
        A_LTP: ParameterLike = 8e-5,
        theta_minus: ParameterLike = -70.6 * mV,
        theta_plus: ParameterLike = -45.3 * mV,
        tau_x: ParameterLike = 15.0 * ms,
        tau_minus: ParameterLike = 10.0 * ms,
        tau_plus: ParameterLike = 7.0 * ms,
        **options: Any,
    ) -> None:
        super().__init__(*modules, **options)
        self.A_LTD, self.A_LTP = (synapse_parameter(part, 1.0, negative=False) for part in (A_LTD, A_LTP))
        self.theta_minus = Parameter(theta_minus, unit=mV, shape=())
        self.theta_plus = Parameter(theta_plus, unit=mV, shape=())
        taus = (Parameter(tau, unit=ms, shape=(), positive=True) for tau in (tau_x, tau_minus, tau_plus))
        self.tau_x, self.tau_minus, self.tau_plus = taus
        self.x = self.pre_trace(self.tau_x)
        self.u_minus = State(self.theta_minus, shape=self.post.varshape)
        self.u_plus = State(self.theta_minus, shape=self.post.varshape)

    def update(self, *args: Any) -> None:
        """Filter the potential, then change and deliver weights."""
        for u, tau in ((self.u_minus, self.tau_minus), (self.u_plus, self.tau_plus)):
            u.value = self.post.V + (u.value - self.post.V) * np.exp(-environ.get_dt() / tau)
        super().update(*args)

    def on_pre(self, s: ReachedSynapses) -> None:
        """Depress by the slow potential."""
        above = np.maximum(s.post(self.u_minus) - self.theta_minus, 0.0 * mV)
        self.change(s, -self.A_LTD / mV * self.w_max * above)

    def step_where(self) -> Any:
        """Where there is potentiation."""
        return (self.theta_plus < self.post.V) & (self.u_plus > self.theta_minus)

    def on_step(self, s: ReachedSynapses) -> None:
        """Potentiate by the presynaptic trace and both potentials, which are above their thresholds."""
        product = (s.post.V - self.theta_plus) * (s.post(self.u_plus) - self.theta_minus) / mV**2
        trace = s.x * (1.0 * ms / self.tau_x)
        self.change(s, self.A_LTP * self.w_max * trace * product * (environ.get_dt() / ms))


class RewardSTDP(STDP):
    r"""Pair rule whose changes wait in eligibility traces for a reward, of Izhikevich.

    Parameters
    ----------
    *modules, w_max, w_min, tau_plus, tau_minus, A_plus, A_minus, mu, nearest, **options
        As of `STDP`.
    tau_c : quantities.Quantity
        Time constant of eligibility (ms); it may differ from synapse to synapse, see `synapse_parameter`.
    tau_d : quantities.Quantity
        Time constant of dopamine (ms).
    baseline : quantities.Quantity
        Release that goes on without a reward (kHz): the dopamine that there is in the long run is this times `tau_d`.
    rate : quantities.Quantity
        Changes per unit of dopamine and eligibility (kHz); it may differ, too.
    interval : quantities.Quantity
        How often weights follow (ms).

    Attributes
    ----------
    dopamine : State
        The global signal, one number. A reward adds to it: ``sim.set(p, "dopamine", sim.get(p, "dopamine") + 0.5)``
        between two runs or in a `call`.
    c : SynapseState
        Eligibility as of `last_change`, in parts of w_max.

    Notes
    -----
    .. math::

        \frac{dc}{dt} = -\frac{c}{\tau_c} + STDP\,\delta(t - t_{pre/post}), \qquad
        \frac{dd}{dt} = -\frac{d}{\tau_d} + baseline, \qquad \frac{dw}{dt} = rate\, w_{max}\, c\, d

    Eligibility is advanced exactly when a spike or an interval comes.

    References
    ----------
    Izhikevich, E. M. (2007), Solving the distal reward problem through linkage of STDP and dopamine signaling, Cerebral
    Cortex 17, 2443-2452, doi:10.1093/cercor/bhl152.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, mV
    >>> net = nd.DynamicsGroup()
    >>> net.pre, net.post = nd.PoissonGroup(20, rates=50 * Hz), nd.LIF(2, R=1.0)
    >>> net.p = nd.RewardSTDP(net.pre, comm=nd.AllToAll(20, 2, weight=1 * mV), post=net.post, w_max=2 * mV)
    >>> sim = nd.Simulator(net, dt=0.5 * ms, target="interpret")
    >>> result = sim.run(20 * ms, every=10 * ms, call=lambda sim: sim.set(net.p, "dopamine", 0.5))
    """

    def __init__(
        self,
        *modules: Any,
        tau_c: ParameterLike = 1000.0 * ms,
        tau_d: ParameterLike = 200.0 * ms,
        baseline: ParameterLike = 0.0 * kHz,
        rate: ParameterLike = 1.0 * kHz,
        interval: ParameterLike = 10.0 * ms,
        **options: Any,
    ) -> None:
        super().__init__(*modules, **options)
        self.tau_c = synapse_parameter(tau_c, ms, positive=True)
        self.tau_d, self.interval = (Parameter(tau, unit=ms, shape=(), positive=True) for tau in (tau_d, interval))
        self.baseline, self.rate = Parameter(baseline, unit=kHz, shape=()), synapse_parameter(rate, kHz)
        self.dopamine = State(0.0, shape=())
        self.c, self.last_change = SynapseState(0.0), SynapseState(0.0 * ms)

    def update(self, *args: Any) -> None:
        """Let dopamine decay, then change and deliver weights."""
        steady = self.baseline * self.tau_d
        self.dopamine.value = steady + (self.dopamine.value - steady) * np.exp(-environ.get_dt() / self.tau_d)
        super().update(*args)

    def change(self, s: ReachedSynapses, by: Any) -> None:
        """Add to the eligibility what the pair rule would add to the weight."""
        s.c = s.c * np.exp((s.last_change - environ.get("t")) / self.tau_c) + by / self.w_max
        s.last_change = environ.get("t")

    def on_interval(self, s: ReachedSynapses) -> None:
        """Let the weights follow eligibility and dopamine."""
        super().on_interval(s)
        self.change(s, 0.0 * s.weight)
        super().change(s, self.rate * self.whole_interval * self.w_max * s.c * self.dopamine.value)


class HomeostaticScaling(BoundedProj):
    r"""All weights onto a neuron grow while it fires less than it should, and shrink while it fires more.

    Parameters
    ----------
    *modules, **options
        As of `PlasticProj`.
    w_max, w_min : quantities.Quantity
        As of `BoundedProj`.
    rho : quantities.Quantity
        Rate at which the target should fire (Hz), one or, of the shape ``(1, n_post)``, one for each of its neurons.
    tau : quantities.Quantity
        Time over which its rate is measured (ms).
    beta : quantities.Quantity
        Relative change per time at a rate of zero (kHz).
    interval : quantities.Quantity
        How often weights are scaled (ms).

    Attributes
    ----------
    activity : PostTrace
        Trace a of the target, which is its rate times `tau`.

    Notes
    -----
    .. math:: \frac{dw}{dt} = \beta\, w\, \frac{\rho - r}{\rho}, \qquad r = a / \tau

    Derive from it and a rule that changes weights, as ``class Both(nd.HomeostaticScaling, nd.STDP)``, for both.

    References
    ----------
    van Rossum, M. C. W., Bi, G. Q. and Turrigiano, G. G. (2000), Stable Hebbian learning from spike timing-dependent
    plasticity, Journal of Neuroscience 20, 8812-8821, doi:10.1523/JNEUROSCI.20-23-08812.2000.

    Turrigiano, G. G. and others (1998), Activity-dependent scaling of quantal amplitude in neocortical neurons, Nature
    391, 892-896, doi:10.1038/36103.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, mV
    >>> pre, post = nd.LIF(20), nd.LIF(2)
    >>> comm = nd.AllToAll(20, 2, weight=1 * mV)
    >>> p = nd.HomeostaticScaling(pre, comm=comm, post=post, w_max=3 * mV, rho=5 * Hz)
    """

    def __init__(
        self,
        *modules: Any,
        rho: ParameterLike = 0.005 * kHz,
        tau: ParameterLike = 1000.0 * ms,
        beta: ParameterLike = 1e-4 * kHz,
        interval: ParameterLike = 10.0 * ms,
        **options: Any,
    ) -> None:
        super().__init__(*modules, **options)
        self.rho, self.beta = synapse_parameter(rho, kHz, positive=True), synapse_parameter(beta, kHz)
        self.tau, self.interval = (Parameter(time, unit=ms, shape=(), positive=True) for time in (tau, interval))
        self.activity = self.post_trace(self.tau)

    def on_interval(self, s: ReachedSynapses) -> None:
        """Scale by how far the rate is from what it should be."""
        super().on_interval(s)
        missing = 1.0 - s.activity / (self.rho * self.tau)
        s.weight = self.within(s, s.weight + s.weight * self.beta * self.whole_interval * missing)


class WeightNormalisation(PlasticProj):
    r"""The weights onto each neuron are brought to one sum at intervals.

    Parameters
    ----------
    *modules, **options
        As of `PlasticProj`.
    total : quantities.Quantity
        Sum of the weights onto a neuron, in their unit; not zero, and below it where weights are negative. One or, of
        the shape ``(1, n_post)``, one for each neuron.
    interval : quantities.Quantity
        How often (ms).

    Notes
    -----
    .. math:: w_{ij} \leftarrow w_{ij} \frac{W}{\sum_k w_{ik}}

    Derive from it and another rule for both, as ``class Both(nd.WeightNormalisation, nd.STDP)``; weights stay within
    the bounds of that one, so that a sum may be missed. Where all weights onto a neuron are zero, they stay so.

    References
    ----------
    von der Malsburg, C. (1973), Self-organization of orientation sensitive cells in the striate cortex, Kybernetik 14,
    85-100, doi:10.1007/BF00288907.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> class Both(nd.WeightNormalisation, nd.STDP):
    ...     pass
    >>> pre, post, comm = nd.LIF(20), nd.LIF(2), nd.AllToAll(20, 2, weight=1 * mV)
    >>> p = Both(pre, comm=comm, post=post, w_max=2 * mV, total=15 * mV)
    """

    def __init__(
        self, *modules: Any, total: ParameterLike, interval: ParameterLike = 100.0 * ms, **options: Any
    ) -> None:
        super().__init__(*modules, **options)
        self.total = synapse_parameter(total, unit_of(self.weight.dimension), check=self._check_total)
        self.interval = Parameter(interval, unit=ms, shape=(), positive=True)

    def _check_total(self, total: NDArray[Any], _context: Any) -> None:
        """Weights whose sum is zero would be zero for ever."""
        if not total.all():
            raise InvalidParameterError(
                f"total of {self.path} is zero, so that all weights would be zero after the first interval.",
                where=f"{self.path}.total",
                cure="Give the sum that the weights onto a neuron shall have.",
                total=0.0,
            )

    def on_interval(self, s: ReachedSynapses) -> None:
        """Divide by the sum."""
        super().on_interval(s)
        whole = s.sum(s.weight)
        nothing = 0.0 * self.total
        scaled = s.weight * self.total / np.where(whole == nothing, self.total, whole)
        s.weight = self.within(s, np.where(whole == nothing, s.weight, scaled))


class BCPNN(PlasticProj):
    r"""Bayesian confidence propagation: weights are the logarithm of how much more often than by chance both fire.

    Parameters
    ----------
    *modules, **options
        As of `PlasticProj`.
    gain : quantities.Quantity
        Weight of a natural logarithm of one, in the unit of the weights; it may differ from synapse to synapse, see
        `synapse_parameter`.
    tau_zi, tau_zj : quantities.Quantity
        Time constants of the primary traces of both sides (ms).
    tau_e, tau_p : quantities.Quantity
        Time constants of the eligibility and the probability traces (ms).
    f_max : quantities.Quantity
        Rate that counts as certain (Hz).
    eps : float
        Probability of what never happens.
    kappa : float
        How fast probabilities follow eligibility: the reward, say; 0 keeps the memory as it is. It can be changed
        between runs and in calls.
    interval : quantities.Quantity
        How often the traces of pairs are advanced (ms).

    Attributes
    ----------
    zi, zj : PreTrace, PostTrace
        Primary traces.
    e_i, e_j, e_ij, p_i, p_j, p_ij : SynapseState
        Eligibility and probability traces of the pre- and postsynaptic neuron, and of both together.

    Notes
    -----
    .. math::

        \tau_e \frac{de}{dt} = z - e, \qquad \tau_p \frac{dp}{dt} = \kappa (e - p), \qquad
        w = g \ln \frac{p_{ij}}{p_i\, p_j}

    with the traces z of spikes in parts of ``f_max tau_z`` plus eps, and their product for the pair. Weights are set at
    intervals; until the first one they are those of `comm`.

    References
    ----------
    Tully, P. J., Hennig, M. H. and Lansner, A. (2014), Synaptic and nonsynaptic plasticity approximating probabilistic
    inference, Frontiers in Synaptic Neuroscience 6, 8, doi:10.3389/fnsyn.2014.00008.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> pre, post = nd.LIF(20), nd.LIF(2)
    >>> p = nd.BCPNN(pre, comm=nd.AllToAll(20, 2, weight=0 * mV), post=post, gain=0.5 * mV)
    """

    def __init__(
        self,
        *modules: Any,
        gain: ParameterLike,
        tau_zi: ParameterLike = 10.0 * ms,
        tau_zj: ParameterLike = 10.0 * ms,
        tau_e: ParameterLike = 100.0 * ms,
        tau_p: ParameterLike = 1000.0 * ms,
        f_max: ParameterLike = 0.02 * kHz,
        eps: ParameterLike = 0.01,
        kappa: ParameterLike = 1.0,
        interval: ParameterLike = 1.0 * ms,
        **options: Any,
    ) -> None:
        super().__init__(*modules, **options)
        self.gain = synapse_parameter(gain, unit_of(self.weight.dimension))
        taus = (Parameter(tau, unit=ms, shape=(), positive=True) for tau in (tau_zi, tau_zj, tau_e, tau_p, interval))
        self.tau_zi, self.tau_zj, self.tau_e, self.tau_p, self.interval = taus
        self.f_max, self.eps = (
            Parameter(f_max, unit=kHz, shape=(), positive=True),
            Parameter(eps, unit=1.0, shape=(), positive=True),
        )
        self.kappa = Parameter(kappa, unit=1.0, shape=(), negative=False)
        self.zi, self.zj = self.pre_trace(self.tau_zi), self.post_trace(self.tau_zj)
        self.e_i, self.e_j, self.p_i, self.p_j = (SynapseState(self.eps) for _ in range(4))
        self.e_ij, self.p_ij = (SynapseState(Following(self._together)) for _ in range(2))

    def _together(self) -> Any:
        """The probability that both fire, if none ever does."""
        return self.eps.value**2

    def on_interval(self, s: ReachedSynapses) -> None:
        """Advance the traces, and set the weights."""
        super().on_interval(s)
        zi = s.zi / (self.f_max * self.tau_zi) + self.eps
        zj = s.zj / (self.f_max * self.tau_zj) + self.eps
        keep_e = np.exp(-self.whole_interval / self.tau_e)
        keep_p = np.exp(-self.kappa * self.whole_interval / self.tau_p)
        s.e_i, s.e_j, s.e_ij = (z + (e - z) * keep_e for z, e in ((zi, s.e_i), (zj, s.e_j), (zi * zj, s.e_ij)))
        s.p_i, s.p_j, s.p_ij = (e + (p - e) * keep_p for e, p in ((s.e_i, s.p_i), (s.e_j, s.p_j), (s.e_ij, s.p_ij)))
        s.weight = self.gain * np.log(s.p_ij / (s.p_i * s.p_j))
