"""`python -m numbadyn sweep` and `show`: exit statuses that a queue understands, and what a store says."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import numbadyn as nd
from numbadyn.__main__ import main
from tests.faults.killed_studies import finished
from tests.study.study_model import measure, same, start

SCRIPT = """
import os, signal, sys
from tests.study.study_model import measure, start

def measured(result, sim, point):
    if "stop" in sys.argv and point["scale"] == 1.0:
        signal.raise_signal(signal.SIGTERM)
    if "fail" in sys.argv and point["scale"] == 1.0:
        raise RuntimeError("out of luck")
    return measure(result)

study = start(measure=measured)
print(study.finished)
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "study.py"
    path.write_text(SCRIPT)
    return str(path)


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


def test_stopped_and_resumed(script, store, capsys):
    before = signal.getsignal(signal.SIGTERM)
    assert main(["sweep", script, "stop", "--store", store, "--workers", "1", "--resume"]) == 75
    assert signal.getsignal(signal.SIGTERM) is before
    assert capsys.readouterr().out == ""  # the script does not go on with a part of the study
    assert nd.Study.open(store).finished == 3
    assert main(["show", store]) == 0
    text = capsys.readouterr().out
    assert "not complete, interrupted" in text
    assert "3 of 12 points finished, 0 failed, 9 left" in text
    assert main(["sweep", script, "--store", store]) == 1  # without --resume
    assert main(["sweep", script, "--store", store, "--resume"]) == 0
    assert capsys.readouterr().out == "12\n"
    assert same(nd.Study.open(store), start())
    assert main(["sweep", script, "--store", store, "--resume"]) == 0


def test_sigterm_where_ctrl_c_is_ignored(script, store):
    """As by what a shell script starts in the background: who ends the queue's job still means it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert main(["sweep", script, "stop", "--store", store, "--workers", "1"]) == 75
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert main(["sweep", script, "--store", store, "--resume"]) == 0
    assert same(nd.Study.open(store), start())


def test_failures(script, store, capsys):
    assert main(["sweep", "nowhere.py"]) == 1
    assert "there is no script 'nowhere.py'" in capsys.readouterr().err
    assert main(["sweep", script, "fail", "--store", store]) == 1
    assert "4 points have failed" in capsys.readouterr().err
    assert main(["show", store, "--verbose"]) == 0
    text = capsys.readouterr().out
    assert "done, but for points that have failed" in text
    assert "tau=10.0 ms, scale=1.0, seed=0: RuntimeError: out of luck" in text
    assert "in measured" in text
    assert main(["sweep", script, "--store", store, "--resume"]) == 1
    assert main(["sweep", script, "--store", store, "--resume", "--retry"]) == 0


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("1 / 0", 1, "ZeroDivisionError"),
        ("x = 1", 1, "has called no numbadyn.sweep"),
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('no')", 1, "no"),
        ("raise KeyboardInterrupt", 75, "stopped"),
        ("import numbadyn as nd; raise nd.errors.StoreWriteError('full')", 75, "full"),
    ],
)
def test_scripts_that_end_in_other_ways(tmp_path, capsys, text, status, said):
    (tmp_path / "study.py").write_text(text)
    assert main(["sweep", str(tmp_path / "study.py")]) == status
    assert said in capsys.readouterr().err


def test_what_a_store_says(store, capsys):
    start(store)
    assert main(["show", store]) == 0
    text = capsys.readouterr().out
    for line in (
        "  complete",
        "  12 of 12 points finished, 0 failed, 0 left",
        "  tau: 10.0 ms, 20.0 ms",
        "  all combinations, 12 points with their seeds",
        "  duration: 12.0 ms",
        "  target: interpret",
        f"  versions: numbadyn {nd.__version__}",
        "    DynamicsGroup.E.tau = 10.0 ms",
    ):
        assert line in text
    assert "12 finished; all points done after" in text
    assert main(["show", str(store) + "s"]) == 1
    assert "no store of a study" in capsys.readouterr().err


def test_a_store_that_is_written_at_this_time_says_so(store, capsys):
    def looked(result):
        main(["show", store])
        return measure(result)

    start(store, measure=looked, batch=1)
    text = capsys.readouterr().out
    assert "running: this process" in text
    assert "11 of 12 points finished, 0 failed, 1 left" in text


@pytest.mark.slow
def test_sigterm_from_outside_in_a_process_of_its_own(script, store, tmp_path):
    """While some points are done and others wait for a file."""
    waits = f"""while point["scale"] == 1.5 and not os.path.exists({str(tmp_path / "go")!r}):
        time.sleep(0.1)
    return measure(result)"""
    with open(script, "w") as file:
        file.write("import time\n" + SCRIPT.replace("return measure(result)", waits))
    command = [sys.executable, "-m", "numbadyn", "sweep", script, "--store", store, "--workers", "2", "--resume"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(command, env=environment)
    while process.poll() is None and not finished(Path(store)):
        time.sleep(0.1)
    process.terminate()
    assert process.wait() == 75
    (tmp_path / "go").touch()
    assert 0 < nd.Study.open(store).finished < 12
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert same(nd.Study.open(store), start())
