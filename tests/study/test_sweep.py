"""What a sweep runs, and the table that it gives."""

import importlib
import pickle

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, s

import numbadyn as nd
from numbadyn import errors
from numbadyn.study import recipe
from tests.features.small_network import Small
from tests.study.study_model import GRID, Noisy, build, measure, same, start


@pytest.fixture(scope="module")
def study():
    return start()


def alone(tau, scale, seed, duration=12 * ms):
    """What is measured of one simulator of its own."""
    sim = nd.Simulator(build(tau, scale), dt=1 * ms, seed=seed, target="interpret")
    sim.record(sim.network.E, "V")
    return measure(sim.run(duration, progress=False))


def test_a_point_has_the_bits_of_a_simulator_of_its_own(study):
    assert (len(study), study.finished, study.failed, study.left, study.interrupted) == (12, 12, [], 0, False)
    for point, found in zip(study.points, study.records, strict=True):
        expected = alone(**point)
        assert found["mean"] == expected["mean"]
        np.testing.assert_array_equal(found["last"], expected["last"])


def test_the_table_is_tidy_and_knows_its_units(study):
    table = study.table
    assert list(table.columns) == ["tau", "scale", "seed", "mean", "last", "steps"]
    assert table.attrs["units"] == study.units == {"tau": "ms", "mean": "mV", "last": "mV"}
    assert table["tau"].tolist() == [10.0] * 6 + [20.0] * 6
    assert table["scale"].tolist()[:6] == [0.5, 0.5, 1.0, 1.0, 1.5, 1.5]
    assert table["seed"].tolist() == [0, 1] * 6
    assert table["steps"].dtype == int
    assert table["last"][0].shape == (3,)
    assert str(study["tau"].dimensionality) == "ms"
    with pytest.raises(errors.GridError, match="no column 'rate'"):
        study["rate"]


def test_a_study_can_be_pickled_without_its_functions(study):
    again = pickle.loads(pickle.dumps(study))
    assert same(again, study)
    with pytest.raises(errors.StudyError, match="keeps no functions"):
        again.retry()


def test_without_pandas_the_table_is_a_structured_array(study, monkeypatch):
    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name, *more: _missing(name) or real(name, *more))
    table = study.table
    assert table.dtype.names == ("tau", "scale", "seed", "mean", "last", "steps")
    assert table["last"].shape == (12, 3)
    with pytest.raises(errors.MissingExtraError, match="numbadyn\\[sweep\\]"):
        study.to_xarray()


def _missing(name):
    if name in ("pandas", "xarray"):
        raise ImportError(name)


def test_a_dataset_lies_over_the_grid(study):
    data = study.to_xarray()
    assert dict(data.sizes) == {"tau": 2, "scale": 3, "seed": 2, "last_0": 3}
    assert data["mean"].attrs["units"] == "mV"
    assert data["tau"].attrs["units"] == "ms"
    one = data["mean"].sel(tau=20, scale=1.5, seed=1)
    assert one == alone(20 * ms, 1.5, 1)["mean"].item()


@pytest.mark.parametrize(
    ("grid", "mode", "pairs"),
    [
        ({"tau": [10, 20, 10] * ms, "scale": [1, 2, 3]}, "zip", [(10, 1), (20, 2), (10, 3)]),
        ([{"tau": 0.02 * s, "scale": 2}, {"scale": 1, "tau": 5 * ms}], "product", [(20, 2), (5, 1)]),
    ],
)
def test_lists_that_go_together_and_single_points(grid, mode, pairs, tmp_path):
    study = start(tmp_path / "store", grid=grid, mode=mode, seeds=[3])
    assert [(point["tau"].rescale(ms).item(), point["scale"]) for point in study.points] == pairs
    data = study.to_xarray()
    assert data["mean"].dims == ("point", "seed")
    assert same(nd.Study.open(tmp_path / "store"), study)
    assert study.records[0]["mean"] == alone(*pairs[0][:1] * ms, pairs[0][1], 3)["mean"]


def test_paths_of_parameters_and_networks_that_are_there():
    by_path = start(build=lambda: build(1 * ms), grid={"E.tau": GRID["tau"], "E.scale": GRID["scale"]})
    made = start(build=build(1 * ms), grid={"E.tau": GRID["tau"], "E.scale": GRID["scale"]})
    expected = start()
    for study in (by_path, made):
        assert [one["mean"] for one in study.records] == [one["mean"] for one in expected.records]


@pytest.mark.parametrize("build", [Small, Small()], ids=["class", "network"])
def test_paths_of_weights_delays_and_first_values(build):
    grid = {
        "A.tau": [10, 20] * ms,
        "excite.delay": [0.5, 1.5] * ms,
        "excite.comm.weight": [3, 6] * nS,
        "inhibit.weight": [-0.5, -1] * mV,
        "A.V": [-55, -51] * mV,
    }
    given = {"mode": "zip", "dt": 0.1 * ms, "duration": 8 * ms, "record": ["A.spikes", "B.V"], "seeds": [3]}

    def measure(result):
        return {"n": result["A"].spikes.count, "V": result["B"].V[-1]}

    study = start(build=build, grid=grid, measure=measure, **given)
    assert same(study, start(build=build, grid=grid, measure=measure, **given, batch=1))
    by_hand = Small(weight=6 * nS, delay=1.5 * ms)
    by_hand.A.tau.value = 20 * ms
    by_hand.inhibit.comm.weight = -1 * mV
    sim = nd.Simulator(by_hand, dt=0.1 * ms, seed=3, target="interpret")
    sim.set(by_hand.A, "V", -51 * mV)
    sim.record(by_hand.A, spikes=True)
    sim.record(by_hand.B, "V")
    result = sim.run(8 * ms)
    assert study.records[-1]["n"] == result["A"].spikes.count
    np.testing.assert_array_equal(study.records[-1]["V"], result["B"].V[-1])


def test_structures_may_differ_and_build_may_take_the_seed():
    def sized(size, seed):
        return build(10 * ms, size=size + seed)

    study = start(build=sized, grid={"size": [1, 4]}, measure=lambda result: result["E"].V.shape[1])
    assert study.table["value"].tolist() == [1, 2, 4, 5]


@pytest.fixture
def batches(monkeypatch, quick_points):
    """Sizes of the batches that are bound."""
    sizes, bind = [], recipe.bind_alike

    def noting(*given):
        sizes.append(bind(*given))
        return sizes[-1]

    monkeypatch.setattr(recipe, "bind_alike", noting)
    return sizes


def test_points_run_together_and_have_the_bits_of_those_alone(batches):
    together = start()
    assert batches == [11]  # the first point says how long the others take, and how large they are
    assert same(together, start(batch=1))
    start(batch=4)
    assert batches == [11, 4, 4, 3]
    start(measure=lambda result, sim: 1.0)  # it may change the simulator
    assert len(batches) == 4


def test_batches_end_where_another_structure_begins(batches):
    def sized(size, scale):
        return build(10 * ms, scale, size)

    study = start(build=sized, grid={"size": [1, 2, 3], "scale": [1, 2]})
    assert study.table["last"].map(len).tolist() == [1] * 4 + [2] * 4 + [3] * 4
    assert same(study, start(build=sized, grid={"size": [1, 2, 3], "scale": [1, 2]}, batch=1))
    assert [size for size in batches if size] == [3, 4, 4]


def test_a_replica_that_fails_does_no_harm_to_its_batch():
    broken = start(grid={"tau": [10] * ms, "scale": [1.0, 1e308, 2.0]})
    assert {point.parameters["scale"] for point in broken.failed} == {1e308}
    assert broken.failed[0].error.endswith("NonFiniteStateError")
    alone = start(grid={"tau": [10] * ms, "scale": [1.0, 2.0]}, batch=1)
    assert same(broken, alone)


def test_a_transient_is_not_measured():
    study = start(transient=8 * ms, grid={"tau": [10] * ms}, measure=lambda result: result["E"].V[-1], seeds=[0, 1])
    for seed in (0, 1):
        sim = nd.Simulator(build(10 * ms), dt=1 * ms, seed=seed, target="interpret")
        sim.record(sim.network.E, "V")
        np.testing.assert_array_equal(study.records[seed]["value"], sim.run(20 * ms)[sim.network.E].V[-1])


def test_what_is_recorded_may_be_said_by_a_function_and_measure_may_look_at_the_simulator():
    def later(result, sim, point):
        assert sim.t == 12 * ms
        return {"t": sim.t, "twice": 2 * point["scale"]}

    study = start(record=lambda sim: sim.record(sim.network.E, "V", every=4 * ms), measure=later)
    assert study.units["t"] == "ms"
    assert study.table["twice"].tolist()[:4] == [1.0, 1.0, 2.0, 2.0]


def test_a_point_that_fails_does_no_harm_and_can_be_run_again(tmp_path):
    broken = [True]

    def fragile(result, sim, point):
        if point["scale"] == 1.0 and broken:
            raise RuntimeError("out of luck")
        return measure(result)

    study = start(tmp_path / "store", measure=fragile)
    assert (study.finished, len(study.failed), study.left) == (8, 4, 0)
    failed = study.failed[0]
    assert (failed.error, failed.message, failed.seed) == ("builtins.RuntimeError", "out of luck", 0)
    assert "fragile" in failed.traceback
    assert "scale=1.0, seed=0: RuntimeError: out of luck" in repr(study)
    assert np.isnan(study.to_xarray()["mean"].sel(scale=1.0)).all()
    assert start(tmp_path / "store", measure=fragile).finished == 8  # a failed point is not run again by itself
    broken.clear()
    study.retry(tau=10 * ms, seed=1)
    assert (study.finished, len(study.failed)) == (9, 3)
    study.retry()
    assert (study.finished, study.failed) == (12, [])
    assert same(study, start())
    with pytest.raises(errors.GridError, match="No point has failed"):
        study.retry()
    with pytest.raises(errors.StudyError, match="keeps no functions"):
        nd.Study.open(tmp_path / "store").retry()


def test_a_mistake_at_every_point_is_raised(tmp_path):
    def wrong(result):
        return 1 / 0

    with pytest.raises(ZeroDivisionError) as caught:
        start(tmp_path / "store", measure=wrong)
    assert "at the point tau=10.0 ms, scale=0.5, seed=0" in caught.value.__notes__
    assert same(start(tmp_path / "store"), start())  # the store is not spoilt by the first attempt
    with pytest.raises(ZeroDivisionError):
        start(measure=lambda result, sim, point: 1 / (point["scale"] - 1.5), errors="raise")


def test_one_point_that_cannot_be_built_is_isolated():
    study = start(grid={"tau": [-1, 10] * ms}, seeds=[0])
    assert study.finished == 1
    assert study.failed[0].error.endswith("InvalidParameterError")
    with pytest.raises(errors.InvalidParameterError):
        start(grid={"tau": [-1, -2] * ms})


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        (lambda result: result, "gives a Result"),
        (lambda result: None, "gives None"),
        (lambda result: {}, "gives {}"),
        (lambda result: {"V": [[1], [2, 3]]}, "a list of lists of different length as 'V'"),
        (lambda result: {"tau": 1}, "which a parameter of the grid has"),
        (lambda result: {3: 1}, "the name 3"),
        (lambda result: 1j, "gives an array of complex128|gives a complex"),
    ],
)
def test_what_cannot_be_tabulated(measured, message):
    with pytest.raises(errors.MeasureError, match=message):
        start(measure=measured)


def test_units_that_do_not_fit_between_points():
    study = start(
        grid={"scale": [1, 2]},
        build=lambda scale: build(10 * ms, scale),
        seeds=[0],
        measure=lambda result, sim, point: {"x": 1 * ms if point["scale"] == 1 else 5 * Hz},
    )
    with pytest.raises(errors.MeasureError, match="x is in Hz at the point scale=2, seed=0, but in ms"):
        study.to_pandas()
    assert study.records[1]["x"] == 5 * Hz
    mixed = start(
        grid={"scale": [1, 2]},
        build=lambda scale: build(10 * ms, scale),
        seeds=[0],
        measure=lambda result, sim, point: {"x": 1 * ms if point["scale"] == 1 else 2 * s},
    )
    assert mixed.table["x"].tolist() == [1.0, 2000.0]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"grid": {"tau": [10 * ms, 3 * mV]}}, errors.DimensionError, r"10.0 ms and 3.0 mV"),
        ({"grid": {"tau": [nd.init.Constant(9 * ms), 3 * ms]}}, errors.GridError, "is a Constant"),
        ({"grid": {"E.tau": [10, 20] * mV}, "build": lambda: build(9 * ms)}, errors.DimensionError, "E.tau"),
        (
            {"grid": {"tua": [1, 2]}, "build": lambda tau=1 * ms: build(tau)},
            errors.UnknownPathError,
            "build takes: tau",
        ),
        ({"grid": {"E.tua": [1, 2]}, "build": lambda: build(9 * ms)}, errors.UnknownPathError, "nearest are 'E.tau'"),
        ({"grid": {"E.in_size": [1, 2]}, "build": lambda: build(9 * ms)}, errors.GridError, "an argument of build"),
        ({"grid": {"scale": [1, 2]}}, errors.GridError, "build needs 'tau'"),
        ({"grid": {"tau": [1, 2] * ms, "scale": [1]}, "mode": "zip"}, errors.GridError, "'tau' has 2 values, 'scale'"),
        ({"transient": -1 * ms}, errors.DurationError, r"transient is -1\.0 ms.*\n.*sweep\(transient"),
        ({"checkpoint_every": -1 * ms}, errors.DurationError, r"sweep\(checkpoint_every"),
        ({"mode": "all"}, errors.GridError, "'product' or 'zip'"),
        ({"grid": {"tau": 10 * ms}}, errors.GridError, "no list"),
        ({"grid": {"tau": []}}, errors.GridError, "no values"),
        ({"grid": {"tau": [10, 10] * ms}}, errors.GridError, "comes twice"),
        ({"grid": {"tau": [Noisy]}}, errors.GridError, "a type"),
        ({"grid": []}, errors.GridError, "list without points"),
        ({"grid": [{"tau": 1 * ms}, {"scale": 1}]}, errors.GridError, "Point 1 names 'scale'"),
        ({"seeds": 10}, errors.GridError, r"range\(10\) for ten"),
        ({"seeds": [1, 1]}, errors.GridError, "The seed 1 comes twice"),
        ({"seeds": [-1]}, errors.TargetError, "seed is -1"),
        ({"duration": 0 * ms}, errors.DurationError, "0.0 ms"),
        ({"transient": 0.5 * ms}, errors.DurationError, "whole number of steps"),
        ({"measure": 3}, errors.MeasureError, "measure is 3"),
        ({"measure": lambda: 3}, errors.MeasureError, "takes 0 arguments"),
        ({"record": ["E.V", 3]}, errors.RecordingError, "Give paths"),
        ({"record": "F.V"}, errors.RecordingError, "'F' is to be recorded"),
        ({"record": "E.W"}, errors.RecordingError, "no variable 'W'"),
        ({"workers": 0}, errors.InvalidParameterError, "workers is 0"),
        ({"batch": 0}, errors.InvalidParameterError, "batch is 0"),
        ({"executor": 3}, errors.InvalidParameterError, "no submit"),
        ({"errors": "ignore"}, errors.InvalidParameterError, "errors is 'ignore'"),
        ({"progress": 3}, errors.InvalidParameterError, "progress is 3"),
        ({"build": 3}, errors.GridError, "build is 3"),
        ({"build": lambda tau, scale: 3}, errors.GridError, "build gives 3"),
        ({"precisoin": 32}, errors.UnknownOptionError, "It has: precision"),
        ({"worker": 2}, errors.UnknownOptionError, "It has: workers"),
        ({"seed": 2}, errors.UnknownOptionError, r"seeds=\[7\]"),
        ({"grid": {"tua": [1] * ms}}, errors.UnknownPathError, "build takes: tau"),
    ],
)
def test_mistakes(given, error, message, tmp_path):
    with pytest.raises(error, match=message):
        start(tmp_path / "store", **given)
    assert not (tmp_path / "store").exists()


def test_points_that_fail_together_are_tried_together_once(monkeypatch):
    tried, bound = [], recipe.Recipe.batch_of
    monkeypatch.setattr(recipe.Recipe, "batch_of", lambda *given: tried.append(1) or bound(*given))

    def alone(sim):
        assert not sim.batch
        sim.record(sim.network, "V")

    neurons = nd.LIF(2, name="E")
    study = nd.sweep(
        neurons, {"tau": range(5, 12) * ms}, dt=1 * ms, duration=5 * ms, record=alone, batch=4, workers=1,
        measure=lambda result: {"V": result["E"].V[-1, 0]}, target="interpret", progress=False,
    )  # fmt: skip
    assert (len(study.table), len(study.failed), len(tried)) == (7, 0, 2)


def test_a_store_that_is_no_path():
    for give in (start, nd.Study.open):
        with pytest.raises(errors.StoreError, match="The store 3 is no path"):
            give(3)


def test_several_processes_need_an_extra(monkeypatch):
    monkeypatch.setattr("numbadyn.study.crews.importlib.import_module", lambda name: _no(name))
    with pytest.raises(errors.MissingExtraError, match="numbadyn\\[sweep\\]"):
        start(workers=2)


def _no(name):
    raise ImportError(name)


def test_distributions_are_values_of_a_grid(tmp_path):
    """Of an argument and of a path; they are kept in the store, and stand in the table as text."""
    drawn = [nd.init.Normal(20 * ms, 3 * ms, low=1 * ms), nd.init.LogNormal(20 * ms, 4 * ms), 15 * ms]
    how = {"grid": {"tau": drawn, "E.V": [nd.init.Uniform(-60 * mV, -50 * mV)]}, "seeds": [3, 4]}
    study = start(tmp_path / "store", **how)
    assert study.complete
    texts = ["Normal(20.0 ms, 3.0 ms, low=1.0 ms)", "LogNormal(20.0 ms, 4.0 ms)", "15.0 ms"]
    assert list(study.table["tau"]) == [text for text in texts for _seed in range(2)]
    assert set(study["E.V"]) == {"Uniform(-60.0 mV, -50.0 mV)"}
    opened = nd.Study.open(tmp_path / "store")
    assert same(opened, study)
    assert [point["tau"] for point in opened.points[::2]] == drawn
    assert list(study.to_xarray()["tau"].values) == texts
    assert same(start(**how, batch=1), study)
    for point, mean in zip(study.points, study["mean"], strict=True):
        sim = nd.Simulator(build(point["tau"]), dt=1 * ms, target="interpret", seed=point["seed"], batch=1)
        sim.batch["E.V"] = [point["E.V"]]
        sim.record(sim.network.E, "V")
        assert mean == sim.run(12 * ms, progress=False)[sim.network.E].V.mean()
    with pytest.raises(errors.DimensionError, match="different units"):
        start(grid={"tau": [nd.init.Normal(20 * mV, 3 * mV), 15 * ms]})


def test_a_single_point_is_bound_to_the_simulator_of_the_batch_before(batches):
    grid = {"E.tau": GRID["tau"], "E.scale": [*GRID["scale"], 2.0]}
    study = start(build=build(10 * ms), grid=grid, batch=7)
    assert batches == [7, 7, 1]  # and the first point alone, which says what the others need
    assert same(study, start(build=build(10 * ms), grid=grid, batch=1))
