"""Gap junctions of any strength follow the solution of the coupled equations; what cannot is refused beforehand."""

import copy

import numpy as np
import pytest
from quantities import ms, mV, nS, pF

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, UnstableCouplingError
from numbadyn.projections import coupled
from tests.features.both import assert_targets_agree
from tests.interpreted import assert_eager_agrees

RNG = np.random.default_rng(7)


def ring(n):
    return np.arange(n), (np.arange(n) + 1) % n


SHAPES = {
    "pair": (2, ([0], [1])),
    "chain": (12, (np.arange(11), np.arange(1, 12))),
    "ring": (9, ring(9)),
    "star": (8, (np.zeros(7, int), np.arange(1, 8))),
    "all to all": (10, np.triu_indices(10, 1)),
    "two pieces, one alone": (7, ([0, 1, 4, 5], [1, 2, 5, 6])),
    "junctions twice and onto itself": (3, ([0, 0, 1, 2], [1, 1, 2, 2])),
    "random": (11, (RNG.integers(0, 11, 25), RNG.integers(0, 11, 25))),
}


class Cells(nd.DynamicsGroup):
    """Leaky cells of different capacitances without a threshold, coupled by several projections."""

    def __init__(self, n, couplings, tau=20.0, model=nd.LIF, **options):
        super().__init__()
        self.cells = model(n, tau=tau * ms, V_th=1e9 * mV, V_initializer=np.linspace(-70, -50, n) * mV, **options)
        self.gaps = [nd.SymmetryGapJunction(self.cells, "V", pairs, weight=g * nS) for pairs, g in couplings]


def solution(n, couplings, tau, t):
    """V(t) of tau dV/dt = V_rest - V + R I, by the eigenvectors of the matrix; R = 0.1 GOhm, V_rest = -60 mV."""
    matrix = np.diag(np.full(n, -1.0) / tau)
    per_current = np.broadcast_to(0.1 / tau, n)
    for (first, second), g in couplings:
        for i, j, w in zip(first, second, np.broadcast_to(g, len(first)), strict=True):
            for a, b in ((i, j), (j, i)):
                matrix[a, b] += w * per_current[a]
                matrix[a, a] -= w * per_current[a]
    values, vectors = np.linalg.eig(matrix)
    start = np.linalg.solve(vectors, np.linspace(-70, -50, n) + 60.0)
    return np.array([(vectors @ (np.exp(values * at) * start)).real for at in np.atleast_1d(t)]) - 60.0


def followed(net, dt, t, target="interpret"):
    sim = nd.Simulator(net, dt=dt * ms, target=target)
    sim.record(net.cells, "V")
    recording = sim.run(t * ms, progress=False)[net.cells]
    return np.asarray(recording.t("V")), np.asarray(recording.V)


@pytest.mark.parametrize("strength", [1.0, 40.0, 3e3, 1e6, 1e12])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_every_moment_is_that_of_the_closed_form(shape, strength):
    n, pairs = SHAPES[shape]
    tau = np.linspace(10.0, 40.0, n)
    g = strength * np.random.default_rng(1).uniform(0.2, 1.0, len(pairs[0]))
    t, V = followed(Cells(n, [(pairs, g)], tau), 0.1, 15.0)
    np.testing.assert_allclose(V, solution(n, [(pairs, g)], tau, t), atol=0.1)
    assert (np.diff(np.ptp(V, axis=1)) < 0.05).all()  # nothing overshoots


@pytest.mark.parametrize("dt", [0.02, 0.1, 1.0, 5.0])
def test_the_time_step_does_not_matter(dt):
    n, pairs = SHAPES["chain"]
    t, V = followed(Cells(n, [(pairs, 500.0)], 1e4, R=50.0 / nS), dt, 50.0)  # C = 200 pF, hardly a leak
    np.testing.assert_allclose(V, solution(n, [(pairs, 500.0 * 500.0)], 1e4, t), atol=0.05)


def test_projections_on_the_same_cells_are_solved_together():
    n, pairs = SHAPES["chain"]
    couplings = [(pairs, 2000.0), (pairs, 1000.0), ((np.array([0]), np.array([n - 1])), 1e5)]
    t, V = followed(Cells(n, couplings, np.full(n, 20.0)), 0.1, 10.0)
    np.testing.assert_allclose(V, solution(n, couplings, np.full(n, 20.0), t), atol=0.1)


class Bare(nd.Dynamics):
    """A capacitor of its own, advanced by hand or by a step function, and held now and then."""

    def __init__(self, size, first, C, way):
        super().__init__(size)
        self.first, self.way = first, way
        self.C = nd.Parameter(C)

    def init_state(self):
        self.V = nd.State(self.first)
        self.kicked = nd.State(False)

    def update(self):
        current, dt = self.sum_current_inputs(0 * mV * nS), nd.environ.get_dt()
        if self.way == "hand":
            new = self.V + current * dt / self.C
        else:
            new = getattr(nd, f"{self.way}_step")(lambda V: current / self.C, self.V.value)
        self.V.value = np.where(new > 1e6 * mV, 0 * mV, new)


class TwoPopulations(nd.DynamicsGroup):
    def __init__(self, way, weight=1e4 * nS, asymmetric=False):
        super().__init__()
        self.B = Bare((2, 2), [[-65, -55], [-45, -40]] * mV, 50.0 * pF, way)
        self.A = Bare(3, [-70, -60, -50] * mV, [20.0, 30.0, 70.0] * pF, way)
        pairs = ([0, 1, 2, 2], [0, 1, 2, 3])
        if asymmetric:
            self.gap = nd.AsymmetryGapJunction(self.A, "V", self.B, "V", pairs, weight)
        else:
            self.gap = nd.SymmetryGapJunction((self.A, self.B), "V", pairs, weight)


@pytest.mark.parametrize("way", ["hand", "euler", "rk2", "rk4", "exp_euler"])
def test_any_integrator_keeps_the_charge_and_shares_the_mean(way):
    net = TwoPopulations(way)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(5 * ms, progress=False)
    A, B = np.asarray(sim.get(net.A, "V")), np.asarray(sim.get(net.B, "V")).ravel()
    first = (20 * -70 + 50 * -65) / 70, (30 * -60 + 50 * -55) / 80, (70 * -50 + 50 * -45 + 50 * -40) / 170
    np.testing.assert_allclose(A, first, atol=1e-9)
    np.testing.assert_allclose(B, [*first, first[2]], atol=1e-9)


def test_rectifying_junctions_pull_one_side_only():
    net = TwoPopulations("euler", [0.0, 1e5] * nS, asymmetric=True)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(5 * ms, progress=False)
    np.testing.assert_allclose(np.asarray(sim.get(net.B, "V")).ravel(), [-65, -55, -45, -40])
    np.testing.assert_allclose(np.asarray(sim.get(net.A, "V")), [-65, -55, -42.5], atol=1e-9)


def test_all_targets_have_the_same_bits_when_coupling_is_strong():
    class Net(Cells):
        def __init__(self):
            n, pairs = SHAPES["random"]
            super().__init__(n, [(pairs, 700.0)], np.linspace(10, 20, n))

    assert_targets_agree(Net, 0.1 * ms, 3 * ms, may_be_silent=["Net.cells"])


def test_eager_calls_do_the_same():
    n, pairs = SHAPES["random"]

    class Net(Cells):
        def __init__(self):
            super().__init__(n, [(pairs, 700.0), (ring(n), 5e4)], np.linspace(10, 20, n))

    class WithOthers(Net):
        """Other inputs, bound before and after the gap junctions are, and one that is held."""

        def __init__(self):
            super().__init__()
            self.source = nd.SpikeTrain(n, [0, 3, 3], [0.2, 0.4, 0.9] * ms)
            comm = nd.AllToAll(n, n, weight=2 * nS)
            for name in ("a_first", "z_last"):
                out = nd.CUBA.desc(scale=3 * mV)
                setattr(
                    self,
                    name,
                    nd.CurrentProj(
                        self.cells.prefetch("V"), comm=nd.OneToOne(n, n, 0.2 * nS), out=nd.CUBA.desc(), post=self.cells
                    ),
                )
                setattr(
                    self,
                    f"{name}_too",
                    nd.AlignPreProj(self.source, syn=nd.Expon.desc(), comm=comm, out=out, post=self.cells),
                )
            self.cells.add_current_input("drive", lambda V: 20 * nS * mV)

    assert_eager_agrees(Net, 20)
    assert_eager_agrees(WithOthers, 20)
    assert_eager_agrees(lambda: TwoPopulations("exp_euler"), 10)


def test_copies_and_two_simulators_of_one_network_are_apart():
    net = TwoPopulations("exp_euler")
    first, _fine = (nd.Simulator(net, dt=dt * ms, target="interpret") for dt in (0.1, 0.0001))
    with nd.environ.context(dt=0.1 * ms, i=0):
        nd.init_all_states(net)()
    other = copy.deepcopy(net)
    second = nd.Simulator(other, dt=0.1 * ms, target="interpret")
    nd.init_all_states(other)
    for number in range(10):
        with nd.environ.context(dt=0.1 * ms, i=number):
            other()
    first.run(1 * ms, progress=False)
    second.run(1 * ms, progress=False)
    wanted = np.asarray(first.get(net.A, "V"))
    np.testing.assert_array_equal(np.asarray(second.get(other.A, "V")), wanted)
    np.testing.assert_allclose(np.asarray(other.A.V.value), wanted, rtol=1e-12)


def test_refractory_and_spiking_neighbours():
    """A cell that is held pulls its partner to where it is held."""
    net = Cells(2, [(([0], [1]), 1e5)], np.full(2, 20.0), nd.LIFRef, tau_ref=100 * ms)
    net.cells.V_th.value = [-55.0, 1e9] * mV
    _, V = followed(net, 0.1, 3.0)
    np.testing.assert_allclose(V[-1], -60.0, atol=1e-3)


def test_channels_of_hodgkin_and_huxley_leave_coupling_stable():
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.cells = nd.HH(6, V_initializer=np.linspace(-70, -40, 6) * mV)
            self.gap = nd.SymmetryGapJunction(self.cells, "V", np.triu_indices(6, 1), weight=2e4 * nS)

    net = Net()
    _, V = followed(net, 0.02, 20.0)
    assert np.ptp(V[-1]) < 0.1
    assert V.min() > -90
    assert V.max() < 50
    assert (np.ptp(V, axis=1)[1:] < np.ptp(V[0])).all()


def test_equal_potentials_give_no_current_at_all():
    n, pairs = SHAPES["random"]
    net = Cells(n, [(pairs, 1e5)])
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.set(net.cells, "V", -61.3 * mV)
    sim.record(net.cells, "V")
    V = np.asarray(sim.run(2 * ms, progress=False)[net.cells].V)
    assert (V[:, :1] == V).all()


def test_a_strong_replica_of_a_weak_network_is_refused_with_a_cure_that_works():
    n, pairs = SHAPES["ring"]
    net, strengths = Cells(n, [(pairs, 1.0)]), [1, 900] * nS
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", batch=2)
    sim.batch[net.gaps[0].weight] = strengths
    with pytest.raises(UnstableCouplingError) as caught:
        sim.run(1 * ms)
    assert "replica 1" in caught.value.where
    assert "a new nd.Simulator of a network that has such values itself" in caught.value.cure
    net.gaps[0].weight.value = strengths[1]
    again = nd.Simulator(net, dt=0.1 * ms, target="interpret", batch=2)
    again.batch[net.gaps[0].weight] = strengths
    again.run(1 * ms)
    alone = nd.Simulator(net, dt=0.1 * ms, target="interpret", seed=1)
    alone.run(1 * ms)
    assert np.array_equal(again.get(net.cells, "V")[1], alone.get(net.cells, "V"))


def test_a_change_between_runs_acts_or_is_refused():
    n, pairs = SHAPES["ring"]
    net = Cells(n, [(pairs, 1.0)])
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(1 * ms)
    net.gaps[0].weight.value = 900 * nS
    with pytest.raises(UnstableCouplingError, match=r"dt \* sum\(g\) / C = 0\.9 at dt = 0\.1 ms") as caught:
        sim.run(1 * ms)
    assert "new nd.Simulator" in caught.value.cure
    again = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    again.record(net.cells, "V")
    net.gaps[0].weight.value = 9e6 * nS
    again.run(0.1 * ms)
    assert np.ptp(np.asarray(again.get(net.cells, "V"))) < 0.2
    net.gaps[0].weight.value = 0 * nS
    before = np.asarray(again.get(net.cells, "V"))
    again.run(0.1 * ms)
    np.testing.assert_allclose(np.asarray(again.get(net.cells, "V")), -60 + (before + 60) * np.exp(-0.1 / 20))
    with pytest.raises(InvalidParameterError):
        net.gaps[0].weight.value = -1 * nS


def test_delays_longer_than_the_answer_are_refused():
    """dV/dt = -r V(t - d) of the difference of two cells, r = 2 g / C = g / 100 pF, grows from r d = pi / 2 on."""

    class Late(Cells):
        def __init__(self, g):
            super().__init__(2, [])
            self.gap = nd.SymmetryGapJunction(self.cells, "V", ([0], [1]), weight=g * nS, delay=0.3 * ms)

    for g, grows in ((300.0, False), (600.0, True)):  # refused for certain: from g = 785 nS on
        _, V = followed(Late(g), 0.01, 40.0)
        assert bool(np.ptp(V[-500:], axis=1).max() > 20.0) is grows
    with pytest.raises(UnstableCouplingError, match=r"0\.3 ms ago, but they make neuron 0 of Late\.cells") as caught:
        nd.Simulator(Late(1100.0), dt=0.01 * ms)
    assert "Leave the delay out" in caught.value.cure
    net = Late(100.0)
    sim = nd.Simulator(net, dt=0.01 * ms, target="interpret")
    net.gap.weight.value = 1100 * nS
    with pytest.raises(UnstableCouplingError, match="ever wider"):
        sim.run(1 * ms)


def test_pieces_too_large_to_be_solved_are_refused_before_they_run(monkeypatch):
    monkeypatch.setattr(coupled, "MOST_PAIRS", 50)
    n, pairs = SHAPES["chain"]
    nd.Simulator(Cells(n, [(pairs, 400.0)]), dt=0.1 * ms, target="interpret").run(5 * ms)
    with pytest.raises(UnstableCouplingError) as caught:
        nd.Simulator(Cells(n, [(pairs, 3000.0)]), dt=0.1 * ms, target="interpret")
    text = str(caught.value)
    for part in ("neuron 1 of Cells.cells", "dt * sum(g) / C = 3", "Cells.gaps", "dt = 0.0166 ms or less"):
        assert part in text
    nd.Simulator(Cells(n, [(pairs, 3000.0)]), dt=0.016 * ms, target="interpret").run(0.16 * ms)
    small = SHAPES["two pieces, one alone"]
    nd.Simulator(Cells(small[0], [(small[1], 1e9)]), dt=0.1 * ms, target="interpret").run(1 * ms)
