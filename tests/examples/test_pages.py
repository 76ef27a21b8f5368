"""README and notebooks: their Python runs, and prints what the page says."""

import contextlib
import io
import linecache
import re

import pytest

from tests.examples.pages import ROOT, markdown_blocks, notebook_cells

README = ROOT / "README.md"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def execute(code, name, namespace):
    """Run code with a name under which errors can show its lines; give what it prints."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec"), namespace)
    return printed.getvalue()


def test_the_python_of_the_readme_prints_what_it_shows():
    blocks = markdown_blocks(README)
    namespace = {"__name__": "readme"}
    assert len(blocks) >= 5
    assert [execute(code, "model.py", namespace) for code, _ in blocks] == [shown or "" for _, shown in blocks]


def test_the_readme_names_both_commands_whole():
    text = README.read_text(encoding="utf-8")
    for extra, command in (("plot", "python examples/ei_balance.py"), ("test", "python -m pytest")):
        assert f'```bash\npip install -e ".[{extra}]" && {command}\n```' in text


def test_what_the_readme_names_exists():
    parts = re.split(r"[`()]", README.read_text(encoding="utf-8"))
    named = [part for part in parts if part.startswith(("examples/", "notebooks/", ".ci/"))]
    assert len(named) > 5
    assert [part for part in named if not (ROOT / part).exists()] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(notebook):
    pytest.importorskip("matplotlib")
    namespace = {"__name__": notebook.stem}
    for number, code in enumerate(notebook_cells(notebook)):
        execute(code, f"cell_{number}.py", namespace)
    assert "result" in namespace
