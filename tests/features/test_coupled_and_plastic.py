"""Coupling that looks ahead, spikes between steps and plastic synapses whose traces are held, in one network."""

import numpy as np
from quantities import ms, mV, nS, pA

import numbadyn as nd
from tests.features.both import assert_targets_agree


class Mixed(nd.DynamicsGroup):
    def __init__(self):
        super().__init__()
        start = np.linspace(-60, -51, 6) * mV
        self.cells = nd.LIFRef(6, tau=10 * ms, tau_ref=1.3 * ms, spike_times="interpolated", V_initializer=start)
        self.cells.add_current_input("drive", lambda V: np.linspace(100, 260, 6) * pA)
        self.gap = nd.SymmetryGapJunction(self.cells, "V", (range(5), range(1, 6)), weight=3 * nS)
        comm = nd.AllToAll(6, 6, weight=20 * pA, allow_self=False)
        parts = {"syn": nd.Expon.desc(tau=3 * ms), "out": nd.CUBA.desc(), "post": self.cells}
        self.rule = nd.STDP(self.cells, comm=comm, w_max=40 * pA, **parts)


def test_all_of_it_agrees():
    sim, result = assert_targets_agree(Mixed, 0.1 * ms, 12 * ms)
    assert "gap junctions act with the mean of both ends of the step" in sim.explain()
    assert result["Mixed.cells"].spikes.count > 6
