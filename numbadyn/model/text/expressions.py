"""Expressions of a text: Python's own syntax, of which arithmetic, comparisons, logic and calls are allowed.

In: text.  Out: expressions that know the names they use, and code that runs on the lines of the text.  Must not know:
what names mean.

Python's parser is used, and not SymPy: the values then go through the same operations in the same order as in a class
that is written by hand, so that both have the same bits, and each operation knows the line that it comes from.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import CodeType
from typing import Any

from numbadyn.errors import EquationSyntaxError
from numbadyn.model.text.places import Text

__all__ = ["Change", "Expression", "called_names", "changes", "expression", "names_in"]

_ALLOWED = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Constant, ast.Load, ast.operator,
    ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip
_REFUSED = (
    ast.BitAnd, ast.BitOr, ast.LShift, ast.RShift, ast.MatMult, ast.Invert, ast.Is, ast.IsNot, ast.In, ast.NotIn,
    ast.BitXor,
)  # fmt: skip
_OPERATORS = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/=", ast.Pow: "**=", ast.Mod: "%="}


@dataclass(frozen=True, slots=True)
class Expression:
    """Something that has a value.

    Parameters
    ----------
    tree : ast.expr
        Parsed; lines are those of the file that the text stands in.
    text : Text
        Where it stands.
    line : int
        Its first line there, counted from that of the text.
    """

    tree: ast.expr
    text: Text
    line: int

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return self.text.place(self.line)

    def code(self) -> CodeType:
        """Code that gives its value, where names and functions have one."""
        return compile(ast.Expression(self.tree), self.text.file, "eval")


@dataclass(frozen=True, slots=True)
class Change:
    """A statement of a reset: what becomes of a variable."""

    name: str
    value: Expression


def _refuse(text: Text, line: int, what: str, cure: str, **values: Any) -> EquationSyntaxError:
    return EquationSyntaxError(what, where=text.place(line), cure=cure, line=line, **values)


def expression(content: str, text: Text, line: int) -> Expression:
    """Parse an expression.

    Parameters
    ----------
    content : str
        The expression, with the line breaks that it has.
    text : Text
        Where it stands.
    line : int
        Line on which it begins, counted from that of the text.

    Returns
    -------
    Expression

    Raises
    ------
    EquationSyntaxError
        It is none, or uses what has no meaning in equations.
    """
    match _parsed(f"({content})", text, line):
        case [ast.Expr(value=tree)]:
            return _checked(tree, content, text, line)
    raise _refuse(text, line, f"{content.strip()!r} is no expression.", "Write one expression.", content=content)


def _parsed(content: str, text: Text, line: int) -> list[ast.stmt]:
    plain = content.replace("^", "**")
    try:
        found = ast.parse(plain).body
    except SyntaxError as error:
        place = line + max(0, (error.lineno or 1) - 1)
        shown = plain.strip().removeprefix("(").removesuffix(")").strip()
        raise _refuse(
            text, place, f"{shown!r} cannot be read: {error.msg}.", "Look for a missing bracket or operator."
        ) from None
    return found


def _checked(tree: ast.expr, content: str, text: Text, line: int) -> Expression:
    """An expression of what is allowed, with its lines those of the file."""
    for node in ast.walk(tree):
        plain_call = not isinstance(node, ast.Call) or (isinstance(node.func, ast.Name) and not node.keywords)
        number = not isinstance(node, ast.Constant) or isinstance(node.value, bool | int | float)
        if not isinstance(node, _ALLOWED) or isinstance(node, _REFUSED) or not plain_call or not number:
            place = line + getattr(node, "lineno", 1) - 1
            shown = ast.unparse(node) if isinstance(node, ast.expr) else content.strip()
            raise _refuse(
                text,
                place,
                f"{shown!r} has no meaning in equations.",
                "Write arithmetic, comparisons, and, or, not, and calls of functions with arguments by place; a choice "
                "is where(condition, a, b).",
                part=shown,
            )
    plain = _Logic().visit(tree)
    ast.fix_missing_locations(plain)
    ast.increment_lineno(plain, text.first + line - 1)
    return Expression(plain, text, line)


class _Logic(ast.NodeTransformer):
    """Logic and chained comparisons as calls, since Python's own do not take arrays."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """And, or."""
        self.generic_visit(node)
        return _call("_both" if isinstance(node.op, ast.And) else "_either", node.values, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        """Not."""
        self.generic_visit(node)
        return _call("_not", [node.operand], node) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Comparisons of more than two."""
        self.generic_visit(node)
        if len(node.ops) == 1:
            return node
        sides = [node.left, *node.comparators]
        pairs = zip(sides[:-1], node.ops, sides[1:], strict=True)
        single = [ast.copy_location(ast.Compare(a, [op], [b]), node) for a, op, b in pairs]
        return _call("_both", list(single), node)


def _call(name: str, args: list[Any], like: ast.expr) -> ast.expr:
    function = ast.copy_location(ast.Name(name, ast.Load()), like)
    return ast.copy_location(ast.Call(function, args, []), like)


def changes(text: Text) -> list[Change]:
    """Parse the statements of a reset.

    Parameters
    ----------
    text : Text
        Assignments, on lines of their own or with semicolons between them.

    Returns
    -------
    list of Change
        In their order.

    Raises
    ------
    EquationSyntaxError
        A statement is no assignment to a name.
    """
    found = []
    for statement in _parsed(_without_indent(text), text, 0):
        line = statement.lineno - 1
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=change) if type(op) in _OPERATORS:
                old = ast.copy_location(ast.Name(name, ast.Load()), statement)
                value = ast.copy_location(ast.BinOp(old, op, change), statement)
            case _:
                raise _refuse(
                    text,
                    line,
                    f"{ast.unparse(statement)!r} is no change of a variable.",
                    "Write assignments such as v = v_reset; w += b.",
                )
        found.append(Change(name, _checked(value, ast.unparse(value), text, 0)))
    return [Change(one.name, Expression(one.value.tree, text, one.value.tree.lineno - text.first)) for one in found]


def _without_indent(text: Text) -> str:
    """Lines without what stands in front of them, as it comes from the middle of a program."""
    return "\n".join(line.strip() for line in text.content.splitlines())


def names_in(tree: ast.expr) -> set[str]:
    """Names that an expression uses, those of functions apart."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def called_names(tree: ast.expr) -> set[str]:
    """Names of the functions that an expression calls."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {function.id for function in calls if isinstance(function, ast.Name)}
