"""The house stays small: budgets for the length of files and functions of the package."""

import ast
from pathlib import Path
from statistics import median

import pytest

import numbadyn

ROOT = Path(numbadyn.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
MEDIAN_FILE = 150


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
