"""Visitors of a run: when they are asked, what ends a run, who leaves."""

from __future__ import annotations

import pytest

from numbadyn.runtime.engine import run_steps
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.progress import NullProgress
from numbadyn.runtime.visitors import Visitor
from tests.runtime.test_engine import Counter


class Diary(Visitor):
    """Stands still at chosen steps; ends the run, or fails, at one of them."""

    def __init__(self, stops=(), ends=None, fails=None):
        self.stops, self.ends, self.fails, self.seen = stops, ends, fails, []

    def begin(self, first, stop):
        self.seen.append(("begin", first, stop))

    def next_stop(self, number):
        return next((stop for stop in self.stops if stop > number), None)

    def visit(self, number):
        self.seen.append(number)
        if number == self.fails:
            raise RuntimeError("no")
        return "word" if number == self.ends else None

    def end(self):
        self.seen.append("end")


def _run(*visitors, steps=100_000):
    return run_steps(Counter(), steps, [Logs()], NullProgress(), visitors=visitors)


def test_chunks_stop_where_visitors_ask():
    first, second = Diary(range(0, 100_000, 777)), Diary([5, 50_001])
    outcome = _run(first, second)
    assert outcome.reached == 100_000
    assert outcome.why == "duration"
    assert {*range(777, 100_000, 777), 5, 50_001, 100_000} <= set(second.seen[1:-1])
    assert first.seen == second.seen
    assert first.seen[0] == ("begin", 0, 100_000)
    assert first.seen[-1] == "end"


def test_a_word_ends_the_run_once_all_have_looked():
    first, second = Diary([300], ends=300), Diary()
    outcome = _run(first, second)
    assert (outcome.reached, outcome.why) == (300, "word")
    assert second.seen[-2:] == [300, "end"]


def test_an_error_ends_the_run_and_all_leave():
    first, second = Diary([300], fails=300), Diary()
    outcome = _run(first, second)
    assert (outcome.reached, outcome.why) == (300, "error")
    assert isinstance(outcome.lost, RuntimeError)
    assert first.seen[-1] == second.seen[-1] == "end"


@pytest.mark.parametrize("where", ["begin", "end"])
def test_those_that_have_begun_leave(where):
    class Fails(Diary):
        pass

    setattr(Fails, where, lambda _self, *_steps: 1 / 0)
    before, behind = Diary(), Diary()
    outcome = _run(before, Fails(), behind)
    assert isinstance(outcome.lost, ZeroDivisionError)
    assert before.seen[-1] == "end"
    assert behind.seen == [] if where == "begin" else behind.seen[-1] == "end"
    assert outcome.reached == (0 if where == "begin" else 100_000)
