"""A study is interrupted, runs out of disk, and goes on: everything is there, once, bit by bit."""

import errno
import json
import multiprocessing
import os
import signal

import pytest
from quantities import ms

import numbadyn as nd
from numbadyn import errors
from numbadyn.study.fingerprints import short_hash
from numbadyn.study.store.lines import line_of
from numbadyn.study.store.store import Sessions, Store
from tests.faults.killed_studies import finished
from tests.study.study_model import GRID, build, measure, same, start

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.study.study_model"])


@pytest.fixture(scope="module")
def whole():
    """The study, left alone."""
    return start()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def assert_once(store, whole):
    assert same(nd.Study.open(store), whole)
    assert set(finished(store).values()) == {1}
    assert len(finished(store)) == len(whole)


def test_ctrl_c_keeps_what_has_finished(store, whole):
    def pressed(result):
        pressed.count += 1
        if pressed.count == 5:
            signal.raise_signal(signal.SIGINT)
        return measure(result)

    pressed.count = 0
    study = start(store, measure=pressed, batch=1)
    assert study.interrupted
    assert (study.finished, study.left) == (5, 7)
    assert "interrupted" in repr(study)
    study = start(store, measure=pressed)
    assert not study.interrupted
    assert_once(store, whole)
    assert pressed.count == 12


def test_ctrl_c_twice_raises(store):
    def pressed(result):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        start(store, measure=pressed)
    assert start(store).complete


@pytest.mark.parametrize("room", [0, 700, 2500, 4000])
def test_a_full_disk_leaves_everything_intact(store, whole, monkeypatch, room):
    real, left = os.write, [room]

    def write(file, content):
        fits = bytes(content[: left[0]])
        left[0] -= len(fits)
        if content and not fits:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, fits)

    with monkeypatch.context() as patched:
        patched.setattr("numbadyn.study.store.lines.os.write", write)
        with pytest.raises(errors.StoreWriteError, match="No space left on device") as caught:
            start(store)
        kept = caught.value.result.finished
    assert len(finished(store)) == kept < len(whole)
    assert start(store).complete
    assert_once(store, whole)


def test_what_the_last_point_has_left_is_removed(store, whole):
    """Its process was killed when it had written it down."""
    left = store / "checkpoints" / f"{short_hash(next(iter(finished_of(store))).encode())}.checkpoint"
    (left.parent / f"{left.name}.recorded").mkdir()
    left.touch()
    assert start(store).complete
    assert not list(left.parent.iterdir())


def finished_of(store):
    start(store)
    return finished(store)


def test_a_store_that_another_process_has_had_meanwhile(store, whole, monkeypatch):
    """Between the look at what is left and the beginning: what that one has finished is not run again."""
    begin = Store.begin

    def late(own, about):
        monkeypatch.setattr(Store, "begin", begin)
        start(store, seeds=[0])
        begin(own, about)

    start(store, seeds=[0], grid={"tau": [20] * ms, "scale": [1.0]})
    monkeypatch.setattr(Store, "begin", late)
    assert same(start(store), whole)
    assert_once(store, whole)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((errors.StoreWriteError, errors.StoreError)):
        start(tmp_path / "file" / "store")


def test_one_at_a_time(store):
    def again(result):
        start(store, measure=again)

    with pytest.raises(errors.StoreBusyError, match="in use by this process"):
        start(store, measure=again)

    def elsewhere(result):
        process = PROCESSES.Process(target=start, args=(store,))
        process.start()
        process.join()
        return process.exitcode

    assert set(start(store, measure=elsewhere, grid={"tau": [10] * ms}, seeds=[0]).table["elsewhere"]) == {1}


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """A store of the study, done."""
    store = tmp_path_factory.mktemp("complete") / "store"
    start(store)
    return store


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"duration": 14 * ms}, "duration is 12.0 ms there, 14.0 ms here"),
        ({"transient": 2 * ms}, "transient is None there, 2.0 ms here"),
        ({"dt": 2 * ms}, "dt is 1.0 ms there, 2.0 ms here"),
        ({"precision": 32}, "options: precision is None there, 32 here"),
        ({"record": ["E.V", "E.V"]}, "record is"),
        ({"seeds": [0, 2]}, "it has the seeds 1, which are not here"),
        ({"grid": {**GRID, "scale": [0.5, 1.0]}}, "it has scale = 1.5, which is not in the grid here"),
        ({"grid": {"tau": [10] * ms}}, "its parameters are tau, scale, here tau"),
        ({"grid": {"tau": [10, 20] * ms, "scale": [0.5, 1.0]}, "mode": "zip"}, "its points are a product"),
        ({"measure": lambda result: 1.0}, "measure has changed"),
    ],
)
def test_the_store_of_another_study(complete, changed, message):
    store = complete
    with pytest.raises(errors.StoreMismatchError, match=message):
        start(store, **changed)
    assert start(store).complete


def test_a_changed_function_that_measure_uses(store):
    def study_of(factor):
        def scaled(V):
            return factor * V.mean()

        def measure(result):
            return scaled(result["E"].V)

        return start(store, measure=measure)

    study_of(1.0)
    study_of(1.0)
    with pytest.raises(errors.StoreMismatchError, match=r"measure.factor has changed"):
        study_of(2.0)


def test_a_study_may_grow(store):
    start(store, grid={"tau": [20] * ms, "scale": [1.0]}, seeds=[1])
    grown = start(store, grid={"tau": [10, 20] * ms, "scale": [0.5, 1.0, 1.5]})
    assert same(grown, start())
    assert set(finished(store).values()) == {1}
    assert [len(lines) - 2 for lines in Sessions(store)] == [1, 11]


def test_resume_may_be_forbidden(store):
    start(store, resume=False)
    with pytest.raises(errors.StoreMismatchError, match="There is a store"):
        start(store, resume=False)


def test_damaged_records_run_again(store, whole):
    start(store)
    (file,) = (store / "records").iterdir()
    lines = file.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b"finished", b"finishes")
    lines[5] = lines[5][:40] + b"\n"
    file.write_bytes(b"".join(lines)[:-9])  # the last line is cut off, which is usual
    with pytest.warns(errors.DamagedStoreWarning, match="2 records"):
        study = nd.Study.open(store)
    assert study.left == 2
    with pytest.warns(errors.DamagedStoreWarning):
        assert same(start(store), whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "damaged"),
        ("[]", "no store of a study"),
        ('{"kind": "numbadyn study", "format": 99}', "has format 99; this version reads format 1"),
    ],
)
def test_manifests_that_cannot_be_read(store, text, message):
    store.mkdir()
    (store / "manifest.json").write_text(text)
    for use in (start, nd.Study.open):
        with pytest.raises(errors.StoreError, match=message):
            use(store)


def test_folders_that_are_no_store(tmp_path):
    with pytest.raises(errors.StoreError, match="no store of a study: No such file"):
        nd.Study.open(tmp_path / "nowhere")
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(errors.StoreError, match=r"it holds thesis.tex"):
        start(tmp_path)


def test_what_is_read_runs_no_code(store):
    start(store, grid={"tau": [10] * ms}, seeds=[0])
    (file,) = (store / "records").iterdir()
    record = json.loads(file.read_bytes().splitlines()[1].partition(b" ")[2])
    record["values"]["mean"]["unit"] = "__import__('os').getpid()"
    file.write_bytes(line_of(record))
    with pytest.raises(errors.InvalidParameterError, match="is no unit"):
        nd.Study.open(store)["mean"]


def test_a_network_that_was_given_belongs_to_the_study(store):
    grid = {"E.scale": [1.0]}
    start(store, build=build(10 * ms), grid=grid)
    start(store, build=build(10 * ms, scale=3.0), grid=grid)  # the grid says what the scale is
    with pytest.raises(errors.StoreMismatchError, match="network is"):
        start(store, build=build(20 * ms), grid=grid)
