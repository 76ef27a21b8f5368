"""Between runs: weights of projections, other seeds, the values that a network shows, on every target."""

import copy
import gc
import pickle

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn import errors
from tests.features.small_network import Small, simulator
from tests.targets import simulator_of

pytestmark = pytest.mark.cudasim
TARGETS = ["cpu", "interpret"]


class Weighed(nd.DynamicsGroup):
    """Two projections with weights and delays of each synapse's own; one of them with several synapses of a pair."""

    def __init__(self, weight=3 * nS, jump=-0.5 * mV):
        super().__init__()
        self.A, self.B = nd.LIF(6, V_initializer=-50.5 * mV, V_rest=-45 * mV), nd.LIF(7)
        self.excite = nd.AlignPostProj(
            self.A,
            comm=nd.FixedProb(6, 7, prob=0.6, weight=weight),
            syn=nd.Expon.desc(tau=5 * ms),
            out=nd.COBA.desc(E=0 * mV),
            post=self.B,
            delay=nd.init.Uniform(0.1 * ms, 1 * ms),
        )
        pre, post = [3, 0, 3, 5, 0, 3], [1, 2, 1, 0, 2, 5]
        comm = nd.Edges(6, 7, pre, post, weight=jump)
        self.inhibit = nd.DeltaProj(self.A, comm=comm, post=self.B, delay=[0.5, 0.1, 0.2, 0.3, 0.2, 0.1] * ms)


def run(sim, duration=8 * ms):
    """Potentials of B, bit for bit."""
    sim.record(sim.network.B, "V")
    return sim.run(duration, progress=False)[sim.network.B].V.magnitude.tobytes()


def drawn(number, unit):
    return np.random.default_rng(3).uniform(1, 4, number) * unit


@pytest.mark.parametrize("precision", [64, 32])
@pytest.mark.parametrize("target", TARGETS)
def test_weights_that_are_set_are_those_of_a_network_made_with_them(target, precision):
    how = {"dt": 0.1 * ms, "target": target, "seed": 2, "precision": precision}
    sim = simulator_of(Weighed(), **how)
    before = run(sim)
    edges = sim.network.excite.edges()
    weight, jump = drawn(edges.pre.size, nS), -drawn(6, mV)
    sim.reset()
    sim.set(sim.network.excite, "weight", weight.rescale("uS"))
    sim.set(sim.network.inhibit, "weight", jump)
    assert np.allclose(sim.get(sim.network.excite, "weight").magnitude, weight.magnitude, rtol=1e-6)
    assert np.allclose(sim.network.excite.edges().weight.magnitude, weight.magnitude, rtol=1e-12)
    made = simulator_of(Weighed(weight.rescale("uS"), jump), **how)
    changed = run(sim)
    assert changed == run(made) != before
    assert run(sim.reset()) == before  # a trial begins with the weights of the model
    assert np.allclose(sim.get(sim.network.excite, "weight").magnitude, 3)
    sim.network.excite.comm.weight, sim.network.inhibit.comm.weight = weight.rescale("uS"), jump
    assert run(sim.reset()) == changed  # what is changed in the model stays


@pytest.mark.parametrize("target", TARGETS)
def test_weights_come_in_every_form(target):
    """One number, one for each pair, a distribution: as a rule takes them."""
    forms = (2 * nS, drawn(42, nS).reshape(6, 7), nd.init.Uniform(1 * nS, 4 * nS))
    sim = simulator_of(Weighed(drawn(42, nS).reshape(6, 7)), 0.1 * ms, target, seed=4)
    for form in forms:
        sim.reset()
        sim.set(sim.network.excite, "weight", form)
        made = simulator_of(Weighed(form), 0.1 * ms, target, seed=4)
        assert run(sim) == run(made)
        wanted = made.get(made.network.excite, "weight").magnitude
        assert sim.get(sim.network.excite, "weight").magnitude.tolist() == wanted.tolist()


def test_weights_are_checked_as_those_of_a_new_projection_are():
    sim = simulator("interpret")
    excite, count = sim.network.excite, sim.network.excite.edges().pre.size
    for wrong, error in (
        (3, errors.UnitExpectedError),
        (3 * mV, errors.DimensionError),
        (-3 * nS, errors.NegativeConductanceError),
        (nd.init.Normal(0 * nS, 1 * nS), errors.NegativeConductanceError),
        (np.nan * nS, errors.InvalidParameterError),
        (np.ones(count + 1) * nS, errors.ConnectivityError),
    ):
        with pytest.raises(error):
            sim.set(excite, "weight", wrong)
        assert np.array_equal(sim.get(excite, "weight").magnitude, np.full(count, 3.0))
    with pytest.raises(errors.UnsupportedFeatureError, match="delays"):
        sim.set(excite, "delay", 1 * ms)
    excite.comm.weight = 3 * pA
    with pytest.raises(errors.DimensionError, match="when the simulator was built"):
        sim.run(1 * ms)


def everything(sim, duration=5 * ms):
    result = sim.run(duration, progress=False)
    cells = (sim.network.A, sim.network.B)
    return [(result[c].V.magnitude.tobytes(), result[c].spikes.steps.tolist()) for c in cells]


@pytest.mark.parametrize("target", TARGETS)
def test_another_seed_is_a_new_simulator_without_building_one(target):
    sim = simulator(target, seed=1)
    first = everything(sim)
    new = everything(simulator(target, seed=7))
    edges = simulator(target, seed=7).network.excite.edges()
    assert everything(sim.reset(seed=7)) == new != first
    assert sim.seed == 7
    assert np.array_equal(sim.network.excite.edges().post, edges.post)
    assert everything(sim.reset()) == new  # the seed stays
    assert everything(sim.reset(seed=1)) == first
    before = sim.network.excite.edges()
    kept = everything(sim.reset(seed=7, connectivity=False))
    assert kept not in (first, new)
    after = sim.network.excite.edges()
    assert all(np.array_equal(a, b) for a, b in zip(before[:2], after[:2], strict=True))
    assert everything(sim.reset(seed=7)) == new


def test_synapses_that_stay_before_the_first_run():
    sim = simulator("interpret", seed=1)
    wanted = simulator("interpret", seed=1).network.excite.edges()
    sim.reset(seed=2, connectivity=False)
    sim.run(1 * ms)
    assert np.array_equal(sim.network.excite.edges().post, wanted.post)
    with pytest.raises(errors.TargetError, match=r"The seed is 'a'"):
        sim.reset(seed="a")


def test_values_are_those_of_the_simulator_that_ran_last():
    net = Small()
    nd.init_all_states(net, seed=1)
    one = simulator_of(net, 0.1 * ms, "interpret", seed=1)
    assert np.array_equal(net.A.V.value, one.get(net.A, "V"))
    one.run(1 * ms)
    assert np.array_equal(net.A.V.value, one.get(net.A, "V"))
    net.A.V.value = -57 * mV
    assert np.array_equal(one.get(net.A, "V").magnitude, np.full(9, -57.0))
    two = simulator_of(net, 0.1 * ms, "interpret", seed=1)
    assert not np.array_equal(net.A.V.value, one.get(net.A, "V"))
    one.run(1 * ms)
    assert np.array_equal(net.A.V.value, one.get(net.A, "V"))
    two.reset()
    assert np.array_equal(net.A.V.value, two.get(net.A, "V"))
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.A.V.value.shape == (9,)
    with pytest.raises(errors.DimensionError):
        net.A.V.value = -57 * ms
    nd.reset_all_states(net)
    net.A.V.value = -59 * mV  # nobody holds it: a first value of simulators that are made later
    three = simulator_of(net, 0.1 * ms, "interpret", seed=1)
    assert np.array_equal(three.get(net.A, "V").magnitude, np.full(9, -59.0))


def test_a_simulator_that_is_gone_takes_its_values_along():
    cells = nd.LIF(2)
    simulator_of(cells, 0.1 * ms, "interpret").run(1 * ms)
    gc.collect()
    with pytest.raises(errors.NotInitialisedError, match=r"LIF.V was held by a simulator"):
        _ = cells.V.value
    nd.reset_all_states(cells)
    assert cells.V.value.magnitude.tolist() == [-60.0, -60.0]
