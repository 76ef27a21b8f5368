"""The benchmark of GPUs without one: what it says then, its tables, its counts; and the microcircuit it can run."""

import importlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from numbadyn.runtime.cuda.diagnosis import Diagnosis
from tests.examples.pages import ROOT

FOLDER = ROOT / "examples" / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """Import a script of the folder; its neighbours are found as if it were run there."""
    monkeypatch.syspath_prepend(FOLDER)
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def gpu(script):
    return script("gpu")


# ---- without a device ------------------------------------------------------------------------------------------------


def test_without_a_device_it_says_why_and_ends(gpu, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    monkeypatch.setattr(gpu, "diagnose_cuda", lambda: Diagnosis(False, False, "There is none.", "Buy one."))
    with pytest.raises(SystemExit) as caught:
        gpu.main()
    assert caught.value.code == "No device to measure. There is none.\nCure: Buy one."


def test_its_process_ends_with_status_1_and_no_traceback(script):
    hidden = {"CUDA_VISIBLE_DEVICES": "", "NUMBA_ENABLE_CUDASIM": "0"}
    done = script("measuring").fresh([sys.executable, FOLDER / "gpu.py"], **hidden)
    assert done.code == 1
    assert done.errors.startswith("No device to measure. ")
    assert "\nCure: " in done.errors
    assert "Traceback" not in done.errors
    assert done.output == ""


def test_unknown_networks_are_refused(gpu, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--networks", "koba:1"])
    with pytest.raises(SystemExit):
        gpu.main()
    assert "no network 'koba:1'; there are adex_only, brunel, coba" in capsys.readouterr().err


def test_a_network_that_cannot_be_made_is_left_out(gpu, capsys):
    assert gpu.build("coba:0.01", 64, [gpu.Way("persistent", False)], 0.01, beside=False) == ({}, None)
    said = capsys.readouterr().err
    assert said.startswith("coba:0.01, persistent: ")
    assert said.endswith("left out\n")


# ---- tables ----------------------------------------------------------------------------------------------------------


def runner_of(gpu, name="coba:0.02", seconds=0.01, **options):
    return gpu.Runner(name, seconds, target="cpu", **options)


def test_figures_are_medians_and_ratios_of_each_round(gpu):
    runner = SimpleNamespace(window_ms=500.0, neurons=10, synapses=100)
    done = [gpu.Window(second, 20, 1e6) for second in (0.1, 0.2, 0.4)]
    base = [gpu.Window(second, 20, 1e6) for second in (0.1, 0.1, 0.1)]
    beside = [gpu.Window(second, 25, 1e6) for second in (0.3, 0.8, 0.8)]
    found = gpu.figures("a GPU", "coba:1", 64, gpu.Way("graph", True), runner, done, base, beside, [])
    assert (found.rtf, found.step_us) == (pytest.approx(0.4), pytest.approx(40.0))
    assert found.against_first == pytest.approx(2.0)
    assert found.events_per_s == pytest.approx(5e6)
    assert (found.bytes_per_s, found.against_copy) == (None, None)
    assert (found.rate_hz, found.cpu_rate_hz) == (pytest.approx(4.0), pytest.approx(5.0))
    assert (found.cpu_rtf, found.speedup) == (pytest.approx(1.6), pytest.approx(3.0))
    row = gpu.row(found)
    assert len(row) == len(gpu.HEADER)
    assert row[:6] == ["a GPU", "coba:1", "10", "100", "64", "graph, reproducible"]
    assert row[6:] == ["0.4", "40.00", "2.00", "0.005", "", "", "4.00", "1.6", "5.00", "3.00"]


def test_bandwidth_is_that_of_states_over_that_of_a_copy(gpu):
    runner = runner_of(gpu, "lif_only:0.001")
    done = [gpu.Window(seconds, 0, 0.0) for seconds in (1e-3, 2e-3)]
    found = gpu.figures("a GPU", "lif_only:0.001", 64, gpu.Way("persistent", False), runner, done, done, [], [1e7, 1e7])
    moved = 42 * 100 * 100  # bytes of a neuron, neurons, steps
    assert found.bytes_per_s == pytest.approx(moved * 0.75e3)
    assert found.against_copy == pytest.approx(moved * 0.75e3 / 1e7)
    assert (found.events_per_s, found.cpu_rtf, found.speedup) == (None, None, None)
    row = gpu.row(found)
    assert row[9:12] == ["", "0.315", "31.50"]
    assert row[13:] == ["", "", ""]


@pytest.mark.parametrize(("bits", "size"), [(64, 42), (32, 30)])
def test_bytes_of_a_step(gpu, bits, size):
    # V and the counter are read and written, the drive is read, the flag is written and read where it is collected
    program = runner_of(gpu, "lif_only:0.001", precision=bits).sim.program
    assert gpu.bytes_per_step(program, bits) == size * 100


def test_fixed_costs(gpu):
    row = gpu.fixed_row(SimpleNamespace(what="launches", number=1234, step_us=20.0, each_us=4.0))
    assert row == ["launches", "1,234", "20.00", "4.00"]
    assert gpu.fixed_row(SimpleNamespace(what="a wait", number=1, step_us=None, each_us=1.5))[2:] == ["", "1.50"]
    assert len(row) == len(gpu.FIXED_HEADER)


def test_synaptic_events_are_spikes_times_targets(gpu):
    runner = runner_of(gpu, "brunel:0.02", 0.05)
    window = runner.window()
    assert window.spikes > 10
    assert window.seconds > 0
    # all neurons have 20 + 5 sources; those of both kinds have as many targets in the mean
    assert window.events == pytest.approx(25 * window.spikes)
    assert runner.window()[1:] == window[1:]  # each window is the same one


def test_whole_script_with_the_processor_as_device(gpu, monkeypatch, capsys, tmp_path):
    """All of `main` but the costs of a device."""
    made = gpu.Runner

    def runner(name, seconds, **options):
        return made(name, seconds, target="cpu", precision=options["precision"])

    class Copy:
        def __init__(self, device):
            self.device = device

        def rate(self):
            return 1e9

    costs = SimpleNamespace(
        Copy=Copy,
        grid_waits=lambda *_: [SimpleNamespace(what="a wait", number=2, step_us=None, each_us=1.0, _asdict=dict)],
        tiny_population=lambda *_: [],
    )
    monkeypatch.setitem(sys.modules, "gpu_costs", costs)
    monkeypatch.setattr(gpu, "Runner", runner)
    monkeypatch.setattr(gpu, "Device", lambda: SimpleNamespace(name="no GPU"))
    monkeypatch.setattr(gpu, "simulated", lambda: False)
    monkeypatch.setattr(gpu, "diagnose_cuda", lambda: Diagnosis(True, False, "All is well.", ""))
    target = tmp_path / "figures.json"
    options = [
        "--networks",
        "lif_only:0.001",
        "coba:0.02",
        "--seconds",
        "0.01",
        "--rounds",
        "2",
        "--reproducible",
        "--json",
    ]
    monkeypatch.setattr(sys, "argv", ["gpu.py", *options, str(target)])
    gpu.main()
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| no GPU")]
    assert [row[1] for row in rows] == ["lif_only:0.001"] * 2 + ["coba:0.02"] * 2
    assert [row[5] for row in rows] == ["persistent", "persistent, reproducible"] * 2
    assert all(row[12] == row[14] for row in rows)
    assert "| a wait | 2 |  | 1.00 |" in lines
    written = json.loads(target.read_text(encoding="utf-8"))
    assert len(written["figures"]) == 4
    assert written["diagnosis"] == "All is well."


# ---- the microcircuit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "neurons", "synapses"), [(0.1, 7717, 3.0e6), (1.0, 77169, 298.9e6)])
def test_microcircuit_has_the_published_size(script, scale, neurons, synapses):
    net, population = script("microcircuit").microcircuit(scale)
    assert sum(part.num for part in population) == neurons
    rules = [module.comm for module in vars(net).values() if isinstance(module, nd.DeltaProj)]
    assert len(rules) == 55
    assert sum(rule.n_synapses for rule in rules) == pytest.approx(synapses, rel=0.01)


@pytest.mark.parametrize("scale", [1.0, 0.1, 0.3])
def test_microcircuit_has_the_numbers_of_the_other_simulators(script, monkeypatch, scale):
    monkeypatch.syspath_prepend(FOLDER / "peers")
    ours, theirs = script("microcircuit"), script("_common").micro_pars(scale, scale)
    np.testing.assert_array_equal(ours.sizes_of(scale), theirs["N"])
    np.testing.assert_array_equal(ours.numbers_of_synapses(scale), theirs["K"])
    np.testing.assert_allclose(ours.drives(scale), theirs["DC"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.weights() / np.sqrt(scale), theirs["W"])
    assert (list(ours.FIRST_MEAN), list(ours.FIRST_STD)) == (theirs["V0_mean"], theirs["V0_sd"])


def test_a_cell_of_the_microcircuit_is_exact(script):
    """A jump of the current makes the potential of the closed form, for any step."""
    tau, tau_syn, jump, drive, resistance = 10.0, 0.5, 1000.0, 50.0, 10.0 / 250.0
    for dt in (0.1, 0.5):
        cell = script("microcircuit").Cell(1, drive * pA, nd.init.Constant(-60 * mV))
        sim = nd.Simulator(cell, dt=dt * ms, target="interpret")
        sim.set(cell, "I", jump * pA)
        sim.run(3 * ms, progress=False)
        slow, fast = np.exp(-3.0 / tau), np.exp(-3.0 / tau_syn)
        limit = -65.0 + resistance * drive
        V = limit + (-60.0 - limit) * slow + jump * resistance * tau_syn / (tau - tau_syn) * (slow - fast)
        assert float(sim.get(cell, "V")[0].magnitude) == pytest.approx(V, rel=1e-12)
        assert float(sim.get(cell, "I")[0].magnitude) == pytest.approx(jump * fast, rel=1e-12)


def rates(script, scale, duration, target):
    """Rates of all populations in Hz, and the simulator."""
    net, population = script("microcircuit").microcircuit(scale)
    sim = nd.Simulator(net, dt=0.1 * ms, target=target, seed=1, delays="nearest")
    for part in population:
        sim.record(part, spikes=True)
    sim.run(100 * ms, progress=False)
    result = sim.run(duration, progress=False)
    return [float(result[part].spikes.rate.magnitude) for part in population], sim


def test_a_small_microcircuit_runs(script):
    found, sim = rates(script, 0.005, 50 * ms, "cpu")
    assert 0.5 < np.mean(found) < 50.0
    delays = np.concatenate([made.delays for made in sim.tables])
    assert delays.min() == 1
    assert 30 < delays.max() < 60
    for kind, mean in (("E", 1.5), ("I", 0.75)):
        parts = [part.edges().delay.magnitude for name, part in vars(sim.network).items() if f"{kind}_to_" in name]
        drawn = np.concatenate(parts)
        assert drawn.mean() == pytest.approx(mean, abs=2 * mean / 2 / np.sqrt(drawn.size))


@pytest.mark.slow
@pytest.mark.statistical
def test_microcircuit_has_about_the_published_rates(script):
    # of the whole network; a tenth of it differs by up to 25 % (seeds 1 to 3, 3 s each), and by 5 % from run to run
    found, _sim = rates(script, 0.1, 1000 * ms, "cpu")
    np.testing.assert_allclose(found, [0.85, 2.86, 4.37, 5.81, 7.26, 8.56, 1.12, 7.76], rtol=0.4)
