"""The code for devices, run by the processor: many blocks, threads in any order, streams that are late or early.

What is compiled is what NVIDIA's compiler would get, so that errors of Numba's typing and lowering for GPUs show here,
and so do waits that are missing: some order of threads brings who needs a value before who makes it.
"""

import re

import numpy as np
import pytest
from numba import cuda, float64, void
from numba.types import Array
from quantities import ms, mV

import numbadyn as nd
from numbadyn.codegen.native.choice import COMPILER
from numbadyn.runtime.cuda import logs as cuda_logs
from numbadyn.runtime.cuda import machine as cuda_machine
from numbadyn.runtime.cuda import target as cuda_target
from numbadyn.runtime.cuda.launches import GraphLaunches
from tests.cuda.networks import NETWORKS
from tests.features.agreement import assert_same, recorded, states_and_spikes

pytestmark = pytest.mark.emulated

WAYS = {"ascending": False, "descending": True, "shuffled": False}
"""Orders of threads, and whether streams are eager."""

MOST = ("delayed", "gap junctions", "inputs", "learning", "nested", "operations", "pair", "synapses", "windows")
"""Networks that together have nearly all there is; the others are slow tests, which `.ci/run` leaves out."""

NAMES = [name if name in MOST else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS]

WAIT = "        grid.sync()"


def run(name, target="cuda", duration=5 * ms, **options):
    sim = nd.Simulator(NETWORKS[name](), dt=0.1 * ms, seed=5, target=target, **options)
    states_and_spikes(sim)
    return sim.run(duration, progress=False)


def use(monkeypatch, order):
    from tests.cuda.emulator.device import EmulatedDevice

    devices = []

    def made():
        devices.append(EmulatedDevice(order, eager=WAYS[order]))
        return devices[-1]

    monkeypatch.setattr(cuda_target, "Device", made)
    return devices


def test_a_graph_serves_all_runs_that_record_the_same(monkeypatch):
    use(monkeypatch, "shuffled")
    captured, capture = [], GraphLaunches._captured
    monkeypatch.setattr(GraphLaunches, "_captured", lambda self, given: captured.append(self) or capture(self, given))
    sims = [
        nd.Simulator(NETWORKS["pair"](), dt=0.1 * ms, target=target, **options)
        for target, options in (("interpret", {}), ("cuda", {"reproducible": True, "launch": "graph"}))
    ]
    for sim in sims:
        states_and_spikes(sim)
    for number in range(4):
        expected, found = (sim.run(6 * ms, progress=False) for sim in sims)
        assert_same(found, expected)
        if number == 1:
            first = len(captured)
    assert 0 < len(captured) == first


@pytest.mark.parametrize("name", NAMES)
def test_bits_of_the_interpreter_in_any_order_of_threads(name, monkeypatch):
    bits = (32, 64)[list(NETWORKS).index(name) % 2]
    expected = run(name, "interpret", precision=bits)
    for order in WAYS:
        devices = use(monkeypatch, order)
        assert_same(run(name, precision=bits, reproducible=True), expected)
        assert devices[0].waits > 0


@pytest.mark.parametrize(("name", "batch"), [("population", None), ("pair", 2)])
def test_a_condition_ends_a_run_at_one_step_in_any_order_of_threads(name, batch, monkeypatch):
    def ended(target, **options):
        net = NETWORKS[name]()
        sim = nd.Simulator(net, dt=0.1 * ms, seed=5, target=target, batch=batch, **options)
        states_and_spikes(sim)
        V = (net.cells if name == "population" else net.E).V
        first = sim.run(5 * ms, progress=False, until=lambda: (V.max() < 1e3 * mV) & (nd.environ.get("t") > 2.05 * ms))
        return first, sim.run(1 * ms, progress=False, until=lambda: V.max() > 1e3 * mV)

    expected = ended("interpret")
    assert [(run.ended, run.last) for run in expected] == [("until", 21), ("duration", 31)]
    for order in WAYS:
        use(monkeypatch, order)
        for one, other in zip(ended("cuda", reproducible=True), expected, strict=True):
            assert (one.ended, one.last) == (other.ended, other.last)
            assert_same(one, other)


@pytest.mark.parametrize(("launch", "orders"), [("persistent", list(WAYS)), ("graph", ["shuffled"])])
def test_replicas_have_the_bits_of_the_interpreter(launch, orders, monkeypatch):
    def batch(target, **options):
        sim = nd.Simulator(NETWORKS["pair"](), dt=0.1 * ms, target=target, seed=[5, 9, 2], batch=3, **options)
        states_and_spikes(sim)
        return sim.run(5 * ms, progress=False)

    expected = batch("interpret")
    monkeypatch.setattr(cuda_logs, "_SPIKES_OF_BATCH", 3000)  # some launches
    for order in orders:
        devices = use(monkeypatch, order)
        found = batch("cuda", reproducible=True, launch=launch)
        for number in range(3):
            assert_same(found.replica(number), expected.replica(number))
        assert devices[0].launched.count("gather") > 1
        assert (devices[0].waits > 0) == (launch == "persistent")


@pytest.mark.parametrize("name", ["pair", pytest.param("cells", marks=pytest.mark.slow)])
def test_default_numerics_are_close(name, monkeypatch):
    expected = recorded(run(name, "interpret"))
    for order in WAYS:
        use(monkeypatch, order)
        found = recorded(run(name))
        for key, array in expected.items():
            if "spike" in key:
                np.testing.assert_array_equal(found[key], array, err_msg=key)
            else:
                np.testing.assert_allclose(found[key], array, rtol=1e-9, atol=1e-12, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pair", "operations"])
def test_numba_alone_makes_kernels_of_the_same_bits(name, monkeypatch):
    expected = run(name, "interpret")
    monkeypatch.setenv(COMPILER, "numba")
    use(monkeypatch, "shuffled")
    assert_same(run(name, reproducible=True), expected)


def test_targets_whose_bins_are_full_keep_the_order(monkeypatch):
    expected = run("pair", "interpret")
    for most in (0, 1, 2):
        monkeypatch.setattr(cuda_machine, "_MOST_IN_BIN", most)
        use(monkeypatch, "shuffled")
        assert_same(run("pair", reproducible=True), expected)


def test_a_wait_that_is_left_out_changes_results(monkeypatch):
    """Without any one of those of each step some order of threads gives something else."""
    source, texts = cuda_machine.cuda_source, []
    expected = recorded(run("nested", "interpret"))
    monkeypatch.setattr(cuda_machine, "cuda_source", lambda *a, **o: texts.append(source(*a, **o)) or texts[-1])
    use(monkeypatch, "ascending")
    run("nested")
    begin = texts[0].index("    while step < stop")
    waits = [found.start() for found in re.finditer(r"(?m)^        grid\.sync\(\)$", texts[0]) if found.start() > begin]
    assert len(waits) == 2
    for wait in waits:
        text = texts[0][:wait] + "        pass" + texts[0][wait + len(WAIT) :]
        monkeypatch.setattr(cuda_machine, "cuda_source", lambda *_a, text=text, **_o: text)
        wrong = 0
        for order in WAYS:
            use(monkeypatch, order)
            found = recorded(run("nested"))
            wrong += any(
                found[key].shape != array.shape or not np.allclose(found[key], array) for key, array in expected.items()
            )
        assert wrong, text


# ---- the emulator itself ---------------------------------------------------------------------------------------------


def shift(values, waits):
    grid = cuda.cg.this_grid()
    thread, threads = cuda.grid(1), cuda.gridsize(1)
    kept = values[(thread + 1) % threads]
    if waits[0] > thread:
        grid.sync()
    values[thread] = kept


def shifted(number, order):
    from tests.cuda.emulator.code import Code
    from tests.cuda.emulator.threads import ORDERS, run_threads

    values = np.arange(6.0)
    code = Code(shift, void(Array(float64, 1, "C"), Array(float64, 1, "C")))
    run_threads(code, 2, 3, (values, np.array([float(number)])), ORDERS[order])
    return values.tolist()


def test_threads_meet_at_a_wait():
    assert shifted(6, "ascending") == shifted(6, "descending") == [1, 2, 3, 4, 5, 0]


def test_a_race_depends_on_the_order():
    assert shifted(0, "ascending") == [1, 2, 3, 4, 5, 1]
    assert shifted(0, "descending") == [0, 0, 0, 0, 0, 0]


def test_threads_that_wait_for_those_that_ended_are_told():
    from tests.cuda.emulator.threads import DeadlockError

    with pytest.raises(DeadlockError, match="2 of 6 threads wait"):
        shifted(2, "ascending")
