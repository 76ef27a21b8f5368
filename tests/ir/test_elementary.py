"""Elementary functions: the same bits from NumPy and compiled, their accuracy, their borders, and their text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from numbadyn.ir.elementary import EXPREL_SHORT_LIMIT, NAMES, numba_source, numpy_functions
from tests.compiled import compiled_module

mpmath = pytest.importorskip("mpmath")

# Name: (largest error in units in the last place at 64 and 32 bits, range of the arguments).
UNARY = {
    "exp": (1.0, 1.0, (-87.0, 88.0)),
    "expm1": (1.5, 1.5, (-30.0, 88.0)),
    "exprel": (3.0, 3.5, (-30.0, 88.0)),
    "log": (1.0, 1.0, (0.0, 40.0)),
    "log1p": (1.5, 2.0, (-0.999, 40.0)),
    "log2": (2.0, 2.0, (0.0, 40.0)),
    "log10": (2.0, 2.0, (0.0, 40.0)),
    "sin": (2.0, 2.0, (-1e5, 1e5)),
    "cos": (2.0, 2.0, (-1e5, 1e5)),
    "tan": (4.0, 4.0, (-1e5, 1e5)),
    "arctan": (2.0, 2.0, (-50.0, 50.0)),
    "sinh": (2.5, 2.5, (-80.0, 80.0)),
    "cosh": (2.0, 2.0, (-80.0, 80.0)),
    "erf": (2.0, 2.0, (-7.0, 7.0)),
    "erfinv": (4.0, 4.0, (-1.0, 1.0)),
    "tanh": (2.0, 2.0, (-20.0, 20.0)),
}
PARTS = ("exprel_short", "exprel_general")
# fmt: off
SPECIAL = [
    0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 1.5, -1.5, math.inf, -math.inf, math.nan, 1e300, -1e300,
    5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 1e-45, 1e-40, 9007199254740993.0, 4503599627370497.5, -8388607.0,
    709.7, 710.4, 712.0, -708.5, -745.1, -746.0, 88.7, 89.1, -103.0, 1e20, -1e20, 0.9999999999999999,
    1.0000000000000002, 709.78271289338397, 709.78271289338409, -708.38, -708.39, -708.4, 88.722831, 88.72284, -87.32,
    -87.33, -87.34, 1.5000000000000002, -1.5000000000000002, 1.5000001, -1.5000001,
]
# fmt: on


def real_type(bits: int) -> Any:
    return np.float64 if bits == 64 else np.float32


def same_bits(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    integer = np.int64 if a.dtype == np.float64 else np.int32
    return (a.view(integer) == b.view(integer)) | (np.isnan(a) & np.isnan(b))


def cast(values: Any, bits: int) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(values, np.float64).astype(real_type(bits))


@pytest.fixture(scope="module", params=[64, 32])
def bits(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def compiled(bits: int) -> dict[str, Any]:
    """Compile a loop over each function, from the text alone."""
    text = numba_source([*UNARY, *PARTS, "power"], bits)
    for name in (*UNARY, *PARTS):
        text += f"\n\n@entry\ndef loop_{name}(x, out):\n    for i in range(x.size):\n        out[i] = {name}(x[i])\n"
    text += "\n\n@entry\ndef loop_power(x, y, out):\n    for i in range(x.size):\n        out[i] = power(x[i], y[i])\n"
    return vars(compiled_module(text))


def arguments(bits: int) -> np.ndarray:
    draw = np.random.default_rng(1)
    every_size = draw.normal(size=20_000) * 10.0 ** draw.uniform(-320, 30, 20_000)
    return cast(np.concatenate([draw.normal(size=50_000), draw.uniform(-760, 760, 30_000), every_size, SPECIAL]), bits)


@pytest.mark.parametrize("name", [*UNARY, *PARTS])
def test_numpy_and_compiled_give_the_same_bits(name: str, bits: int, compiled: dict[str, Any]) -> None:
    x = arguments(bits)
    out = np.empty_like(x)
    compiled[f"loop_{name}"](x, out)
    result = numpy_functions(bits)[name](x)
    assert result.dtype == x.dtype
    different = ~same_bits(result, out)
    assert not different.any(), (x[different][:5], result[different][:5], out[different][:5])


def test_power_gives_the_same_bits(bits: int, compiled: dict[str, Any]) -> None:
    draw = np.random.default_rng(2)
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL])
    x = cast(np.concatenate([10 ** draw.uniform(-20, 20, 50_000), -draw.uniform(0, 5, 50_000), pairs[:, 0]]), bits)
    y = cast(np.concatenate([draw.uniform(-15, 15, 50_000), draw.integers(-20, 20, 50_000), pairs[:, 1]]), bits)
    out = np.empty_like(x)
    compiled["loop_power"](x, y, out)
    assert same_bits(numpy_functions(bits)["power"](x, y), out).all()


def units_in_last_place(value: Any, exact: Any, bits: int) -> float:
    digits = 53 if bits == 64 else 24
    unit = mpmath.mpf(2) ** (mpmath.frexp(exact)[1] - digits)
    return float(abs(mpmath.mpf(float(value)) - exact) / unit)


def references() -> dict[str, Any]:
    table = {name: getattr(mpmath, name, None) for name in UNARY}
    table["arctan"] = mpmath.atan
    table["log2"] = lambda x: mpmath.log(x) / mpmath.log(2)
    table["exprel"] = lambda x: mpmath.expm1(x) / x if x else mpmath.mpf(1)
    return table


def largest_error(name: str, x: np.ndarray, bits: int) -> float:
    """Largest error in units in the last place, of the results that are not 0."""
    result = numpy_functions(bits)[name](x)
    exact = references()[name]
    with mpmath.workprec(160):
        return max(
            units_in_last_place(value, exact(mpmath.mpf(float(argument))), bits)
            for argument, value in zip(x, result, strict=True)
            if value != 0
        )


@pytest.mark.parametrize("name", UNARY)
def test_error_in_units_in_the_last_place(name: str, bits: int) -> None:
    bound64, bound32, (low, high) = UNARY[name]
    draw = np.random.default_rng(3)
    near_zero = draw.choice([-1.0, 1.0], 300) * 10 ** draw.uniform(-12, 0, 300)
    x = np.concatenate([draw.uniform(low, high, 300), draw.uniform(max(low, -1.0), 1.0, 300), near_zero])
    x = np.concatenate([x, 1.0 + 0.1 * near_zero])
    x = cast(x, bits)
    x = x[(x > low) & (x < high)]
    assert largest_error(name, x, bits) <= (bound64 if bits == 64 else bound32)


@pytest.mark.parametrize(
    ("low", "high", "bound"), [(-EXPREL_SHORT_LIMIT, 0.0, 1.5), (0.0, 1.0, 2.5), (1.0, EXPREL_SHORT_LIMIT, 3.0)]
)
def test_error_of_exprel_near_zero(low: float, high: float, bound: float, bits: int) -> None:
    x = cast(np.linspace(low, high, 1_500), bits)
    assert largest_error("exprel", x, bits) <= bound


def test_error_of_power(bits: int) -> None:
    draw = np.random.default_rng(4)
    x = cast(np.concatenate([draw.uniform(0.01, 50, 300), draw.uniform(0.5, 2.0, 300)]), bits)
    y = cast(np.concatenate([draw.uniform(-8, 8, 300), draw.uniform(-120, 120, 300)]), bits)
    result = numpy_functions(bits)["power"](x, y)
    with mpmath.workprec(200):
        errors = [
            units_in_last_place(c, mpmath.power(mpmath.mpf(float(a)), mpmath.mpf(float(b))), bits)
            for a, b, c in zip(x, y, result, strict=True)
        ]
    assert max(errors) <= 1.5


@pytest.mark.parametrize("name", [name for name in UNARY if name not in ("erf", "erfinv", "exprel")])
def test_borders_are_those_of_numpy(name: str, bits: int) -> None:
    x = cast(SPECIAL, bits)
    if name in ("sin", "cos", "tan"):
        x = x[~(np.abs(x) > 1e6) | np.isinf(x)]
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x.astype(np.float64)).astype(x.dtype)
    if name == "exp":
        expected[x < real_type(bits)(-708.39 if bits == 64 else -87.33)] = 0.0
    result = numpy_functions(bits)[name](x)
    tolerance = 1e-14 if bits == 64 else 1e-6
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=0.0)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(result[numbers]), np.signbit(expected[numbers]))


def test_special_cases_of_power_are_those_of_numpy(bits: int) -> None:
    pairs = cast([(a, b) for a in SPECIAL for b in SPECIAL], bits)
    x, y = pairs[:, 0], pairs[:, 1]
    with np.errstate(all="ignore"):
        expected = np.power(x.astype(np.float64), y.astype(np.float64)).astype(x.dtype)
    result = numpy_functions(bits)["power"](x, y)
    np.testing.assert_allclose(result, expected, rtol=1e-14 if bits == 64 else 1e-6, atol=0.0)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(result[numbers]), np.signbit(expected[numbers]))


def test_borders_of_exprel(bits: int) -> None:
    exprel = numpy_functions(bits)["exprel"]
    np.testing.assert_array_equal(exprel(cast([0.0, -0.0, math.inf, -math.inf, 1e-30], bits)), [1, 1, math.inf, 0, 1])
    assert np.isnan(exprel(math.nan))
    # The exponential alone has overflowed, the quotient has not.
    large = 712.0 if bits == 64 else 91.0
    exact = float(mpmath.expm1(large) / large)
    assert exprel(large) == pytest.approx(exact, rel=1e-14 if bits == 64 else 1e-6)


def test_exprel_is_made_of_its_parts_bit_by_bit(bits: int) -> None:
    functions = numpy_functions(bits)
    limit = real_type(bits)(EXPREL_SHORT_LIMIT)
    border = np.array([s * np.nextafter(limit, limit + side) for s in (-1, 1) for side in (-1, 0, 1)], limit.dtype)
    x = np.concatenate([arguments(bits), border])
    near = np.abs(x) <= EXPREL_SHORT_LIMIT
    expected = np.where(near, functions["exprel_short"](x), functions["exprel_general"](x))
    assert same_bits(functions["exprel"](x), expected).all()
    assert 0 < near.sum() < x.size


def test_exprel_is_continuous_at_the_limit(bits: int) -> None:
    exprel = numpy_functions(bits)["exprel"]
    for side in (-1, 1):
        limit = real_type(bits)(side * EXPREL_SHORT_LIMIT)
        inside, outside = exprel(limit), exprel(np.nextafter(limit, 2 * limit))
        assert abs(float(outside) - float(inside)) <= 6 * float(np.spacing(inside))


def test_nan_of_any_bits_stays_nan(bits: int) -> None:
    payload = np.arange(1, 5_000)
    if bits == 64:
        x = np.concatenate([payload + 0x7FF8000000000000, payload - 0x8000000000000]).view(np.float64)
    else:
        x = np.concatenate([payload + 0x7FC00000, payload - 0x400000]).astype(np.int32).view(np.float32)
    assert np.isnan(x).all()
    for name in UNARY:
        assert np.isnan(numpy_functions(bits)[name](x)).all()


def test_borders_of_erf(bits: int) -> None:
    x = cast([0.0, -0.0, math.inf, -math.inf, 30.0, -30.0, math.nan], bits)
    result = numpy_functions(bits)["erf"](x)
    np.testing.assert_array_equal(result, [0, 0, 1, -1, 1, -1, math.nan])
    assert np.signbit(result[1])


def test_borders_of_erfinv(bits: int) -> None:
    erfinv, digits = numpy_functions(bits)["erfinv"], 53 if bits == 64 else 24
    result = erfinv(cast([0.0, -0.0, 1.0, -1.0, 1.5, -1.5, math.inf, -math.inf, math.nan], bits))
    np.testing.assert_array_equal(result, [0.0, 0.0, math.inf, -math.inf, *[math.nan] * 5])
    np.testing.assert_array_equal(np.signbit(result[:2]), [False, True])
    below_one = 1.0 - 2.0**-digits * np.arange(1, 40)
    x = cast([*below_one, *-below_one, *(0.5 + 2.0**-digits * np.arange(-3, 4)), 1e-30, -1e-30], bits)
    assert largest_error("erfinv", x, bits) <= 4.0


def test_sine_and_cosine_stay_bounded_for_huge_angles(bits: int) -> None:
    x = cast(np.logspace(5, 300 if bits == 64 else 38, 2_000), bits)
    for name in ("sin", "cos"):
        assert np.abs(numpy_functions(bits)[name](x)).max() <= 1.0


def test_powers_of_two_have_exact_logarithms(bits: int) -> None:
    k = np.arange(-140 if bits == 32 else -1070, 120)
    np.testing.assert_array_equal(numpy_functions(bits)["log2"](cast(2.0**k, bits)), k)


def test_exp_is_normal_or_zero_at_its_lower_end_and_right_at_its_upper(bits: int) -> None:
    low, high = (-708.39, 709.782712893384) if bits == 64 else (-87.33, 88.72283)
    exp = numpy_functions(bits)["exp"]
    x = cast(np.linspace(low - 1.0, low + 1.0, 2_001), bits)
    result = exp(x)
    kept = x >= real_type(bits)(low)
    assert (result[~kept] == 0.0).all()
    assert (result[kept] >= np.finfo(x.dtype).tiny).all()
    assert largest_error("exp", x[::20], bits) <= 1.0
    border = real_type(bits)(high)
    assert largest_error("exp", np.array([border, np.nextafter(border, 0)]), bits) <= 1.0
    assert np.isinf(exp(np.nextafter(border, 2 * border)))


def test_scalars_and_shapes_are_kept(bits: int) -> None:
    functions = numpy_functions(bits)
    assert isinstance(functions["exp"](0.5), real_type(bits))
    assert functions["exp"](np.zeros((2, 3))).shape == (2, 3)
    assert functions["power"](np.ones((2, 1)), np.ones(3)).shape == (2, 3)
    assert functions["sin"](np.zeros((4, 4), real_type(bits))[::2, 1]).shape == (2,)


def test_text_is_the_same_for_the_same_set_and_has_no_duplicates(bits: int) -> None:
    text = numba_source(["tanh", "exp", "exprel"], bits)
    assert text == numba_source(["exprel", "exprel", "exp", "tanh"], bits)
    lines = [line for line in text.splitlines() if line.startswith("def ")]
    assert len(lines) == len(set(lines))
    assert "def expm1_scaled(x):" in lines


def test_every_name_has_a_text_and_a_numpy_function(bits: int) -> None:
    assert set(NAMES) <= set(numpy_functions(bits))
    for name in NAMES:
        assert f"def {name}(" in numba_source([name], bits)


def test_text_calls_no_library(bits: int) -> None:
    text = numba_source(NAMES, bits)
    for forbidden in ("math.", "np.exp", "np.log", "np.sin", "np.where", "np.power", "**"):
        assert forbidden not in text


def test_bad_requests_are_refused() -> None:
    with pytest.raises(KeyError, match="gamma"):
        numba_source(["gamma"], 64)
    with pytest.raises(ValueError, match="16"):
        numba_source(["exp"], 16)
