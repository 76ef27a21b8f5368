"""Kuramoto oscillators against the closed form of the order parameter, r = sqrt(1 - 2 gamma / K)."""

import numpy as np
import pytest
from quantities import kHz, ms

import numbadyn as nd
from tests.examples.test_examples import load, run_and_keep


def test_two_oscillators_in_closed_form():
    """phi' = w - K sin(phi): locked at arcsin(w / K), or drifting apart with a beat of 2 pi / sqrt(w^2 - K^2)."""
    w, K = 0.1, np.array([0.2, 0.14, np.sqrt(0.1**2 - (np.pi / 50) ** 2)])  # the last one beats in 100 ms
    pair = nd.Kuramoto(2, omega=np.array([0.3, 0.3 + w]) * kHz)
    sim = nd.Simulator(pair, dt=1 * ms, target="interpret", batch=3)
    sim.batch["K"] = K * kHz
    sim.run(50 * ms, progress=False)
    first = sim.get(pair, "theta")
    sim.run(100 * ms, progress=False)
    last = sim.get(pair, "theta")
    np.testing.assert_allclose(np.sin(np.diff(last[:2], axis=-1))[:, 0], w / K[:2], rtol=1e-5)
    assert np.diff(last[2] - first[2]) == pytest.approx(2 * np.pi, rel=1e-5)


def test_the_example_measures_order():
    """300 oscillators for a moment at couplings far from the onset; the whole curve is below."""
    kuramoto, K = load("kuramoto"), np.array([0.5, 40.0])
    r = kuramoto.run(K, 300, 40 * ms, "interpret", dt=0.2 * ms)
    assert r[0] < 0.2
    assert r[1] == pytest.approx(kuramoto.theory(40.0), abs=0.06)


@pytest.mark.exhaustive
def test_the_whole_curve():
    """2,000 oscillators: within 0.01 above 2.5 gamma, and an onset between 1.8 and 2.3 gamma."""
    kuramoto, K = load("kuramoto"), np.linspace(1.0, 6.0, 26)
    r = kuramoto.run(K, 2000, 2000 * ms)
    late = K >= 2.5
    np.testing.assert_allclose(r[late], kuramoto.theory(K[late]), atol=0.01)
    onset = K[np.argmax(r > 0.25)]
    assert 1.8 < onset < 2.35


@pytest.mark.exhaustive
def test_the_example_as_its_user_runs_it(tmp_path):
    kuramoto, r = run_and_keep("kuramoto", tmp_path)
    K = np.linspace(0.5, 6, 12)
    np.testing.assert_allclose(r[K >= 2.5], kuramoto.theory(K[K >= 2.5]), atol=0.04)
