"""Small networks whose generated source is kept in files; sizes, numbers and seeds are arguments."""

import numpy as np
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn.projections.plastic import PlasticProj
from numbadyn.projections.synapse_state import SynapseState

__all__ = ["NETWORKS"]


class Noisy(nd.Neuron):
    """A user's own model: two states, noise, a threshold."""

    def __init__(self, size, tau):
        super().__init__(size)
        self.tau = nd.Parameter(tau * ms)

    def init_state(self):
        self.V = nd.State(nd.init.Uniform(-60 * mV, -50 * mV))
        self.w = nd.State(0 * mV)

    def update(self):
        I = 12 * mV - self.w.value + 2 * mV * nd.random.normal()  # noqa: E741
        V = nd.exp_euler_step(lambda v: (-60 * mV - v + I) / self.tau, self.V.value)
        spike = V > -50 * mV
        self.w.value = 0.99 * self.w.value + np.where(spike, 1 * mV, 0 * mV)
        self.V.value = np.where(spike, -60 * mV, V)
        return spike


def population(size, number, weight):
    """One population, no projection."""
    net = nd.DynamicsGroup(name="population")
    net.cells = Noisy(size, number)
    return net


class Pair(nd.DynamicsGroup):
    """Conductances one way, jumps the other way."""

    def __init__(self, size, number, weight):
        super().__init__(name="pair")
        self.E = nd.LIFRef(size, tau=number * ms, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
        self.I = nd.LIF(size + 5)  # noqa: E741
        comm = nd.FixedProb(size, size + 5, prob=0.2, weight=weight * nS)
        syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
        self.E2I = nd.AlignPostProj(self.E, comm=comm, syn=syn, out=out, post=self.I, delay=number * ms)
        comm = nd.FixedInDegree(size + 5, size, 3, weight=-weight * mV)
        self.I2E = nd.DeltaProj(self.I, comm=comm, post=self.E)


class Delayed(nd.DynamicsGroup):
    """Reads of the past, Poisson input, given spikes, a hook."""

    def __init__(self, size, number, weight):
        super().__init__(name="delayed")
        self.given = nd.SpikeTrain(size, indices=[0, size - 1], times=[1, number] * ms)
        self.cells = nd.LIF(size)
        neighbours = self.cells.prefetch_delay("V", 0.1 * np.arange(size) * ms, np.arange(size)[::-1])
        self.cells.add_current_input("neighbours", lambda v: 0.1 * nS * (neighbours() - v))
        self.cells.add_before_update("drift", self.drift)
        comm = nd.OneToOne(size, size, weight=nd.init.Uniform(0 * pA, weight * pA))
        self.current = nd.CurrentProj(self.given, comm=comm, out=nd.CUBA.desc(), post=self.cells, delay=number * ms)
        self.noise = nd.PoissonInput(self.cells, num_input=10, freq=0.01 * number / ms, weight=0.1 * mV)

    def drift(self):
        self.cells.V.value = 0.9999 * self.cells.V.value


class Tracing(nd.LIF):
    """Neurons with a trace of their own spikes."""

    def __init__(self, size, tau):
        super().__init__(size)
        self.tau_trace, self.trace = nd.Parameter(tau), nd.State(0.0)

    def update(self):
        spike = super().update()
        self.trace.value = self.trace * np.exp(-nd.environ.get_dt() / self.tau_trace) + spike.astype(float)
        return spike


class Rule(PlasticProj):
    """The pair rule, with a count of the presynaptic spikes of each synapse."""

    def __init__(self, *modules, step, **options):
        super().__init__(*modules, **options)
        self.step, self.count = nd.Parameter(step), SynapseState(0.0)

    def on_pre(self, s):
        s.count = s.count + 1
        s.weight = s.weight - self.step * s.post.trace

    def on_post(self, s):
        s.weight = np.minimum(s.weight + self.step * s.pre.trace, s.post.V_th - s.post.V_reset)


class Plastic(nd.DynamicsGroup):
    """Synapses that spikes of either side change."""

    def __init__(self, size, number, weight):
        super().__init__(name="plastic")
        self.E, self.I = Tracing(size, number * ms), Tracing(size + 5, 3 * ms)  # noqa: E741
        comm = nd.FixedProb(size, size + 5, prob=0.2, weight=nd.init.Uniform(0 * mV, weight * mV))
        self.E2I = Rule(self.E, comm=comm, post=self.I, delay=number * ms, step=weight * mV)


NETWORKS = {"population": population, "pair": Pair, "delayed": Delayed, "plastic": Plastic}
