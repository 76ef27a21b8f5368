"""What does not fit into memory is refused with a forecast, before it is allocated; what comes later loses nothing."""

import numpy as np
import pytest
from quantities import ms, mV, nS, s

import numbadyn as nd
from numbadyn.errors import NotEnoughMemoryError
from numbadyn.runtime import room
from tests.features.agreement import recorded
from tests.features.small_network import simulator
from tests.targets import simulator_of

TARGETS = pytest.mark.parametrize("target", ["cpu", "interpret"])


@pytest.fixture
def free(monkeypatch):
    """Sets how much memory is free."""
    return lambda size: monkeypatch.setattr(room, "free_bytes", lambda: int(size))


def refused(action, *texts):
    with pytest.raises(NotEnoughMemoryError) as caught:
        action()
    for text in texts:
        assert text in str(caught.value)
    assert isinstance(caught.value, MemoryError)
    return caught.value


@TARGETS
def test_a_recording_that_cannot_fit_is_refused_and_the_run_can_go_on(target):
    sim = simulator(target)
    error = refused(
        lambda: sim.run(10**12 * s, progress=False),
        "Small.B.V (10000000000000000 samples of 20 elements)",
        "The recordings of this run need about",
        "GB free",
        "every=",
        "in pieces",
    )
    assert error.where == "Small.B.V"
    assert not hasattr(error, "result")
    assert sim.t == 0 * ms
    sim.record(sim.network.B, "V", every=10**14 * ms)
    sim.record(sim.network.A, "V", stop=1 * ms)
    assert sim.run(2 * ms, progress=False)[sim.network.A].V.shape == (10, 9)


def test_a_recording_is_measured_against_what_is_free(free):
    sim = simulator("interpret")
    free(20e6)
    sim.run(0.1 * s, progress=False)
    refused(lambda: sim.run(10 * s, progress=False), "0.02 GB, but", "0.02 GB free")
    sim.run(0.1 * s, progress=False)


@TARGETS
def test_synapses_that_cannot_fit_are_refused(target):
    net = nd.DynamicsGroup()
    net.E = nd.LIF(10**6)
    net.proj = nd.DeltaProj(
        net.E, comm=nd.FixedProb(10**6, 10**6, prob=1.0, weight=nd.init.Uniform(0 * mV, 1 * mV)), post=net.E
    )
    sim = simulator_of(net, 0.1 * ms, target)
    refused(sim.compile, "(1e+12 synapses) 12000.01 GB", "The synapses of DynamicsGroup", "would fit")


@TARGETS
def test_a_history_that_cannot_fit_is_refused(target, free):
    free(1e9)

    class Late(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(0.0)

        def update(self):
            self.x.value = self.x.value + self.prefetch_delay("x", 1e5 * ms)()
            return self.x.value

    sim = simulator_of(Late(1000), 0.1 * ms, target)
    refused(sim.compile, "Late.x (1000 elements, 1000", "steps) 8.", "shorter delays")


@TARGETS
def test_states_that_cannot_fit_are_refused(target, free):
    free(1e6)
    refused(simulator_of(nd.LIF(200_000), 0.1 * ms, target).compile, "LIF.V (200000 elements)", "fewer neurons")


def test_first_values_that_cannot_be_allocated_are_named(monkeypatch):
    model = nd.init_all_states(nd.LIF(3))

    def fails(*_arguments):
        raise MemoryError("Unable to allocate 14.9 GiB")

    monkeypatch.setattr(nd.State, "initial", fails)
    refused(lambda: nd.init_all_states(model), "The first values of LIF.V, 3 elements, need 0.00 GB")


def test_different_delays_that_cannot_fit_are_refused(free):
    net = nd.DynamicsGroup()
    net.E = nd.LIF(20_000)
    delay = nd.init.Uniform(0 * ms, 1000 * ms)
    net.proj = nd.DeltaProj(net.E, comm=nd.FixedInDegree(20_000, 20_000, num=5, weight=1 * mV), post=net.E, delay=delay)
    free(1e9)
    refused(simulator_of(net, 0.1 * ms, "interpret").compile, "different delays of 20000 presynaptic neurons 1.6")


@pytest.mark.parametrize("target", ["cpu", "interpret"])
def test_spikes_that_outgrow_memory_end_the_run_and_keep_what_came(target, free):
    """Every neuron fires in every step."""
    options = {"sizes": (600, 1), "V_th": -1000 * mV, "V_reset": -1001 * mV, "tau_ref": 0 * ms}
    sim, whole = (simulator(target, **options) for _ in range(2))
    for one in (sim, whole):
        one.record(one.network.A, "V", stop=1 * ms)
    free(2e6)
    error = refused(lambda: sim.run(0.05 * s, progress=False), "spikes so far", "recorded spikes", "in pieces")
    kept = error.result
    assert 0 < kept.last < 500
    assert kept[sim.network.A].spikes.count == 600 * kept.last
    free(1e12)
    rest = sim.run((500 - kept.last) * 0.1 * ms, progress=False)
    for name, values in recorded(whole.run(50 * ms, progress=False)).items():
        np.testing.assert_array_equal(np.concatenate([recorded(kept)[name], recorded(rest)[name]]), values)


@pytest.mark.parametrize("what", ["samples", "synapses", "states"])
def test_memory_that_runs_out_in_spite_of_the_forecast_is_named(what, monkeypatch):
    sim = simulator("interpret", weight=3 * nS)

    def fails(*_arguments, **_options):
        raise MemoryError("Unable to allocate 7.28 TiB for an array")

    if what == "samples":
        sim.compile()
        monkeypatch.setattr("numbadyn.runtime.logs.SampleLog.begin", fails)
    elif what == "synapses":
        object.__setattr__(sim.step.connections[0], "build", fails)
    else:
        monkeypatch.setattr("numbadyn.ir.interpreter.Interpreter.begin_histories", fails)
    refused(lambda: sim.run(1 * ms, progress=False), "Memory ran out for", what, "Unable to allocate 7.28 TiB")


GROUPS = {
    "version 2": (
        "0::/box\n",
        {"box/memory.max": "5000", "box/memory.current": "2000", "box/memory.stat": "anon 1\ninactive_file 500\n"},
        3500,
    ),
    "version 2, no limit": ("0::/box\n", {"box/memory.max": "max", "box/memory.current": "2000"}, 8192),
    "version 2, around": (
        "0::/a/b\n",
        {"a/memory.max": "5000", "a/memory.current": "4000", "a/b/memory.max": "max"},
        1000,
    ),
    "inside a container": ("0::/elsewhere\n", {"memory.max": "4000", "memory.current": "1000"}, 3000),
    "version 1": (
        "4:memory:/box\n",
        {"memory/box/memory.limit_in_bytes": "6000", "memory/box/memory.usage_in_bytes": "1000"},
        5000,
    ),
    "none": ("", {}, 8192),
}


@pytest.mark.parametrize("name", GROUPS)
def test_what_is_free_follows_the_limits_of_containers(name, tmp_path):
    text, files, expected = GROUPS[name]
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 99 kB\nMemAvailable:       8 kB\n")
    (tmp_path / "proc/self/cgroup").write_text(text)
    for path, content in files.items():
        place = tmp_path / "sys/fs/cgroup" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    assert room.free_bytes(tmp_path) == expected


def test_synapses_that_cannot_be_listed_are_refused(free):
    """The table fits where the list of both ends, weights and delays of each synapse does not."""
    neurons = nd.LIF(1000, name="cells")
    part = nd.DeltaProj(neurons[:800], comm=nd.AllToAll(800, 200, weight=1 * mV), post=neurons[800:], delay=1 * ms)
    net = nd.DynamicsGroup(name="Net")
    net.cells, net.part = neurons, part
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    assert sim.get(part, "weight").shape == (160_000,)
    free(4e6)
    for action in (lambda: part.edges(), lambda: part.edges(dt=0.2 * ms), lambda: sim.get(part, "weight")):
        refused(action, "Net.part (1.6e+05 synapses)", "The lists of all synapses need about 0.01 GB")
    sim.set(part, "weight", 2 * mV)  # one value for all takes no room
    free(1e6)
    for weight in (nd.init.Uniform(0 * mV, 1 * mV), lambda i, j: (i + j) * mV, np.ones(160_000) * mV):
        refused(lambda weight=weight: sim.set(part, "weight", weight), "New weights need about", "Net.part")
    free(1e9)
    assert set(sim.get(part, "weight").magnitude) == {2.0}
