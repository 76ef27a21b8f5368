"""Units as text, and back: for files, which must not run what they hold.

In: a quantity, or the text of a unit.  Out: the text, or the unit.  Must not know: files.

``quantities`` evaluates the text of a unit as Python; here it is taken apart, and only names of units are looked up.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import quantities as pq

from numbadyn.errors import InvalidParameterError
from numbadyn.units.conversion import is_quantity, join, split, unit_named

__all__ = ["read_unit", "with_readable_unit", "with_unit"]


def read_unit(text: str) -> Any:
    """The unit of a text such as ``"mV*s**2"`` or ``"1/ms"``.

    Raises
    ------
    InvalidParameterError
        It is none.

    Examples
    --------
    >>> print(read_unit("mV/ms"))
    1.0 mV/ms
    """
    try:
        return pq.Quantity(1.0, _units_of(ast.parse(text, mode="eval").body))
    except (SyntaxError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise InvalidParameterError(
            f"{text!r} is no unit.", where="unit", cure="Give one such as 'ms' or 'mV/ms'.", text=text
        ) from error


def _units_of(node: ast.expr) -> Any:
    """The units that a part of an expression stands for."""
    if isinstance(node, ast.Name):
        unit = unit_named(node.id)  # of a name alone, nothing is evaluated
        if isinstance(unit, pq.UnitQuantity):
            return unit
        raise ValueError(node.id)
    if isinstance(node, ast.Constant) and node.value == 1:
        return pq.dimensionless
    if not isinstance(node, ast.BinOp):
        raise ValueError(ast.dump(node))
    if isinstance(node.op, ast.Pow):
        return _units_of(node.left) ** _exponent(node.right)
    left, right = _units_of(node.left), _units_of(node.right)
    if isinstance(node.op, ast.Mult):
        return left * right
    if isinstance(node.op, ast.Div):
        return left / right
    raise ValueError(ast.dump(node))


def _exponent(node: ast.expr) -> float:
    """A number that a unit is raised to."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_exponent(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and abs(node.value) <= 100:
        return float(node.value)
    raise ValueError(ast.dump(node))


def with_readable_unit(value: Any) -> tuple[Any, str]:
    """A number or an array and the text of its unit, which is empty where there is none.

    Units that have no text of their own, such as compound ones, become those of the coherent system.

    Examples
    --------
    >>> with_readable_unit(20 * pq.ms)
    (array(20.), 'ms')
    """
    if not is_quantity(value):
        return value, ""
    text = str(value.dimensionality)
    if text == "dimensionless":
        return np.asarray(value.magnitude), ""
    try:
        same = read_unit(text).dimensionality == value.dimensionality
    except InvalidParameterError:
        same = False
    if same:
        return np.asarray(value.magnitude), text
    magnitude, dimension = split(value)
    coherent = join(1.0, dimension)
    return np.asarray(magnitude), str(coherent.dimensionality) if is_quantity(coherent) else ""


def with_unit(magnitude: Any, text: str) -> Any:
    """A number or an array with the unit of a text; as it is where the text is empty."""
    return magnitude if not text else pq.Quantity(magnitude, read_unit(text).units)
