"""The order in which states of synapses lie on a processor: that of the side with more to do, and of no effect."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.runtime.cpu import arrangement
from tests.features.test_plastic_projections import DT, N_POST, N_PRE, Many, Pair, Spiking
from tests.targets import SIMULATED

pytestmark = pytest.mark.skipif(SIMULATED, reason="the processor")


def ran(target, path):
    """What a network computes, is given and shows, in runs between which states may come to lie otherwise."""
    net = Many()
    sim = nd.Simulator(net, dt=DT * ms, target=target, seed=11)
    sim.record(net.one, "weight", index=[3, 0])
    sim.record(net.own, "weight")
    found = [sim.run(steps * DT * ms, progress=False)[net.own].weight.magnitude for steps in (5, 9, 40)]
    sim.set(net.two, "weight", np.linspace(0.1, 1.9, N_PRE * N_POST) * mV)
    found.append(sim.run(9 * DT * ms, progress=False)[net.one].weight.magnitude)
    sim.save(path / target)
    again = Many()
    resumed = nd.Simulator.load(path / target, again)
    resumed.run(11 * DT * ms, progress=False)
    projections = (again.one, again.two, again.own, again.none, again.part)
    found += [resumed.get(proj, "weight").magnitude for proj in projections]
    found += [resumed.get(again.chance, name) for name in ("rested", "sent", "last")]
    found.append(resumed.get(again.post, "received").magnitude)
    sim.reset()
    return [*found, sim.get(net.two, "weight").magnitude, sim.run(3 * DT * ms)[net.own].weight.magnitude]


def test_no_bit_hangs_on_the_order_in_which_states_lie(monkeypatch, tmp_path):
    turns = []

    def turn(self, tables):
        turns.append({stage.term.connection for *_place, stage, _kernel in self._loops})
        for connection in turns[-1]:
            self._memory.turn(connection)
        return bool(turns[-1])

    monkeypatch.setattr(arrangement.Arrangement, "follow", turn)
    for mine, theirs in zip(ran("interpret", tmp_path), ran("cpu", tmp_path), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(turns) > 6
    assert min(map(len, turns)) == 6


def test_states_lie_in_the_order_of_the_side_whose_spikes_meet_more_of_them(monkeypatch):
    monkeypatch.setattr(arrangement, "_FEWEST", 0)
    net = Many()
    sim = nd.Simulator(net, dt=DT * ms, target="cpu", seed=11)
    sim.set(net.pre, "phase", np.full(N_PRE, -10_000))
    sim.run(60 * DT * ms, progress=False)
    (replica,) = sim.machine.replicas
    by_post = {replica.step.connections[number].name.rsplit(".", 1)[-1] for number in replica.memory.rows.by_post}
    assert by_post == {"one", "two", "part", "chance"}
    sim.set(net.pre, "phase", np.full(N_PRE, 5))
    sim.set(net.post, "phase", np.full(N_POST, -10_000))
    sim.run(150 * DT * ms, progress=False)
    assert not replica.memory.rows.by_post


@pytest.mark.parametrize(("n_pre", "n_post", "gaps"), [(512, 300, (12, 8)), (300, 264, (0, 12)), (20, 512, (8, 0))])
def test_rows_of_whole_matrices_begin_an_odd_number_of_lines_after_each_other(monkeypatch, n_pre, n_post, gaps):
    monkeypatch.setattr(arrangement, "_FEWEST", 10**12)
    net = nd.DynamicsGroup()
    net.pre = Spiking(n_pre, np.arange(n_pre) % 40 + 2, np.arange(n_pre) % 3)
    net.post = Spiking(n_post, np.arange(n_post) % 50 + 3, np.arange(n_post) % 4)
    comm = nd.AllToAll(n_pre, n_post, weight=nd.init.Uniform(0.5 * mV, 2 * mV))
    net.one = Pair(net.pre, net.post, comm=comm)
    sim = nd.Simulator(net, dt=DT * ms, target="cpu", seed=11)
    sim.record(net.one, "weight", index=[0, n_post + 1, -1])
    (replica,) = sim.machine.replicas
    rows, weights = replica.memory.rows, []
    for gap in (*gaps, gaps[0]):
        assert rows.gap(0) == gap
        result = sim.reset().run(60 * DT * ms, progress=False)
        weights.append((sim.get(net.one, "weight").magnitude, result[net.one].weight.magnitude))
        replica.memory.turn(0)
    for found in zip(*weights, strict=True):
        np.testing.assert_array_equal(found[0], found[1])
        np.testing.assert_array_equal(found[0], found[2])
    reference = nd.Simulator(net, dt=DT * ms, target="interpret", seed=11)
    reference.run(60 * DT * ms, progress=False)
    np.testing.assert_array_equal(weights[0][0], reference.get(net.one, "weight").magnitude)
