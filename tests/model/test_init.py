import numpy as np
import pytest
import quantities as pq

from numbadyn.errors import DimensionError, InvalidParameterError, ShapeError
from numbadyn.model import init
from numbadyn.units import VOLTAGE

DISTRIBUTIONS = [
    init.Uniform(-60 * pq.mV, -50 * pq.mV),
    init.Normal(-55 * pq.mV, 3 * pq.mV),
    init.Normal(-55 * pq.mV, 3 * pq.mV, low=-56 * pq.mV, high=-54 * pq.mV),
    init.LogNormal(5 * pq.mV, 2 * pq.mV),
]


@pytest.mark.parametrize("recipe", DISTRIBUTIONS, ids=repr)
def test_call_gives_unit_and_shape(recipe):
    values = recipe((3, 4), seed=1)
    assert values.shape == (3, 4)
    assert values.units == pq.mV
    assert recipe.dimension == VOLTAGE


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("recipe", DISTRIBUTIONS, ids=repr)
def test_seed_stream_and_pieces(recipe, bits):
    whole = recipe.sample(1000, seed=2**40 + 7, stream=5, bits=bits)
    assert whole.dtype == np.dtype(f"f{bits // 8}")
    np.testing.assert_array_equal(whole, recipe.sample((10, 100), seed=2**40 + 7, stream=5, bits=bits).ravel())
    np.testing.assert_array_equal(whole[300:], recipe.sample(700, seed=2**40 + 7, stream=5, bits=bits, start=300))
    assert (whole != recipe.sample(1000, seed=7, stream=5, bits=bits)).any()
    assert (whole != recipe.sample(1000, seed=2**40 + 7, stream=6, bits=bits)).any()


def test_elements_beyond_32_bits_are_their_own():
    recipe = init.Uniform(0.0, 1.0)
    assert recipe.sample(1, start=2**32)[0] != recipe.sample(1, start=0)[0]


@pytest.mark.statistical
def test_moments():
    n = 200_000
    uniform = init.Uniform(-60 * pq.mV, -50 * pq.mV).sample(n, seed=3)
    assert uniform.min() >= -60
    assert uniform.max() < -50
    assert abs(uniform.mean() + 55) < 0.04
    assert abs(uniform.std() - 10 / np.sqrt(12)) < 0.03
    normal = init.Normal(4.0, 1.5).sample(n, seed=3)
    assert abs(normal.mean() - 4) < 0.02
    assert abs(normal.std() - 1.5) < 0.02
    log_normal = init.LogNormal(4.0, 1.5).sample(n, seed=3)
    assert abs(log_normal.mean() - 4) < 0.02
    assert abs(log_normal.std() - 1.5) < 0.03


def test_normal_is_clipped_not_redrawn():
    free = init.Normal(0.0, 1.0).sample(500, seed=4)
    clipped = init.Normal(0.0, 1.0, low=-0.5, high=1.0).sample(500, seed=4)
    np.testing.assert_array_equal(clipped, np.clip(free, -0.5, 1.0))


def test_constant_and_values():
    assert init.Constant(3 * pq.ms)(2).tolist() == [3.0, 3.0]
    assert np.isneginf(init.Constant(-np.inf * pq.ms).sample(1)[0])
    given = np.array([1.0, 2.0])
    recipe = init.Values(given)
    given[0] = 9.0
    assert recipe((2, 2)).tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_as_initialiser():
    recipe = init.Uniform(0.0, 1.0)
    assert init.as_initialiser(recipe) is recipe
    assert isinstance(init.as_initialiser(0.02 * pq.s), init.Constant)
    assert init.as_initialiser(0.02 * pq.s) == init.Constant(20 * pq.ms)
    assert isinstance(init.as_initialiser(np.arange(3) * pq.mV), init.Values)
    function = init.as_initialiser(lambda shape: np.zeros(shape) * pq.mV)
    assert function.dimension == VOLTAGE
    assert function((2, 3)).shape == (2, 3)


def test_equality_is_by_value():
    assert init.Uniform(0.0, 1.0) == init.Uniform(0.0, 1.0)
    assert hash(init.Uniform(0.0, 1.0)) == hash(init.Uniform(0.0, 1.0))
    assert init.Uniform(0.0, 1.0) != init.Normal(0.0, 1.0)
    assert init.Uniform(0.0, 1.0) != init.Uniform(0 * pq.mV, 1 * pq.mV)
    assert init.Values([1.0, 2.0]) != init.Values([1.0, 3.0])


@pytest.mark.parametrize(
    ("make", "error", "parts"),
    [
        (
            lambda: init.Uniform(-60 * pq.mV, 5 * pq.ms),
            DimensionError,
            ["high is 5.0 ms", "low is -60.0 mV"],
        ),
        (lambda: init.Uniform(0, 5 * pq.ms), DimensionError, ["high is 5.0 ms", "zero needs its unit"]),
        (lambda: init.Normal(1 * pq.mV, 1 * pq.mV, high=1 * pq.ms), DimensionError, ["high is 1.0 ms", "Normal(high)"]),
        (lambda: init.Uniform(2.0, 1.0), InvalidParameterError, ["high, 1.0", "low, 2.0", "smaller value first"]),
        (lambda: init.Normal(1 * pq.mV, -1 * pq.mV), InvalidParameterError, ["std is -1.0 mV", "Normal(std)"]),
        (lambda: init.Normal(np.nan, 1.0), InvalidParameterError, ["mean is nan", "finite"]),
        (lambda: init.Uniform(0.0, np.inf), InvalidParameterError, ["high is inf", "finite"]),
        (lambda: init.LogNormal(0 * pq.nS, 1 * pq.nS), InvalidParameterError, ["mean", "0.0 nS", "positive"]),
        (lambda: init.Constant(np.nan * pq.mV), InvalidParameterError, ["value is nan mV", "Constant(value)"]),
        (lambda: init.Values([1.0, np.nan]), InvalidParameterError, ["Value 1", "NaN"]),
        (lambda: init.Uniform([0.0, 1.0], 1.0), ShapeError, ["low has the shape (2,)", "scalar"]),
        (lambda: init.Values([1.0, 2.0])(3), ShapeError, ["(2,)", "3"]),
        (lambda: init.FromFunction(lambda shape: np.ones(5) * pq.mV)(3), ShapeError, ["(5,)", "(3,)"]),
    ],
)
def test_bad_arguments(make, error, parts):
    with pytest.raises(error) as caught:
        make()
    text = str(caught.value)
    assert "cure:" in text
    for part in parts:
        assert part in text


def test_function_with_changing_unit():
    recipe = init.FromFunction(lambda shape: 1 * pq.mV if shape == (1,) else 1 * pq.ms)
    with pytest.raises(DimensionError, match="ms"):
        recipe(3)
