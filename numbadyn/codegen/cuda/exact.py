"""Products that are rounded on their own, for compilers that would join a product with a sum.

In: source text.  Out: the same text with every product written as a call.  Must not know: what the text computes.

A processor's compiler keeps ``a * b + c`` as two operations, each of them rounded; those for GPUs make one operation of
it, rounded once, and change the last bit.  Sums, differences, quotients and square roots are the same everywhere.
"""

from __future__ import annotations

import ast

from numbadyn.ir.syntax import parse

__all__ = ["separate_products"]


class _Products(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Mult):
            return node
        return ast.Call(ast.Name("rounded_product", ast.Load()), [node.left, node.right], [])

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Mult) or not isinstance(node.target, ast.Name):
            return node
        factors: list[ast.expr] = [ast.Name(node.target.id, ast.Load()), node.value]
        return ast.Assign([node.target], ast.Call(ast.Name("rounded_product", ast.Load()), factors, []))


def separate_products(source: str) -> str:
    """Write ``a * b`` as ``rounded_product(a, b)``, an intrinsic that no compiler joins with a sum; comments are lost.

    Parameters
    ----------
    source : str
        Python text.

    Returns
    -------
    str

    Examples
    --------
    >>> print(separate_products("y = a * x + b"), end="")
    y = rounded_product(a, x) + b
    """
    return ast.unparse(ast.fix_missing_locations(_Products().visit(parse(source)))) + "\n"
