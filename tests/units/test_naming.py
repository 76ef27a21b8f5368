"""Names of dimensions: shortest products in a fixed order."""

from fractions import Fraction

import pytest

from numbadyn.units.naming import BASIS, DERIVED, factors_of, in_basis, name_of

SI = {
    "mV": (2, 1, -3, -1, 0, 0, 0),
    "pA": (0, 0, 0, 1, 0, 0, 0),
    "ms": (0, 0, 1, 0, 0, 0, 0),
    "um": (1, 0, 0, 0, 0, 0, 0),
    "amol": (0, 0, 0, 0, 0, 1, 0),
    "K": (0, 0, 0, 0, 1, 0, 0),
    "cd": (0, 0, 0, 0, 0, 0, 1),
}


@pytest.mark.parametrize(("index", "name"), list(enumerate(BASIS)))
def test_basis_is_independent(index: int, name: str) -> None:
    assert in_basis(SI[name]) == tuple(int(index == other) for other in range(7))


@pytest.mark.parametrize("name", DERIVED)
def test_derived_units_have_their_own_name(name: str) -> None:
    parts = zip(DERIVED[name], BASIS, strict=True)
    exponents = [0] * 7
    for power, basis in parts:
        exponents = [total + power * part for total, part in zip(exponents, SI[basis], strict=True)]
    assert factors_of(tuple(exponents)) == ((name, 1),)
    assert name_of(tuple(exponents)) == name


def test_no_factors_when_dimensionless() -> None:
    assert factors_of((0, 0, 0, 0, 0, 0, 0)) == ()
    assert name_of((0, 0, 0, 0, 0, 0, 0)) == "dimensionless"


def test_powers_are_whole_where_they_can_be() -> None:
    assert factors_of((0, 0, Fraction(4, 2), 0, 0, 0, 0)) == (("ms", 2),)
    assert name_of((0, 0, Fraction(-1, 2), 0, 0, 0, 0)) == "1/ms^(1/2)"
