"""The sparse network of Brunel (2000): rates in closed form; rate, irregularity, synchrony of its states as in NEST."""

import json
from pathlib import Path

import numpy as np
import pytest
from quantities import Hz, ms, mV

import numbadyn as nd
from tests.examples.test_examples import load
from tests.truth.siegert import brunel_rate, siegert

NEST = json.loads((Path(__file__).parent / "data" / "nest_brunel.json").read_text())["states"]


@pytest.mark.statistical
@pytest.mark.parametrize(("mean", "sigma"), [(12.0, 8.0), (18.0, 4.0)])
def test_rates_under_noise_are_those_of_the_diffusion_approximation(mean, sigma):
    """1,000 neurons below and near threshold; seeded, within 3 %, four standard errors."""
    jump = 0.1  # mV; excitation and inhibition that make this mean and variance
    both = sigma**2 / (20 * jump**2)
    more = mean / (20 * jump)
    cells = nd.LIFRef(
        1000, R=1.0, tau=20 * ms, tau_ref=2 * ms, V_rest=0 * mV, V_th=20 * mV, V_reset=10 * mV,
        V_initializer=nd.init.Uniform(0 * mV, 20 * mV),
    )  # fmt: skip
    net = nd.DynamicsGroup()
    net.cells = cells
    for name, sign in (("exc", 1), ("inh", -1)):
        rate = (both + sign * more) / 2 / 1000
        setattr(net, name, nd.PoissonInput(cells, num_input=1000, freq=rate * 1e3 * Hz, weight=sign * jump * mV))
    sim = nd.Simulator(net, dt=0.1 * ms, seed=3)
    sim.run(50 * ms, progress=False)
    sim.record(cells, spikes=True)
    found = sim.run(250 * ms, progress=False)[cells].spikes.rate.rescale(Hz).item()
    assert found == pytest.approx(1e3 * siegert(mean, sigma, 20, 2, 20, 10, dt=0.1), rel=0.03)


def test_the_closed_form_gives_the_numbers_of_the_paper():
    """Rates that Brunel (2000), section 5, predicts for the panels of his figure 8: 55.8, 38.0 and 6.5 Hz."""
    predicted = [brunel_rate(g, eta, dt=0.0) for g, eta in ((6, 4), (5, 2), (4.5, 0.9))]
    np.testing.assert_allclose(predicted, [55.8, 38.0, 6.5], rtol=0.01)


def measured(g, eta, milliseconds):
    """Rate (Hz), CV of intervals, and depth of the modulation of the population's rate in 1 ms, of 12,500 neurons.

    NEST shows a jump at the end of the delay and numbadyn a step after it: its delay is a step shorter.
    """
    net = load("brunel").Brunel(1.0, g, eta, delay=1.4 * ms)
    sim = nd.Simulator(net, dt=0.1 * ms, seed=1)
    sim.run(200 * ms, progress=False)
    sim.record(net.neurons, spikes=True)
    spikes = sim.run(milliseconds * ms, progress=False)[net.neurons].spikes
    counts = np.bincount((spikes.steps - spikes.steps.min()) // 10, minlength=milliseconds)
    return spikes.rate.rescale(Hz).item(), float(spikes.cv_isi()), counts.std() / counts.mean()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("g", "eta", "milliseconds", "simulated"),
    [(6, 4, 500, 60.7), (5, 2, 500, 37.7), (4.5, 0.9, 3000, 5.5)],
    ids=["synchronous, fast", "asynchronous", "synchronous, slow"],
)
def test_irregular_states(g, eta, milliseconds, simulated):
    """Rates of the simulations in the paper within 10 %, of its theory within 3 % where the state is asynchronous."""
    rate, irregular, modulation = measured(g, eta, milliseconds)
    assert rate == pytest.approx(simulated, rel=0.1)
    nest = NEST[f"{g},{eta}"]
    assert rate == pytest.approx(nest["rate"], rel=0.05)
    assert irregular == pytest.approx(nest["irregularity"], rel=0.05)
    assert modulation == pytest.approx(nest["modulation"], rel=0.2)
    if (g, eta) == (5, 2):
        assert rate == pytest.approx(brunel_rate(g, eta), rel=0.03)


@pytest.mark.exhaustive
def test_the_regular_state():
    """Excitation wins: near the inverse of the refractory time, by the clock, all in phase."""
    rate, irregular, modulation = measured(3, 2, 300)
    assert rate == pytest.approx(NEST["3,2"]["rate"], rel=0.02)
    assert irregular < 0.05
    assert NEST["3,2"]["irregularity"] < 0.05
    assert modulation > 0.6
