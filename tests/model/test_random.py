"""Draws inside an update: moments, the same numbers in every mode, and nothing that depends on who else draws."""

from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from tests.features.both import assert_targets_agree

N = 400
STEPS = 50


class Draws(nd.Dynamics):
    """Keeps one draw of each kind."""

    def __init__(self, size: int = N) -> None:
        super().__init__(size)
        self.p = nd.Parameter(np.linspace(0.1, 0.9, size))

    def init_state(self) -> None:
        self.uniform = nd.State(0.0)
        self.between = nd.State(0 * mV)
        self.normal = nd.State(0.0)
        self.scaled = nd.State(0 * mV)
        self.coin = nd.State(False)
        self.each = nd.State(False)
        self.few, self.many, self.varied = nd.State(0.0), nd.State(0.0), nd.State(0.0)

    def update(self) -> None:
        self.uniform.value = nd.random.uniform()
        self.between.value = nd.random.uniform(-2 * mV, 1 * mV)
        self.normal.value = nd.random.normal()
        self.scaled.value = nd.random.normal(3 * mV, 0.5 * mV)
        self.coin.value = nd.random.bernoulli(0.3)
        self.each.value = nd.random.bernoulli(self.p)
        self.few.value = nd.random.poisson(0.8)
        self.many.value = nd.random.poisson(40.0)
        self.varied.value = nd.random.poisson(10 * self.p.value)


@pytest.fixture(scope="module")
def result() -> Any:
    return assert_targets_agree(Draws, 0.1 * ms, (STEPS + 1) * 0.1 * ms, seed=12)[1]["Draws"]


MOMENTS = {
    "uniform": (0.5, 1 / 12), "between": (-0.5, 9 / 12), "normal": (0.0, 1.0), "scaled": (3.0, 0.25),
    "coin": (0.3, 0.21), "few": (0.8, 0.8), "many": (40.0, 40.0),
}  # fmt: skip


@pytest.mark.statistical
@pytest.mark.parametrize("name", MOMENTS)
def test_moments(result: Any, name: str) -> None:
    """With a fixed seed; five standard errors, so one seed in a million would fail."""
    mean, variance = MOMENTS[name]
    values = result.samples[name].values[1:].astype(float)
    assert values.size == N * STEPS
    assert abs(values.mean() - mean) < 5 * np.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=0.06)


@pytest.mark.statistical
def test_parameters_of_each_element_count(result: Any) -> None:
    p = np.linspace(0.1, 0.9, N)
    for name, mean, variance in (("each", p, p * (1 - p)), ("varied", 10 * p, 10 * p)):
        found = result.samples[name].values[1:].astype(float).mean(axis=0)
        assert abs(((found - mean) / np.sqrt(variance / STEPS)).mean()) < 5 / np.sqrt(N)
        assert np.corrcoef(found, mean)[0, 1] > 0.9


def test_draws_differ_between_steps_elements_and_calls(result: Any) -> None:
    uniform, between = result.samples["uniform"].values[1:], result.samples["between"].values[1:]
    assert np.unique(uniform).size == uniform.size
    assert abs(np.corrcoef(uniform.ravel(), between.ravel())[0, 1]) < 5 / np.sqrt(uniform.size)
    assert abs(np.corrcoef(uniform[1:].ravel(), uniform[:-1].ravel())[0, 1]) < 5 / np.sqrt(uniform.size)


def test_eager_calls_draw_the_same_numbers(result: Any) -> None:
    draws = nd.init_all_states(Draws(), seed=12)
    for step in range(10):
        with nd.environ.context(dt=0.1 * ms, i=step, seed=12):
            draws()
        for name, state in draws.states().items():
            np.testing.assert_allclose(
                state.array().astype(float), result.samples[name].values[step + 1].astype(float), rtol=1e-13
            )


def test_seed_decides() -> None:
    def run(seed: int) -> Any:
        draws = Draws(20)
        sim = nd.Simulator(draws, dt=0.1 * ms, target="interpret", seed=seed)
        sim.run(0.3 * ms)
        return sim.get(draws, "normal")

    assert (run(2**63 + 1) == run(2**63 + 1)).all()
    assert (run(1) != run(2)).all()


def test_draws_go_on_after_a_pause_and_come_back_after_a_reset() -> None:
    draws = Draws(20)
    sim = nd.Simulator(draws, dt=0.1 * ms, target="interpret", seed=3)
    sim.record(draws, "uniform")
    whole = sim.run(1 * ms)[draws].uniform
    sim.reset()
    parts = [sim.run(0.5 * ms)[draws].uniform, sim.run(0.5 * ms)[draws].uniform]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_sizes() -> None:
    assert nd.random.uniform(size=(2, 3)).shape == (2, 3)
    assert nd.random.poisson(np.full(4, 2.0)).shape == (4,)
    assert nd.random.bernoulli(np.full(4, 0.5)).shape == (4,)
    with nd.environ.context(seed=1, i=0):
        first, second = nd.random.normal(size=5), nd.random.normal(size=5)
    with nd.environ.context(seed=1, i=0):
        again = nd.random.normal(size=5)
    assert (first == again).all()
    assert (first != second).all()
