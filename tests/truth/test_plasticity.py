"""What plasticity is known for: weights that compete or do not, and rates that inhibition brings into balance."""

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, s

import numbadyn as nd


def competing(mu, rate, *, inputs=200, neurons=20, A=0.01, duration=120 * s, dt=1 * ms, g_max=0.3 * nS):
    """Neurons with as many Poisson inputs, after Song, Miller and Abbott (2000); weights in parts of the largest."""
    net = nd.DynamicsGroup()
    net.inputs = nd.PoissonGroup(inputs, rates=rate)
    cell = {"tau": 20 * ms, "R": 0.1 / nS, "V_rest": -70 * mV, "V_th": -54 * mV, "V_reset": -60 * mV}
    net.cells = nd.LIF(neurons, V_initializer=-70 * mV, **cell)
    comm = nd.AllToAll(inputs, neurons, weight=nd.init.Uniform(0 * nS, g_max))
    syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
    rule = {"w_max": g_max, "A_plus": A, "A_minus": 1.05 * A, "mu": mu}
    net.p = nd.STDP(net.inputs, comm=comm, post=net.cells, syn=syn, out=out, **rule)
    sim = nd.Simulator(net, dt=dt, seed=2)
    sim.run(0.8 * duration, progress=False)
    sim.record(net.cells, spikes=True)
    spikes = sim.run(0.2 * duration, progress=False)[net.cells].spikes
    return (sim.get(net.p, "weight") / g_max).simplified.magnitude, spikes.count / neurons / float((0.2 * duration) / s)


def near_bounds(weights):
    return np.mean((weights < 0.1) | (weights > 0.9))


def test_additive_weights_compete_and_multiplicative_ones_do_not():
    additive, fires = competing(0, 20 * Hz)
    assert near_bounds(additive) > 0.55
    assert np.mean(additive < 0.1) > 0.2
    assert np.mean(additive > 0.9) > 0.2
    multiplicative, _fires = competing(1, 20 * Hz)
    assert near_bounds(multiplicative) == 0.0
    # A+ (1 - w) = A- w without correlations; spikes that have a hand in a postsynaptic one add a little.
    assert 0.0 < multiplicative.mean() - 1 / 2.05 < 0.025
    fewer, fires_then = competing(0, 40 * Hz)  # twice the input, hardly more output: fewer synapses are strong
    assert fewer.mean() < 0.7 * additive.mean()
    assert fires_then < 1.3 * fires


@pytest.mark.exhaustive
def test_the_distribution_of_song_miller_and_abbott():
    """A thousand inputs and small steps, for 300 s: two peaks, and a rate that does not depend on that of the input."""
    options = {"inputs": 1000, "neurons": 4, "A": 0.005, "duration": 300 * s, "g_max": 0.15 * nS}
    found = [competing(0, rate * Hz, **options) for rate in (10, 25, 40)]
    assert all(near_bounds(weights) > 0.5 for weights, _fires in found)
    assert (np.diff([weights.mean() for weights, _fires in found]) < 0).all()
    np.testing.assert_allclose([fires for _weights, fires in found], 17.0, rtol=0.1)


def balanced(eta, *, duration=20 * s, drives=(1.0, 1.5, 2.0), rho=8 * Hz):
    """Neurons with as many excitatory inputs as differ in strength, and plastic inhibition; rates before and after."""
    n, kinds = 10, len(drives)
    net = nd.DynamicsGroup()
    net.exc, net.inh = nd.PoissonGroup(100, rates=20 * Hz), nd.PoissonGroup(50, rates=20 * Hz)
    cell = {"R": 1.0, "tau": 20 * ms, "V_rest": -60 * mV, "V_th": -50 * mV, "V_reset": -60 * mV}
    net.cells = nd.LIFRef(n * kinds, V_initializer=-60 * mV, tau_ref=5 * ms, **cell)
    strength = np.tile(np.repeat(drives, n), 100) * 0.5 * mV
    net.e = nd.DeltaProj(net.exc, comm=nd.AllToAll(100, n * kinds, weight=strength), post=net.cells)
    comm = nd.AllToAll(50, n * kinds, weight=-0.01 * mV)
    net.i = nd.VogelsSprekelerSTDP(net.inh, comm=comm, post=net.cells, w_max=-4 * mV, eta=eta, rho=rho)
    sim = nd.Simulator(net, dt=0.5 * ms, seed=2)
    sim.record(net.cells, spikes=True)
    found = []
    for part in (0.05, 0.75, 0.2):
        spikes = sim.run(part * duration, progress=False)[net.cells].spikes
        counts = np.bincount(spikes.indices, minlength=n * kinds).reshape(kinds, n).mean(axis=1)
        found.append(counts / float((part * duration) / s))
    return found[0], found[2], sim.get(net.i, "weight").magnitude.reshape(50, kinds, n).mean(axis=(0, 2))


def test_inhibition_brings_neurons_to_one_rate():
    before, after, weights = balanced(0.002)
    assert before.max() > 1.5 * before.min()
    np.testing.assert_allclose(after, 8.0, rtol=0.2)
    assert after.mean() == pytest.approx(8.0, rel=0.09)
    assert (np.diff(weights) < 0).all()  # the stronger the excitation, the stronger the inhibition


@pytest.mark.exhaustive
def test_the_rate_of_vogels_and_sprekeler():
    """Slow learning for long: near the rate that was asked for, a little above it."""
    for rho in (4, 8, 12):
        _before, after, _weights = balanced(0.0005, duration=300 * s, rho=rho * Hz)
        np.testing.assert_allclose(after, rho, rtol=0.15)
