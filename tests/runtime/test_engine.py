"""The engine over a machine that only counts: chunks, progress, interruption, and a NaN in between."""

import signal
from dataclasses import dataclass, field

import numpy as np
import pytest

from numbadyn.ir.nodes import BindContext
from numbadyn.runtime import engine
from numbadyn.runtime.engine import run_steps
from numbadyn.runtime.logs import Logs, SampleLog, SpikeLog
from numbadyn.runtime.machine import Machine, Outcome
from numbadyn.runtime.progress import NullProgress, Progress
from numbadyn.runtime.soundness import Check


class Counter(Machine):
    """A machine whose only state is its step number."""

    context = BindContext(0.1, 0)
    number, replicas = 0, ()

    def __init__(self, bad_at=None, hook=None):
        self.number, self.chunks, self.begun = 0, [], 0
        self.bad_at, self.hook = bad_at, hook

    def begin(self, logs):
        self.begun += 1

    def advance(self, stop):
        self.chunks.append(stop - self.number)
        if self.hook is not None:
            self.hook(self)
        if self.bad_at is not None and stop > self.bad_at:
            self.number = self.bad_at
            return Outcome(self.bad_at, Check("state", 7))
        self.number = stop
        return Outcome(stop)

    def _slots(self):
        raise NotImplementedError


@dataclass
class Heard(Progress):
    """Everything that was reported."""

    events: list = field(default_factory=list)

    def start(self, total_steps, dt):
        self.events.append(("start", total_steps, dt))

    def advance(self, steps):
        self.events.append(steps)

    def close(self):
        self.events.append("close")


def test_all_steps_are_made_and_reported():
    machine, progress = Counter(), Heard()
    outcome = run_steps(machine, 5000, [Logs()], progress)
    assert (outcome.first, outcome.reached, outcome.checked) == (0, 5000, 5000)
    assert (outcome.interrupted, outcome.failed) == (False, None)
    assert progress.events == [("start", 5000, 0.1), *machine.chunks, "close"]
    assert sum(machine.chunks) == 5000
    again = run_steps(machine, 10, [Logs()], NullProgress())
    assert (again.first, again.reached, machine.begun) == (5000, 5010, 2)


def test_chunks_grow_while_steps_are_quick():
    machine = Counter()
    run_steps(machine, 10_000_000, [Logs()], progress := Heard())
    assert machine.chunks[0] <= 64
    assert max(machine.chunks) <= 1 << 20
    assert machine.chunks[1] > machine.chunks[0]
    assert len(progress.events) < 100


def test_small_values_become_zero_at_fixed_steps(monkeypatch):
    machine, settled = Counter(), []
    monkeypatch.setattr(machine, "settle", lambda: settled.append(machine.number), raising=False)
    for steps in (100, 8092, 1, 99_999):
        run_steps(machine, steps, [Logs()], NullProgress())
    assert settled == [8192 * number for number in range(1, 14)]


@pytest.mark.parametrize(
    ("chunk", "seconds", "following"),
    [(100, 1e-9, 400), (100, 0.08, 100), (100, 0.16, 50), (100, 10.0, 25), (1, 10.0, 1), (1 << 20, 1e-9, 1 << 20)],
)
def test_the_next_chunk_aims_at_the_time_between_two_reports(chunk, seconds, following):
    assert engine._next_chunk(chunk, seconds) == following


def test_a_nan_ends_the_run():
    machine, progress = Counter(bad_at=100), Heard()
    outcome = run_steps(machine, 5000, [Logs()], progress)
    assert outcome.failed == Check("state", 7)
    assert outcome.reached == 100
    assert outcome.checked <= 100
    assert progress.events[-1] == "close"
    assert sum(event for event in progress.events if isinstance(event, int)) == 100


def test_an_interruption_ends_the_chunk():
    def interrupt(machine):
        if machine.number > 50:
            signal.raise_signal(signal.SIGINT)
            machine.hook = None

    machine, before = Counter(hook=interrupt), signal.getsignal(signal.SIGINT)
    outcome = run_steps(machine, 10**9, [Logs()], NullProgress())
    assert outcome.interrupted
    assert outcome.reached == machine.number == sum(machine.chunks)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interruption_in_the_last_chunk_is_none():
    machine = Counter(hook=lambda machine: signal.raise_signal(signal.SIGINT))
    assert not run_steps(machine, 5, [Logs()], NullProgress()).interrupted


def test_an_error_closes_the_report_and_gives_the_signal_back():
    def fail(machine):
        raise RuntimeError("broken")

    progress, before = Heard(), signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="broken"):
        run_steps(Counter(hook=fail), 5, [Logs()], progress)
    assert progress.events[-1] == "close"
    assert signal.getsignal(signal.SIGINT) is before


# ---- logs ------------------------------------------------------------------------------------------------------------


def test_a_spike_log_keeps_its_window_and_grows():
    log = SpikeLog(0, 10, 20, 100)
    log.begin()
    log.indices, log.steps = log.indices[:8].copy(), log.steps[:8].copy()
    for step in range(5):
        log.append(step, np.array([3, 10, 15, 19, 20]))
    steps, indices = log.take()
    assert indices.tolist() == [0, 5, 9] * 5
    assert steps.tolist() == np.repeat(np.arange(5), 3).tolist()
    assert log.indices.size == 16
    log.begin()
    assert log.take()[0].size == 0
    assert log.fits(log.width)


@pytest.mark.parametrize(
    ("every", "first", "last", "start", "stop", "expected"),
    [
        (1, 0, 99, 0, 4, [0, 1, 2, 3]),
        (3, 0, 99, 0, 10, [0, 3, 6, 9]),
        (3, 1, 99, 10, 20, [10, 13, 16, 19]),
        (3, 1, 99, 11, 20, [13, 16, 19]),
        (5, 7, 13, 0, 99, [7, 12]),
        (5, 7, 12, 0, 99, [7]),
        (1, 50, 60, 0, 20, []),
        (1, 0, 10, 20, 30, []),
    ],
)
def test_a_sample_log_takes_what_is_due(every, first, last, start, stop, expected):
    log = SampleLog("state", 0, np.array([2, 0]), every, first, last, np.dtype(float))
    log.begin(start, stop)
    for step in range(start, stop):
        log.append(step, np.array([step, -1.0, 10 * step]))
    steps, values = log.take()
    assert steps.tolist() == expected
    assert values.tolist() == [[10 * step, step] for step in expected]
