"""The house stays small: budgets for the length of files and functions of the package."""

import ast
from pathlib import Path
from statistics import median

import pytest

import numbadyn
from numbadyn.ir.traits import TRAITS

ROOT = Path(numbadyn.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
MEDIAN_FILE = 150
MOST_COMPARISONS = 19


def length_without_docstring(function):
    """Count the lines of a function from its `def`, without its docstring."""
    first = function.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_file_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert {node.name: size for node in functions if (size := length_without_docstring(node)) > LONGEST_FUNCTION} == {}


def test_the_usual_file_is_short():
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in FILES]
    assert median(lengths) <= MEDIAN_FILE


def is_name_of_operations(node):
    """Whether an expression is the name of an operation, or some of them."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return bool(node.elts) and all(map(is_name_of_operations, node.elts))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in TRAITS


def is_operation(node):
    """Whether an expression is the operation of something."""
    return (isinstance(node, ast.Attribute) and node.attr == "op") or (isinstance(node, ast.Name) and node.id == "op")


def comparisons_of_operations(path):
    """Where a file asks by name which operation something is: comparisons, and cases of a match."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        if any(map(is_operation, sides)) and any(map(is_name_of_operations, sides)):
            found.append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}: {ast.unparse(node)}")
        if isinstance(node, ast.Match) and is_operation(node.subject):
            found += [f"{path.relative_to(ROOT).as_posix()}:{node.lineno}: match"] * len(node.cases)
    return found


def test_what_operations_are_like_stands_in_their_table():
    """Only a rewriting rule names the very operation that it rewrites; all else asks a trait of a row."""
    found = [place for path in FILES for place in comparisons_of_operations(path)]
    assert found, "the search finds none of those that there are"
    assert len(found) <= MOST_COMPARISONS, "ask a property of numbadyn.ir.traits instead, or add one:\n" + "\n".join(
        found
    )
