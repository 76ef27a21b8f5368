"""Time is a whole number of steps: comparisons, remainders, quotients of times are decided in steps, on all targets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantities import Hz, ms

import numbadyn as nd
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext
from numbadyn.model.step import trace_step
from tests.targets import COMPILED, simulator_of

#: Steps n of which n dt often misses the decimal n * dt by a rounding.
STEPS = (0.03, 0.15, 0.3, 0.35, 0.6, 0.7, 0.1, 0.025)
K = np.arange(1, 40)


class Clock(nd.Dynamics):
    """Windows, pauses, countdowns, phases and their like, with bounds of whole steps written as decimals."""

    def __init__(self, dt, k=K):
        super().__init__(len(k))
        self.begin, self.end = nd.Parameter(np.round(k * dt, 6) * ms), nd.Parameter(np.round(3 * k * dt, 6) * ms)
        self.rate = nd.Parameter(1000.0 / np.round(k * dt, 6) * Hz)

    def init_state(self):
        self.last, self.left = nd.State(-1e7 * ms), nd.State(0 * ms)
        self.window, self.shifted, self.fires, self.ready = (nd.State(False) for _ in range(4))
        self.at, self.early = nd.State(False), nd.State(False)
        self.cycle, self.count, self.beats = nd.State(0.0), nd.State(0), nd.State(0)
        self.phase = nd.State(0 * ms)

    def update(self):
        t, dt = nd.environ.get("t"), nd.environ.get("dt")
        self.window.value = (t >= self.begin) & (self.end > t)
        self.shifted.value = (t - 1 * ms > self.begin - 1 * ms - dt) & (3 * ms - t > 3 * ms - self.end)
        self.at.value, self.early.value = np.equal(t, self.begin), np.less_equal(t + dt, self.begin)
        self.fires.value = t - self.last.value >= self.begin
        self.last.value = np.where(self.fires.value, t, self.last.value)
        self.left.value = np.maximum(self.left.value - dt, 0 * ms)
        self.ready.value = self.left.value <= 0 * ms
        self.left.value = np.where(self.ready.value, self.begin, self.left.value)
        self.phase.value = np.fmod(t % self.begin, self.end)
        self.cycle.value = np.floor(t / self.begin)
        self.count.value = (t // self.begin).astype(int)
        self.beats.value = np.trunc(t * self.rate).astype(int)


def expected(n, k=K):
    """What the states of `Clock` are after step n."""
    return {
        "window": (n >= k) & (n < 3 * k), "shifted": (n >= k) & (n < 3 * k), "at": n == k, "early": n < k,
        "fires": n % k == 0, "ready": n % k == 0, "cycle": n // k, "count": n // k, "beats": n // k,
    }  # fmt: skip


@pytest.mark.cudasim
@pytest.mark.parametrize("precision", [64, 32])
@pytest.mark.parametrize("target", ["interpret", COMPILED])
def test_decimal_bounds_are_whole_steps(target, precision):
    steps = 130
    for dt in STEPS if target == "interpret" or COMPILED == "cpu" else STEPS[:2]:
        clock = Clock(dt)
        sim = simulator_of(clock, dt * ms, target, precision=precision)
        for name in (*expected(0), "phase"):
            sim.record(clock, name)
        result = sim.run(steps * dt * ms, progress=False)[clock]
        n = np.arange(steps - 1)[:, None]  # a sample is the value at the start of a step
        for name, want in expected(n).items():
            np.testing.assert_array_equal(getattr(result, name)[1:], want, err_msg=f"{name} at dt = {dt}")
        near = 1e-9 if precision == 64 else 1e-4
        np.testing.assert_allclose(result.phase[1:].magnitude, n % K * dt, rtol=0, atol=near)


def test_eager_calls_agree():
    for dt in STEPS:
        clock = nd.init_all_states(Clock(dt))
        for n in range(50):  # each begins, and a third of them ends
            with nd.environ.context(dt=dt * ms, t=n * dt * ms):
                clock()
            for name, want in expected(n).items():
                if name != "beats":  # a bare number has lost what it was made of
                    np.testing.assert_array_equal(getattr(clock, name).value, want, err_msg=f"{name}, {dt}, {n}")


@settings(max_examples=30)
@given(
    dt=st.sampled_from([*STEPS, 0.01, 0.07, 0.125, 1.0]),
    k=st.lists(st.integers(1, 10_000_000), min_size=1, max_size=8),
    bits=st.sampled_from([64, 32]),
)
def test_bounds_far_from_the_start(dt, k, bits):
    class Far(nd.Dynamics):
        def __init__(self):
            super().__init__(len(k))
            self.bound = nd.Parameter(np.round(np.array(k) * dt, 6) * ms)

        def init_state(self):
            for name in ("ge", "gt", "lt", "le", "eq", "ne"):
                setattr(self, name, nd.State(False))

        def update(self):
            t = nd.environ.get("t")
            self.ge.value, self.gt.value, self.eq.value = t >= self.bound, self.bound < t, t == self.bound
            self.lt.value, self.le.value, self.ne.value = t < self.bound, self.bound >= t, t != self.bound

    step = trace_step(nd.init_all_states(Far()))
    run = Interpreter(step, BindContext(dt, 0, bits), [])
    names = [spec.name.rsplit(".")[-1] for spec in step.states]
    for number in {n for bound in k for n in (bound - 1, bound, bound + 1)}:
        run.number = number
        run.advance()
        want = {
            "ge": number >= np.array(k), "gt": number > np.array(k), "eq": number == np.array(k),
            "lt": number < np.array(k), "le": number <= np.array(k), "ne": number != np.array(k),
        }  # fmt: skip
        for name, value in zip(names, run.states, strict=True):
            np.testing.assert_array_equal(value, want[name], err_msg=f"{name} in step {number}")


def test_bounds_between_steps_infinite_and_undefined():
    bounds = np.array([0.25, 0.3, np.inf, -np.inf, np.nan, -0.1])

    class Odd(nd.Dynamics):
        def init_state(self):
            self.ge, self.gt, self.lt, self.le, self.eq = (nd.State(False) for _ in range(5))

        def update(self):
            t = nd.environ.get("t")
            self.ge.value, self.gt.value, self.eq.value = t >= bounds * ms, t > bounds * ms, t == bounds * ms
            self.lt.value, self.le.value = t < bounds * ms, t <= bounds * ms

    step = trace_step(nd.init_all_states(Odd(6)))
    run = Interpreter(step, BindContext(0.1, 0), [])
    for n in range(6):
        run.advance()
        t = round(n * 0.1, 1)
        for spec, value in zip(step.states, run.states, strict=True):
            compare = {"ge": np.greater_equal, "gt": np.greater, "lt": np.less, "le": np.less_equal, "eq": np.equal}
            np.testing.assert_array_equal(value, compare[spec.name.rsplit(".")[-1]](t, bounds), err_msg=spec.name)


def test_long_expressions_are_compared():
    class Chain(nd.Dynamics):
        def init_state(self):
            self.x, self.last, self.above, self.late = (
                nd.State(0.25),
                nd.State(0 * ms),
                nd.State(False),
                nd.State(False),
            )

        def update(self):
            x, t = self.x.value, self.last.value
            for _ in range(1000):
                x, t = x * 0.999 + 0.0005, t + 0.1 * ms
            self.above.value, self.late.value = x > 0.375, t >= 100 * ms

    network = Chain(1)
    sim = nd.Simulator(network, dt=0.1 * ms, target="interpret")
    sim.run(0.1 * ms)
    assert network.above.value
    assert network.late.value
