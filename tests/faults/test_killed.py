"""Runs and studies that are killed at every system call and at random moments: all is there, once, bit by bit."""

import fcntl
import os
import tempfile

import pytest
from quantities import ms

from numbadyn.io.stored.temporary import temporary_folder
from tests.faults.copies import elsewhere, work_in_a_copy
from tests.faults.disk import die
from tests.faults.killed_runs import kill_runs
from tests.faults.killed_studies import kill_studies

RUNS = {
    "recorded in memory": {"target": "cpu"},
    "interpreted": {"target": "interpret"},
    "some on disk": {"target": "cpu", "memory": "200 KiB"},
    "all on disk": {"target": "interpret", "spill": "spill"},
}
STUDIES = {
    "batches": {},
    "alone, with failures": {"batch": 1, "ill": True},
    "checkpoints": {"seeds": 1, "duration": 6 * ms, "checkpoint_every": 2 * ms},
    "two workers": {"forked": 2, "ill": True},
    "two workers of loky": {"workers": 2},
    "two workers with checkpoints": {"forked": 2, "seeds": 1, "duration": 6 * ms, "checkpoint_every": 2 * ms},
}


def test_a_run_that_is_killed_a_hundred_times(tmp_path):
    found = elsewhere(kill_runs, tmp_path, number=100, seed=1, **RUNS["recorded in memory"])
    assert found["killed"] == 100
    assert {"fsync", "link", "open", "replace", "unlink", "write"} <= found["in"].keys()


def test_a_study_that_is_killed_a_hundred_times(tmp_path):
    found = [elsewhere(kill_studies, tmp_path, number=40, seed=2, seeds=1, **STUDIES["alone, with failures"])]
    (tmp_path / "checkpoints").mkdir()
    found += [elsewhere(kill_studies, tmp_path / "checkpoints", number=60, seed=3, **STUDIES["checkpoints"])]
    assert [each["killed"] for each in found] == [40, 60]


def test_temporary_folders_of_a_killed_process_go_with_the_next_one(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        mine, held = temporary_folder()
    (tmp_path / "numbadyn-of-others").mkdir()
    left = elsewhere(leave_a_folder, tmp_path)
    assert left != mine
    assert left.exists()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    more, _held = temporary_folder()
    assert sorted(tmp_path.iterdir()) == sorted([mine, more, tmp_path / "numbadyn-of-others"])
    os.close(held)
    temporary_folder()
    assert not mine.exists()


def leave_a_folder(place):
    tempfile.tempdir = str(place)
    assert work_in_a_copy(lambda: (temporary_folder(), die("", 0)))[0]
    (left,) = (path for path in place.iterdir() if not path.name.startswith("numbadyn-of") and held_by_nobody(path))
    return left


def held_by_nobody(path):
    with open(path / ".held") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", RUNS)
def test_runs_that_are_killed_a_thousand_times(tmp_path, how):
    found = elsewhere(kill_runs, tmp_path, number=1000, seed=4, **RUNS[how])
    print(how, found)
    assert found["killed"] == 1000


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", STUDIES)
def test_studies_that_are_killed_a_thousand_times(tmp_path, how):
    number = 50 if "workers" in STUDIES[how] else 1000  # which take seconds to start
    found = elsewhere(kill_studies, tmp_path, number=number, seed=5, **STUDIES[how])
    print(how, found)
    assert found["killed"] == number
