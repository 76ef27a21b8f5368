"""The twenty patterns of Izhikevich (2004): what makes each of them one, and spikes of a converged integration."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.examples.test_examples import run_and_keep

CONVERGED = json.loads((Path(__file__).parent / "data" / "izhikevich_patterns.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run_and_keep("izhikevich", tmp_path_factory.mktemp("izhikevich"))


@pytest.fixture(scope="module")
def example(ran):
    return ran[0]


@pytest.fixture(scope="module")
def found(ran):
    return ran[1]


def bursts(times, gap=15.0):
    """Numbers of spikes in groups that are apart."""
    return [group.size for group in np.split(times, np.flatnonzero(np.diff(times) > gap) + 1)]


def rises(V):
    """Times (ms) at which a potential has its maxima."""
    return 0.1 * (np.flatnonzero((V[1:-1] > V[:-2]) & (V[1:-1] >= V[2:])) + 1)


FEATURES = {
    "tonic spiking": lambda t, V: np.allclose(np.diff(t[2:]), 27, atol=1) and t.size == 5,
    "phasic spiking": lambda t, V: t.size == 1 and V[-1] > -66,
    "tonic bursting": lambda t, V: len(bursts(t)) == 4 and min(bursts(t)) >= 4,
    "phasic bursting": lambda t, V: len(bursts(t)) == 1 and t.size >= 6 and t[-1] < 80,
    "mixed mode": lambda t, V: bursts(t)[0] == 3 and bursts(t)[1:] == [1] * 4,
    "spike frequency adaptation": lambda t, V: np.diff(t)[-1] > 8 * np.diff(t)[0],
    "class 1 excitable": lambda t, V: 1e3 / np.diff(t)[0] < 26 and (np.diff(np.diff(t)) < 0).all(),
    "class 2 excitable": lambda t, V: 45 < 1e3 / np.diff(t)[0] < 1e3 / np.diff(t)[-1] < 125,
    "spike latency": lambda t, V: t.size == 1 and t[0] > 13 + 3,
    "subthreshold oscillations": lambda t, V: t.size == 1 and (rises(V) > 40).sum() >= 1,
    "resonator": lambda t, V: t.size == 1 and t[0] > 320,
    "integrator": lambda t, V: t.size == 1 and 14 < t[0] < 25,
    "rebound spike": lambda t, V: t.size == 1 and t[0] > 25,
    "rebound burst": lambda t, V: len(bursts(t)) == 1 and t.size >= 10 and t[0] > 25,
    "threshold variability": lambda t, V: t.size == 1 and t[0] > 80,
    "bistability": lambda t, V: t.size == 5 and t[0] > 40 and t[-1] < 208,
    "depolarizing after-potential": lambda t, V: (
        t.size == 1 and -60 < V[130:400].max() < -40 and V[120] < V[130:400].max()
    ),
    "inhibition-induced spiking": lambda t, V: t.size == 4 and t[0] > 50 and t[-1] < 260,
    "inhibition-induced bursting": lambda t, V: len(bursts(t)) == 3 and min(bursts(t)) >= 9 and t[0] > 50,
    "accommodation": lambda t, V: t.size == 1 and t[0] > 300,
}


@pytest.mark.parametrize("name", FEATURES)
def test_what_makes_the_pattern(name, found):
    assert FEATURES[name](*found[name])


@pytest.mark.parametrize("name", FEATURES)
def test_spikes_are_those_of_a_converged_integration(name, found, example):
    """At 0.1 ms, the first spike within 0.15 ms of the truth, ten within 1.2 ms; as many, but for long bursts' ends."""
    numbers, truth = list(example.PATTERNS[name][:6]), np.array(CONVERGED[name]["spikes"])
    assert numbers == CONVERGED[name]["numbers"], "run make_izhikevich_patterns.py"
    times = found[name][0]
    assert abs(times[0] - truth[0]) < 0.15
    np.testing.assert_allclose(times[:10], truth[:10], atol=1.2)
    if "burst" in name and name != "phasic bursting":
        assert abs(times.size - truth.size) <= 6
    else:
        assert times.size == truth.size
        np.testing.assert_allclose(times, truth, atol=1.2)


def test_numbers_that_need_the_steps_of_the_script_make_their_patterns_with_these(example):
    """The plain loop of the script, in its order; it stamps a spike with the start of its step."""
    for name, ((a, b, c, d, V, duration, current), step) in example.PUBLISHED.items():
        u, times = b * V, []
        for n in range(round(duration / step)):
            V = V + step * (0.04 * V**2 + 5 * V + 140 - u + float(current(np.array(n * step))))
            u = u + step * a * (b * V - u)
            if V > 30:
                times.append((n + 1) * step)
                V, u = c, u + d
        np.testing.assert_allclose(example.published(name, target="interpret"), times, atol=1e-9)
        assert FEATURES_OF_SCRIPT[name](np.array(times))


FEATURES_OF_SCRIPT = {
    "bistability": lambda t: t.size == 5 and t[-1] < 216,
    "depolarizing after-potential": lambda t: t.size == 1,
    "inhibition-induced bursting": lambda t: bursts(t) == [7, 5],
}
