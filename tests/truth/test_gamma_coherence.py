"""Wang and Buzsaki (1996): interneurons that inhibit each other fire together, as long as they are alike."""

import json
from pathlib import Path

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from tests.examples.test_examples import load
from tests.truth.make_wang_buzsaki import N, start

CONVERGED = json.loads((Path(__file__).parent / "data" / "wang_buzsaki.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("spread", "within"), [(0.03, 0.5), (0.1, 0.1)])
def test_spikes_of_the_network_are_those_of_a_converged_integration(spread, within):
    """20 coupled neurons for 150 ms at 0.0125 ms; the more alike they are, the more their order hangs on little."""
    V, along = start()
    net = load("gamma").Gamma(N, spread)
    net.cells.V_initializer = V * mV
    net.cells.current.value = (1.0 + spread * along) * 100 * pA
    sim = nd.Simulator(net, dt=0.0125 * ms)
    sim.record(net.cells, spikes=True)
    spikes = sim.run(150 * ms, progress=False)[net.cells].spikes
    times = spikes.times.rescale("ms").magnitude
    for cell, truth in enumerate(CONVERGED[str(spread)]):
        np.testing.assert_allclose(times[spikes.indices == cell], truth, rtol=0, atol=within)


@pytest.mark.exhaustive
def test_coherence_falls_with_the_spread_of_currents():
    """100 neurons at 1 uA/cm2: 35 to 40 Hz; complete coherence of equal ones, none (bins are a tenth) beyond 0.1."""
    gamma = load("gamma")
    found = {spread: gamma.run(spread=spread, duration=1000)[1:] for spread in (0.0, 0.03, 0.1)}
    assert all(33 < rate < 41 for rate, _ in found.values())
    assert found[0.0][1] > 0.95
    assert 0.35 < found[0.03][1] < 0.9
    assert found[0.1][1] < 0.15
    rate, alone = gamma.run(spread=0.03, g=0.0, duration=500)[1:]
    assert alone < 0.2
    assert rate > 50  # 59 Hz without inhibition
