"""Integrators: exact where they promise it, of the order that they promise, the same traced and eager."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import DimensionError, UnsupportedFunctionError
from tests.features.both import assert_targets_agree

STEPPERS = {"euler": nd.euler_step, "exp_euler": nd.exp_euler_step, "rk2": nd.rk2_step, "rk4": nd.rk4_step}


def integrate(step: Callable[..., Any], f: Callable[..., Any], x: Any, dt: float, duration: float) -> Any:
    """The value after a time, in eager steps."""
    with nd.environ.context(dt=dt * ms):
        for _ in range(round(duration / dt)):
            x = step(f, x)
    return x


def errors(step: Callable[..., Any], f: Callable[..., Any], exact: float, dts: list[float]) -> list[float]:
    return [abs(float(integrate(step, f, 1.0, dt, 2.0)) - exact) for dt in dts]


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("rk2", 2), ("rk4", 4), ("exp_euler", 2)])
def test_order_of_convergence(name: str, order: int) -> None:
    # dx/dt = -x^2 with x(0) = 1 has the solution 1 / (1 + t); exponential Euler (Rosenbrock-Euler) is of order two
    coarse, fine = errors(STEPPERS[name], lambda x: -x * x / (1 * ms), 1.0 / 3.0, [0.1, 0.05])
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("dt", [0.01, 1.0, 50.0])
def test_exponential_euler_is_exact_for_linear_equations(dt: float) -> None:
    tau, rest, start, drive = 20.0, np.array([-60.0, -70.0]), np.array([-50.0, -75.0]), 3.0
    f = lambda v: (rest * mV - v + drive * mV) / (tau * ms)  # noqa: E731 - a right-hand side is a formula
    v = integrate(nd.exp_euler_step, f, start * mV, dt, 4 * dt)
    exact = rest + drive + (start - rest - drive) * np.exp(-4 * dt / tau)
    np.testing.assert_allclose(v.magnitude, exact, rtol=1e-14)


def test_exponential_euler_without_dependence_is_euler() -> None:
    assert integrate(nd.exp_euler_step, lambda x: 2.0 / (1 * ms), 1.0, 0.5, 1.0) == pytest.approx(3.0)


def test_arguments_are_passed_on() -> None:
    with nd.environ.context(dt=0.1 * ms):
        for step in STEPPERS.values():
            assert step(lambda x, a, b: (a - x) / b, 1.0, 1.0, 5 * ms) == pytest.approx(1.0)


@pytest.mark.parametrize("name", STEPPERS)
def test_right_hand_side_needs_the_unit_of_a_rate(name: str) -> None:
    with (
        nd.environ.context(dt=0.1 * ms),
        pytest.raises(DimensionError, match=f"{name}_step: the right-hand side is in mV, .* must be in mV/ms"),
    ):
        STEPPERS[name](lambda v: -v, 1.0 * mV)


def test_exprel() -> None:
    x = np.array([0.0, 1e-12, -1e-12, 1e-5, 1.0, -700.0])
    np.testing.assert_allclose(nd.exprel(x)[:3], 1.0, rtol=1e-11)
    np.testing.assert_allclose(nd.exprel(x)[3:], np.expm1(x[3:]) / x[3:], rtol=1e-14)
    with pytest.raises(DimensionError, match="exprel of a value in mV"):
        nd.exprel(1 * mV)


class Mixture(nd.Dynamics):
    """Nonlinear, with parameters, a voltage and gates; every integrator in it."""

    def __init__(self) -> None:
        super().__init__(6)
        self.tau = nd.Parameter(np.linspace(5.0, 20.0, 6) * ms)
        self.k = nd.Parameter(9.0 * mV)
        self.E = nd.Parameter(-65.0 * mV)

    def init_state(self) -> None:
        self.V = nd.State(nd.init.Uniform(-70 * mV, -40 * mV))
        self.g = nd.State(nd.init.Uniform(0.1, 0.9))
        self.h = nd.State(0.5)
        self.w = nd.State(0.1 * mV)

    def update(self) -> None:
        V, g, h = self.V.value, self.g.value, self.h.value
        alpha = nd.exprel(-(V + 40 * mV) / self.k) ** -1
        beta = 4 * np.exp(-(V - self.E) / (2 * self.k))
        self.g.value = nd.exp_euler_step(lambda x: (alpha * (1 - x) - beta * x) / (10 * ms), g)
        self.h.value = nd.rk2_step(lambda x, v: (np.tanh((v - self.E) / self.k) - x) / self.tau, h, V)
        self.w.value = nd.rk4_step(lambda x: (0.3 * (V - self.E) - x) / self.tau, self.w)
        self.V.value = nd.exp_euler_step(
            lambda v: ((self.E - v) * (1 + g**3 * h) - self.w.value + np.exp((v + 40 * mV) / self.k) * mV) / self.tau, V
        )


def test_eager_calls_equal_the_traced_step_on_both_targets() -> None:
    sim, result = assert_targets_agree(Mixture, 0.1 * ms, 5 * ms, seed=11)
    eager = nd.init_all_states(Mixture(), seed=11)
    with nd.environ.context(dt=0.1 * ms):
        for step in range(50):
            for name, state in eager.states().items():
                np.testing.assert_allclose(
                    np.asarray(state.value),
                    result["Mixture"].samples[name].values[step],
                    rtol=1e-13,
                    err_msg=f"{name} in step {step}",
                )
            eager()
    np.testing.assert_allclose(eager.V.value.magnitude, sim.get(sim.network, "V").magnitude, rtol=1e-13)


def test_single_precision_agrees_too() -> None:
    assert_targets_agree(Mixture, 0.1 * ms, 5 * ms, seed=11, precision=32)


def test_random_draws_in_an_eager_right_hand_side_are_refused_by_name() -> None:
    with (
        nd.environ.context(dt=0.1 * ms),
        pytest.raises(UnsupportedFunctionError, match="normal inside the right-hand side"),
    ):
        nd.exp_euler_step(lambda x: -x * nd.random.normal(size=3) / (1 * ms), np.ones(3))


class Noisy(nd.Dynamics):
    """Processes whose noise and drift are given by functions."""

    def __init__(self, size, drift, diffusion, **named):
        super().__init__(size)
        self.functions, self.named = (drift, diffusion), named

    def init_state(self):
        self.x = nd.State(0.0 * mV)

    def update(self):
        self.x.value = nd.exp_euler_step(*self.functions, self.x.value, **self.named)


def test_exponential_euler_with_noise_is_exact_for_ornstein_uhlenbeck():
    """Standard deviation and correlation after a step that is as long as the time constant."""
    tau, sigma, size = 2 * ms, 3 * mV, 40_000
    net = Noisy(size, lambda x, tau: -x / tau, lambda x, tau: sigma * np.sqrt(2 / tau), tau=tau)
    sim = nd.Simulator(net, dt=2 * ms, target="interpret", seed=3)
    sim.record(net, "x")
    x = sim.run(20 * ms, progress=False)[net].x.magnitude
    assert x[-1].std() == pytest.approx(3.0, rel=0.02)
    assert np.corrcoef(x[-1], x[-2])[0, 1] == pytest.approx(np.exp(-1), abs=0.02)
    assert abs(np.corrcoef(x[-1, 1:], x[-1, :-1])[0, 1]) < 0.02


def test_noise_in_eager_calls_and_of_coupled_equations():
    def drift(x, y):
        return -x / (5 * ms), (x - y) / (5 * ms)

    def diffusion(x, y):
        return 2 * mV / np.sqrt(1 * ms), 0 * mV / np.sqrt(1 * ms)

    with nd.environ.context(dt=1 * ms, i=0):
        x, y = nd.exp_euler_step(drift, diffusion, (np.zeros(5) * mV, np.ones(5) * mV))
    assert x.std() > 0.5 * mV
    np.testing.assert_allclose(y.magnitude, np.exp(-0.2))
    with pytest.raises(DimensionError, match="amplitude of the noise"), nd.environ.context(dt=1 * ms, i=0):
        nd.exp_euler_step(lambda x: -x / (5 * ms), lambda x: 2 * mV / ms, np.zeros(5) * mV)
