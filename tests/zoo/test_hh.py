"""HH against the equations of the paper, written out plainly."""

import numpy as np
from quantities import ms, mV, pA

import numbadyn as nd
from tests.interpreted import Interpreted, assert_eager_agrees


class Driven(nd.DynamicsGroup):
    def __init__(self, size, current, **options):
        super().__init__()
        self.current = nd.Parameter(current)
        self.cells = nd.HH(size, **options)

    def update(self):
        return self.cells(self.current)


def rates(V):
    u = V + 63.0
    alpha = [
        0.32 * (13 - u) / np.expm1((13 - u) / 4),
        0.128 * np.exp((17 - u) / 18),
        0.032 * (15 - u) / np.expm1((15 - u) / 5),
    ]
    beta = [0.28 * (u - 40) / np.expm1((u - 40) / 5), 4 / (1 + np.exp((40 - u) / 5)), 0.5 * np.exp((10 - u) / 40)]
    return np.array(alpha), np.array(beta)


def plain(current, steps, dt):
    """Exponential Euler of the gates, then of the potential with the new gates."""
    V = np.full(current.shape, -65.0)
    gates = np.array([np.zeros_like(V), np.ones_like(V), np.zeros_like(V)])
    trace = []
    for _ in range(steps):
        alpha, beta = rates(V)
        gates = alpha / (alpha + beta) + (gates - alpha / (alpha + beta)) * np.exp(-dt * (alpha + beta))
        m, h, n = gates
        g = [10.0, 20000.0 * m**3 * h, 6000.0 * n**4]
        slope = (g[0] * (-60 - V) + g[1] * (50 - V) + g[2] * (-90 - V) + current) / 200.0
        linear = -sum(g) / 200.0
        V = V + np.expm1(dt * linear) / linear * slope
        trace.append(V)
    return np.array(trace)


def test_voltage_follows_the_equations():
    current = np.array([-100.0, 150.0, 500.0])
    options = {"V_initializer": -65 * mV, "m_initializer": 0.0, "h_initializer": 1.0, "n_initializer": 0.0}
    net = Driven(3, current * pA, **options)
    (V,) = Interpreted(net).record(400, net.cells.V)
    np.testing.assert_allclose(V, plain(current, 400, 0.1), rtol=1e-8)


def runge_kutta(current, stop, dt):
    """The classical method over all four variables, from rest; the potential at the end."""

    def slopes(x):
        V, gates = x[0], x[1:]
        alpha, beta = rates(V)
        m, h, n = gates
        dV = 10.0 * (-60 - V) + 20000.0 * m**3 * h * (50 - V) + 6000.0 * n**4 * (-90 - V) + current
        return np.vstack([dV / 200.0, alpha * (1 - gates) - beta * gates])

    alpha, beta = rates(np.full(current.shape, -60.0))
    x = np.vstack([np.full(current.shape, -60.0), alpha / (alpha + beta)])
    for _ in range(round(stop / dt)):
        k1 = slopes(x)
        k2 = slopes(x + dt / 2 * k1)
        k3 = slopes(x + dt / 2 * k2)
        x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + slopes(x + dt * k3))
    return x[0]


def test_second_order():
    """The potential after two spikes, on the way to the third one."""
    current, stop = np.array([500.0, 700.0]), 24.0
    exact = runge_kutta(current, stop, 0.01)
    errors = []
    for dt in (0.04, 0.02, 0.01):
        net = Driven(2, current * pA)
        sim = nd.Simulator(net, dt=dt * ms)
        sim.run(stop * ms, progress=False)
        errors.append(np.abs(np.asarray(sim.get(net.cells, "V")) - exact))
    np.testing.assert_allclose(errors[0] / errors[1], 4.0, rtol=0.25)
    np.testing.assert_allclose(errors[1] / errors[2], 4.0, rtol=0.15)


def test_a_spike_is_an_upward_crossing_with_dead_time():
    net = Driven(2, [100.0, 700.0] * pA)
    V, spikes = Interpreted(net).record(2000, net.cells.V, net.cells)
    before = np.vstack([np.full((1, 2), -60.0), V[:-1]])
    np.testing.assert_array_equal(spikes, (V > -20.0) & (before <= -20.0))
    assert (spikes.sum(axis=0) > 3).all()


def test_crossings_in_the_dead_time_are_not_counted():
    net = Driven(1, [700.0] * pA, tau_ref=30 * ms)
    (spikes,) = Interpreted(net).record(3000, net.cells)
    assert np.diff(np.flatnonzero(spikes[:, 0])).min() > 300


def test_rates_are_right_where_both_sides_of_a_quotient_vanish():
    cells = nd.HH(3)
    singular = np.array([-63.0 + 13.0, -63.0 + 40.0, -63.0 + 15.0])
    alpha, beta = rates(singular + 1e-7)
    got = cells._gates(singular * mV)
    np.testing.assert_allclose([gate[0] for gate in got], alpha / (alpha + beta), rtol=1e-6)
    np.testing.assert_allclose([gate[1] for gate in got], alpha + beta, rtol=1e-6)


def test_gates_start_at_rest():
    cells = nd.init_all_states(nd.HH(1))
    alpha, beta = rates(np.array([-60.0]))
    got = [state.value for state in (cells.m, cells.h, cells.n)]
    np.testing.assert_allclose(got, alpha / (alpha + beta), rtol=1e-13)


def test_eager_calls_agree():
    assert_eager_agrees(lambda: Driven(2, [0.0, 600.0] * pA), 120)
