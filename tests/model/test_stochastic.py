"""Stochastic integrators: of the strong and weak orders that they promise, the same traced and eager, errors."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import DimensionError, InvalidParameterError
from numbadyn.model import stochastic

DRIFT, NOISE, DURATION, PATHS, FINE = 0.5, 0.8, 1.0, 20000, 32
STEPPERS = {"euler": nd.sde_euler_step, "heun": nd.sde_heun_step, "milstein": nd.sde_milstein_step}


def drift(x):
    return DRIFT * x / ms


def diffusion(x):
    return NOISE * x / ms**0.5


@pytest.fixture(scope="module")
def kicks():
    """Normal numbers of fine steps, whose sums drive coarse ones; in pairs of opposite signs."""
    half = np.random.default_rng(3).normal(size=(FINE, PATHS // 2))
    return np.hstack([half, -half])


def run(monkeypatch, step, kicks, count, **options):
    """Geometric Brownian motion in some steps of one path after the other."""
    sums = kicks.reshape(count, FINE // count, -1).sum(1) / np.sqrt(FINE // count)
    numbers = iter(sums)
    monkeypatch.setattr(stochastic.random, "normal", lambda size: next(numbers))
    x = np.ones(PATHS)
    with nd.environ.context(dt=DURATION / count * ms):
        for _step in range(count):
            x = step(drift, diffusion, x, **options)
    return np.asarray(x)


@pytest.mark.parametrize(
    ("name", "calculus", "strong", "weak"),
    [
        ("euler", "ito", 0.5, 1.0),
        ("heun", "ito", 0.5, None),
        ("heun", "stra", 1.0, None),
        ("milstein", "ito", 1.0, 1.0),
        ("milstein", "stra", 1.0, 1.0),
    ],
)
def test_orders_of_convergence(monkeypatch, kicks, name, calculus, strong, weak):
    end = kicks.sum(0) * np.sqrt(DURATION / FINE)
    drift_of_log = DRIFT - (0.5 * NOISE**2 if calculus == "ito" else 0.0)
    exact = np.exp(drift_of_log * DURATION + NOISE * end)
    found = [run(monkeypatch, STEPPERS[name], kicks, count, sde_type=calculus) for count in (8, 32)]
    coarse, fine = (np.mean(np.abs(x - exact)) for x in found)
    assert np.log2(coarse / fine) / 2 == pytest.approx(strong, abs=0.15)
    if weak is not None:
        coarse, fine = (abs(np.mean(x - exact)) for x in found)
        assert np.log2(coarse / fine) / 2 == pytest.approx(weak, abs=0.3)


class Walks(nd.Dynamics):
    """Coupled equations, each with noise of its own."""

    def __init__(self, step, options):
        super().__init__(3000)
        self.step, self.options = step, options

    def init_state(self):
        self.x, self.y = nd.State(1.0), nd.State(0 * mV)

    def update(self):
        def slope(x, y):
            return drift(x), (1 * mV * x - y) / (2 * ms)

        def noise(x, y):
            return diffusion(x), 0.3 * mV / ms**0.5

        states = (self.x.value, self.y.value)
        self.x.value, self.y.value = self.step(slope, noise, states, **self.options)


@pytest.mark.statistical
@pytest.mark.parametrize(("name", "calculus"), [("euler", "ito"), ("heun", "stra"), ("milstein", "ito")])
def test_coupled_equations_in_a_simulation_have_the_moments_of_their_solution(name, calculus):
    # seeded; the mean is left by five standard errors with a chance of 6e-7
    walks = Walks(STEPPERS[name], {"sde_type": calculus})
    sim = nd.Simulator(walks, dt=0.02 * ms, seed=4, target="interpret")
    sim.run(1 * ms)
    x = sim.get(walks, "x")
    rate = DRIFT + (0.5 * NOISE**2 if calculus == "stra" else 0.0)
    assert abs(x.mean() - np.exp(rate)) < 5 * x.std() / np.sqrt(x.size) + 0.01
    assert np.log(x).std() == pytest.approx(NOISE, rel=0.06)
    words = {"euler": "Euler-Maruyama", "heun": "stochastic Heun", "milstein": "Milstein"}[name]
    assert f"x: real(3000,) in dimensionless, {words}" in sim.explain()


def test_a_constant_amplitude_needs_no_derivative_and_a_wrong_unit_is_named():
    with nd.environ.context(dt=0.1 * ms, i=0):
        for step in STEPPERS.values():
            x = step(lambda x: -x / ms, lambda x: 0.0 * mV / ms**0.5, np.ones(2) * mV)
            assert x.magnitude == pytest.approx(0.905, abs=0.006)
        with pytest.raises(DimensionError, match="root of a time"):
            nd.sde_milstein_step(lambda x: -x / ms, lambda x: 1 * mV / ms, np.ones(2) * mV)


def test_a_calculus_that_a_method_does_not_have_is_refused():
    with pytest.raises(InvalidParameterError, match="sde_type is 'stra'") as caught:
        nd.sde_euler_step(drift, diffusion, 1.0, sde_type="stra")
    assert "nd.sde_heun_step" in str(caught.value)
    with pytest.raises(InvalidParameterError, match="sde_type is 'itoh'"):
        nd.sde_heun_step(drift, diffusion, 1.0, sde_type="itoh")
