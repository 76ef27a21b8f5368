"""A real device: bits of the processor, all ways of launching, fast sums, builders, full buffers, pieces of runs.

What a device has and Numba's simulator lacks is what these tests are for: many blocks at once, kernels and copies side
by side, graphs, contraction, memory that is not that of the host. Networks are those of `tests.cuda.networks`, and
larger ones of the benchmarks.
"""

import importlib.util

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from numbadyn.errors import NonFiniteStateError
from numbadyn.projections.connectivity import FixedInDegree, FixedOutDegree, FixedProb, FixedTotalNumber
from numbadyn.runtime.builders import build
from numbadyn.runtime.builders.cuda.build import build_on_device
from numbadyn.runtime.cuda import logs as cuda_logs
from numbadyn.runtime.cuda.device import Device
from tests.cuda.networks import NETWORKS
from tests.examples.pages import ROOT
from tests.features.agreement import recorded, states_and_spikes
from tests.features.both import _record_everything as everything

pytestmark = [pytest.mark.gpu, pytest.mark.emulated]  # where there is no device, those that are not slow are for all
slow = pytest.mark.slow

DT = 0.1 * ms
SHORT, LONG = 20 * ms, 100 * ms
SCALES = {"coba": 1.0, "lif_only": 0.1, "hh_only": 0.02, "microcircuit": 0.05}
SYNAPSES = 1_000_000
BUSY = 1000
WAYS = ("persistent", "graph", "single")


# ---- helpers ---------------------------------------------------------------------------------------------------------


def benchmark(name):
    """A network of the benchmarks at its scale; gives a maker."""
    module = "microcircuit" if name == "microcircuit" else "networks"
    path = ROOT / "examples" / "benchmarks" / f"{module}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{module}", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return lambda: getattr(loaded, name)(SCALES[name])[0]


def only_spikes(sim):
    """Record the spikes of all populations."""
    for module in (module for module in vars(sim.network).values() if isinstance(module, nd.Neuron)):
        sim.record(module, spikes=True)


def simulator(make, target="cuda", record=states_and_spikes, **options):
    sim = nd.Simulator(make(), dt=DT, seed=5, target=target, **options)
    record(sim)
    return sim


def run(make, target="cuda", duration=SHORT, record=states_and_spikes, **options):
    return recorded(simulator(make, target, record, **options).run(duration, progress=False))


def bits(array):
    """The array as whole numbers, so that NaN equals NaN and zero differs from minus zero."""
    flat = np.ascontiguousarray(array)
    return flat.view(f"u{flat.dtype.itemsize}") if flat.dtype.kind == "f" else flat


def assert_same_bits(found, expected, where=""):
    """Compare arrays by name; a mismatch names the array, the first place in it (step, element) and both values."""
    assert found.keys() == expected.keys()
    assert expected, "there is nothing to compare"
    wrong = []
    for name, array in expected.items():
        there, here = np.asarray(found[name]), np.asarray(array)
        assert there.dtype == here.dtype, name
        if there.shape != here.shape:
            wrong.append(f"{name} has the shape {there.shape}, not {here.shape}")
            there, here = (values[: min(len(there), len(here))] for values in (there, here))
        differ = np.argwhere(bits(there) != bits(here))
        if differ.size:
            first = tuple(map(int, differ[0]))
            wrong.append(
                f"{name} differs in {len(differ)} of {here.size} values, first at (step, element) {first}: device "
                f"{there[first]!r}, processor {here[first]!r}"
            )
    assert not wrong, "\n".join([where, *wrong])


def events(arrays):
    """Number of spikes."""
    return sum(array.size for name, array in arrays.items() if name.endswith("spike indices"))


# ---- bits ------------------------------------------------------------------------------------------------------------


@slow
@pytest.mark.parametrize("precision", [64, 32])
@pytest.mark.parametrize("name", NETWORKS)
def test_bits_of_the_processor(name, precision):
    for record in (states_and_spikes, everything):
        found = run(NETWORKS[name], record=record, precision=precision, reproducible=True)
        expected = run(NETWORKS[name], "cpu", record=record, precision=precision)
        assert_same_bits(found, expected, f"{name}, {precision} bits, {record.__name__}")


@slow
@pytest.mark.parametrize("launch", ["graph", "single"])
@pytest.mark.parametrize("name", NETWORKS)
def test_other_ways_of_launching_give_the_same_bits(name, launch):
    found = run(NETWORKS[name], reproducible=True, launch=launch)
    assert_same_bits(found, run(NETWORKS[name], reproducible=True), f"{name}, {launch}")


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("coba", 64),
        *(pytest.param(*case, marks=slow) for case in (("coba", 32), ("microcircuit", 64), ("microcircuit", 32))),
    ],
)
def test_larger_networks_have_the_bits_of_the_processor(name, precision):
    make = benchmark(name)
    found = run(make, duration=LONG, record=only_spikes, precision=precision, reproducible=True)
    expected = run(make, "cpu", LONG, only_spikes, precision=precision)
    assert events(expected) > 100
    assert_same_bits(found, expected, f"{name}, {precision} bits")


@slow
@pytest.mark.parametrize("launch", ["graph", "single"])
def test_a_larger_network_does_not_depend_on_the_way(launch):
    make = benchmark("coba")
    found = run(make, record=only_spikes, reproducible=True, launch=launch)
    assert_same_bits(found, run(make, record=only_spikes, reproducible=True), launch)


@slow
def test_many_runs_are_one_run():
    """What depends on who comes first would differ at times."""
    make = benchmark("coba")
    first = run(make, record=only_spikes, reproducible=True)
    sim = simulator(make, record=only_spikes, reproducible=True)
    for attempt in range(5):
        assert_same_bits(recorded(sim.reset().run(SHORT, progress=False)), first, f"run {attempt}")


# ---- fast sums -------------------------------------------------------------------------------------------------------


@slow
@pytest.mark.parametrize("launch", WAYS)
@pytest.mark.parametrize("name", ["lif_only", "hh_only"])
def test_fast_states_of_uncoupled_neurons_are_close(name, launch):
    # rounding differs; a threshold that is just met or just missed may shift a few spikes by a step
    make = benchmark(name)
    found, expected = run(make, launch=launch), run(make, "cpu")
    for key, array in expected.items():
        if "spike" in key:
            assert found[key].size == pytest.approx(array.size, rel=0.01), key
        else:
            far = ~np.isclose(found[key], array, rtol=1e-6, atol=1e-6)
            assert far.mean() < 0.01, f"{key}: {far.sum()} of {far.size} differ, first at {np.argwhere(far)[0]}"


@slow
def test_fast_states_at_single_precision_are_close():
    make = benchmark("lif_only")
    found, expected = run(make, precision=32), run(make, "cpu", precision=32)
    for key, array in expected.items():
        if "spike" not in key:
            far = ~np.isclose(found[key], array, rtol=1e-4, atol=1e-3)
            assert far.mean() < 0.01, f"{key}: {far.sum()} of {far.size} differ, first at {np.argwhere(far)[0]}"


@slow
@pytest.mark.statistical
@pytest.mark.parametrize("launch", ["persistent", "graph"])
def test_fast_rate_of_a_recurrent_network(launch):
    # The rate of the excitatory neurons over 500 ms scatters with a standard deviation of 0.68 Hz from window to window
    # (40 windows on the processor), so over 2 s with 0.34 Hz; 3 Hz are 6 standard deviations of a difference.
    make, rates = benchmark("coba"), []
    for target, options in (("cuda", {"launch": launch}), ("cpu", {})):
        sim = simulator(make, target, only_spikes, **options)
        sim.run(2 * LONG, progress=False)
        rates.append(float(sim.run(20 * LONG, progress=False)[sim.network.E].spikes.rate.magnitude))
    assert abs(rates[0] - rates[1]) < 3.0, rates


@slow
@pytest.mark.parametrize("launch", WAYS)
def test_fast_spikes_are_in_order(launch):
    arrays = run(benchmark("coba"), duration=LONG, record=only_spikes, launch=launch)
    assert events(arrays) > 100
    for name, indices in arrays.items():
        if name.endswith("spike indices"):
            steps = arrays[name.replace("indices", "steps")]
            assert np.all(np.diff(steps * 100_000 + indices) > 0), name


# ---- builders --------------------------------------------------------------------------------------------------------


@slow
@pytest.mark.parametrize("real", [np.float64, np.float32])
@pytest.mark.parametrize("rule", ["FixedProb", "FixedInDegree", "FixedOutDegree", "FixedTotalNumber"])
def test_a_million_synapses_have_the_bits_of_the_processor(rule, real):
    n = max(10, SYNAPSES // 100)
    weight = nd.init.Normal(4.0, 1.5, low=0.0)
    made = {
        "FixedProb": lambda: FixedProb(n, n, min(1.0, 100 / n), weight),
        "FixedInDegree": lambda: FixedInDegree(n, n, min(n, 100), weight, multapses=False),
        "FixedOutDegree": lambda: FixedOutDegree(n, n, min(n, 100), weight, multapses=False),
        "FixedTotalNumber": lambda: FixedTotalNumber(n, n, SYNAPSES, weight),
    }[rule]()
    for delay in (None, nd.init.Normal(1.5 * ms, 0.75 * ms, low=0.1 * ms)):
        common = {"delay": delay, "dt": 0.1, "seed": 2**35 + 11, "stream": 0x80000010, "real": real}
        there, here = build_on_device(Device(), made, **common).to_host(), build(made, **common)
        names = [name for name in ("delays", "offsets", "targets", "weights") if getattr(here, name) is not None]
        assert here.n_synapses > 0.5 * min(SYNAPSES, n * n)
        assert_same_bits(*({name: getattr(table, name) for name in names} for table in (there, here)), rule)


# ---- runs ------------------------------------------------------------------------------------------------------------


class Busy(nd.LIF):
    """Neurons that spike in every step to every tenth one."""

    def __init__(self):
        super().__init__(BUSY)
        self.drive = nd.Parameter(np.linspace(2000.0, 20_000.0, BUSY) * pA)

    def update(self):
        return super().update(self.drive)


@pytest.mark.parametrize("launch", WAYS)
def test_full_buffers_lose_nothing(monkeypatch, launch):
    expected = run(Busy, "cpu")
    monkeypatch.setattr(cuda_logs, "_SPIKES", 1)  # room for two steps in which everybody fires, and no more
    endings, collect = [], cuda_logs.LaunchLogs.collect
    monkeypatch.setattr(cuda_logs.LaunchLogs, "collect", lambda logs: endings.append(collect(logs)) or endings[-1])
    assert_same_bits(run(Busy, reproducible=True, launch=launch), expected, launch)
    assert 1 in [ending.status for each in endings for ending in each], "no buffer was ever full"


def test_little_room_for_samples_makes_short_launches(monkeypatch):
    expected = run(NETWORKS["pair"], "cpu")
    monkeypatch.setattr(cuda_logs, "_SAMPLE_BYTES", 1000)
    assert_same_bits(run(NETWORKS["pair"], reproducible=True), expected)


@pytest.mark.parametrize("launch", WAYS)
@pytest.mark.parametrize("name", ["pair", *(pytest.param(name, marks=slow) for name in ("delayed", "windows"))])
def test_a_run_in_pieces_is_one_run(name, launch):
    whole = run(NETWORKS[name], duration=SHORT, reproducible=True, launch=launch)
    sim = simulator(NETWORKS[name], reproducible=True, launch=launch)
    pieces = [recorded(sim.run(steps * DT, progress=False)) for steps in (1, 31, 32, 33, 1, 102)]
    joined = {key: np.concatenate([piece[key] for piece in pieces]) for key in whole}
    assert_same_bits(joined, whole, f"{name}, {launch}")


@pytest.mark.parametrize("launch", WAYS)
def test_states_can_be_read_written_and_reset(launch):
    there = simulator(NETWORKS["pair"], reproducible=True, launch=launch)
    here = simulator(NETWORKS["pair"], "cpu")
    for sim in (there, here):
        sim.run(SHORT / 2, progress=False)
        sim.set(sim.network.E, "V", sim.get(sim.network.E, "V") + 1 * mV)
        sim.set(sim.network.I, "V", -70 * mV)
    assert_same_bits(*(recorded(sim.run(SHORT / 2, progress=False)) for sim in (there, here)))
    for name in ("E", "I"):
        states = [{"V": sim.get(getattr(sim.network, name), "V").magnitude} for sim in (there, here)]
        assert_same_bits(*states, name)
    again = recorded(there.reset().run(SHORT, progress=False))
    assert_same_bits(again, run(NETWORKS["pair"], "cpu"), "after a reset")


@slow
def test_parameters_that_change_between_runs_are_seen():
    arrays = []
    for target, options in (("cuda", {"reproducible": True}), ("cpu", {})):
        sim = simulator(NETWORKS["small"], target, **options)
        sim.run(SHORT / 2, progress=False)
        sim.network.A.drive.value = 400 * pA
        arrays.append(recorded(sim.run(SHORT / 2, progress=False)))
    assert_same_bits(*arrays)


@pytest.mark.parametrize("launch", WAYS)
def test_not_a_number_ends_a_run_as_on_the_processor(launch):
    class Root(nd.Dynamics):
        def __init__(self):
            super().__init__(300)

        def init_state(self):
            self.x = nd.State(nd.init.Uniform(0.5, 1.0))

        def update(self):
            self.x.value = np.sqrt(self.x.value) - 0.1 * self.x.value

    texts = []
    for target, options in (("cuda", {"launch": launch, "reproducible": True}), ("cpu", {})):
        sim = simulator(Root, target, lambda sim: sim.record(sim.network, "x"), **options)
        sim.set(sim.network, "x", np.where(np.arange(300) == 277, -1.0, 0.7))
        with pytest.raises(NonFiniteStateError) as caught:
            sim.run(LONG, progress=False)
        texts.append(str(caught.value).partition(" between ")[0])  # when states are looked at is up to the target
        assert np.isnan(caught.value.result[sim.network]["x"][-1, 277])
    assert texts[0] == texts[1]
    assert "Root.x became NaN in element 277" in texts[0]
