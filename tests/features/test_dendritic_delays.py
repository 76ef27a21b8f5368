"""Dendritic delays of each synapse, of all and of none, beside axonal ones, against loops of NumPy on each target."""

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
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
