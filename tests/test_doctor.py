"""What `doctor` prints, what it returns, and the exit status of `python -m numbadyn doctor`."""

import importlib
import io
import os
import subprocess
import sys
from dataclasses import replace

import pytest

import numbadyn as nd
from numbadyn.runtime.cuda.diagnosis import Facts, gather, judge
from numbadyn.runtime.cuda.driver import DriverFacts, Gpu
from numbadyn.runtime.cuda.toolkit import ToolkitFacts
from numbadyn.runtime.host import Host
from tests.targets import SIMULATED

MODULE = importlib.import_module("numbadyn.doctor")  # numbadyn.doctor is the function
GOOD = Facts(
    toolkit=ToolkitFacts("NVIDIA", packages={"numba-cuda": "0.30.4", "cuda-bindings": "13.5.0", "nvidia-nvvm": "13.5"}),
    driver=DriverFacts("libcuda.so.1", None, (13, 0), "580.65.06", 0, (Gpu("NVIDIA H100", (9, 0), 80 * 2**30),)),
)
BAD = Facts(toolkit=ToolkitFacts("Built-in"), driver=DriverFacts(error="libcuda.so.1: no such file"))
HOST = Host("CPython 3.11.7", "Linux x86_64", "znver4", 16, 2, ("avx512f", "avx2"))


def python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.fixture
def made_up(monkeypatch):
    """A machine and an environment that are the same wherever the tests run."""
    known = {"numpy": "2.4", "numba": "0.68", "llvmlite": "0.50", "quantities": "0.16", "tqdm": "4.70", "scipy": "1.17"}
    monkeypatch.setattr(MODULE, "gather", lambda: BAD)
    monkeypatch.setattr(MODULE, "probe_host", lambda: HOST)
    monkeypatch.setattr(MODULE, "versions", lambda names: {name: known.get(name) for name in names})
    monkeypatch.setattr(MODULE, "_cache", lambda: MODULE.CacheState("/kernels", "/kernels", 2, 150_000))
    for name in os.environ:
        if name.startswith(("NUMBADYN_", "NUMBA_", "CUDA_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CUDA_HOME", "/opt/cuda")


@pytest.mark.usefixtures("made_up")
def test_the_whole_report_where_nothing_is_tried():
    stream = io.StringIO()
    report = nd.doctor(run=False, file=stream)
    assert stream.getvalue().splitlines() == [
        f"numbadyn {nd.__version__}, CPython 3.11.7, Linux x86_64",
        "  needs       numpy 2.4, numba 0.68, llvmlite 0.50, quantities 0.16, tqdm 4.70",
        '  extras      no matplotlib (pip install "numbadyn[plot]"), scipy 1.17, no numba-cuda (pip install',
        '              "numbadyn[cuda13]")',
        "  processor   znver4, 2 of 16 cores usable, avx512f avx2",
        f"  threads     {report.threads}",
        "  cache       /kernels (writable, 2 files, 0.1 MB)",
        "  environment CUDA_HOME=/opt/cuda",
        "  interpret   not tried",
        "  cpu         not tried",
        "  cuda        does not work. The package numba-cuda is not installed, and there is no driver for an",
        "              NVIDIA GPU either (libcuda.so.1: no such file).",
        f"              fix: {judge(BAD).cure}",
    ]
    assert repr(report) == "<Report: interpret was not tried, cpu was not tried, cuda does not work>"


@pytest.mark.usefixtures("made_up")
def test_a_device_that_was_not_tried(monkeypatch):
    monkeypatch.setattr(MODULE, "gather", lambda: replace(GOOD, driver=replace(GOOD.driver, unsure=("odd",))))
    report = nd.doctor(run=False, file=io.StringIO())
    ready = "works. NVIDIA H100 (compute capability 9.0, 80.0 GiB) with driver 580.65.06, CUDA 13.0 is"
    assert str(report).endswith(f"\n  cuda        {ready}\n              ready.\n              note: odd")
    assert "              cuda-bindings 13.5.0, nvvm 13.5\n" in str(report)
    assert report.diagnosis.gpu == GOOD.driver.gpus[0]


def test_targets_are_proved_by_running(capsys):
    report = nd.doctor()
    assert capsys.readouterr().out == f"{report}\n"
    assert list(report.targets) == ["interpret", "cpu", "cuda"]
    for name in ("interpret", "cpu"):
        assert report.targets[name].works is True, report.targets[name].text
        assert report.targets[name].fix == ""
    assert report.targets["cpu"].text.startswith("A small network ran and gave the interpreter's bits (")
    assert report.cache.writable
    assert report.cache.files > 0
    assert report.facts == gather()


@pytest.mark.cudasim
@pytest.mark.skipif(not SIMULATED, reason="needs NUMBA_ENABLE_CUDASIM=1")
def test_the_simulator_is_proved_by_running():
    state = nd.doctor(file=io.StringIO()).targets["cuda"]
    assert state.works is True, state.text
    assert state.text.startswith("Numba's simulator of CUDA stands in for a device")
    assert "A small network ran and gave the interpreter's bits" in state.text


@pytest.mark.gpu
@pytest.mark.skipif(SIMULATED or not judge(gather()).works, reason="needs a CUDA device")
def test_a_device_is_proved_by_running():
    state = nd.doctor(file=io.StringIO()).targets["cuda"]
    assert state.works is True, state.text


@pytest.mark.parametrize(
    ("error", "text", "fix"),
    [
        (nd.errors.TargetError("No.", cure="Do it."), "No.", "Do it."),
        (ImportError("Numba needs\n NumPy 2.4 or less"), "ImportError: Numba needs NumPy 2.4 or less", None),
        (RuntimeError(), "RuntimeError", "Please report this, with the whole report."),
    ],
)
@pytest.mark.usefixtures("made_up")
def test_a_target_that_breaks_is_told_without_a_traceback(error, text, fix, monkeypatch):
    def broken(*arguments, **options):
        raise error

    monkeypatch.setattr(MODULE, "gather", lambda: GOOD)
    monkeypatch.setattr(MODULE, "_trial", broken)
    report = nd.doctor(file=io.StringIO())
    assert [state.works for state in report.targets.values()] == [False, False, False]
    assert report.targets["cpu"].text == text
    assert report.targets["cpu"].fix == (fix or "pip install --upgrade numba numpy")
    assert report.targets["cuda"].text == f"{judge(GOOD).reason} But a small network did not run well there. {text}"


@pytest.mark.usefixtures("made_up")
def test_other_numbers_than_the_interpreter_gives_are_told(monkeypatch):
    monkeypatch.setattr(MODULE, "_trial", lambda target: MODULE.np.array([1.0 if target == "cpu" else 2.0]))
    state = nd.doctor(file=io.StringIO()).targets["cpu"]
    assert state.works is False
    assert state.text == "A small network ran, but with other numbers than the interpreter gives: 1.0, not 2.0."


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no modes here")
def test_a_cache_that_others_can_write_to(tmp_path):
    tmp_path.chmod(0o777)
    nd.cache.set_location(tmp_path)
    try:
        report = nd.doctor(run=False, file=io.StringIO())
    finally:
        nd.cache.set_location(None)
    assert report.cache.writable
    text = f"not yours alone: everybody can write to {tmp_path}; fix: chmod 700 {tmp_path}"
    assert text in str(report.cache)


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    nd.cache.set_location(tmp_path / "file")
    try:
        report = nd.doctor(run=False, file=io.StringIO())
    finally:
        nd.cache.set_location(None)
    assert not report.cache.writable
    assert str(report.cache).startswith(f"{tmp_path / 'file'} cannot be written; kernels are kept in ")
    assert str(report.cache).endswith("fix: set the environment variable NUMBADYN_CACHE_DIR to a folder of yours")


# ---- the command line ------------------------------------------------------------------------------------------------


def test_status_of_a_target_that_works():
    done = python("-m", "numbadyn", "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"numbadyn {nd.__version__}, ")
    assert "\n  cpu         works. A small network ran" in done.stdout


def test_status_of_a_target_that_does_not_work():
    done = python("-m", "numbadyn", "doctor", "--no-run", "--target", "cuda", NUMBA_DISABLE_CUDA="1")
    assert (done.returncode, done.stderr) == (1, "") if not SIMULATED else (0, "")
    assert "NUMBA_DISABLE_CUDA" in done.stdout


def test_status_where_the_simulator_stands_in():
    done = python("-m", "numbadyn", "doctor", "--no-run", "--target", "cuda", NUMBA_ENABLE_CUDASIM="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "works. Numba's simulator of CUDA stands in for a device" in done.stdout


def test_devices_that_are_hidden_do_not_work():
    done = python("-m", "numbadyn", "doctor", "--no-run", "--target", "cuda", CUDA_VISIBLE_DEVICES="")
    assert (done.returncode, done.stderr) == (0 if SIMULATED else 1, "")
    assert SIMULATED or "fix: " in done.stdout


@pytest.mark.parametrize("arguments", [(), ("docter",), ("doctor", "--target", "gpu")])
def test_what_is_no_command_says_how_to_use_it(arguments):
    done = python("-m", "numbadyn", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m numbadyn")


@pytest.mark.parametrize(("option", "text"), [("--help", "doctor"), ("--version", nd.__version__)])
def test_help_and_version(option, text):
    done = python("-m", "numbadyn", option)
    assert (done.returncode, done.stderr) == (0, "")
    assert text in done.stdout


def test_importing_the_package_imports_neither_numba_nor_cuda():
    slow = "{'numba', 'llvmlite', 'cuda', 'numba_cuda'}"
    done = python("-c", f"import sys, numbadyn; print(sorted({slow} & set(sys.modules)))")
    assert done.stdout == "[]\n"
