"""Random populations against the statistics of Poisson processes; fixed seeds, bounds of 4 to 5 standard errors."""

import numpy as np
import pytest
from quantities import Hz, ms, mV

import numbadyn as nd

pytestmark = pytest.mark.statistical


def spikes_of(cells, duration, dt=0.1, seed=2):
    sim = nd.Simulator(cells, dt=dt * ms, target="interpret", seed=seed)
    sim.record(cells, spikes=True)
    return sim.run(duration * ms, progress=False)[cells].spikes


def test_counts_intervals_and_independence_of_a_poisson_group():
    """1000 neurons at 100 Hz for 300 ms: mean 30, Fano factor 1 (up to p = 0.01), CV of ISI 1, no correlation."""
    n, expected = 1000, 30.0
    spikes = spikes_of(nd.PoissonGroup(n, 100 * Hz), 300)
    counts = np.bincount(spikes.indices, minlength=n)
    assert abs(counts.mean() - expected) < 4 * np.sqrt(expected / n)
    assert counts.var() / counts.mean() == pytest.approx(0.99, abs=5 * np.sqrt(2 / n))
    assert spikes.rate.rescale(Hz).magnitude == pytest.approx(counts.mean() / 0.3)
    # an interval is cut off at the end of the run, so the mean of the estimate over neurons lies below 1
    assert spikes.cv_isi() == pytest.approx(0.97, abs=0.04)
    steps = np.bincount(spikes.steps, minlength=3000)
    assert steps.var() / steps.mean() == pytest.approx(0.99, abs=5 * np.sqrt(2 / 3000))
    assert abs(np.corrcoef(steps[:-1], steps[1:])[0, 1]) < 4 / np.sqrt(3000)


def test_intervals_follow_their_law():
    """Of one neuron with many spikes: in steps they are geometric, P(more than k steps) = (1 - r dt)^k."""
    rate, dt = 0.2, 0.5
    spikes = spikes_of(nd.PoissonGroup(1, rate * 1000 * Hz), 4000, dt)
    gaps = np.diff(spikes.steps)
    assert spikes.cv_isi() == pytest.approx(np.sqrt(1 - rate * dt), abs=5 / np.sqrt(gaps.size))
    for k in (1, 5, 20):
        p = (1 - rate * dt) ** k
        assert np.mean(gaps > k) == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / gaps.size))


def test_a_regular_train_has_no_variation():
    cells = nd.SpikeTrain(
        2, indices=np.repeat([0, 1], 20), times=np.r_[np.arange(1, 21) * 2, np.arange(1, 21) * 3] * ms
    )
    spikes = spikes_of(cells, 70)
    assert spikes.count == 40
    assert spikes.cv_isi() == pytest.approx(0.0, abs=1e-12)


def test_poisson_input_has_the_mean_and_variance_of_its_sources():
    """Jumps of 0.01 mV from 500 sources at 20 Hz onto membranes without threshold: Campbell's theorem."""
    net = nd.DynamicsGroup()
    net.cells = nd.LIF(400, tau=5 * ms, V_th=1000 * mV, V_rest=0 * mV, V_reset=0 * mV)
    net.drive = nd.PoissonInput(net.cells, num_input=500, freq=20 * Hz, weight=0.01 * mV)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", seed=4)
    sim.record(net.cells, "V", every=25 * ms, start=50 * ms)
    V = sim.run(301 * ms, progress=False)[net.cells].V.magnitude
    decay, rate = np.exp(-0.1 / 5), 500 * 0.02 * 0.1
    mean, variance = 0.01 * rate / (1 - decay), 0.01**2 * rate / (1 - decay**2)
    assert V.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / V.size))
    assert V.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / V.size))


@pytest.mark.parametrize("precision", [64, 32])
def test_the_mean_rate_is_the_one_asked_for(precision):
    """From 1 Hz to one spike a step; a false alarm in 1 of 10^6 seeds for each rate (4.9 standard errors)."""
    rates = np.array([1.0, 100.0, 1000.0, 2000.0, 5000.0, 9000.0, 10000.0])
    n, steps = 400, 500
    cells = nd.PoissonGroup(n * rates.size, np.repeat(rates, n) * Hz)
    sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret", seed=11, precision=precision)
    sim.record(cells, spikes=True)
    found = np.bincount(sim.run(steps * 0.1 * ms, progress=False)[cells].spikes.indices // n, minlength=rates.size)
    p = rates * 1e-4
    assert (abs(found - n * steps * p) <= 4.9 * np.sqrt(n * steps * p * (1 - p)) + 0.5).all()
