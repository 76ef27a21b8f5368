"""Spike-timing-dependent plasticity: rules for synapses, each a short `PlasticProj`.

In: spikes of two populations, a rule of connection, parameters with units.  Out: jumps of the target by weights that
change.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.projections.reached import ReachedSynapses
from numbadyn.projections.synapse_parameter import synapse_parameter
from numbadyn.zoo.bounded import BoundedProj
from numbadyn.zoo.units import kHz, ms

__all__ = ["STDP", "TripletSTDP", "VogelsSprekelerSTDP"]


class STDP(BoundedProj):
    r"""Pair rule of spike-timing-dependent plasticity: additive, multiplicative or between.

    Parameters
    ----------
    *modules, **options
        As of `PlasticProj`; weights of `comm` are the first ones.
    w_max, w_min : quantities.Quantity
        The strongest and the weakest weight, in the unit of the weights; zero is the weakest by default, and the
        strongest is negative for inhibition.
    tau_plus, tau_minus : quantities.Quantity
        Time constants of potentiation and depression (ms).
    A_plus, A_minus : float
        Change by a pair at no distance, as a part of the largest weight. These, bounds, time constants and `mu` may
        differ from synapse to synapse, see `synapse_parameter`; `tau_minus` from neuron to neuron of the target.
    mu : float
        Dependence on the weight: 0 is additive, 1 multiplicative; these two need no powers and are part of the
        structure, any other value is a parameter.
    nearest : bool
        Whether a spike pairs with the latest one of the other side only; else with all.

    Attributes
    ----------
    weight : SynapticWeight
        Weight of each synapse.
    x : PreTrace
        Presynaptic trace, of the spikes as they arrive.
    y : PostTrace
        Postsynaptic trace.

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
    the end of its step. At :math:`\Delta t = 0` both act, depression first. See `PlasticProj.pre_trace` on traces.

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
        w_max: ParameterLike,
        w_min: ParameterLike | None = None,
        tau_plus: ParameterLike = 20.0 * ms,
        tau_minus: ParameterLike = 20.0 * ms,
        A_plus: ParameterLike = 0.005,
        A_minus: ParameterLike = 0.00525,
        mu: ParameterLike = 0.0,
        nearest: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(*modules, w_max=w_max, w_min=w_min, **options)
        self.tau_plus, self.tau_minus = (synapse_parameter(tau, ms, positive=True) for tau in (tau_plus, tau_minus))
        self.A_plus, self.A_minus = (synapse_parameter(part, 1.0) for part in (A_plus, A_minus))
        plain = isinstance(mu, int | float) and mu in (0, 1)
        self.mu: Any = mu if plain else synapse_parameter(mu, 1.0, negative=False)
        self.x = self.pre_trace(self.tau_plus, nearest=nearest)
        self.y = self.post_trace(self.tau_minus, nearest=nearest)

    def _room(self, left: Any) -> Any:
        """What the change is multiplied with, where a part of the largest weight is left until the bound."""
        plain = isinstance(self.mu, int | float)
        if plain and self.mu == 0:
            return 1.0
        within = np.maximum(left, 0.0)
        return within if plain else within**self.mu

    def on_pre(self, s: ReachedSynapses) -> None:
        """Depress by the postsynaptic trace."""
        self.change(s, self._room(s.weight / self.w_max) * -self.A_minus * self.w_max * s.y)

    def on_post(self, s: ReachedSynapses) -> None:
        """Potentiate by the presynaptic trace."""
        self.change(s, self._room(1.0 - s.weight / self.w_max) * self.A_plus * self.w_max * s.x)


class TripletSTDP(BoundedProj):
    r"""Triplet rule of Pfister and Gerstner, all to all.

    Parameters
    ----------
    *modules, **options
        As of `PlasticProj`.
    w_max, w_min : quantities.Quantity
        The strongest and the weakest weight, in the unit of the weights; zero is the weakest by default, and the
        strongest is negative for inhibition.
    tau_plus, tau_minus, tau_x, tau_y : quantities.Quantity
        Time constants of the fast and the slow traces (ms).
    A2_plus, A3_plus, A2_minus, A3_minus : float
        Amplitudes of pairs and triplets, as parts of the largest weight; by default those of the visual cortex. As of
        `STDP`, parameters may differ from synapse to synapse.

    Attributes
    ----------
    weight, x, y
        As of `STDP`.
    x_slow, y_slow : PreTrace, PostTrace
        The slow traces.

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
        **options: Any,
    ) -> None:
        super().__init__(*modules, w_max=w_max, w_min=w_min, **options)
        taus = (synapse_parameter(tau, ms, positive=True) for tau in (tau_plus, tau_minus, tau_x, tau_y))
        self.tau_plus, self.tau_minus, self.tau_x, self.tau_y = taus
        self.A2_plus, self.A3_plus = (synapse_parameter(part, 1.0) for part in (A2_plus, A3_plus))
        self.A2_minus, self.A3_minus = (synapse_parameter(part, 1.0) for part in (A2_minus, A3_minus))
        self.x, self.x_slow = self.pre_trace(self.tau_plus), self.pre_trace(self.tau_x)
        self.y, self.y_slow = self.post_trace(self.tau_minus), self.post_trace(self.tau_y)

    def on_pre(self, s: ReachedSynapses) -> None:
        """Depress by the fast postsynaptic trace, more where presynaptic spikes came before."""
        self.change(s, -self.w_max * s.y * (self.A2_minus + self.A3_minus * s.x_slow))

    def on_post(self, s: ReachedSynapses) -> None:
        """Potentiate by the fast presynaptic trace, more where postsynaptic spikes came before this one."""
        self.change(s, self.w_max * s.x * (self.A2_plus + self.A3_plus * (s.y_slow - 1.0)))


class VogelsSprekelerSTDP(BoundedProj):
    r"""Inhibitory plasticity that balances excitation, of Vogels and others.

    Parameters
    ----------
    *modules, **options
        As of `PlasticProj`.
    w_max, w_min : quantities.Quantity
        The strongest weight, negative for inhibition, and the weakest one, zero by default.
    tau : quantities.Quantity
        Time constant of both traces (ms).
    eta : float
        Learning rate, as a part of the largest weight; it may differ from synapse to synapse, see `synapse_parameter`.
    rho : quantities.Quantity
        Rate at which the target settles (Hz), one or, of the shape ``(1, n_post)``, one for each of its neurons.

    Attributes
    ----------
    weight, x, y
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
        w_max: ParameterLike,
        w_min: ParameterLike | None = None,
        tau: ParameterLike = 20.0 * ms,
        eta: ParameterLike = 0.01,
        rho: ParameterLike = 0.005 * kHz,
        **options: Any,
    ) -> None:
        super().__init__(*modules, w_max=w_max, w_min=w_min, **options)
        self.tau = Parameter(tau, unit=ms, shape=(), positive=True)
        self.eta, self.rho = synapse_parameter(eta, 1.0), synapse_parameter(rho, kHz, negative=False)
        self.x, self.y = self.pre_trace(self.tau), self.post_trace(self.tau)

    def on_pre(self, s: ReachedSynapses) -> None:
        """Strengthen where the target fires more than it should, weaken where it fires less."""
        self.change(s, self.eta * self.w_max * (s.y - 2.0 * self.rho * self.tau))

    def on_post(self, s: ReachedSynapses) -> None:
        """Strengthen by the presynaptic trace."""
        self.change(s, self.eta * self.w_max * s.x)
