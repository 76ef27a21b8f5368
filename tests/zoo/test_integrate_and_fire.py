"""Integrate-and-fire neurons against their equations, integrated by the classical Runge-Kutta method in small steps."""

import numpy as np
import pytest
from quantities import Hz, kHz, ms, mV, nS, pA

import numbadyn as nd
from numbadyn.errors import HookArgumentError, InvalidParameterError
from tests.features.both import assert_targets_agree
from tests.interpreted import Interpreted


class Driven(nd.DynamicsGroup):
    def __init__(self, cells, current):
        super().__init__()
        self.cells, self.current = cells, nd.Parameter(current * pA)

    def update(self):
        return self.cells(self.current)


def spikes_of(cells, current, duration, dt=0.1):
    """Times of the spikes of each neuron, the end of their step."""
    (spikes,) = Interpreted(Driven(cells, np.asarray(current)), dt=dt).record(round(duration / dt), cells)
    return [dt * (1 + np.flatnonzero(column)) for column in spikes.T]


def converged(slopes, jump, first, threshold, current, duration, dt=0.005):
    """Times of the spikes of one neuron with a potential and one further variable; crossings are interpolated."""
    x, times, t = np.array(first, float), [], 0.0
    with np.errstate(over="ignore"):
        while t < duration:
            k1 = slopes(x, current)
            k2 = slopes(x + dt / 2 * k1, current)
            k3 = slopes(x + dt / 2 * k2, current)
            new = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + slopes(x + dt * k3, current))
            if not new[0] < threshold:
                times.append(t + dt)
                new = jump(x)  # the further variable of before: in the upswing the potential of a stage has no bounds
            x, t = new, t + dt
    return np.array(times)


def adex(x, current):
    v, w = x
    upswing = 2.0 * np.exp(min((v + 50.4) / 2.0, 200.0))
    return np.array([(30.0 * (-70.6 - v) + 30.0 * upswing + current - w) / 281.0, (4.0 * (v + 70.6) - w) / 144.0])


def adqif(x, current):
    v, w = x
    return np.array([(0.07 * (v + 65) * (v + 50) + 0.1 * (current - w)) / 10.0, (10.0 * (v + 65) - w) / 30.0])


def izhikevich(x, current):
    v, u = x
    return np.array([0.04 * v * v + 5 * v + 140 - u + current, 0.02 * (0.2 * v - u)])


MODELS = {
    "AdEx": (lambda: nd.AdEx(1), adex, lambda x: np.array([-70.6, x[1] + 80.5]), (-70.6, 0.0), 0.0, 1000.0),
    "AdQIF": (lambda: nd.AdQIF(1), adqif, lambda x: np.array([-68.0, x[1] + 10.0]), (-68.0, 0.0), -30.0, 400.0),
    "Izhikevich": (
        lambda: nd.Izhikevich(1),
        izhikevich,
        lambda x: np.array([-65.0, x[1] + 8.0]),
        (-65.0, -13.0),
        30.0,
        10.0,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_spikes_come_when_the_equations_say(name):
    """Late by half a step for each spike so far, on average: it is on the grid, where V begins anew."""
    make, slopes, jump, first, threshold, current = MODELS[name]
    exact = converged(slopes, jump, first, threshold, current, 120.0)
    (found,) = spikes_of(make(), [current], 120.0)
    assert len(exact) >= 3
    assert abs(len(found) - len(exact)) <= 1
    both = min(len(found), len(exact))
    assert (np.abs(found[:both] - exact[:both]) <= 0.15 * (1 + np.arange(both))).all()


def test_the_rate_of_a_quadratic_neuron():
    """From reset to threshold takes arctan over the root of what lies between the parabola and zero."""
    cells = nd.QIF(1, V_rest=-65 * mV, V_c=-45 * mV, V_reset=-75 * mV, V_th=-35 * mV, c=0.05 / mV, tau=10 * ms)
    lift = 0.1 * 150.0 - 0.05 * 100.0  # what current and parabola leave at its vertex, -55 mV
    root = np.sqrt(lift / 0.05)
    period = 10.0 / (0.05 * root) * 2 * np.arctan(20.0 / root)
    (times,) = spikes_of(cells, [150.0], 200.0, dt=0.02)
    np.testing.assert_allclose(np.diff(times), period, atol=0.021)


def test_a_perfect_integrator_counts_its_charge():
    (times,) = spikes_of(nd.IF(1, tau_ref=2 * ms), [100.0], 300.0, dt=1.0)
    np.testing.assert_allclose(np.diff(times), 20.0 + 2.0)


def test_rheobase_of_an_exponential_neuron():
    """R I = V_T - V_rest - delta_T: just above it fires, just below it does not."""
    rheobase = (65.0 - 59.9 - 3.48) / 0.1
    below, above = spikes_of(nd.ExpIF(2), rheobase + np.array([-1.0, 1.0]), 400.0)
    assert (len(below), len(above) > 0) == (0, True)


def test_intervals_grow_with_an_adaptive_threshold_and_with_an_adaptation():
    for cells in (nd.ALIF(1), nd.IF(1, adaptation=nd.Adaptation(tau=200 * ms, a=0 * nS, b=20 * pA))):
        (times,) = spikes_of(cells, [300.0], 300.0)
        assert (np.diff(np.diff(times))[:3] > 0).all()


def test_escape_noise_has_the_rate_that_it_says():
    cells = nd.ExpIF(4000, V_th=-65 * mV, V_reset=-65 * mV, V_T=0 * mV, threshold=nd.EscapeNoise(rate=50 * Hz))
    for dt in (0.1, 1.0):
        (spikes,) = Interpreted(Driven(cells, 0.0), dt=dt).record(round(100 / dt), cells)
        assert spikes.sum() / 4000 / 0.1 == pytest.approx(50.0, rel=0.04)


def test_a_dead_time_holds_the_potential():
    cells = nd.AdEx(1, tau_ref=5 * ms)
    V, spikes = Interpreted(Driven(cells, np.array([1000.0]))).record(1000, cells.V, cells)
    for step in np.flatnonzero(spikes[:, 0])[:-1]:
        assert set(V[step : step + 51, 0]) == {-70.6}


def test_a_part_serves_one_population():
    part = nd.Adaptation()
    cells = nd.IF((2, 3), adaptation=part, name="cells")
    assert nd.init_all_states(cells).adaptation.w.value.shape == (2, 3)
    with pytest.raises(HookArgumentError, match="is a part of cells already"):
        nd.QIF(6, adaptation=part)


@pytest.mark.parametrize(
    "some", [slice(0, 6, 4), pytest.param(slice(6), marks=pytest.mark.exhaustive)], ids=["two", "all"]
)
def test_targets_agree(some):
    """In one network, with conductances and drawn parameters."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            noisy = nd.EscapeNoise(rate=2 * kHz, width=4 * mV)
            drawn = nd.init.Uniform(300 * pA, 900 * pA)
            self.cells = [
                nd.AdEx(5, b=drawn, tau_ref=1 * ms),
                nd.AdQIF(5),
                nd.ALIF(5),
                nd.Izhikevich(5),
                nd.ExpIF(5, threshold=noisy),
                nd.IF(5, adaptation=nd.Adaptation()),
            ][some]
            self.source = nd.PoissonGroup(20, rates=300 * Hz)
            weights = [8 * nS, 8 * nS, 3 * nS, 1 * nS, 3 * nS, 1 * nS][some]
            self.p = [
                nd.AlignPostProj(
                    self.source,
                    comm=nd.FixedProb(20, 5, prob=0.5, weight=weight),
                    syn=nd.Alpha.desc(tau=3 * ms),
                    out=nd.COBA.desc(E=0 * mV),
                    post=cells,
                    delay=0.5 * ms,
                )
                for cells, weight in zip(self.cells, weights, strict=True)
            ]

    assert_targets_agree(Net, 0.1 * ms, 40 * ms)


def simulator_of_one(cells, **options):
    return nd.Simulator(cells, dt=1 * ms, target="interpret", **options)


@pytest.mark.parametrize("make", [nd.LIF, nd.LIFRef, nd.IF, nd.QIF, nd.ExpIF, nd.AdEx, nd.AdQIF, nd.ALIF])
def test_a_reset_above_the_threshold_is_refused(make):
    with pytest.raises(InvalidParameterError, match=r"cells.V_reset is -50 mV in element 1, at or above V_th, -50 mV"):
        nd.Simulator(make(2, V_th=-50 * mV, V_reset=[-60, -50] * mV, name="cells"), dt=1 * ms, target="interpret").run(
            1 * ms
        )


def test_a_reset_above_the_threshold_is_refused_in_a_replica_and_for_izhikevich():
    cells = nd.Izhikevich(1, c=30 * mV, name="cells")
    with pytest.raises(InvalidParameterError, match=r"cells.c is 30 mV, at or above V_th, 30 mV"):
        nd.init_all_states(cells)
    cells = nd.AdEx(1, V_T=-90 * mV)
    sim = simulator_of_one(cells, batch=2)
    sim.batch["V_th"] = [0, -80] * mV
    with pytest.raises(InvalidParameterError, match=r"V_reset is -70.6 mV, at or above V_th, -80 mV"):
        sim.run(1 * ms)


def test_a_reset_of_a_model_with_a_threshold_of_its_own_is_not_looked_at():
    class Moving(nd.LIF):
        def init_state(self):
            super().init_state()
            self.V_th = nd.State(-70 * mV)

    assert nd.init_all_states(Moving(1)).V.value.tolist() == [-60.0]


def test_what_is_no_part_is_refused():
    with pytest.raises(HookArgumentError, match=r"IF\(threshold=...\) is given .*no Threshold") as raised:
        nd.IF(1, threshold=-50 * mV)
    assert "a fixed threshold is V_th" in str(raised.value)
    with pytest.raises(HookArgumentError, match="is given the class Adaptation, which is no Adaptation"):
        nd.IF(1, adaptation=nd.Adaptation)
    with pytest.raises(HookArgumentError, match="which is no Adaptation"):
        nd.IF(1, adaptation=nd.EscapeNoise())
    late = nd.IF(1, name="cells")
    late.adaptation = nd.Adaptation()
    with pytest.raises(HookArgumentError, match=r"cells.adaptation has been assigned to a neuron that was made"):
        nd.init_all_states(late)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nd.ExpIF(2, V_T=[-59, -20] * mV), r"V_T is -20 mV in element 1, above V_th, -30 mV: the"),
        (lambda: nd.AdEx(2, V_th=-60 * mV), r"V_T is .* mV, above V_th, -60 mV"),
        (lambda: nd.QIF(2, V_c=-70 * mV), r"V_c is -70\.0 mV, but V_rest is -65\.0 mV"),
        (lambda: nd.QIF(2, V_th=-55 * mV), r"V_c is -50 mV, above V_th, -55 mV"),
        (lambda: nd.AdEx(2, tau_w=0 * ms, name="E"), r"E\.tau_w is 0\.0 ms, zero"),
        (lambda: nd.GIF(2, tau_2=-1 * ms), r"GIF\.tau_2 is -1\.0 ms, negative"),
        (lambda: nd.StochasticGIF(2, tau_sfa=[5, 0] * ms, q_sfa=1 * mV), r"StochasticGIF\.tau_sfa\[1\] is 0\.0 ms"),
        (lambda: nd.IafCondExp(2, tau_syn_in=-1 * ms), r"IafCondExp\.tau_syn_in is -1\.0 ms"),
        (lambda: nd.WangBuzsaki(2, g_K=-1 * nS), r"WangBuzsaki\.g_K is -1\.0 nS"),
    ],
)  # fmt: skip
def test_parameters_beside_each_other_and_of_parts_are_named_as_they_were_given(make, message):
    with pytest.raises(InvalidParameterError, match=message):
        nd.Simulator(make(), dt=0.1 * ms, target="interpret").run(0.1 * ms)
