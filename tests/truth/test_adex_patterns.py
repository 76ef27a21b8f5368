"""The patterns of Naud et al. (2008): what makes each of them one, and spikes of SciPy's integration with events."""

import json
from pathlib import Path

import numpy as np
import pytest
from quantities import ms

from tests.examples.test_examples import run_and_keep

CONVERGED = json.loads((Path(__file__).parent / "data" / "adex_patterns.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run_and_keep("adex", tmp_path_factory.mktemp("adex"))


@pytest.fixture(scope="module")
def example(ran):
    return ran[0]


@pytest.fixture(scope="module")
def found(ran):
    return {name: times for name, (times, _) in ran[1].items()}


def bursts(times, gap=30.0):
    return [group.size for group in np.split(times, np.flatnonzero(np.diff(times) > gap) + 1)]


FEATURES = {
    "tonic spiking": lambda t: np.ptp(np.diff(t)) < 1.0 and t[0] < 20,
    "adaptation": lambda t: np.diff(t)[-1] > 5 * np.diff(t)[0] and (np.diff(np.diff(t)[:8]) > 0).all(),
    "initial burst": lambda t: bursts(t)[0] == 3 and set(bursts(t)[1:]) == {1},
    "regular bursting": lambda t: bursts(t)[0] == 3 and set(bursts(t)[1:]) == {2},
    "delayed accelerating": lambda t: t[0] > 30 and (np.diff(np.diff(t)) < 0.11).all() and np.diff(t)[-1] < 11,
    "delayed regular bursting": lambda t: t[0] > 50 and set(bursts(t)) == {4},
    "transient spiking": lambda t: t.size == 1 and t[0] < 40,
    "irregular spiking": lambda t: np.diff(t)[5:].std() / np.diff(t)[5:].mean() > 0.4,
}


@pytest.mark.parametrize("name", FEATURES)
def test_what_makes_the_pattern(name, found):
    assert FEATURES[name](found[name])


@pytest.mark.parametrize("name", FEATURES)
def test_spikes_are_those_of_a_converged_integration(name, found, example):
    """At 0.1 ms; an irregular train is chaotic, so that only its number of spikes can be told."""
    numbers, truth = list(example.PATTERNS[name]), np.array(CONVERGED[name]["spikes"])
    assert numbers == CONVERGED[name]["numbers"], "run make_adex_patterns.py"
    times = found[name]
    assert abs(times[0] - truth[0]) < 0.2
    assert abs(times.size - truth.size) <= 1
    if name != "irregular spiking":
        intervals = min(times.size, truth.size) - 1
        np.testing.assert_allclose(np.diff(times)[:intervals], np.diff(truth)[:intervals], atol=0.2, rtol=0.03)


@pytest.mark.exhaustive
def test_times_converge(example):
    """The mean error of spike times of the regular ones falls to below 0.05 ms at a step of 5 microseconds."""
    for name, (times, _) in example.run("cpu", dt=0.005 * ms).items():
        truth = np.array(CONVERGED[name]["spikes"])
        if name != "irregular spiking":
            assert times.size == truth.size
            assert abs(times - truth)[:10].mean() < 0.05
