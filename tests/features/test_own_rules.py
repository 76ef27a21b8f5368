"""Rules of connection that users write: lists of synapses, on every target, by chance of the seed of the simulation."""

import numpy as np
import pytest
from quantities import Hz, ms, mV

import numbadyn as nd
from numbadyn.errors import ConnectivityError, InvalidParameterError, NotInitialisedError
from tests.targets import COMPILED, simulator_of


class Shuffled(nd.Connectivity):
    """Each neuron onto some that chance chooses, listed in no order, with pairs that occur twice."""

    def __init__(self, in_size, out_size, number, weight=1.0):
        super().__init__(in_size, out_size, weight)
        self.number = number

    def edges(self, rng):
        pre = rng.integers(0, self.n_pre, self.number)
        post = rng.integers(0, self.n_post, self.number)
        return pre, post


class Net(nd.DynamicsGroup):
    def __init__(self, comm, delay=None):
        super().__init__()
        self.P = nd.PoissonGroup((4, 5), rates=300 * Hz)
        self.E = nd.LIF(30, tau=20 * ms, V_th=1 * mV, V_reset=0 * mV, V_rest=0 * mV)
        self.proj = nd.DeltaProj(self.P, comm=comm, post=self.E, delay=delay)


def run(comm, target, delay=None, seed=3):
    net = Net(comm, delay)
    sim = simulator_of(net, 0.5 * ms, target, seed=seed)
    sim.record(net.E, "V")
    return sim.run(10 * ms, progress=False)[net.E].V.magnitude, net.proj.edges(dt=0.5 * ms)


WEIGHTS = np.linspace(0.1, 2.0, 60)


@pytest.mark.parametrize(
    ("weight", "delay"),
    [(0.4 * mV, None), (WEIGHTS * mV, np.linspace(0.0, 4.0, 60) * ms), (nd.init.Normal(0.5 * mV, 0.1 * mV), 1 * ms)],
    ids=["one weight", "one for each synapse", "drawn"],
)
@pytest.mark.cudasim
def test_a_rule_of_the_user_is_its_list_on_every_target(weight, delay):
    samples, edges = run(Shuffled((4, 5), 30, 60, weight), "interpret", delay)
    listed, pairs = run(nd.Edges((4, 5), 30, edges.pre, edges.post, weight), "interpret", delay)
    compiled, again = run(Shuffled((4, 5), 30, 60, weight), COMPILED, delay)
    np.testing.assert_array_equal(samples, listed)
    np.testing.assert_array_equal(samples, compiled)
    assert samples.max() > 0.1
    for other in (pairs, again):
        for name in ("pre", "post", "weight", "delay"):
            np.testing.assert_array_equal(np.asarray(getattr(edges, name)), np.asarray(getattr(other, name)))
    if np.ndim(weight):
        np.testing.assert_array_equal(edges.weight.magnitude, WEIGHTS)  # in the order of the list


def test_chance_follows_the_seed_and_the_place():
    def pairs(seed, places=1):
        net = nd.DynamicsGroup()
        net.cells = nd.LIF(50)
        net.p = [nd.DeltaProj(net.cells, comm=Shuffled(50, 50, 40, 1 * mV), post=net.cells) for _ in range(places)]
        nd.Simulator(net, dt=0.1 * ms, seed=seed, target="interpret").run(0.1 * ms, progress=False)
        return [np.asarray(proj.edges().pre).tolist() for proj in net.p]

    first, second = pairs(1, 2)
    assert first != second
    assert pairs(1)[0] != pairs(2)[0]
    assert pairs(1)[0] == pairs(1)[0]
    fixed = Shuffled(50, 50, 40)
    fixed.seed = 7
    cells = nd.LIF(50)
    ends = [nd.DeltaProj(cells, comm=fixed, post=cells).edges() for _ in range(2)]
    np.testing.assert_array_equal(ends[0].post, ends[1].post)


def test_between_parts_of_populations():
    E = nd.LIF(10)
    net = nd.DynamicsGroup()
    net.E, net.p = E, nd.DeltaProj(E[2:6], comm=Shuffled(4, 3, 20, 1 * mV), post=E[7:])
    edges = net.p.edges()
    assert set(edges.pre) <= {2, 3, 4, 5}
    assert set(edges.post) == {7, 8, 9}


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (lambda rule, rng: ([0, 1], [0, 7]), r"Own.edges gives a wrong list. post\[1\] is 7.*only 5 neurons"),
        (lambda rule, rng: ([0, 1], [0]), "2 presynaptic but 1 postsynaptic"),
        (lambda rule, rng: ([0.5], [0]), "float64"),
        (lambda rule, rng: [(0, 1), (1, 2), (2, 3)], "Own.edges gives"),
        (lambda rule, rng: None, "Own.edges gives None"),
        (lambda rule, rng: ([[0], [1, 2]], [0]), "pre has the type object"),
        (lambda rule, rng: ([-1], [0]), r"pre\[0\] is -1"),
    ],
)
def test_a_wrong_list_is_named(listed, said):
    Own = type("Own", (nd.Connectivity,), {"edges": listed})
    cells = nd.LIF(5)
    proj = nd.DeltaProj(cells, comm=Own(5, 5, 1 * mV), post=cells)
    with pytest.raises(ConnectivityError, match=said) as caught:
        proj.edges()
    assert "Own.edges" in caught.value.where
    assert caught.value.cure


def test_a_rule_without_a_list_is_named():
    class Nothing(nd.Connectivity):
        pass

    cells = nd.LIF(5)
    with pytest.raises(ConnectivityError, match="Nothing does not say") as caught:
        nd.DeltaProj(cells, comm=Nothing(5, 5, 1 * mV), post=cells).edges()
    assert "edges(self, rng)" in caught.value.cure


def test_an_array_that_does_not_fit_the_list_is_refused():
    cells = nd.LIF(5)
    proj = nd.DeltaProj(cells, comm=Shuffled(5, 5, 7, np.ones(6) * mV), post=cells)
    with pytest.raises(ConnectivityError, match=r"shape \(6,\)"):
        proj.edges()


def test_a_rule_that_cannot_be_called_or_is_not_made_is_named():
    class Deaf(nd.Connectivity):
        def edges(self):
            return [0], [0]

    class Forgetful(nd.Connectivity):
        def __init__(self):
            pass

    cells = nd.LIF(5)
    with pytest.raises(ConnectivityError, match="cannot be called with one argument") as caught:
        nd.DeltaProj(cells, comm=Deaf(5, 5, 1 * mV), post=cells).edges()
    assert caught.value.where == "Deaf.edges"
    with pytest.raises(NotInitialisedError, match="Forgetful is not ready"):
        nd.DeltaProj(cells, comm=Forgetful(), post=cells)


@pytest.mark.parametrize("seed", [-1, 2.5, "a", 2**64, True])
def test_a_seed_of_a_rule_is_checked_when_it_is_given(seed):
    rule = Shuffled(5, 5, 7)
    with pytest.raises(InvalidParameterError, match="seed of Shuffled"):
        rule.seed = seed
    assert rule.seed is None


def test_a_list_that_nobody_would_ask_for_is_refused():
    with pytest.raises(ConnectivityError, match="FixedProb makes its synapses without asking"):
        type("Mine", (nd.FixedProb,), {"edges": Shuffled.edges})
    twice = type("Twice", (Shuffled,), {"edges": lambda self, rng: ([0, 0], [1, 1])})
    cells = nd.LIF(5)
    assert nd.DeltaProj(cells, comm=twice(5, 5, 7, 1 * mV), post=cells).edges().post.tolist() == [1, 1]
