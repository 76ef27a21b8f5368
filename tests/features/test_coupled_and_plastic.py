"""Coupling that looks ahead, spikes between steps and plastic synapses whose traces are held, in one network."""

import numpy as np
from quantities import ms, mV, nS, pA

import numbadyn as nd


class Mixed(nd.DynamicsGroup):
    def __init__(self, *, plastic):
        super().__init__()
        start = np.linspace(-60, -51, 6) * mV
        self.cells = nd.LIFRef(6, tau=10 * ms, tau_ref=1.3 * ms, spike_times="interpolated", V_initializer=start)
        self.cells.add_current_input("drive", lambda V: np.linspace(100, 260, 6) * pA)
        self.gap = nd.SymmetryGapJunction(self.cells, "V", (range(5), range(1, 6)), weight=3 * nS)
        if plastic:
            comm = nd.AllToAll(6, 6, weight=0 * pA, allow_self=False)
            parts = {"syn": nd.Expon.desc(tau=3 * ms), "out": nd.CUBA.desc(), "post": self.cells}
            self.rule = nd.STDP(self.cells, comm=comm, w_max=40 * pA, A_plus=0.0, A_minus=0.0, **parts)


def test_synapses_without_weight_change_nothing():
    """All three are done by rewriting the step, one after another."""
    found = []
    for plastic in (True, False):
        sim = nd.Simulator(Mixed(plastic=plastic), dt=0.1 * ms, target="interpret")
        sim.record(sim.network.cells, spikes=True)
        assert "gap junctions act with the mean of both ends of the step" in sim.explain()
        found.append(sim.run(12 * ms)[sim.network.cells].spikes)
    assert found[0].count > 4
    assert np.array_equal(found[0].indices, found[1].indices)
    np.testing.assert_allclose(*(spikes.times.magnitude for spikes in found), rtol=1e-13)
