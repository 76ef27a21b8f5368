"""The benchmark networks against rates that other simulators give (examples/benchmarks/networks.md)."""

import importlib.util
from pathlib import Path

import pytest
from quantities import Hz, ms

import numbadyn as nd

FILE = Path(nd.__file__).parents[1] / "examples" / "benchmarks" / "networks.py"


@pytest.fixture(scope="module")
def networks():
    spec = importlib.util.spec_from_file_location("benchmark_networks", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rate_of(network, populations, dt, duration, seed):
    """Mean rate in Hz of all recorded neurons."""
    sim = nd.Simulator(network, dt=dt * ms, seed=seed)
    for cells in populations:
        sim.record(cells, spikes=True)
    result = sim.run(duration * ms, progress=False)
    count = sum(result[cells].spikes.count for cells in populations)
    return count / sum(cells.num for cells in populations) / duration * 1e3, result


@pytest.mark.slow
@pytest.mark.statistical
def test_conductance_based_network_of_vogels_and_abbott(networks):
    """18 to 24 Hz, irregular, whatever the seed."""
    for seed in (1, 2, 3):
        network, populations = networks.coba(1.0)
        rate, result = rate_of(network, populations, 0.1, 500, seed)
        assert 18 < rate < 24
        assert 0.7 < result[populations[0]].spikes.cv_isi() < 1.4
    assert result[populations[0]].spikes.rate.rescale(Hz).magnitude == pytest.approx(rate, rel=0.1)


@pytest.mark.slow
@pytest.mark.statistical
def test_delta_network_of_brunel(networks):
    """A fifth of the size with five times the weight: 40 to 52 Hz."""
    network, neurons = networks.brunel(0.2)
    rate, _ = rate_of(network, [neurons], 0.1, 500, 1)
    assert 40 < rate < 52


@pytest.mark.slow
def test_hodgkin_huxley_rate_converges(networks):
    """51.1 Hz at 0.1 ms and 51.5 at 0.025 ms; exponential Euler of all from one moment gives 47.8 at 0.1 ms."""
    rates = []
    for dt in (0.1, 0.05, 0.025):
        network, neurons = networks.hh_only(0.004)
        rates.append(rate_of(network, [neurons], dt, 1000, 0)[0])
    assert rates[-1] == pytest.approx(51.5, rel=0.006)
    assert rates[0] == pytest.approx(rates[-1], rel=0.012)
