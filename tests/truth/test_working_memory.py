"""Synaptic working memory (Mongillo et al. 2008): the cued group alone answers a signal to all, a second later."""

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


def test_the_release_of_a_group_at_a_rate():
    """Poisson spikes of a rate r, within 2 %, five standard errors, where the equation of the mean is exact.

    Mean of u before a spike: U tau_f r / (1 + U tau_f r); of x, without facilitation: 1 / (1 + U tau_d r). Both
    together are the mean field of the paper, x = 1 / (1 + u tau_d r), within 4 %.
    """
    rate, U, tau_f, tau_d = 0.002, 0.2, 1500.0, 600.0
    before = U * tau_f * rate / (1 + U * tau_f * rate)
    net = nd.DynamicsGroup()
    net.sources = nd.PoissonGroup(16_000, rate * 1e3 * Hz)
    make = {"U": U, "tau_d": tau_d * ms}
    net.both = net.sources.align_pre(nd.STP.desc(tau_f=tau_f * ms, u_initializer=before, **make))
    net.depressing = net.sources.align_pre(nd.STP.desc(U=0.5, tau_f=1e-3 * ms, tau_d=tau_d * ms))
    sim = nd.Simulator(net, dt=4 * ms, target="interpret", seed=2)
    sim.run(2400 * ms, progress=False)
    u, x = (sim.get(net.both, name).mean() for name in "ux")
    assert u == pytest.approx(before, rel=0.02)
    assert sim.get(net.depressing, "x").mean() == pytest.approx(1 / (1 + 0.5 * tau_d * rate), rel=0.02)
    released = U + before * (1 - U)  # of a spike that comes now
    assert released == pytest.approx(U * (1 + tau_f * rate) / (1 + U * tau_f * rate), rel=1e-12)
    assert x == pytest.approx(1 / (1 + released * tau_d * rate), rel=0.04)
