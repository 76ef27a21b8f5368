"""Recordings that go to disk while a network runs: the bits of those in memory, whatever happens on the way."""

import errno
import gc
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import quantities as pq
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.errors import DiskFullError, MemoryBudgetError, NonFiniteStateError, SpillFolderError
from numbadyn.io.stored import folder as stored_folder
from numbadyn.io.stored.writers import SampleWriter
from numbadyn.runtime import logs
from tests.targets import COMPILED, SIMULATED, simulator_of

BUDGET = "100 KiB"


class Busy(nd.DynamicsGroup):
    """Cells that fire a lot, with an input that fires more."""

    def __init__(self, cells=20):
        super().__init__()
        self.E = nd.LIFRef(cells)
        self.noise = nd.PoissonGroup(cells, rates=900 * Hz)
        self.p = nd.AlignPostProj(
            self.noise,
            comm=nd.OneToOne(cells, cells, weight=60 * nS),
            syn=nd.Expon.desc(tau=5 * ms),
            out=nd.COBA.desc(E=0 * mV),
            post=self.E,
        )


def simulator_or_batch(net, target, replicas):
    if replicas:
        return nd.Simulator(net, dt=0.1 * ms, target=target, seed=3, batch=replicas)
    return simulator_of(net, 0.1 * ms, target, seed=3)


def watched(target, replicas=0):
    net = Busy()
    sim = simulator_or_batch(net, target, replicas)
    sim.record(net.E, "V", "refractory", spikes=True)
    sim.record(net.E[4:9], "V", spikes=True, every=0.3 * ms, start=5 * ms)
    sim.record(net.E, "current_inputs[Expon-COBA]", index=[3, 1])
    sim.record(net.noise, spikes=True)
    return sim


def bits(result):
    """Everything that was recorded, as bytes."""
    found = {}
    for name, recording in result.recordings.items():
        for variable, samples in recording.samples.items():
            found[name, variable] = (
                np.asarray(samples.steps).tobytes(), np.asarray(samples.values).tobytes(), samples.values.shape,
                samples.values.dtype,
            )  # fmt: skip
        if recording.events is not None:
            events = recording.events
            replicas = b"" if events.replicas is None else np.asarray(events.replicas).tobytes()
            found[name, "spikes"] = np.asarray(events.steps).tobytes(), np.asarray(events.indices).tobytes(), replicas
    return found


@pytest.fixture
def small(monkeypatch):
    """Logs and files in pieces that a short run fills many times."""
    monkeypatch.setattr(logs, "_FIRST_CAPACITY", 64)


@pytest.mark.cudasim
@pytest.mark.parametrize("target", ["interpret", "cpu"])
@pytest.mark.parametrize("how", [{"memory": "80 KiB"}, {"spill": "here"}])
def test_what_was_on_disk_has_the_bits_of_what_was_in_memory(target, how, small, tmp_path):
    how = {name: tmp_path / given if name == "spill" else given for name, given in how.items()}
    plain, spilled = watched(target), watched(target)
    (expected, found), others = [
        (plain.run(length * ms, progress=False), spilled.run(length * ms, progress=False, **how))
        for length in (20, 7.3)
    ]
    assert bits(found) == bits(expected)
    assert bits(others[1]) == bits(others[0])
    V, E = found[spilled.network.E].V, expected[plain.network.E].V
    assert not isinstance(V, pq.Quantity)
    for index in (slice(3, 60, 7), -1, slice(None, None, -2), [3, -2, 5], (slice(10, 20), 4), (7, [1, 2]), (..., 0)):
        np.testing.assert_array_equal(V[index], E[index])
        assert V[index].dimensionality == mV.dimensionality
    assert np.mean(V) == V.mean() == np.mean(E)
    assert (V.max(axis=0) == E.max(axis=0)).all()
    assert (V.T == E.T).all()
    assert V.magnitude.std() == E.magnitude.std()
    assert (V - E[0] == E - E[0]).all()
    assert sum(len(block) for block in V.blocks()) == len(E)
    pieces = list(found[spilled.network.noise].spikes.pieces(10))
    assert [piece.count for piece in pieces[:-1]] == [10] * (len(pieces) - 1)
    steps = np.concatenate([piece.steps for piece in pieces])
    np.testing.assert_array_equal(steps, expected[plain.network.noise].spikes.steps)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_replicas_on_disk(target, small):
    plain, spilled = watched(target, 3), watched(target, 3)
    expected = plain.run(12 * ms, progress=False)
    found = spilled.run(12 * ms, progress=False, memory="300 KiB")
    assert bits(found) == bits(expected)
    for number in range(3):
        assert bits(found.replica(number)) == bits(expected.replica(number))
    assert bits(found.replicas([2, 0])) == bits(expected.replicas([2, 0]))
    V = found[spilled.network.E].V
    np.testing.assert_array_equal(V[1, 5:9], expected[plain.network.E].V[1, 5:9])
    np.testing.assert_array_equal(V[:, 5:9, 2], expected[plain.network.E].V[:, 5:9, 2])


@pytest.mark.cudasim
@pytest.mark.skipif(not SIMULATED, reason="the test before runs more of them on the processor")
def test_replicas_of_a_compiled_target_on_disk(small, tmp_path):
    """Few of them, for a short time: a device writes its replicas down, too."""

    def made(**how):
        net = Busy(5)
        sim = nd.Simulator(net, dt=0.1 * ms, seed=3, batch=2, **how)
        sim.record(net.E, "V", spikes=True)
        sim.record(net.noise, spikes=True)
        return sim

    expected = made(target="interpret").run(3 * ms, progress=False)
    result = made(target=COMPILED, reproducible=SIMULATED).run(3 * ms, progress=False, spill=tmp_path)
    assert not isinstance(result["Busy.E"].V, pq.Quantity)
    for found in (result, nd.Result.from_zarr(tmp_path / "run-0000.zarr")):
        assert bits(found) == bits(expected)
        for number in range(2):
            assert bits(found.replica(number)) == bits(expected.replica(number))


def test_what_fits_stays_in_memory_and_temporary_folders_live_as_long_as_their_result():
    sim = watched("interpret")
    result = sim.run(5 * ms, progress=False, memory=1 * pq.GiB)
    assert isinstance(result[sim.network.E].V, pq.Quantity)
    assert isinstance(result[sim.network.E].spikes.steps, np.ndarray)
    result = sim.run(50 * ms, progress=False, memory=BUDGET)
    V = result[sim.network.E].V
    place = Path(V.magnitude.parts[0]._folder.path)
    expected = np.asarray(V)
    again = pickle.loads(pickle.dumps(result))
    assert place.exists()
    del result, V
    gc.collect()
    assert not place.exists()
    np.testing.assert_array_equal(np.asarray(again["Busy.E"].V), expected)


def test_a_named_folder_stays_and_is_pickled_by_its_name(tmp_path):
    sim = watched("interpret")
    first, second = (sim.run(5 * ms, progress=False, spill=tmp_path / "kept") for _ in range(2))
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["run-0000.zarr", "run-0001.zarr"]
    kept = pickle.dumps(second)
    assert len(kept) < 20_000
    assert bits(pickle.loads(kept)) == bits(second) != bits(first)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_a_full_disk_ends_the_run_with_all_that_was_recorded_and_it_goes_on(target, monkeypatch):
    plain, spilled = watched(target), watched(target)
    written, write = [], SampleWriter._write

    def fill_up(self, values):
        written.append(values.nbytes)
        if len(written) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, values)

    monkeypatch.setattr(SampleWriter, "_write", fill_up)
    with pytest.raises(DiskFullError, match="No space left on device") as caught:
        spilled.run(40 * ms, progress=False, memory="60 KiB")
    result = caught.value.result
    assert 0 < result.last < 400
    assert result.ended == "error"
    first = plain.run(result.duration, progress=False)
    assert bits(result) == bits(first)
    monkeypatch.undo()
    rest = 40 * ms - result.duration
    assert bits(spilled.run(rest, progress=False, memory="60 KiB")) == bits(plain.run(rest, progress=False))


@pytest.mark.usefixtures("steady_chunks")
def test_a_value_that_is_not_finite_is_named_though_its_log_was_emptied():
    class Growing(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(1.0)

        def update(self):
            self.x.value = self.x * 10.0

    net = Growing(200)
    messages = []
    for how in ({}, {"memory": "64 KiB"}):
        sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
        sim.record(net, "x")
        with pytest.raises(NonFiniteStateError) as caught:
            sim.run(60 * ms, progress=False, **how)
        messages.append(str(caught.value))
        assert caught.value.result[net].x.shape == (caught.value.result.last, 200)
    assert messages[0] == messages[1]


@pytest.mark.parametrize("memory", ["2 GBit", "many", "0 GiB", 0, -5, "-1 MB", 3 * ms, 0 * pq.GiB, True, [1], "nan B"])
def test_budgets_that_are_none(memory):
    sim = watched("interpret")
    with pytest.raises(MemoryBudgetError) as caught:
        sim.run(1 * ms, progress=False, memory=memory)
    assert 'such as "2 GiB"' in str(caught.value)
    assert sim.t == 0 * ms


def test_a_budget_that_the_network_alone_exceeds():
    with pytest.raises(MemoryBudgetError, match="the network takes") as caught:
        watched("interpret").run(1 * ms, progress=False, memory="1 KiB")
    assert caught.value.values["budget"] == 1024


@pytest.mark.parametrize("spill", [__file__, "/proc/nowhere", 3])
def test_folders_that_cannot_be_written(spill):
    sim = watched("interpret")
    with pytest.raises(SpillFolderError, match=r"folder|be written"):
        sim.run(1 * ms, progress=False, memory=BUDGET, spill=spill)
    assert sim.t == 0 * ms


def test_zarr_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(nd.errors.MissingExtraError, match=r"numbadyn\[zarr\]"):
        watched("interpret").run(1 * ms, progress=False, spill="anywhere")
    assert stored_folder.FORMAT == 1


@pytest.mark.parametrize("replicas", [0, 1, 2])
def test_a_folder_is_opened_again(replicas, tmp_path):
    sim = watched("interpret", replicas)
    sim.run(2 * ms, progress=False)
    result = sim.run(6 * ms, progress=False, spill=tmp_path)
    found = nd.Result.from_zarr(tmp_path / "run-0000.zarr")
    assert bits(found) == bits(result)
    assert (found.first, found.last, found.dt, found.batch) == (result.first, result.last, result.dt, result.batch)
    assert found["Busy.E"].V.units == result[sim.network.E].V.units
    assert found["Busy.E"].spikes.size == 20
    assert found.provenance == result.provenance
    assert found.coords.keys() == result.coords.keys()
    for name, values in result.coords.items():
        np.testing.assert_array_equal(found.coords[name], values)
    np.testing.assert_array_equal(found["Busy.E"].spikes.rate, result[sim.network.E].spikes.rate)
    for bad in (tmp_path, tmp_path / "nowhere", Path(__file__)):
        with pytest.raises(nd.errors.ResultFileError, match=r"folder|exist"):
            nd.Result.from_zarr(bad)


def test_spikes_that_stay_in_memory_are_not_said_to_be_none(tmp_path):
    def opened(memory, duration):
        folder = tmp_path / f"{memory}"
        result = watched("interpret", 2).run(duration, progress=False, memory=memory, spill=folder)
        return result, nd.Result.from_zarr(folder / "run-0000.zarr")

    result, found = opened("200 MiB", 9 * ms)
    assert result["Busy.E"].spikes.count
    assert "E" in result
    assert "E" not in found
    assert list(found) == []
    result, found = opened(None, 0.1 * ms)  # all is on disk
    assert result["Busy.E"].spikes.count == found["Busy.E"].spikes.count == 0


@pytest.mark.slow
def test_a_killed_run_leaves_what_it_has_written(tmp_path):
    code = (
        "import os, sys; sys.path.insert(0, os.getcwd())\n"
        "from numbadyn.io.stored import writers\n"
        "from tests.features.test_spilling import *\n"
        "written, write = [], SampleWriter._write\n"
        "def killed(self, values):\n"
        "    written.append(1)\n"
        "    if len(written) > 12: os.kill(os.getpid(), 9)\n"
        "    write(self, values)\n"
        "SampleWriter._write = killed\n"
        f"watched('interpret').run(90 * ms, progress=False, memory='60 KiB', spill={str(tmp_path)!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    found = nd.Result.from_zarr(tmp_path / "run-0000.zarr")
    assert found.ended == "killed"
    plain = watched("interpret")
    expected = plain.run(90 * ms, progress=False)
    V = np.asarray(found["Busy.E"].V)
    assert 0 < len(V) < 900
    np.testing.assert_array_equal(V, expected[plain.network.E].V.magnitude[: len(V)])
    spikes, every = found["Busy.noise"].spikes, expected[plain.network.noise].spikes
    np.testing.assert_array_equal(np.asarray(spikes.steps), every.steps[: spikes.count])
    np.testing.assert_array_equal(np.asarray(spikes.indices), every.indices[: spikes.count])


@pytest.mark.slow
def test_resident_memory_stays_within_the_budget():
    """By the benchmark: of 320 MB that are recorded, not a quarter is in memory at once, whatever pages there are."""
    script = Path(__file__).parents[2] / "examples" / "benchmarks" / "recording.py"
    command = [sys.executable, str(script), "--way", "disk", "--samples", "40000000", "--memory", "32 MiB"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["peak"] < 80e6
