"""Receptors against their equations in SciPy, with spikes at given times."""

import itertools

import numpy as np
import pytest
from quantities import mM, ms, mV, nS, pA, pF
from scipy.integrate import quad, solve_ivp

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, UnsupportedFeatureError
from tests.interpreted import Interpreted, assert_eager_agrees

SPIKES = np.array([2.0, 2.5, 6.0])  # the second one in the pulse of the first


class Fed(nd.DynamicsGroup):
    """A receptor behind a train of spikes; its state at the end of step m belongs to the spikes' own time."""

    def __init__(self, synapse):
        super().__init__()
        self.train = nd.SpikeTrain(1, np.zeros(3, dtype=int), SPIKES * ms)
        self.synapse = synapse

    def update(self):
        self.synapse(self.train())


def states_of(synapse, *states, steps=300, dt=0.1):
    net = Fed(synapse)
    run = Interpreted(net, dt=dt)
    rows = run.record(steps, *(getattr(net.synapse, state) for state in states))
    return [row[:, 0] for row in rows]


def pulse(t, duration=1.0):
    return float(any(spike <= t < spike + duration for spike in SPIKES))


def exact(slopes, first, dt=0.1, steps=300, jump=None):
    """Integrated from knot to knot, so that no step of SciPy crosses a jump."""
    t = dt * np.arange(1, steps + 1)
    knots = np.unique(np.concatenate([[0.0], SPIKES, SPIKES + 1.0, SPIKES + 0.3, [t[-1] + dt]]))
    values, x = np.empty((len(first), steps)), np.array(first, float)
    for begin, end in itertools.pairwise(knots):
        if jump is not None and begin in SPIKES:
            x = x + jump
        middle = 0.5 * (begin + end)
        within = (t > begin - 1e-9) & (t < end - 1e-9)
        found = solve_ivp(
            lambda s, y, m=middle: slopes(m, y), (begin, end), x, rtol=1e-10, atol=1e-13, dense_output=True
        )
        if within.any():
            values[:, within] = found.sol(t[within])
        x = found.y[:, -1]
    return values


@pytest.mark.parametrize(
    ("make", "alpha", "beta"),
    [(nd.AMPA, 1.1, 0.19), (nd.GABAa, 5.0, 0.18), (lambda n: nd.KineticSynapse(n, 2 / (ms * mM), 1 / ms), 2.0, 1.0)],
)
def test_receptors_of_two_states(make, alpha, beta):
    (r,) = states_of(make(1), "r")
    (expected,) = exact(lambda t, r: alpha * pulse(t) * (1 - r) - beta * r, [0.0])
    np.testing.assert_allclose(r, expected, atol=1e-8)


def test_what_acts_is_the_mean_over_the_step_that_begins():
    net = Fed(nd.AMPA(1))
    (output,) = Interpreted(net, dt=0.5).record(20, net.synapse)

    def r(t):
        peak = 1.1 / 1.29 * (1 - np.exp(-1.29 * 1.5))
        return 1.1 / 1.29 * (1 - np.exp(-1.29 * (t - 2))) if t < 3.5 else peak * np.exp(-0.19 * (t - 3.5))

    for step in (3, 4, 5, 6, 7, 8):  # step m ends at (m + 1) dt, where the step begins that this one acts in
        begin = 0.5 * (step + 1)
        mean = quad(r, begin, begin + 0.5)[0] / 0.5
        assert output[step, 0] == pytest.approx(mean, rel=1e-9), step


def test_gaba_b_is_exact_and_needs_volleys():
    r, G = states_of(nd.GABAb(1), "r", "G")
    expected = exact(
        lambda t, x: [0.045 * pulse(t, 0.3) * (1 - x[0]) - 0.0012 * x[0], 0.18 * x[0] - 0.034 * x[1]], [0, 0]
    )
    np.testing.assert_allclose([r, G], expected, atol=1e-8)
    net = Fed(nd.GABAb(1, K_d=1e-6))
    (open_part,) = Interpreted(net).record(300, net.synapse)
    np.testing.assert_allclose(open_part[:, 0], G**4 / (G**4 + 1e-6), rtol=1e-9)


def test_nmda_is_of_second_order_and_saturates():
    errors = []
    for dt in (0.5, 0.25):
        steps = round(30 / dt)
        x, s = states_of(nd.NMDA(1, tau_decay=20 * ms), "x", "s", steps=steps, dt=dt)
        want = exact(
            lambda t, y: [-y[0] / 2, -y[1] / 20 + 0.5 * y[0] * (1 - y[1])], [0, 0], dt, steps, np.array([1, 0])
        )
        np.testing.assert_allclose(x[steps // 2 :], want[0][steps // 2 :], atol=1e-9)
        errors.append(np.abs(s - want[1])[steps // 2 :].max())
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)
    assert errors[1] < 2e-4


def test_graded_release_follows_the_potential():
    class Held(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.V = nd.Parameter([-60.0, 2.0, 30.0] * mV, shape=(3,))
            self.synapse = nd.GradedRelease(3)

        def update(self):
            self.synapse(self.V.value)

    net = Held()
    (r,) = Interpreted(net).record(100, net.synapse.r)
    opening = 1.1 * 2.84 / (1 + np.exp((2 - np.array([-60, 2, 30])) / 5))
    t = 0.1 * np.arange(1, 101)[:, None]
    np.testing.assert_allclose(r, opening / (opening + 0.19) * (1 - np.exp(-(opening + 0.19) * t)), rtol=1e-9)


def test_in_a_network_with_the_block_by_magnesium():
    """A charge on an integrator is weight times what is open times the force that drives, for each receptor."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.train = nd.SpikeTrain(1, [0, 0, 0], SPIKES * ms)
            self.cell = nd.PointNeuron(1, C=1e9 * pF, V_initializer=-60 * mV, leak=nd.LeakChannel(g=0 * nS, E=-60 * mV))
            comm = nd.OneToOne(1, 1, weight=2 * nS)
            self.nmda = nd.AlignPreProj(
                self.train, syn=nd.NMDA.desc(), comm=comm, out=nd.MgBlock.desc(), post=self.cell
            )
            self.graded = nd.AlignPreProj(
                self.cell.prefetch("V"),
                syn=nd.GradedRelease.desc(V_half=-60 * mV),
                comm=nd.OneToOne(1, 1, weight=3 * nS),
                out=nd.COBA.desc(E=-80 * mV),
                post=self.cell,
            )

    net = Net()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(30 * ms)
    s = exact(lambda t, y: [-y[0] / 2, -y[1] / 100 + 0.5 * y[0] * (1 - y[1])], [0, 0], jump=np.array([1, 0]))[1]
    opening = 1.1 * 1.42
    graded = opening / (opening + 0.19) * (30 - 1 / (opening + 0.19))
    charge = 2 * 60 / (1 + 1.2 / 3.57 * np.exp(0.062 * 60)) * s.sum() * 0.1 - 3 * 20 * graded
    moved = 1e9 * (float(sim.get(net.cell, "V")[0]) + 60.0)
    assert moved == pytest.approx(charge, rel=2e-3)


@pytest.mark.parametrize("make", [nd.AMPA, nd.GABAb, nd.NMDA])
def test_eager_calls_agree(make):
    class Both(Fed):
        def update(self):
            self.synapse(self.train())
            return self.train.get_spike()

    assert_eager_agrees(lambda: Both(make(1)), 40)


def test_mistakes():
    with pytest.raises(InvalidParameterError, match=r"tau_decay is 2\.0 ms, but tau_rise is 2\.0 ms"):
        nd.Simulator(Fed(nd.NMDA(1, tau_decay=2 * ms)), dt=0.1 * ms, target="interpret").run(1 * ms)
    with pytest.raises(InvalidParameterError, match=r"n of GABAb is 2\.5"):
        nd.GABAb(1, n=2.5)
    E, comm = nd.LIF(1), nd.OneToOne(1, 1, weight=1 * pA)
    with pytest.raises(UnsupportedFeatureError, match="AMPA cannot stand on the postsynaptic side"):
        nd.AlignPostProj(E, comm=comm, syn=nd.AMPA.desc(), out=nd.CUBA.desc(), post=E)
