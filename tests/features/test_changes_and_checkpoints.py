"""Runs whose calls change the network, or that become longer: what goes on from a checkpoint is what was never left."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import CallError, CheckpointWriteError, RecordingError

LONG = 12 * ms


class LeftError(Exception):
    """What ends a run in the middle."""


def make(batch=None, **options):
    """One cell that adds up the spikes that arrive, one a millisecond."""
    net = nd.DynamicsGroup()
    net.source = nd.SpikeTrain(1, indices=[0] * 19, times=(0.5 + np.arange(19)) * ms)
    net.cell = nd.LIF(1, R=1.0, V_rest=0 * mV, V_th=1000 * mV, tau=1e6 * ms, V_initializer=nd.init.Constant(0 * mV))
    net.joined = nd.DeltaProj(net.source, comm=nd.AllToAll(1, 1, weight=1 * mV), post=net.cell)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", batch=batch, seed=5, **options)
    sim.record(net.cell, "V", nd.reduce.Mean("V"), every=1 * ms)
    sim.record(net.source, nd.reduce.PopulationRate(bin=1.7 * ms), nd.reduce.Counts(bin=2 * ms))
    return sim


def now(sim):
    return float(sim.t / ms)


def assign(sim):
    sim.network.joined.comm.weight = (1 + now(sim)) * mV


def draw(sim):
    sim.network.joined.comm.weight = nd.init.Normal((1 + now(sim)) * mV, 0.3 * mV)


def put(sim):
    sim.set(sim.network.joined, "weight", (1 + now(sim)) * mV)
    assign(sim)  # of no effect, since weights were set


def vary_weights(sim):
    assign(sim)
    if now(sim) > 3:
        sim.batch["joined.weight"] = (np.array([1, 2, 3]) + now(sim)) * mV


def vary_parameters(sim):
    sim.batch["cell.tau"] = np.array([1, 2, 3]) * now(sim) * ms


def give_back(sim):
    if now(sim) < 5:
        vary_parameters(sim)
    elif "cell.tau" in sim.batch.coords and now(sim) > 9:
        del sim.batch["cell.tau"]


@pytest.mark.parametrize(
    ("batch", "change"),
    [(None, assign), (None, put), (3, assign), (3, draw), (3, vary_weights), (3, vary_parameters), (3, give_back)],
)
def test_what_calls_have_changed_goes_on(batch, change, tmp_path):
    asked = {"checkpoint": tmp_path / "run", "checkpoint_every": 3 * ms, "every": 2 * ms}

    def until_seven(sim):
        if sim.t > 7 * ms:
            raise LeftError
        change(sim)

    whole = make(batch).run(LONG, every=2 * ms, call=change)
    with pytest.raises(LeftError):
        make(batch).run(LONG, call=until_seven, **asked)
    left = make(batch).run(LONG, call=change, **asked)
    np.testing.assert_array_equal(left["cell"].V, whole["cell"].V)
    assert len(np.unique(whole["cell"].V)) > 10


def test_weights_of_one_replica_are_loaded(tmp_path):
    sim = make(3, shared="connectivity")
    sim.set(sim.network.joined, "weight", 5 * mV, replica=2)
    sim.run(2 * ms)
    sim.save(tmp_path / "state")
    again = nd.Simulator.load(tmp_path / "state", make().network, target="interpret")
    np.testing.assert_array_equal(again.run(2 * ms)["cell"].V, sim.run(2 * ms)["cell"].V)
    assert again.edges(again.network.joined, replica=2).weight == 5 * mV


def test_reducers_go_on_in_a_run_that_becomes_longer(tmp_path):
    make().run(5 * ms, checkpoint=tmp_path / "run")
    longer, whole = make().run(LONG, checkpoint=tmp_path / "run"), make().run(LONG)
    for name, recording in whole.recordings.items():
        assert recording.reduced
        for reducer, found in recording.reduced.items():
            np.testing.assert_array_equal(longer[name].reduced[reducer].values, found.values)


def test_a_call_may_return_the_truth_of_numpy():
    assert make().run(LONG, every=1 * ms, call=lambda sim: sim.t > 3.5 * ms).last == 40
    with pytest.raises(CallError, match="3 truth values"):
        make(3).run(LONG, every=1 * ms, call=lambda sim: sim.get(sim.network.cell, "V")[:, 0] > 2 * mV)


def test_what_is_no_path_is_named():
    sim = make()
    for asked in (lambda: sim.save(3), lambda: nd.Simulator.load(3, sim.network), lambda: sim.run(LONG, checkpoint=3)):
        with pytest.raises(CheckpointWriteError, match="3 is no path"):
            asked()
    with pytest.raises(RecordingError, match=r"Rate\(\.\.\.\)"):
        sim.record(sim.network.source, nd.reduce.Rate)
