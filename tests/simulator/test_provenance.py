"""Every result says how it was made, in plain data, and as it was when the run began."""

import gc
import json
import pickle
import platform
import weakref
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from numbadyn.simulator import provenance


class Net(nd.DynamicsGroup):
    """A network with each kind of thing that there is to say."""

    def __init__(self):
        super().__init__()
        self.share, self.shares = 0.25, [1, 2 * mV]
        self.drive = nd.TimedArray(np.arange(3.0) * pA, dt=1 * ms)
        self.noise = nd.PoissonGroup(6, rates=np.full(6, 100.0) * Hz)
        self.E = nd.LIFRef(100, tau=0.02 * 1000 * ms, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
        self.E.V_th.value = np.linspace(-50, -49, 100) * mV
        comm = nd.FixedProb(6, 100, prob=0.5, weight=nd.init.Uniform(1 * nS, 2 * nS))
        self.proj = nd.AlignPostProj(
            self.noise.output_delay(1.5 * ms),
            comm=comm,
            syn=nd.Expon.desc(tau=5 * ms),
            out=nd.COBA.desc(E=0 * mV),
            post=self.E,
        )


@pytest.fixture
def sim():
    return nd.Simulator(Net(), dt=0.5 * ms, seed=7, target="interpret")


def test_it_says_what_was_simulated_and_with_what(sim):
    made = sim.run(2 * ms).provenance
    assert made["network"]["name"] == "Net"
    assert made["network"]["structure"] == sim.structure_hash
    assert made["simulation"] | {"seed": 7, "target": "interpret", "precision": 64} == made["simulation"]
    assert made["simulation"]["dt"] == {"value": 0.5, "unit": "ms"}
    assert made["versions"]["numbadyn"] == nd.__version__
    assert made["versions"]["numpy"] == np.__version__
    assert {"numba", "python", "quantities"} <= set(made["versions"])
    assert made["machine"]["name"] == platform.node()
    assert made["machine"]["cores"] >= 1


def test_parameters_have_units(sim):
    made = sim.run(1 * ms).provenance
    parameters = made["parameters"]
    assert parameters["Net.E.tau"] == {"value": 20.0, "unit": "ms"}
    assert (parameters["Net.share"], parameters["Net.shares"]) == (0.25, [1, {"value": 2.0, "unit": "mV"}])
    assert parameters["Net.noise.rates"] == {"value": [0.1] * 6, "unit": "kHz"}
    assert parameters["Net.E.V_initializer"] == {"value": "Uniform(-60.0 mV, -50.0 mV)", "unit": "mV"}
    large = parameters["Net.E.V_th"]
    assert (large["shape"], large["unit"], large["min"], len(large["sha256"])) == ([100], "mV", -50.0, 64)
    assert parameters["Net.drive"]["dt"] == {"value": 1.0, "unit": "ms"}
    assert not any(name.endswith(".V") for name in parameters)  # states are no parameters
    rule = made["connections"]["Net.proj"]
    assert (rule["rule"], rule["prob"], rule["in_size"]) == ("FixedProb", 0.5, [6])
    assert rule["weight"] == {"value": "Uniform(1.0 nS, 2.0 nS)", "unit": "nS"}
    assert made["delays"] == {"Net.noise.output": {"value": [1.5], "unit": "ms"}}


def test_it_stays_as_it_was_when_things_change_later(sim):
    first = sim.run(1 * ms)
    sim.network.E.tau.value = 30 * ms
    sim.network.drive.values = np.full(3, 9.0) * pA
    sim.set(sim.network.proj, "weight", 3 * nS)
    second = sim.run(1 * ms).provenance
    assert first.provenance["parameters"]["Net.E.tau"]["value"] == 20.0
    assert first.provenance["parameters"]["Net.drive"]["values"]["value"] == [0.0, 1.0, 2.0]
    assert second["parameters"]["Net.E.tau"]["value"] == 30.0
    assert second["parameters"]["Net.drive"]["values"]["value"] == [9.0, 9.0, 9.0]
    assert second["connections"]["Net.proj"]["weight"] == {"value": 3.0, "unit": "nS"}
    assert first.provenance["connections"]["Net.proj"]["weight"]["unit"] == "nS"


def test_it_says_when_and_how_long(sim, monkeypatch):
    sim.run(1 * ms)
    monkeypatch.setattr(provenance, "time", SimpleNamespace(time=lambda: 1e9))
    result = sim.run(2 * ms)
    run = result.provenance["run"]
    assert (run["from"]["value"], run["to"]["value"], run["steps"], run["ended"]) == (1.0, 3.0, 4, "duration")
    ended = datetime.fromtimestamp(1e9, UTC)
    assert (ended - datetime.fromisoformat(run["started"])).total_seconds() == pytest.approx(result.seconds, abs=1.1e-3)
    assert {"trace", "build synapses", "run"} <= set(run["seconds"])


def test_a_seed_that_is_changed_is_shown(sim):
    simulation = sim.reset(seed=11).run(1 * ms).provenance["simulation"]
    assert (simulation["seed"], "connectivity_seeds" in simulation) == (11, False)
    simulation = sim.reset(seed=12, connectivity=False).run(1 * ms).provenance["simulation"]
    assert (simulation["seed"], simulation["connectivity_seeds"]) == (12, [11])


def test_it_can_be_stored_printed_and_pickled(sim):
    result = sim.run(1 * ms)
    made = result.provenance
    assert json.loads(made.to_json()) == made
    assert type(made).from_json(made.to_json()) == made
    assert pickle.loads(pickle.dumps(result)).provenance == made
    text = str(made)
    assert "  Net.E.tau: 20 ms\n" in text
    assert "  seed: 7\n" in text
    assert "shape 100, dtype float64, unit mV, min -50" in text


def test_a_simulator_says_what_it_would_run(sim):
    assert sim.provenance["parameters"]["Net.E.tau"]["value"] == 20.0
    assert sim.provenance["network"] == sim.run(1 * ms).provenance["network"]


def test_a_result_does_not_keep_the_network_alive(sim):
    result, network = sim.run(1 * ms), weakref.ref(sim.network)
    sim.__dict__.clear()
    gc.collect()
    assert network() is None
    assert result.provenance["parameters"]["Net.E.tau"]["value"] == 20.0


def test_a_replica_has_its_own_seed_and_what_varies():
    sim = nd.Simulator(Net(), dt=0.1 * ms, target="interpret", batch=3, seed=[3, 5, 4])
    sim.batch["E.tau"] = [10, 15, 20] * ms
    result = sim.run(1 * ms)
    simulation = result.provenance["simulation"]
    assert simulation["seeds"] == [3, 5, 4]
    tau = {"value": 15.0, "unit": "ms"}
    assert simulation["varied"]["E.tau"][1] == tau
    own = result.replica(1).provenance["simulation"]
    assert own | {"seed": 5, "replica": 1, "varied": {"E.tau": tau}} == own
    assert result.replicas([2, 1]).provenance["simulation"]["seeds"] == [4, 5]
    assert result.replicas([2, 1]).replica(1).provenance["simulation"] == own | {"replicas": 2}


def test_large_batches_are_told_in_full():
    sim = nd.Simulator(nd.LIF(2, name="E"), dt=0.5 * ms, target="interpret", batch=70)
    sim.batch["tau"] = np.arange(1.0, 71.0) * ms
    result = sim.run(1 * ms)
    assert len(result.provenance["simulation"]["seeds"]) == 70
    own = result.replica(69).provenance["simulation"]
    assert (own["seed"], own["varied"]["tau"]["value"]) == (result.coords["seed"][69], 70.0)
