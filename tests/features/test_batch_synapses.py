"""States of synapses in a batch whose replicas have synapses of their own, in any number."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import RecordingError, ShapeError
from tests.features.both import recorded
from tests.features.test_plastic_projections import DELAYS, DT, N_POST, Net, Pair

SEEDS = (1, 6, 4)


def batch(target, delay="each", **more):
    net = Net(DELAYS[delay], Pair)
    return nd.Simulator(net, dt=0.5 * ms, target=target, batch=3, seed=SEEDS, **more)


def singles(target, delay="each"):
    return [nd.Simulator(Net(DELAYS[delay], Pair), dt=0.5 * ms, target=target, seed=seed) for seed in SEEDS]


def same(sim, others):
    """Compare all that users read of the synapses and of the neurons."""
    for name in ("weight", "delay"):
        for own, single in zip(sim.get(sim.network.proj, name), others, strict=True):
            np.testing.assert_array_equal(own, single.get(single.network.proj, name))
    for number, single in enumerate(others):
        own = sim.get(sim.network.post, "received", replica=number)
        np.testing.assert_array_equal(own, single.get(single.network.post, "received"))


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_plastic_synapses_of_their_own_have_the_bits_of_single_simulators(target):
    sim, others = batch(target), singles(target)
    sizes = [weights.size for weights in sim.get(sim.network.proj, "weight")]
    assert len(set(sizes)) > 1
    for one in (sim, *others):
        one.record(one.network.proj, "weight", index=[0, 5, 2])
    same(sim, others)
    for cut in (8, 22):
        own = [single.run(cut * ms) for single in others]
        result = sim.run(cut * ms)
        same(sim, others)
        for number, single in enumerate(own):
            for name, values in recorded(single).items():
                np.testing.assert_array_equal(recorded(result.replica(number))[name], values)
        for one in (sim, *others):
            one._take_down()
    for one in (sim, *others):
        one.reset(seed=9) if one is not sim else one.reset(seed=[9, 9, 9])
        one.run(10 * ms)
    same(sim, others)


def test_weights_of_one_replica_are_set_alone():
    sim, others = batch("interpret"), singles("interpret")
    proj = sim.network.proj
    sim.set(proj, "weight", 0.5 * mV, replica=1)
    new = np.linspace(0, 1, sim.get(proj, "weight", replica=2).size) * mV
    sim.set(proj, "weight", new, replica=-1)
    others[1].set(others[1].network.proj, "weight", 0.5 * mV)
    others[2].set(others[2].network.proj, "weight", new)
    sim.set(sim.network.post, "received", 3 * mV, replica=0)
    others[0].set(others[0].network.post, "received", 3 * mV)
    for one in (sim, *others):
        one.run(10 * ms)
    same(sim, others)
    with pytest.raises(ShapeError):
        sim.set(proj, "weight", new, replica=0)
    for one in (sim, *others):
        one.reset()
        one.run(3 * ms)
    same(sim, others)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_shared_plastic_synapses_go_their_own_ways(target):
    sim = batch(target, shared="connectivity")
    proj = sim.network.proj
    sim.record(proj, "weight")
    first = sim.get(proj, "weight")
    assert len({weights.tobytes() for weights in first}) == 1
    sim.set(sim.network.pre, "phase", np.arange(21).reshape(3, 7) % 4)
    result = sim.run(20 * ms)
    assert result[proj].weight.shape == (3, 40, first[0].size)
    assert (result[proj].weight[0, -1] != result[proj].weight[1, -1]).any()
    sim.set(proj, "weight", 0.1 * mV, replica=2)
    now = sim.get(proj, "weight")
    np.testing.assert_array_equal(now[2], 0.1 * mV)
    sim.reset()
    np.testing.assert_array_equal(sim.get(proj, "weight")[2], first[2])
    np.testing.assert_array_equal(sim.run(20 * ms)[proj].weight[:, 0], first)


def test_what_not_all_replicas_have_is_not_recorded_of_each():
    sim = batch("interpret")
    sizes = [weights.size for weights in sim.get(sim.network.proj, "weight")]
    for index in (None, slice(3, None)):
        with pytest.raises(
            RecordingError, match=rf"(?s)from {min(sizes)} to {max(sizes)} synapses.*below {min(sizes)}"
        ):
            sim.record(sim.network.proj, "weight", index=index)
    with pytest.raises(RecordingError, match="does not fit"):
        sim.record(sim.network.proj, "weight", index=[min(sizes)])


def test_a_batch_of_plastic_synapses_is_saved_and_loaded(tmp_path):
    sim, whole = batch("interpret"), batch("interpret")
    sim.run(8 * ms)
    sim.save(tmp_path / "now")
    again = nd.Simulator.load(tmp_path / "now", Net(DELAYS["each"], Pair))
    again.run(7 * ms)
    whole.run(15 * ms)
    for name in ("weight", "delay"):
        for own, expected in zip(again.get(again.network.proj, name), whole.get(whole.network.proj, name), strict=True):
            np.testing.assert_array_equal(own, expected)


@pytest.mark.parametrize(
    "own",
    [0.25, nd.init.Uniform(0.1, 0.9), np.linspace(0.1, 0.9, N_POST)[None, :], lambda i, j: 0.1 * (i + j)],
    ids=["one", "drawn", "by neuron", "function"],
)
def test_first_values_are_read_and_saved_as_those_of_the_synapses_of_each_replica(tmp_path, own):
    class Rested(Pair):
        def __init__(self, pre, post, **options):
            super().__init__(pre, post, **options)
            self.rest = nd.synapse_parameter(nd.init.Uniform(0.0, 1.0))

        def on_pre(self, s):
            s.weight = s.weight * self.rest

    sim = nd.Simulator(Net(None, Rested), dt=DT * ms, target="interpret", batch=2, seed=[3, 8])
    sim.batch["proj.rest"] = [0.5, own]
    held = sim.get(sim.network.proj, "rest")
    assert len(held[0]) != len(held[1])
    sim.save(tmp_path / "now")
    again = nd.Simulator.load(tmp_path / "now", Net(None, Rested))
    again.run(2 * DT * ms)
    for found in (sim.batch["proj.rest"], again.batch["proj.rest"], again.get(again.network.proj, "rest")):
        for one, other in zip(found, held, strict=True):
            np.testing.assert_array_equal(one, other)
