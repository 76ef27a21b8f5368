"""Names of units as Brian2 has them: ``volt``, ``mvolt``, ``mV``, ``usiemens``, ``nS``.

In: names and products of them.  Out: values with units, dimensions.  Must not know: equations.
"""

from __future__ import annotations

import ast
from fractions import Fraction
from functools import cache
from typing import Any

from numbadyn.units import (
    CAPACITANCE,
    CHARGE,
    CONCENTRATION,
    CONDUCTANCE,
    CURRENT,
    DIMENSIONLESS,
    FREQUENCY,
    LENGTH,
    RESISTANCE,
    TEMPERATURE,
    TIME,
    VOLTAGE,
    Dimension,
    join,
)

__all__ = ["dimension_of_text", "unit_called", "unit_names"]

_PREFIXES = {"": 0, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "c": -2, "k": 3, "M": 6, "G": 9}
#: Names with their dimension and the power of ten that they are of the unit of the coherent system.
_LONG = {
    "second": (TIME, 3),
    "volt": (VOLTAGE, 3),
    "amp": (CURRENT, 12),
    "ampere": (CURRENT, 12),
    "siemens": (CONDUCTANCE, 9),
    "farad": (CAPACITANCE, 12),
    "ohm": (RESISTANCE, -9),
    "hertz": (FREQUENCY, -3),
    "coulomb": (CHARGE, 15),
    "metre": (LENGTH, 6),
    "meter": (LENGTH, 6),
    "mole": (CONCENTRATION * LENGTH**3, 18),
    "mol": (CONCENTRATION * LENGTH**3, 18),
    "molar": (CONCENTRATION, 3),
    "kelvin": (TEMPERATURE, 0),
    "joule": (VOLTAGE * CURRENT * TIME, 18),
    "watt": (VOLTAGE * CURRENT, 15),
}
#: Symbols, which need a prefix, except for those of more than one letter.
_SHORT = {
    "s": "second",
    "V": "volt",
    "A": "amp",
    "S": "siemens",
    "F": "farad",
    "Ohm": "ohm",
    "Hz": "hertz",
    "C": "coulomb",
    "m": "metre",
    "M": "molar",
}


@cache
def _table() -> dict[str, tuple[Dimension, int]]:
    """All names, with dimension and power of ten."""
    found: dict[str, tuple[Dimension, int]] = {}
    for prefix, power in _PREFIXES.items():
        for name, (dimension, own) in _LONG.items():
            found[prefix + name] = (dimension, own + power)
        for symbol, name in _SHORT.items():
            if prefix or len(symbol) > 1:
                dimension, own = _LONG[name]
                found[prefix + symbol] = (dimension, own + power)
    for length, power in {"um": 0, "mm": 3, "cm": 4}.items():
        found[f"{length}2"], found[f"{length}3"] = (LENGTH**2, 2 * power), (LENGTH**3, 3 * power)
    return found


def unit_names() -> set[str]:
    """All names of units."""
    return set(_table())


def unit_called(name: str) -> Any:
    """A unit by its name; None if there is none.

    Examples
    --------
    >>> unit_called("nS"), unit_called("volt"), unit_called("furlong")
    (array(1.) * nS, array(1000.) * mV, None)
    """
    known = _table().get(name)
    return None if known is None else join(float(Fraction(10) ** known[1]), known[0])


def dimension_of_text(text: str) -> Dimension | None:
    """The dimension of a product of units; None if it is no such product.

    Examples
    --------
    >>> print(dimension_of_text("siemens/cm**2"), dimension_of_text("1"), dimension_of_text("volt + amp"))
    nS/um^2 dimensionless None
    """
    try:
        return _dimension(ast.parse(text.strip().replace("^", "**"), mode="eval").body)
    except (SyntaxError, ValueError):
        return None


def _dimension(node: ast.expr) -> Dimension:
    match node:
        case ast.Constant(value=1 | 1.0):
            return DIMENSIONLESS
        case ast.Name(id=name) if name in _table():
            return _table()[name][0]
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _dimension(left) * _dimension(right)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _dimension(left) / _dimension(right)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            power: Dimension = _dimension(left) ** _exponent(right)
            return power
    raise ValueError


def _exponent(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_exponent(operand)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return Fraction(_exponent(left)) / Fraction(_exponent(right))
    raise ValueError
