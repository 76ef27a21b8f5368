"""Neurons of channels against the equations of the papers, written out plainly and integrated in small steps."""

from typing import ClassVar

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.errors import HookArgumentError, InvalidParameterError, ReservedNameError
from tests.features.both import assert_targets_agree
from tests.interpreted import Interpreted
from tests.zoo.test_integrate_and_fire import Driven


def hodgkin_huxley(x, current):
    v, m, h, n = x
    am, bm = 0.1 * (v + 40) / (1 - np.exp(-(v + 40) / 10)), 4 * np.exp(-(v + 65) / 18)
    ah, bh = 0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10))
    an, bn = 0.01 * (v + 55) / (1 - np.exp(-(v + 55) / 10)), 0.125 * np.exp(-(v + 65) / 80)
    dv = 120 * m**3 * h * (50 - v) + 36 * n**4 * (-77 - v) + 0.3 * (-54.387 - v) + current / 200.0
    return np.array([dv, am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n])


def wang_buzsaki(x, current):
    v, h, n = x
    am, bm = 0.1 * (v + 35) / (1 - np.exp(-0.1 * (v + 35))), 4 * np.exp(-(v + 60) / 18)
    ah, bh = 0.07 * np.exp(-(v + 58) / 20), 1 / (1 + np.exp(-0.1 * (v + 28)))
    an, bn = 0.01 * (v + 34) / (1 - np.exp(-0.1 * (v + 34))), 0.125 * np.exp(-(v + 44) / 80)
    dv = 35 * (am / (am + bm)) ** 3 * h * (55 - v) + 9 * n**4 * (-90 - v) + 0.1 * (-65 - v) + current / 100.0
    return np.array([dv, 5 * (ah * (1 - h) - bh * h), 5 * (an * (1 - n) - bn * n)])


def morris_lecar(x, current):
    v, w = x
    m, steady = 0.5 * (1 + np.tanh((v + 1.2) / 18)), 0.5 * (1 + np.tanh((v - 2) / 30))
    dv = (4.4 * m * (120 - v) + 8 * w * (-84 - v) + 2 * (-60 - v) + current) / 20.0
    return np.array([dv, 0.04 * np.cosh((v - 2) / 60) * (steady - w)])


def converged(slopes, x, level, current, duration, dt=0.02):
    """Times at which the first variable crosses a level upwards."""
    times, x = [], np.array(x, float)
    for step in range(round(duration / dt)):
        k1 = slopes(x, current)
        k2 = slopes(x + dt / 2 * k1, current)
        k3 = slopes(x + dt / 2 * k2, current)
        new = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + slopes(x + dt * k3, current))
        if x[0] <= level < new[0]:
            times.append(dt * (step + 1))
        x = new
    return np.array(times)


def at_rest(slopes, v, gates):
    """Gates at their steady states of a potential: their equations are linear."""
    offset = slopes(np.array([v, *np.zeros(gates)]), 0.0)[1:]
    return [v, *(-offset / (slopes(np.array([v, *np.ones(gates)]), 0.0)[1:] - offset))]


MODELS = {
    "HodgkinHuxley": (nd.HodgkinHuxley, hodgkin_huxley, -65.0, 3, -20.0, 3000.0, 60.0),
    "WangBuzsaki": (nd.WangBuzsaki, wang_buzsaki, -65.0, 2, -20.0, 200.0, 60.0),
    "MorrisLecar": (nd.MorrisLecar, morris_lecar, -60.0, 1, 10.0, 120.0, 300.0),
}


@pytest.mark.parametrize("name", MODELS)
def test_spikes_come_when_the_equations_say(name):
    """Each interval within 1.5 % at a step of 0.1 ms, or by a step."""
    model, slopes, v, gates, level, current, duration = MODELS[name]
    exact = converged(slopes, at_rest(slopes, v, gates), level, current, duration)
    net = Driven(model(1), np.array([current]))
    (spikes,) = Interpreted(net).record(round(duration / 0.1), net.cells)
    found = 0.1 * (1 + np.flatnonzero(spikes[:, 0]))
    assert len(exact) >= 2
    assert len(found) == len(exact)
    assert (np.abs(np.diff(found) - np.diff(exact)) <= np.maximum(0.1, 0.015 * np.diff(exact))).all()


def test_second_order():
    current, errors = 1500.0, []
    exact = converged_state(hodgkin_huxley, at_rest(hodgkin_huxley, -65.0, 3), current, 12.0)
    for dt in (0.04, 0.02, 0.01):
        net = Driven(nd.HodgkinHuxley(1), np.array([current]))
        sim = nd.Simulator(net, dt=dt * ms)
        sim.run(12 * ms, progress=False)
        errors.append(abs(float(sim.get(net.cells, "V")[0]) - exact))
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.2)


def converged_state(slopes, x, current, duration, dt=0.005):
    x = np.array(x, float)
    for _ in range(round(duration / dt)):
        k1 = slopes(x, current)
        k2 = slopes(x + dt / 2 * k1, current)
        k3 = slopes(x + dt / 2 * k2, current)
        x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + slopes(x + dt * k3, current))
    return x[0]


def test_slow_channels_do_what_they_are_known_for():
    """Firing adapts with M; T makes a rebound spike after hyperpolarisation; h sags; L adds to spikes."""
    (plain,), (adapting,) = (
        Interpreted(Driven(cells, np.array([2000.0]))).record(1500, cells)
        for cells in (nd.HodgkinHuxley(1), nd.HodgkinHuxley(1, M=nd.MChannel(g=20 * nS, tau_max=200 * ms)))
    )
    assert 0 < adapting[750:].sum() < plain[750:].sum()

    cells = nd.PointNeuron(1, V_initializer=-60 * mV, leak=nd.LeakChannel(g=10 * nS, E=-65 * mV), h=nd.HChannel())
    (V,) = Interpreted(Driven(cells, np.array([-300.0]))).record(2500, cells.V)
    assert V.min() < V[-1, 0] - 1.0

    cells = nd.HodgkinHuxley(1, T=nd.TCalciumChannel(), L=nd.LCalciumChannel())
    (V,) = Interpreted(Driven(cells, np.array([0.0]))).record(500, cells.V)
    assert np.isfinite(V).all()


@pytest.mark.parametrize(
    ("channel", "gate", "V", "steady", "tau"),
    [
        (nd.TCalciumChannel(), "s", -60.0, 0.459765, None),
        (nd.TCalciumChannel(), "u", -60.0, 0.003173, 13.192),  # of 49.3 ms at 24 degrees
        (nd.TCalciumChannel(), "u", -80.0, 0.320821, 56.372),
        (nd.LCalciumChannel(), "q", -30.0, 0.673254, 4.9055),
        (nd.LCalciumChannel(), "r", -30.0, 0.211082, 328.757),
        (nd.MChannel(tau_max=1000 * ms), "p", -35.0, 0.5, 1000 / 4.3),
        (nd.HChannel(), "q", -75.0, 0.5, 1 / (np.exp(-8.14) + np.exp(-7.1275))),
    ],
)
def test_gates_of_slow_channels_have_published_states_and_time_constants(channel, gate, V, steady, tau):
    """By hand from the equations of Pospischil et al. (2008), with the factor where their program has it."""
    found = channel.at(gate, V * mV)
    assert float(found.steady) == pytest.approx(steady, abs=1e-5)
    assert (found.rate is None) if tau is None else 1 / float(found.rate) == pytest.approx(tau, rel=2e-3)


def test_gates_begin_at_rest_and_channels_are_found_by_name():
    cells = nd.init_all_states(nd.HodgkinHuxley((2, 2)))
    assert cells.Na.m.value.shape == (2, 2)
    assert float(cells.Na.m.value[0, 0]) == pytest.approx(0.0529, abs=1e-4)
    assert float(cells.K.n.value[0, 0]) == pytest.approx(0.3177, abs=1e-4)


def test_mistakes():
    with pytest.raises(InvalidParameterError, match="has no channel"):
        nd.PointNeuron(1)
    with pytest.raises(InvalidParameterError, match="Na=3, which is no channel"):
        nd.PointNeuron(1, Na=3)
    leak = nd.LeakChannel()
    nd.PointNeuron(1, leak=leak, name="first")
    with pytest.raises(HookArgumentError, match="is a channel of first already"):
        nd.PointNeuron(1, leak=leak)

    class Broken(nd.Channel):
        gates: ClassVar[dict[str, int]] = {"z": 1}

    with pytest.raises(HookArgumentError, match="no method at_z"):
        nd.PointNeuron(1, broken=Broken(1 * nS, 0 * mV))
    for name in ("V", "refractory", "channels", "update"):
        with pytest.raises(ReservedNameError, match=f"is named '{name}', which is a member of every PointNeuron"):
            nd.PointNeuron(1, **{name: nd.LeakChannel()})
    late = nd.HodgkinHuxley(1, name="cells")
    late.K = nd.PotassiumChannel(g=0 * nS)
    with pytest.raises(HookArgumentError, match=r"cells.K has been assigned to a neuron that was made without it"):
        nd.init_all_states(late)


@pytest.mark.parametrize("models", [1, pytest.param(3, marks=pytest.mark.exhaustive)])
def test_targets_agree(models):
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            channels = {"M": nd.MChannel(), "T": nd.TCalciumChannel(), "L": nd.LCalciumChannel(), "h": nd.HChannel()}
            drawn = nd.init.Uniform(5 * nS, 15 * nS)
            self.cells = [nd.HodgkinHuxley(4, **channels), nd.WangBuzsaki(4, g_L=drawn), nd.MorrisLecar(4)][:models]
            self.source = nd.PoissonGroup(20, rates=300 * Hz)
            self.p = [
                nd.AlignPostProj(
                    self.source,
                    comm=nd.FixedProb(20, 4, prob=0.5, weight=weight * nS),
                    syn=nd.DualExpon.desc(tau_decay=5 * ms, tau_rise=1 * ms),
                    out=nd.COBA.desc(E=0 * mV),
                    post=cells,
                )
                for cells, weight in zip(self.cells, (30, 5, 0.5)[:models], strict=True)
            ]

    assert_targets_agree(Net, 0.05 * ms, 15 * ms)
