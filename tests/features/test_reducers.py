"""Reducers: the numbers that raw recordings give, to the bit, however the run is cut; and no raw storage."""

import numpy as np
import pytest
from quantities import Hz, ms, mV, s

import numbadyn as nd
from numbadyn.errors import RecordingError
from numbadyn.io.reduce import base
from numbadyn.runtime import engine
from numbadyn.runtime.progress import Progress
from numbadyn.simulator import measuring
from tests.features.test_spilling import Busy, bits, simulator_or_batch
from tests.targets import simulator_of

R = nd.reduce
TARGETS = pytest.mark.parametrize("target", ["interpret", "cpu"])


def reducers():
    return [
        R.Rate(),
        R.PopulationRate(2 * ms),
        R.Counts(bin=3 * ms),
        R.IsiHistogram(bin=1 * ms, longest=6 * ms),
        R.IsiCV(),
        R.Mean("V"),
        R.Variance("V"),
        R.SpikeTriggeredAverage("V", before=2 * ms, after=0.5 * ms),
        R.CountCorrelation(bin=2 * ms),
    ]


@pytest.fixture
def small(monkeypatch):
    """Blocks and windows that a short run fills many times."""
    monkeypatch.setattr(base, "block_of", lambda elements: 16)
    monkeypatch.setattr(measuring, "block_of", lambda elements: 16)
    monkeypatch.setattr(measuring, "_WINDOW", 1)
    monkeypatch.setattr(measuring, "SPIKES_HELD", 64)


def reducing(target, replicas=0, part=slice(None), **how):
    sim = simulator_or_batch(Busy(), target, replicas)
    cells = sim.network.E if part == slice(None) else sim.network.E[part]
    sim.record(cells, *reducers(), **how)
    return sim, cells


def raw(target, replicas=0, part=slice(None)):
    sim = simulator_or_batch(Busy(), target, replicas)
    cells = sim.network.E if part == slice(None) else sim.network.E[part]
    sim.record(cells, "V", spikes=True)
    return sim, cells


def assert_alike(found, cells, whole, same):
    for reducer in reducers():
        one, other = found[cells].reduced[reducer.name], reducer.reduce(whole, same)
        assert one.values.dtype == other.values.dtype
        assert one.values.shape == other.values.shape
        assert one.values.tobytes() == other.values.tobytes(), reducer
        assert one.axes.keys() == other.axes.keys()
        assert all(np.array_equal(one.more[name], other.more[name]) for name in one.more)


@pytest.mark.cudasim
@TARGETS
@pytest.mark.parametrize("part", [slice(None), slice(3, 15, 2)])
def test_numbers_are_those_of_raw_recordings_to_the_bit(target, part, small):
    (sim, cells), (plain, same) = reducing(target, part=part), raw(target, part=part)
    for length in (40, 21.7):
        found, whole = sim.run(length * ms, progress=False), plain.run(length * ms, progress=False)
        assert_alike(found, cells, whole, same)
        assert not found[cells].samples
        assert found[cells].events is None


@TARGETS
def test_replicas_have_the_bits_of_runs_alone(target, small):
    (sim, cells), (plain, same) = reducing(target, 2), raw(target, 2)
    found, whole = sim.run(30 * ms, progress=False), plain.run(30 * ms, progress=False)
    assert_alike(found, cells, whole, same)
    assert found[cells].rate.shape == (2, 20)
    for number in range(2):
        assert_alike(found.replica(number), cells, whole.replica(number), same)
    assert found.replicas([1])[cells].V_mean.shape == (1, 20)


def test_numbers_do_not_depend_on_how_a_run_is_cut_into_chunks(monkeypatch):
    found = []
    for chunk in (1, 7, 1000):
        monkeypatch.setattr(engine, "_next_chunk", lambda *_, chunk=chunk: chunk)
        sim, cells = reducing("interpret")
        found.append([part.values.tobytes() for part in sim.run(60 * ms, progress=False)[cells].reduced.values()])
    assert found[0] == found[1] == found[2]


def test_against_numpy():
    (sim, cells), (plain, same) = reducing("cpu"), raw("cpu")
    found, whole = sim.run(200 * ms, progress=False)[cells], plain.run(200 * ms, progress=False)
    V, spikes = whole[same].V.magnitude, whole[same].spikes
    trains = [spikes.steps[spikes.indices == neuron] for neuron in range(20)]
    np.testing.assert_array_equal(found.rate.rescale(Hz).magnitude, [train.size / 0.2 for train in trains])
    np.testing.assert_allclose(found.V_mean.magnitude, V.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(found.V_variance.magnitude, V.var(axis=0), rtol=1e-10)
    assert found.V_variance.dimensionality == (mV**2).dimensionality
    counts = np.array([np.histogram(train, np.arange(0, 2011, 30))[0] for train in trains]).T
    np.testing.assert_array_equal(found.counts[:67], counts)
    assert found.counts.sum() == spikes.count
    histogram = np.histogram(spikes.steps, np.arange(0, 2001, 20))[0]
    np.testing.assert_allclose(found.population_rate.magnitude, histogram / (20 * 0.002))
    np.testing.assert_allclose(found.t("population_rate")[:3].rescale(ms).magnitude, [0, 2, 4])
    gaps = np.concatenate([np.diff(train) for train in trains])
    np.testing.assert_array_equal(found.isi_histogram, np.histogram(gaps // 10, np.arange(7))[0])
    assert found.reduced["isi_histogram"].more["longer"] == (gaps >= 60).sum()
    cv = found.isi_cv
    assert np.mean(cv[np.isfinite(cv)]) == pytest.approx(spikes.cv_isi(), rel=1e-14)
    windows = [
        V[m - 20 : m + 6, neuron] for m, neuron in zip(spikes.steps, spikes.indices, strict=True) if 20 <= m < 1995
    ]
    np.testing.assert_allclose(found.V_triggered.magnitude, np.mean(windows, axis=0), rtol=1e-12)
    assert found.reduced["V_triggered"].more["spikes"] == len(windows)
    pairs = np.corrcoef(np.array([np.histogram(train, np.arange(0, 2001, 20))[0] for train in trains]))
    np.testing.assert_allclose(found.count_correlation, pairs, rtol=1e-10, atol=1e-12)


@TARGETS
def test_a_window_of_time(target, small):
    sim, cells = reducing(target, start=10 * ms, stop=35 * ms)
    plain, same = raw(target)
    found = sim.run(50 * ms, progress=False)[cells]
    whole = plain.run(50 * ms, progress=False)[same]
    inside = (whole.spikes.steps >= 100) & (whole.spikes.steps < 350)
    expected = np.bincount(whole.spikes.indices[inside], minlength=20) / 0.025
    np.testing.assert_allclose(found.rate.magnitude, expected)
    np.testing.assert_allclose(found.V_mean.magnitude, whole.V.magnitude[100:350].mean(axis=0), rtol=1e-13)
    assert found.population_rate.shape == (13,)
    assert found.t("population_rate")[0] == 10 * ms
    after = sim.run(5 * ms, progress=False)[cells]
    assert np.isnan(after.rate.magnitude).all()
    assert np.isnan(after.V_mean.magnitude).all()
    assert after.counts.shape == (0, 20)


def test_beside_raw_recordings_and_on_disk(small):
    plain, (sim, cells) = raw("interpret")[0], reducing("interpret")
    sim.record(cells, "V", spikes=True)
    expected = plain.run(20 * ms, progress=False)
    for how in ({}, {"memory": "90 KiB"}):
        found = sim.reset().run(20 * ms, progress=False, **how)
        assert bits(found) == bits(expected)
        assert_alike(found, cells, expected, plain.network.E)
    sim.forecast(1 * s, memory="10 MiB")


def test_reducers_change_nothing_and_go_into_checkpoints(tmp_path):
    sim, cells = reducing("interpret", part=slice(2, 9))
    sim.run(5 * ms, progress=False)
    sim.save(tmp_path / "point")
    again = nd.Simulator.load(tmp_path / "point", Busy(), target="interpret")
    found, expected = again.run(10 * ms, progress=False), sim.run(10 * ms, progress=False)
    for name, reduced in expected[cells].reduced.items():
        assert found[again.network.E[2:9]].reduced[name].values.tobytes() == reduced.values.tobytes()


def test_a_second_request_takes_the_place_of_the_first():
    sim, cells = reducing("interpret")
    sim.record(cells, R.Mean("V"), every=1 * ms)
    sim.record(cells, R.Counts(5 * ms), R.Mean("V", name="mean"), index=[3, 4])
    found = sim.run(20 * ms, progress=False)[cells]
    assert found.counts.shape == (4, 2)
    assert found.mean.shape == (2,)
    assert found.reduced["V_mean"].more["samples"] == 20
    assert found.reduced["V_variance"].more["samples"] == 200


@pytest.mark.parametrize(
    ("asked", "how", "text"),
    [
        (R.Counts(5), {}, "bin=5 has no unit"),
        (R.Counts(0.05 * ms), {}, "no positive multiple of the time step of 0.1 ms"),
        (R.PopulationRate(3 * mV), {}, "bin"),
        (R.IsiHistogram(1 * ms, -1 * ms), {}, "longest"),
        (R.IsiHistogram(10 * ms, 1 * ms), {}, "more than longest"),
        (R.Mean("W"), {}, "no variable 'W'"),
        (R.Rate(), {"every": 1 * ms}, "every of rate"),
        (R.Rate(), {"index": 40}, "index=40"),
        (R.Rate(name="V"), {}, "recorded already"),
        (R.SpikeTriggeredAverage("V", 1 * ms, 0 * ms), {"every": 1 * ms}, "in each step for each neuron"),
    ],
)
def test_bad_input(asked, how, text):
    sim = simulator_of(Busy(), 0.1 * ms, "interpret")
    sim.record(sim.network.E, "V")
    with pytest.raises((RecordingError, nd.errors.DimensionError), match=text):
        sim.record(sim.network.E, asked, **how)
    assert not sim.run(1 * ms, progress=False)[sim.network.E].reduced


def test_a_population_without_spikes():
    class Silent(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(1.0)

        def update(self):
            self.x.value = 0.9 * self.x

    cells = Silent(5)
    sim = nd.Simulator(cells, dt=1 * ms, target="interpret")
    with pytest.raises(RecordingError, match="has no spikes"):
        sim.record(cells, R.Rate())
    sim.record(cells, R.Mean("x"))
    np.testing.assert_allclose(sim.run(3 * ms, progress=False)[cells].x_mean, np.full(5, (1 + 0.9 + 0.81) / 3))


def test_a_reducer_of_ones_own():
    class Last(R.Reducer):
        name, variable, spiking = "last", "V", False

        def start(self, scope):
            return Keeping(scope)

    class Keeping(R.Running):
        def add_samples(self, replica, steps, values):
            self.row = values[-1].copy()

        def values(self, reached):
            return R.Reduced("last", self.row[None], self.scope.dimension)

    sim = simulator_of(Busy(), 0.1 * ms, "interpret", seed=3)
    sim.record(sim.network.E, Last())
    plain, same = raw("interpret")
    last = sim.run(4 * ms, progress=False)[sim.network.E].last
    np.testing.assert_array_equal(last, plain.run(4 * ms, progress=False)[same].V[-1])


def test_an_interrupted_run_goes_on_from_its_checkpoint(tmp_path):
    class Impatient(Progress):
        def start(self, total_steps, dt):
            self.steps = 0

        def advance(self, steps):
            self.steps += steps
            if self.steps > 200:
                raise RuntimeError("enough")

        def close(self):
            pass

    how = {"checkpoint": tmp_path / "point", "checkpoint_every": 2 * ms}
    with pytest.raises(RuntimeError, match="enough"):
        reducing("interpret")[0].run(40 * ms, progress=Impatient(), **how)
    again, cells = reducing("interpret")
    found = again.run(40 * ms, progress=False, **how)[cells]
    plain, same = reducing("interpret")
    expected = plain.run(40 * ms, progress=False)[same]
    for name, reduced in expected.reduced.items():
        assert found.reduced[name].values.tobytes() == reduced.values.tobytes(), name
