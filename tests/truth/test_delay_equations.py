"""Delay differential equations in compiled loops, against closed forms, orders of convergence and published behaviour.

Times count in ms; where an equation has no unit of time, one ms stands for one.
"""

import math

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
from tests.features.both import assert_targets_agree


def trace_of(model, dt, duration, name="x", every=None, target="cpu"):
    """Values of a state at the start of each step."""
    sim = nd.Simulator(model, dt=dt * ms, target=target)
    sim.record(model, name, every=None if every is None else every * ms)
    return np.asarray(sim.run(duration * ms, progress=False)[model].samples[name].values)


# ---- a linear equation with a constant delay -------------------------------------------------------------------------

QUARTER = math.pi / 2


class Cosine(nd.Dynamics):
    """x' = -x(t - pi/2) with x = cos before the start: x = cos for ever, and the delay always lies between steps."""

    def __init__(self, size, method, scheme):
        super().__init__(size)
        before = nd.init.OfTime(lambda t: np.cos(t / ms))
        self.past = nd.StateWithDelay(self, "x", init=before, time=2 * ms, interpolation=method)
        self.scheme = scheme

    def init_state(self):
        self.x = nd.State(1.0)

    def update(self):
        t, dt = nd.environ.get("t"), nd.environ.get("dt")

        def slope(time):
            return -self.past.retrieve_at_time(time - QUARTER * ms) / (1 * ms)

        if self.scheme == "euler":
            self.x.value = self.x + dt * slope(t)
        else:  # Simpson's rule, which Runge's method of order four comes to where the slope does not depend on x itself
            self.x.value = self.x + dt / 6 * (slope(t) + 4 * slope(t + dt / 2) + slope(t + dt))


@pytest.mark.parametrize(
    ("method", "scheme", "order"),
    [("nearest", "euler", 1), ("linear", "simpson", 2), ("cubic", "simpson", 3), ("polynomial3", "simpson", 4)],
)
def test_order_of_convergence(method, scheme, order):
    """The error falls with the order of the scheme, or of the interpolation where that is lower.

    The delay lies at the same place between two steps for each dt: the error's factor depends on it.
    """
    errors = []
    for whole in (12, 24, 48):
        dt = QUARTER / (whole + 0.37)
        found = trace_of(Cosine(1, method, scheme), dt, 8 * whole * dt)[:, 0]
        errors.append(np.abs(found - np.cos(dt * np.arange(8 * whole))).max())
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (rates > order - 0.3).all(), (errors, rates)


def test_both_targets_integrate_alike():
    """Bit by bit."""
    assert_targets_agree(lambda: Cosine(3, "cubic", "simpson"), 0.125 * ms, 4 * ms)


# ---- delays that change ----------------------------------------------------------------------------------------------


def pantograph(t):
    """The solution of x' = x(t / 2), x(0) = 1."""
    return sum(t**k / (math.factorial(k) * 2.0 ** (k * (k - 1) // 2)) for k in range(25))


class Pantograph(nd.Dynamics):
    """x' = x(t / 2): the delay t / 2 grows with time. Two-step method of Adams and Bashforth."""

    def __init__(self, dt):
        super().__init__(1)
        before = nd.init.OfTime(lambda t: pantograph(float(t)))
        self.delayed = self.prefetch_delay(
            "x", lambda: nd.environ.get("t") / 2, init=before, max_delay=3 * ms, interpolation="polynomial3"
        )
        self.first_slope = pantograph(-dt / 2)

    def init_state(self):
        self.x, self.slope = nd.State(1.0), nd.State(self.first_slope)

    def update(self):
        slope = self.delayed()
        self.x.value = self.x + nd.environ.get("dt") / (1 * ms) * (1.5 * slope - 0.5 * self.slope)
        self.slope.value = slope


def test_a_delay_that_grows_with_time():
    """The series of x' = x(t/2), x(0) = 1: the sum of t^k / (k! 2^(k(k-1)/2)); the error falls with dt squared."""
    errors = []
    for dt in (0.05, 0.025, 0.0125):
        found = trace_of(Pantograph(dt), dt, 5)[:, 0]
        errors.append(np.abs(found - pantograph(dt * np.arange(len(found)))).max())
    assert errors[-1] < 1e-3
    assert (np.log2(np.array(errors[:-1]) / errors[1:]) > 1.8).all(), errors


class Neves(nd.Dynamics):
    """y'(t) = y(t) y(ln y(t)) / t for t >= 1, y = 1 before: the delay depends on the solution; the run begins at 1."""

    def __init__(self):
        super().__init__(1)
        self.past = nd.StateWithDelay(self, "y", time=6 * ms, interpolation="linear")

    def init_state(self):
        self.y = nd.State(1.0)

    def update(self):
        clock, dt = nd.environ.get("t") / (1 * ms) + 1.0, nd.environ.get("dt") / (1 * ms)

        def slope(y):
            return y * self.past.retrieve_at_time((np.log(y) - 1.0) * (1 * ms), 0) / clock

        self.y.value = self.y + dt * slope(self.y.value)


def test_a_delay_that_depends_on_the_solution():
    """y = t up to e, then exp(t/e) up to e^2 (Neves 1975, doi:10.1145/355656.355661); Euler's method, order one."""
    errors = []
    for dt in (0.02, 0.01, 0.005):
        found = trace_of(Neves(), dt, 6, name="y")[:, 0]
        t = 1 + dt * np.arange(len(found))
        exact = np.where(t < math.e, t, np.exp(t / math.e))
        errors.append(np.abs(found - exact).max())
    assert errors[-1] < 0.06
    assert (np.array(errors[:-1]) / errors[1:] > 1.7).all(), errors


# ---- Mackey and Glass ------------------------------------------------------------------------------------------------


class MackeyGlass(nd.Dynamics):
    """x' = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x, one system for each delay."""

    def __init__(self, delays, first=1.2):
        super().__init__(len(delays))
        self.delays, self.first = delays, first
        own = np.arange(len(delays))
        self.delayed = self.prefetch_delay("x", self.prefetch("tau"), own, max_delay=40 * ms, interpolation="cubic")

    def init_state(self):
        self.x, self.tau = nd.State(self.first), nd.State(np.asarray(self.delays) * ms)

    def update(self):
        past = self.delayed()
        drive = 0.2 * past / (1.0 + past**10)
        self.x.value = nd.exp_euler_step(lambda x: (drive - 0.1 * x) / (1 * ms), self.x.value)
        return self.x.value


def maxima(x):
    """Heights of the local maxima."""
    inner = x[1:-1]
    return inner[(inner > x[:-2]) & (inner >= x[2:])]


@pytest.fixture(scope="module")
def attractors():
    """The last 1500 of 6000 units of time, for each delay."""
    delays = [3.0, 8.0, 14.0, 17.0]
    traces = trace_of(MackeyGlass(delays), 0.05, 6000, every=0.25)
    return dict(zip(delays, traces[-6000:].T, strict=True))


def test_mackey_glass_below_the_first_bifurcation_rests_at_one(attractors):
    """Mackey and Glass (1977, doi:10.1126/science.267326): the fixed point x = 1 is stable below tau = 4.53."""
    np.testing.assert_allclose(attractors[3.0], 1.0, atol=1e-6)


def test_mackey_glass_oscillates_then_doubles_its_period(attractors):
    """Farmer (1982, doi:10.1016/0167-2789(82)90042-2): one limit cycle up to 13.3, then doublings, chaos from 16.8."""
    one = maxima(attractors[8.0])
    assert one.size > 20
    assert np.ptp(one) < 2e-3
    heights = maxima(attractors[14.0])
    high = heights[heights > 1.1]
    assert np.ptp(high) > 0.02
    assert np.ptp(high[::2]) < 0.004
    assert np.ptp(high[1::2]) < 0.004


def test_mackey_glass_is_chaotic_at_seventeen(attractors):
    """No two maxima repeat, the attractor spans 0.2 to 1.4, and close starts part exponentially."""
    x = attractors[17.0]
    assert 0.2 < x.min() < 0.5 < 1.25 < x.max() < 1.4
    assert len(np.unique(maxima(x).round(3))) > 20
    near, far = (trace_of(MackeyGlass([17.0], first=first), 0.05, 2500, every=1.0)[:, 0] for first in (1.2, 1.2 + 1e-9))
    gap = np.abs(near - far)
    assert gap[:50].max() < 1e-8
    assert gap[-300:].max() > 1e-4
    # the exponent is 0.007 per unit of time at tau = 17 (Farmer 1982); a fit over the growth lies around it
    window = slice(200, 1800)
    rate = np.polyfit(np.arange(200, 1800), np.log(np.maximum(gap[window], 1e-18)), 1)[0]
    assert 0.003 < rate < 0.012


def test_mackey_glass_as_integrated_by_hand():
    """The same scheme in NumPy, for a delay of whole steps: sample by sample over 100 units of time."""
    dt, tau = 0.1, 17.0
    found = trace_of(MackeyGlass([tau]), dt, 100)[:, 0]
    x, lag = [1.2], round(tau / dt)
    for n in range(999):
        past = x[n - lag] if n >= lag else 1.2
        drive = 0.2 * past / (1 + past**10)
        x.append(drive / 0.1 + (x[n] - drive / 0.1) * math.exp(-0.1 * dt))
    np.testing.assert_allclose(found, x, rtol=1e-9)


# ---- a delayed rate network ------------------------------------------------------------------------------------------

GAIN = 2.0
OMEGA = math.sqrt(GAIN**2 - 1)
CRITICAL = math.acos(-1 / GAIN) / OMEGA


class Rate(nd.Dynamics):
    """A population of rates that integrates its currents."""

    def init_state(self):
        self.r = nd.State(0.1)

    def update(self):
        drive = self.sum_current_inputs(0.0, self.r.value)
        self.r.value = nd.exp_euler_step(lambda r: (drive - r) / (1 * ms), self.r.value)
        return self.r.value


class Inhibited(nd.DynamicsGroup):
    """Rates that inhibit themselves a while later, each after its own delay: r' = -r - g tanh(r(t - tau))."""

    def __init__(self, delays):
        super().__init__()
        self.cells = Rate(len(delays))
        self.feedback = nd.CurrentProj(
            self.cells.prefetch_delay("r", np.asarray(delays) * ms, np.arange(len(delays))),
            np.tanh,
            comm=nd.OneToOne(len(delays), len(delays), weight=-GAIN),
            out=nd.CUBA.desc(scale=1.0),
            post=self.cells,
        )


def test_delayed_inhibition_oscillates_beyond_the_critical_delay():
    """1 + g exp(-i omega tau) + i omega = 0: omega = sqrt(g^2 - 1), tau_c = arccos(-1/g) / omega."""
    net = Inhibited([0.9 * CRITICAL, 1.1 * CRITICAL, 1.02 * CRITICAL])
    sim = nd.Simulator(net, dt=0.002 * ms)
    sim.record(net.cells, "r", every=0.01 * ms)
    r = np.asarray(sim.run(200 * ms, progress=False)[net.cells].r)
    below, above, onset = r[-5000:].T
    assert np.abs(below).max() < 1e-3
    assert np.abs(above).max() > 0.3
    crossings = np.flatnonzero((onset[:-1] < 0) & (onset[1:] >= 0))
    period = np.diff(crossings).mean() * 0.01
    assert period == pytest.approx(2 * math.pi / OMEGA, rel=0.02)
