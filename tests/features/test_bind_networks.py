"""Networks that a function has made with other values become replicas, with the bits of simulators of their own."""

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.errors import BatchLengthError, StructureError, TargetError, UnsupportedFeatureError
from numbadyn.simulator.networks import bind_networks
from tests.features.both import _assert_same_bits, recorded
from tests.features.small_network import Cell
from tests.features.test_replicas import Follower, assert_alike, watched

TARGETS = ("interpret", "cpu")


class Built(nd.DynamicsGroup):
    """Whatever a user may let depend on a point of a sweep."""

    order = ("source", "E", "I", "follower")

    def __init__(self, k, size=12, scale=2.0):
        super().__init__()
        self.E, self.I = Cell(size, tau=(10 + 3 * k) * ms), Cell(6)
        self.source = nd.SpikeTrain(4, [0, k % 4, 3], [1, 2 + k, 5] * ms)
        self.input = nd.PoissonInput(self.E, num_input=50 + k, freq=(40 + k) * Hz, weight=(0.4 + 0.1 * k) * mV)
        weight = nd.init.Normal((3 + k) * nS, 0.5 * nS)
        self.excite = nd.AlignPostProj(
            self.E,
            comm=nd.FixedProb(size, 6, prob=0.3 + 0.1 * k, weight=weight),
            syn=nd.Expon.desc(tau=(5 + k) * ms),
            out=nd.COBA.desc(E=0 * mV),
            post=self.I,
            delay=nd.init.Uniform(0.1 * ms, (1 + k) * ms),
        )
        self.send = nd.DeltaProj(
            self.source, comm=nd.AllToAll(4, size, weight=(k - 1.5) * mV), post=self.E, delay=(0.2 + 0.3 * k) * ms
        )
        self.lag = nd.Parameter((0.3 + k) * ms, unit=ms)
        self.follower = Follower(size, self.E.prefetch_delay("V", self.lag))
        self.follower.table = nd.TimedArray(np.arange(5.0 + k) * mV, dt=1 * ms)
        self.scale = scale

    def update(self, *args):
        super().update(*args)
        self.follower.x.value = self.follower.x + self.scale * self.follower.table(nd.environ.get("t"))


def made(target, points, **more):
    return [nd.Simulator(Built(k), dt=0.1 * ms, target=target, seed=seed, **more) for k, seed in points]


@pytest.mark.parametrize("target", TARGETS)
def test_networks_become_replicas_with_the_bits_of_their_own(target):
    points = [(0, 5), (2, 5), (1, 2**64 - 1)]
    others = [watched(sim) for sim in made(target, points)]
    networks = [Built(k) for k, _seed in points]
    sim = nd.Simulator(networks[0], dt=0.1 * ms, target=target, seed=99)
    bind_networks(sim, networks, [seed for _k, seed in points], coords={"k": [0, 2, 1]})
    watched(sim)
    own = [single.run(8 * ms, progress=False) for single in others]
    result = sim.run(8 * ms, progress=False)
    assert_alike(result, sim, others, own)
    assert result.coords["k"].tolist() == [0, 2, 1]
    for number, network in enumerate(networks):
        assert result.replica(number)[network.E].V.shape == own[number][others[number].network.E].V.shape
    sim.reset()
    assert_alike(sim.run(8 * ms, progress=False), sim, others, own)
    sim.reset(seed=[1, 2, 3])
    for single, seed in zip(others, (1, 2, 3), strict=True):
        single.reset(seed=seed)
    networks[1].E.tau.value = others[1].network.E.tau.value = 7 * ms
    sim.set(sim.network.E, "V", -51 * mV)
    sim.set(sim.network.send, "weight", 0.7 * mV)
    for single in others:
        single.set(single.network.E, "V", -51 * mV)
        single.set(single.network.send, "weight", 0.7 * mV)
    assert_alike(sim.run(3 * ms), sim, others, [single.run(3 * ms) for single in others])


def test_a_simulator_is_bound_again_to_the_next_networks():
    sim = nd.Simulator(Built(7), dt=0.1 * ms)
    loaded = []
    for points in ([(0, 1), (1, 1), (2, 1)], [(3, 4)]):
        singles = made("cpu", points)
        bind_networks(sim, singles, [seed for _k, seed in points])
        sim.record(singles[0].network.E, spikes=True)
        result = sim.run(10 * ms)
        loaded.append(sim.machine.loaded)
        for number, single in enumerate(singles):
            single.record(single.network.E, spikes=True)
            for name, values in recorded(single.run(10 * ms)).items():
                _assert_same_bits(recorded(result.replica(number))[name], values, name)
    assert loaded[0] is loaded[1]


def test_the_same_network_may_come_again_with_another_seed():
    net = Built(1)
    sim = bind_networks(nd.Simulator(net, dt=0.1 * ms, target="interpret"), [net, net, Built(1)], [3, 4, 3])
    sim.record(net.E, "V")
    first, second, third = sim.run(3 * ms)[net.E].V
    np.testing.assert_array_equal(first, third)
    assert (first != second).any()


def test_what_differs_in_structure_is_said():
    sim = nd.Simulator(Built(0), dt=0.1 * ms, target="interpret")
    for other, text in (
        (Built(0, size=13), r"state Built\.E\.refractory : int\[13\].* stands where .*int\[12\]"),
        (Built(0, scale=3.0), r"3\.0.*2\.0"),
        (Cell(12), r"Cell\.refractory"),
    ):
        with pytest.raises(StructureError, match=rf"(?s)Network 1 has another structure: .*{text}") as caught:
            bind_networks(sim, [Built(1), other], [0, 1])
        assert caught.value.values["number"] == 1
        assert len(caught.value.values["lines"]) == 2
    with pytest.raises(TargetError, match="no network"):
        bind_networks(sim, [])
    with pytest.raises(TargetError, match=r"(?s)3 is no network.*networks\[1\]"):
        bind_networks(sim, [Built(1), 3])
    with pytest.raises(BatchLengthError, match="3 seeds for a batch of 1"):
        bind_networks(sim, [Built(1)], [1, 2, 3])
    with pytest.raises(BatchLengthError, match="'k' has 2 entries for 1 networks"):
        bind_networks(sim, [Built(1)], coords={"k": [1, 2]})
    with pytest.raises(UnsupportedFeatureError, match="another time step"):
        bind_networks(sim, [nd.Simulator(Built(1), dt=0.2 * ms, target="interpret")])
    bind_networks(sim, [Built(1), Built(2)])
    with pytest.raises(UnsupportedFeatureError, match="networks of their own"):
        sim.batch["E.tau"] = [1, 2] * ms


@pytest.mark.parametrize("target", TARGETS)
def test_a_condition_is_looked_at_in_each_network(target):
    """What is added to the step for a run leaves each replica its own values."""
    networks = [Built(0), Built(3)]
    found = []
    for until in (None, lambda: networks[0].E.V.max() > 0 * mV):
        sim = bind_networks(nd.Simulator(networks[0], dt=0.1 * ms, target=target), networks, [2, 3])
        sim.record(networks[0].I, "V")
        found.append(sim.run(4 * ms, until=until)[networks[1].I].V)
    np.testing.assert_array_equal(*found)
    assert (found[0][0] != found[0][1]).any()
