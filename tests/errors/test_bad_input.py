"""The mistakes that the specification names: each has a class, and a message with value, place and cure."""

import math
from typing import Any

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, s

import numbadyn as nd
from numbadyn import errors
from tests.errors.models import Net, build, model, refused

# ---- units -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tau", "error", "what", "cure"),
    [
        (20 * mV, errors.DimensionError, "LIF.tau is 20.0 mV, but it must be in ms", "in ms"),
        (20, errors.UnitExpectedError, "LIF.tau is 20 without a unit", r"20 \* pq.ms"),
        (np.ones(3) * mV, errors.DimensionError, r"LIF.tau is an array of shape \(3,\) in mV", "in ms"),
        (nd.init.Uniform(1 * mV, 2 * mV), errors.DimensionError, r"LIF.tau is Uniform\(1.0 mV, 2.0 mV\)", "in ms"),
        ([20 * ms, 3 * mV, 1 * ms], errors.DimensionError, "element 0 is in ms, element 1 is in mV", "every element"),
        ("20 ms", errors.InvalidParameterError, "'20 ms' is not a real number", "Give a number"),
        (None, errors.InvalidParameterError, "None is not a real number", "Give a number"),
        (1j * ms, errors.InvalidParameterError, "not a real number", "Give a number"),
        (math.nan * ms, errors.InvalidParameterError, "LIF.tau is nan ms", "finite"),
        (math.inf * ms, errors.InvalidParameterError, "LIF.tau is inf ms", "finite"),
        (np.array([1, np.nan, 2]) * ms, errors.InvalidParameterError, "first at element 1", "finite"),
    ],
)
def test_parameter(tau: Any, error: Any, what: str, cure: str) -> None:
    refused(lambda: nd.LIF(3, tau=tau), error, what, "LIF.tau", cure)
    neurons = nd.LIF(3)
    refused(lambda: setattr(neurons.tau, "value", tau), error, what, "LIF.tau", cure)
    assert neurons.tau.value == nd.LIF(3).tau.value


def test_a_bare_rate_is_taken_to_be_meant_in_hertz() -> None:
    refused(
        lambda: nd.PoissonGroup(3, rates=100),
        errors.UnitExpectedError,
        "needs a unit such as Hz",
        "PoissonGroup.rates",
        r"100 \* pq.Hz",
    )


def with_current(current: Any) -> nd.LIF:
    neurons = nd.LIF(3)
    neurons.add_current_input("drive", current)
    return neurons


def with_delta(jump: Any) -> nd.LIF:
    neurons = nd.LIF(3)
    neurons.add_delta_input("drive", jump)
    return neurons


def test_unit_of_an_input() -> None:
    refused(
        lambda: build(with_current(lambda v: 5 * ms)),
        errors.DimensionError,
        "current input 'drive' of LIF is in ms, but the sum is in pA",
        r"LIF, integrate_and_fire.py:\d+",
        "one physical dimension",
    )
    refused(
        lambda: build(with_delta(lambda: 5 * ms)),
        errors.DimensionError,
        "delta input .* of LIF is in ms, but the sum is in mV",
        r"LIF, integrate_and_fire.py:\d+",
        "one physical dimension",
    )
    refused(
        lambda: build(with_delta(lambda: 5.0)),
        errors.DimensionError,
        "delta input .* of LIF is without a unit, but the sum is in mV",
        "LIF",
        "a bare number",
    )


def test_unit_of_a_weight_reaches_the_equation_of_the_target() -> None:
    net = Net()
    net.proj = nd.DeltaProj(net.E, comm=nd.AllToAll(10, 5, weight=1 * nS), post=net.I)
    refused(
        lambda: build(net),
        errors.DimensionError,
        "'Net.proj' of Net.I is in nS",
        r"Net.proj, onto Net.I, integrate_and_fire.py",
        "weights of Net.proj in mV",
    )


def test_unit_of_a_first_value() -> None:
    refused(
        lambda: build(nd.LIF(3, V_initializer=3 * ms)),
        errors.DimensionError,
        "in ms, but it must be in mV",
        "LIF.V",
        "in mV",
    )


# ---- delays ----------------------------------------------------------------------------------------------------------

BAD_DELAYS = [
    (5 * mV, errors.DimensionError, "5.0 mV, but it must be in ms", "in ms"),
    (5, errors.UnitExpectedError, "5 without a unit", r"5 \* pq.ms"),
    (-1.5 * ms, errors.DelayError, "-1.5 ms", "zero or"),
    (math.nan * ms, errors.DelayError, "nan ms", "finite"),
    (math.inf * ms, errors.DelayError, "inf ms", "finite"),
    ("a", errors.InvalidParameterError, "'a' is not a real number", "Give a number"),
]


@pytest.mark.parametrize(("delay", "error", "what", "cure"), BAD_DELAYS)
def test_delay(delay: Any, error: Any, what: str, cure: str) -> None:
    neurons = nd.LIF(10)
    refused(lambda: neurons.output_delay(delay), error, what, "LIF.output", cure)
    refused(lambda: neurons.prefetch_delay("V", delay), error, what, "LIF.V", cure)
    refused(lambda: neurons.prefetch("V").delay.at(delay), error, what, "LIF.V", cure)
    comm = nd.OneToOne(10, 10, weight=1 * mV)
    refused(lambda: nd.DeltaProj(neurons, comm=comm, post=neurons, delay=delay), error, what, "DeltaProj.delay", cure)


def test_delay_of_more_steps_than_can_be_remembered() -> None:
    net = Net()
    net.E.output_delay(1e9 * s)
    refused(
        lambda: build(net), errors.DelayError, r"1e\+12 ms is 1e\+13 steps of 0.1 ms", "Net.E.output", "check the unit"
    )


@pytest.mark.parametrize(
    ("arguments", "what", "cure"),
    [
        ((1 * ms, 10), "index 10 is out of bounds", "from 0 to the size"),
        ((1 * ms, -11), "index -11 is out of bounds", "from 0 to the size"),
        ((1 * ms, 0.5), "0.5 is no index", "integers, slices or arrays"),
        ((1 * ms, []), "is no index", "at least one element"),
        (([1, 2] * ms, [0, 1, 2]), r"shape \(2,\) with the indices", "np.arange"),
        ((1 * ms, 0, 0), "too many indices", "from 0 to the size"),
    ],
)
def test_elements_of_a_delay(arguments: Any, what: str, cure: str) -> None:
    refused(lambda: nd.LIF(10).prefetch_delay("V", *arguments), errors.ShapeError, what, "LIF.V", cure)
    refused(lambda: nd.LIF(10).output_delay(*arguments), errors.ShapeError, what, "LIF.output", cure)


def test_a_method_of_interpolation_that_is_not_there() -> None:
    action = lambda: nd.LIF(3).prefetch_delay("V", 1 * ms, interpolation="splines")  # noqa: E731
    refused(action, errors.InterpolationError, "'splines'", "InterpolationRegistry", "polynomial3")


def reading(state: str, *delay: Any, **options: Any) -> Net:
    """A network whose I reads a state of E."""
    net = Net()
    past = net.E.prefetch_delay(state, *delay, **options) if delay else net.E.prefetch(state)
    net.I.add_delta_input("past", lambda: 0.1 * past()[:5])
    return net


def test_delayed_read_of_an_unknown_state() -> None:
    refused(
        lambda: build(reading("W", 1 * ms)),
        errors.UnknownStateError,
        "Net.E has no state 'W'",
        "Net.E",
        "states are: V",
    )
    refused(
        lambda: build(reading("tau", 1 * ms)),
        errors.UnknownStateError,
        r"'tau' \(it is a Parameter\)",
        "Net.E",
        "states are: V",
    )
    refused(
        lambda: build(reading("W")), errors.UnknownStateError, "Net.E has no attribute 'W'", "Net.E", "states are: V"
    )


def test_history_before_the_start() -> None:
    refused(
        lambda: build(reading("V", 1 * ms, init=3 * ms)),
        errors.DimensionError,
        "init.* is 3.0 ms, but it must be in mV",
        "Net.E.V",
        "in mV",
    )
    refused(
        lambda: build(reading("V", 1 * ms, init=np.ones(3) * mV)),
        errors.ShapeError,
        r"init has shape \(3,\)",
        "Net.E.V",
        "that shape",
    )


def test_delay_registered_too_late() -> None:
    net = Net()
    net.E.output_delay(5 * ms)
    build(net)
    action = lambda: net.E.output_delay(50 * ms)  # noqa: E731
    refused(
        action, errors.LateDelayError, "50 ms is registered after .* holds 5 ms", "Net.E.output", "before nd.Simulator"
    )
    refused(lambda: net.E.prefetch_delay("V", 1 * ms), errors.LateDelayError, "1 ms", "Net.E.V", "before nd.Simulator")
    assert callable(net.E.output_delay(4 * ms))


# ---- Python where NumPy is needed ------------------------------------------------------------------------------------


def python_if(self: Any) -> Any:
    if self.V.value > self.V_th:
        self.V.value = -60 * mV
    return self.V.value > self.V_th


def python_and(self: Any) -> Any:
    return (self.V.value > self.V_th) and (self.k.value > 0)


def python_float(self: Any) -> Any:
    return float(self.V.value)


def math_exp(self: Any) -> Any:
    return math.exp(self.V / (1 * mV))


@pytest.mark.parametrize(
    ("update", "what", "cure", "line"),
    [
        (python_if, "Python `if`", r"np.where\(condition, a, b\)", 1),
        (python_and, "`and`", "join conditions by & | ~", 1),
        (python_float, r"float\(\)", "np.exp instead of math.exp", 1),
        (math_exp, "a function of the math module", "np.exp instead of math.exp", 1),
    ],
)
def test_python_on_a_traced_value(update: Any, what: str, cure: str, line: int) -> None:
    place = rf"Model, test_bad_input.py:{update.__code__.co_firstlineno + line}: "
    refused(lambda: build(model(update)), errors.TracedValueError, what, place, cure)


# ---- shapes and sizes ------------------------------------------------------------------------------------------------


def test_shapes() -> None:
    refused(
        lambda: build(nd.LIF(3, tau=np.ones(4) * ms)),
        errors.ShapeError,
        r"tau has shape \(4,\), .* \(3,\)",
        "LIF.tau",
        r"\(3,\)",
    )
    refused(
        lambda: build(nd.LIF((3, 2), tau=np.ones(3) * ms)),
        errors.ShapeError,
        r"\(3,\), .* \(3, 2\)",
        "LIF.tau",
        r"\(3, 2\)",
    )
    refused(
        lambda: build(nd.LIF(3, V_initializer=np.ones(4) * mV)),
        errors.ShapeError,
        r"LIF.V does not fit the shape \(3,\)",
        "LIF.V",
        "array of shape",
    )
    refused(
        lambda: build(nd.LIF(3, V_initializer=lambda size: np.ones(7) * mV)),
        errors.ShapeError,
        "LIF.V does not fit",
        "LIF.V",
        "array of shape",
    )
    refused(
        lambda: build(with_delta(lambda: np.ones(4) * mV)),
        errors.ShapeError,
        r"shapes \(3,\) and \(4,\)",
        "LIF",
        "same shape",
    )
    refused(
        lambda: build(with_delta(lambda: np.ones(0) * mV)),
        errors.ShapeError,
        "empty array",
        "LIF",
        "population's shape",
    )


@pytest.mark.parametrize("size", [0, -1, (), [], 2.5, "3", None, (3, 0), (3, 2.5), True])
def test_size(size: Any) -> None:
    refused(lambda: nd.LIF(size), errors.SizeError, "The size is ", "LIF", "positive whole number")


@pytest.mark.parametrize("size", [10**30, (2**20, 2**20), np.full(5, 2**20)])
def test_size_beyond_what_is_counted(size: Any) -> None:
    refused(lambda: nd.LIF(size), errors.SizeError, "more than 2147483647 neurons", "LIF", "Split the population")


def test_sizes_that_are_fine() -> None:
    assert [nd.LIF(size).num for size in (3, np.int64(3), (2, 3), [2, 3], np.array([2, 3]))] == [3, 3, 6, 6, 6]


# ---- hooks and inputs ------------------------------------------------------------------------------------------------


def test_hook_keys() -> None:
    neurons = nd.LIF(3)
    neurons.add_before_update("a", lambda: None)
    neurons.add_after_update("a", lambda spike: None)
    refused(
        lambda: neurons.add_before_update("a", print),
        errors.HookKeyError,
        "already has before-hook 'a'",
        "LIF",
        "another key",
    )
    refused(
        lambda: neurons.add_after_update("a", print),
        errors.HookKeyError,
        "already has after-hook 'a'",
        "LIF",
        "another key",
    )
    refused(
        lambda: neurons.add_after_update(["a"], print), errors.HookKeyError, r"\['a'\] is no key", "LIF", "hashable"
    )
    refused(
        lambda: neurons.add_after_update("b", 3), errors.HookArgumentError, "'b' of LIF is 3", "LIF", "Give a function"
    )
    refused(
        lambda: neurons.get_after_update("q"),
        errors.MissingHookError,
        "no after-hook 'q'",
        "LIF",
        "Registered are: 'a'",
    )


def test_input_keys() -> None:
    neurons = with_current(lambda v: v)
    refused(
        lambda: neurons.add_current_input("drive", lambda v: v),
        errors.InputKeyError,
        "under the key 'drive'",
        "LIF.current_inputs",
        "another key",
    )
    refused(
        lambda: neurons.get_input("driev"),
        errors.InputKeyError,
        "no input 'driev'",
        "LIF.current_inputs",
        "Registered are: drive",
    )


def test_arguments_of_hooks_inputs_and_updates() -> None:
    cure = "default values"
    refused(
        lambda: build(with_current(lambda: 1)),
        errors.HookArgumentError,
        "current input 'drive' of LIF cannot be called with 1 argument",
        "LIF",
        cure,
    )
    after, before = nd.LIF(3), nd.LIF(3)
    after.add_after_update("a", lambda: 3)
    before.add_before_update("a", lambda x: 3)
    refused(
        lambda: build(after),
        errors.HookArgumentError,
        "after-hook 'a' of LIF cannot be called with 1 argument",
        "LIF",
        cure,
    )
    refused(
        lambda: build(before),
        errors.HookArgumentError,
        "before-hook 'a' of LIF cannot be called with 0 arguments",
        "LIF",
        cure,
    )
    refused(
        lambda: build(model(lambda self, x: x)),
        errors.HookArgumentError,
        "update of Model cannot be called with 0 arguments",
        "Model",
        cure,
    )


# ---- projections -----------------------------------------------------------------------------------------------------


def test_projection_onto_what_has_no_such_input() -> None:
    net = Net()
    net.P = nd.PoissonGroup(5, rates=10 * Hz)
    net.proj = nd.AlignPostProj(
        net.E,
        comm=nd.AllToAll(10, 5, weight=1 * nS),
        syn=nd.Expon.desc(tau=5 * ms),
        out=nd.COBA.desc(E=0 * mV),
        post=net.P,
    )
    refused(
        lambda: build(net),
        errors.ProjectionTargetError,
        "ends on Net.P, but .* never sums its current inputs",
        "Net.P",
        "sum_current_inputs",
    )


def test_jumps_onto_what_has_no_jumps() -> None:
    net = Net()
    net.P = nd.PoissonGroup(5, rates=10 * Hz)
    net.proj = nd.DeltaProj(net.E, comm=nd.AllToAll(10, 5, weight=1 * mV), post=net.P)
    refused(
        lambda: build(net),
        errors.ProjectionTargetError,
        "Net.P.delta_inputs receives .* nobody sums",
        "Net.P",
        "sum_delta_inputs",
    )


def test_projection_onto_a_population_that_is_not_in_the_network() -> None:
    net = Net()
    net.proj = nd.DeltaProj(net.E, comm=nd.AllToAll(10, 5, weight=1 * mV), post=nd.LIF(5))
    refused(
        lambda: build(net),
        errors.ProjectionTargetError,
        "nobody sums",
        "delta_inputs",
        "update the receiver in every step",
    )


def test_projection_from_a_population_that_is_not_in_the_network() -> None:
    net = Net()
    net.proj = nd.DeltaProj(nd.LIF(10), comm=nd.AllToAll(10, 5, weight=1 * mV), post=net.I)
    refused(lambda: build(net), errors.SchedulingError, "never updated in a step", "LIF", "attribute of the network")


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (lambda: nd.FixedInDegree(10, 5, num=20, multapses=False), "20"),
        (lambda: nd.FixedInDegree(10, 10, num=10, multapses=False, autapses=False), "10"),
        (lambda: nd.FixedOutDegree(10, 5, num=6, multapses=False), "6"),
        (lambda: nd.FixedTotalNumber(10, 5, num=51, multapses=False), "51"),
        (lambda: nd.FixedProb(10, 5, prob=1.5), "1.5"),
        (lambda: nd.FixedProb(10, 5, prob=-0.1), "-0.1"),
        (lambda: nd.FixedProb(10, 5, prob=math.nan), "nan"),
        (lambda: nd.FixedInDegree(10, 5, num=2.5, multapses=False), "2.5"),
        (lambda: nd.FixedInDegree(10, 5, num=-1, multapses=False), "-1"),
        (lambda: nd.OneToOne(10, 5), r"10 neurons.* \(5 neurons"),
    ],
)
def test_connectivity_that_cannot_be(rule: Any, what: str) -> None:
    refused(rule, errors.ConnectivityError, what, r"\w+\(", "[Gg]ive|[Ss]et|[Aa]sk")
