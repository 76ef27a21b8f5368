"""`StochasticGIF` against ``gif_psc_exp`` of NEST: rates, intervals, and when a current that fluctuates makes it fire.

The stored data were made by ``make_nest_gif.py``. Seeds are fixed; bounds let one in 10^4 of them fail.
"""

from pathlib import Path

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA, pF
from scipy import stats

import numbadyn as nd

pytestmark = pytest.mark.statistical

STORED = np.load(Path(__file__).parent / "data" / "nest_gif.npz")
DT, NEURONS, DURATION = 0.1, 100, 1000.0


class Net(nd.DynamicsGroup):
    """Neurons of each level of a constant current, and some that a fluctuating one drives."""

    def __init__(self):
        super().__init__()
        levels = np.repeat([*STORED["levels"], 0.0], NEURONS)
        self.cells = nd.StochasticGIF(
            levels.size, R=1 / (4 * nS), tau=80 * pF / (4 * nS), V_th=-48 * mV, V_reset=-55 * mV, V_rest=-70 * mV,
            tau_ref=4 * ms, rate=10 * Hz, width=2 * mV, tau_stc=[5, 100] * ms, q_stc=[20, 10] * pA,
            tau_sfa=[10, 80] * ms, q_sfa=[5, 2] * mV,
        )  # fmt: skip
        self.levels = nd.CurrentInput(self.cells, nd.TimedArray(levels[None] * pA, dt=1 * ms))
        rows = nd.TimedArray(np.resize(STORED["current"], int(DURATION)) * pA, dt=1 * ms)
        self.same = nd.CurrentInput(self.cells[-NEURONS:], rows)


def test_spikes_of_chance_are_those_of_nest():
    net = Net()
    sim = nd.Simulator(net, dt=DT * ms, seed=5)
    sim.record(net.cells, spikes=True)
    spikes = sim.run(DURATION * ms)[net.cells].spikes
    steps, which = np.rint(spikes.times.rescale("ms").magnitude / DT).astype(int), spikes.indices
    order = np.lexsort((steps, which))
    steps, which = steps[order], which[order]
    for number in range(3):
        mine = which // NEURONS == number
        intervals = np.diff(steps[mine])[np.diff(which[mine]) == 0]
        counts = np.bincount(which[mine] - number * NEURONS, minlength=NEURONS)
        theirs = STORED[f"counts/{number}"]
        error = np.hypot(counts.std() / np.sqrt(NEURONS), theirs.std() / np.sqrt(theirs.size))
        assert abs(counts.mean() - theirs.mean()) < 3.9 * error
        if number:
            assert stats.ks_2samp(intervals, STORED[f"intervals/{number}"]).pvalue > 1e-4
    driven = which // NEURONS == 3
    rhythm = np.bincount(((steps[driven] - 1) // 100) % 200, weights=steps[driven] > 4000, minlength=200)
    both = np.array([rhythm, STORED["rhythm"]]).reshape(2, 100, 2).sum(axis=2)
    both = both[:, both.sum(axis=0) > 40]
    assert stats.chi2_contingency(both).pvalue > 1e-4
