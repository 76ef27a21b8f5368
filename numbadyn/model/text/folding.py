"""Numbers with units that stand in a text, such as ``-60*mV``: each becomes one value, whatever it is made of.

In: parsed expressions.  Out: the same, with names in place of such values.  Must not know: declarations.
"""

from __future__ import annotations

import ast
from typing import Any

from numbadyn.errors import DimensionError
from numbadyn.model.text.expressions import Expression, names_in
from numbadyn.model.text.unit_names import unit_called
from numbadyn.model.text.vocabulary import CONSTANTS

__all__ = ["fold"]


class _Folding(ast.NodeTransformer):
    """Replaces the largest parts that are made of numbers and units alone."""

    def __init__(self, taken: set[str], values: dict[str, Any], place: str) -> None:
        self._taken, self._values, self._place = taken, values, place

    def visit(self, node: ast.AST) -> Any:
        """Replace a part, or look into it."""
        if not isinstance(node, ast.expr) or not self._is_fixed(node):
            return self.generic_visit(node)
        if not any(self._is_unit(name) for name in names_in(node)):
            return node
        name = f"_{len(self._values)}"
        self._values[name] = self._value(node)
        return ast.copy_location(ast.Name(name, ast.Load()), node)

    def _is_unit(self, name: str) -> bool:
        return name not in self._taken and unit_called(name) is not None

    def _is_fixed(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return self._is_unit(name) or (name in CONSTANTS and name not in self._taken)
            case ast.BinOp(left=left, right=right):
                return self._is_fixed(left) and self._is_fixed(right)
            case ast.UnaryOp(operand=operand):
                return self._is_fixed(operand)
        return False

    def _value(self, node: ast.expr) -> Any:
        known = {name: unit_called(name) if self._is_unit(name) else CONSTANTS[name] for name in names_in(node)}
        try:
            return eval(compile(ast.Expression(node), "<units>", "eval"), {"__builtins__": {}}, known)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise DimensionError(
                f"{ast.unparse(node)!r} has no value: {error}.",
                where=self._place,
                cure="Add and subtract values of one unit; give plain numbers the unit that they are meant in.",
                part=ast.unparse(node),
            ) from error


def fold(expression: Expression, taken: set[str], values: dict[str, Any]) -> Expression:
    """Give values with units a name.

    Parameters
    ----------
    expression : Expression
        Parsed.
    taken : set of str
        Names that are declared or given, and so are no units.
    values : dict
        Values by name, to which those that are found are added.

    Returns
    -------
    Expression
        The same with names.

    Raises
    ------
    DimensionError
        A sum of different units.
    """
    tree = _Folding(taken, values, expression.place).visit(expression.tree)
    return Expression(tree, expression.text, expression.line)
