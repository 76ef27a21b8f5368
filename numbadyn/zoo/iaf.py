"""Leaky neurons with built-in synapses, under the names and with the parameters that NEST gives them.

In: parameters with units, spikes that projections bring to the synapses.  Out: spikes.  Must not know: lowering,
targets.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from numbadyn.model.dynamics import Neuron
from numbadyn.model.integrate import exp_euler_step
from numbadyn.model.timing import whole_steps
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.projections.conductances import mark
from numbadyn.zoo.arguments import made_of
from numbadyn.zoo.outputs import COBA
from numbadyn.zoo.resetting import BelowThreshold
from numbadyn.zoo.synapses import Alpha, ConductanceSynapse, Expon
from numbadyn.zoo.units import ms, mV, nS, pA, pF

__all__ = ["IafCondAlpha", "IafCondExp", "IafPscAlpha", "IafPscDelta", "IafPscExp"]


class _Iaf(Neuron):
    """A leaky neuron as NEST counts it: what all five have in common."""

    fires_at_threshold = True

    def __init__(
        self,
        in_size: SizeLike,
        C_m: ParameterLike,
        E_L: ParameterLike,
        V_th: ParameterLike,
        V_reset: ParameterLike,
        t_ref: ParameterLike,
        I_e: ParameterLike,
        V_initializer: ParameterLike | None,
        name: str | None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.C_m = Parameter(C_m, unit=pF, positive=True)
        self.E_L = Parameter(E_L, unit=mV)
        self.V_th = Parameter(V_th, unit=mV)
        self.V_reset = Parameter(V_reset, unit=mV, check=BelowThreshold(self, "V_reset"))
        self.t_ref = Parameter(t_ref, unit=ms, negative=False)
        self.I_e = Parameter(I_e, unit=pA)
        self.V_initializer = V_initializer

    def init_state(self) -> None:
        """Make the potential and the counter of the dead time."""
        self.V = State(self.E_L if self.V_initializer is None else self.V_initializer, unit=mV)
        self.refractory = State(0)

    @abstractmethod
    def currents(self, v: Any, arrived: tuple[Any, ...]) -> Any:
        """Leak and synapses at a potential, of what `arrive` has given."""

    def arrive(self) -> tuple[Any, ...]:
        """Step the synapses, and give what acts over the step that begins; nothing by default."""
        return ()

    def update(self, x: Any = None) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : quantities.Quantity or traced value, optional
            Further current (pA).

        Returns
        -------
        array of bool
            Who spikes.
        """
        arrived, left = self.arrive(), self.refractory.value
        free = left == 0

        def slope(v: Any) -> Any:
            current = self.sum_current_inputs(x, v, dimension=self.I_e.dimension)
            total = self.currents(v, arrived) + self.I_e
            return (total if current is None else total + current) * (1.0 / self.C_m)

        V = np.where(free, self.sum_delta_inputs(exp_euler_step(slope, self.V.value)), self.V.value)
        spike = free & (self.V_th <= V)
        self.V.value = np.where(spike, self.V_reset, V)
        self.refractory.value = np.where(spike, whole_steps(self.t_ref), np.maximum(left - 1, 0))
        return spike


class _Psc(_Iaf):
    """With currents that do not depend on the potential."""

    def __init__(
        self,
        in_size: SizeLike,
        C_m: ParameterLike = 250.0 * pF,
        tau_m: ParameterLike = 10.0 * ms,
        E_L: ParameterLike = -70.0 * mV,
        V_th: ParameterLike = -55.0 * mV,
        V_reset: ParameterLike = -70.0 * mV,
        t_ref: ParameterLike = 2.0 * ms,
        I_e: ParameterLike = 0.0 * pA,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, C_m, E_L, V_th, V_reset, t_ref, I_e, V_initializer, name)
        self.tau_m = Parameter(tau_m, unit=ms, positive=True)

    def currents(self, v: Any, arrived: tuple[Any, ...]) -> Any:
        """The leak, and what the synapses bring."""
        total = (self.E_L - v) * (self.C_m / self.tau_m)
        for current in arrived:
            total = total + current
        return total


class IafPscDelta(_Psc):
    r"""``iaf_psc_delta`` of NEST: a leaky neuron whose potential jumps with arriving spikes.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    C_m : quantities.Quantity
        Capacitance (pF).
    tau_m : quantities.Quantity
        Membrane time constant (ms).
    E_L, V_th, V_reset : quantities.Quantity
        Resting potential, threshold and reset (mV).
    t_ref : quantities.Quantity
        Dead time after a spike, in which spikes that arrive are lost (ms).
    I_e : quantities.Quantity
        Constant current (pA).
    V_initializer : Initialiser, quantity or array, optional
        First potentials; E_L by default.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    V : State
        Membrane potential (mV).
    refractory : State
        Steps for which the neuron is still held (int).

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; V_reset is at or above V_th.

    Notes
    -----
    .. math:: \frac{dV}{dt} = \frac{E_L - V}{\tau_m} + \frac{I_e + I}{C_m}

    is advanced exactly, then spikes that arrive make V jump, then who is at the threshold fires. Defaults are those of
    NEST 3. A projection is ``nd.DeltaProj(pre, comm=..., post=cells)`` with weights in mV and, for NEST's delay D, the
    delay D - dt.

    References
    ----------
    Rotter, S. and Diesmann, M. (1999), Exact digital simulation of time-invariant linear systems with applications to
    neuronal modeling, Biological Cybernetics 81, 381-402, doi:10.1007/s004220050570.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, pA
    >>> cells = nd.IafPscDelta(2, I_e=[0, 500] * pA)
    >>> sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret")
    >>> sim.record(cells, spikes=True)
    >>> print(sim.run(30 * ms)[cells].spikes.times)
    [13.9 29.8] ms
    """


class IafPscExp(_Psc):
    r"""``iaf_psc_exp`` of NEST: a leaky neuron with exponential currents.

    Parameters
    ----------
    in_size, C_m, tau_m, E_L, V_th, V_reset, t_ref, I_e, V_initializer, name
        As of `IafPscDelta`.
    tau_syn_ex, tau_syn_in : quantities.Quantity
        Time constants of the excitatory and the inhibitory current (ms).

    Attributes
    ----------
    V, refractory : State
        As of `IafPscDelta`.
    ex, inh : Expon
        The two currents, each with the state g (pA).

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; V_reset is at or above V_th.

    Notes
    -----
    .. math::

        \frac{dV}{dt} = \frac{E_L - V}{\tau_m} + \frac{g_{ex} + g_{in} + I_e + I}{C_m}, \qquad
        \frac{dg_x}{dt} = -\frac{g_x}{\tau_{syn,x}}

    A simulator solves both together, exactly, so that spikes are those of NEST step for step. Spikes are brought by
    ``nd.DeltaProj(pre, comm=..., post=cells.ex)`` with weights in pA, and to ``cells.inh`` with weights below zero,
    where NEST decides by the sign; its delay D is the delay D here. Other synapses may be added as to any neuron.

    References
    ----------
    As of `IafPscDelta`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> net = nd.DynamicsGroup()
    >>> net.source, net.cells = nd.SpikeTrain(1, [0], [1] * ms), nd.IafPscExp(1, tau_syn_ex=2 * ms)
    >>> net.input = nd.DeltaProj(net.source, comm=nd.OneToOne(1, 1, weight=500 * pA), post=net.cells.ex)
    >>> sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    >>> _ = sim.run(5 * ms)
    >>> print(sim.get(net.cells, "V").round(4))
    [-67.3251] mV
    """

    kind: type[ConductanceSynapse] = Expon

    def __init__(
        self,
        in_size: SizeLike,
        C_m: ParameterLike = 250.0 * pF,
        tau_m: ParameterLike = 10.0 * ms,
        tau_syn_ex: ParameterLike = 2.0 * ms,
        tau_syn_in: ParameterLike = 2.0 * ms,
        E_L: ParameterLike = -70.0 * mV,
        V_th: ParameterLike = -55.0 * mV,
        V_reset: ParameterLike = -70.0 * mV,
        t_ref: ParameterLike = 2.0 * ms,
        I_e: ParameterLike = 0.0 * pA,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, C_m, tau_m, E_L, V_th, V_reset, t_ref, I_e, V_initializer, name)
        ports = {"tau_syn_ex": tau_syn_ex, "tau_syn_in": tau_syn_in}
        self.ex, self.inh = (_port(self.path, key, self.kind, in_size, tau, 0.0 * pA) for key, tau in ports.items())

    def arrive(self) -> tuple[Any, ...]:
        """The two currents."""
        return self.ex(), self.inh()


class IafPscAlpha(IafPscExp):
    r"""``iaf_psc_alpha`` of NEST: a leaky neuron with currents of the form of an alpha function.

    Parameters
    ----------
    in_size, C_m, tau_m, tau_syn_ex, tau_syn_in, E_L, V_th, V_reset, t_ref, I_e, V_initializer, name
        As of `IafPscExp`; time constants are the times to the peak.

    Attributes
    ----------
    V, refractory : State
        As of `IafPscDelta`.
    ex, inh : Alpha
        The two currents, each with the states g and h (pA).

    Notes
    -----
    As `IafPscExp`, with the currents of `Alpha`: a spike makes one whose peak is the weight.

    References
    ----------
    As of `IafPscDelta`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> sorted(nd.init_all_states(nd.IafPscAlpha(3, tau_syn_in=5 * ms)).inh.states())
    ['g', 'h']
    """

    kind = Alpha


class IafCondExp(_Iaf):
    r"""``iaf_cond_exp`` of NEST: a leaky neuron with exponential conductances.

    Parameters
    ----------
    in_size, C_m, E_L, V_th, V_reset, t_ref, I_e, V_initializer, name
        As of `IafPscDelta`.
    g_L : quantities.Quantity
        Leak (nS).
    E_ex, E_in : quantities.Quantity
        Reversal potentials (mV).
    tau_syn_ex, tau_syn_in : quantities.Quantity
        Time constants of the conductances (ms).

    Attributes
    ----------
    V, refractory : State
        As of `IafPscDelta`.
    ex, inh : Expon
        The two conductances, each with the state g (nS).

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; V_reset is at or above V_th.
    NegativeConductanceError
        A projection onto `ex` or `inh` has a weight below zero.

    Notes
    -----
    .. math::

        C_m \frac{dV}{dt} = g_L (E_L - V) + g_{ex} (E_{ex} - V) + g_{in} (E_{in} - V) + I_e + I, \qquad
        \frac{dg_x}{dt} = -\frac{g_x}{\tau_{syn,x}}

    The conductances are exact and act by their means over a step, with which the step of V is exact: of second order,
    where NEST integrates with an adaptive method. Spikes are brought by ``nd.DeltaProj(pre, comm=..., post=cells.ex)``
    and to ``cells.inh``, both with weights in nS above zero; NEST's delay D is the delay D here.

    References
    ----------
    Meffin, H., Burkitt, A. N. and Grayden, D. B. (2004), An analytical model for the large, fluctuating synaptic
    conductance state typical of neocortical neurons in vivo, Journal of Computational Neuroscience 16, 159-175,
    doi:10.1023/B:JCNS.0000014108.03012.81.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, nS
    >>> net = nd.DynamicsGroup()
    >>> net.source, net.cells = nd.SpikeTrain(1, [0], [1] * ms), nd.IafCondExp(1)
    >>> net.input = nd.DeltaProj(net.source, comm=nd.OneToOne(1, 1, weight=50 * nS), post=net.cells.ex)
    >>> sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    >>> _ = sim.run(5 * ms)
    >>> print(sim.get(net.cells, "V").round(2))
    [-67.87] mV
    """

    kind: type[ConductanceSynapse] = Expon

    def __init__(
        self,
        in_size: SizeLike,
        C_m: ParameterLike = 250.0 * pF,
        g_L: ParameterLike = 16.6667 * nS,
        tau_syn_ex: ParameterLike = 0.2 * ms,
        tau_syn_in: ParameterLike = 2.0 * ms,
        E_ex: ParameterLike = 0.0 * mV,
        E_in: ParameterLike = -85.0 * mV,
        E_L: ParameterLike = -70.0 * mV,
        V_th: ParameterLike = -55.0 * mV,
        V_reset: ParameterLike = -60.0 * mV,
        t_ref: ParameterLike = 2.0 * ms,
        I_e: ParameterLike = 0.0 * pA,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, C_m, E_L, V_th, V_reset, t_ref, I_e, V_initializer, name)
        self.g_L = Parameter(g_L, unit=nS, negative=False)
        self.E_ex, self.E_in = Parameter(E_ex, unit=mV), Parameter(E_in, unit=mV)
        ports = {"tau_syn_ex": tau_syn_ex, "tau_syn_in": tau_syn_in}
        self.ex, self.inh = (_port(self.path, key, self.kind, in_size, tau, 0.0 * nS) for key, tau in ports.items())
        for synapse in (self.ex, self.inh):
            mark(synapse, COBA(0.0 * mV))  # so that weights below zero are refused

    def arrive(self) -> tuple[Any, ...]:
        """The two conductances."""
        return self.ex(), self.inh()

    def currents(self, v: Any, arrived: tuple[Any, ...]) -> Any:
        """The leak, and what flows through the synapses."""
        ex, inh = arrived
        return self.g_L * (self.E_L - v) + ex * (self.E_ex - v) + inh * (self.E_in - v)


class IafCondAlpha(IafCondExp):
    r"""``iaf_cond_alpha`` of NEST: a leaky neuron with conductances of the form of an alpha function.

    Parameters
    ----------
    in_size, C_m, g_L, tau_syn_ex, tau_syn_in, E_ex, E_in, E_L, V_th, V_reset, t_ref, I_e, V_initializer, name
        As of `IafCondExp`; time constants are the times to the peak.

    Attributes
    ----------
    V, refractory : State
        As of `IafPscDelta`.
    ex, inh : Alpha
        The two conductances, each with the states g and h (nS).

    Notes
    -----
    As `IafCondExp`, with the conductances of `Alpha`: a spike makes one whose peak is the weight.

    References
    ----------
    As of `IafCondExp`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> sorted(nd.init_all_states(nd.IafCondAlpha(3)).ex.states())
    ['g', 'h']
    """

    kind = Alpha


def _port(owner: str, given: str, kind: type[ConductanceSynapse], in_size: SizeLike, tau: Any, first: Any) -> Any:
    """A synapse that its neuron steps, with a time constant that this one was given under another name."""
    make: Any = kind
    made = made_of(owner, {"tau": given}, make, in_size, tau, g_initializer=first)
    made.driven = True
    return made
