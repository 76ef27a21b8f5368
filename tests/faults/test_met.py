"""A disk that is full from some system call on, or fails once, and Ctrl-C at one: all is there, and it goes on."""

import shutil

import numpy as np
import pytest
from quantities import ms

from numbadyn.errors import CheckpointWriteError, DiskFullError, SpillFolderError, StoreWriteError
from tests.faults.disk import Disk, full, press
from tests.faults.killed_runs import everything, made, same
from tests.faults.killed_studies import finished
from tests.features.both import recorded
from tests.study.study_model import build, start
from tests.study.study_model import same as same_table

LONG = 1.5 * ms
RUNS = {"in memory": {}, "some on disk": {"memory": "200 KiB"}, "all on disk": {"spill": "spill"}}
STUDIES = {"in batches": {}, "with checkpoints": {"checkpoint_every": 1 * ms}}
STAYS, ONCE = {"happens": full, "stays": True}, {"happens": full}
MET = {
    "full": STAYS,
    "full in the middle of a write": {**STAYS, "torn": True},
    "fails once": ONCE,
    "fails once in the middle of a write": {**ONCE, "torn": True},
    "Ctrl-C": {"happens": press},
}
NOT_WRITTEN = (CheckpointWriteError, DiskFullError, SpillFolderError, StoreWriteError)


def attempt(act, disk):
    """What an act on a disk gives: something, and the error that has ended it; or nothing and what is pressed."""
    with disk.in_use():
        try:
            return act(), None
        except NOT_WRITTEN as error:
            assert "No space left on device" in str(error)  # noqa: PT017
            return getattr(error, "result", None), error
        except KeyboardInterrupt as error:
            return None, error


def run(sim, folder, **how):
    where = {name: folder / value if name == "spill" else value for name, value in how.items()}
    return sim.run(LONG, checkpoint=folder / "it", checkpoint_every=0.5 * ms, progress=False, **where)


def begins(part, whole):
    """Whether recordings are the beginning of others."""
    return all(np.array_equal(values, whole[name][: len(values)]) for name, values in part.items())


def meet(folder, target, how, what, apart=1):
    """A run meets something at each system call; how often it did not come to its end, and how often it was tried."""
    sim = made(target)
    result = sim.run(LONG, progress=False)
    whole, bare = everything(result), recorded(result)
    ended, tried, over = 0, 0, False
    while not over:
        folder.mkdir()
        sim.reset()
        disk = Disk(at=apart * tried, **what)
        part, error = attempt(lambda: run(sim, folder, **how), disk)
        reached = round(float(sim.t.rescale(ms)) / 0.1)
        assert reached == (0 if part is None else part.last)
        assert part is None or begins(recorded(part), bare)
        ended += error is not None or part.interrupted
        over = disk.moments <= apart * tried
        sim.reset()
        same(everything(run(sim, folder, **how)), whole)
        assert not list(folder.rglob("*.part*"))
        shutil.rmtree(folder)
        tried += 1
    return ended, tried


def meet_study(folder, options, what, apart=1):
    """The same of a study."""
    options = {"seeds": [0], "duration": 3 * ms, **options}
    whole = start(**{**options, "checkpoint_every": None})
    ended, tried, over = 0, 0, False
    while not over:
        disk = Disk(at=apart * tried, **what)
        study, error = attempt(lambda: start(folder, **options), disk)
        if (folder / "manifest.json").exists():
            assert study is None or len(finished(folder)) == study.finished
        ended += error is not None or study.interrupted
        over = disk.moments <= apart * tried
        # where a disk fails while a point leaves a checkpoint, and not when that is noted, the point has failed
        assert same_table(start(folder, **options, retry=True), whole)
        assert set(finished(folder).values()) == {1}
        shutil.rmtree(folder)
        tried += 1
    return ended, tried


@pytest.mark.parametrize(("how", "apart"), [("in memory", 3), ("some on disk", 31), ("all on disk", 31)])
def test_a_run_on_a_full_disk(tmp_path, how, apart):
    ended, tried = meet(tmp_path / "run", "cpu", RUNS[how], STAYS, apart)
    assert 2 * ended > tried


def test_a_study_on_a_full_disk(tmp_path):
    ended, tried = meet_study(tmp_path / "store", {}, STAYS, apart=2)
    assert 2 * ended > tried


def test_a_study_on_a_disk_that_fails_once_while_it_begins(tmp_path):
    ended, tried = meet_study(tmp_path / "store", {"grid": {"scale": [1.0]}, "build": alone}, ONCE)
    assert 2 * ended > tried


def alone(scale):
    return build(10 * ms, scale)


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", RUNS)
@pytest.mark.parametrize("target", ["interpret", "cpu"])
@pytest.mark.parametrize("what", MET)
def test_a_run_at_every_call(tmp_path, target, how, what):
    ended, tried = meet(tmp_path / "run", target, RUNS[how], MET[what])
    print(target, how, what, ended, tried)
    assert ended


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", STUDIES)
@pytest.mark.parametrize("what", MET)
def test_a_study_at_every_call(tmp_path, how, what):
    ended, tried = meet_study(tmp_path / "store", STUDIES[how], MET[what])
    print(how, what, ended, tried)
    assert ended
