"""Ctrl-C at any moment of a run: what was recorded comes back once, and the run goes on with the right bits."""

import random
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.progress import NullProgress, Progress
from tests.features.agreement import recorded
from tests.features.small_network import simulator

PACKAGE = str(Path(nd.__file__).parent)
STEPS = 40


class Presses:
    """Presses Ctrl-C at the n-th line of the package that is executed, and again some lines later."""

    def __init__(self, at, times=1, apart=3):
        self.when, self.lines = {at + apart * k for k in range(times)}, 0

    def _line(self, frame, event, arg):
        if event == "line":
            self.lines += 1
            if self.lines in self.when:
                signal.raise_signal(signal.SIGINT)
        return self._line

    def _call(self, frame, event, arg):
        return self._line if frame.f_code.co_filename.startswith(PACKAGE) else None

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *error):
        sys.settrace(self.before)


def steps_of(sim):
    return round(float(sim.t.rescale(ms).magnitude) / 0.1)


def carried(error):
    """The result of an exception, or of the one that was under way when Ctrl-C was pressed yet again."""
    while error is not None and not hasattr(error, "result"):
        error = error.__context__
    return None if error is None else error.result


def pressed(sim, steps, **how):
    """Run with Ctrl-C in between; the result, if there is one, and whether an exception brought it."""
    try:
        with Presses(**how) as presses:
            result, raised = sim.run(steps * 0.1 * ms, progress=False), False
    except KeyboardInterrupt as error:
        result, raised = carried(error), True
    return result, raised, presses.lines


def check(sim, whole, **how):
    handler = signal.getsignal(signal.SIGINT)
    before = steps_of(sim)
    first, raised, _lines = pressed(sim, STEPS, **how)
    assert signal.getsignal(signal.SIGINT) is handler
    if first is None:
        assert raised
        assert steps_of(sim) == before, "steps were made, but what they recorded is lost"
    else:
        assert (first.first, first.last) == (before, steps_of(sim))
    parts = [] if first is None else [first]
    if steps_of(sim) < STEPS:
        parts.append(sim.run((STEPS - steps_of(sim)) * 0.1 * ms, progress=False))
    found = [recorded(part) for part in parts]
    for name, values in recorded(whole).items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in found]), values, err_msg=f"{how} {name}")
    return len(parts)


@pytest.mark.parametrize("moments", ["some", pytest.param("many", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_whatever_the_moment_nothing_is_lost(target, times, moments):
    whole = simulator(target).run(STEPS * 0.1 * ms, progress=False)
    sim = simulator(target).compile()
    _result, _raised, lines = pressed(sim, STEPS, at=10**9)
    rng = random.Random(times)
    middle = rng.sample(range(1, lines), 12)
    begin, end, pieces = range(1, 30, 6), range(lines - 25, lines + 1), set()
    if moments == "some":  # each number of presses looks at other ones
        begin, middle, end = begin[times - 1 :: 3], middle[::3], end[times - 1 :: 3]
    for at in sorted({*begin, *middle, *end}):
        sim.reset()
        pieces.add(check(sim, whole, at=at, times=times, apart=rng.choice([1, 2, 7, 31])))
    assert pieces == {1, 2} if moments == "many" else pieces <= {1, 2}


@pytest.mark.parametrize("times", [1, 2])
def test_before_the_first_step_nothing_has_happened(times):
    """While synapses are built and the network is compiled, too: the simulator is as new."""
    whole = simulator("interpret").run(STEPS * 0.1 * ms, progress=False)
    lines = pressed(simulator("interpret"), STEPS, at=10**9)[2]
    for at in random.Random(times).sample(range(1, lines), 12):
        check(simulator("interpret"), whole, at=at, times=times, apart=5)


class Presses_in(NullProgress):
    """Presses Ctrl-C in one of the reports."""

    def __init__(self, where, times):
        self.where, self.times = where, times

    def press(self, here):
        if here == self.where:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)

    def start(self, total_steps, dt):
        self.press("start")

    def advance(self, steps):
        self.press("advance")

    def close(self):
        self.press("close")


@pytest.mark.parametrize("where", ["start", "advance", "close"])
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_ctrl_c_in_a_report(target, where, times):
    sim, whole = simulator(target), simulator(target).run(STEPS * 0.1 * ms, progress=False)
    raised = False
    try:
        result = sim.run(STEPS * 0.1 * ms, progress=Presses_in(where, times))
    except KeyboardInterrupt as error:
        result, raised = error.result, True
    assert raised == (times > 1)
    assert result.interrupted == (result.last < STEPS)
    parts = [recorded(result)]
    if result.last < STEPS:
        parts.append(recorded(sim.run((STEPS - result.last) * 0.1 * ms, progress=False)))
    for name, values in recorded(whole).items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), values)


@pytest.mark.cudasim
def test_ctrl_c_in_a_report_of_a_device():
    test_ctrl_c_in_a_report("cpu", "advance", 2)


class Fails(Progress):
    """Raises in one of its reports."""

    def __init__(self, where):
        self.where = where

    def fail(self, here):
        if here == self.where:
            raise LookupError(here)

    def start(self, total_steps, dt):
        self.fail("start")

    def advance(self, steps):
        self.fail("advance")

    def close(self):
        self.fail("close")


@pytest.mark.parametrize("where", ["start", "advance", "close"])
def test_whatever_report_fails_what_was_recorded_is_in_the_error(where):
    sim = simulator("interpret")
    with pytest.raises(LookupError, match=where) as caught:
        sim.run(STEPS * 0.1 * ms, progress=Fails(where))
    result = caught.value.result
    assert (result.first, result.last) == (0, steps_of(sim))
    assert result[sim.network.A].V.shape[0] == result.last


def test_a_second_ctrl_c_gets_out_of_a_compiler(monkeypatch):
    """Compilers wrap what they do not know: it comes out as what it was, and the next run compiles anew."""
    sim = simulator("cpu")
    whole = simulator("cpu").run(STEPS * 0.1 * ms, progress=False)
    machine = type(sim.machine)
    real = machine.compile

    def hangs(self):
        signal.raise_signal(signal.SIGINT)
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("cannot compile") from error

    monkeypatch.setattr(machine, "compile", hangs)
    for act in (sim.compile, lambda: sim.run(1 * ms, progress=False)):
        with pytest.raises(KeyboardInterrupt):
            act()
    monkeypatch.setattr(machine, "compile", real)
    check(sim, whole, at=10**9)


def test_the_handler_of_the_user_is_kept():
    calls = []
    before = signal.signal(signal.SIGINT, lambda *_: calls.append(1))
    try:
        mine = signal.getsignal(signal.SIGINT)
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
        assert (interrupts.count, calls, signal.getsignal(signal.SIGINT)) == (1, [], mine)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
        assert interrupts.count == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_in_a_run_inside_a_report_ends_both():
    inner, outer = simulator("interpret"), simulator("interpret")
    found = []

    class Inside(NullProgress):
        def advance(self, steps):
            if not found:
                found.append(inner.run(2 * ms, progress=Presses_in("advance", 1)))

    result = outer.run(STEPS * 0.1 * ms, progress=Inside())
    assert result.interrupted
    assert result.last < STEPS
    assert found[0].last <= 20


def test_other_threads_run_without_signals():
    found = []
    thread = threading.Thread(target=lambda: found.append(simulator("interpret").run(1 * ms, progress=False)))
    thread.start()
    thread.join()
    assert found[0].last == 10
