"""Runs with checkpoints: whatever ends the process, the same script gives the result of a run that was left alone."""

import contextlib
import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
from quantities import ms, mV, nS, s

import numbadyn as nd
from numbadyn.errors import (
    CheckpointDamagedError,
    CheckpointMismatchError,
    CheckpointWarning,
    CheckpointWriteError,
    DurationError,
    InvalidParameterError,
    UnsupportedFeatureError,
)
from numbadyn.runtime.progress import NullProgress
from numbadyn.simulator import checkpointing, wall_time
from numbadyn.simulator.networks import bind_networks
from tests.features.both import recorded
from tests.features.long_run import STEPS, start
from tests.features.small_network import simulator
from tests.features.test_bind_networks import Built
from tests.features.test_replicas import Driven, Fed, watched

LONG = STEPS * 0.1 * ms


def same(found, expected):
    left, right = (result if isinstance(result, dict) else recorded(result) for result in (found, expected))
    assert left.keys() == right.keys()
    for name, values in right.items():
        assert left[name].dtype == values.dtype, name
        np.testing.assert_array_equal(left[name], values, err_msg=name)


@pytest.fixture(scope="module")
def whole():
    return simulator("interpret").run(LONG, progress=False)


class At(NullProgress):
    """Does something when the run comes to its n-th report."""

    def __init__(self, number, act):
        self.number, self.act = number, act

    def advance(self, steps):
        self.number -= 1
        if self.number == 0:
            self.act()


class Behind(At):
    """Does something behind so many steps of the run, however fast it is."""

    def advance(self, steps):
        before, self.number = self.number, self.number - steps
        if self.number <= 0 < before:
            self.act()


def fail():
    raise LookupError


def script(*arguments):
    return [sys.executable, "-m", "tests.features.long_run", *map(str, arguments)]


def test_what_a_batch_system_sends_ends_the_process_behind_a_checkpoint(tmp_path, whole):
    with subprocess.Popen(script(tmp_path, "interpret"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == STEPS
        process.terminate()
    assert process.returncode == -signal.SIGTERM
    assert not (tmp_path / "result.npz").exists()
    same(start(tmp_path, "interpret"), whole)


# ---- ended early -----------------------------------------------------------------------------------------------------


def test_sigterm_goes_to_the_handler_that_was_there(tmp_path, whole):
    calls = []
    before = signal.signal(signal.SIGTERM, lambda *_: calls.append((tmp_path / "it").exists()))
    mine = signal.getsignal(signal.SIGTERM)
    try:
        result = start(tmp_path, "interpret", progress=At(3, lambda: signal.raise_signal(signal.SIGTERM)))
        assert (result.ended, calls) == ("SIGTERM", [True])
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)
    assert 0 < result.last < STEPS
    same(start(tmp_path, "interpret", progress=False), whole)


def test_ctrl_c_and_the_same_call_again(tmp_path, whole):
    """In the process that was interrupted, and in another one."""
    sim = simulator("interpret")
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 1 * ms}
    result = sim.run(LONG, progress=At(3, lambda: signal.raise_signal(signal.SIGINT)), **options)
    assert (result.ended, result.interrupted) == ("interrupt", True)
    other = simulator("interpret").run(LONG, progress=At(4, fail_quietly), **options)
    assert other.last > result.last
    same(sim.run(LONG, progress=False, **options), whole)
    same(simulator("interpret").run(LONG, progress=False, **options), whole)


def fail_quietly():
    signal.raise_signal(signal.SIGINT)


def test_the_interrupted_simulator_itself_goes_on(tmp_path, whole):
    """From where it stands; or, after an error, from the last checkpoint; but not if its states were set."""
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 1 * ms}
    sim = simulator("interpret")
    assert 0 < sim.run(LONG, progress=At(3, fail_quietly), **options).last < STEPS
    V = sim.get(sim.network.A, "V")
    sim.set(sim.network.A, "V", V + 1 * mV)
    with pytest.raises(CheckpointMismatchError, match="a path of its own"):
        sim.run(LONG, progress=False, **options)
    sim.set(sim.network.A, "V", V)
    with pytest.raises(LookupError):
        sim.run(LONG, progress=At(4, fail), **options)
    same(sim.run(LONG, progress=False, **options), whole)
    with pytest.raises(CheckpointMismatchError, match="a path of its own"):
        sim.run(LONG, progress=False, **options)


class Slow(NullProgress):
    """Steps of a run, which take ten milliseconds each by this clock."""

    def __init__(self):
        self.now = 0.0

    def advance(self, steps):
        self.now += 0.01 * steps

    def perf_counter(self):
        return self.now


def test_wall_time(tmp_path, whole, monkeypatch):
    clock, first = Slow(), 0
    for module in (wall_time, checkpointing):
        monkeypatch.setattr(module, "time", clock)
    for limit, most in ((0.35, 35), (450 * ms, 45)):
        result = start(tmp_path, "interpret", max_wall_time=limit, progress=clock)
        assert result.ended == "max_wall_time"
        assert most / 3 < result.last - first < most
        first = result.last
    same(start(tmp_path, "interpret", max_wall_time=1000 * s, progress=clock), whole)
    assert simulator("interpret").run(LONG, progress=clock, max_wall_time=1e-6 * s).last < STEPS


def test_times_that_are_no_limits():
    for wrong in (0, -1 * s, 3 * mV, "soon", True, np.nan):
        with pytest.raises((DurationError, nd.errors.DimensionError)):
            simulator("interpret").run(LONG, max_wall_time=wrong)


def test_an_error_leaves_the_last_checkpoint_and_a_complete_run_is_given_at_once(tmp_path, whole):
    target = "cpu"
    for number in (2, 3, 6):
        with pytest.raises(LookupError):
            start(tmp_path, target, progress=At(number, fail))
    result = start(tmp_path, target, progress=False)
    same(result, whole)
    seconds = result.seconds
    assert seconds > 0
    content = (tmp_path / "it").read_bytes()
    again = start(tmp_path, "interpret", progress=At(1, fail))
    same(again, whole)
    assert (tmp_path / "it").read_bytes() == content
    assert again.seconds >= seconds
    longer = simulator(target).run(2 * LONG, progress=False, checkpoint=tmp_path / "it")
    same(longer, simulator(target).run(2 * LONG, progress=False))
    assert {path.name for path in tmp_path.iterdir()} == {"it", "it.before", "it.recorded"}


@pytest.mark.cudasim
def test_a_device_writes_and_goes_on(tmp_path):
    """Launches are under way while it runs; the interpreter takes over from it, and it from the interpreter."""
    whole = simulator("interpret").run(4 * ms, progress=False)
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 0.3 * ms}
    for target, number in (("cpu", 3), ("interpret", 2), ("cpu", 4)):
        with pytest.raises(LookupError):
            simulator(target).run(4 * ms, progress=At(number, fail), **options)
    same(simulator("cpu").run(4 * ms, progress=False, **options), whole)


# ---- what belongs to a run -------------------------------------------------------------------------------------------


def test_conditions_and_calls_go_on(tmp_path):
    """Calls keep their grid, what they have changed is in the file, and a run that a condition has ended is over."""

    def run(sim, **options):
        net = sim.network

        def control(sim):
            net.E.tau.value = net.E.tau.value * 0.9
            sim.set(net.E, "V", sim.get(net.E, "V") - 0.5 * mV)

        return sim.run(30 * ms, every=0.7 * ms, call=control, until=lambda: nd.environ.get("t") > 14.9 * ms, **options)

    def fresh():
        return watched(nd.Simulator(Driven(), dt=0.1 * ms, target="interpret", seed=3))

    whole = run(fresh(), progress=False)
    assert (whole.ended, whole.last) == ("until", 150)
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 0.5 * ms}
    for number in (2, 4):
        with pytest.raises(LookupError):
            run(fresh(), progress=At(number, fail), **options)
    found = run(fresh(), progress=False, **options)
    same(found, whole)
    assert found.ended == "until"
    again = run(fresh(), progress=At(1, fail), **options)
    same(again, whole)
    assert again.ended == "until"


def test_tables_that_a_call_changes_are_refused_before_hours_are_spent(tmp_path):
    net = Fed()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")

    def call(sim):
        net.table.values = net.table.values + 1 * mV

    with pytest.raises(UnsupportedFeatureError, match="other values while the network ran"):
        sim.run(9 * ms, progress=False, every=1 * ms, call=call, checkpoint=tmp_path / "it", checkpoint_every=2 * ms)
    assert sim.t == 2 * ms


class Streamed(nd.DynamicsGroup):
    """Adds up rows that come one after the other."""

    def __init__(self, rows):
        super().__init__()
        self.E = Adds(3, nd.TimedStream(rows, dt=0.3 * ms, ahead=5))


class Adds(nd.Dynamics):
    """The sum of a stream."""

    def __init__(self, size, stream):
        super().__init__(size)
        self.stream = stream

    def init_state(self):
        self.x = nd.State(0 * mV)

    def update(self):
        self.x.value = 0.9 * self.x + self.stream(nd.environ.get("t"))


def test_streams_are_read_up_to_where_the_run_goes_on(tmp_path):
    def fresh(begun):
        sim = nd.Simulator(Streamed(np.arange(300.0).reshape(100, 3) * mV if begun else rows), dt=0.1 * ms)
        sim.record(sim.network.E, "x")
        return sim

    def rows():
        yield from np.arange(300.0).reshape(100, 3) * mV

    whole = fresh(False).run(20 * ms, progress=False)
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 0.7 * ms}
    for number in (2, 6):
        with pytest.raises(LookupError):
            fresh(number == 2).run(20 * ms, progress=At(number, fail), **options)
    same(fresh(False).run(20 * ms, progress=False, **options), whole)


def test_batches_and_recordings_on_disk_go_on(tmp_path):
    pytest.importorskip("zarr")

    def fresh():
        sim = nd.Simulator(Driven(), dt=0.1 * ms, target="cpu", seed=3, batch=2)
        sim.batch["E.tau"] = [9, 15] * ms
        return watched(sim)

    whole = fresh().run(LONG, progress=False)
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 1.1 * ms, "spill": tmp_path / "spilled"}
    for number in (2, 3):
        with pytest.raises(LookupError):
            fresh().run(LONG, progress=At(number, fail), **options)
    result = fresh().run(LONG, progress=False, **options)
    assert result.coords.keys() == whole.coords.keys()
    left, right = recorded(result), recorded(whole)
    assert left.keys() == right.keys()
    for name, values in right.items():
        np.testing.assert_array_equal(np.asarray(left[name]), values, err_msg=name)


def test_reducers_go_on_without_the_raw_recordings(tmp_path):
    """In the middle of a block and of a bin; of a batch, beside recordings, with Ctrl-C and with an error."""

    def fresh():
        sim = nd.Simulator(Driven(), dt=0.1 * ms, target="cpu", seed=3, batch=2)
        E, of = sim.network.E, nd.reduce
        sim.record(E, of.Mean("V"), of.Variance("V"), every=0.3 * ms)
        sim.record(E, of.Rate(), of.Counts(0.7 * ms), of.IsiCV(), of.CountCorrelation(1 * ms))
        sim.record(E, of.SpikeTriggeredAverage("V", 0.5 * ms, 0.7 * ms))
        sim.record(sim.network.I, "V", every=0.4 * ms, spikes=True)
        sim.record(sim.network.I, of.PopulationRate(0.9 * ms))
        return sim

    def numbers(result):
        recordings = result.recordings.items()
        return {f"{path}.{name}": of.values for path, rec in recordings for name, of in rec.reduced.items()}

    whole = fresh().run(120 * ms, progress=False)
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 9.7 * ms}
    for number, act in ((3, fail), (4, fail_quietly), (3, fail), (2, fail_quietly)):
        with contextlib.suppress(LookupError):
            assert fresh().run(120 * ms, progress=At(number, act), **options).ended == "interrupt"
    result = fresh().run(120 * ms, progress=False, **options)
    same(result, whole)
    assert len(numbers(whole)) == 8
    same(numbers(result), numbers(whole))
    for file in (tmp_path / "it.recorded").iterdir():
        with np.load(file) as piece:
            assert all(piece[name].shape[-1] == 8 for name in piece if name.startswith("samples"))


def of_rules():
    sim = nd.Simulator(Driven(), dt=0.1 * ms, target="interpret", batch=2)
    sim.batch["excite.comm"] = [nd.FixedProb(20, 8, prob=p, weight=1 * nS) for p in (0.1, 0.4)]
    return sim


def of_networks():
    networks = [Built(k) for k in (0, 2)]
    return bind_networks(nd.Simulator(networks[0], dt=0.1 * ms, target="interpret"), networks, [3, 4])


@pytest.mark.parametrize("make", [of_rules, of_networks])
def test_replicas_that_differ_in_more_than_values_go_on_in_the_same_script(tmp_path, make):
    whole = watched(make()).run(6 * ms, progress=False)
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 1 * ms}
    with pytest.raises(LookupError):
        watched(make()).run(6 * ms, progress=At(2, fail), **options)
    same(watched(make()).run(6 * ms, progress=False, **options), whole)


def test_values_that_were_set_before_the_run(tmp_path):
    """A script with two runs, of which the first one is short: started anew, it makes that again."""

    def script(**options):
        sim = watched(nd.Simulator(Driven(), dt=0.1 * ms, target="interpret", seed=3))
        sim.set(sim.network.E, "V", -57 * mV)
        sim.run(2 * ms, progress=False)
        sim.network.E.tau.value = 9 * ms
        return sim.run(9 * ms, **options)

    whole = script(progress=False)
    options = {"checkpoint": tmp_path / "it", "checkpoint_every": 1 * ms}
    with pytest.raises(LookupError):
        script(progress=At(3, fail), **options)
    same(script(progress=False, **options), whole)


# ---- what is not the same run ----------------------------------------------------------------------------------------


@pytest.fixture
def begun(tmp_path):
    """A run that has come to 3 ms of 9."""
    with pytest.raises(LookupError):
        another(tmp_path, progress=Behind(35, fail), checkpoint_every=1 * ms)
    return tmp_path


def another(folder, duration=9 * ms, change=lambda sim: None, seed=3, dt=0.1 * ms, record=watched, **options):
    sim = record(nd.Simulator(Driven(), dt=dt, target="interpret", seed=seed))
    change(sim)
    return sim.run(duration, checkpoint=folder / "it", **{"progress": False, **options})


def setting(path, value):
    def change(sim):
        module, name = sim.network, path.split(".")
        for part in name:
            module = getattr(module, part)
        module.value = value

    return change


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"seed": 4}, r"seeds is \[4\], and was \[3\]"),
        ({"dt": 0.05 * ms}, r"dt is 0\.05, and was 0\.1"),
        ({"duration": 2 * ms}, "Give a longer duration"),
        ({"change": setting("E.tau", 13 * ms)}, r"Driven\.E\.tau is another one"),
        ({"change": lambda sim: sim.set(sim.network.E, "V", -50 * mV)}, r"Driven\.E\.V \(its values at the beginning"),
        ({"change": lambda sim: sim.set(sim.network.inhibit, "weight", -1 * mV)}, r"Driven\.inhibit \(its synapses"),
        ({"change": lambda sim: sim.run(1 * ms, progress=False)}, "a path of its own"),
        ({"record": lambda sim: sim}, "now nothing is asked for"),
    ],
    ids=["seed", "dt", "duration", "parameter", "first value", "weight", "run before", "recordings"],
)
def test_another_run_is_refused_with_what_differs(begun, how, said):
    with pytest.raises(CheckpointMismatchError, match=said):
        another(begun, **how)
    assert another(begun, resume=False, **how).ended == "duration"


def test_the_one_before_is_taken_where_the_last_one_is_damaged(begun):
    whole = another(begun / "..", resume=False)
    (begun / ".." / "it").unlink()
    file = begun / "it"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.warns(CheckpointWarning, match=r"it\.before"):
        same(another(begun, checkpoint_every=1 * ms), whole)
    assert (begun / "it.damaged").exists()
    for name in ("it", "it.before"):
        (begun / name).write_bytes(b"PK")
    with pytest.raises(CheckpointDamagedError, match="cut off"):
        another(begun)


def test_pieces_that_are_missing_or_damaged_are_noticed(begun):
    piece = begun / "it.recorded" / "000000.piece"
    whole = piece.read_bytes()
    piece.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with pytest.raises(CheckpointDamagedError, match="has changed"):
        another(begun)
    piece.unlink()
    with pytest.raises(CheckpointDamagedError, match="which is missing"):
        another(begun)


# ---- what cannot be written ------------------------------------------------------------------------------------------


def test_paths_that_cannot_be_written_are_refused_before_the_run(tmp_path):
    sim = simulator("interpret")
    for path in (tmp_path / "no" / "it", tmp_path, 3):
        with pytest.raises(CheckpointWriteError):
            sim.run(LONG, checkpoint=path)
    for path in ("/", "."):
        with pytest.raises(CheckpointWriteError, match="directory"):
            sim.run(LONG, checkpoint=path)
    with pytest.raises(InvalidParameterError, match="resume is 'no', which is neither True nor False"):
        sim.run(LONG, resume="no")
    with pytest.raises(CheckpointWriteError, match="without a path"):
        sim.run(LONG, checkpoint_every=1 * ms)
    with pytest.raises(DurationError, match="checkpoint_every"):
        sim.run(LONG, checkpoint=tmp_path / "it", checkpoint_every=0.03 * ms)
    sim.save(tmp_path / "saved")
    with pytest.raises(CheckpointMismatchError, match=r"Simulator\.save"):
        sim.run(LONG, checkpoint=tmp_path / "saved")
    assert sim.t == 0 * ms
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


@pytest.mark.parametrize("moment", [1, 3, 7])
def test_a_full_disk_ends_the_run_with_all_that_was_recorded(tmp_path, whole, monkeypatch, moment):
    """At each write, of pieces and of checkpoints: the run can go on in the process and in another one."""
    left = [moment]
    real = os.fsync

    def full(number):
        left[0] -= 1
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        real(number)

    sim = simulator("interpret")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CheckpointWriteError, match="No space left") as caught:
            sim.run(LONG, progress=False, checkpoint=tmp_path / "it", checkpoint_every=1 * ms)
    first = caught.value.result
    rest = sim.run(LONG - first.duration, progress=False)
    same({name: np.concatenate([values, recorded(rest)[name]]) for name, values in recorded(first).items()}, whole)
    same(start(tmp_path, "interpret", progress=False), whole)
    assert not list(tmp_path.rglob("*.part*"))


def test_two_processes_do_not_write_to_one_path(tmp_path, whole):
    """One of them ends with an error, and nothing is lost."""

    def overtake():
        start(tmp_path, "interpret", progress=At(5, fail_quietly), checkpoint_every=0.9 * ms)

    with pytest.raises(CheckpointWriteError, match="by another process") as caught:
        start(tmp_path, "interpret", progress=At(3, overtake))
    assert caught.value.result.last < STEPS
    same(start(tmp_path, "interpret"), whole)


def test_a_limit_on_the_size_of_files(tmp_path, whole):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(CheckpointWriteError, match="File too large"):
            start(tmp_path, "interpret", progress=False, checkpoint_every=10 * ms)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    same(start(tmp_path, "interpret", progress=False), whole)
