"""White noise: a right-hand side as drift and amplitudes.

In: parsed expressions with names that begin with xi.  Out: the part without noise, and what each noise is multiplied
with.  Must not know: how equations are integrated.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping

from numbadyn.errors import IntegrationMethodError
from numbadyn.model.text.expressions import Expression, names_in

__all__ = ["apart", "is_noise"]

_Terms = dict[str, ast.expr]
_DRIFT = ""


def is_noise(name: str) -> bool:
    """Whether a name is that of a white noise: xi, xi_1, xi_any."""
    return name == "xi" or name.startswith("xi_")


def apart(
    expression: Expression, abbreviations: Mapping[str, Expression]
) -> tuple[Expression | None, dict[str, Expression]]:
    """Take a right-hand side apart.

    Parameters
    ----------
    expression : Expression
        Right-hand side.
    abbreviations : mapping
        Subexpressions, of which those that hold noise are written out.

    Returns
    -------
    tuple of Expression or None, dict of str to Expression
        The drift, if there is one, and the amplitude of each noise.

    Raises
    ------
    IntegrationMethodError
        A noise stands in a power, in a function, or is multiplied with another one.
    """
    noisy = {name: made.tree for name, made in abbreviations.items() if _holds_noise(made.tree, abbreviations)}
    tree = _WriteOut(noisy).visit(copy.deepcopy(expression.tree))
    terms = _terms(tree, expression)
    drift = terms.pop(_DRIFT, None)

    def part(found: ast.expr) -> Expression:
        return Expression(found, expression.text, expression.line)

    return None if drift is None else part(drift), {name: part(found) for name, found in terms.items()}


def _holds_noise(tree: ast.expr, abbreviations: Mapping[str, Expression]) -> bool:
    return any(
        is_noise(name) or (name in abbreviations and _holds_noise(abbreviations[name].tree, abbreviations))
        for name in names_in(tree)
    )


class _WriteOut(ast.NodeTransformer):
    """Writes subexpressions out."""

    def __init__(self, meant: Mapping[str, ast.expr]) -> None:
        self._meant = meant

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """What a name stands for."""
        return self.visit(copy.deepcopy(self._meant[node.id])) if node.id in self._meant else node


def _terms(node: ast.expr, whole: Expression) -> _Terms:
    """What has no noise in it, under an empty name, and the factors of each noise."""
    if not any(map(is_noise, names_in(node))):
        return {_DRIFT: node}
    match node:
        case ast.Name(id=name):
            return {name: ast.copy_location(ast.Constant(1.0), node)}
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            return _sum(_terms(left, whole), op, _terms(right, whole), node)
        case ast.UnaryOp(operand=operand):
            return {name: _like(ast.UnaryOp(node.op, term), node) for name, term in _terms(operand, whole).items()}
        case ast.BinOp(left=left, op=ast.Mult() as op, right=right):
            noisy = [any(map(is_noise, names_in(side))) for side in (left, right)]
            if noisy == [True, False]:
                return {name: _product(term, op, right, node) for name, term in _terms(left, whole).items()}
            if noisy == [False, True]:
                return {name: _product(left, op, term, node) for name, term in _terms(right, whole).items()}
        case ast.BinOp(left=left, op=ast.Div() as op, right=right) if not any(map(is_noise, names_in(right))):
            return {name: _like(ast.BinOp(term, op, right), node) for name, term in _terms(left, whole).items()}
    raise IntegrationMethodError(
        f"White noise stands in {ast.unparse(node)!r}, which does not depend on it linearly.",
        where=whole.place,
        cure="Multiply xi with what does not hold noise itself, and add the product: a + b*xi.",
        part=ast.unparse(node),
    )


def _sum(left: _Terms, op: ast.operator, right: _Terms, node: ast.expr) -> _Terms:
    found: _Terms = dict(left)
    for name, term in right.items():
        if name in found:
            found[name] = _like(ast.BinOp(found[name], op, term), node)
        else:
            found[name] = term if isinstance(op, ast.Add) else _like(ast.UnaryOp(ast.USub(), term), node)
    return found


def _product(left: ast.expr, op: ast.operator, right: ast.expr, node: ast.expr) -> ast.expr:
    """A product, without the one that stands for a bare noise."""
    for factor, other in ((left, right), (right, left)):
        if isinstance(factor, ast.Constant) and factor.value == 1.0:
            return other
    return _like(ast.BinOp(left, op, right), node)


def _like(made: ast.expr, node: ast.expr) -> ast.expr:
    return ast.copy_location(made, node)
