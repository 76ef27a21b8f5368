"""Recorded and time-varying input: tables, times, interpolation and playback, with the same bits on every target."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from quantities import Hz, kHz, ms, mV, nA, pA, second

import numbadyn as nd
from numbadyn.errors import (
    DimensionError,
    FixedAttributeError,
    InvalidParameterError,
    LookupRangeError,
    ShapeError,
    TracedValueError,
    UnitExpectedError,
    UnsupportedFunctionError,
)
from numbadyn.model.timed_rows import steps_per_row
from tests.features.both import assert_targets_agree
from tests.targets import simulator_of

RNG = np.random.default_rng(7)
DATA = RNG.normal(size=(50, 4))
COUNTS = RNG.integers(-100, 100, (50, 4)).astype(np.int16)
PLACES = np.sort(RNG.uniform(0.0, 30.0, 20))
BASE = np.arange(4)


class Reader(nd.Dynamics):
    """Every way of reading a table in one step, or some of them."""

    def __init__(self, *names: str) -> None:
        super().__init__(4)
        self.names = names
        self.step = nd.TimedArray(DATA * pA, dt=1 * ms)
        self.linear = nd.TimedArray(DATA * pA, dt=0.3 * ms, interpolation="linear", after="zero", start=1 * ms)
        self.counts = nd.TimedArray(COUNTS, dt=0.3 * ms, unit=0.5 * mV, after="repeat")
        self.whole = nd.TimedArray(COUNTS, dt=0.7 * ms)
        self.flags = nd.TimedArray(COUNTS > 0, dt=0.25 * ms, after="zero")
        self.table, self.cube = nd.Table(DATA), nd.Table(DATA.astype(np.float32).reshape(10, 5, 4))
        self.volts = nd.Table(DATA * mV)

    def init_state(self) -> None:
        self.k = nd.State(BASE)

    def update(self) -> Any:
        t, i, k = nd.environ.get("t"), nd.environ.get("i"), self.k.value
        reads: dict[str, Any] = {
            "row": lambda: self.step(t),
            "element": lambda: self.step(t, k),
            "own time": lambda: self.step(t - BASE * ms),
            "own time and element": lambda: self.step(t - k * ms, k[::-1]),
            "linear": lambda: self.linear(t),
            "linear later": lambda: self.linear(t + 0.17 * ms, 2),
            "counts": lambda: self.counts(t + 0.15 * ms),
            "whole numbers": lambda: self.whole(t),
            "flags": lambda: self.flags(t),
            "indexed": lambda: self.table[i // 10],
            "taken": lambda: np.take(self.table, i // 10, axis=0),
            "taken from a plain array": lambda: np.take(DATA, i // 10, axis=0),
            "clipped": lambda: np.take(self.table, k * 30 - 20, axis=0, mode="clip")[:, 1],
            "wrapped": lambda: np.take(self.table, i - 7, axis=0, mode="wrap"),
            "flat": lambda: np.take(self.table, k * 50 + i % 50),
            "from the end": lambda: self.table[-1 - i // 10],
            "pairs": lambda: self.table[k * 12, 3 - k],
            "column": lambda: self.table[:4, i % 4],
            "cube": lambda: self.cube[i % 10, :4, 2],
            "cubes": lambda: self.cube[k, i % 5],
            "volts": lambda: self.volts[i // 10, ::-1],
            "state by state": lambda: k[(k + i) % 4],
            "interp": lambda: np.interp(t, PLACES * ms, DATA[:20, 0] * mV),
            "interp outside": lambda: np.interp(k * 10.0 - 4.0, PLACES, DATA[:20, 1], left=-5.0, right=7.0),
            "interp at nodes": lambda: np.interp(k, np.arange(50), COUNTS[:, 0]),
            "interp period": lambda: np.interp(t / ms, PLACES, DATA[:20, 2], period=3.3),
            "interp one": lambda: np.interp(k, [2.0], [5.0]),
        }
        for name in self.names or reads:
            self.observe(name, reads[name]())
        self.k.value = (k + 1) % 4
        return self.step(t)


N = 200
I = np.arange(N)  # noqa: E741 - the step number, as in the model
K = (I[:, None] + BASE) % 4
T = I * 0.1


def linear(values: Any, dt: float, times: Any) -> Any:
    """Between rows, zero before and after."""
    position = times / dt
    position = np.where(np.isclose(position, np.rint(position)), np.rint(position), position)
    row = np.floor(position).astype(int)
    part = (position - row)[:, None]
    inside = ((row >= 0) & (row < len(values)))[:, None]
    now, later = (values[np.clip(row + ahead, 0, len(values) - 1)] for ahead in (0, 1))
    return np.where(inside, now + part * (later - now), 0.0)


RIGHT: dict[str, Any] = {
    "row": DATA[I // 10],
    "element": DATA[I[:, None] // 10, K],
    "own time": DATA[np.maximum(I[:, None] - 10 * BASE, 0) // 10, BASE],
    "own time and element": DATA[np.maximum(I[:, None] - 10 * K, 0) // 10, K[:, ::-1]],
    "linear": linear(DATA, 0.3, T - 1.0),
    "linear later": linear(DATA, 0.3, T - 0.83)[:, 2:3],
    "counts": COUNTS[(2 * I + 3) // 6 % 50] * 0.5,
    "whole numbers": COUNTS[np.minimum(I // 7, 49)],
    "flags": np.where((2 * I // 5 < 50)[:, None], COUNTS[np.minimum(2 * I // 5, 49)] > 0, False),
    "indexed": DATA[I // 10],
    "taken": DATA[I // 10],
    "taken from a plain array": DATA[I // 10],
    "clipped": DATA[np.clip(K * 30 - 20, 0, 49), 1],
    "wrapped": DATA[(I - 7) % 50],
    "flat": DATA.ravel()[K * 50 + I[:, None] % 50],
    "from the end": DATA[-1 - I // 10],
    "pairs": DATA[K * 12, 3 - K],
    "column": np.array([DATA[:4, i % 4] for i in I]),
    "cube": np.array([DATA.astype(np.float32).reshape(10, 5, 4)[i % 10, :4, 2] for i in I]),
    "cubes": np.array([DATA.astype(np.float32).reshape(10, 5, 4)[k, i % 5].ravel() for i, k in zip(I, K, strict=True)]),
    "volts": DATA[I // 10, ::-1],
    "state by state": np.array([k[(k + i) % 4] for i, k in zip(I, K, strict=True)]),
    "interp": np.interp(T, PLACES, DATA[:20, 0])[:, None],
    "interp outside": np.interp(K * 10.0 - 4.0, PLACES, DATA[:20, 1], left=-5.0, right=7.0),
    "interp at nodes": np.interp(K, np.arange(50), COUNTS[:, 0]),
    "interp period": np.interp(T, PLACES, DATA[:20, 2], period=3.3)[:, None],
    "interp one": np.full((N, 4), 5.0),
}


#: One read of each kind: a row, elements, a change from row to row, whole numbers, Booleans, floats, a search.
COMPILED = ("row", "own time and element", "linear later", "counts", "flags", "pairs", "cubes", "interp outside")


def check(samples: Any, names: Any, precision: int) -> None:
    """Compare what was recorded with the right values; but for sums and products, to the last bit."""
    for name in names:
        found = samples[name].values.reshape(N, -1)
        if precision == 64 and not name.startswith(("linear", "interp period")):
            np.testing.assert_array_equal(found, RIGHT[name], err_msg=name)
        tolerance = 2e-5 if precision == 32 else 1e-11
        np.testing.assert_allclose(found, RIGHT[name], rtol=1e-4, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("precision", [64, 32])
def test_reads_are_right_on_both_targets(precision: int) -> None:
    _sim, result = assert_targets_agree(lambda: Reader(*COMPILED), 0.1 * ms, 20 * ms, precision=precision)
    check(result["Reader"].samples, COMPILED, precision)


@pytest.mark.parametrize("precision", [64, 32])
def test_every_read_is_right(precision: int) -> None:
    sim = nd.Simulator(Reader(), dt=0.1 * ms, target="interpret", precision=precision)
    for name in RIGHT:
        sim.record(sim.network, name)
    samples = sim.run(20 * ms, progress=False)["Reader"].samples
    check(samples, RIGHT, precision)
    assert samples["volts"].data.dimensionality == mV.dimensionality
    assert samples["counts"].data.dimensionality == mV.dimensionality
    assert samples["flags"].values.dtype == bool
    assert samples["whole numbers"].values.dtype == np.int64


def test_eager_calls_are_right_too() -> None:
    reader = nd.init_all_states(Reader())
    found: dict[str, Any] = {}
    reader.observe = lambda name, value: found.__setitem__(name, value)  # type: ignore[method-assign]
    for i in (0, 3, 30, 77, 150, 199):
        reader.k.value = K[i]
        with nd.environ.context(dt=0.1 * ms, i=i):
            reader.update()
        for name, right in RIGHT.items():
            got = np.ravel(np.asarray(found[name]))
            np.testing.assert_allclose(got, right[i], rtol=1e-11, atol=1e-11, err_msg=f"{name} in step {i}")


@pytest.mark.parametrize("dt", [0.03, 0.15, 0.3, 0.35, 0.6, 0.7, 0.025, 1 / 3, 0.1])
@pytest.mark.parametrize("rows", [1, 7, 10])
def test_decimal_time_steps_put_no_row_a_step_off(dt: float, rows: int) -> None:
    """A row lasts a whole number of steps, exactly, whatever the last bits of n dt are; half a row later, too."""

    class Source(nd.Dynamics):
        def __init__(self) -> None:
            super().__init__(1)
            self.timed = nd.TimedArray(np.arange(1000), dt=rows * dt * ms)

        def update(self) -> Any:
            t = nd.environ.get("t")
            self.observe("later", self.timed(t + rows * dt * ms))
            self.observe("scaled", self.timed(t * 1.0))
            return self.timed(t)

    source = Source()
    sim = nd.Simulator(source, dt=dt * ms, target="interpret")
    for name in ("output", "later", "scaled"):
        sim.record(source, name)
    samples = sim.run(600 * dt * ms, progress=False)["Source"].samples
    steps = np.arange(600)
    np.testing.assert_array_equal(samples["output"].values.ravel(), steps // rows)
    np.testing.assert_array_equal(samples["later"].values.ravel(), steps // rows + 1)
    np.testing.assert_array_equal(samples["scaled"].values.ravel(), steps // rows)
    for i in steps[::7].tolist():
        with nd.environ.context(dt=dt * ms, i=i):
            assert source.timed(nd.environ.get("t")) == i // rows


@pytest.mark.parametrize(
    ("dt", "interval"), [(0.1, 1.0), (0.3, 0.1), (0.1, 1000 / 44100), (0.1, 1000 / 30), (0.1, np.pi), (1e-3, 8.64e7)]
)
def test_rows_of_late_steps_are_exact(dt: float, interval: float) -> None:
    p, q = steps_per_row(dt, interval)
    assert p / q == pytest.approx(dt / interval, rel=1e-11)
    n = 10**9 + 7
    assert abs(n * p // q - n * (dt / interval)) <= 1 + 1e-11 * n * dt / interval
    assert p * q < 2**62


@pytest.mark.cudasim
def test_new_values_act_in_the_next_run_and_compile_nothing() -> None:
    source = nd.Playback(np.array([[1.0, 2.0], [3.0, 4.0]]) * pA, dt=1 * ms)
    sim = simulator_of(source, 0.5 * ms)
    sim.record(source, "output")
    first = sim.run(3 * ms, progress=False)[source].output.magnitude
    text = sim.source
    np.testing.assert_array_equal(first[:, 0], [1, 1, 3, 3, 3, 3])
    source.timed.values = np.array([[5.0, 6.0]] * 6 + [[0.007, 0.008]]) * nA  # seven rows in another unit
    np.testing.assert_array_equal(
        sim.run(4 * ms, progress=False)[source].output[:, 1].magnitude.round(9), [6e3] * 6 + [8] * 2
    )
    source.timed.dt = 0.5 * ms
    np.testing.assert_array_equal(sim.run(1 * ms, progress=False)[source].output[:, 1].magnitude.round(9), [8, 8])
    assert sim.source == text
    with pytest.raises(ShapeError, match=r"rows of shape \(2,\)"):
        source.timed.values = np.ones((3, 5)) * pA
    with pytest.raises(DimensionError, match="values"):
        source.timed.values = np.ones((3, 2)) * mV
    assert source.timed.shape == (7, 2)


def test_a_file_is_read_where_it_is(tmp_path: Path) -> None:
    """Ten gigabytes of a sparse file, which nobody copies; two populations with different tables share one code."""
    rows, width = 10**9 // 2, 10
    path = tmp_path / "recording.dat"
    with path.open("wb") as file:
        file.truncate(rows * width * 2)
    recording = np.memmap(path, dtype=np.int16, mode="r+", shape=(rows, width))
    recording[-4:] = np.arange(40).reshape(4, width)

    class Two(nd.DynamicsGroup):
        def __init__(self) -> None:
            super().__init__()
            timed = nd.TimedArray(recording, dt=0.1 * ms, unit=0.5 * pA, start=-(rows - 4) * 0.1 * ms)
            self.a, self.b = nd.Playback(timed), nd.Playback(COUNTS, dt=0.1 * ms, unit=2 * pA)

    net = Two()
    sim = simulator_of(net, 0.1 * ms)
    for module in (net.a, net.b):
        sim.record(module, "output")
    result = sim.run(0.6 * ms, progress=False)
    right = recording[[-4, -3, -2, -1, -1, -1]] * 0.5
    np.testing.assert_array_equal(result[net.a].output.magnitude, right)
    np.testing.assert_array_equal(result[net.b].output.magnitude, COUNTS[:6] * 2.0)
    assert sim.run(0.1 * ms, progress=False)[net.a].output.shape == (1, 10)
    assert "int16, 10000000000 bytes, read where they are" in sim.explain()


@pytest.mark.parametrize("dtype", [">i2", "float16", "uint64", "float64", "bool", "int8", "uint32"])
def test_stored_numbers_of_any_type(dtype: str) -> None:
    values = np.arange(24).reshape(6, 4).astype(dtype)[:, ::-1]  # not contiguous, foreign bytes
    source = nd.Playback(values, dt=0.2 * ms)
    sim = nd.Simulator(source, dt=0.2 * ms, target="interpret")
    sim.record(source, "output")
    np.testing.assert_array_equal(sim.run(1.2 * ms, progress=False)["Playback"].samples["output"].values, values)
    values[:] = 0  # what was given is kept
    assert np.asarray(source.timed.values).any()


class Receiver(nd.Dynamics):
    """Gives what it receives."""

    def update(self) -> Any:
        return self.sum_current_inputs(0.0 * pA, 0.0 * mV)


def test_playback_drives_a_population() -> None:
    """A row acts on receivers one step later, as every output does; a delay adds its steps."""

    class Net(nd.DynamicsGroup):
        def __init__(self) -> None:
            super().__init__()
            self.play = nd.Playback(np.arange(1.0, 9.0) * pA, dt=0.2 * ms, in_size=3, after="zero")
            self.cells = Receiver(3)
            comm = nd.OneToOne(3, 3, weight=2.0)
            self.proj = nd.CurrentProj(self.play, comm=comm, out=nd.CUBA.desc(), post=self.cells, delay=0.2 * ms)

    net = Net()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.record(net.cells, "output")
    found = sim.run(2.2 * ms, progress=False)[net.cells].output.magnitude
    right = np.concatenate([np.zeros(3), np.repeat(np.arange(1.0, 9.0), 2) * 2, np.zeros(3)])
    np.testing.assert_array_equal(found, np.repeat(right[:, None], 3, axis=1))


class Bad(nd.Dynamics):
    """Reads what a test gives."""

    def __init__(self, read: Any) -> None:
        super().__init__(4)
        self.read = read

    def init_state(self) -> None:
        self.k = nd.State(BASE)

    def update(self) -> Any:
        return self.read(nd.environ.get("t"), nd.environ.get("i"), self.k.value)


class Row(NamedTuple):
    """A container of the user's."""

    rows: Any


class OnModules(Bad):
    """Arrays wherever `update` finds them on a module: they are indexed like tables."""

    of_class = DATA + 1.0

    def __init__(self) -> None:
        self.plain, self.current, self._private = DATA.copy(), DATA * nA, DATA[:, ::-1]
        self.inside = {"a": [DATA + 2.0, (DATA + 3.0, "text")], "b": SimpleNamespace(rows=Row(DATA + 4.0))}
        self.records = np.array([(1, 2.5), (3, 4.5)], dtype=[("n", int), ("value", float)])
        super().__init__(self._all)

    def _all(self, t: Any, i: Any, k: Any) -> Any:
        row, numbers = i // 10, (self.plain.max(), self.plain[0, 0], np.dot(self.plain[0], self.plain[1]))
        assert all(isinstance(number, np.float64) for number in numbers)  # an array in all else
        reads = {
            "plain": self.plain[row],
            "element": self.plain[row, k],
            "taken": self.plain.take(row, axis=0),
            "computed": (self.plain.T * 2.0)[k, row],
            "current": self.current[row] + 0 * pA,
            "rescaled": (self.current.rescale(pA) * 3.0)[row],
            "magnitude": self.current.magnitude[row],
            "private": self._private[row],
            "class": self.of_class[row],
            "list": self.inside["a"][0][row],
            "tuple": self.inside["a"][1][0][row],
            "namespace": self.inside["b"].rows.rows[row],
            "records": self.records["value"][i % 2],
        }
        for name, value in reads.items():
            self.observe(name, value)
        self.k.value = (k + 1) % 4
        return k


def test_arrays_on_modules_are_indexed_at_computed_places() -> None:
    rows = DATA[I // 10]
    right = {
        "plain": rows, "element": DATA[I[:, None] // 10, K], "taken": rows, "computed": 2.0 * DATA[I[:, None] // 10, K],
        "current": rows * 1e3, "rescaled": rows * 3e3, "magnitude": rows, "private": rows[:, ::-1], "class": rows + 1.0,
        "list": rows + 2.0, "tuple": rows + 3.0, "namespace": rows + 4.0,
        "records": np.array([2.5, 4.5])[I % 2][:, None],
    }  # fmt: skip
    model = OnModules()
    before, inside = dict(vars(model)), [*model.inside["a"], model.inside["b"].rows]
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret")
    for name in right:
        sim.record(model, name)
    samples = sim.run(20 * ms, progress=False)[model].samples
    for name, want in right.items():
        np.testing.assert_allclose(samples[name].values, want, rtol=1e-13, err_msg=name)
    for name in ("plain", "current", "_private", "inside", "records"):
        assert vars(model)[name] is before[name]
    after = [*model.inside["a"], model.inside["b"].rows]
    assert all(new is old for new, old in zip(after, inside, strict=True))
    assert "of_class" not in vars(model)


CHANGES: dict[str, Any] = {
    "in place": lambda model: model.plain.__setitem__((3, 0), 7.0),
    "another": lambda model: setattr(model, "plain", DATA + 1.0),
    "with a unit": lambda model: setattr(model, "current", DATA * pA),
    "inside": lambda model: model.inside["a"][0].__setitem__((3, 0), 7.0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_arrays_that_were_read_are_refused(change: str) -> None:
    model = OnModules()
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret")
    sim.run(1 * ms, progress=False)
    CHANGES[change](model)
    with pytest.raises(FixedAttributeError, match=r"OnModules\.\w+ has changed"):
        sim.run(1 * ms, progress=False)


OUTSIDE: dict[str, tuple[Any, str]] = {
    "row": (lambda t, i, k: nd.Table(DATA)[i], r"Index 50 of an axis of 50 elements, in step 50 \(t = 5 ms\)"),
    "before": (lambda t, i, k: nd.Table(DATA)[0, k - i // 20], "Index -5 of an axis of 4 .* in step 100 .*element 0"),
    "one element": (
        lambda t, i, k: nd.Table(DATA)[0, k + i // 50],
        "Index 4 of an axis of 4 .* in step 50 .*element 3",
    ),
    "state": (lambda t, i, k: k[k + i // 50], "Index 4 of an axis of 4 .* in step 50 .*element 3"),
    "time": (
        lambda t, i, k: nd.TimedArray(DATA, dt=0.1 * ms, after="error")(t),
        r"ends after 50 rows \(5 ms\), but row 50 is asked for in step 50",
    ),
}


@pytest.mark.parametrize(("case", "target"), [*((case, "interpret") for case in OUTSIDE), ("one element", "cpu")])
def test_an_index_outside_ends_the_run(case: str, target: str) -> None:
    read, text = OUTSIDE[case]
    sim = simulator_of(Bad(read), 0.1 * ms, target)
    with pytest.raises(LookupRangeError, match=text):
        sim.run(20 * ms, progress=False)


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "a plain array": (lambda t, i, k: DATA[i], TracedValueError, r"nd.Table\(array\)"),
    "the method of a plain array": (lambda t, i, k: DATA.take(i, axis=0), TracedValueError, "nd.Table"),
    "a list": (lambda t, i, k: [1.0, 2.0][i], TracedValueError, "nd.Table"),
    "a real index": (lambda t, i, k: nd.Table(DATA)[t / ms], UnsupportedFunctionError, "astype"),
    "a condition": (lambda t, i, k: nd.Table(DATA)[k > 2], UnsupportedFunctionError, "np.where"),
    "too many": (lambda t, i, k: nd.Table(DATA)[i, 0, 0], ShapeError, "too many indices"),
    "a constant outside": (lambda t, i, k: nd.Table(DATA)[i, 9], ShapeError, "out of bounds"),
    "positions that fall": (lambda t, i, k: np.interp(k, [1.0, 0.0], [0.0, 1.0]), InvalidParameterError, "ascend"),
    "unequal lengths": (lambda t, i, k: np.interp(k, [0.0, 1.0], [0.0, 1.0, 2.0]), ShapeError, r"\(2,\) and .*\(3,\)"),
    "times without a unit": (lambda t, i, k: np.interp(t, [0.0, 1.0], [0.0, 1.0]), DimensionError, "units"),
    "a new table in each step": (lambda t, i, k: nd.Table(np.random.rand(50))[i % 50], TracedValueError, "changes"),  # noqa: NPY002
    "no time": (lambda t, i, k: nd.TimedArray(DATA, dt=1 * ms)(k), (UnitExpectedError, DimensionError), "t"),  # type: ignore[dict-item]
    "times of another shape": (
        lambda t, i, k: nd.TimedArray(DATA[:, :3], dt=1 * ms)(t - k * ms), ShapeError, "one for each element"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_refused_while_tracing(case: str) -> None:
    read, error, text = BAD[case]
    with pytest.raises(error, match=text) as caught:
        nd.Simulator(Bad(read), dt=0.1 * ms, target="interpret")
    assert "test_timed_input.py" in str(caught.value.where)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"values": DATA, "dt": 1.0}, UnitExpectedError, "without a unit"),
        ({"values": DATA, "dt": 1 * mV}, DimensionError, "dt"),
        ({"values": DATA, "dt": 0 * ms}, InvalidParameterError, "positive"),
        ({"values": 3.0, "dt": 1 * ms}, ShapeError, "single value"),
        ({"values": [[1.0, 2.0], [3.0]], "dt": 1 * ms}, ShapeError, "different lengths"),
        ({"values": np.zeros((0, 3)), "dt": 1 * ms}, ShapeError, "empty"),
        ({"values": [1.0, np.nan], "dt": 1 * ms}, InvalidParameterError, "not finite in row 1"),
        ({"values": ["a"], "dt": 1 * ms}, InvalidParameterError, "values"),
        ({"values": DATA, "dt": 1 * ms, "after": "loop"}, InvalidParameterError, "'repeat'"),
        ({"values": DATA, "dt": 1 * ms, "interpolation": "cubic"}, InvalidParameterError, "'linear'"),
        ({"values": DATA > 0, "dt": 1 * ms, "interpolation": "linear"}, InvalidParameterError, "Booleans"),
        ({"values": DATA * mV, "dt": 1 * ms, "unit": pA}, DimensionError, "values"),
    ],
)
def test_refused_arguments(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        nd.TimedArray(**arguments)


def test_a_large_file_is_no_memory_of_the_interpreter(tmp_path: Path) -> None:
    with (tmp_path / "large.dat").open("wb") as file:
        file.truncate(8 * 10**11)
    rows = np.memmap(tmp_path / "large.dat", dtype=np.float64, mode="r", shape=(10**10, 10))
    plain, timed = np.asarray(rows), nd.TimedArray(rows, dt=0.1 * ms, start=-1e9 * ms)
    network = Bad(lambda t, i, k: (timed(t) + np.take(plain, i, axis=0) + nd.Table(rows)[-i])[:4])
    network.kept = plain
    sim = nd.Simulator(network, dt=0.1 * ms, target="interpret")
    sim.record(network, "output")
    assert not sim.run(1 * ms, progress=False)["Bad"].samples["output"].values.any()
    sim.run(1 * ms, progress=False)


def test_interpolation_keeps_units_in_eager_calls() -> None:
    with nd.environ.context(dt=0.1 * ms, i=15):
        t = nd.environ.get("t")
        found = np.interp(t, np.array([0.0, 0.003]) * second, [0.0, 2.0] * mV, right=0 * mV)
        assert found.rescale("mV").magnitude == pytest.approx(1.0)
        assert np.interp(t, [0.0, 1.0] * ms, [0.0, 2.0], period=1 * ms) == pytest.approx(1.0)
        with pytest.raises(UnitExpectedError, match="positions xp"):
            np.interp(t, [0.0, 1.0], [0.0, 2.0])
        with pytest.raises(UnitExpectedError, match="left or right"):
            np.interp(t, [0.0, 1.0] * ms, [0.0, 2.0] * mV, left=1.0)


def test_a_table_is_the_array_for_all_else(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", DATA)
    mapped = nd.Table(np.load(tmp_path / "rows.npy", mmap_mode="r"))
    assert isinstance(mapped, np.memmap)
    for table in (nd.Table(DATA), mapped):
        np.testing.assert_array_equal(table[3:5, ::2] * 2, DATA[3:5, ::2] * 2)
        np.testing.assert_array_equal(np.take(table, [1, 2], axis=1), DATA[:, 1:3])
        sim = nd.Simulator(Bad(lambda t, i, k, table=table: table[i % 50]), dt=1 * ms, target="interpret")
        sim.record(sim.network, "output")
        np.testing.assert_array_equal(sim.run(60 * ms, progress=False)["Bad"].samples["output"].values[:50], DATA)
    assert (nd.Table(DATA * mV)[0, 0], len(mapped)) == (DATA[0, 0] * mV, 50)


def test_numpy_is_as_it_was_after_a_trace() -> None:
    before = np.take
    nd.Simulator(Bad(lambda t, i, k: np.take(DATA, i % 50, axis=0)), dt=1 * ms, target="interpret")
    with pytest.raises(UnsupportedFunctionError):
        nd.Simulator(Bad(lambda t, i, k: np.take(DATA, t / ms)), dt=1 * ms, target="interpret")
    assert np.take is before


def test_units_convert() -> None:
    timed = nd.TimedArray([1.0, 2.0] * nA, dt=1 / kHz)
    assert timed(1.5 * ms) == 2000 * pA
    assert timed(0.001 * second) == 2000 * pA
    assert nd.TimedArray([10.0, 20.0] * Hz, dt=0.5 * second, interpolation="linear")(250 * ms).rescale("Hz") == 15 * Hz
