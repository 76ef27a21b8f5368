"""Synaptic working memory (Mongillo et al. 2008): the cued group alone answers a signal to all, a second later."""

import numpy as np
import pytest
from quantities import Hz, ms

import numbadyn as nd
from tests.examples.test_examples import load


@pytest.mark.exhaustive
def test_a_cue_is_recalled_without_spikes_in_between():
    memory = load("working_memory")
    for seed in (1, 3):
        net, spikes = memory.run(1.0, seed=seed)
        before, cue, recall, again = (
            memory.rates(spikes, net.E.num, window) for window in ((200, 500), memory.CUE, *memory.RECALLS)
        )
        assert (before < 2.0).all()
        assert cue[0] > 10
        for answer in (recall, again):
            assert answer[0] > 8
            assert (answer[1:] < 1.0).all()
    net, spikes = memory.run(1.0, tau_f=150 * ms)  # a facilitation that is over before
    assert (memory.rates(spikes, net.E.num, memory.RECALLS[0]) < 3).all()


def test_the_release_of_a_group_at_a_rate_is_the_mean_field_of_the_paper():
    """Poisson spikes of a rate r: u = U (1 + tau_f r) / (1 + U tau_f r), x = 1 / (1 + u tau_d r), within 4 %."""
    rate, U, tau_f, tau_d = 0.010, 0.2, 1500.0, 200.0
    net = nd.DynamicsGroup()
    net.sources = nd.PoissonGroup(2000, rate * 1e3 * Hz)
    net.stp = net.sources.align_pre(nd.STP.desc(U=U, tau_f=tau_f * ms, tau_d=tau_d * ms, u_initializer=0.7))
    sim = nd.Simulator(net, dt=2 * ms, target="interpret", seed=2)
    sim.run(1000 * ms, progress=False)
    u, x = (np.asarray(sim.get(net.stp, name)) for name in "ux")
    released = u + U * (1 - u)  # of a spike that comes now
    expected = U * (1 + tau_f * rate) / (1 + U * tau_f * rate)
    assert released.mean() == pytest.approx(expected, rel=0.04)
    assert x.mean() == pytest.approx(1 / (1 + expected * tau_d * rate), rel=0.04)
