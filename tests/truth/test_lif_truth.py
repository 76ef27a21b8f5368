"""Leaky integrate-and-fire neurons against closed forms."""

import math

import numpy as np
import pytest
from quantities import ms, mV, nS, pA, s

import numbadyn as nd


class Driven(nd.LIFRef):
    """Constant currents, one for each neuron."""

    def __init__(self, currents, **parameters):
        super().__init__(len(currents), **parameters)
        self.current = nd.Parameter(currents * pA)

    def update(self):
        return super().update(self.current)


def intervals(spikes):
    """Steps between spikes, of each neuron."""
    return [np.diff(spikes.steps[spikes.indices == neuron]) for neuron in range(spikes.size)]


@pytest.mark.parametrize("tau_ref", [0.0, 5.0])
def test_rate_as_a_function_of_current(tau_ref):
    """T = tau_ref + tau ln(RI / (RI - (V_th - V_rest))), rounded up to steps: exponential Euler is exact here."""
    currents = np.linspace(101.3, 900.7, 40)
    cells = Driven(currents, tau=20 * ms, tau_ref=tau_ref * ms)
    sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret")
    sim.record(cells, spikes=True)
    spikes = sim.run(400 * ms, progress=False)[cells].spikes
    drive = 0.1 * currents  # R = 0.1 GOhm, so pA make mV
    exact = 20.0 * np.log(drive / (drive - 10.0))
    steps = np.ceil(exact / 0.1 - 1e-9) + round(tau_ref / 0.1)
    for found, expected in zip(intervals(spikes), steps, strict=True):
        assert found.size > 1
        assert set(found.tolist()) == {expected}


def test_no_spikes_below_rheobase():
    cells = Driven(np.array([0.0, 50.0, 99.9]))
    sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret")
    sim.record(cells, "V", spikes=True)
    result = sim.run(0.5 * s, progress=False)
    assert result[cells].spikes.count == 0
    np.testing.assert_allclose(result[cells].V.magnitude[-1], [-60.0, -55.0, -50.01], atol=1e-4)


@pytest.mark.parametrize(("tau_ref", "dt", "held"), [(5.0, 0.1, 50), (2.0, 0.3, 7), (1.0, 0.25, 4), (0.0, 0.1, 0)])
def test_refractory_steps_are_counted_exactly(tau_ref, dt, held):
    """A drive that always reaches the threshold within a step: the interval is the held steps and one."""
    cells = Driven(np.full(3, 1e6), tau_ref=tau_ref * ms)
    sim = nd.Simulator(cells, dt=dt * ms, target="interpret")
    sim.record(cells, "V", spikes=True)
    result = sim.run(200 * dt * ms, progress=False)
    for found in intervals(result[cells].spikes):
        assert set(found.tolist()) == {held + 1}
    assert set(np.unique(result[cells].V.magnitude)) == {-60.0}


# ---- synapses --------------------------------------------------------------------------------------------------------


class Kick(nd.DynamicsGroup):
    """One spike onto a silent neuron, through a current-based synapse or one of conductance."""

    def __init__(self, out, weight, tau):
        super().__init__()
        self.pre = nd.SpikeTrain(1, indices=[0], times=[1] * ms)
        self.post = nd.LIF(1, tau=20 * ms)
        comm, syn = nd.OneToOne(1, 1, weight=weight), nd.Expon.desc(tau=tau * ms)
        self.p = nd.AlignPostProj(self.pre, comm=comm, syn=syn, out=out, post=self.post)


def response(dt, tau=5.0, variable="V"):
    net = Kick(nd.CUBA.desc(), 10 * pA, tau)
    sim = nd.Simulator(net, dt=dt * ms, target="interpret")
    sim.record(net.post, "V")
    sim.record(net.p.syn, "g")
    result = sim.run(101 * ms, progress=False)
    return result[net.post].V.magnitude[:, 0] + 60.0, result[net.p.syn].g.magnitude[:, 0]


def test_charge_of_an_exponential_synapse():
    """The charge of a spike is w tau in continuous time; in steps the geometric series of the decay, exactly."""
    for dt in (0.1, 0.5):
        _, g = response(dt)
        steps = int(np.count_nonzero(g))
        decay = math.exp(-dt / 5.0)
        assert g.sum() * dt == pytest.approx(10.0 * dt * (1 - decay**steps) / (1 - decay), rel=1e-12)
    assert response(0.01)[1].sum() * 0.01 == pytest.approx(10.0 * 5.0, rel=2e-3)


def test_postsynaptic_potential_is_exact():
    """V(t) = R w tau_s / (tau_m - tau_s) (exp(-t / tau_m) - exp(-t / tau_s)) after the spike at 1 ms."""
    t = 30.0
    exact = 0.1 * 10.0 * 5.0 / (20.0 - 5.0) * (math.exp(-t / 20.0) - math.exp(-t / 5.0))
    for dt in (0.5, 0.1):
        assert response(dt)[0][round((1.0 + t) / dt)] == pytest.approx(exact, rel=1e-11)


def test_a_conductance_pulls_towards_its_reversal_potential():
    """Steady state (V_rest + R g E) / (1 + R g) of a synapse that hardly decays."""
    net = Kick(nd.COBA.desc(E=0 * mV), 2 * nS, 1e9)
    net.post.V_th.value = 100 * mV
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.record(net.post, "V")
    V = sim.run(0.4 * s, progress=False)[net.post].V.magnitude[-1, 0]
    assert pytest.approx(-60.0 / (1 + 0.1 * 2), rel=1e-6) == V
