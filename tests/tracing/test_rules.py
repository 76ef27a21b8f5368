"""Every NumPy function with a rule: its value on both targets and in eager calls, its unit, its kind.

All rows of the table run in one network, so that they are compiled once.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA, pF
from scipy import special

import numbadyn as nd
from numbadyn.errors import (
    DimensionError,
    InvalidParameterError,
    KindError,
    NumbadynError,
    ShapeError,
    TracedValueError,
    UnsupportedFunctionError,
)
from numbadyn.ir.elementary.registry import ELEMENTARY
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.nodes import BindContext
from numbadyn.tracing.rules import FUNCTIONS, UFUNCS
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import split
from tests.features.both import run_on

N = 24
STEPS = 3
RNG = np.random.default_rng(7)
INPUTS = {
    "a": RNG.uniform(-3.0, 3.0, N),
    "b": RNG.uniform(-2.0, 2.0, N),
    "p": RNG.uniform(0.1, 5.0, N),  # positive
    "k": RNG.integers(-7, 8, N),
    "j": RNG.integers(1, 6, N),  # positive
    "m": RNG.random(N) < 0.5,
    "n": RNG.random(N) < 0.5,
}
INPUTS["a"][:4] = [0.0, -0.0, 1.0, -2.5]
INPUTS["b"][:4] = [0.0, 1.0, 1.0, 2.5]

#: What the inputs become in each step, so that nothing is constant.
NEXT: dict[str, Callable[..., Any]] = {
    "a": lambda v: -v["a"],
    "b": lambda v: v["b"] * 0.5,
    "p": lambda v: v["p"] + 0.25,
    "k": lambda v: -v["k"] + 1,
    "j": lambda v: v["j"] + 1,
    "m": lambda v: ~v["m"],
    "n": lambda v: v["m"],
}


def _elementary() -> dict[str, Callable[[Any], Any]]:
    """The elementary functions that stand for a ufunc, each on arguments for which it has a value."""
    found: dict[str, Callable[[Any], Any]] = {}
    for row in ELEMENTARY.values():
        if row.ufunc:
            module, _, name = row.ufunc.rpartition(".")
            found[name] = _where_defined(getattr({"numpy": np, "scipy.special": special}[module], name))
    return found


def _where_defined(ufunc: np.ufunc) -> Callable[[Any], Any]:
    if ufunc.nin == 2:
        return lambda v: ufunc(v["a"], v["p"])
    with np.errstate(all="ignore"):
        everywhere = np.isfinite(ufunc(INPUTS["a"])).all()
    return (lambda v: ufunc(v["a"])) if everywhere else (lambda v: ufunc(v["p"] * 0.125))


#: Name of the function -> how it is used. The keys before the colon are those of the tables of rules.
ROWS: dict[str, Callable[[Any], Any]] = {
    **_elementary(),
    "add": lambda v: np.add(v["a"], v["b"]),
    "add: operators": lambda v: 1.5 + v["a"] + v["b"] + 2,
    "add: integers": lambda v: v["k"] + v["j"],
    "add: mixed": lambda v: v["k"] + v["a"],
    "add: booleans count": lambda v: v["m"].astype(int) + v["n"].astype(int),
    "subtract": lambda v: 3 - v["a"] - v["b"],
    "multiply": lambda v: v["a"] * v["b"] * v["k"],
    "multiply: by a mask": lambda v: v["a"] * v["m"],
    "divide": lambda v: v["a"] / v["p"],
    "divide: integers": lambda v: v["k"] / v["j"],
    "true_divide": lambda v: np.true_divide(2.0, v["p"]),
    "floor_divide": lambda v: v["a"] // v["p"],
    "floor_divide: integers": lambda v: v["k"] // v["j"],
    "remainder": lambda v: np.remainder(v["a"], v["p"]),
    "remainder: integers": lambda v: v["k"] % v["j"],
    "power": lambda v: v["p"] ** v["a"],
    "power: square": lambda v: v["a"] ** 2,
    "power: whole": lambda v: v["a"] ** 5,
    "power: negative": lambda v: v["p"] ** -3,
    "power: integers": lambda v: v["k"] ** 3,
    "power: root": lambda v: v["p"] ** 0.5,
    "power: of two": lambda v: 2.0 ** v["a"],
    "float_power": lambda v: np.float_power(v["p"], 1.5),
    "square": lambda v: np.square(v["a"]),
    "reciprocal": lambda v: np.reciprocal(v["p"]),
    "negative": lambda v: -v["a"],
    "negative: integers": lambda v: -v["k"],
    "positive": lambda v: +v["a"],
    "absolute": lambda v: abs(v["a"]),
    "absolute: integers": lambda v: np.abs(v["k"]),
    "fabs": lambda v: np.fabs(v["a"]),
    "sqrt": lambda v: np.sqrt(v["p"]),
    "sign": lambda v: np.sign(v["a"]),
    "floor": lambda v: np.floor(v["a"]),
    "ceil": lambda v: np.ceil(v["a"]),
    "rint": lambda v: np.rint(v["a"]),
    "trunc": lambda v: np.trunc(v["a"]),
    "minimum": lambda v: np.minimum(v["a"], v["b"]),
    "minimum: integers": lambda v: np.minimum(v["k"], v["j"]),
    "maximum": lambda v: np.maximum(v["a"], 0.25),
    "exp2": lambda v: np.exp2(v["a"]),
    "fmod": lambda v: np.fmod(v["a"], v["p"]),
    "fmod: integers": lambda v: np.fmod(v["k"], -v["j"]),
    "sign: integers": lambda v: np.sign(v["k"]),
    "add: conditions": lambda v: (v["m"] + v["n"]) * v["a"],
    "multiply: conditions": lambda v: v["m"] * v["n"],
    "heaviside": lambda v: np.heaviside(v["a"], 0.5),
    "isnan": lambda v: np.isnan(np.where(v["m"], np.nan, v["a"])),
    "isfinite": lambda v: np.isfinite(np.where(v["m"], np.inf, v["a"])),
    "isinf": lambda v: np.isinf(np.where(v["m"], -np.inf, v["a"])),
    "less": lambda v: v["a"] < v["b"],
    "less_equal": lambda v: v["a"] <= v["b"],
    "greater": lambda v: v["b"] > 0.5,
    "greater_equal": lambda v: v["k"] >= 0,
    "equal": lambda v: v["a"] == v["b"],
    "equal: integers": lambda v: v["k"] == v["j"],
    "not_equal": lambda v: v["k"] != 1,
    "logical_and": lambda v: np.logical_and(v["m"], v["k"]),
    "logical_or": lambda v: np.logical_or(v["m"], v["a"] > 0),
    "logical_xor": lambda v: np.logical_xor(v["m"], v["n"]),
    "logical_not": lambda v: np.logical_not(v["k"]),
    "bitwise_and": lambda v: v["m"] & v["n"],
    "bitwise_or": lambda v: v["m"] | (v["a"] > 0),
    "bitwise_xor": lambda v: v["m"] ^ v["n"],
    "invert": lambda v: ~v["m"],
    "where": lambda v: np.where(v["m"], v["a"], v["b"]),
    "where: numbers": lambda v: np.where(v["a"] > 0, 1.0, 2.5),
    "where: integers": lambda v: np.where(v["m"], v["k"], 3),
    "where: mixed kinds": lambda v: np.where(v["m"], v["k"], 0.5),
    "where: booleans": lambda v: np.where(v["m"], v["n"], False),
    "where: nested": lambda v: np.where(v["m"], np.where(v["n"], v["a"], 1.0), np.where(v["n"], -1.0, v["b"])),
    "select": lambda v: np.select([v["a"] > 1, v["m"]], [v["a"], v["b"]], default=0.5),
    "select: integers": lambda v: np.select([v["m"], v["n"]], [v["k"], v["j"]]),
    "roll": lambda v: np.roll(v["a"], 3) + v["b"],
    "roll: axis": lambda v: np.roll(v["k"].reshape(4, 6), (1, -2), (0, 1)).ravel(),
    "concatenate": lambda v: np.concatenate([v["a"][5:], v["b"][:3], np.array([1.5, 2.5])]),
    "concatenate: axis": lambda v: np.concatenate(
        [v["a"].reshape(6, 4)[:, 1:], v["k"].reshape(6, 4)[:, :1]], 1
    ).ravel(),
    "full_like": lambda v: np.full_like(v["a"], 2.5) * v["b"],
    "full_like: integers": lambda v: np.full_like(v["k"], 2) + v["k"],
    "isclose": lambda v: np.isclose(v["a"], v["b"], atol=0.5),
    "isclose: edges": lambda v: np.isclose(np.where(v["m"], np.inf, v["a"]), np.where(v["n"], np.inf, np.nan)),
    "isclose: equal_nan": lambda v: np.isclose(
        np.where(v["m"], np.nan, 1.0), np.where(v["n"], np.nan, 1.0), equal_nan=True
    ),
    "clip": lambda v: np.clip(v["a"], -1.0, 0.5),
    "clip: low only": lambda v: np.clip(v["a"], 0.0, None),
    "clip: keywords": lambda v: np.clip(v["a"], min=-0.5, max=v["p"]),
    "clip: method": lambda v: v["a"].clip(-1.0, 1.0),
    "clip: integers": lambda v: np.clip(v["k"], -2, 2),
    "sum": lambda v: np.sum(v["p"]) + v["a"],
    "sum: conditions": lambda v: v["m"].sum() + v["k"],
    "sum: integers": lambda v: np.sum(v["k"].reshape(4, 6), axis=1, keepdims=True).ravel()[:1] + v["j"],
    "mean": lambda v: v["p"] - np.mean(v["a"]),
    "max": lambda v: v["a"].max() * v["b"],
    "amax": lambda v: np.amax(v["a"]) * v["b"],
    "amin": lambda v: np.amin(v["a"]) * v["b"],
    "min": lambda v: np.min(v["k"]) + v["j"],
    "any": lambda v: np.any(v["m"] & v["n"]) | v["m"],
    "all": lambda v: v["m"] & np.all(v["p"] > 0),
    "std": lambda v: np.std(v["p"]) + v["p"],
    "var": lambda v: v["p"].var() + v["p"],
    "dot": lambda v: np.dot(v["p"], v["j"]) + v["a"],
    "matmul": lambda v: np.hypot(*np.mgrid[:N, :N]) @ v["p"],
    "zeros_like": lambda v: np.zeros_like(v["a"]) + v["a"],
    "ones_like": lambda v: np.ones_like(v["k"]) + v["k"],
    "ones_like: dtype": lambda v: np.ones_like(v["a"], dtype=int) * v["k"],
    "round": lambda v: np.round(v["a"]),
    "real": lambda v: np.real(v["a"]),
    "astype: int": lambda v: v["a"].astype(int),
    "astype: float": lambda v: v["k"].astype(float) / 4,
    "astype: bool": lambda v: v["k"].astype(bool),
    "in place": lambda v: _in_place(v["a"].copy(), v["b"]),
    "slices": lambda v: v["a"][1:2] + v["b"],
    "item": lambda v: v["a"][-1] * v["b"],
    "reshape": lambda v: (v["a"].reshape(4, -1) + 1.0).ravel(),
    "broadcast": lambda v: v["a"][:1] + v["b"] * np.array([2.0]),
    "array literal": lambda v: v["a"] + np.linspace(0.0, 1.0, N),
}


def _in_place(x: Any, y: Any) -> Any:
    x += y
    x *= 2.0
    x -= 0.5
    x /= 4.0
    return x


#: Bits of rounding that our own elementary functions and their combinations may differ from NumPy's.
ULPS = {
    "erfinv": 6,
    "logaddexp": 4,
    "power": 4,
    "float_power": 4,
    "exp2": 4,
    "log2": 4,
    "tan": 4,
    "sinh": 4,
    "cosh": 4,
    "tanh": 4,
    "remainder": 8,
}
NAMES = {key: f"y{number}" for number, key in enumerate(ROWS)}


class Table(nd.Dynamics):
    """Computes every row in every step."""

    def init_state(self) -> None:
        for name, values in INPUTS.items():
            setattr(self, f"in_{name}", nd.State(values))
        for key, rule in ROWS.items():
            setattr(self, NAMES[key], nd.State(np.zeros(N, dtype=rule(INPUTS).dtype)))

    def update(self) -> None:
        values = {name: getattr(self, f"in_{name}").value for name in INPUTS}
        for key, rule in ROWS.items():
            getattr(self, NAMES[key]).value = rule(values)
        for name, rule in NEXT.items():
            getattr(self, f"in_{name}").value = rule(values)


def record_all(sim: nd.Simulator) -> None:
    for name in NAMES.values():
        sim.record(sim.network, name)


def numpy_says() -> list[dict[str, Any]]:
    """The values that NumPy gives for the rows in each step."""
    values, answers = dict(INPUTS), []
    for _ in range(STEPS):
        with np.errstate(all="ignore"):
            answers.append({key: rule(values) for key, rule in ROWS.items()})
            values = {name: rule(values) for name, rule in NEXT.items()}
    return answers


@pytest.fixture(scope="module")
def expected() -> list[dict[str, Any]]:
    return numpy_says()


@pytest.fixture(scope="module")
def recordings() -> dict[str, Any]:
    duration = (STEPS + 1) * 0.1 * ms
    return {
        target: run_on(target, lambda: Table(N), 0.1 * ms, duration, record=record_all)[1]["Table"]
        for target in ("interpret", "cpu")
    }


@pytest.fixture(scope="module")
def eager() -> list[dict[str, Any]]:
    table, answers = nd.init_all_states(Table(N)), []
    with nd.environ.context(dt=0.1 * ms):
        for _ in range(STEPS):
            table()
            answers.append({key: getattr(table, name).value for key, name in NAMES.items()})
    return answers


@pytest.mark.parametrize("key", ROWS)
def test_value_is_that_of_numpy(key: str, expected: Any, recordings: Any) -> None:
    found = recordings["interpret"].samples[NAMES[key]].values
    for step in range(STEPS):
        want = expected[step][key]
        assert found.dtype == want.dtype
        if want.dtype.kind != "f":
            np.testing.assert_array_equal(found[step + 1], want)
        else:
            tolerance = ULPS.get(key.partition(":")[0], 2) * np.finfo(float).eps
            np.testing.assert_allclose(found[step + 1], want, rtol=tolerance, atol=1e-300)


@pytest.mark.parametrize("key", ROWS)
def test_both_targets_give_the_same_bits(key: str, recordings: Any) -> None:
    cpu, interpret = (recordings[target].samples[NAMES[key]].values for target in ("cpu", "interpret"))
    assert cpu.dtype == interpret.dtype
    assert cpu.tobytes() == interpret.tobytes()


@pytest.mark.parametrize("key", ROWS)
def test_eager_call_gives_what_numpy_gives(key: str, eager: Any, expected: Any) -> None:
    for step in range(STEPS):
        np.testing.assert_array_equal(eager[step][key], expected[step][key])


def test_every_rule_has_a_row() -> None:
    rows = {key.partition(":")[0] for key in ROWS}
    assert (set(UFUNCS) | set(FUNCTIONS)) - rows == set()


# ---- units, shapes and kinds -----------------------------------------------------------------------------------------


def traced(use: Callable[..., Any], *values: Any) -> Any:
    """What a function of traced values gives."""
    trace = Trace("test")
    with trace.recording():
        return use(*(Traced(trace, as_node(trace, value)) for value in values))


V, W = np.array([-60.0, -50.0]) * mV, np.array([1.0, 2.0]) * mV
TAU, X, K = 20.0 * ms, np.array([0.5, 2.0]), np.array([1, 2])


@pytest.mark.parametrize(
    ("use", "values", "unit"),
    [
        pytest.param(lambda v, w: v + w, (V, W), mV, id="add"),
        pytest.param(lambda v: v - 1 * mV, (V,), mV, id="subtract literal"),
        pytest.param(lambda v: 1 * mV - v, (V,), mV, id="literal subtract"),
        pytest.param(lambda v, g: v * g, (V, 2 * nS), pA, id="multiply"),
        pytest.param(lambda i, c: i / c, (3 * pA, 2 * pF), mV / ms, id="divide"),
        pytest.param(lambda c, g: c / g, (200 * pF, 10 * nS), ms, id="time constant"),
        pytest.param(lambda v: 3 / v, (TAU,), 1 / ms, id="reciprocal"),
        pytest.param(lambda v: np.reciprocal(v), (TAU,), 1 / ms, id="np.reciprocal"),
        pytest.param(lambda v: v**2, (V,), mV**2, id="square"),
        pytest.param(lambda v: v**-1, (TAU,), 1 / ms, id="inverse"),
        pytest.param(lambda v: np.sqrt(v * v), (V,), mV, id="sqrt"),
        pytest.param(lambda v: (v * v) ** 0.5, (V,), mV, id="root"),
        pytest.param(lambda v: (v * v) ** 1.5, (V,), mV**3, id="power one and a half"),
        pytest.param(lambda v: -v, (V,), mV, id="negative"),
        pytest.param(abs, (V,), mV, id="absolute"),
        pytest.param(lambda v, w: np.minimum(v, w), (V, W), mV, id="minimum"),
        pytest.param(lambda v: np.maximum(-55 * mV, v), (V,), mV, id="maximum"),
        pytest.param(lambda v: np.clip(v, -70 * mV, 0 * mV), (V,), mV, id="clip"),
        pytest.param(lambda v, w: np.where(v > w, v, w), (V, W), mV, id="where"),
        pytest.param(lambda v, w: v > w, (V, W), 1.0, id="comparison"),
        pytest.param(lambda v: -55 * mV > v, (V,), 1.0, id="comparison of a literal"),
        pytest.param(lambda v, w: v / w, (V, W), 1.0, id="ratio"),
        pytest.param(lambda v, w: v % w, (V, W), mV, id="remainder"),
        pytest.param(lambda x: np.exp(x), (X,), 1.0, id="exp"),
        pytest.param(lambda v: np.exp(v / (2 * mV)), (V,), 1.0, id="exp of a ratio"),
        pytest.param(lambda v: np.zeros_like(v), (V,), mV, id="zeros_like"),
        pytest.param(lambda r, t: r * t, (10 * Hz, TAU), 1.0, id="rate times time"),
        pytest.param(lambda v: v[:1], (V,), mV, id="slice"),
        pytest.param(lambda v: v.reshape(1, 2), (V,), mV, id="reshape"),
        pytest.param(lambda v: v.magnitude, (V,), 1.0, id="magnitude"),
        pytest.param(lambda v, w: np.select([v > w], [v]), (V, W), mV, id="select"),
        pytest.param(lambda v: np.roll(v, 1), (V,), mV, id="roll"),
        pytest.param(lambda v, w: np.concatenate([v, w]), (V, W), mV, id="concatenate"),
        pytest.param(lambda v: np.full_like(v, 1 * mV), (V,), mV, id="full_like"),
        pytest.param(lambda v, w: np.isclose(v, w), (V, W), 1.0, id="isclose"),
        pytest.param(lambda v, w: np.hypot(v, w), (V, W), mV, id="hypot"),
        pytest.param(lambda v, w: np.arctan2(v, w), (V, W), 1.0, id="arctan2"),
        pytest.param(lambda v: np.cbrt(v * v * v), (V,), mV, id="cbrt"),
        pytest.param(lambda v, w: np.fmod(v, w), (V, W), mV, id="fmod"),
        pytest.param(lambda v, w: v // w, (V, W), 1.0, id="floor_divide"),
        pytest.param(lambda v: v.rescale("V"), (V,), mV, id="rescale"),
    ],
)
def test_unit_of_the_result(use: Callable[..., Any], values: tuple[Any, ...], unit: Any) -> None:
    assert traced(use, *values).dimension == split(unit)[1]


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sin", "cos", "expm1", "log1p", "log10", "sinh", "cosh", "tan"])
def test_transcendental_functions_take_plain_numbers_only(name: str) -> None:
    with pytest.raises(DimensionError, match=rf"{name} of a value in mV: it takes plain numbers only"):
        traced(getattr(np, name), V)


@pytest.mark.parametrize(
    ("use", "values", "says"),
    [
        (lambda v, t: v + t, (V, TAU), "add of mV and ms"),
        (lambda v: v - 1, (V,), "sub of mV and dimensionless"),
        (lambda v: v > 0, (V,), "greater of mV and dimensionless"),
        (lambda v: 5 * ms < v, (V,), "mV is compared with or converted to ms"),
        (lambda v: 5 * ms + v, (V,), "add of ms and mV"),
        (lambda v: np.where(v > 0 * mV, v, 0), (V,), "select of mV and dimensionless"),
        (lambda v: np.minimum(v, 1 * ms), (V,), "minimum of mV and ms"),
        (lambda v: v**0.3, (V,), "mV is raised to a power"),
        (lambda x, v: x**v, (X, V), "power of a value in mV"),
        (lambda v: np.select([v > 0 * mV], [v], default=0), (V,), "select of mV and dimensionless"),
        (lambda v: np.concatenate([v, [1.0]]), (V,), "select of dimensionless and mV"),
        (lambda v: np.full_like(v, 1.0), (V,), "add of mV and dimensionless"),
        (lambda v: np.isclose(v, 1.0), (V,), "sub of mV and dimensionless"),
        (lambda v: np.arctan2(v, 1.0), (V,), "arctan2 of mV and dimensionless"),
        (lambda v: v.rescale(ms), (V,), "mV is compared with or converted to ms"),
    ],
)
def test_units_that_do_not_fit(use: Callable[..., Any], values: tuple[Any, ...], says: str) -> None:
    with pytest.raises(DimensionError, match=says):
        traced(use, *values)


@pytest.mark.parametrize(
    ("use", "values", "kind"),
    [
        (lambda k: k + 1, (K,), "int"),
        (lambda k: k + 1.0, (K,), "real"),
        (lambda k: k / 2, (K,), "real"),
        (lambda k: k // 2, (K,), "int"),
        (lambda k: k > 1, (K,), "bool"),
        (lambda k: np.exp(k), (K,), "real"),
        (lambda k: np.where(k > 1, k, 0), (K,), "int"),
        (lambda k: np.where(k > 1, k, 0.0), (K,), "real"),
        (lambda k: (k > 1) & (k < 3), (K,), "bool"),
        (lambda k: (k > 1) * 2, (K,), "int"),
        (lambda x: x.astype(int), (X,), "int"),
        (lambda x: x.astype(np.float32), (K,), "real"),
        (lambda x: np.floor(x), (X,), "real"),
        (lambda k: np.floor(k), (K,), "int"),
    ],
)
def test_kind_of_the_result(use: Callable[..., Any], values: tuple[Any, ...], kind: str) -> None:
    assert traced(use, *values).kind == kind


GRID = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x[0],
        lambda x: x[-1],
        lambda x: x[1:3],
        lambda x: x[:-1],
        lambda x: x.reshape(12)[2:9:3],
        lambda x: x.reshape((4, 3)),
        lambda x: x.reshape(2, -1)[1],
        lambda x: x.ravel()[5],
        lambda x: x[1:][0],
        lambda x: np.maximum(x, 3.0)[2],
        lambda x: x[np.int64(1)],
        lambda x: x[(1,)],
        lambda x: x[::-1],
        lambda x: x[::2],
        lambda x: x[0, 1],
        lambda x: x[:, 1],
        lambda x: x[[2, 0, 0]],
        lambda x: x[[0, 2], [3, 1]],
        lambda x: x[np.array([True, False, True])],
        lambda x: x[..., -1],
        lambda x: x[1:][[1, 0], ::2],
        lambda x: x[:, None, 2:],
        lambda x: np.maximum(x, 3.0)[[2, 1]][:, [0, 0]],
    ],
)
def test_parts_are_those_of_numpy(use: Callable[..., Any]) -> None:
    part = traced(use, GRID)
    evaluator = Evaluator(part._trace.step, BindContext(0.1, 0))
    evaluator.bind()
    assert part.shape == use(GRID).shape
    np.testing.assert_array_equal(evaluator.values[part._index], use(GRID))


def test_what_is_known_of_a_value_while_tracing() -> None:
    facts = traced(lambda x: (x.shape, x.ndim, x.size, len(x), np.shape(x), np.ndim(x), np.size(x)), GRID)
    assert facts == ((3, 4), 2, 12, 3, (3, 4), 2, 12)


@pytest.mark.parametrize(
    ("use", "error", "says"),
    [
        (lambda x: x[5], ShapeError, "indexed by 5: index 5 is out of bounds for axis 0 with size 3"),
        (lambda x: x[3:], ShapeError, "empty"),
        (lambda x: x[0, 0, 0], ShapeError, "too many indices"),
        (lambda x: x[[0, 3]], ShapeError, "index 3 is out of bounds"),
        (lambda x: x[1.5], ShapeError, "only integers"),
        (lambda x: x[x > 1], UnsupportedFunctionError, "indexed by"),
        (lambda x: x[0][0][0], TracedValueError, "Indexing a single value"),
        (lambda x: x.reshape(5), ShapeError, "cannot take shape"),
        (lambda x: x + np.ones(3), ShapeError, r"add meets shapes \(3, 4\) and \(3,\)"),
        (lambda x: np.where(x), UnsupportedFunctionError, "condition only"),
        (lambda x: np.where(x, 1, 2), TracedValueError, "needs a condition"),
        (lambda x: np.round(x, 2), UnsupportedFunctionError, "decimals"),
        (lambda x: np.clip(x, 0, 1, casting="unsafe"), UnsupportedFunctionError, "np.clip with casting="),
        (lambda x: np.linalg.norm(x), UnsupportedFunctionError, "np.linalg.norm has no rule"),
        (lambda x: np.arcsinh(x), UnsupportedFunctionError, "np.arcsinh has no rule"),
        (lambda x: (x > 1) - (x > 2), KindError, "np.subtract of conditions has no meaning in NumPy"),
        (lambda x: -(x > 1), KindError, "np.negative of conditions has no meaning in NumPy"),
        (lambda x: np.exp(x > 1), KindError, "np.exp of conditions gives float16 in NumPy"),
        (lambda x: (x > 1) * np.int8(3), KindError, "np.multiply of conditions and int8 gives int8"),
        (lambda x: np.where(x > 1, np.float32(1), np.int8(2)), KindError, "np.where of float32 and int8 gives float32"),
        (lambda x: x + np.uint64(2**63), InvalidParameterError, "9223372036854775808"),
        (lambda x: np.select([x > 1], [x, x]), ShapeError, "1 conditions and 2 choices"),
        (lambda x: np.roll(x, 1, axis=5), TracedValueError, "np.roll of a value"),
        (lambda x: np.concatenate([x, np.ones(3)]), ShapeError, "np.concatenate of shapes"),
        (lambda x: np.add.reduce(x), UnsupportedFunctionError, "np.add.reduce has no rule"),
        (lambda x: np.exp(x, out=np.zeros((3, 4))), UnsupportedFunctionError, "np.exp with out="),
        (lambda x: (x > 1) & 1, TracedValueError, "joins conditions"),
    ],
)
def test_refusals(use: Callable[..., Any], error: type[NumbadynError], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        traced(use, GRID)
    assert "test_rules.py" in str(caught.value.where)
    assert caught.value.cure


def test_position_is_the_line_of_the_user() -> None:
    def use(v: Any) -> Any:
        shifted = v + 1 * mV
        return np.where(
            shifted > 0 * mV,
            shifted,
            v,
        )

    result = traced(use, V)
    first = use.__code__.co_firstlineno
    lines = {node.op: node.position.line for node in result._trace.step.nodes}
    assert lines["add"] == first + 1
    assert first + 2 <= lines["select"] <= first + 6
    assert result.node.position.file == "test_rules.py"
    assert "np.where" in result.node.position.text or "shifted" in result.node.position.text


def test_a_math_function_is_refused_by_name() -> None:
    with pytest.raises(TracedValueError, match=r"float\(\) or a function of the math module") as caught:
        traced(lambda x: math.exp(x), X)
    assert "np.exp instead of math.exp" in str(caught.value)


def test_functions_of_one_unit_agree_in_eager_calls() -> None:
    v, w = (np.array(numbers) * mV for numbers in ([3.0, -4.0, 1.0], [4.0, 2.0, 0.3]))

    class Joined(nd.Dynamics):
        def init_state(self) -> None:
            self.v, self.w = nd.State(v), nd.State(w)

        def update(self) -> Any:
            v, w = self.v.value, self.w.value
            parts = [np.concatenate([v, w])[2:5], np.roll(v, 1), np.select([v > w], [v]), np.full_like(v, 2 * mV)]
            plain = np.where(np.isclose(v, w, atol=3 * mV), 1.0, 2.0) * np.arctan2(v, w) + special.erf(v / w)
            return (
                (parts[0] + parts[1] + parts[2] + parts[3]) * plain
                + np.hypot(v, w)
                + np.fmod(v, w)
                + np.cbrt(v * v * w)
            )

    found = traced(lambda v, w: Joined.update(type("", (), {"v": _Valued(v), "w": _Valued(w)})()), v, w)
    assert found.dimension == split(mV)[1]
    evaluator = Evaluator(found._trace.step, BindContext(0.1, 0))
    evaluator.bind()
    eager_value = nd.init_all_states(Joined(3)).update()
    np.testing.assert_allclose(evaluator.values[found._index], split(eager_value)[0], rtol=1e-14)
    assert split(eager_value)[1] == split(mV)[1]


class _Valued:
    def __init__(self, value: Any) -> None:
        self.value = value
