"""`STDP` with a dendritic delay for each synapse against ``stdp_synapse`` of NEST: the weight of each spike.

The stored data were made by ``make_nest_dendrites.py``.
"""

from pathlib import Path

import numpy as np
from quantities import ms, mV

import numbadyn as nd

STORED = np.load(Path(__file__).parent / "data" / "nest_dendrites.npz")
DT = 0.5


class Given(nd.SpikeTrain):
    """Given spikes, whatever arrives."""

    def update(self):
        self.sum_delta_inputs(0 * mV)
        return super().update()


class Net(nd.DynamicsGroup):
    """The network that made the data."""

    def __init__(self):
        super().__init__()
        first = STORED["first"]
        n_pre, n_post = first.shape
        self.pre, self.post = (
            Given(size, indices=STORED[f"{side}_indices"], times=STORED[f"{side}_times"] * ms)
            for side, size in (("pre", n_pre), ("post", n_post))
        )
        self.p = nd.STDP(
            self.pre, comm=nd.AllToAll(n_pre, n_post, weight=first.ravel() * mV), post=self.post,
            dendritic_delay=STORED["delays"] * ms, w_max=2 * mV, mu=0.4, A_plus=0.06, A_minus=0.066,
            tau_plus=12 * ms, tau_minus=17 * ms,
        )  # fmt: skip


def test_each_spike_finds_the_weight_of_nest():
    net, sent = Net(), STORED["sent_weights"]
    sim = nd.Simulator(net, dt=DT * ms, target="interpret")
    sim.record(net.p, "weight")
    weights = sim.run(float(STORED["sent_times"].max() + 1) * ms, progress=False)[net.p].weight.magnitude
    behind = np.rint(STORED["sent_times"] / DT).astype(int) + 1  # samples are taken as steps begin
    found = weights[behind, STORED["sent_pre"] * net.post.num + STORED["sent_post"]]
    np.testing.assert_allclose(found, sent, rtol=1e-9)
    assert np.ptp(STORED["delays"]) > 5
    assert np.abs(np.diff(sent)).max() > 0.1
