"""Gap junctions: the currents of the formula, whatever the order of attributes, in both populations."""

import itertools

import numpy as np
import pytest
from quantities import ms, mV, nS, pF, pS

import numbadyn as nd
from numbadyn.errors import (
    ConnectivityError,
    DimensionError,
    InvalidParameterError,
    ProjectionTargetError,
    ShapeError,
    UnknownStateError,
)
from tests.features.both import assert_targets_agree

CAPACITY = 20.0


class Membrane(nd.Dynamics):
    """A capacity that integrates its currents, by Euler's method."""

    def __init__(self, size, first):
        super().__init__(size)
        self.first = first

    def init_state(self):
        self.V = nd.State(self.first)

    def update(self):
        current = self.sum_current_inputs(0 * mV * nS)
        self.V.value = self.V + current * nd.environ.get_dt() / (CAPACITY * pF)


def euler(V_pre, V_post, pairs, into_post, into_pre, dt, steps, lag=0, same=False):
    """The potentials at the start of each step, by the formula; `lag` steps late, or with the mean of both ends."""

    def moved(at, from_a, from_b):
        to = [part.copy() for part in at]
        for k, (i, j) in enumerate(pairs):
            difference = from_a[i] - from_b[j]
            to[1][j] += into_post[k] * difference * dt / CAPACITY
            (to[1] if same else to[0])[i] -= into_pre[k] * difference * dt / CAPACITY
        return (to[1], to[1]) if same else tuple(to)

    past = [(V_pre.copy(), V_post.copy())]
    for n in range(steps):
        a, b = past[max(n - lag, 0)]
        if not lag:
            a, b = ((now + later) / 2 for now, later in zip((a, b), moved(past[n], a, b), strict=True))
        past.append(moved(past[n], a, b))
    return past


PAIRS = [(0, 0), (0, 1), (2, 1), (2, 1), (1, 3)]


class Coupled(nd.DynamicsGroup):
    """Three membranes and four, coupled; attributes in any order."""

    def __init__(self, order=("A", "B", "gap"), weight=0.5 * nS, asymmetric=False, delay=None):
        super().__init__()
        parts = {"A": Membrane(3, [-70, -60, -50] * mV), "B": Membrane((2, 2), [[-65, -55], [-45, -40]] * mV)}
        pre, post = np.array(PAIRS).T
        if asymmetric:
            parts["gap"] = nd.AsymmetryGapJunction(parts["A"], "V", parts["B"], "V", (pre, post), weight, delay=delay)
        else:
            couples = (parts["A"], parts["B"])
            parts["gap"] = nd.SymmetryGapJunction(couples, "V", lambda *_sizes: (pre, post), weight, delay=delay)
        for name in order:
            setattr(self, name, parts[name])


def compare(make, into_post, into_pre, lag=0):
    _, result = assert_targets_agree(make, 0.1 * ms, 2 * ms)
    A, B = (np.asarray(result[f"Coupled.{name}"].V).reshape(20, -1) for name in "AB")
    expected = euler(A[0], B[0], PAIRS, into_post, into_pre, 0.1, 19, lag)
    for n, (a, b) in enumerate(expected):
        np.testing.assert_allclose(A[n], a, rtol=1e-13)
        np.testing.assert_allclose(B[n], b, rtol=1e-13)


@pytest.mark.parametrize("order", list(itertools.permutations(("A", "B", "gap"))))
def test_currents_of_the_formula_in_any_order(order):
    """Both ends use the potentials of the same step, wherever the projection stands."""
    sim = nd.Simulator(Coupled(order), dt=0.1 * ms, target="interpret")
    sim.record(sim.network.A, "V")
    found = np.asarray(sim.run(1 * ms)[sim.network.A].V)
    expected = euler(found[0], np.array([-65.0, -55, -45, -40]), PAIRS, [0.5] * 5, [0.5] * 5, 0.1, 9)
    np.testing.assert_allclose(found, [a for a, _ in expected], rtol=1e-13)


def test_one_conductance():
    compare(Coupled, [0.5] * 5, [0.5] * 5)


def test_a_conductance_for_each_junction():
    weight = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    compare(lambda: Coupled(weight=weight * nS), weight, weight)


def test_two_directions():
    weight = np.arange(10.0).reshape(5, 2) / 10
    compare(lambda: Coupled(weight=weight * nS, asymmetric=True), weight[:, 0], weight[:, 1])
    compare(lambda: Coupled(weight=[0.3, 0.1] * nS, asymmetric=True), [0.3] * 5, [0.1] * 5)


@pytest.mark.parametrize(
    "weight", [[0.3 * nS, 100 * pS], (0.3 * nS, 0.1 * nS), nd.Parameter([0.3, 0.1] * nS), [[0.3 * nS, 0.1 * nS]] * 5]
)
def test_two_directions_as_a_list(weight):
    gap = Coupled(weight=weight, asymmetric=True).gap
    assert np.asarray(gap.weight_post.value.rescale(nS)).ravel()[0] == 0.3
    assert np.asarray(gap.weight_pre.value.rescale(nS)).ravel()[0] == pytest.approx(0.1, rel=1e-15)


def test_pairs_from_a_rule_of_explicit_synapses():
    cells = Membrane(3, -60 * mV)
    assert nd.SymmetryGapJunction(cells, "V", nd.Edges(3, 3, [0, 1], [1, 2]), 1 * nS).n_junctions == 2


def test_delayed_potentials():
    compare(lambda: Coupled(delay=0.3 * ms), [0.5] * 5, [0.5] * 5, lag=3)


def ring(pre_size, post_size):
    n = pre_size[0]
    return np.arange(n), (np.arange(n) + 1) % n


class Ring(nd.DynamicsGroup):
    """One population coupled in itself."""

    def __init__(self, n=5):
        super().__init__()
        self.cells = Membrane(n, np.linspace(-70, -50, n) * mV)
        self.gap = nd.SymmetryGapJunction(self.cells, "V", ring, weight=1 * nS)


def test_within_one_population():
    for precision, tolerance in ((64, 1e-13), (32, 1e-5)):
        _, result = assert_targets_agree(Ring, 0.1 * ms, 2 * ms, precision=precision)
        V = np.asarray(result["Ring.cells"].V)
        pairs = list(zip(*ring((5,), (5,)), strict=True))
        expected = euler(V[0], V[0], pairs, [1.0] * 5, [1.0] * 5, 0.1, 19, same=True)
        np.testing.assert_allclose(V, [v for _, v in expected], rtol=tolerance)


def test_equal_potentials_give_no_current_at_all():
    net = Ring()
    net.cells.first = -61.3 * mV
    sim = nd.Simulator(net, dt=0.1 * ms)
    sim.run(1 * ms)
    assert (np.asarray(sim.get(net.cells, "V")) == -61.3).all()


def test_two_cells_relax_to_their_mean():
    """The difference of two capacities C joined by w decays with the time constant C / (2 w)."""

    class Two(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.cells = Membrane(2, [-70, -50] * mV)
            self.gap = nd.SymmetryGapJunction(self.cells, "V", ([0], [1]), weight=2 * nS)

    errors = []
    for dt in (0.02, 0.01):
        sim = nd.Simulator(Two(), dt=dt * ms)
        sim.run(5 * ms)
        low, high = np.asarray(sim.get(sim.network.cells, "V"))
        assert low + high == pytest.approx(-120.0, abs=1e-10)
        errors.append((high - low) - 20.0 * np.exp(-5 / (CAPACITY / 4)))
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.05)  # though the model steps by Euler's method


def test_eager_calls_give_the_same():
    net = nd.init_all_states(Coupled(delay=0.2 * ms))
    for n in range(10):
        with nd.environ.context(dt=0.1 * ms, i=n):
            net()
    sim = nd.Simulator(Coupled(delay=0.2 * ms), dt=0.1 * ms, target="interpret")
    sim.run(1 * ms)
    np.testing.assert_allclose(np.asarray(net.A.V.value), np.asarray(sim.get(sim.network.A, "V")), rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda A: nd.SymmetryGapJunction(A, "V", ([0], [7]), 1 * nS), ConnectivityError, "7"),
        (lambda A: nd.SymmetryGapJunction(A, "V", ([0, 1], [1]), 1 * nS), ConnectivityError, "2 presynaptic"),
        (lambda A: nd.SymmetryGapJunction(A, "V", ([], []), 1 * nS), ConnectivityError, "no junction"),
        (lambda A: nd.SymmetryGapJunction(A, "V", 3, 1 * nS), ConnectivityError, "conn of"),
        (lambda A: nd.SymmetryGapJunction(A, "V", ([0], [1]), [1, 2, 3] * nS), ShapeError, "1 junctions"),
        (lambda A: nd.AsymmetryGapJunction(A, "V", A, "V", ([0], [1]), 1 * nS), ShapeError, "two conductances"),
        (
            lambda A: nd.AsymmetryGapJunction(A, "V", A, "V", ([0], [1]), [1 * nS, 2 * mV]),
            DimensionError,
            "mixes units",
        ),
        (lambda A: nd.AsymmetryGapJunction(A, "V", A, "V", ([0], [1]), "a"), InvalidParameterError, "'a'"),
        *(
            (
                lambda A, w=w: nd.SymmetryGapJunction(A, "V", nd.Edges(3, 3, [0, 1], [1, 2], weight=w), 1 * nS),
                ConnectivityError,
                "of its own",
            )
            for w in (3 * nS, 1 * nS, [1, 2] * nS)
        ),
        (lambda A: nd.SymmetryGapJunction(A, 5, ([0], [1]), 1 * nS), UnknownStateError, "state 5"),
        (lambda A: nd.SymmetryGapJunction((A, 1), "V", ([0], [1]), 1 * nS), ProjectionTargetError, "not a Dynamics"),
    ],
)
def test_mistakes_are_named(make, error, text):
    with pytest.raises(error, match=text):
        make(Membrane(3, -60 * mV))


def test_a_state_that_does_not_exist():
    net = Ring()
    net.gap = nd.SymmetryGapJunction(net.cells, "U", ring, weight=1 * nS)
    with pytest.raises(UnknownStateError, match=r"Its states are: V"):
        nd.Simulator(net, dt=0.1 * ms)
