"""Whole networks as in the README: eager calls and the interpreter agree, and both targets give the same bits."""

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from tests.features.both import assert_targets_agree
from tests.interpreted import Interpreted, assert_eager_agrees

N_E, N_I = 60, 20


class Balanced(nd.DynamicsGroup):
    """Conductance-based excitation and inhibition, with delays of three forms and synapses of three kinds."""

    def __init__(self):
        super().__init__()
        first = nd.init.Uniform(-60 * mV, -50 * mV)
        self.E = nd.LIFRef(N_E, tau=20 * ms, tau_ref=5 * ms, V_initializer=first)
        self.I = nd.LIFRef(N_I, tau=20 * ms, tau_ref=5 * ms, V_initializer=first)
        fast = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
        slow = {"syn": nd.DualExpon.desc(tau_decay=10 * ms, tau_rise=1 * ms), "out": nd.COBA.desc(E=-80 * mV)}
        nmda = {"syn": nd.Alpha.desc(tau=20 * ms), "out": nd.MgBlock.desc()}
        self.E2E = nd.AlignPostProj(
            self.E.output_delay(1.5 * ms), comm=self.rule(self.E, self.E, 3), post=self.E, **fast
        )
        self.E2I = nd.AlignPostProj(self.E, comm=self.rule(self.E, self.I, 3), post=self.I, **fast)
        per_neuron = np.linspace(0.5, 2.0, N_I)[:, None] * ms
        self.I2E = nd.AlignPostProj(self.I, comm=self.rule(self.I, self.E, 20), post=self.E, delay=per_neuron, **slow)
        drawn = nd.init.Uniform(0.1 * ms, 3 * ms)
        self.I2I = nd.AlignPostProj(self.I, comm=self.rule(self.I, self.I, 20), post=self.I, delay=drawn, **slow)
        self.slow = nd.AlignPreProj(self.E, comm=self.rule(self.E, self.I, 1), post=self.I, **nmda)
        self.noise = nd.PoissonInput(self.E, num_input=600, freq=1 / (200 * ms), weight=0.5 * mV)
        self.gap = nd.CurrentProj(
            self.I.prefetch("V"), comm=nd.OneToOne(N_I, N_I, 0.05 * nS), out=nd.CUBA.desc(), post=self.I
        )
        self.drive = nd.CurrentProj(lambda: 250 * pA, comm=lambda x: x, out=nd.CUBA.desc(), post=self.I)

    @staticmethod
    def rule(pre, post, weight):
        return nd.FixedProb(
            pre.varshape, post.varshape, prob=0.3, weight=nd.init.Normal(weight * nS, 0.1 * weight * nS)
        )


class ByHand(nd.DynamicsGroup):
    """One population cut in two, projections called by hand in the user's order."""

    def __init__(self):
        super().__init__()
        self.N = nd.LIFRef(N_E + N_I, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
        size = self.N.varshape
        self.exc = nd.AlignPostProj(
            comm=nd.FixedProb(N_E, size, 0.2, weight=3 * nS),
            syn=nd.Expon.desc(5 * ms),
            out=nd.COBA.desc(0 * mV),
            post=self.N,
        )
        self.inh = nd.AlignPostProj(
            comm=nd.FixedProb(N_I, size, 0.2, weight=20 * nS),
            syn=nd.Expon.desc(10 * ms),
            out=nd.COBA.desc(-80 * mV),
            post=self.N,
        )

    def update(self):
        spikes = self.N.get_spike()
        self.exc(spikes[:N_E])
        self.inh(spikes[N_E:])
        return self.N(250 * pA)


class Jumps(nd.DynamicsGroup):
    """Delta synapses with one delay, as in the network of Brunel."""

    def __init__(self):
        super().__init__()
        self.N = nd.LIFRef(
            50,
            V_rest=0 * mV,
            V_th=20 * mV,
            V_reset=10 * mV,
            tau_ref=2 * ms,
            V_initializer=nd.init.Uniform(0 * mV, 20 * mV),
        )
        self.exc = nd.DeltaProj(self.N, comm=nd.FixedInDegree(50, 50, 8, weight=1.5 * mV), post=self.N, delay=1.5 * ms)
        self.noise = nd.PoissonInput(self.N, num_input=1, freq=20 / ms, weight=0.1 * mV)


NETWORKS = [Balanced, ByHand, Jumps]


@pytest.mark.parametrize("make", NETWORKS)
def test_eager_calls_agree_with_the_interpreter(make):
    assert_eager_agrees(make, 60, seed=5)


@pytest.mark.parametrize("make", NETWORKS)
def test_both_targets_give_the_same_bits(make):
    assert_targets_agree(make, dt=0.1 * ms, duration=30 * ms, seed=5)


@pytest.mark.parametrize("make", NETWORKS)
def test_the_networks_are_alive(make):
    net = make()
    run = Interpreted(net, seed=5)
    population = net.E if make is Balanced else net.N
    (spikes,) = run.record(300, population)
    assert 30 < spikes.sum() < 0.5 * spikes.size
