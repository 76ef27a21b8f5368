"""Forecasts of a run: what they say, and that making one changes nothing."""

import numpy as np
import pytest
import quantities as pq
from quantities import ms, s

import numbadyn as nd
from numbadyn.errors import DurationError, MemoryBudgetError
from numbadyn.runtime import room, trial
from tests.features.small_network import Small
from tests.features.test_spilling import bits, watched
from tests.targets import simulator_of


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr("numbadyn.simulator.forecasting._TRIAL_SECONDS", 0.02)


@pytest.mark.parametrize("replicas", [0, 2])
@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_a_forecast_changes_nothing(target, replicas):
    plain, asked = watched(target, replicas), watched(target, replicas)
    for sim in (plain, asked):
        sim.set(sim.network.E, "V", -57 * pq.mV)
    for length in (3, 5):
        asked.forecast(1 * s)
        asked.forecast(1 * s, memory="1 MiB")
        assert asked.t == plain.t
        expected, found = (sim.run(length * ms, progress=False) for sim in (plain, asked))
        assert bits(found) == bits(expected)


def test_delays_and_synapses_are_as_before():
    plain, asked = (simulator_of(Small(), 0.1 * ms, "cpu", seed=3) for _ in range(2))
    for sim in (plain, asked):
        sim.record(sim.network.B, "V", spikes=True)
        sim.run(4 * ms, progress=False)
    asked.forecast(10 * ms)
    expected, found = (sim.run(8 * ms, progress=False) for sim in (plain, asked))
    assert bits(found) == bits(expected)


def test_what_a_forecast_says():
    cells = nd.LIF(1000)
    sim = simulator_of(cells, 0.1 * ms, "interpret")
    sim.record(cells, "V", every=1 * ms)
    found = sim.forecast(100 * s)
    assert found.steps == 10**6
    assert found.recordings.rescale("byte").item() == 10**5 * 8008
    assert found.network.rescale("byte").item() >= 8000
    assert found.memory == found.network + found.recordings
    assert (found.disk, found.must_compile, found.compile_time) == (0 * pq.B, False, None)
    assert 0 < found.wall_time.rescale("s").item() < 10**6
    text = str(found)
    for part in ("A run of 100 s makes 1000000 steps", "763.70 MiB", "LIF.V", "wall time  about", "real-time factor"):
        assert part in text.replace("763.7 ", "763.70 ")
    small = sim.forecast(100 * s, memory="100 MiB", trial=False)
    assert small.wall_time is None
    assert small.memory < 0.1 * pq.GiB
    assert small.disk.rescale("byte").item() == 10**5 * 8008


def test_spikes_are_counted_in_the_trial():
    sim = watched("interpret")
    found = sim.forecast(10 * s)
    expected = 12 * 20 * 900 * 10
    assert found.parts["spikes of Busy.noise"].rescale("byte").item() == pytest.approx(expected, rel=0.3)


def test_what_does_not_fit_is_foretold(monkeypatch):
    cells = nd.LIF(1000)
    sim = simulator_of(cells, 0.1 * ms, "interpret")
    sim.record(cells, "V")
    monkeypatch.setattr(room, "free_bytes", lambda: 10**9)
    assert sim.forecast(1 * s, trial=False).fits
    found = sim.forecast(1000 * s, trial=False)
    assert not found.fits
    assert "It does not fit." in str(found)
    net = nd.DynamicsGroup()
    net.E = nd.LIF(10**6)
    net.all = nd.DeltaProj(net.E, comm=nd.FixedProb(10**6, 10**6, prob=1.0, weight=1 * pq.mV), post=net.E)
    huge = simulator_of(net, 0.1 * ms, "cpu").forecast(1 * s)
    assert not huge.fits
    assert huge.wall_time is None
    assert huge.memory > 3000 * pq.GiB


def test_bad_input():
    sim = watched("interpret")
    with pytest.raises(DurationError):
        sim.forecast(-1 * s)
    with pytest.raises(MemoryBudgetError):
        sim.forecast(1 * s, memory="much")


def test_the_time_of_a_step_is_that_of_the_second_half():
    watch = trial._Watch(1.0)
    watch.seen = [(0.0, 0), (1.0, 1), (2.0, 11), (3.0, 21), (4.0, 31)]
    assert watch.step_seconds == pytest.approx(0.1)
    assert np.isfinite(trial._Watch(1.0)._seconds)
