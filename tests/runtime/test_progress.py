"""A bar in simulated time that ends where the run ended, and silence where it is asked for."""

import io
import sys

import pytest

from numbadyn.errors import InvalidParameterError
from numbadyn.runtime import progress
from numbadyn.runtime.progress import LogProgress, NullProgress, Progress, TqdmProgress, make_progress


def last_line(stream):
    return stream.getvalue().replace("\n", "\r").strip("\r").split("\r")[-1].strip()


def draw(chunks, total, dt):
    stream = io.StringIO()
    bar = TqdmProgress(file=stream, interval=0.0)
    bar.start(total, dt)
    for steps in chunks:
        bar.advance(steps)
    bar.close()
    return stream


def test_a_whole_run_ends_at_its_duration():
    line = last_line(draw([2500] * 4, 10_000, 0.1))
    assert line.startswith("simulated 1000/1000 ms |")
    assert "100%" in line
    assert "RTF " in line


def test_an_interrupted_run_shows_how_far_it_came():
    stream = draw([3400], 10_000, 0.1)
    assert last_line(stream).startswith("simulated 340/1000 ms |")
    assert " 34%" in last_line(stream)


@pytest.mark.parametrize(
    ("total", "dt", "text"), [(1, 0.1, "0.1/0.1 ms"), (3, 0.1, "0.3/0.3 ms"), (7, 0.025, "0.175/0.175 ms")]
)
def test_a_short_run_is_well_formed(total, dt, text):
    assert last_line(draw([total], total, dt)).startswith(f"simulated {text} |")


def test_a_long_run_is_shown_in_seconds():
    assert last_line(draw([600_000], 600_000, 0.1)).startswith("simulated 60/60 s |")


def test_a_run_without_a_step_done_still_closes():
    line = last_line(draw([], 100, 0.1))
    assert line.startswith("simulated 0/10 ms |")
    assert "RTF" not in line


def test_each_run_draws_its_own_bar():
    stream = io.StringIO()
    bar = TqdmProgress(file=stream, interval=0.0)
    for total in (10, 20):
        bar.start(total, 1.0)
        bar.advance(total)
        bar.close()
        bar.close()
    assert "simulated 10/10 ms" in stream.getvalue()
    assert last_line(stream).startswith("simulated 20/20 ms |")


def test_advance_before_start_and_after_close_is_harmless():
    stream = io.StringIO()
    bar = TqdmProgress(file=stream)
    bar.advance(3)
    bar.close()
    assert stream.getvalue() == ""


def test_null_progress_says_nothing(capsys):
    null = NullProgress()
    null.start(10, 0.1)
    null.advance(10)
    null.close()
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_make_progress_follows_the_user(monkeypatch):
    own = NullProgress()
    assert make_progress(own) is own
    assert isinstance(make_progress(True), TqdmProgress)
    assert isinstance(make_progress(False), NullProgress)
    assert isinstance(make_progress("log"), LogProgress)


@pytest.mark.parametrize("watched", [True, False])
def test_make_progress_by_itself_looks_for_somebody_who_watches(monkeypatch, watched):
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: watched, raising=False)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delitem(sys.modules, "ipykernel.zmqshell", raising=False)
    assert isinstance(make_progress(None), TqdmProgress if watched else LogProgress)


def test_a_program_without_a_console_is_not_watched(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.delitem(sys.modules, "ipykernel.zmqshell", raising=False)
    assert isinstance(make_progress(None), LogProgress)


def logged(caplog, monkeypatch, chunks, total, dt, seconds):
    """Lines of a run whose chunks take so many seconds each."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    caplog.set_level("INFO", logger="numbadyn")
    log = LogProgress()
    log.start(total, dt)
    for steps in chunks:
        now[0] += seconds
        log.advance(steps)
    log.close()
    log.close()
    assert all(record.levelname == "INFO" and record.name == "numbadyn" for record in caplog.records)
    return [record.getMessage() for record in caplog.records]


def test_a_line_a_minute_says_how_far_a_run_is_how_fast_and_how_long_it_will_take(caplog, monkeypatch):
    lines = logged(caplog, monkeypatch, [50_000] * 12, 600_000, 0.1, 20.0)
    assert lines == [
        "simulated 15 of 60 s (25%) in 01:00, RTF 4, about 03:00 left",
        "simulated 30 of 60 s (50%) in 02:00, RTF 4, about 02:00 left",
        "simulated 45 of 60 s (75%) in 03:00, RTF 4, about 01:00 left",
        "ended after 60 of 60 s (100%) in 04:00, RTF 4",
    ]


def test_a_short_run_writes_no_line_and_one_that_ends_early_says_where(caplog, monkeypatch):
    assert logged(caplog, monkeypatch, [10] * 4, 40, 0.1, 14.0) == []
    lines = logged(caplog, monkeypatch, [10] * 2, 10_000, 0.1, 70.0)
    assert lines[-1] == "ended after 2 of 1000 ms (0%) in 02:20, RTF 7e+04"
    assert logged(caplog, monkeypatch, [], 40, 0.1, 14.0) == lines


def test_lines_are_silent_unless_a_program_asks_for_them(capfd):
    log = LogProgress(interval=0.0)
    log.start(10, 0.1)
    log.advance(5)
    log.close()
    assert capfd.readouterr() == ("", "")


def test_a_notebook_is_watched(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setitem(sys.modules, "ipykernel.zmqshell", sys)
    assert progress.is_watched()


@pytest.mark.parametrize("wrong", [1, 0, "yes", object()])
def test_anything_else_is_refused(wrong):
    with pytest.raises(InvalidParameterError) as caught:
        make_progress(wrong)
    assert repr(wrong) in str(caught.value)
    assert "cure: Pass True" in str(caught.value)


def test_a_class_of_the_user_is_a_progress():
    class Count(Progress):
        def __init__(self):
            self.done = 0

        def start(self, total_steps, dt):
            self.total = total_steps

        def advance(self, steps):
            self.done += steps

        def close(self):
            self.closed = self.done == self.total

    count = make_progress(Count())
    count.start(4, 0.1)
    count.advance(4)
    count.close()
    assert count.closed
