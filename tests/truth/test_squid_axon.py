"""The squid axon of 1952: rheobase, onset and rates of repetitive firing, shape of a spike.

Converged by SciPy's RK45 at a tolerance of 1e-9: one spike from 2.25 uA/cm2 on, none at 2.20; a train from between 6.2
and 6.3, at 52.4 Hz; 68.32 Hz at 10, 86.47 Hz at 20, 98.75 Hz at 30; peak 40.27 mV and trough -75.08 mV at 10.
"""

import numpy as np
import pytest
from quantities import ms

from tests.examples.test_examples import load, run_and_keep


def test_rheobase_rates_and_shape(tmp_path):
    """The example, at 0.025 ms and half a uA/cm2: rates within 0.12 %, potentials within 0.05 mV."""
    axon, recorded = run_and_keep("hodgkin_huxley", tmp_path)
    currents = np.linspace(0, 30, 61)
    counts, rate = np.bincount(recorded.spikes.indices, minlength=61), axon.rates(recorded, 61, 100.0)
    assert currents[np.argmax(counts > 0)] == 2.5
    assert currents[np.argmax(rate > 0)] == 6.5
    np.testing.assert_allclose(rate[[20, 40, 60]], [68.32, 86.47, 98.75], rtol=0.0012)
    peak, trough, width = axon.shape(recorded.V.magnitude[:, 20], 0.025)
    assert peak == pytest.approx(40.27, abs=0.05)
    assert trough == pytest.approx(-75.08, abs=0.02)
    assert width == pytest.approx(1.48, abs=0.03)


@pytest.mark.exhaustive
def test_rheobase_and_onset_to_two_digits():
    axon = load("hodgkin_huxley")
    currents = [2.20, 2.25, 6.2, 6.3, 10.0, 20.0, 30.0]
    recorded = axon.run(currents, 400 * ms, 0.01 * ms)
    counts, rate = np.bincount(recorded.spikes.indices, minlength=7), axon.rates(recorded, 7, 100.0)
    assert counts[:2].tolist() == [0, 1]
    assert rate[2] == 0
    np.testing.assert_allclose(rate[3:], [52.37, 68.32, 86.47, 98.75], rtol=0.002)
