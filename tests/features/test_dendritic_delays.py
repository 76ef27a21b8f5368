"""Dendritic delays of each synapse, of all and of none, beside axonal ones, against loops of NumPy on each target."""

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.errors import DelayError, FixedAttributeError, LateDelayError, UnitExpectedError, UnsupportedFeatureError
from tests.features.dendrite_oracle import DT, STEPS, Net, by_hand
from tests.targets import simulator_of

AXONS = {"none": None, "one": 1 * ms, "each": nd.init.Uniform(0 * ms, 3 * ms)}
DENDRITES = {
    "none": None,
    "one": 1.5 * ms,
    "each": nd.init.Uniform(0 * ms, 4 * ms),
    "pairs": lambda i, j: (0.3 * i + 0.5 * j) * ms,
    "neurons": [[0.5, 0.0, 3.0, 1.5]] * ms,
}


def run(net, target="interpret", seed=1):
    sim = simulator_of(net, DT * ms, target, seed=seed)
    expected = by_hand(net)
    sim.record(net.post, "arrived", spikes=True)
    recording = sim.run(STEPS * DT * ms, progress=False)[net.post]
    found = {name: sim.get(net.p, name) for name in ("came", "back", "fast")}
    found["weight"] = sim.get(net.p, "weight").magnitude
    fired = np.zeros_like(expected["fired"])
    spikes = recording.spikes
    fired[np.rint(np.asarray(spikes.times.rescale(ms).magnitude) / DT).astype(int) - 1, spikes.indices] = True
    return {**found, "arrived": recording.arrived.magnitude, "fired": fired}, expected


SIDES = [("none", "each"), ("one", "one"), ("one", "each"), ("each", "none"), ("each", "pairs"), ("each", "neurons")]


def follow_the_oracle(axon, dendrite, seed, target="interpret"):
    found, expected = run(Net(seed, AXONS[axon], DENDRITES[dendrite]), target, seed)
    assert expected["fired"].any()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    return found


@pytest.mark.parametrize(("axon", "dendrite"), SIDES)
def test_both_sides_delay(axon, dendrite):
    follow_the_oracle(axon, dendrite, 3)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dendrite", DENDRITES)
@pytest.mark.parametrize("axon", AXONS)
def test_both_sides_delay_in_many_networks(axon, dendrite, seed):
    follow_the_oracle(axon, dendrite, seed)


@pytest.mark.cudasim
@pytest.mark.parametrize("dendrite", ["each"])
def test_targets_agree_bit_by_bit(dendrite):
    meant = follow_the_oracle("each", dendrite, 5)
    found = follow_the_oracle("each", dendrite, 5, "cpu")
    for name, values in meant.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("shared", [None, "connectivity"])
def test_replicas_differ_and_go_on_from_a_checkpoint(tmp_path, shared):
    each = [nd.init.Uniform(0 * ms, 4 * ms), [[3.0, 0.0, 0.5, 2.0]] * ms]
    net = Net(2, AXONS["each"], DENDRITES["each"])
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", seed=[4, 4], batch=2, shared=shared)
    sim.batch["p.dendritic_delay"] = each
    sim.run(9 * ms, progress=False)  # with much under way
    sim.save(tmp_path / "half")
    again = Net(2, AXONS["each"], DENDRITES["each"])
    resumed = nd.Simulator.load(tmp_path / "half", again)
    resumed.run(9 * ms, progress=False)
    for k, delay in enumerate(each):
        one = Net(2, AXONS["each"], delay)
        alone = nd.Simulator(one, dt=DT * ms, target="interpret", seed=4)
        alone.run(18 * ms, progress=False)
        for module, name in (("p", "weight"), ("p", "back"), ("post", "V")):
            mine = resumed.get(getattr(again, module), name)[k]
            np.testing.assert_array_equal(mine, alone.get(getattr(one, module), name))
        late = resumed.edges(again.p, replica=k).dendritic_delay
        np.testing.assert_array_equal(late, one.p.edges().dendritic_delay)
        np.testing.assert_array_equal(late, alone.get(one.p, "dendritic_delay"))


def test_edges_have_a_column_and_unpack_as_ever():
    net = Net(1, None, [1.0, 0.2, 0.0, 0.6] * ms)
    nd.Simulator(net, dt=DT * ms, target="interpret", delays="nearest")
    edges = net.p.edges()
    pre, post, weight, delay = edges
    np.testing.assert_array_equal(edges.dendritic_delay.magnitude, np.array([1.0, 0.0, 0.0, 0.5])[post])
    assert list(edges._replace(weight=2 * weight)._asdict()) == [*edges._fields, "dendritic_delay"]
    assert pre.size == delay.size == edges.dendritic_delay.size
    net = Net(1, None, None)
    assert (net.p.edges(dt=DT * ms).dendritic_delay == 0 * ms).all()


@pytest.mark.parametrize(
    ("delay", "error", "said"),
    [
        (-1 * ms, DelayError, "The delay is -1 ms"),
        ([1.0, -2.0, 0.0, 1.0] * ms, DelayError, r"The delay is -2 ms \(position 1 of 4\)"),
        (2.0, UnitExpectedError, "without a unit"),
        ([1.0, 2.0] * ms, DelayError, r"shape \(2,\) fits neither \d+ synapses, nor 4 postsynaptic neurons"),
        (lambda i, j: (i - 3) * ms, DelayError, r"The delay is -3 ms \(position 0"),
        (1e9 * ms, DelayError, "the longest is 16777215 steps"),
    ],
    ids=["negative", "one of many", "number", "shape", "function", "long"],
)
def test_what_is_no_delay_is_named(delay, error, said):
    with pytest.raises(error, match=said) as raised:
        nd.Simulator(Net(1, None, delay), dt=DT * ms, target="interpret").run(DT * ms)
    assert "dendritic_delay" in str(raised.value)


def test_delays_are_fixed_as_axonal_ones_are():
    net = Net(1, None, DENDRITES["each"])
    sim = nd.Simulator(net, dt=DT * ms, target="interpret")
    with pytest.raises(UnsupportedFeatureError, match=r"The dendritic delays of Net.p are what its synapses"):
        sim.set(net.p, "dendritic_delay", 1 * ms)
    with pytest.raises(FixedAttributeError, match=r"The dendritic_delay of Net.p is assigned"):
        net.p.dendritic_delay = 1 * ms
    net = Net(1, None, 1 * ms)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret")
    sim.run(3 * ms, progress=False)
    net.p.dendritic_delay.value = 0.5 * ms
    sim.run(3 * ms, progress=False)
    net.p.dendritic_delay.value = 3 * ms
    with pytest.raises(LateDelayError, match="is now 3 ms; its history was made for 1 ms"):
        sim.run(3 * ms, progress=False)
    net.p.dendritic_delay.value = nd.init.Uniform(0 * ms, 1 * ms)
    with pytest.raises(UnsupportedFeatureError, match="one time for all synapses, but now each is to have its own"):
        sim.run(3 * ms, progress=False)


def test_what_is_under_way_is_not_lost_where_a_delay_becomes_shorter():
    net = Net(2, None, 4 * ms)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", seed=2)
    sim.run(8 * ms, progress=False)
    net.p.dendritic_delay.value = 0.5 * ms
    sim.record(net.post, spikes=True)  # makes the machine anew
    with pytest.raises(LateDelayError, match=r"under way in Net.p.dendrites for \d(\.\d)? ms yet"):
        sim.run(DT * ms, progress=False)
    net.p.dendritic_delay.value = 4 * ms
    other = Net(2, None, 4 * ms)
    straight = nd.Simulator(other, dt=DT * ms, target="interpret", seed=2)
    straight.run(20 * ms, progress=False)
    sim.run(12 * ms, progress=False)
    np.testing.assert_array_equal(sim.get(net.post, "V"), straight.get(other.post, "V"))
