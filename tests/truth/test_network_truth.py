"""The benchmark networks against rates that other simulators give (examples/benchmarks/networks.md)."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from quantities import Hz, ms

import numbadyn as nd

NEST = json.loads((Path(__file__).parent / "data" / "nest_networks.json").read_text(encoding="utf-8"))
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
    """Rates and irregularity of NEST: four seeds here, eight there, which differ by 6 and 2 % from one to the next."""
    found, irregular = [], []
    for seed in (1, 2, 3, 4):
        network, populations = networks.coba(1.0)
        _, result = rate_of(network, populations, 0.1, 500, seed)
        found.append([result[cells].spikes.rate.rescale(Hz).item() for cells in populations])
        irregular.append([result[cells].spikes.cv_isi() for cells in populations])
    (excitatory, inhibitory), nest = np.mean(found, axis=0), np.mean([run["rates"] for run in NEST["coba"]], axis=0)
    assert excitatory == pytest.approx(nest[0], rel=0.1)
    assert inhibitory == pytest.approx(nest[1], rel=0.04)
    expected = np.mean([run["irregularity"] for run in NEST["coba"]], axis=0)
    np.testing.assert_allclose(np.mean(irregular, axis=0), expected, rtol=0.05)


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
