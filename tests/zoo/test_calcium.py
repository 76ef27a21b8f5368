"""Calcium, what it opens, and compartments: against closed forms and the equations of the papers in SciPy."""

from typing import ClassVar

import numpy as np
import pytest
from quantities import mM, ms, mV, nS, pA, pF, um
from scipy.integrate import solve_ivp

import numbadyn as nd
from numbadyn.errors import HookArgumentError, ReservedNameError
from tests.interpreted import Interpreted
from tests.zoo.test_integrate_and_fire import Driven


def test_traub_and_miles_of_channels_are_the_neuron_of_the_benchmark():
    one, other = Driven(nd.HH(2), np.array([0.0, 800.0])), Driven(nd.TraubMiles(2), np.array([0.0, 800.0]))
    (V,), (U,) = (Interpreted(net).record(200, net.cells.V) for net in (one, other))
    np.testing.assert_allclose(U, V, atol=1e-6)
    assert V[:, 1].max() > 0


def test_gates_begin_at_rest_of_the_potential_of_each_cell():
    """Where the potential is drawn, assigned, or another one in a replica."""
    cells = nd.TraubMiles(50, V_initializer=nd.init.Uniform(-80 * mV, -40 * mV), M=nd.MChannel())

    def steady(V):
        return 1.0 / (1.0 + np.exp(-(np.asarray(V) + 35.0) / 10.0))

    nd.init_all_states(cells, seed=3)
    np.testing.assert_allclose(cells.M.p.value, steady(cells.V.value), rtol=1e-12)
    sim = nd.Simulator(cells, dt=0.1 * ms, seed=4, batch=2, target="interpret")
    sim.batch["V"] = [nd.init.Uniform(-80 * mV, -40 * mV), -50 * mV]
    V, p = np.asarray(sim.get(cells, "V")), np.asarray(sim.get(cells.M, "p"))
    assert np.ptp(V[0]) > 20
    assert (V[1] == -50).all()
    np.testing.assert_allclose(p, steady(V), rtol=1e-12)


def clamped(**channels):
    """A cell whose potential does not move."""
    return nd.PointNeuron(1, C=1e15 * pF, V_initializer=-20 * mV, **channels)


class Open(nd.Channel):
    """A constant current of calcium."""

    carries_calcium = True


def test_calcium_and_what_it_opens_follow_their_closed_forms():
    """200 pA of calcium into 2000 cubic micrometers; the channel follows in SciPy what is exact here."""
    pool = nd.CalciumPool(tau=20 * ms, volume=2000 * um**3)
    cells = clamped(Ca=Open(g=2 * nS, E=80 * mV), calcium=pool, AHP=nd.AHPChannel())
    found, p = Interpreted(cells).record(500, pool.Ca, cells.AHP.p)
    rise = 200e-12 / (2 * 96485.332 * 2000e-15) * 1e3 * 1e-3  # mol/m3 are mM; a millisecond
    t = 0.1 * np.arange(1, 501)
    Ca = 2.4e-4 + 20 * rise * (1 - np.exp(-t / 20))
    np.testing.assert_allclose(found[:, 0], Ca, rtol=1e-6)

    def slope(t, p):
        opening = 48.0 * (2.4e-4 + 20 * rise * (1 - np.exp(-t / 20))) ** 2
        return opening * (1 - p) - 0.03 * p

    opening = 48.0 * 2.4e-4**2
    exact = solve_ivp(slope, (0, 50.1), [opening / (opening + 0.03)], t_eval=t, rtol=1e-9, atol=1e-12).y[0]
    np.testing.assert_allclose(p[:, 0], exact, rtol=2e-3)
    assert p.max() > 0.05


def test_with_calcium_it_is_of_second_order():
    def end(dt):
        cells = nd.TraubMiles(
            1, L=nd.LCalciumChannel(g=200 * nS), calcium=nd.CalciumPool(), AHP=nd.AHPChannel(g=4000 * nS)
        )
        (V,) = Interpreted(Driven(cells, np.array([2000.0])), dt=dt).record(round(3 / dt), cells.V)
        return V[-1, 0]

    coarse, middle, fine = (end(dt) for dt in (0.04, 0.02, 0.01))
    assert (coarse - middle) / (middle - fine) == pytest.approx(4.0, rel=0.3)


def pinsky_rinzel(_t, x, current):
    V, U, h, n, s, c, q, Ca = x
    am = 0.32 * (13.1 - V) / (np.exp((13.1 - V) / 4) - 1)
    bm = 0.28 * (V - 40.1) / (np.exp((V - 40.1) / 5) - 1)
    an, bn = 0.016 * (35.1 - V) / (np.exp((35.1 - V) / 5) - 1), 0.25 * np.exp(0.5 - 0.025 * V)
    ah, bh = 0.128 * np.exp((17 - V) / 18), 4 / (1 + np.exp((40 - V) / 5))
    a_s, bs = 1.6 / (1 + np.exp(-0.072 * (U - 65))), 0.02 * (U - 51.1) / (np.exp((U - 51.1) / 5) - 1)
    total = 2 * np.exp((6.5 - U) / 27)
    ac = np.exp((U - 10) / 11 - (U - 6.5) / 27) / 18.975 if U <= 50 else total
    m, calcium = am / (am + bm), 10 * s * s * (U - 140)
    dV = (-0.1 * V - 30 * m * m * h * (V - 120) - 15 * n * (V + 15) + 4.2 * (U - V) + 2 * current) / 3
    dU = (-0.1 * U - calcium - (0.8 * q + 15 * c * min(Ca / 250, 1)) * (U + 15) + 4.2 * (V - U)) / 3
    aq = min(2e-5 * Ca, 0.01)
    gates = [ah * (1 - h) - bh * h, an * (1 - n) - bn * n, a_s * (1 - s) - bs * s, ac * (1 - c) - (total - ac) * c]
    return [dV, dU, *gates, aq * (1 - q) - 0.001 * q, -0.13 * calcium - 0.075 * Ca]


def test_the_first_burst_of_pinsky_and_rinzel():
    """A somatic spike, the dendritic calcium spike that it sets off, and the second somatic spike of it."""
    net = nd.DynamicsGroup()
    net.cells = nd.PinskyRinzel(1)
    net.drive = nd.CurrentInput(net.cells.soma, nd.Pulse(amplitude=75 * pA))
    soma, dendrite = net.cells.soma, net.cells.dendrite
    run = Interpreted(net)
    gates = [soma.Na.h, soma.K.n, dendrite.Ca.s, dendrite.C_K.c, dendrite.AHP.q]
    first = [-4.6, -4.6, *(float(run.state(gate)[0]) for gate in gates), 0.0]
    V, U, Ca = run.record(290, soma.V, dendrite.V, dendrite.calcium.Ca)
    t = 0.1 * np.arange(1, 291)
    exact = solve_ivp(pinsky_rinzel, (0, 29), first, t_eval=t, args=(0.75,), method="LSODA", rtol=1e-8, atol=1e-8).y

    def crossings(v):
        return t[1:][(v[:-1] < -20) & (v[1:] >= -20)]

    times = crossings(V[:, 0])
    assert len(times) == 2
    np.testing.assert_allclose(times, crossings(exact[0] - 60), atol=0.31)
    assert abs(t[U.argmax()] - t[exact[1].argmax()]) <= 0.41
    assert Ca.max() == pytest.approx(exact[7].max(), rel=0.15)


def test_a_passive_cable_forgets_its_modes_at_the_rates_of_a_cable():
    """Sealed ends: a cosine over the length decays with 1 + (pi / length)^2 per time constant, the mean with 1.

    Compartments of a length h see (2 sin(pi h / 2 length) / h)^2 in the place of (pi / length)^2.
    """
    n, length = 24, 2.0  # space constants
    leak = 10.0 * length / n
    x = np.pi * (np.arange(n) + 0.5) / n
    cable = nd.PointNeuron(
        n,
        C=10 * leak * pF,
        V_initializer=(-60 + 5 + 10 * np.cos(x)) * mV,
        leak=nd.LeakChannel(g=leak * nS, E=-60 * mV),
    )
    net = nd.DynamicsGroup()
    net.cable = cable
    neighbours = (np.arange(n - 1), np.arange(1, n))
    net.axial = nd.SymmetryGapJunction(cable, "V", neighbours, weight=10.0 * n / length * nS)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.record(cable, "V")
    V = np.asarray(sim.run(6 * ms)[cable].V)
    t = 0.1 * np.arange(60)[:, None] / 10.0
    mode = (2 * n / length * np.sin(np.pi / 2 / n)) ** 2
    exact = 5 * np.exp(-t) + 10 * np.cos(x) * np.exp(-t * (1 + mode))
    np.testing.assert_allclose(mode, (np.pi / length) ** 2, rtol=2e-3)
    np.testing.assert_allclose(V + 60.0, exact, atol=2e-4)


def test_two_compartments_of_unequal_conductances_relax_as_two_linear_equations():
    a, b = (
        nd.PointNeuron(1, C=C * pF, V_initializer=V * mV, leak=nd.LeakChannel(g=10 * nS, E=-60 * mV))
        for C, V in ((100, -50), (300, -60))
    )
    net = nd.DynamicsGroup()
    net.a, net.b = a, b
    net.c = nd.AsymmetryGapJunction(a, "V", b, "V", ([0], [0]), weight=[6, 2] * nS)
    found = np.stack([v[:, 0] for v in Interpreted(net, dt=0.05).record(400, a.V, b.V)])
    matrix = np.array([[-12 / 100, 2 / 100], [6 / 300, -16 / 300]])
    rates, vectors = np.linalg.eig(matrix)
    weights = np.linalg.solve(vectors, [10.0, 0.0])
    exact = (vectors * weights) @ np.exp(rates[:, None] * 0.05 * np.arange(1, 401))
    np.testing.assert_allclose(found + 60.0, exact, atol=0.02)


def test_mistakes():
    with pytest.raises(HookArgumentError, match="has the channel 'AHP', which senses calcium, but no pool of it"):
        nd.TraubMiles(1, AHP=nd.AHPChannel())
    with pytest.raises(HookArgumentError, match="has a pool of calcium, but no channel that carries calcium into it"):
        nd.TraubMiles(1, calcium=nd.CalciumPool())
    with pytest.raises(HookArgumentError, match="has 2 pools of calcium: a, b"):
        nd.TraubMiles(1, T=nd.TCalciumChannel(), a=nd.CalciumPool(), b=nd.CalciumPool())

    class Deaf(nd.Channel):
        gates: ClassVar[dict[str, int]] = {"z": 1}
        senses_calcium = True

        def at_z(self, V):
            return nd.Gate(0.5, 1.0)

    with pytest.raises(HookArgumentError, match="has a gate 'z', but no method at_z that takes V and Ca"):
        nd.TraubMiles(1, T=nd.TCalciumChannel(), calcium=nd.CalciumPool(), z=Deaf(1 * nS, 0 * mV))
    with pytest.raises(ReservedNameError, match="is named 'pool'"):
        nd.TraubMiles(1, T=nd.TCalciumChannel(), pool=nd.CalciumPool())
    cells = nd.TraubMiles(1, T=nd.TCalciumChannel(), calcium=nd.CalciumPool(Ca_initializer=0.01 * mM))
    assert nd.init_all_states(cells).calcium.Ca.value.tolist() == [0.01]
