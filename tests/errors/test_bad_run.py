"""Mistakes with the simulator: time, targets, recordings, what changes under its feet, and NaN while it runs."""

import copy
import math
import pickle
import re
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV, s

import numbadyn as nd
from numbadyn import errors
from tests.errors.models import Net, build, refused

# ---- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dt", "error", "what", "cure"),
    [
        (0 * ms, errors.TimeStepError, "0.0 ms", "one positive time"),
        (-0.1 * ms, errors.TimeStepError, "-0.1 ms", "one positive time"),
        (math.nan * ms, errors.TimeStepError, "nan ms", "one positive time"),
        (math.inf * ms, errors.TimeStepError, "inf ms", "one positive time"),
        ([0.1, 0.2] * ms, errors.TimeStepError, r"array of shape \(2,\) in ms", "one positive time"),
        (0.1, errors.UnitExpectedError, "0.1, without a unit", r"0.1\*ms"),
        (None, errors.UnitExpectedError, "None, without a unit", r"0.1\*ms"),
        ("0.1 ms", errors.UnitExpectedError, "'0.1 ms', without a unit", r"0.1\*ms"),
        (0.1 * mV, errors.DimensionError, "0.1 mV, but it must be in ms", "in ms"),
    ],
)
def test_time_step(dt: Any, error: Any, what: str, cure: str) -> None:
    refused(lambda: nd.Simulator(Net(), dt=dt), error, what, r"Simulator\(dt=", cure)
    refused(lambda: nd.environ.set(dt=dt), error, what, "environ.set", cure)


@pytest.mark.parametrize(
    ("options", "what", "cure"),
    [
        ({"target": "gpu"}, "target is 'gpu'", "'cpu', 'interpret'"),
        ({"target": "CPU"}, "target is 'CPU'", "'cpu', 'interpret'"),
        ({"target": None}, "target is None", "'cpu', 'interpret'"),
        ({"target": ["cpu"]}, "target is", "'cpu', 'interpret'"),
        ({"threads": 2}, "threads is 2; this version runs on one thread", "1"),
        ({"threads": 0}, "threads is 0", "1"),
        ({"threads": True}, "threads is True", "1"),
        ({"precision": 16}, "precision is 16", "64 or 32"),
        ({"precision": "64"}, "precision is '64'", "64 or 32"),
        ({"precision": np.float32}, "precision is", "64 or 32"),
        ({"seed": -1}, "seed is -1", r"0 to 2\*\*64 - 1"),
        ({"seed": 2**64}, "seed is 18446744073709551616", r"0 to 2\*\*64 - 1"),
        ({"seed": 1.5}, "seed is 1.5", "whole number"),
        ({"seed": None}, "seed is None", "whole number"),
        ({"seed": True}, "seed is True", "whole number"),
    ],
)
def test_options(options: dict[str, Any], what: str, cure: str) -> None:
    refused(lambda: build(Net(), **options), errors.TargetError, what, rf"Simulator\({next(iter(options))}=", cure)


def test_the_largest_seed_is_fine() -> None:
    assert build(Net(), seed=2**64 - 1).run(1 * ms).last == 10


@pytest.mark.parametrize("network", [[nd.LIF(3)], None, Net, "net"])
def test_network(network: Any) -> None:
    refused(
        lambda: build(network), errors.TargetError, "A network is a Module", r"Simulator\(network\)", "DynamicsGroup"
    )


def test_empty_network() -> None:
    refused(
        lambda: build(nd.DynamicsGroup()),
        errors.SchedulingError,
        "DynamicsGroup is empty",
        "DynamicsGroup",
        "populations and projections",
    )


def test_network_in_itself() -> None:
    net = Net()
    net.inner = Net()
    net.inner.outer = net
    refused(lambda: build(net), errors.SchedulingError, "contains itself: Net -> Net.inner -> Net", "Net", "underscore")


@pytest.mark.parametrize(
    ("duration", "error", "what", "cure"),
    [
        (0 * ms, errors.DurationError, "0.0 ms", "one positive time"),
        (-1 * s, errors.DurationError, "-1.0 s", "one positive time"),
        (math.nan * ms, errors.DurationError, "nan ms", "one positive time"),
        (math.inf * ms, errors.DurationError, "inf ms", "one positive time"),
        ([1, 2] * ms, errors.DurationError, r"array of shape \(2,\)", "one positive time"),
        (0.25 * ms, errors.DurationError, "0.25 ms, which is not a whole number of steps of 0.1 ms", "multiple of dt"),
        (0.05 * ms, errors.DurationError, "0.05 ms, which is not a whole number", "multiple of dt"),
        (100, errors.DurationError, "100, without a unit", r"100\*ms"),
        (None, errors.DurationError, "None, without a unit", r"100\*ms"),
        (1 * mV, errors.DimensionError, "1.0 mV, but it must be in ms", "in ms"),
    ],
)
def test_duration(duration: Any, error: Any, what: str, cure: str) -> None:
    sim = build(Net())
    refused(lambda: sim.run(duration), error, what, "Simulator.run", cure)
    assert sim.run(0.3 * ms).last == 3


def test_durations_that_floats_do_not_hold_exactly() -> None:
    assert build(Net()).run(0.0005 * s).last == 5
    assert build(Net(), dt=0.1 * ms).run(0.7 * ms).last == 7


# ---- recordings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "arguments", "what", "cure"),
    [
        ("E", {"variable": "W"}, "Net.E has no variable 'W'", "states are: V; its computed values: .*output"),
        ("E", {"variable": "tau"}, "Net.E has no variable 'tau'", "states are: V"),
        ("E", {}, "Nothing of Net.E is named", "spikes=True"),
        ("foreign", {"variable": "V"}, "is not part of Net", "module of the network"),
        ("path", {"variable": "V"}, "'E' is not part of Net", "module of the network"),
        ("net", {"spikes": True}, "Net has no spikes: its update returns no array", "Boolean array"),
        ("E", {"variable": ["V"]}, r"named \['V'\], which is no text", "one name"),
        ("E", {"variable": 3}, "named 3, which is no text", "one name"),
        ("E", {"variable": "V", "start": -1 * ms}, r"start is -1.0 ms\.$", "zero or more"),
        ("E", {"variable": "V", "index": 10}, "index=10 does not fit Net.E.V, which has 10 elements", "below 10"),
        ("E", {"variable": "V", "index": [0, -11]}, "does not fit Net.E.V", "below 10"),
        ("E", {"variable": "V", "index": []}, "chooses no element", "at least one"),
        ("E", {"variable": "V", "index": slice(20, 30)}, "chooses no element", "at least one"),
        ("E", {"variable": "V", "index": 1.5}, "index=1.5 does not fit", "below 10"),
        ("E", {"variable": "V", "index": "a"}, "index='a' does not fit", "below 10"),
        ("E", {"variable": "V", "index": [True] * 3}, "does not fit", "below 10"),
        ("E", {"variable": "V", "every": 0 * ms}, r"every is 0.0 ms\.$", "at least one step"),
        (
            "E",
            {"variable": "V", "every": 0.25 * ms},
            "every is 0.25 ms, which is not a whole number of steps of 0.1 ms",
            "multiple of dt",
        ),
        ("E", {"variable": "V", "every": math.nan * ms}, "every is nan ms", "multiple of dt"),
        ("E", {"variable": "V", "every": [1, 2] * ms}, r"every is an array of shape \(2,\)", "multiple of dt"),
        ("E", {"variable": "V", "every": 1}, "every=1 has no unit", r"every=1\*ms"),
        ("E", {"variable": "V", "start": -1 * ms}, "start is -1.0 ms", "zero or more"),
        (
            "E",
            {"variable": "V", "start": 1 * ms, "stop": 0.5 * ms},
            "stop=0.5 ms is not after start=1.0 ms",
            "at least one step",
        ),
    ],
)
def test_recording(module: str, arguments: dict[str, Any], what: str, cure: str) -> None:
    net = Net()
    sim = build(net)
    chosen = {"E": net.E, "foreign": nd.LIF(3), "path": "E", "net": net}[module]
    refused(lambda: sim.record(chosen, **arguments), errors.RecordingError, what, "Net|record", cure)
    assert sim.run(1 * ms).recordings == {}


def test_unit_of_an_interval() -> None:
    net = Net()
    refused(
        lambda: build(net).record(net.E, "V", every=1 * mV), errors.DimensionError, "every is 1.0 mV", "Net.E", "in ms"
    )


class Reading(nd.Dynamics):
    """Returns what its state was, which nothing else reads."""

    def __init__(self) -> None:
        super().__init__(2)
        self.late = self.prefetch_delay("x", 0.3 * ms)

    def init_state(self) -> None:
        self.x = nd.State(0.0)

    def update(self) -> Any:
        self.x.value = self.x.value + 1
        return self.late()


def test_a_recording_of_a_past_that_was_not_kept() -> None:
    model = Reading()
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret")
    sim.run(1 * ms)
    refused(
        lambda: sim.record(model, "output"),
        errors.RecordingError,
        "was not kept since the run began",
        "Reading",
        r"reset\(\)",
    )
    sim.run(1 * ms)
    sim.reset()
    sim.record(model, "output")
    assert sim.run(1 * ms)[model]["output"][-1].tolist() == [6.0, 6.0]


def test_results_that_are_not_there() -> None:
    net = Net()
    sim = build(net)
    empty = sim.run(1 * ms)
    sim.record(net.E, "V")
    sim.record(net.I, "V", every=0.5 * ms)
    result = sim.run(1 * ms)
    refused(lambda: empty[net.E], errors.RecordingError, "Nothing was recorded of Net.E", "Net.E", "Recorded: nothing")
    refused(lambda: empty.t, errors.RecordingError, "No variable was sampled", "result.t", "sim.record")
    refused(lambda: result.t, errors.RecordingError, "different times", "result.t", r"\.t\('V'\)")
    refused(lambda: result[net], errors.RecordingError, "Nothing was recorded of Net", "Net", "Recorded: Net.E, Net.I")
    refused(
        lambda: result[net.E]["W"], errors.NotRecordedError, "'W' of Net.E was not recorded", "Net.E", "Recorded: V"
    )
    refused(
        lambda: result[net.E].spikes, errors.RecordingError, "spikes of Net.E were not recorded", "Net.E", "spikes=True"
    )


@pytest.mark.parametrize(
    ("variable", "value", "error", "what", "cure"),
    [
        ("V", 3 * ms, errors.DimensionError, "Net.E.V is 3.0 ms, but it must be in mV", "in mV"),
        ("V", 3, errors.UnitExpectedError, "3 without a unit", "pq.mV"),
        ("V", math.nan * mV, errors.InvalidParameterError, "Net.E.V holds NaN", "Give numbers"),
        ("V", np.ones(3) * mV, errors.ShapeError, r"Net.E.V has shape \(10,\), .* shape \(3,\)", "shape"),
        ("V", "a", errors.InvalidParameterError, "'a' is not a real number", "Give a number"),
        ("refractory", 0.5, errors.InvalidParameterError, "holds int64 values, but float64", "astype"),
        ("W", 3, errors.RecordingError, "no variable 'W'", "states are: refractory, V"),
        ("output", True, errors.RecordingError, "'output' is not a state", "states"),
    ],
)
def test_setting_a_state(variable: str, value: Any, error: Any, what: str, cure: str) -> None:
    net = Net()
    net.E = nd.LIFRef(10)
    sim = build(net)
    refused(lambda: sim.set(net.E, variable, value), error, what, "Net.E", cure)


# ---- what changes under the feet of a simulator ----------------------------------------------------------------------


def add_hook(net: Any) -> None:
    net.E.add_after_update("late", lambda spike: None)


def add_input(net: Any) -> None:
    net.E.add_delta_input("late", lambda: 0 * mV)


def add_population(net: Any) -> None:
    net.late = nd.LIF(3)


def remove_population(net: Any) -> None:
    del net.I


def replace_parameter(net: Any) -> None:
    net.E.tau = nd.Parameter(3 * ms)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (add_hook, "Net.E was changed"),
        (add_input, "Net.E was changed"),
        (add_population, "LIF was added"),
        (remove_population, "Net.I was taken out"),
        (replace_parameter, "Net.E was changed"),
    ],
)
def test_network_changed_after_the_build(change: Any, what: str) -> None:
    net = Net()
    sim = build(net)
    sim.run(1 * ms)
    change(net)
    refused(
        lambda: sim.run(1 * ms),
        errors.SchedulingError,
        f"{what}.* after the simulator was built",
        "LIF|Net",
        "new nd.Simulator",
    )
    assert build(net).run(1 * ms).last == 10


def test_parameter_replaced_by_a_number() -> None:
    net = Net()
    build(net)
    refused(
        lambda: setattr(net.E, "tau", 3 * ms),
        errors.UnknownStateError,
        "LIF.tau|Net.E.tau is a Parameter",
        "Net.E.tau",
        "x.tau.value = ",
    )


def test_two_simulators_of_one_network_do_not_meet() -> None:
    net = Net()
    first, second = build(net, seed=1), build(net, seed=1, dt=0.2 * ms)
    for sim in (first, second):
        sim.record(net.E, "V")
    a, b = first.run(1 * ms), second.run(1 * ms)
    assert (a[net.E].V.shape, b[net.E].V.shape) == ((10, 10), (5, 10))
    first.set(net.E, "V", -55 * mV)
    assert (second.get(net.E, "V") != -55 * mV).all()


def test_population_added_after_the_states_were_made() -> None:
    net = nd.init_all_states(Net())
    net.E.V.value = -57 * mV
    net.late = nd.LIF(3)
    sim = build(net)
    assert (net.E.V.value == -57 * mV).all()
    assert sim.run(1 * ms).last == 10


# ---- NaN while running -----------------------------------------------------------------------------------------------


class Falling(nd.Neuron):
    """The square root of a number that falls below zero in neuron 2 after 25 ms."""

    def __init__(self) -> None:
        super().__init__(4)
        self.rate = nd.Parameter(np.array([0.0, 0.0, 0.04, 0.0]) / ms)

    def init_state(self) -> None:
        self.steps = nd.State(0)
        self.level = nd.State(1.0)
        self.root = nd.State(1.0)

    def update(self) -> Any:
        self.steps.value = self.steps + 1
        self.level.value = self.level - self.rate * nd.environ.get_dt()
        self.root.value = np.sqrt(self.level)
        return self.level < 0.5


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_nan_while_running(target: str) -> None:
    neurons = Falling()
    sim = build(neurons, target=target)
    sim.record(neurons, "steps")
    sim.record(neurons, spikes=True)
    what = r"Falling.root became NaN in element 2 \(1 of 4 elements\) between t = \S+ ms and \S+ ms"
    error = refused(
        lambda: sim.run(100 * ms), errors.NonFiniteStateError, what, r"Falling.root\[2\]", "division by zero"
    )
    between = [float(number) for number in re.findall(r"([\d.]+) ms", error.what)]
    assert between[0] <= 25.0 < between[1] <= between[0] + 12.8
    result: Any = error.result  # type: ignore[attr-defined]
    assert 250 < result.last <= 250 + 128
    np.testing.assert_array_equal(result[neurons].steps[:, 0], np.arange(result.last))
    assert result[neurons].spikes.count == pytest.approx(result.last - 125, abs=1)  # 125 subtractions are rounded
    assert sim.t == pytest.approx(result.last * 0.1 * ms)
    refused(lambda: sim.run(10 * ms), errors.NonFiniteStateError, "Falling.root", "Falling.root", "cure|Look")
    neurons.rate.value = np.zeros(4) / ms
    sim.set(neurons, "level", 4.0)
    assert sim.run(10 * ms)[neurons].spikes.count == 0
    sim.reset()
    assert sim.run(10 * ms).last == 100
    assert (sim.get(neurons, "root") == 1.0).all()


def test_nan_in_a_first_value() -> None:
    refused(
        lambda: build(nd.LIF(3, V_initializer=math.nan * mV)),
        errors.InvalidParameterError,
        "LIF.V is NaN in 3 of 3",
        "LIF.V",
        "Give numbers",
    )


# ---- eager calls -----------------------------------------------------------------------------------------------------


def test_eager_calls() -> None:
    neurons = nd.LIF(3)
    refused(neurons, errors.UnknownStateError, "LIF has no attribute 'V'", "integrate_and_fire.py", "init_all_states")
    nd.init_all_states(neurons)
    refused(neurons, errors.TimeStepError, "No time step is set", "environ", "environ.context")
    refused(
        lambda: setattr(neurons.V, "value", 3 * ms),
        errors.DimensionError,
        "LIF.V is in mV, but a value in ms",
        "LIF.V",
        "in mV",
    )
    refused(
        lambda: setattr(neurons.V, "value", np.ones(4) * mV),
        errors.ShapeError,
        r"\(3,\), but a value of shape \(4,\)",
        "LIF.V",
        r"\(3,\)",
    )
    refused(lambda: setattr(neurons, "V", 3 * mV), errors.UnknownStateError, "LIF.V is a State", "LIF.V", "x.V.value")
    refused(lambda: nd.State(1.0).value, errors.NotInitialisedError, "has no shape", "State", "give shape=")
    refused(lambda: nd.State([1.0, 2.0], shape=(3,)).value, errors.ShapeError, r"shape \(3,\)", "State", r"\(3,\)")


def test_eager_draws() -> None:
    refused(nd.random.normal, errors.ShapeError, "has no population", "nd.random", "size=100")
    refused(lambda: nd.random.normal(size=2.5), errors.SizeError, "size is 2.5", "nd.random", "positive whole")
    refused(lambda: nd.random.uniform(size=-1), errors.SizeError, "size is -1", "nd.random", "positive whole")
    refused(
        lambda: nd.random.poisson(-1.0, size=3),
        errors.InvalidParameterError,
        "-1.0",
        "nd.random.poisson",
        "zero or larger",
    )
    refused(
        lambda: nd.random.poisson(1 * ms, size=3),
        errors.InvalidParameterError,
        "ms",
        "nd.random.poisson",
        "without unit",
    )
    with pytest.raises(KeyError, match=r"nd\.environ\.set"):
        nd.environ.get("temperature")


# ---- arguments and attributes that are not there ---------------------------------------------------------------------


def test_misspelt_arguments() -> None:
    net = Net()
    sim = build(net)
    cases: list[Any] = [
        (lambda: nd.Simulator(net, dt=0.1 * ms, sed=2), "Simulator has no argument 'sed'", "has: seed"),
        (lambda: sim.run(1 * ms, progres=False), "run has no argument 'progres'", "has: progress"),
        (lambda: sim.record(net.E, "V", evry=1 * ms), "record has no argument 'evry'", "has: every"),
        (lambda: sim.reset(sed=2), "reset has no argument 'sed'", "has: seed"),
        (lambda: sim.run(1 * ms, None, 3), "takes 2 arguments without a name, and 3", "by name"),
        (lambda: nd.LIF(3, tua=5 * ms), "LIF has no argument 'tua'", "has: tau"),
        (lambda: nd.FixedProb(3, 3, pro=0.1), "FixedProb has no argument 'pro'", "has: prob"),
    ]
    for action, what, cure in cases:
        refused(action, errors.UnknownOptionError, what, "=...|\\.\\.\\.", cure)


def test_states_that_are_not_there_yet() -> None:
    cells = nd.LIF(3)
    refused(lambda: cells.V, errors.UnknownStateError, "LIF has no attribute 'V' yet", "LIF", "nd.init_all_states")
    nd.init_all_states(cells)
    refused(lambda: cells.v, errors.UnknownStateError, "LIF has no attribute 'v'", "LIF", "states are: V")
    assert not hasattr(cells, "W")


class Failing(nd.Dynamics):
    """A property that fails inside."""

    @property
    def broken(self) -> Any:
        return self.nowhere


def test_a_property_that_fails_shows_its_own_error() -> None:
    with pytest.raises(AttributeError, match="nowhere"):
        _ = Failing(1).broken


def test_simulators_are_neither_copied_nor_pickled() -> None:
    sim = build(Net())
    for action in (copy.copy, copy.deepcopy, pickle.dumps):
        refused(
            lambda action=action: action(sim), errors.UnsupportedFeatureError, "copied or pickled", "Sim", "network"
        )
