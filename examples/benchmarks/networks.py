"""The benchmark networks of networks.md, written with the public API; each returns the network and what is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd

__all__ = ["adex_only", "brunel", "coba", "coba_held", "cobahh", "cuba", "hh_only", "lif_only", "stdp"]


def _sizes(scale: float) -> tuple[int, int, float]:
    """Neurons of both kinds, and the probability that gives 80 synapses a neuron."""
    excitatory, inhibitory = round(3200 * scale), round(800 * scale)
    return excitatory, inhibitory, 80.0 / (excitatory + inhibitory)


class EINet(nd.DynamicsGroup):
    """Two populations, coupled all ways by exponential synapses.

    Parameters
    ----------
    E, I : Neuron
        Excitatory and inhibitory population.
    prob : float
        Probability of a synapse.
    weights : tuple of quantities
        Excitatory and inhibitory weight.
    outs : tuple of Describer
        Excitatory and inhibitory output.
    g : dict
        First values of the synaptic variables, by kind.
    """

    def __init__(
        self,
        E: nd.Neuron,
        I: nd.Neuron,  # noqa: E741
        prob: float,
        weights: Any,
        outs: Any,
        first: Any = (None, None),
    ) -> None:
        super().__init__()
        self.E, self.I = E, I
        syns = [nd.Expon.desc(tau=tau, g_initializer=g) for tau, g in zip((5 * ms, 10 * ms), first, strict=True)]

        def project(pre: nd.Neuron, post: nd.Neuron, kind: int) -> nd.AlignPostProj:
            comm = nd.FixedProb(pre.varshape, post.varshape, prob=prob, weight=weights[kind])
            return nd.AlignPostProj(pre, comm=comm, syn=syns[kind], out=outs[kind], post=post)

        self.E2E, self.E2I = project(E, E, 0), project(E, I, 0)
        self.I2E, self.I2I = project(I, E, 1), project(I, I, 1)


class Driven(nd.LIFRef):
    """Neurons with a constant drive; conductances enter the exponent of the step, as in Brian2's exponential Euler."""

    def update(self) -> Any:
        """One step."""
        return super().update(200 * pA)


class HeldDriven(Driven):
    """The same with the synaptic current held at its value at the start of the step: no exponential is needed."""

    def advanced(self, x: Any) -> Any:
        """Membrane potential at the end of the step."""
        current = self.sum_current_inputs(x, self.V.value)
        slope = lambda v: (self.V_rest - v + self.R * current) / self.tau  # noqa: E731
        return self.sum_delta_inputs(nd.exp_euler_step(slope, self.V.value))


def coba_held(scale: float) -> tuple[nd.DynamicsGroup, list[nd.Neuron]]:
    """`coba` with the synaptic current held over the step."""
    return coba(scale, HeldDriven)


def coba(scale: float, neuron: type[Driven] = Driven) -> tuple[nd.DynamicsGroup, list[nd.Neuron]]:
    """Vogels & Abbott (2005) in the form of Brette et al. (2007), benchmark 1, driven by 200 pA."""
    n_e, n_i, prob = _sizes(scale)

    def population(n: int) -> nd.Neuron:
        return neuron(n, V_rest=-60 * mV, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV), tau_ref=5 * ms)

    E, I = population(n_e), population(n_i)  # noqa: E741
    outs = nd.COBA.desc(E=0 * mV), nd.COBA.desc(E=-80 * mV)
    return EINet(E, I, prob, (6 * nS, 67 * nS), outs), [E, I]


def cuba(scale: float) -> tuple[nd.DynamicsGroup, list[nd.Neuron]]:
    """Brette et al. (2007), benchmark 2: the synaptic variables are voltages."""
    n_e, n_i, prob = _sizes(scale)

    def population(n: int) -> nd.Neuron:
        return nd.LIFRef(n, R=1.0, V_rest=-49 * mV, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV), tau_ref=5 * ms)

    E, I = population(n_e), population(n_i)  # noqa: E741
    return EINet(E, I, prob, (1.62 * mV, -9 * mV), (nd.CUBA.desc(), nd.CUBA.desc())), [E, I]


def cobahh(scale: float) -> tuple[nd.DynamicsGroup, list[nd.Neuron]]:
    """Brette et al. (2007), benchmark 3: Traub-Miles Hodgkin-Huxley neurons."""
    n_e, n_i, prob = _sizes(scale)

    def population(n: int) -> nd.Neuron:
        return nd.HH(n, V_initializer=nd.init.Normal(-65 * mV, 5 * mV))

    E, I = population(n_e), population(n_i)  # noqa: E741
    first = nd.init.Normal(40 * nS, 15 * nS, low=0 * nS), nd.init.Normal(200 * nS, 120 * nS, low=0 * nS)
    outs = nd.COBA.desc(E=0 * mV), nd.COBA.desc(E=-80 * mV)
    return EINet(E, I, prob, (6 * nS, 67 * nS), outs, first), [E, I]


class Brunel(nd.DynamicsGroup):
    """Brunel (2000), model A: delta synapses, one delay, Poisson drive."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        n_e, n_i = round(10000 * scale), round(2500 * scale)
        c_e, c_i = round(1000 * scale), round(250 * scale)
        J = 0.1 * mV / scale
        first = nd.init.Uniform(0 * mV, 20 * mV)
        rest = {
            "R": 1.0,
            "tau": 20 * ms,
            "V_rest": 0 * mV,
            "V_th": 20 * mV,
            "V_reset": 10 * mV,
            "V_initializer": first,
            "tau_ref": 2 * ms,
        }
        self.P = nd.LIFRef(n_e + n_i, **rest)
        self.exc = nd.DeltaProj(comm=nd.FixedInDegree(n_e, n_e + n_i, c_e, weight=J), post=self.P, delay=1.5 * ms)
        self.inh = nd.DeltaProj(comm=nd.FixedInDegree(n_i, n_e + n_i, c_i, weight=-5 * J), post=self.P, delay=1.5 * ms)
        total = 2 * 20 * mV / (J * 20 * ms)  # eta V_th / (J tau)
        self.drive = nd.PoissonInput(self.P, num_input=c_e, freq=(total / c_e).rescale(Hz), weight=J)
        self.n_e = n_e

    def update(self) -> None:
        """Deliver the spikes of the last step, draw the drive, advance the neurons."""
        spikes = self.P.get_spike()
        self.exc(spikes[: self.n_e])
        self.inh(spikes[self.n_e :])
        self.drive()
        self.P()


def brunel(scale: float) -> tuple[nd.DynamicsGroup, nd.Neuron]:
    """Brunel (2000), model A, at g = 5 and eta = 2."""
    net = Brunel(scale)
    return net, net.P


class SendingFirst(nd.STDP):
    """Spikes bring the weight as it was before they change it, as in the networks of the other simulators."""

    def on_pre(self, s: Any) -> None:
        """Send the weight, then depress it."""
        s.send(s.weight)
        super().on_pre(s)


def stdp(scale: float) -> tuple[nd.DynamicsGroup, nd.Neuron]:
    """Song, Miller and Abbott (2000) with 2000 inputs that are shared by all neurons: 1 M plastic synapses."""
    net = nd.DynamicsGroup(name="stdp")
    net.inputs = nd.PoissonGroup(2000, rates=15 * Hz)
    rest = {"V_rest": -74 * mV, "V_th": -54 * mV, "V_reset": -60 * mV, "V_initializer": -74 * mV}
    net.neurons = nd.LIFRef(round(500 * scale), tau=10 * ms, tau_ref=5 * ms, **rest)
    comm = nd.AllToAll(2000, net.neurons.num, weight=nd.init.Uniform(0 * nS, 0.055 * nS))
    syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
    changes = {"w_max": 0.055 * nS, "A_plus": 0.01, "A_minus": 0.0105}
    net.synapses = SendingFirst(net.inputs, comm=comm, post=net.neurons, syn=syn, out=out, **changes)
    return net, net.neurons


def lif_only(scale: float) -> tuple[nd.DynamicsGroup, nd.Neuron]:
    """Uncoupled LIF neurons with drives from 5 to 25 mV."""
    n = round(100_000 * scale)

    class Driven(nd.LIFRef):
        def __init__(self) -> None:
            super().__init__(n, R=1.0, V_rest=-60 * mV, tau_ref=5 * ms)
            self.drive = nd.Parameter(np.linspace(5.0, 25.0, n) * mV)

        def update(self) -> Any:
            return super().update(self.drive.value)

    neurons = Driven()
    return _alone(neurons), neurons


def hh_only(scale: float) -> tuple[nd.DynamicsGroup, nd.Neuron]:
    """Uncoupled Hodgkin-Huxley neurons with currents from 0 to 500 pA."""
    n = round(100_000 * scale)

    class Driven(nd.HH):
        def __init__(self) -> None:
            super().__init__(n, V_initializer=-65 * mV)
            self.drive = nd.Parameter(np.linspace(0.0, 500.0, n) * pA)

        def init_state(self) -> None:
            super().init_state()
            self.h = nd.State(1.0)

        def update(self) -> Any:
            return super().update(self.drive.value)

    neurons = Driven()
    return _alone(neurons), neurons


def adex_only(scale: float) -> tuple[nd.DynamicsGroup, nd.Neuron]:
    """Uncoupled adaptive exponential neurons with currents from 500 to 1500 pA."""
    n = round(100_000 * scale)

    class Driven(nd.AdEx):
        def __init__(self) -> None:
            super().__init__(n, V_initializer=-70.6 * mV)
            self.drive = nd.Parameter(np.linspace(500.0, 1500.0, n) * pA)

        def update(self) -> Any:
            return super().update(self.drive.value)

    neurons = Driven()
    return _alone(neurons), neurons


def _alone(neurons: nd.Neuron) -> nd.DynamicsGroup:
    group = nd.DynamicsGroup(name="uncoupled")
    group.neurons = neurons
    return group
