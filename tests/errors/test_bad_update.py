"""Mistakes inside an update: each is refused by name, on the user's line, and nothing is frozen in silence."""

import random
import time
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn import errors
from tests.errors.models import build, model, refused

Traced, Function, Shape, Unit = (
    errors.TracedValueError,
    errors.UnsupportedFunctionError,
    errors.ShapeError,
    errors.DimensionError,
)


def assign_item(m: Any) -> None:
    m.V.value[0] = 1 * mV


def assign_item_of_state(m: Any) -> None:
    m.V[m.V_th < m.V] = 1 * mV


def assign_item_of_array(m: Any) -> None:
    copy = np.zeros(4)
    copy[0] = m.k.value


def loop(m: Any) -> None:
    for _ in m.V:
        pass


def in_place_on_array(m: Any) -> None:
    total = np.zeros(4) * mV
    total += m.V.value


def assign(name: str, value: Any) -> Any:
    """An update that writes a state."""

    def update(m: Any) -> None:
        getattr(m, name).value = value(m) if callable(value) else value

    return update


REDUCTIONS = {
    "np.stack": lambda m: np.stack([m.V, m.V]),
    "np.cumsum": lambda m: np.cumsum(m.k),
    "np.einsum": lambda m: np.einsum("i->", m.k.value),
    "np.linalg.norm": lambda m: np.linalg.norm(m.V.value),
    "np.array_equal": lambda m: np.array_equal(m.k.value, m.k.value),
    "divmod": lambda m: divmod(m.k.value, 2),
}

REFUSED = {
    "index by a mask": (lambda m: m.V[m.V_th < m.V], Function, "is indexed by a traced bool", "np.where"),
    "index outside": (lambda m: m.V.value[7], Shape, "index 7 is out of bounds for axis 0", "within the population"),
    "list with an index outside": (lambda m: m.V.value[[0, 4]], Shape, "index 4 is out", "within the population"),
    "empty slice": (lambda m: m.V.value[4:], Shape, "empty", "at least one"),
    "loop": (loop, Traced, "loop over the elements", "whole array at once"),
    "list()": (lambda m: list(m.V.value), Traced, "loop over the elements", "whole array"),
    "sum()": (lambda m: sum(m.k.value), Traced, "loop over the elements", "whole array"),
    "max()": (lambda m: max(m.V.value, m.V_th), Traced, "Python `if`", "np.where"),
    "in": (lambda m: 3 in m.k, Traced, "`in`", "NumPy"),
    "range()": (lambda m: range(m.k), Traced, "range", "NumPy"),
    "int()": (lambda m: int(m.tau), Traced, r"int\(\)", "astype"),
    "round()": (lambda m: round(m.k.value), Traced, r"round\(\)", "np.rint"),
    "format": (lambda m: f"{m.V.value:.3f}", Traced, "The format '.3f'", "NumPy"),
    "item assignment": (assign_item, Traced, "Assignment to some elements", "np.where"),
    "item assignment to a state": (assign_item_of_state, Traced, "Assignment to some elements", "np.where"),
    "item of an array": (assign_item_of_array, Traced, r"float\(\)", "np.where"),
    "np.array of a list": (
        lambda m: np.array([m.V.value, 1.0]),
        Traced,
        "turned into a plain array, which failed",
        "NumPy functions",
    ),
    "np.asarray": (
        lambda m: np.asarray(m.V.value, dtype=float),
        Traced,
        "no numbers of type float64",
        "NumPy functions",
    ),
    "np.zeros filled": (
        lambda m: np.full(4, m.k.value) + 1,
        Traced,
        "no number while the step is traced",
        "NumPy functions",
    ),
    "np.float64": (lambda m: np.float64(m.k.value), Traced, "", "NumPy functions"),
    "index of an array": (
        lambda m: np.arange(9)[m.k.value],
        Traced,
        "turned into a plain array, which failed",
        "nd.Table",
    ),
    "out=": (lambda m: np.add(m.k.value, 1, out=np.zeros(4)), Function, "np.add with out=", r"x = x \+ y"),
    "out= into a state": (lambda m: np.exp(m.k, out=m.k), Function, "exp with out=", "value = "),
    "where=": (lambda m: np.exp(m.k.value, where=m.b.value), Function, "np.exp with where=", "np.where"),
    "in place on an array": (in_place_on_array, Function, "np.add with out=", r"x = x \+ y"),
    "astype of text": (lambda m: m.V.value.astype("U"), Traced, "astype", "bool, int or float"),
    "reshape": (lambda m: m.V.value.reshape(3), Shape, r"\(4,\) cannot take shape", "number of elements"),
    "& of numbers": (lambda m: m.k.value & m.b.value, Traced, "and of int values", "Compare first"),
    "np.where of numbers": (lambda m: np.where(m.k.value, 1, 2), Traced, "needs a condition", "Compare first"),
    "np.where of one": (lambda m: np.where(m.b.value), Function, "condition only", "np.where"),
    "np.where of two units": (
        lambda m: np.where(m.b.value, 1 * mV, 1 * ms),
        Unit,
        "select of mV and ms",
        "one physical dimension",
    ),
    "np.where with zero": (lambda m: np.where(m.b.value, 0, m.V), Unit, "select of dimensionless and mV", "zero too"),
    "sum with a number": (lambda m: m.V.value + 1, Unit, "add of mV and dimensionless", "zero too"),
    "comparison with a number": (lambda m: m.V > -50, Unit, "greater of mV and dimensionless", "zero too"),
    "comparison from the left": (
        lambda m: 5 * ms < m.V.value,
        Unit,
        "mV is compared with .* ms",
        "one physical dimension",
    ),
    "clip by numbers": (lambda m: np.clip(m.V, -70, 0), Unit, "maximum of mV and dimensionless", "one physical"),
    "exp of a voltage": (lambda m: np.exp(m.V), Unit, "exp of a value in mV", r"np.exp\(x / \(1 \* mV\)\)"),
    "power of a voltage": (lambda m: m.V**0.3, Unit, "mV is raised to a power", "Divide by a scale"),
    "quantity to a traced power": (lambda m: (5 * mV) ** m.k.value, Traced, "no number", "NumPy functions"),
    "mean of a Poisson draw": (lambda m: nd.random.poisson(m.V), Unit, "in mV", "Divide by a scale"),
    "probability with unit": (lambda m: nd.random.bernoulli(m.V), Unit, "less of dimensionless and mV", "one physical"),
    "two units of a draw": (lambda m: nd.random.normal(0 * mV, 1 * ms), Unit, "add of mV and ms", "one physical"),
    "None": (lambda m: m.V.value == None, errors.InvalidParameterError, "None is not a real number", "Give a number"),  # noqa: E711
    "text": (lambda m: m.k.value + "a", errors.InvalidParameterError, "'a' is not a real number", "Give a number"),
    "complex": (lambda m: m.k.value * 1j, errors.InvalidParameterError, "1j is not a real number", "Give a number"),
    "array of objects": (
        lambda m: m.k + np.array([None] * 4),
        errors.InvalidParameterError,
        "not a real number",
        "Give a number",
    ),
    "empty array": (lambda m: m.k + np.array([]), Shape, "empty array", "population's shape"),
    "array of another shape": (lambda m: m.k + np.zeros(3), Shape, r"\(4,\) and \(3,\)", "same shape"),
    "right-hand side without a time": (
        lambda m: nd.exp_euler_step(lambda v: -v, m.V),
        Unit,
        "right-hand side is in mV",
        "rate of change",
    ),
    "right-hand side of nothing": (
        lambda m: nd.rk2_step(lambda v: None, m.V),
        errors.RightHandSideError,
        "None",
        "without return",
    ),
    "a pair of states, one derivative": (
        lambda m: nd.rk4_step(lambda v, w: -v / m.tau, (m.V, m.V)),
        errors.RightHandSideError,
        "returns one value, but there are 2 states",
        "Return a tuple",
    ),
    "one state, a pair of derivatives": (
        lambda m: nd.exp_euler_step(lambda v: (-v / m.tau, -v / m.tau), m.V),
        errors.RightHandSideError,
        "returns 2 values, but there is one state",
        "together",
    ),
    "a component without a time": (
        lambda m: nd.exp_euler_step(lambda v, w: (-v / m.tau, -w), (m.V, m.V)),
        Unit,
        "right-hand side of w is in mV",
        "rate of change",
    ),
    "no derivative": (
        lambda m: nd.exp_euler_step(lambda v: -v[1] / m.tau, m.V),
        Function,
        "slice cannot be differentiated",
        "rk4_step",
    ),
    "write of a wrong unit": (
        assign("V", lambda m: m.V / m.tau),
        Unit,
        "Model.V is in mV, but a value in mV/ms",
        "Write a value in mV",
    ),
    "write of a number": (
        assign("V", 0),
        Unit,
        "Model.V is in mV, but a value in dimensionless",
        "Write a value in mV",
    ),
    "write of a wrong shape": (
        assign("V", np.zeros(3) * mV),
        Shape,
        r"Model.V has shape \(4,\), .* shape \(3,\)",
        "own shape",
    ),
    "write of a part": (
        assign("V", lambda m: m.V[:2]),
        Shape,
        r"Model.V has shape \(4,\), .* shape \(2,\)",
        "own shape",
    ),
    "write of a number with axes of its own": (
        assign("V", np.zeros((1, 1)) * mV),
        Shape,
        r"Model.V has shape \(4,\), .* shape \(1, 1\)",
        "own shape",
    ),
    "write of a real number": (
        assign("k", lambda m: m.k * 0.5),
        Traced,
        "Model.k holds int values, but real",
        r"astype\(int\)",
    ),
    "write of a count": (assign("b", lambda m: m.k), Traced, "Model.b holds bool values, but int", r"astype\(bool\)"),
    "write of None": (assign("V", None), errors.InvalidParameterError, "None is not a real number", "Give a number"),
    "write to a parameter": (assign("tau", 3 * ms), Traced, "Model.tau is a Parameter", "nd.State"),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_functions_that_join_neurons(name: str) -> None:
    found = refused(
        lambda: build(model(REDUCTIONS[name])),
        Function,
        "has no rule for traced values",
        r"Model, test_bad_update.py:\d+: ",
        "use a projection",
    )
    spelled = name.replace("V.", ".").replace("state.", ".")
    assert spelled.split("@")[0].strip() in found.what


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    update, error, what, cure = REFUSED[name]
    refused(lambda: build(model(update)), error, what, r"Model, test_bad_update.py:\d+: ", cure)


# ---- values that would be frozen, or lost ----------------------------------------------------------------------------


def count_in_python(m: Any) -> None:
    m.calls = getattr(m, "calls", 0) + 1
    m.k.value = m.k.value + m.calls


def other_path(m: Any) -> None:
    m.calls = getattr(m, "calls", 0) + 1
    for _ in range(m.calls):
        m.k.value = m.k.value + 1


@pytest.mark.parametrize(
    "update",
    [
        pytest.param(lambda m: m.V + np.random.normal(size=4) * mV, id="np.random"),  # noqa: NPY002 - the mistake
        pytest.param(lambda m: m.V + np.random.default_rng().normal(size=4) * mV, id="generator"),
        pytest.param(lambda m: m.V + random.random() * mV, id="random"),
        pytest.param(lambda m: m.V + time.perf_counter() * mV, id="clock"),
        pytest.param(count_in_python, id="counter"),
        pytest.param(other_path, id="another path"),
    ],
)
def test_numbers_from_outside_are_not_frozen(update: Any) -> None:
    refused(
        lambda: build(model(update)),
        Traced,
        "changes each time the step is traced",
        r"Model, test_bad_update.py:\d+: ",
        "nd.random, .* nd.State",
    )


def keep_on_self(m: Any) -> None:
    if not hasattr(m, "last"):
        m.last = m.V.value
    m.V.value = m.last + 1 * mV


def test_traced_value_kept_between_steps() -> None:
    refused(
        lambda: build(model(keep_on_self)),
        errors.NotInitialisedError,
        "earlier trace",
        "Model, test_bad_update.py",
        "nd.State",
    )


def test_traced_value_used_after_the_trace() -> None:
    kept: list[Any] = []
    build(model(lambda m: kept.append(m.V.value)))
    refused(lambda: kept[0] + 1 * mV, errors.NotInitialisedError, "after its trace has ended", "None", "nd.State")


def share_within_the_step(m: Any) -> Any:
    m.crossed = m.V.value > m.V_th
    m.k.value = m.k + m.crossed
    return m.crossed


def test_traced_value_on_self_within_one_step_is_fine() -> None:
    assert build(model(share_within_the_step)).run(1 * ms).last == 10


def replace_state(m: Any) -> None:
    m.V = m.V.value + 1 * mV


def replace_in_place(m: Any) -> None:
    m.V += 1 * mV


def make_state(m: Any) -> None:
    m.w = nd.State(0.0)


def write_unknown(m: Any) -> None:
    m.w.value = 1.0


def read_unknown(m: Any) -> Any:
    return m.V_treshold < m.V


@pytest.mark.parametrize(
    ("update", "error", "what", "cure"),
    [
        (
            replace_state,
            errors.UnknownStateError,
            "Model.V is a State, and .* is assigned in its place",
            "x.V.value = ",
        ),
        (
            replace_in_place,
            errors.UnknownStateError,
            "Model.V is a State, and .* is assigned in its place",
            "x.V.value = ",
        ),
        (make_state, errors.NotInitialisedError, "Model.w is made while a step is traced", "init_state"),
        (write_unknown, errors.UnknownStateError, "Model has no attribute 'w'", "states are: V, k, b"),
        (read_unknown, errors.UnknownStateError, "Model has no attribute 'V_treshold'", "states are: V, k, b"),
    ],
)
def test_attributes(update: Any, error: Any, what: str, cure: str) -> None:
    refused(lambda: build(model(update)), error, what, "Model, test_bad_update.py", cure)


def in_place_on_the_value(m: Any) -> None:
    m.V.value += 1 * mV
    m.k.value -= 2
    local = m.V.value
    local *= 2


def test_in_place_operators_on_values_write_states_but_never_what_they_came_from() -> None:
    traced, eager = model(in_place_on_the_value), nd.init_all_states(model(in_place_on_the_value))
    sim = build(traced)
    sim.run(0.3 * ms)
    with nd.environ.context(dt=0.1 * ms):
        for _ in range(3):
            eager()
    for name, value in (("V", -57.0 * mV), ("k", -6)):
        assert (sim.get(traced, name) == value).all()
        assert (getattr(eager, name).value == value).all()


# ---- what an update returns, and errors of Python --------------------------------------------------------------------


def test_update_that_returns_no_array() -> None:
    nothing, pair = model(lambda m: None), model(lambda m: (m.b.value, m.k.value))
    for neurons in (nothing, pair):
        sim = build(neurons)
        assert sim.run(1 * ms).last == 10
        refused(
            lambda sim=sim: sim.record(sim.network, spikes=True),
            errors.RecordingError,
            "Model has no spikes",
            "Model",
            "returns a Boolean",
        )
    refused(
        lambda: build(model(lambda m: "spike")),
        errors.InvalidParameterError,
        "'spike' is not a real number",
        "Model",
        "Give a number",
    )


def test_spikes_of_an_update_that_returns_numbers() -> None:
    sim = build(model(lambda m: m.V.value))
    refused(
        lambda: sim.record(sim.network, spikes=True),
        errors.RecordingError,
        "returns real values",
        "Model",
        "returns a Boolean",
    )


def test_output_that_is_no_single_array() -> None:
    net = nd.DynamicsGroup()
    net.A, net.B, net.order = model(lambda m: None), nd.LIF(4), ("A", "B")
    past = net.A.output_delay(1 * ms)
    net.B.add_delta_input("past", lambda: past() * mV)
    refused(
        lambda: build(net),
        errors.SchedulingError,
        "its update returns no single array",
        "DynamicsGroup.A",
        "Return the output",
    )


def test_model_without_update() -> None:
    refused(
        lambda: build(nd.Neuron(3)),
        errors.UnsupportedFeatureError,
        "Neuron has no update method",
        "Neuron",
        "def update",
    )


def test_errors_of_the_user_come_through_with_a_note() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        build(model(lambda m: 1 / 0))
    assert caught.value.__notes__ == ["raised while a step of Model was traced"]


def test_nested_functions_name_the_innermost_line() -> None:
    def outer(m: Any) -> Any:
        def inner(v: Any) -> Any:
            return v + m.tau

        return inner(m.V.value)

    refused(
        lambda: build(model(outer)),
        Unit,
        "add of mV and ms",
        rf"test_bad_update.py:{outer.__code__.co_firstlineno + 2}: return v \+ m.tau",
        "one physical",
    )
