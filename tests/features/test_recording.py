"""Recordings: windows, elements, intervals, currents, several runs; with units, on both targets."""

import copy
import pickle

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from numbadyn.errors import RecordingError
from tests.features.agreement import assert_same
from tests.features.small_network import Small, simulator
from tests.targets import simulator_of

pytestmark = pytest.mark.cudasim

CURRENT = "current_inputs[Expon-COBA]"
EVERYTHING = {
    "A": {"V": {}, "refractory": {"index": slice(2, 8, 3), "every": 0.5 * ms}},
    "B": {
        "V": {"index": [4, 0], "every": 0.7 * ms, "start": 1.2 * ms, "stop": 8 * ms},
        "refractory": {"index": -1, "start": 3 * ms},
        CURRENT: {"index": np.arange(20)[::-1]},
        "output": {"every": 1 * ms},
    },
}


def watched(target):
    sim = simulator_of(Small(), 0.1 * ms, target, seed=3)
    for name, variables in EVERYTHING.items():
        for variable, how in variables.items():
            sim.record(getattr(sim.network, name), variable, **how)
    sim.record(sim.network.A, "delta_inputs[Small.inhibit]", index=0)
    sim.record(sim.network.excite.syn, "g", index=[1])
    return sim


def test_windows_elements_and_intervals():
    sims = {target: watched(target) for target in ("cpu", "interpret")}
    lengths = (2.5, 6.1, 1.4)
    results = {target: [sim.run(t * ms, progress=False) for t in lengths] for target, sim in sims.items()}
    for found, expected in zip(results["cpu"], results["interpret"], strict=True):
        assert_same(found, expected)
    net, parts = sims["cpu"].network, results["cpu"]
    full = simulator(seed=3).run(10 * ms, progress=False)[sims["cpu"].network.B.path].V.magnitude
    steps = np.concatenate([part.recordings["Small.B"].samples["V"].steps for part in parts])
    np.testing.assert_array_equal(steps, np.arange(12, 80, 7))
    values = np.concatenate([part[net.B].V.magnitude for part in parts])
    np.testing.assert_array_equal(values, full[12:80:7][:, [4, 0]])
    np.testing.assert_allclose(parts[0][net.B].t("V").rescale(ms).magnitude, [1.2, 1.9])
    assert [part[net.B].refractory.shape for part in parts] == [(0, 1), (56, 1), (14, 1)]
    assert parts[0][net.A].refractory.shape == (5, 2)
    assert parts[0][net.A].refractory.dtype == np.int64
    assert parts[0][net.B]["output"].dtype == np.bool_


def test_currents_and_jumps_have_units():
    sim = watched("interpret")
    net = sim.network
    result = sim.run(10 * ms, progress=False)
    assert result[net.B][CURRENT].dimensionality == pA.dimensionality
    assert result[net.A]["delta_inputs[Small.inhibit]"].dimensionality == mV.dimensionality
    g, V = result[net.excite.syn].g.magnitude[1:, 0], simulator("interpret", seed=3).run(10 * ms)[net.B.path].V
    mean = -np.expm1(-0.1 / 5) / (0.1 / 5)  # of a step, as the synapse decays in it
    expected = mean * g * (0 - V.magnitude[:-1, 1])
    np.testing.assert_allclose(result[net.B][CURRENT].magnitude[:-1, 18], expected, rtol=1e-12)
    with pytest.raises(RecordingError, match="different times"):
        _ = result.t


def test_recorded_values_change_nothing():
    plain = simulator(seed=3).run(10 * ms, progress=False)
    sim = watched("cpu")
    sim.record(sim.network.A, spikes=True)
    sim.record(sim.network.B, spikes=True)
    found = sim.run(10 * ms, progress=False)
    for cells in ("Small.A", "Small.B"):
        np.testing.assert_array_equal(found[cells].spikes.steps, plain[cells].spikes.steps)
        np.testing.assert_array_equal(found[cells].spikes.indices, plain[cells].spikes.indices)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
def test_anything_can_be_recorded_from_now_on(target):
    """What is recorded from the middle on is what would have been recorded from the start."""
    whole, later = simulator(target), simulator(target)
    whole.record(whole.network.B, CURRENT)
    wanted = [whole.run(1 * ms)[whole.network.B] for _ in range(2)][1]
    later.run(1 * ms)
    later.record(later.network.excite.syn, "g")
    later.record(later.network.B, CURRENT)
    seen = later.run(1 * ms)
    assert seen[later.network.excite.syn].g.shape == (10, 20)
    assert np.array_equal(seen[later.network.B][CURRENT].magnitude, wanted[CURRENT].magnitude)
    assert np.array_equal(seen[later.network.B].V.magnitude, wanted.V.magnitude)


@pytest.mark.parametrize(
    ("variable", "how", "message"),
    [
        ("W", {}, "no variable 'W'"),
        ("V", {"index": 20}, "20 elements"),
        ("V", {"index": []}, "no element"),
        ("V", {"every": 0.15 * ms}, "whole number of steps"),
        ("V", {"every": 0 * ms}, "at least one step"),
        ("V", {"start": 3}, "no unit"),
        (None, {}, "Nothing of"),
    ],
)
def test_what_cannot_be_recorded_is_refused(variable, how, message):
    sim = simulator("interpret")
    with pytest.raises(RecordingError, match=message):
        sim.record(sim.network.B, variable, **how)


def test_what_was_not_recorded_is_named():
    sim = nd.Simulator(Small(), dt=0.1 * ms, target="interpret")
    sim.record(sim.network.A, "V")
    result = sim.run(1 * ms)
    with pytest.raises(RecordingError, match=r"spikes of Small.A were not recorded"):
        _ = result[sim.network.A].spikes
    with pytest.raises(RecordingError, match=r"Nothing was recorded of Small.B"):
        _ = result[sim.network.B]
    with pytest.raises(RecordingError, match=r"'refractory' of Small.A was not recorded"):
        _ = result[sim.network.A]["refractory"]
    assert "Small.A: V (10, 9)" in repr(result)


GRID = -np.arange(50.0, 59).reshape(3, 3)


@pytest.mark.parametrize("index", [[0, 7], np.array([0, 7]), [np.int64(0), -2]])
def test_sequences_of_flat_numbers(index):
    sim = nd.Simulator(nd.LIF((3, 3)), dt=0.1 * ms, target="interpret")
    sim.record(sim.network, "V", index=index)
    sim.set(sim.network, "V", GRID * mV)
    assert sim.run(0.1 * ms)[sim.network].V.magnitude.tolist() == [[-50.0, -57.0]]


@pytest.mark.parametrize(
    "index",
    [(1, 2), (1,), (-1, slice(None)), (slice(0, 2), 1), ([0, 2], [1, 1]), np.nonzero(GRID < -55), GRID < -55, (..., 0)],
)
def test_a_tuple_or_a_mask_speaks_of_axes_as_in_numpy(index):
    sim = nd.Simulator(nd.LIF((3, 3)), dt=0.1 * ms, target="interpret")
    sim.record(sim.network, "V", index=index)
    sim.set(sim.network, "V", GRID * mV)
    result = sim.run(0.1 * ms)[sim.network]
    assert result.V.magnitude.tolist() == [np.ravel(GRID[index]).tolist()]
    assert result.samples["V"].elements.tolist() == np.ravel(np.arange(9).reshape(3, 3)[index]).tolist()


@pytest.mark.parametrize("index", [(0, 3), (0, 0, 0), 9, np.ones((2, 3), dtype=bool), "a", 1.5])
def test_indices_that_do_not_fit(index):
    sim = nd.Simulator(nd.LIF((3, 3)), dt=0.1 * ms, target="interpret")
    with pytest.raises(RecordingError, match=r"(?s)the shape \(3, 3\).*flat element numbers below 9.*a tuple"):
        sim.record(sim.network, "V", index=index)


def test_several_variables_at_once():
    sim = simulator("interpret")
    sim.record(sim.network.B, "V", "refractory", index=[1])
    result = sim.run(1 * ms)[sim.network.B]
    assert result.V.shape == result["refractory"].shape == (10, 1)
    with pytest.raises(RecordingError, match="no variable 'W'"):
        sim.record(sim.network.A, "refractory", "W")
    with pytest.raises(RecordingError, match="not recorded"):
        _ = sim.run(1 * ms)[sim.network.A]["refractory"]


def recorded(size):
    sim = nd.Simulator(nd.LIF(size), dt=0.1 * ms, target="interpret")
    sim.record(sim.network, "V")
    return sim


def test_a_module_that_took_no_part_has_no_result():
    sim, stranger = recorded(2), nd.init_all_states(nd.LIF(5))
    result = sim.run(0.1 * ms)
    assert stranger.path == sim.network.path
    with pytest.raises(RecordingError, match=r"(?s)LIF LIF.* took no part.*'LIF'"):
        _ = result[stranger]
    with pytest.raises(RecordingError, match="not part of"):
        sim.get(stranger, "V")
    assert result["LIF"].V.shape == result[sim.network].V.shape == (1, 2)


def test_results_follow_modules_that_another_simulator_has_renamed():
    net = nd.DynamicsGroup(name="net")
    net.part = nd.DynamicsGroup()
    net.part.cells = nd.LIF(2)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    nd.Simulator(net.part, dt=0.1 * ms, target="interpret")
    assert net.part.cells.path == "DynamicsGroup.cells"
    sim.record(net.part.cells, "V")
    assert sim.run(0.1 * ms)[net.part.cells].name == "net.part.cells"
    assert sim.get(net.part.cells, "V").shape == (2,)


@pytest.mark.parametrize("double", [copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))])
def test_results_that_are_copied_or_pickled_know_modules_by_path(double):
    sim = recorded(2)
    result = sim.run(0.1 * ms)
    again = double(result)
    assert np.array_equal(again["LIF"].V, result["LIF"].V)
    assert np.array_equal(again[sim.network].V, again[nd.LIF(2)].V)
    assert np.array_equal(double(result["LIF"]).V, result["LIF"].V)


def test_a_variable_that_was_not_recorded_says_so_as_an_attribute_too():
    found = recorded(2).run(0.1 * ms)["LIF"]
    for ask in (lambda: found["W"], lambda: found.W):
        with pytest.raises(RecordingError, match=r"(?s)'W' of LIF was not recorded.*Recorded: V"):
            ask()
        with pytest.raises(AttributeError):
            ask()
    assert not hasattr(found, "W")
    assert not hasattr(found, "_W")
    assert getattr(found, "W", None) is None
