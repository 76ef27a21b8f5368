"""The examples run at a small size, print what they promise, and refuse what has no meaning."""

import importlib.util
import sys

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from tests.examples.pages import ROOT

PNG = b"\x89PNG"


def load(name):
    """Import an example by its path; `examples` is no package."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_and_keep(name, folder):
    """Run an example once as its user does; give the module and what its `run` gave, after a look at the picture."""
    pytest.importorskip("matplotlib")
    example, kept, picture = load(name), [], folder / f"{name}.png"
    run = example.run
    example.run = lambda *args, **named: kept.append(run(*args, **named)) or kept[-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"{name}.py", "--out", str(picture)])
        example.main()
    assert picture.read_bytes()[:4] == PNG
    example.run = run
    return example, kept[0]


@pytest.fixture
def call(monkeypatch, capsys):
    """Run an example with a command line; give what it prints."""

    def run(name, *options):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, options)])
        load(name).main()
        return capsys.readouterr().out

    return run


def test_ei_balance_reports_and_draws(call, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "ei.png"
    printed = call("ei_balance", "--scale", 0.1, "--seconds", 0.1, "--out", picture)
    for promised in ("first step", "compile", "times real time", "320 neurons", "80 neurons", "Hz"):
        assert promised in printed
    assert picture.read_bytes()[:4] == PNG


def test_ei_balance_imports_no_matplotlib_without_a_plot(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "picture" not in call("ei_balance", "--scale", 0.1, "--seconds", 0.01, "--no-plot")


def test_ei_balance_gives_the_same_rates_on_both_targets(call):
    options = "--scale", 0.05, "--seconds", 0.02, "--no-plot"
    rates = [call("ei_balance", *options, "--target", target).splitlines()[-2:] for target in ("cpu", "interpret")]
    assert rates[0] == rates[1]


def test_ei_balance_is_as_in_the_paper():
    net = load("ei_balance").EINet()
    assert (net.E.num, net.I.num) == (3200, 800)
    assert net.E2I.comm.prob == pytest.approx(0.02)
    assert net.E2E.syn is not net.I2E.syn


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ei_balance", ("--scale", "0.001")),
        ("brunel", ("--scale", "0.001")),
        ("ei_balance", ("--scale", "nan")),
        ("ei_balance", ("--target", "gpu")),
        ("plasticity", ("--inputs", "3")),
        ("brunel", ("--out", "no/such/folder/brunel.png")),
        ("sweep", ("--scale", "0.001")),
        ("sweep", ("--points", "0", "3")),
    ],
)
def test_bad_options_are_refused(call, capsys, name, options):
    with pytest.raises(SystemExit):
        call(name, *options)
    assert options[0] in capsys.readouterr().err


def test_brunel_reports_rate_and_irregularity(call, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "brunel.png"
    printed = call("brunel", "--scale", 0.04, "--seconds", 0.05, "--g", 5, "--eta", 2, "--out", picture)
    for promised in ("500 neurons, g = 5, eta = 2", "rate", "CV of ISI"):
        assert promised in printed
    assert picture.read_bytes()[:4] == PNG


def test_brunel_scales_the_weights_against_the_in_degree():
    brunel = load("brunel")
    whole, fifth = brunel.Brunel(), brunel.Brunel(scale=0.2)
    assert (whole.exc.comm.num, whole.inh.comm.num, whole.neurons.num) == (1000, 250, 12_500)
    assert (fifth.exc.comm.num, fifth.inh.comm.num, fifth.neurons.num) == (200, 50, 2_500)
    drives = [net.drive.num_input.value * net.drive.freq.value * net.drive.weight.value for net in (whole, fifth)]
    assert [float(drive.rescale("mV/ms")) for drive in drives] == pytest.approx([2.0, 2.0])  # eta V_th / tau


def test_own_model_shows_its_kernel_and_agrees_with_the_interpreter(call):
    printed = call("own_model")
    for promised in ("before: 'pulse', after: 'count'", "(40 ms)", "@kernel", "rk4_step", "equal bit by bit"):
        assert promised in printed


def test_own_model_repeats_its_spike_after_the_delay():
    _, _, recorded = load("own_model").run("cpu")
    strong = recorded.spikes.trains()[-1].magnitude
    assert len(recorded.spikes.trains()[0]) == 1
    assert np.all((np.diff(strong) > 40.0) & (np.diff(strong) < 42.0))


def test_delay_equations_tell_rest_from_chaos(call, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "delays.png"
    lines = call("delay_equations", "--duration", 3000, "--out", picture).splitlines()
    assert lines[0].endswith("rests at 1")
    assert "1 different heights" in lines[1]
    assert int(lines[3].split(",")[-1].split()[0]) > 15
    period, theory = (float(part.split()[-1].strip(",")) for part in lines[-2].replace(", by", " by").split(" by "))
    assert period == pytest.approx(theory, rel=0.03)
    assert picture.read_bytes()[:4] == PNG


def stdp_by_hand(before, after, i, j, w, w_max, A_plus, A_minus, tau_plus, tau_minus, dt):
    """Pairs of spikes one by one, from the formula: traces are sums over earlier spikes, nothing is kept in step."""
    w, weights = np.array(w), []
    for step in range(len(before)):
        for k in range(len(i)):
            x = sum(np.exp(-(step - m) * dt / tau_plus) for m in range(step) if before[m, i[k]])
            y = sum(np.exp(-(step - m) * dt / tau_minus) for m in range(step) if after[m, j[k]])
            w[k] += after[step, j[k]] * A_plus * w_max * x - before[step, i[k]] * A_minus * w_max * y
            w[k] = min(max(w[k], 0.0), w_max)
        weights.append(w.copy())
    return np.array(weights)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_pair_stdp_is_that_of_a_loop_over_pairs_of_spikes(target):
    rng = np.random.default_rng(3)
    before, after = rng.random((150, 4)) < 0.06, rng.random((150, 3)) < 0.06
    i, j = np.array([0, 1, 2, 3, 0, 0, 2]), np.array([0, 1, 2, 0, 1, 1, 0])
    first, rates = rng.uniform(0.2, 0.8, 7), {"A_plus": 0.1, "A_minus": 0.12}

    class Net(nd.DynamicsGroup):
        order = ("pre", "post", "plastic")

        def __init__(self):
            super().__init__()
            for name, spikes in (("pre", before), ("post", after)):
                steps, neurons = np.nonzero(spikes)
                setattr(self, name, nd.SpikeTrain(spikes.shape[1], neurons, (steps + 1) * 0.5 * ms))
            times = {"tau_plus": 8 * ms, "tau_minus": 15 * ms}
            self.plastic = load("plasticity").PairSTDP(self.pre, self.post, i, j, first * nS, 1 * nS, **rates, **times)
            self.cells = nd.LIF(3)
            self.send = nd.DeltaProj(
                self.plastic, comm=nd.Edges(7, 3, np.arange(7), j, weight=1 * mV / nS), post=self.cells
            )

    net = Net()
    sim = nd.Simulator(net, dt=0.5 * ms, target=target)
    sim.record(net.plastic, "w")
    sim.record(net.plastic, "output")
    result = sim.run(75.5 * ms, progress=False)[net.plastic]
    expected = stdp_by_hand(before, after, i, j, first, 1.0, *rates.values(), 8.0, 15.0, 0.5)
    assert (np.abs(np.diff(expected, axis=0)) > 1e-3).sum() > 50
    np.testing.assert_allclose(np.asarray(result.w)[1:], expected, rtol=1e-12)
    sent = np.where(before[:, i], np.vstack([first, expected[:-1]]), 0.0)
    np.testing.assert_allclose(np.asarray(result.output)[:150], sent, rtol=1e-12)


def test_plasticity_drives_weights_to_both_ends(call, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "plasticity.png"
    printed = call("plasticity", "--inputs", 50, "--seconds", 2, "--out", picture)
    assert "50 synapses after 2 s" in printed
    assert "below 0.2 w_max" in printed
    assert picture.read_bytes()[:4] == PNG


SMALL = ("--scale", 0.02, "--points", 3, 2, "--seeds", 1, "--seconds", 0.1, "--workers", 1)


def test_sweep_finds_both_states_and_goes_on_from_its_store(call, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "sweep.png"
    printed = call("sweep", *SMALL, "--store", tmp_path / "study", "--out", picture)
    assert "6 runs of 250 neurons" in printed
    fast, slow = (float(line.split(":")[1].split()[0]) for line in printed.splitlines()[1:3])
    assert fast > 2 * slow > 0
    assert picture.read_bytes()[:4] == PNG
    assert (
        call("sweep", *SMALL, "--store", tmp_path / "study", "--no-plot").splitlines()[1:] == printed.splitlines()[1:3]
    )


def test_sweep_runs_the_network_of_the_paper():
    ours, paper = load("sweep").Brunel(g=5.0, eta=2.0, scale=0.2), load("brunel").Brunel(scale=0.2, g=5.0, eta=2.0)
    for name in ("exc", "inh"):
        one, other = getattr(ours, name).comm, getattr(paper, name).comm
        assert (one.num, one.n_pre, one.n_post, one.weight) == (other.num, other.n_pre, other.n_post, other.weight)
    assert ours.drive.freq.value == paper.drive.freq.value
    assert ours.cells.num == paper.neurons.num


def test_interneurons_of_the_example_are_those_of_the_paper(tmp_path):
    """Run for a moment; what the network does is looked at by tests/truth."""
    gamma = load("gamma")
    spikes, rate, common = gamma.run(number=8, duration=20, target="interpret")
    assert spikes.count > 0
    assert rate > 0
    assert 0 <= common <= 1
    net = gamma.Gamma(100, g=0.1)
    assert net.inhibition.comm.weight.value * 100 == pytest.approx(10.0)  # 0.1 mS/cm2 on 10,000 um2, in nS
    pytest.importorskip("matplotlib")
    gamma.draw([("alike", spikes), ("not", spikes)], tmp_path / "gamma.png")
    assert (tmp_path / "gamma.png").read_bytes()[:4] == PNG


def test_strong_synapses_of_the_memory_are_inside_of_its_groups():
    memory = load("working_memory")
    net = memory.Memory(0.05)
    edges = net.E2E.edges(dt=0.1 * ms)
    strong = edges.weight.magnitude > 5  # 0.45 and 0.1 mV, over 0.05
    a, b = (np.minimum(ends // 40, 5) for ends in (edges.pre, edges.post))
    assert strong[(a == b) & (a < 5)].all()
    assert not strong[(a != b) & (a < 5)].any()
    assert strong[a == 5].mean() == pytest.approx(0.1, abs=0.02)
    assert len(edges.pre) == pytest.approx(0.2 * 400**2, rel=0.05)


def test_bumps_of_the_sheet_are_measured():
    """A wave of three periods, and the densities of synapses that the example asks for."""
    sheet = load("spatial")
    x = np.arange(20) / 20
    wave = 10 + 5 * np.sin(2 * np.pi * 3 * x)[:, None] * np.ones(20)
    assert sheet.contrast(wave) == pytest.approx((1.0, 3.0))
    net = sheet.Sheet(50)
    assert len(net.I2E.edges(dt=0.1 * ms).pre) / 2500 == pytest.approx(sheet.SYNAPSES["I"], rel=0.08)
