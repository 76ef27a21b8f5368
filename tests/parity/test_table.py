"""The table of this folder: every test that it names exists, and every decision is one of three."""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| reference |")
]


def functions(path):
    """Names of the tests of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_row(row):
    assert len(row) == 4
    _reference, _ours, decision, test = row
    assert decision in ("MATCH", "FIX", "ADD")
    file, name = re.fullmatch(r"`([\w/]+\.py)::(test_\w+)`", test).groups()
    assert name in functions(HERE.parent / file)


def test_every_test_of_this_folder_about_the_reference_is_in_a_file_of_the_table():
    named = {row[3].strip("`").split("::")[0] for row in ROWS}
    files = {f"parity/{path.name}" for path in HERE.glob("test_*.py")}
    assert files - named - {"parity/test_table.py", "parity/test_docstrings.py"} == set()
