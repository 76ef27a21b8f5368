"""Generalised integrate-and-fire neurons against their equations in SciPy, and against chances in closed form."""

import numpy as np
import pytest
from quantities import Hz, kHz, ms, mV, nS, pA
from scipy.integrate import quad, solve_ivp

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, ShapeError
from tests.interpreted import Interpreted
from tests.zoo.test_integrate_and_fire import Driven


def mihalas_niebur(a, A_1, A_2, current, duration):
    """Times of the spikes; what an event has found ends a piece, and the reset begins the next one."""

    def slopes(_t, x):
        V, I_1, I_2, theta = x
        return [
            (-(V + 70) + 0.1 * (current + I_1 + I_2)) / 20,
            -I_1 / 5,
            -I_2 / 50,
            a * (V + 70) - 0.01 * (theta + 50),
        ]

    def crossing(_t, x):
        return x[0] - x[3]

    crossing.terminal, crossing.direction = True, 1
    t, x, times = 0.0, np.array([-70.0, 0.0, 0.0, -50.0]), []
    while t < duration:
        piece = solve_ivp(slopes, (t, duration), x, events=crossing, rtol=1e-9, atol=1e-9, max_step=5.0)
        t, x = piece.t[-1], piece.y[:, -1]
        if piece.status == 1:
            times.append(t)
            x = np.array([-70.0, A_1, x[2] + A_2, max(x[3], -60.0)])
    return np.array(times)


#: a (kHz), A_1 and A_2 (pA), current (pA).
PATTERNS = {
    "tonic": (0.0, 0.0, 0.0, 300.0),
    "phasic": (0.005, 0.0, 0.0, 300.0),
    "adapting": (0.005, 0.0, 0.0, 400.0),
    "bursting": (0.005, 2000.0, -120.0, 400.0),
}


def test_patterns_of_mihalas_and_niebur():
    """Each spike on the grid is late by half a step on average, and so are those that follow from it."""
    a, A_1, A_2, current = np.array(list(PATTERNS.values())).T
    cells = nd.GIF(4, a=a * kHz, A_1=A_1 * pA, A_2=A_2 * pA)
    (spikes,) = Interpreted(Driven(cells, current), dt=0.1).record(1500, cells)
    for name, column in zip(PATTERNS, spikes.T, strict=True):
        exact, found = mihalas_niebur(*PATTERNS[name], 150.0), 0.1 * (1 + np.flatnonzero(column))
        assert len(exact) >= 3, name
        assert abs(len(found) - len(exact)) <= 1, name
        both = min(len(found), len(exact), 12)
        assert (np.abs(found[:both] - exact[:both]) <= 0.2 * (1 + np.arange(both))).all(), name


def test_inhibition_makes_a_neuron_fire_whose_threshold_follows_fast():
    """Hyperpolarisation-induced spiking: at rest the threshold would stand below the potential."""
    cells = nd.GIF(2, a=30 * Hz, V_th_reset=-60 * mV)
    (spikes,) = Interpreted(Driven(cells, np.array([0.0, -200.0])), dt=0.5).record(800, cells)
    assert not spikes[:, 0].any()
    assert spikes[:, 1].any()


def test_several_currents_and_several_rises_follow_the_spikes():
    """Of two forced spikes, 20 ms apart: a current that begins anew and one that adds up, a threshold of two parts."""
    cells = nd.IF(
        1,
        V_th=-50 * mV,
        R=1e-9 / nS,
        adaptation=nd.SpikeCurrents(tau=[5, 50] * ms, jump=[40, -10] * pA, keep=[0.0, 1.0]),
        threshold=nd.MovingEscape(tau=[5, 40] * ms, jump=[8, 2] * mV, rate=1e-9 * Hz),
    )
    net = nd.DynamicsGroup()
    net.cells = cells
    net.source = nd.SpikeTrain(1, [0, 0], [10, 30] * ms)
    net.kick = nd.DeltaProj(net.source, comm=nd.OneToOne(1, 1, weight=1000 * mV), post=cells)
    parts = cells.adaptation, cells.threshold
    run = Interpreted(net)
    w0, w1, theta0, theta1, spikes = (
        row[:, 0] for row in run.record(500, parts[0].w0, parts[0].w1, parts[1].theta0, parts[1].theta1, cells)
    )
    fired = 0.1 * (1 + np.flatnonzero(spikes))
    np.testing.assert_allclose(fired, [10.1, 30.1])
    t = 0.1 * np.arange(1, 501)
    since = [np.where(t >= spike - 1e-9, t - spike, np.inf) for spike in fired]

    def sum_of(jump, tau):
        return jump * sum(np.exp(-each / tau) for each in since)

    np.testing.assert_allclose(w0, 40 * np.exp(-np.minimum(*since) / 5), atol=1e-9)
    for found, jump, tau in ((w1, -10, 50), (theta0, 8, 5), (theta1, 2, 40)):
        np.testing.assert_allclose(found, sum_of(jump, tau), atol=1e-9)


@pytest.mark.statistical
def test_the_rate_of_a_stochastic_neuron_is_that_of_its_renewals():
    """At a constant potential a spike lifts the threshold alone: hazard, survival and mean interval in closed form."""
    cells = nd.StochasticGIF(
        1500,
        V_rest=-55 * mV,
        V_reset=-55 * mV,
        V_th=-50 * mV,
        tau_ref=2 * ms,
        rate=500 * Hz,
        width=2 * mV,
        tau_sfa=5 * ms,
        q_sfa=3 * mV,
    )
    # the threshold does not begin anew, but all but e^-6 of it is gone after the shortest of usual intervals
    (spikes,) = Interpreted(Driven(cells, np.array(0.0)), dt=0.25, seed=2).record(1200, cells)

    def hazard(t):
        return 0.5 * np.exp((-5.0 - 3.0 * np.exp(-(t + 2.0) / 5.0)) / 2.0)

    grid = np.linspace(0, 300, 60_001)
    survival = np.exp(-np.concatenate([[0.0], np.cumsum(0.5 * (hazard(grid)[1:] + hazard(grid)[:-1]) * 0.005)]))
    mean = 2.0 + quad(lambda t: np.interp(t, grid, survival), 0, 300, limit=400)[0]
    rate = spikes[400:].sum() / 1500 / 200.0
    assert rate == pytest.approx(1.0 / mean, rel=0.04)


def test_mistakes():
    with pytest.raises(ShapeError, match="SpikeCurrents has 2 time constants, but jump has 3 values"):
        nd.SpikeCurrents(tau=[5, 50] * ms, jump=[1, 2, 3] * pA)
    with pytest.raises(InvalidParameterError, match=r"threshold\.reset is -70\.0 mV, but V_reset is -70\.0 mV"):
        nd.Simulator(nd.GIF(1, V_th_reset=-70 * mV), dt=0.1 * ms, target="interpret").run(1 * ms)
