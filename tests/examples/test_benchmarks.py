"""The benchmark networks build and run, and the scripts around them print their tables, all at a tiny size."""

import importlib
import json
import sys

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
from tests.examples.pages import ROOT

FOLDER = ROOT / "examples" / "benchmarks"
SCALES = {
    "coba": 0.02,
    "cuba": 0.02,
    "cobahh": 0.02,
    "brunel": 0.02,
    "lif_only": 0.001,
    "hh_only": 0.0005,
    "adex_only": 0.0005,
}
"""Networks and scales of some dozens of neurons each."""


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
def table(script, monkeypatch, capsys):
    """Run a script with a command line; give the rows of the table that it prints, the header first."""

    def run(name, *options):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, options)])
        script(name).main()
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        return [rows[0], *rows[2:]]

    return run


@pytest.mark.parametrize("network", SCALES)
def test_each_network_runs(script, network):
    net, population = getattr(script("networks"), network)(SCALES[network])
    population = population if isinstance(population, list) else [population]
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", seed=1)
    for part in population:
        sim.record(part, spikes=True)
    result = sim.run(2 * ms, progress=False)
    assert result.duration.rescale(ms).item() == pytest.approx(2.0)
    assert all(result[part].spikes.count >= 0 for part in population)


def test_networks_have_the_sizes_of_their_definition(script):
    networks = script("networks")
    assert [part.num for part in networks.coba(1.0)[1]] == [3200, 800]
    net, neurons = networks.brunel(1.0)
    assert (neurons.num, net.exc.comm.num, net.inh.comm.num) == (12500, 1000, 250)
    assert networks.lif_only(1.0)[1].num == networks.hh_only(1.0)[1].num == 100_000


def test_our_side_of_the_comparison_prints_its_figures(script):
    done = script("measuring").python(
        FOLDER / "peers" / "numbadyn.py", "coba", "--scale=0.02", "--sim-ms=2", "--warm-ms=1"
    )
    figures = done.figures()
    assert (figures["peer"], figures["network"], figures["n_neurons"]) == ("numbadyn", "coba", 80)
    assert figures["n_synapses"] > 0
    assert figures["run_s"] > 0


def test_compare_puts_the_hand_written_kernel_beside(script, monkeypatch, capsys):
    compare = script("compare")
    monkeypatch.delenv("PEERS_DIR", raising=False)
    own = {"n_neurons": 80, "n_synapses": 6400, "run_s": 0.5, "sim_ms": 1000.0, "rate_hz": 20.0}
    finished = script("measuring").Finished("", "", 0, 1.0, 1.0)
    runs = {compare.OWN: [compare.Run(own, finished)], compare.KERNEL: [compare.Run({**own, "run_s": 1.0}, finished)]}
    monkeypatch.setattr(compare, "rounds", lambda *_: runs)
    monkeypatch.setattr(sys, "argv", ["compare.py", "--cases", "coba:0.02", "--kernels"])
    compare.main()
    printed = capsys.readouterr()
    assert "coba: brian2_cpp is not installed" in printed.err
    assert "| hand-written kernel | 0.500 | 1.000 | 2.00 | **2.00** | 20.00 | 20.00 | 100% |" in printed.out


def test_compare_leaves_out_who_fails(script, monkeypatch, capsys):
    compare, measuring = script("compare"), script("measuring")
    answers = iter(
        [
            measuring.Finished('{"run_s": 1.0, "sim_ms": 1000, "rate_hz": 5.0}', "", 0, 1.0, 0.5),
            measuring.Finished("", "Traceback\nValueError: no", 1, 1.0, 1.0),
        ]
    )
    monkeypatch.setattr(compare, "fresh", lambda *_, **__: next(answers))
    monkeypatch.setattr(sys, "argv", ["compare.py", "--pairs", "1"])
    runs = compare.rounds("coba", "1", [compare.KERNEL], compare.parse())
    assert list(runs) == [compare.OWN]
    assert "hand-written kernel: ValueError: no; left out" in capsys.readouterr().err


def test_scaling_shows_the_costs(table):
    header, *rows = table("scaling", "--scales", 0.05, "--rounds", 1, "--sim-ms", 40)
    assert [row[:2] for row in rows] == [["coba", "200"], ["lif_only", "200"]]
    assert all(len(row) == len(header) for row in rows)
    assert float(rows[0][header.index("ns per neuron-step, all in")]) > 0


@pytest.mark.parametrize("number", range(9))
def test_building_measures_each_rule(script, number):
    building = script("building")
    name = building.RULES[number]
    figures = building.measure(name, 20_000, 1)
    assert figures["synapses"] == pytest.approx(20_000, rel=0.05)
    assert building.row(figures)[0] == name
    assert figures["bytes"] >= 4 * figures["synapses"]


@pytest.mark.slow
def test_control_says_what_watching_costs(table):
    rows = dict(table("control", "--scale", 0.02, "--rounds", 1, "--sim-ms", 20, "--seconds", 0))
    assert float(rows["the bar, of a run of any length"].split()[0]) > 0
    assert {"recording all spikes", "profile=True", "until=", "a call that does nothing"} <= set(rows)


def test_startup_compares_the_imports(script, monkeypatch):
    startup = script("startup")
    monkeypatch.setattr(startup, "IMPORTS", startup.IMPORTS[:1])
    rows = startup.imports(1)
    assert [row[0] for row in rows] == [f"`{startup.YARDSTICK}`", *(f"`{text}`" for text in startup.IMPORTS)]
    assert rows[0][3:5] == ["1.00", "1.00"]


def test_compiling_says_who_spends_the_time(script, tmp_path):
    compiling = script("compiling")
    tmp_path.chmod(0o700)
    done = compiling.python(FOLDER / "compiling.py", "--child", "LIF", "LIF", NUMBADYN_CACHE_DIR=tmp_path)
    first, second = (compiling.row("LIF", "cold", json.loads(line)) for line in done.output.splitlines())
    spent = dict(zip(compiling.HEADER, first, strict=True))
    assert min(float(spent[part]) for part in ("import", "text to LLVM", "LLVM")) > 0
    assert float(spent["sum"]) >= float(spent["LLVM"])
    assert len(second) == len(first)


def test_a_process_that_fails_ends_the_script(script):
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        script("measuring").python("-c", "1 / 0")


def test_delays_compares_equal_numbers(table):
    rows = table("delays", "--pairs", 1, "--n", 5, "--steps", 50)
    assert [row[0] for row in rows[1:]] == ["one for all", "one each", "changing, between steps"]
    assert all(float(row[3]) > 0 for row in rows[1:])


def test_the_page_names_each_script_and_folder():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    parts = [*FOLDER.glob("*.py"), *(path for path in FOLDER.iterdir() if (path / "_common.py").exists())]
    assert len(parts) > 10
    assert [path.name for path in parts if f"`{path.name}" not in text] == []


def test_reference_kernels_print_the_line_of_the_other_scripts(script):
    command = [sys.executable, "-m", "reference_kernels", "lif_only", "--scale=0.001", "--sim-ms=5", "--json"]
    figures = script("measuring").fresh(command, folder=FOLDER).figures()
    assert (figures["peer"], figures["network"], figures["n_neurons"]) == ("reference_kernels", "lif_only", 100)


def test_batches_and_sweeps_stand_beside_single_runs(script, monkeypatch, capsys):
    sizes = {"--rounds": 1, "--replicas": 2, "--sim-ms": 5, "--points": 10, "--point-ms": 5}
    options = [str(part) for option in sizes.items() for part in option]
    monkeypatch.setattr(sys, "argv", ["batches.py", "--only", "replicas", "sweep", *options])
    script("batches").main()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()]
    ratios = [float(line[3]) for line in lines if line[0].startswith(("coba", "10 points"))]
    assert len(ratios) == 3
    assert min(ratios) > 0


def test_a_study_is_compared_with_those_who_are_there(script, monkeypatch):
    batches, measuring = script("batches"), script("measuring")
    line = '{"run_s": %g, "rate_hz": 20.0}'
    costs = {"numbadyn_study.py": 1.0, "brian2_study.py": 6.0}

    def finished(command, **_variables):
        return measuring.Finished(line % costs[command[1].name], "", 0, 1.0, 2 * costs[command[1].name])

    monkeypatch.setattr(batches, "fresh", finished)
    monkeypatch.setattr(batches, "python_of", lambda name: None if name == "brainx" else "python")
    ours, batch, shared, theirs = batches.compare_peers(10, 5.0, 2)
    assert batch[1:] == shared[1:] == ours[1:]
    assert ours == ["numbadyn", "1.00", "1.0", "2.0", "1.0", "20.0"]
    assert theirs == ["brian2", "6.00", "6.0", "12.0", "6.0", "20.0"]


def test_accuracy_compares_spike_times_with_a_converged_run(script, monkeypatch, capsys, tmp_path):
    runs = {
        ("numbadyn", "finest"): ([1.0, 2.0, 1.5], 900.0),
        ("numbadyn", "grid"): ([1.01, 2.03, 1.5], 20.0),
        ("NEST 3.10.0", "iaf_psc_exp"): ([1.02, 2.1], 50.0),
        ("Brian2 2.9.0", "exact"): ([1.001, 2.0, 1.5], 50.0),
    }
    lines = []
    for number, ((simulator, scheme), (times, cost)) in enumerate(runs.items()):
        np.savez(tmp_path / f"{number}.npz", times=times, senders=[0, 0, 1][: len(times)])
        row = {"simulator": simulator, "model": "lif", "scheme": scheme, "dt": 0.1, "file": str(number), "cost": cost}
        lines.append("ROW " + json.dumps(row))
    (tmp_path / "numbadyn_accuracy.log").write_text("\n".join(["something else", *lines]))
    for kept in ("numbadyn_accuracy-finest", "brian2_accuracy", "nest_accuracy", "nest_accuracy-finest"):
        (tmp_path / f"{kept}.log").touch()
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--keep", str(tmp_path)])
    accuracy, ran = script("accuracy"), []
    accuracy.main()
    monkeypatch.setattr(accuracy, "python_of", lambda peer: "python")
    monkeypatch.setattr(accuracy, "run", lambda name, python, log, *options: ran.append((name, options)))
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--keep", str(tmp_path), "--anew", "NEST", "--quick"])
    accuracy.main()
    assert [(name, options[options.index("--neurons") + 1]) for name, options in ran] == [
        ("nest_accuracy.py", "50"),
        ("nest_accuracy.py", "50"),
    ]
    printed = capsys.readouterr().out
    assert "| lif | numbadyn | `grid` | 0.1 | 20 | 13.3 | +0.00 |  |" in printed
    assert "| lif | NEST 3.10.0 | `iaf_psc_exp` | 0.1 | 50 | 60 | -33.33 | yes |" in printed
    assert "| lif | Brian2 2.9.0 | `exact` | 0.1 | 50 | 0.333 | +0.00 | **no** |" in printed
