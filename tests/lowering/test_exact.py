"""Which linear equations are solved together, and against what: exponentials of matrices, by SciPy."""

import numpy as np
import pytest
from quantities import ms, mV, nS, pA
from scipy.linalg import expm

import numbadyn as nd
from numbadyn.ir.propagation import exponential

DT = 0.5


@pytest.mark.parametrize("scale", [0.01, 1.0, 8.0])
def test_an_entry_of_an_exponential_is_that_of_scipy(scale):
    matrices = np.random.default_rng(0).normal(size=(3, 3, 7)) * scale
    entries = {(row, column): matrices[row, column] for row in range(3) for column in range(3)}
    for place in ((0, 1), (2, 2)):
        truth = [expm(matrices[:, :, k])[place] for k in range(7)]
        biggest = [np.abs(expm(matrices[:, :, k])).max() for k in range(7)]
        assert np.all(np.abs(exponential(entries, 3, place) - truth) < 1e-12 * np.array(biggest))


@pytest.mark.parametrize(("a", "k"), [(-0.1, -0.1), (-0.1, -0.1 - 1e-12), (-2.0, 0.0), (-1000.0, -0.01), (0.3, -0.2)])
def test_two_rates_may_be_near_each_other(a, k):
    found = exponential({(0, 0): np.array(a), (0, 1): np.array(1.0), (1, 1): np.array(k)}, 2, (0, 1))
    assert found == pytest.approx(expm(np.array([[a, 1.0], [0.0, k]]))[0, 1], rel=1e-13)


class Cell(nd.Dynamics):
    """A membrane with a current that is written in one of several ways."""

    def __init__(self, way):
        super().__init__(2)
        self.way, self.tau, self.tau_s = way, nd.Parameter([10.0, 4.0] * ms), nd.Parameter(4.0 * ms)

    def init_state(self):
        self.V, self.g, self.h = nd.State(1 * mV), nd.State(2 * mV), nd.State(3 * mV)

    def update(self):
        g, h, dt = self.g.value, self.h.value, nd.environ.get_dt()
        if self.way == "factor":
            g, h = g * np.exp(-dt / self.tau_s) + 0 * mV, 0 * mV
        elif self.way == "cascade":
            h = nd.exp_euler_step(lambda h: -h / self.tau_s, h) + 0 * mV
            g = nd.exp_euler_step(lambda g: (self.h.value - g) / self.tau_s, g) + 0 * mV
        elif self.way == "masked":
            g = np.where(g > 0.1 * mV, nd.exp_euler_step(lambda g: -g / self.tau_s, g), g)
        elif self.way == "driven":
            g = nd.exp_euler_step(lambda g: (1 * mV - g) / self.tau_s, g) + 0 * mV
        self.g.value, self.h.value = g, h
        acts = np.abs(g) if self.way == "bent" else g
        self.V.value = nd.exp_euler_step(lambda v: (acts - v) / self.tau, self.V.value)


def exact(way, steps):
    """Both potentials by the exponential of the whole matrix; the current is advanced, then acts over a whole step."""
    found = []
    for tau in (10.0, 4.0):
        chain, decay = (0.25, -0.25) if way == "cascade" else (0.25 if way == "driven" else 0.0, 0.0)
        matrix = expm(np.array([[-1 / tau, 1 / tau, 0], [0, -0.25, chain], [0, 0, decay]]) * DT)
        x = np.array([1.0, 2.0, 1.0 if way == "driven" else 3.0])
        for _step in range(steps):
            moved = matrix @ x
            x = np.array([(matrix @ [x[0], *moved[1:]])[0], *moved[1:]])
        found.append(x[0])
    return found


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_a_membrane_and_its_current_are_solved_together_however_they_are_written(target):
    for way in ("factor", "cascade", "driven") if target == "interpret" else ("cascade",):
        cell = Cell(way)
        sim = nd.Simulator(cell, dt=DT * ms, target=target)
        sim.run(20 * DT * ms)
        assert sim.get(cell, "V").magnitude == pytest.approx(exact(way, 20), rel=1e-12), way
        assert "V: real(2,) in mV, exact with " + cell.path in sim.explain()


@pytest.mark.parametrize("way", ["masked", "bent"])
def test_what_is_not_linear_by_itself_keeps_its_scheme(way):
    explained = nd.Simulator(Cell(way), dt=DT * ms, target="interpret").explain()
    assert "V: real(2,) in mV, exact for what is held over a step" in explained


def test_conductances_and_what_is_not_averaged_keep_their_scheme():
    net = nd.DynamicsGroup()
    net.source, net.cells, net.others = nd.SpikeTrain(2, [0, 1], [1, 2] * ms), nd.LIF(2), nd.LIF(2)
    expon = nd.Expon.desc
    comm = nd.OneToOne(2, 2, weight=1 * nS)
    net.a = nd.AlignPostProj(net.source, comm=comm, syn=expon(tau=5 * ms), out=nd.COBA.desc(0 * mV), post=net.cells)
    comm = nd.OneToOne(2, 2, weight=1 * pA)
    held = expon(tau=5 * ms, averaged=False)
    net.b = nd.AlignPostProj(net.source, comm=comm, syn=held, out=nd.CUBA.desc(), post=net.others)
    explained = nd.Simulator(net, dt=DT * ms, target="interpret").explain()
    path = net.a.syn.path
    assert f"cells.V: real(2,) in mV, exponential Euler, second order; mean over a step of {path}.g" in explained
    assert "others.V: real(2,) in mV, exact for what is held over a step" in explained


class Coupled(nd.Dynamics):
    """Two variables that act on each other, advanced together or one after the other, perhaps held for a while."""

    def __init__(self, way):
        super().__init__(2)
        self.way, self.tau = way, nd.Parameter([10.0, 4.0] * ms)

    def init_state(self):
        self.V, self.w, self.left = nd.State(5 * mV), nd.State(1 * mV), nd.State(0)

    def update(self):
        def pull(V, w):
            return (2 * mV - V - w) / self.tau

        def follow(V, w):
            return (0.5 * V - w) / (20 * ms)

        V, w = self.V.value, self.w.value
        if self.way == "together":
            self.V.value, self.w.value = nd.exp_euler_step(lambda V, w: (pull(V, w), follow(V, w)), (V, w))
            return
        free = self.left.value == 0
        new = nd.exp_euler_step(lambda w: follow(V, w), w)
        after = np.where(free, nd.exp_euler_step(lambda V: pull(V, new), V), V)
        spike = after < 2 * mV
        self.V.value, self.w.value = np.where(spike, 5 * mV, after), np.where(spike, new + 0.3 * mV, new)
        self.left.value = np.where(spike, 3, np.maximum(self.left.value - 1, 0))


def coupled(way, steps):
    """The same by exponentials of matrices; the third column is the constant drive."""
    found = []
    for tau in (10.0, 4.0):
        free = expm(np.array([[-1 / tau, -1 / tau, 2 / tau], [0.025, -0.05, 0], [0, 0, 0]]) * DT)
        held = expm(np.array([[0, 0, 0], [0.025, -0.05, 0], [0, 0, 0]]) * DT)
        x, left = np.array([5.0, 1.0, 1.0]), 0
        for _step in range(steps):
            x = (held if left else free) @ x
            left = max(left - 1, 0)
            if x[0] < 2 and way == "apart":
                x, left = x + np.array([5.0 - x[0], 0.3, 0.0]), 3
        found.append(x[:2])
    return np.array(found).T


@pytest.mark.parametrize("way", ["together", "apart"])
def test_what_acts_on_each_other_is_solved_together(way):
    cell = Coupled(way)
    sim = nd.Simulator(cell, dt=DT * ms, target="interpret")
    sim.run(40 * DT * ms)
    for name, truth in zip("Vw", coupled(way, 40), strict=True):
        assert sim.get(cell, name).magnitude == pytest.approx(truth, rel=1e-11), name
    assert f"V: real(2,) in mV, exact with {cell.path}.w" in sim.explain()


def test_a_neuron_that_adapts_is_exact_and_one_with_an_upswing_says_what_it_is():
    net = nd.DynamicsGroup()
    net.A, net.B = nd.LIF(2, adaptation=nd.Adaptation()), nd.AdEx(2)
    explained = nd.Simulator(net, dt=DT * ms, target="interpret").explain()
    path = net.A.path
    assert f"{path}.V: real(2,) in mV, exact with {path}.adaptation.w" in explained
    assert f"{path}.adaptation.w: real(2,) in pA, exact with {path}.V" in explained
    assert f"{net.B.path}.adaptation.w: real(2,) in pA, exact beside the potential, half a step away" in explained


@pytest.mark.parametrize(("noise", "held"), [("normal", True), ("poisson", False)])
def test_what_noise_drives_all_the_time_is_held_and_what_decays_between_events_is_not(noise, held):
    """To follow the decay of an Ornstein-Uhlenbeck process alone would lose half of the noise of each step."""

    class Noisy(nd.LIF):
        def init_state(self):
            super().init_state()
            self.noise = nd.State(0 * pA)

        def update(self):
            kick = nd.random.normal(size=1) if noise == "normal" else nd.random.poisson(0.1, size=1)
            self.noise.value = self.noise.value * np.exp(-nd.environ.get_dt() / (5 * ms)) + 20 * pA * kick
            return super().update(self.noise.value)

    words = nd.Simulator(Noisy(1), dt=DT * ms, target="interpret").explain()
    assert ("Noisy.V: real(1,) in mV, exact with Noisy.noise" in words) is not held
