"""Coupled compartments and gap junctions are of second order, weak ones and strong ones, whatever models they join."""

import numpy as np
import pytest
from quantities import ms, mV, nS, pA, pF
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import numbadyn as nd


def order_of(coarse, fine):
    return np.log2(np.abs(coarse).max() / np.abs(fine).max())


def ends_at(make, dt, duration, *names):
    net = make()
    sim = nd.Simulator(net, dt=dt * ms, target="interpret")
    sim.run(duration * ms, progress=False)
    return np.concatenate([np.ravel(sim.get(getattr(net, name), "V").rescale(mV).magnitude) for name in names])


class Compartments(nd.DynamicsGroup):
    """A soma with a drive, and a dendrite of another size, each of its own class; two cells of them."""

    def __init__(self, weights):
        super().__init__()
        self.dendrite = nd.PointNeuron(2, C=50 * pF, V_initializer=-65 * mV, leak=nd.LeakChannel(5 * nS, -70 * mV))
        self.soma = nd.LIF(2, tau=10 * ms, V_th=1e9 * mV, V_initializer=-60 * mV)  # of 100 pF
        self.soma.add_current_input("drive", lambda V: [300, 900] * pA)
        pairs = np.arange(2), np.arange(2)
        self.joint = nd.AsymmetryGapJunction(self.soma, "V", self.dendrite, "V", pairs, weight=weights * nS)


@pytest.mark.parametrize("weights", [[2.0, 3.0], [40.0, 90.0]], ids=["held", "solved"])
def test_two_compartments_with_a_closed_form(weights):
    down, up = weights
    A = np.array([[-0.1 - up / 100, up / 100], [down / 50, -0.1 - down / 50]])
    found = {dt: ends_at(lambda: Compartments(np.array(weights)), dt, 8, "soma", "dendrite") for dt in (0.8, 0.4)}
    truth = []
    for drive in (300, 900):
        rest = -np.linalg.solve(A, [-6 + drive / 100, -7])
        truth.append(rest + expm(8 * A) @ ([-60, -65] - rest))
    errors = [found[dt] - np.ravel(np.array(truth).T) for dt in (0.8, 0.4)]
    assert np.abs(errors[1]).max() < 0.02
    assert order_of(*errors) > 1.8


class Cubic(nd.Dynamics):
    """FitzHugh and Nagumo's equations in mV and ms, written by hand, with any step function."""

    def __init__(self, size, step):
        super().__init__(size)
        self.step = step

    def init_state(self):
        self.V = nd.State(np.linspace(-20, 20, self.num) * mV)
        self.w = nd.State(np.zeros(self.num))

    def update(self):
        def slopes(V, w):
            x = V / (10 * mV)
            current = self.sum_current_inputs(0 * nS * mV, V)
            return (x - x * x * x / 3 - w) * (10 * mV) / ms + current / (20 * pF), 0.3 * (x + 0.7 - 0.8 * w) / ms

        self.V.value, self.w.value = self.step(slopes, (self.V.value, self.w.value))


@pytest.mark.parametrize("weight", [4.0, 400.0], ids=["weak", "strong"])
@pytest.mark.parametrize("step", [nd.rk2_step, nd.rk4_step])
def test_a_chain_of_compartments_that_a_user_has_written(step, weight):
    n = 5

    class Chain(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.cells = Cubic(n, step)
            self.axial = nd.SymmetryGapJunction(self.cells, "V", (range(n - 1), range(1, n)), weight=weight * nS)

    def slope(_t, y):
        x, w = y[:n] / 10, y[n:]
        flow = np.diff(y[:n]) * weight / 20
        return np.concatenate([10 * (x - x**3 / 3 - w) + np.r_[flow, 0] - np.r_[0, flow], 0.3 * (x + 0.7 - 0.8 * w)])

    start = np.concatenate([np.linspace(-20, 20, n), np.zeros(n)])
    truth = solve_ivp(slope, (0, 2), start, rtol=1e-10, atol=1e-10).y[:n, -1]
    errors = [ends_at(Chain, dt, 2, "cells") - truth for dt in (0.04, 0.02)]
    assert order_of(*errors) > 1.8
    assert np.abs(errors[1]).max() < 0.02


class Bursting(nd.DynamicsGroup):
    def __init__(self, g_c):
        super().__init__()
        self.cells = nd.PinskyRinzel(2, g_c=g_c * nS, V_initializer=[-64.6, -58] * mV)
        self.soma, self.dendrite = self.cells.soma, self.cells.dendrite
        self.soma.add_current_input("drive", lambda V: [75, 200] * pA)


def test_potentials_of_pinsky_and_rinzels_cell():
    found = [ends_at(lambda: Bursting(210.0), dt, 0.6, "soma", "dendrite") for dt in (0.05, 0.025, 0.0125)]
    assert order_of(found[1] - found[0], found[2] - found[1]) > 1.8


@pytest.mark.exhaustive
def test_bursts_of_pinsky_and_rinzels_cell():
    def times(dt):
        net = Bursting(210.0)
        sim = nd.Simulator(net, dt=dt * ms)
        sim.record(net.soma, spikes=True)
        return [train.magnitude for train in sim.run(110 * ms, progress=False)[net.soma].spikes.trains()]

    truth = times(0.003)
    for dt, most in ((0.025, 0.0005), (0.1, 0.01)):
        for own, other in zip(times(dt), truth, strict=True):
            np.testing.assert_allclose(own, other, rtol=most, atol=dt)


def test_a_spike_reaches_neighbours_as_the_spike_that_it_is():
    """The upswing that ends at the peak, and not what the last step before the reset makes of it."""

    class Two(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.cells = nd.AdEx(2)
            self.cells.add_current_input("drive", lambda V: [1500, 0] * pA)
            self.gap = nd.SymmetryGapJunction(self.cells, "V", ([0], [1]), weight=10 * nS)

    def highest(dt):
        net = Two()
        sim = nd.Simulator(net, dt=dt * ms, target="interpret")
        sim.record(net.cells[1], "V")
        sim.record(net.cells, spikes=True)
        result = sim.run(12 * ms, progress=False)
        assert result[net.cells].spikes.counts.tolist() == [1, 0]
        return float(result[net.cells[1]].V.max())

    assert highest(0.1) == pytest.approx(highest(0.01), abs=0.2)
