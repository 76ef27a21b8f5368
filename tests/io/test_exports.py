"""Results in the formats of others: what is written is what was recorded, with units, times and coordinates."""

import io
import json
import sys

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.errors import ExportError, MissingExtraError, OutputPathError, RecordingError, ResultFileError

FORMATS = {
    "to_pandas": ("pandas", "pandas"),
    "to_xarray": ("xarray", "xarray"),
    "to_neo": ("neo", "neo"),
    "to_nwb": ("pynwb", "nwb"),
    "to_sonata": ("h5py", "sonata"),
}


class Net(nd.DynamicsGroup):
    """Two populations that fire, one of them of two axes."""

    def __init__(self):
        super().__init__()
        first = nd.init.Uniform(-60 * mV, -50 * mV)
        self.E = nd.LIFRef((3, 2), V_rest=-48 * mV, tau=5 * ms, V_initializer=first)
        self.I = nd.PoissonGroup(4, rates=100 * Hz)
        self.I2E = nd.AlignPostProj(
            self.I,
            comm=nd.AllToAll(4, 6, weight=0.05 * nS),
            syn=nd.Expon.desc(tau=5 * ms),
            out=nd.COBA.desc(E=-80 * mV),
            post=self.E,
        )


def made(*, batch=False, **options):
    net = Net()
    sim = nd.Simulator(net, dt=0.5 * ms, seed=4, target="interpret", batch=3 if batch else None)
    if batch:
        sim.batch["E.tau"] = [4, 5, 6] * ms
    sim.record(net.E, "V", "refractory", spikes=True, index=[4, 1], every=1 * ms)
    sim.record(net.I, spikes=True)
    sim.record(net.I2E.syn, "g", start=20 * ms, stop=40 * ms)
    sim.run(10 * ms)
    return net, sim.run(90 * ms, **options)


@pytest.fixture(scope="module")
def run():
    return made()


@pytest.fixture(scope="module")
def batch():
    return made(batch=True)


def g_of(net):
    return net.I2E.syn


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_tables_have_a_row_for_each_spike_and_each_sample(run):
    net, result = run
    spikes, samples, _measures = result.to_pandas()
    mine = spikes[spikes["population"] == "Net.E"]
    assert mine["neuron"].tolist() == result[net.E].spikes.indices.tolist()
    assert mine["time_ms"].tolist() == result[net.E].spikes.times.magnitude.tolist()
    assert len(spikes) == result[net.E].spikes.count + result[net.I].spikes.count > 20
    V = samples[(samples["population"] == "Net.E") & (samples["variable"] == "V")]
    assert (
        V.pivot(index="time_ms", columns="element", values="value")[[4, 1]].to_numpy().tolist()
        == result[net.E].V.magnitude.tolist()
    )
    assert set(V["unit"]) == {"mV"}
    g = samples[samples["variable"] == "g"]
    assert (g["time_ms"].min(), g["time_ms"].max(), set(g["unit"])) == (20.0, 39.5, {"nS"})
    assert len(samples) == sum(each.values.size for one in result.recordings.values() for each in one.samples.values())
    assert spikes.attrs["t_start_ms"], spikes.attrs["neurons"] == (10.0, {"Net.E": 6, "Net.I": 4})
    assert json.loads(spikes.attrs["provenance"]) == result.provenance


def test_a_result_without_spikes_or_samples_has_empty_tables():
    neurons = nd.LIF(2)
    sim = nd.Simulator(neurons, dt=1 * ms, target="interpret")
    spikes, samples, measures = sim.run(2 * ms).to_pandas()
    assert (len(spikes), len(samples), len(measures)) == (0, 0, 0)
    assert list(spikes.columns) == ["population", "neuron", "time_ms"]


def test_tables_of_a_batch_say_the_replica(batch):
    net, result = batch
    spikes, samples, _measures = result.to_pandas()
    for number in range(3):
        mine = spikes[(spikes["replica"] == number) & (spikes["population"] == "Net.I")]
        assert mine["time_ms"].tolist() == result.replica(number)[net.I].spikes.times.magnitude.tolist()
        assert (set(mine["E.tau_ms"]), set(mine["seed"])) == ({4.0 + number}, {result.coords["seed"][number]})
        V = samples[(samples["replica"] == number) & (samples["variable"] == "V")]["value"]
        assert V.tolist() == result[net.E].V.magnitude[number].reshape(-1).tolist()


# ---- labelled arrays -------------------------------------------------------------------------------------------------


def test_labelled_arrays_have_coordinates_and_units(run):
    net, result = run
    tree = result.to_xarray()
    mine = tree["Net.E"]
    assert mine["V"].dims == mine["refractory"].dims == ("time", "element")
    assert mine["V"].sel(element=1).to_numpy().tolist() == result[net.E].V.magnitude[:, 1].tolist()
    assert mine["V"].sel(time=12.0, element=4).item() == result[net.E].V.magnitude[2, 0]
    assert (mine["V"].attrs["units"], mine["time"].attrs["units"]) == ("mV", "ms")
    assert mine["spike_time"].to_numpy().tolist() == result[net.E].spikes.times.magnitude.tolist()
    assert json.loads(tree.attrs["provenance"]) == result.provenance


def test_variables_of_other_times_have_an_axis_of_their_own():
    neurons = nd.LIF(3)
    sim = nd.Simulator(neurons, dt=1 * ms, target="interpret")
    sim.record(neurons, "V")
    sim.record(neurons, "output", index=1, every=2 * ms)
    dataset = sim.run(6 * ms)[neurons].to_xarray()
    assert dict(dataset["V"].sizes) == {"time": 6, "element": 3}
    assert dict(dataset["output"].sizes) == {"time_output": 3, "element_output": 1}
    assert dataset["element_output"].to_numpy().tolist() == [1]


def test_labelled_arrays_of_a_batch_have_an_axis_of_replicas(batch):
    net, result = batch
    dataset = result[net.E].to_xarray()
    assert dataset["V"].dims == ("replica", "time", "element")
    assert dataset["V"].sel(replica=2).to_numpy().tolist() == result.replica(2)[net.E].V.magnitude.tolist()
    assert dataset["E.tau"].to_numpy().tolist() == [4.0, 5.0, 6.0]
    assert dataset["E.tau"].attrs == {"units": "ms"}
    assert dataset["seed"].to_numpy().tolist() == result.coords["seed"].tolist()
    assert dataset["spike_replica"].to_numpy().tolist() == result[net.E].spikes.replicas.tolist()


# ---- Neo and Elephant ------------------------------------------------------------------------------------------------


def test_a_block_has_trains_and_signals_with_times(run):
    net, result = run
    block = result.to_neo()
    (segment,) = block.segments
    assert [len(segment.spiketrains), len(segment.analogsignals)] == [10, 3]
    for number, train in enumerate(result[net.I].spikes.trains()):
        found = segment.spiketrains[6 + number]
        assert found.times.rescale(ms).magnitude.tolist() == train.magnitude.tolist()
        assert (found.t_start, found.t_stop) == (10 * ms, 100 * ms)
        assert (found.annotations["population"], found.annotations["neuron"]) == ("Net.I", number)
    signal = next(each for each in segment.analogsignals if each.name == "Net.E.V")
    assert signal.magnitude.tolist() == result[net.E].V.magnitude.tolist()
    assert signal.times.rescale(ms).magnitude.tolist() == pytest.approx(result[net.E].t("V").magnitude.tolist())
    assert (str(signal.dimensionality), signal.array_annotations["element"].tolist()) == ("mV", [4, 1])
    g = next(each for each in segment.analogsignals if each.name.endswith(".g"))
    assert (g.t_start, g.t_stop, g.sampling_period) == (20 * ms, 40 * ms, 0.5 * ms)
    assert json.loads(block.annotations["provenance"]) == result.provenance


def test_a_block_of_a_batch_has_a_segment_for_each_replica(batch):
    net, result = batch
    segments = result[net.I].to_neo().segments
    assert [segment.annotations["replica"] for segment in segments] == [0, 1, 2]
    assert segments[2].annotations["E.tau"] == "6.0 ms"
    own = result.replica(1)[net.I].spikes.trains()
    assert [t.magnitude.tolist() for t in segments[1].spiketrains] == [t.magnitude.tolist() for t in own]


@pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity")
def test_elephant_takes_the_trains(run):
    statistics = pytest.importorskip("elephant.statistics")
    from elephant.conversion import BinnedSpikeTrain
    from elephant.spike_train_correlation import correlation_coefficient

    net, result = run
    trains = list(result[net.E].to_neo().segments[0].spiketrains)
    CVs = [statistics.cv(statistics.isi(train)) for train in trains if len(train) > 2]
    assert np.mean(CVs) == pytest.approx(result[net.E].spikes.cv_isi())
    rates = [statistics.mean_firing_rate(train).rescale(Hz).item() for train in trains]
    assert np.mean(rates) == pytest.approx(result[net.E].spikes.rate.item())
    counts = np.zeros((6, 18))
    spikes = result[net.E].spikes
    np.add.at(counts, (spikes.indices, ((spikes.steps - 20) // 10)), 1)
    active = np.flatnonzero(counts.std(axis=1))
    assert active.size > 1
    found = correlation_coefficient(BinnedSpikeTrain([trains[number] for number in active], bin_size=5 * ms))
    assert np.allclose(found, np.corrcoef(counts[active]))


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("which", ["run", "batch"])
def test_a_file_of_numpy_is_read_back_bit_for_bit(which, compressed, request, tmp_path):
    net, result = request.getfixturevalue(which)
    again = nd.Result.from_npz(result.to_npz(tmp_path / "run.npz", compressed=compressed))
    assert [*tmp_path.iterdir()] == [tmp_path / "run.npz"]
    assert list(again.recordings) == list(result.recordings)
    for name, recording in result.recordings.items():
        for variable, samples in recording.samples.items():
            other = again[name].samples[variable]
            assert (other.dimension, other.dt, other.values.dtype) == (
                samples.dimension,
                samples.dt,
                samples.values.dtype,
            )
            assert np.array_equal(other.values, samples.values)
            assert np.array_equal(other.steps, samples.steps)
            assert np.array_equal(other.elements, samples.elements)
    assert again["Net.E"].spikes.rate.tolist() == result[net.E].spikes.rate.tolist()
    assert again["Net.E"].spikes.indices.dtype == np.uint32
    assert str(again["Net.E"].V.dimensionality) == "mV"
    assert (again.first, again.last, again.ended, again.batch) == (20, 200, "duration", result.batch)
    assert again.provenance == result.provenance
    assert list(again.coords) == list(result.coords)
    assert all(np.array_equal(again.coords[name], values) for name, values in result.coords.items())
    if result.batch is not None:
        assert again.sel(tau=5 * ms).batch == 1


def test_a_part_of_a_population_is_read_back(tmp_path):
    neurons = nd.LIFRef(6, V_rest=-45 * mV, name="E")
    sim = nd.Simulator(neurons, dt=1 * ms, target="interpret")
    sim.record(neurons[2:4], "V", spikes=True)
    result = sim.run(40 * ms)
    again = nd.Result.from_npz(result[neurons[2:4]].to_npz(tmp_path / "part.npz"))
    assert again["E[2:4]"].part[1].tolist() == [2, 3]
    assert again["E[2:4]"].spikes.count == result[neurons[2:4]].spikes.count > 0


def test_a_profile_is_read_back(tmp_path):
    sim = nd.Simulator(nd.LIF(3), dt=0.5 * ms, target="interpret")
    result = sim.run(5 * ms, profile=True)
    again = nd.Result.from_npz(result.to_npz(tmp_path / "run.npz"))
    assert again.profile.table.tolist() == result.profile.table.tolist()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing else", b"no archive"])
def test_what_is_no_file_of_results_is_refused(content, tmp_path):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(ResultFileError, match="damaged or no file of results"):
        nd.Result.from_npz(path)


def test_a_damaged_file_and_a_file_of_others_are_refused(run, tmp_path):
    path = run[1].to_npz(tmp_path / "run.npz")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ResultFileError, match="damaged"):
        nd.Result.from_npz(path)
    np.savez(tmp_path / "weights.npz", W=np.ones(3))
    with pytest.raises(ResultFileError, match="holds no result"):
        nd.Result.from_npz(tmp_path / "weights.npz")
    with pytest.raises(ResultFileError, match="no path"):
        nd.Result.from_npz(io.BytesIO())
    with pytest.raises(ResultFileError, match="does not exist"):
        nd.Result.from_npz(tmp_path / "none.npz")


@pytest.mark.parametrize("which", ["run", "batch"])
def test_a_file_of_nwb_is_valid_and_holds_all(which, request, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    net, result = request.getfixturevalue(which)
    path = result.to_nwb(tmp_path / "run.nwb")
    assert pynwb.validate(path=str(path)) == []
    one = result if result.batch is None else result.replica(1)
    with pynwb.NWBHDF5IO(path, "r") as io:
        file = io.read()
        units = file.units.to_dataframe()
        mine = units[units["population"] == "Net.I"]
        if result.batch is not None:
            mine = mine[(mine["replica"] == 1) & (mine["E.tau"] == 5.0)]
        for found, train in zip(mine["spike_times"], one[net.I].spikes.trains(), strict=True):
            assert np.allclose(found, train.rescale("s").magnitude, rtol=0, atol=1e-12)
        series = file.acquisition["Net.E.V" + ("" if result.batch is None else " replica 1")]
        assert series.data[:].tolist() == one[net.E].V.magnitude.tolist()
        assert (series.unit, series.conversion, series.starting_time) == ("volts", 1e-3, 0.01)
        assert series.rate == pytest.approx(1000.0)
        assert json.loads(file.notes) == result.provenance


@pytest.mark.parametrize("sorting", ["by_time", "by_id"])
def test_a_spike_file_of_sonata_has_the_layout_of_its_specification(sorting, run, tmp_path):
    h5py = pytest.importorskip("h5py")
    net, result = run
    path = result.to_sonata(tmp_path / "spikes.h5", sorting=sorting)
    with h5py.File(path) as file:
        assert (file.attrs["magic"], file.attrs["version"].tolist()) == (0x0A7A, [0, 1])
        assert sorted(file["spikes"]) == ["Net.E", "Net.I"]
        group = file["spikes/Net.E"]
        names = h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)
        assert names == {"none": 0, "by_id": 1, "by_time": 2}
        assert group.attrs["sorting"] == names[sorting]
        times, nodes = group["timestamps"][:], group["node_ids"][:]
        assert (times.dtype, nodes.dtype, group["timestamps"].attrs["units"]) == (np.float64, np.uint64, "ms")
    first = times if sorting == "by_time" else nodes
    assert (np.diff(first.astype(float)) >= 0).all()
    trains = [times[nodes == number].tolist() for number in range(6)]
    assert trains == [train.magnitude.tolist() for train in result[net.E].spikes.trains()]


def test_what_sonata_has_no_place_for_is_refused(run, batch, tmp_path):
    path = tmp_path / "spikes.h5"
    with pytest.raises(ExportError, match="one trial") as caught:
        batch[1].to_sonata(path)
    assert "result.replica(0)" in str(caught.value)
    with pytest.raises(ExportError, match="no spikes"):
        run[1][g_of(run[0])].to_sonata(path)
    with pytest.raises(ExportError, match="'sorted'"):
        run[1].to_sonata(path, sorting="sorted")
    assert batch[1].replica(2).to_sonata(path).exists()


# ---- what was computed in the run ------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [None, 2])
def test_measures_are_exported_with_their_axes(batch, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    E = nd.LIFRef(5, V_rest=-45 * mV, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV), name="E")
    sim = nd.Simulator(E, dt=0.5 * ms, target="interpret", batch=batch)
    sim.record(E, nd.reduce.Rate(), nd.reduce.PopulationRate(bin=5 * ms), nd.reduce.Counts(bin=10 * ms))
    sim.record(E, nd.reduce.Variance("V"))
    result = sim.run(60 * ms)
    mine = result[E].reduced

    dataset = result[E].to_xarray()
    front = () if batch is None else ("replica",)
    assert dataset["rate"].dims == (*front, "neuron")
    assert dataset["counts"].dims == (*front, "t_counts", "neuron")
    assert dataset["t_counts"].to_numpy().tolist() == mine["counts"].t.magnitude.tolist()
    assert (dataset["rate"].attrs["units"], dataset["V_variance"].attrs["units"]) == ("Hz", "mV^2")
    assert dataset["population_rate"].to_numpy().tolist() == mine["population_rate"].data.magnitude.tolist()

    table = result.to_pandas().measures
    counts = table[table["measure"] == "counts"]
    assert counts["value"].tolist() == mine["counts"].values.reshape(-1).tolist()
    whole = counts[counts["replica"] == 1] if batch else counts
    assert whole[whole["t_ms"] == 10.0]["neuron"].tolist() == [0, 1, 2, 3, 4]
    assert set(table[table["measure"] == "rate"]["unit"]) == {"Hz"}

    again = nd.Result.from_npz(result.to_npz(tmp_path / "run.npz"))["E"].reduced
    for name, reduced in mine.items():
        assert str(again[name].data) == str(reduced.data)
        assert {axis: str(places) for axis, places in again[name].axes.items()} == {
            axis: str(places) for axis, places in reduced.axes.items()
        }
        assert {key: np.asarray(value).tolist() for key, value in again[name].more.items()} == {
            key: np.asarray(value).tolist() for key, value in reduced.more.items()
        }
    path = result.to_nwb(tmp_path / "run.nwb")
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(path, "r") as io:
        found = io.read().get_scratch("E.rate")
        assert np.asarray(found).tolist() == mine["rate"].data.magnitude.tolist()


# ---- results on disk -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [False, True])
def test_results_on_disk_are_exported_as_those_in_memory(batch, tmp_path):
    h5py = pytest.importorskip("h5py")
    pytest.importorskip("zarr")
    (_net, result), (_other, stored) = made(batch=batch), made(batch=batch, spill=tmp_path / "spilled")
    for table, other in zip(result.to_pandas(), stored.to_pandas(), strict=True):
        assert table.equals(other)
    assert result.to_xarray()["Net.E"]["V"].equals(stored.to_xarray()["Net.E"]["V"])
    one, two = (nd.Result.from_npz(each.to_npz(tmp_path / f"{id(each)}.npz")) for each in (result, stored))
    assert np.array_equal(one["Net.E"].V, two["Net.E"].V)
    assert np.array_equal(one["Net.I"].spikes.steps, two["Net.I"].spikes.steps)
    for each, name in ((result, "memory"), (stored, "disk")):
        each.to_nwb(tmp_path / f"{name}.nwb")
        (each.replica(1) if batch else each).to_sonata(tmp_path / f"{name}.h5")
    series = f"acquisition/Net.E.V{' replica 1' if batch else ''}/data"
    for file, place in (("nwb", series), ("nwb", "units/spike_times"), ("h5", "spikes/Net.E/timestamps")):
        with h5py.File(tmp_path / f"memory.{file}") as first, h5py.File(tmp_path / f"disk.{file}") as second:
            assert np.array_equal(first[place][:], second[place][:])


# ---- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["to_npz", "to_nwb", "to_sonata"])
def test_a_path_that_cannot_be_written_is_named(method, run, tmp_path):
    with pytest.raises(OutputPathError, match="no_folder") as caught:
        getattr(run[1], method)(tmp_path / "no_folder" / "run")
    assert isinstance(caught.value, OSError)
    with pytest.raises(OutputPathError, match="no path"):
        getattr(run[1], method)(io.BytesIO())
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputPathError, match="taken"):
        getattr(run[1], method)(tmp_path / "taken")
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("method", FORMATS)
def test_without_its_package_the_message_says_what_to_install(method, run, monkeypatch, tmp_path):
    module, extra = FORMATS[method]
    monkeypatch.setitem(sys.modules, module, None)
    path = [tmp_path / "x"] if method in ("to_nwb", "to_sonata") else []
    with pytest.raises(MissingExtraError) as caught:
        getattr(run[1], method)(*path)
    assert f'pip install "numbadyn[{extra}]"' in str(caught.value)


def test_a_recording_made_by_hand_belongs_to_no_result(run):
    alone = type(run[1][run[0].E])("E")
    with pytest.raises(RecordingError, match="belongs to no result"):
        alone.to_pandas()
