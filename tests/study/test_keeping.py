"""Points that take long leave checkpoints in the store, and go on in their middle."""

import signal

import pytest
from quantities import ms

from numbadyn import errors
from numbadyn.runtime.progress import Progress
from numbadyn.study import keeping
from numbadyn.study.progress import StudyProgress
from tests.study.study_model import measure, same, start

LONG = {"grid": {"tau": [10, 20] * ms}, "seeds": [0], "duration": 400 * ms}


class Steps(Progress):
    """Counts steps, and presses Ctrl-C at one of them."""

    def __init__(self, at=None):
        self.at, self.steps = at, 0

    def start(self, total_steps, dt):
        pass

    def advance(self, steps):
        self.steps += steps
        if self.at is not None and self.steps >= self.at:
            self.at = None
            signal.raise_signal(signal.SIGINT)

    def close(self):
        pass


class Report(StudyProgress):
    """One count for all points."""

    def __init__(self, at=None):
        self.count = Steps(at)

    def of_point(self, point):
        return self.count


@pytest.fixture(scope="module")
def whole():
    return start(**LONG)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def test_a_point_goes_on_in_its_middle(store, whole):
    first, second = Report(at=500), Report()
    study = start(store, **LONG, checkpoint_every=50 * ms, progress=first)
    assert (study.interrupted, study.finished) == (True, 1)
    kept = list((store / "checkpoints").iterdir())
    assert kept
    study = start(store, **LONG, checkpoint_every=50 * ms, progress=second)
    assert first.count.steps + second.count.steps == 800
    assert same(study, whole)
    assert not list((store / "checkpoints").iterdir())


def test_points_that_take_longer_than_ten_minutes_do_so_by_themselves(store, whole, monkeypatch):
    start(store, **LONG, batch=1, progress=Report(at=100))
    assert not list((store / "checkpoints").iterdir())
    monkeypatch.setattr(keeping, "LONG_SECONDS", 0.0)
    start(store, **LONG, batch=1, progress=Report(at=100))
    assert list((store / "checkpoints").iterdir())
    assert same(start(store, **LONG, progress=False), whole)


def test_a_checkpoint_that_does_not_fit_is_of_no_account(store, whole):
    def other(result):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        start(store, **LONG, checkpoint_every=50 * ms, measure=other)
    start(store, **{**LONG, "duration": 300 * ms}, checkpoint_every=50 * ms, progress=Report(at=100))
    for path in (store / "checkpoints").glob("*.checkpoint*"):
        if path.is_file():
            path.write_bytes(b"spoilt")
    assert same(start(store, **LONG, measure=measure), whole)


def test_mistakes(store):
    with pytest.raises(errors.StudyError, match="has no store"):
        start(**LONG, checkpoint_every=50 * ms)
    with pytest.raises(errors.DurationError):
        start(store, **LONG, checkpoint_every=0.5 * ms)
