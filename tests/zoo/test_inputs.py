"""Signals against their formulas, noises against their spectra and correlations, and what brings them to neurons."""

import neo
import numpy as np
import pytest
from quantities import Hz, ms, mV, pA

import numbadyn as nd
from numbadyn.errors import DimensionError, HookArgumentError, InvalidParameterError, RateError, ShapeError
from tests.features.both import run_on

MIDDLES = 0.1 * np.arange(1000) + 0.05  # of the steps of 100 ms


def output_of(source, duration=100.0, dt=0.1, **options):
    sim = nd.Simulator(source, dt=dt * ms, target="interpret", **options)
    sim.record(source, "output")
    return np.asarray(sim.run(duration * ms)[source].output)


def within(t, start, stop):
    return (t >= start) & (t < stop)


WAVES = {
    "pulse": (nd.Pulse(amplitude=3 * pA, start=10 * ms, stop=30 * ms), lambda t: 3.0 * within(t, 10, 30)),
    "pulses": (
        nd.Pulse(amplitude=3 * pA, width=2 * ms, period=7 * ms, start=5 * ms, stop=60.5 * ms),
        lambda t: 3.0 * within(t, 5, 60.5) * ((t - 5) % 7 < 2),
    ),
    "staircase": (
        nd.Staircase(times=[0.3, 20, 90] * ms, values=[1, -2, 5] * pA, scale=2.0),
        lambda t: 2.0 * within(t, 0.3, 20) - 4.0 * within(t, 20, 90) + 10.0 * (t >= 90),
    ),
    "ramp": (
        nd.Ramp(first=-1 * pA, last=3 * pA, duration=50 * ms, start=10 * ms),
        lambda t: (t >= 10) * (-1 + 4 * np.clip((t - 10) / 50, 0, 1)),
    ),
    "sine": (
        nd.Sine(amplitude=2 * pA, frequency=40 * Hz, phase=0.5, offset=1 * pA, start=3 * ms),
        lambda t: (t >= 3) * (1 + 2 * np.sin(2 * np.pi * 0.04 * (t - 3) + 0.5)),
    ),
    "chirp": (
        nd.Chirp(amplitude=2 * pA, first=0 * Hz, last=100 * Hz, duration=60 * ms),
        lambda t: 2 * np.sin(
            2 * np.pi * np.where(t < 60, 0.5 * 0.1 / 60 * t**2, 0.5 * 0.1 * 60 + 0.1 * (t - 60))
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WAVES)
def test_waves_have_the_values_of_their_formulas(name):
    source, formula = WAVES[name]
    np.testing.assert_allclose(output_of(source)[:, 0], formula(MIDDLES), atol=1e-9)


def test_a_sine_keeps_its_phase_in_single_precision():
    source = nd.Sine(amplitude=1.0, frequency=80 * Hz, start=7 * ms)
    x = output_of(source, 20_000, 20.0, precision=32)[-200:, 0]
    t = 20 * np.arange(800, 1000) + 3
    np.testing.assert_allclose(x, np.sin(2 * np.pi * 0.08 * t), atol=1e-5)


def spectrum(x, dt):
    """Two-sided density, mean over columns, at the frequencies of `numpy.fft.rfftfreq`."""
    return (np.abs(np.fft.rfft(x, axis=0)) ** 2).mean(axis=1) * dt / len(x)


@pytest.mark.statistical
def test_noises_have_the_spectra_that_they_say():
    """Of 300 signals each, smoothed over bands: the chance of a false alarm is below 10^-4."""
    dt, n = 0.5, 512
    f = np.fft.rfftfreq(n, dt)[1:]
    bands = np.array_split(np.arange(f.size), np.geomspace(2, f.size, 12).astype(int))[1:-1]

    def banded(density):
        return np.array([density[band].mean() for band in bands if band.size])

    white = output_of(nd.WhiteNoise(300, sigma=3 * pA * ms**0.5), n * dt, dt, seed=1)
    np.testing.assert_allclose(banded(spectrum(white, dt)[1:]), 9.0, rtol=0.08)

    slow = output_of(nd.OrnsteinUhlenbeck(300, sigma=3 * pA, tau=8 * ms, mean=5 * pA), n * dt, dt, seed=2)
    assert slow.std() == pytest.approx(3.0, rel=0.06)
    assert slow[0].std() == pytest.approx(3.0, rel=0.15)  # from the first step on
    assert slow.mean() == pytest.approx(5.0, abs=0.2)
    lag = (slow[16:] - 5.0) * (slow[:-16] - 5.0)
    assert lag.mean() == pytest.approx(9.0 * np.exp(-1.0), abs=0.7)

    pink = output_of(nd.PinkNoise(300, sigma=2 * pA, high=300 * Hz, octaves=7), n * dt, dt, seed=3)
    assert pink.std() == pytest.approx(2.0, rel=0.08)
    taus = 1.0 / (2 * np.pi * 0.3 * 0.5 ** np.arange(7))
    # what a sampled process has at f: the sum of its correlations over all lags, in closed form
    kept, turn = np.exp(-dt / taus)[:, None], np.cos(2 * np.pi * f * dt)
    exact = (4.0 / 7.0) * dt * ((1 - kept**2) / (1 - 2 * kept * turn + kept**2)).sum(axis=0)
    middle = (f > 0.01) & (f < 0.15)
    found = spectrum(pink, dt)[1:]
    assert (found[middle] / exact[middle]).mean() == pytest.approx(1.0, rel=0.03)
    slope = np.polyfit(np.log(f[middle]), np.log(found[middle]), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.12)


@pytest.mark.statistical
def test_what_a_neuron_makes_of_noise_does_not_depend_on_the_step():
    """Standard deviations in closed form; of 10^4 values that are nearly independent, to 2 %: four standard errors."""
    net = nd.DynamicsGroup()
    net.a, net.b = (nd.LIF(2000, tau=10 * ms, V_th=1e6 * mV, V_initializer=-60 * mV) for _ in range(2))
    net.coloured = nd.CurrentInput(net.a, nd.OrnsteinUhlenbeck.desc(sigma=50 * pA, tau=5 * ms))
    net.white = nd.CurrentInput(net.b, nd.WhiteNoise.desc(sigma=100 * pA * ms**0.5))
    sim = nd.Simulator(net, dt=1 * ms, seed=2, target="interpret")
    for cells in (net.a, net.b):
        sim.record(cells, "V", start=20 * ms, every=25 * ms)
    result = sim.run(150 * ms)
    for cells, exact in ((net.a, 5 * np.sqrt(5 / 15)), (net.b, 10 / np.sqrt(20))):
        assert result[cells].V.std().magnitude == pytest.approx(exact, rel=0.02)


class Driven(nd.DynamicsGroup):
    """A whole population, a part of it, and a part in another order, each with signals of every kind."""

    def __init__(self):
        super().__init__()
        self.A, self.B = nd.LIF((3, 4)), nd.LIF(5, V_initializer=-50.5 * mV)
        self.sine = nd.CurrentInput(self.A, nd.Sine(amplitude=100 * pA, frequency=80 * Hz, offset=250 * pA))
        self.noise = nd.CurrentInput(self.A[1], nd.WhiteNoise.desc(sigma=100 * pA * ms**0.5))
        rows = np.arange(6.0).reshape(2, 3) * 20 * pA
        steps = nd.Staircase.desc(times=[2, 4] * ms, values=rows, scale=nd.init.Uniform(1.0, 2.0))
        self.steps = nd.CurrentInput(self.B[1:4], steps)
        self.clocks = nd.RegularSpikes(12, period=nd.init.Uniform(1 * ms, 3 * ms), start=0 * ms, stop=9 * ms)
        self.chance = nd.PoissonGroup(12, rates=nd.Ramp.desc(first=0 * Hz, last=900 * Hz, duration=5 * ms))
        self.kicks = nd.PoissonInput(self.B, num_input=10, freq=lambda t: 10 * Hz * (t / ms), weight=0.1 * mV)


def test_parts_are_driven_alone():
    sim, result = run_on("interpret", Driven, 0.1 * ms, 12 * ms, seed=4)
    A = result[sim.network.A].V.magnitude.reshape(-1, 3, 4)
    assert not np.array_equal(A[:, 1], A[:, 0])
    assert result[sim.network.noise.source].output.shape == (120, 4)


def test_parts_take_their_own_elements():
    net = nd.DynamicsGroup()
    net.cells = nd.IF((2, 3), R=1.0, tau=1 * ms, V_th=1e9 * mV, V_reset=0 * mV, V_rest=0 * mV)
    net.all = nd.CurrentInput(net.cells, nd.Pulse((2, 3), amplitude=np.arange(6.0).reshape(2, 3) * mV))
    net.some = nd.CurrentInput(net.cells[1, [2, 0]], lambda t: np.array([100, 200]) * mV)
    sim = nd.Simulator(net, dt=1 * ms, target="interpret")
    sim.run(1 * ms)
    assert sim.get(net.cells, "V").magnitude.tolist() == [[0, 1, 2], [203, 4, 105]]


def test_regular_spikes_come_in_the_steps_of_their_times_however_long_it_runs():
    period, start = np.array([3, 7, 11, 25, 100, 2]), np.array([1, 2, 7, 3, 0, 6])  # in tenths of a millisecond
    source = nd.RegularSpikes(6, period / 10 * ms, start / 10 * ms, stop=90 * ms)
    sim = nd.Simulator(source, dt=0.2 * ms, target="interpret", precision=32)
    sim.record(source, spikes=True)
    trains = sim.run(100 * ms)[source].spikes.trains()
    for train, every, first in zip(trains, period, start, strict=True):
        steps = np.unique(np.maximum(-(-np.arange(first, 901, every) // 2) - 1, 0))
        np.testing.assert_array_equal(np.rint(train.magnitude / 0.2).astype(int) - 1, steps)


def test_trains_and_signals_of_neo():
    train = neo.SpikeTrain([1, 2.5, 3] * ms, t_stop=10 * ms)
    segment = neo.Segment()
    segment.spiketrains.extend([train, train])
    for given in ([train, [] * ms], segment):
        sources = nd.SpikeTrain.from_trains(given)
        assert sources.varshape == (2,)
        assert sources.times[:3].magnitude.tolist() == [1.0, 2.5, 3.0]
    signal = neo.AnalogSignal(np.arange(8.0).reshape(4, 2), units="nA", sampling_rate=1000 * Hz, t_start=2 * ms)
    x = output_of(nd.Playback(signal, after="zero"), 7.0, 1.0)
    assert x[:, 1].tolist() == [0, 0, 1000, 3000, 5000, 7000, 0]


def test_rates_that_change_end_a_run_where_they_have_no_meaning():
    fast = nd.PoissonGroup(3, rates=lambda t: 10_000 * Hz * (t / ms), name="fast")
    with pytest.raises(RateError, match=r"fast has a rate of 10\.5 kHz in step 10 \(t = 1 ms\), neuron 0"):
        nd.Simulator(fast, dt=0.1 * ms, target="interpret").run(2 * ms)
    net = nd.DynamicsGroup()
    net.cells = nd.LIF(2)
    net.kicks = nd.PoissonInput(net.cells, num_input=5, freq=lambda t: 5 * Hz - 10 * Hz * (t / ms), weight=1 * mV)
    with pytest.raises(RateError, match=r"kicks draws -.* spikes in step 5 \(t = 0.5 ms\) for neuron 0"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret").run(2 * ms)


def kicked(**given):
    """Counts of each step, from sources that fire once in a step or not."""
    net = nd.DynamicsGroup()
    net.cells = nd.LIF(50, tau=1e12 * ms, V_rest=0 * mV, V_reset=0 * mV, V_th=1e9 * mV)
    net.kicks = nd.PoissonInput(net.cells, weight=1 * mV, distribution="binomial", **given)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", seed=2)
    sim.record(net.cells, "V")
    return np.diff(sim.run(20 * ms)[net.cells].V.magnitude, axis=0)


@pytest.mark.statistical
def test_collapsed_sources_have_the_variance_of_those_that_fire_once():
    """20 sources with a chance of one half: mean 10, variance 5, not 10; 1 of 10^6 seeds is beyond five deviations."""
    counts = kicked(num_input=20, freq=5000 * Hz).ravel()
    assert counts.mean() == pytest.approx(10, abs=5 * np.sqrt(5 / counts.size))
    assert counts.var() == pytest.approx(5, rel=5 * np.sqrt(2 / counts.size))
    certain = kicked(num_input=7, freq=lambda t: np.where(t < 1 * ms, 0 * Hz, 10_000 * Hz))
    assert certain[[3, -1], 0].round(3).tolist() == [0, 7]


def test_sources_that_fire_once_are_refused_where_they_must_fire_more_often():
    with pytest.raises(
        RateError, match=r"kicks has sources of 11\.0 kHz; with one spike a step of 0\.1 ms .* 10\.0 kHz"
    ):
        kicked(num_input=5, freq=11_000 * Hz)
    with pytest.raises(
        RateError, match=r"sources of 10\.5 kHz in step 10 \(t = 1 ms\) for neuron 0, .* a step of 0\.1"
    ):
        kicked(num_input=5, freq=lambda t: 10_000 * Hz * (t / ms))
    with pytest.raises(RateError, match=r"2e\+09 sources"):
        kicked(num_input=2_000_000_000, freq=1e-6 * Hz)
    with pytest.raises(InvalidParameterError, match="distribution of PoissonInput is 'gauss'"):
        nd.PoissonInput(nd.LIF(2), None, 5, 5 * Hz, 1 * mV, distribution="gauss")
    for n, p in ((2.5, 0.5), (-1, 0.5), (5, 1.5), (5, 1 * ms), (5, np.nan)):
        with pytest.raises(InvalidParameterError, match="of a binomial draw is"):
            nd.random.binomial(n, p, size=3)


@pytest.mark.statistical
def test_a_rate_that_is_a_state_or_a_wave_is_followed():
    """Counts of 2000 sources in 20 ms at 100 Hz on average: 4000 +- 63; 1 of 10^4 seeds is beyond 250."""

    class Rate(nd.Dynamics):
        def init_state(self):
            self.r = nd.State(0 * Hz)

        def update(self):
            self.r.value = 10 * Hz * (nd.environ.get("t") / ms) * np.ones(self.varshape)
            return self.r.value

    for make in (
        lambda net: net.rate.prefetch("r"),
        lambda net: nd.Ramp(first=0 * Hz, last=200 * Hz, duration=20 * ms),
        lambda net: nd.TimedArray([100.0, 100.0] * Hz, dt=10 * ms),
    ):
        net = nd.DynamicsGroup()
        net.rate, net.order = Rate(2000), ("rate", "sources")
        net.sources = nd.PoissonGroup(2000, rates=make(net))
        sim = nd.Simulator(net, dt=0.5 * ms, seed=5, target="interpret")
        sim.record(net.sources, spikes=True)
        assert abs(sim.run(20 * ms)[net.sources].spikes.count - 4000) < 250


def test_mistakes():
    cells = nd.LIF(4, name="cells")
    with pytest.raises(HookArgumentError, match="which sends spikes and no current"):
        nd.CurrentInput(cells, nd.PoissonGroup(4, rates=1 * Hz))
    shared = nd.Pulse(amplitude=1 * pA)
    nd.CurrentInput(cells, shared)
    with pytest.raises(HookArgumentError, match="Pulse drives another input already"):
        nd.CurrentInput(cells, shared)
    with pytest.raises(ShapeError, match=r"has the size \(4,\), but CurrentInput drives neurons of shape \(2,\)"):
        nd.CurrentInput(cells[:2], nd.Pulse(4, amplitude=1 * pA))
    with pytest.raises(ShapeError, match=r"A row of TimedArray has the size \(3,\)"):
        nd.CurrentInput(cells, nd.TimedArray(np.ones((2, 3)) * pA, dt=1 * ms))
    for wrong in (3 * pA, nd.Pulse):
        with pytest.raises(HookArgumentError, match="as its source"):
            nd.CurrentInput(cells, wrong)
    with pytest.raises(HookArgumentError, match="cannot be called with a time"):
        nd.CurrentInput(cells, lambda: 3 * pA)
    net = nd.DynamicsGroup()
    net.cells = nd.LIF(4)
    net.drive = nd.CurrentInput(net.cells[2:], lambda t: np.ones(3) * pA)
    with pytest.raises(ShapeError, match=r"What its source gives has the size \(3,\)"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret")
    with pytest.raises(DimensionError, match=r"Sine\.offset is 1\.0 mV, but it must be in pA"):
        nd.Sine(amplitude=1 * pA, frequency=1 * Hz, offset=1 * mV)
    with pytest.raises(RateError, match=r"RegularSpikes has a period of 0\.05 ms, but fires at most once"):
        nd.Simulator(nd.RegularSpikes(1, 0.05 * ms), dt=0.1 * ms, target="interpret").run(1 * ms)
    with pytest.raises(InvalidParameterError, match=r"Pulse\.stop is 5\.0 ms, but start is 5\.0 ms"):
        output_of(nd.Pulse(amplitude=1 * pA, start=5 * ms, stop=5 * ms), 1.0)
    with pytest.raises(InvalidParameterError, match="its pulses have no width"):
        nd.Pulse(amplitude=1 * pA, period=5 * ms)
    with pytest.raises(InvalidParameterError, match=r"period is 5\.0 ms, but width is 6\.0 ms"):
        output_of(nd.Pulse(amplitude=1 * pA, width=6 * ms, period=5 * ms), 1.0)
    with pytest.raises(InvalidParameterError, match=r"times\[2\] of Staircase is 1 ms, after 2 ms"):
        nd.Staircase(times=[1, 2, 1] * ms, values=[1, 2, 3])
    with pytest.raises(ShapeError, match=r"times of shape \(2,\) and values of shape \(3,\)"):
        nd.Staircase(times=[1, 2] * ms, values=[1, 2, 3])
    with pytest.raises(InvalidParameterError, match=r"octaves of PinkNoise is 2\.5"):
        nd.PinkNoise(sigma=1 * pA, octaves=2.5)
    with pytest.raises(ShapeError, match="is given no train"):
        nd.SpikeTrain.from_trains([])
