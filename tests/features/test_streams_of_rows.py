"""Rows that come from an iterator while the network runs have the bits of a `TimedArray`, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from quantities import ms, nA, pA

import numbadyn as nd
from numbadyn import errors
from tests.errors.models import refused
from tests.targets import COMPILED, simulator_of

TARGETS = pytest.mark.parametrize("target", ["interpret", "cpu"])
ROWS = np.random.default_rng(0).normal(size=(200, 3))


class Driven(nd.Dynamics):
    """Integrates what it is given."""

    def __init__(self, drive, size=3):
        super().__init__(size)
        self.drive = drive

    def init_state(self):
        self.x = nd.State(0 * pA)

    def update(self):
        self.x.value = 0.9 * self.x + self.drive(nd.environ.get("t"))


def traces(drive, target, lengths=(19.5, 7, 20), dt=0.5, **options):
    cells = Driven(drive)
    sim = simulator_of(cells, dt * ms, target, **options)
    sim.record(cells, "x")
    return np.concatenate([sim.run(length * ms, progress=False)[cells].x.magnitude for length in lengths], axis=-2)


@pytest.mark.parametrize("interpolation", ["step", "linear"])
@pytest.mark.parametrize("interval", [0.5, 0.2, 1.3])
def test_streams_have_the_bits_of_a_table(interpolation, interval):
    table = nd.TimedArray(ROWS * pA, dt=interval * ms, interpolation=interpolation)
    expected = traces(table, "interpret", (12.5, 7))
    kinds = {
        "rows with units": ((row for row in ROWS * pA), {}),
        "blocks": ((ROWS[k : k + 7] for k in range(0, 200, 7)), {"unit": pA, "block": True}),
        "an array": (ROWS, {"unit": pA}),
        "a list": (list(ROWS), {"unit": pA}),
        "other units": (lambda: (row / 1000 * nA for row in ROWS), {}),
    }
    for number, (name, (rows, options)) in enumerate(kinds.items()):
        stream = nd.TimedStream(rows, dt=interval * ms, interpolation=interpolation, ahead=5 + number, **options)
        found = traces(stream, ("interpret", COMPILED)[number % 2], (12.5, 7))
        if name == "other units":
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=name)


@pytest.mark.cudasim
def test_the_device_gets_the_rows_that_were_read(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    found = [
        traces(nd.TimedStream(mapped, dt=0.5 * ms, unit=pA, ahead=6), target, (4, 3))
        for target in ("interpret", COMPILED)
    ]
    np.testing.assert_array_equal(*found)
    np.testing.assert_array_equal(found[0], traces(nd.TimedArray(ROWS * pA, dt=0.5 * ms), "interpret", (4, 3)))


@TARGETS
def test_the_end_holds_is_zero_or_is_an_error(target):
    for after in ("hold", "zero"):
        table = nd.TimedArray(ROWS[:11] * pA, dt=1 * ms, after=after)
        stream = nd.TimedStream((row * pA for row in ROWS[:11]), dt=1 * ms, after=after, ahead=4)
        np.testing.assert_array_equal(traces(stream, target), traces(table, target))
    stream = nd.TimedStream((row * pA for row in ROWS[:11]), dt=1 * ms, ahead=4)
    cells = Driven(stream)
    sim = simulator_of(cells, 0.5 * ms, target)
    sim.record(cells, "x")
    assert sim.run(10 * ms).ended == "duration"
    with pytest.raises(errors.LookupRangeError, match=r"ends after 11 rows \(11 ms\), but row 11 .* step 22") as caught:
        sim.run(5 * ms)
    assert caught.value.result[cells].x.shape[0] == 2
    assert sim.t == 11 * ms


@TARGETS
def test_what_can_be_begun_anew_is_and_what_cannot_is_refused(target):
    cells = Driven(nd.TimedStream(lambda: iter(ROWS), dt=1 * ms, unit=pA, ahead=4))
    sim = simulator_of(cells, 0.5 * ms, target)
    sim.record(cells, "x")
    first = sim.run(30 * ms)[cells].x
    np.testing.assert_array_equal(sim.reset().run(30 * ms)[cells].x, first)
    cells = Driven(nd.TimedStream(iter(ROWS), dt=1 * ms, unit=pA, ahead=4))
    sim = simulator_of(cells, 0.5 * ms, target)
    sim.run(30 * ms)
    refused(
        lambda: sim.reset().run(1 * ms),
        errors.StreamRestartError,
        "Row 0 of TimedStream is asked for at t = 0 ms",
        "TimedStream",
        "a function that makes the iterator",
    )


@TARGETS
def test_what_the_iterator_raises_ends_the_run(target):
    def failing():
        yield from ROWS[:8]
        raise OSError("the cable is out")

    cells = Driven(nd.TimedStream(failing(), dt=1 * ms, unit=pA, ahead=3))
    sim = simulator_of(cells, 0.5 * ms, target)
    sim.record(cells, "x")
    with pytest.raises(OSError, match="cable") as caught:
        sim.run(20 * ms)
    assert 0 < caught.value.result[cells].x.shape[0] <= 16


def test_memory_is_bounded_and_nothing_is_compiled_for_more_rows():
    def many():
        for k in range(8_000):
            yield np.full(300, float(k))

    cells = Driven(nd.TimedStream(many, dt=0.5 * ms, unit=pA, ahead=64), 300)
    sim = nd.Simulator(cells, dt=0.5 * ms, target=COMPILED)
    sim.compile()
    tracemalloc.start()
    sim.run(3_500 * ms, progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000, "of 17 MB of rows"
    assert sim.get(cells, "x").max() > 5e4 * pA


@pytest.mark.skipif(COMPILED != "cpu", reason="batches")
def test_replicas_of_a_batch_read_the_same_rows():
    table = traces(nd.TimedArray(ROWS * pA, dt=1 * ms), "cpu", (20,))
    stream = nd.TimedStream(iter(ROWS), dt=1 * ms, unit=pA, ahead=4)
    found = traces(stream, "cpu", (20,), batch=3)
    assert found.shape == (3, *table.shape)
    np.testing.assert_array_equal(found, np.broadcast_to(table, found.shape))


def test_a_population_plays_a_stream():
    found = []
    for drive in (nd.TimedArray(ROWS * pA, dt=1 * ms), nd.TimedStream(ROWS, dt=1 * ms, unit=pA, ahead=4)):
        play = nd.Playback(drive)
        sim = nd.Simulator(play, dt=0.5 * ms, target="interpret")
        sim.record(play, "output")
        found.append(sim.run(20 * ms)[play].output)
    np.testing.assert_array_equal(*found)


def test_bad_streams():
    where = "TimedStream"
    for make, error, what, cure in (
        (lambda: nd.TimedStream([], dt=1 * ms), errors.ShapeError, "has no rows", "at least one"),
        (lambda: nd.TimedStream(3, dt=1 * ms), errors.InvalidParameterError, "row by row: 3", "iterator"),
        (lambda: nd.TimedStream([1.0], dt=1 * pA), errors.DimensionError, "dt", "ms"),
        (lambda: nd.TimedStream([1.0], dt=1 * ms, after="repeat"), errors.InvalidParameterError, "'repeat'", "hold"),
        (lambda: nd.TimedStream([1.0], dt=1 * ms, ahead=1), errors.InvalidParameterError, "ahead", "at least 2"),
        (lambda: nd.TimedStream([np.nan], dt=1 * ms), errors.InvalidParameterError, "not finite", "finite"),
        (lambda: nd.TimedStream([1.0], dt=1 * ms)(1 * ms), errors.UnsupportedFeatureError, "outside", "TimedArray"),
    ):
        refused(make, error, what, where, cure)

    class Later(Driven):
        def update(self):
            self.x.value = self.drive(nd.environ.get("t") + 1 * ms)

    cells = Later(nd.TimedStream(iter(ROWS), dt=1 * ms, unit=pA))
    refused(lambda: nd.Simulator(cells, dt=1 * ms), errors.UnsupportedFeatureError, "another time", "Later", "get")
    for rows, what in (([ROWS[0], ROWS[0][:2]], "shape"), ([ROWS[0], ROWS[0] * ms], "ms")):
        cells = Driven(nd.TimedStream(iter(rows), dt=1 * ms, unit=pA))
        sim = nd.Simulator(cells, dt=1 * ms, target="interpret")
        with pytest.raises(errors.NumbadynError, match=what):
            sim.run(2 * ms)
