"""Synapses, outputs and short-term plasticity against stored traces of brainpy.state; see make_brainpy_traces.py.

Where that package steps an equation in another way than ours, its map is written out here in plain NumPy: the trace
must follow it, so that the difference is known and not guessed, and ours must be as far from it as that explains.
"""

from functools import cache

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from tests.features.both import run_on
from tests.truth.make_brainpy_traces import DT, EVERY, FILE, STEPS, potential, spike_steps

SPIKES = np.zeros(STEPS, bool)
SPIKES[spike_steps()] = True


@cache
def trace(name):
    with np.load(FILE) as stored:
        return stored[name]


class AllModels(nd.Dynamics):
    """Every model, driven by one spike train; outputs see a given membrane potential."""

    def __init__(self):
        super().__init__(1)
        self.train = nd.SpikeTrain(1, np.zeros(spike_steps().size, int), (spike_steps() + 1) * DT * ms)
        self.expon = nd.Expon(1, tau=5 * ms, averaged=False)
        self.dual = nd.DualExpon(1, tau_decay=12 * ms, tau_rise=1.5 * ms, averaged=False)
        self.alpha = nd.Alpha(1, tau=6 * ms, averaged=False)
        self.outputs = {
            "COBA": nd.COBA(E=0 * mV),
            "CUBA": nd.CUBA(scale=3 * mV),
            "MgBlock": nd.MgBlock(),
        }
        self.stp = nd.STP(1, U=0.2, tau_f=400 * ms, tau_d=150 * ms, u_initializer=0.2)
        self.std = nd.STD(1, tau=120 * ms, U=0.15)

    def init_state(self):
        for name in ("Expon", "DualExpon", "Alpha"):
            setattr(self, name, nd.State(0 * nS))
        for name in self.outputs:
            setattr(self, name, nd.State(0 * pA))
        self.STP, self.STD = nd.State(0.0), nd.State(0.0)

    def update(self):
        spikes = self.train()
        jump = np.where(spikes, 0.7 * nS, 0 * nS)
        for name, synapse in (("Expon", self.expon), ("DualExpon", self.dual), ("Alpha", self.alpha)):
            self.state(name).value = synapse(jump)
        V = -55 * mV + 25 * mV * np.sin(2 * np.pi / (137 * ms) * nd.environ.get("t"))
        for name, out in self.outputs.items():
            out.bind_cond(self.Expon.value)
            self.state(name).value = out(V)
        self.STP.value, self.STD.value = self.stp(spikes), self.std(spikes)


NAMES = ("Expon", "DualExpon", "Alpha", "COBA", "CUBA", "MgBlock", "STP", "STD")


@cache
def ours(target="cpu", steps=STEPS):
    def record(sim):
        for name in NAMES:
            sim.record(sim.network, name)

    sim, result = run_on(target, AllModels, DT * ms, (steps + 1) * DT * ms, record=record)
    return {name: np.asarray(getattr(result[sim.network], name))[1:, 0] for name in NAMES}


def sampled(name, values):
    """The samples that the trace holds."""
    return values[spike_steps()] if name in ("STP", "STD") else values[::EVERY]


@pytest.mark.parametrize("name", ["Expon", "DualExpon", "COBA", "CUBA", "MgBlock"])
def test_equal_to_one_in_a_million_over_a_second(name):
    want = trace(name)
    assert want.size == STEPS // EVERY
    assert np.ptp(want) > 1e-2
    np.testing.assert_allclose(sampled(name, ours()[name]), want, rtol=1e-6, atol=1e-9 * np.abs(want).max())


def test_both_targets_give_the_same_bits():
    for name, values in ours("interpret", 1500).items():
        np.testing.assert_array_equal(values, ours()[name][:1500], err_msg=name)


def test_the_potential_is_the_one_of_the_traces():
    np.testing.assert_allclose(trace("COBA")[1:], (trace("Expon") * -potential()[::EVERY])[1:], rtol=1e-12)


def test_alpha():
    """brainpy.state: g <- g e + h (1 - e), with a peak of weight / 2.718; ours is exact and its peak is the weight."""
    decay = np.exp(-DT / 6.0)
    g = h = exact_g = exact_h = 0.0
    reference, exact = np.empty(STEPS), np.empty(STEPS)
    for step, spike in enumerate(SPIKES):
        g, h = g * decay + h * (1 - decay), h * decay + 0.7 * spike
        exact_g, exact_h = (exact_g + exact_h * DT / 6.0) * decay, exact_h * decay + 0.7 * spike
        reference[step], exact[step] = g, exact_g
    np.testing.assert_allclose(trace("Alpha"), reference[::EVERY], rtol=1e-6)
    np.testing.assert_allclose(ours()["Alpha"], np.e * exact, rtol=1e-9, atol=1e-12)
    difference = np.abs(ours()["Alpha"] / np.e - reference).max() / exact.max()
    assert difference < DT / 6.0  # first order in dt


def plastic(consistent, U, tau_f, tau_d):
    """What each spike releases: jumps of the recovered values, or of those before the recovery as in brainpy.state."""
    u, x, released = U, 1.0, np.zeros(STEPS)
    for step, spike in enumerate(SPIKES):
        before = u, x
        u, x = u * np.exp(-DT / tau_f), 1 - (1 - x) * np.exp(-DT / tau_d)
        if spike:
            old_u, old_x = (u, x) if consistent else before
            u += U * (1 - old_u)
            released[step] = u * x
            x -= u * old_x
    return released


def depressing(consistent, tau, U):
    x, released = 1.0, np.zeros(STEPS)
    for step, spike in enumerate(SPIKES):
        before, x = x, 1 - (1 - x) * np.exp(-DT / tau)
        if spike:
            released[step] = x
            x -= U * (x if consistent else before)
    return released


@pytest.mark.parametrize(
    ("name", "model"),
    [("STP", lambda same: plastic(same, 0.2, 400.0, 150.0)), ("STD", lambda same: depressing(same, 120.0, 0.15))],
)
def test_plasticity_differs_by_the_order_of_recovery_and_jump_only(name, model):
    """The trace follows the map with jumps of the values before recovery, ours that with jumps of recovered values."""
    np.testing.assert_allclose(trace(name), model(False)[spike_steps()], rtol=1e-6)
    np.testing.assert_allclose(ours()[name], model(True), rtol=1e-9)
    difference = np.abs(sampled(name, ours()[name]) - trace(name)).max() / trace(name).max()
    assert 1e-5 < difference < 0.01  # of first order in dt
