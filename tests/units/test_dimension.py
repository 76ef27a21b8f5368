"""Algebra of dimensions, their names, and the way through pickle."""

import pickle
from fractions import Fraction

import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st

from numbadyn import units
from numbadyn.errors import DimensionError
from numbadyn.units import DIMENSIONLESS, Dimension

EXPONENT = st.integers(-4, 4) | st.fractions(-3, 3, max_denominator=4)
DIMENSIONS = st.builds(Dimension, *[EXPONENT] * 7)
PLAIN = st.builds(Dimension, *[st.integers(-3, 3)] * 7)

MV, MS, PA = units.VOLTAGE, units.TIME, units.CURRENT


@given(DIMENSIONS, DIMENSIONS, DIMENSIONS)
def test_product_is_a_commutative_group(a: Dimension, b: Dimension, c: Dimension) -> None:
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a * DIMENSIONLESS == a
    assert (a / a).is_dimensionless
    assert (a * b) / b == a


@given(DIMENSIONS, EXPONENT, EXPONENT)
def test_power_follows_the_rules_of_exponents(a: Dimension, p: Fraction, q: Fraction) -> None:
    assert a**p * a**q == a ** (p + q)
    assert (a**p) ** q == a ** (p * q)
    assert (a**0).is_dimensionless
    assert a**1 == a


@given(DIMENSIONS, DIMENSIONS)
def test_equal_dimensions_have_equal_hashes_and_names(a: Dimension, b: Dimension) -> None:
    again = a * b / b
    assert hash(again) == hash(a)
    assert again.name == a.name
    assert (a == b) == (a.name == b.name)


@given(PLAIN)
def test_name_and_unit_mean_the_dimension(dimension: Dimension) -> None:
    assert units.split(units.unit_of(dimension)) == (1.0, dimension)
    assert units.split(pq.unit_registry[dimension.name]) == (1.0, dimension)


@given(DIMENSIONS)
def test_pickle_keeps_the_value(dimension: Dimension) -> None:
    again = pickle.loads(pickle.dumps(dimension))
    assert again == dimension
    assert hash(again) == hash(dimension)


@pytest.mark.parametrize(
    ("dimension", "name"),
    [
        (DIMENSIONLESS, "dimensionless"),
        (MV, "mV"),
        (MS, "ms"),
        (PA, "pA"),
        (units.CONDUCTANCE, "nS"),
        (units.RESISTANCE, "GOhm"),
        (units.CAPACITANCE, "pF"),
        (units.CHARGE, "fC"),
        (units.FREQUENCY, "kHz"),
        (units.LENGTH, "um"),
        (units.CONCENTRATION, "mM"),
        (units.TEMPERATURE, "K"),
        (Dimension(mass=1), "ng"),
        (Dimension(amount=1), "amol"),
        (Dimension(luminous=1), "cd"),
        (units.CONDUCTANCE * MV, "pA"),
        (units.CAPACITANCE * MV / MS, "pA"),
        (PA / units.CAPACITANCE, "mV/ms"),
        (units.CAPACITANCE * units.RESISTANCE, "ms"),
        (units.CAPACITANCE / units.CONDUCTANCE, "ms"),
        (MV**2 / MS, "mV^2/ms"),
        (MV / MS ** Fraction(1, 2), "mV/ms^(1/2)"),
        (MV**-1, "1/mV"),
        (MS**-2, "1/ms^2"),
        ((MV * MS) ** -1, "1/(mV*ms)"),
        (units.CONDUCTANCE / MS, "nS/ms"),
        (units.CONDUCTANCE / MV, "nS/mV"),
        (PA / MS, "pA/ms"),
        (PA**2 * MS, "pA^2*ms"),
        (units.CAPACITANCE / units.LENGTH**2, "pF/um^2"),
        (units.CONDUCTANCE / units.LENGTH**2, "nS/um^2"),
        (PA / units.LENGTH**2, "pA/um^2"),
        (units.RESISTANCE * units.LENGTH, "GOhm*um"),
        (units.CONCENTRATION / MS, "mM/ms"),
        (units.CONCENTRATION / units.CHARGE, "mM/(pA*ms)"),
        (units.LENGTH**2 / MS, "um^2/ms"),
        (units.CONDUCTANCE**2, "nS^2"),
    ],
)
def test_name_is_the_one_that_a_modeller_uses(dimension: Dimension, name: str) -> None:
    assert dimension.name == name
    assert str(dimension) == name
    assert repr(dimension) == f"Dimension({name})"


@pytest.mark.parametrize("exponent", [1, 1.0, Fraction(1), Fraction(2, 2)])
def test_whole_exponents_are_ints(exponent: float) -> None:
    dimension = Dimension(time=exponent)
    assert dimension == MS
    assert type(dimension.time) is int


@pytest.mark.parametrize(("power", "exact"), [(0.5, Fraction(1, 2)), (1 / 3, Fraction(1, 3)), (-1.5, Fraction(-3, 2))])
def test_float_powers_are_read_as_fractions(power: float, exact: Fraction) -> None:
    assert MV**power == MV**exact


@pytest.mark.parametrize("power", [2.718281828, float("nan"), float("inf"), 1e300])
def test_strange_power_of_a_unit_is_refused(power: float) -> None:
    with pytest.raises(DimensionError) as caught:
        MV**power
    assert str(caught.value) == (
        f"A value with a unit is raised to the power {power!r}, which is not a simple fraction.\n"
        "  cure: Divide by a reference value of the same unit first, so that the base of the power is dimensionless."
    )


def test_dimensionless_takes_any_power() -> None:
    assert DIMENSIONLESS**2.718281828 == DIMENSIONLESS


def test_algebra_with_something_else_is_refused() -> None:
    with pytest.raises(TypeError):
        MV * 2  # type: ignore[operator]
    with pytest.raises(TypeError):
        MV / "ms"  # type: ignore[operator]


def test_dimension_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        MV.time = 3  # type: ignore[misc]
