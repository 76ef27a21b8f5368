"""README, pages of the site and notebooks: their Python runs, and prints what the page says."""

import contextlib
import functools
import io
import linecache
import re
import sys
from types import ModuleType

import pytest

import numbadyn as nd
from tests.examples.pages import DOCS, ROOT, markdown_blocks, notebook_cells, pages

README = ROOT / "README.md"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WITH_CODE = [page for page in pages() if markdown_blocks(page)]
LONG = (
    "first-steps",
    "how-to/plasticity",
    "how-to/own-stimulus",
    "how-to/checkpoints",
    "how-to/online-measures",
    "how-to/channels",
)
"""Pages with so many steps that compiling costs less than interpreting."""


def execute(code, name, namespace):
    """Run code with a name under which errors can show its lines; give what it prints."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec"), namespace)
    return printed.getvalue()


def printed_and_shown(page):
    """What the blocks of a page print, and what the page says that they print."""
    blocks, namespace = markdown_blocks(page), {"__name__": page.stem}
    return [execute(code, "model.py", namespace) for code, _ in blocks], [shown or "" for _, shown in blocks]


def test_the_python_of_the_readme_prints_what_it_shows():
    printed, shown = printed_and_shown(README)
    assert len(shown) >= 2
    assert printed == shown


def short(page):
    return str(page.relative_to(DOCS).with_suffix(""))


@pytest.mark.parametrize("page", WITH_CODE, ids=short)
def test_the_python_of_a_page_prints_what_it_shows(page, monkeypatch, tmp_path):
    """Most of them by the interpreter, which gives the bits of the compiled code and compiles nothing."""
    if short(page) not in LONG:
        interpreted = functools.partial(nd.Simulator, target="interpret")
        interpreted.load = functools.partial(nd.Simulator.load, target="interpret")
        monkeypatch.setattr(nd, "Simulator", interpreted)
    monkeypatch.chdir(tmp_path)
    printed, shown = printed_and_shown(page)
    assert printed == shown


def test_how_to_pages_fit_on_a_screen():
    long = {short(page): len(lines) for page in (DOCS / "how-to").glob("*.md") if len(lines := lines_of(page)) > 110}
    assert long == {}


def lines_of(page):
    return page.read_text(encoding="utf-8").splitlines()


def test_the_readme_is_short():
    assert len(lines_of(README)) <= 150


def test_the_readme_names_both_commands_whole():
    text = README.read_text(encoding="utf-8")
    for extra, command in (("plot", "python examples/ei_balance.py"), ("test", "python -m pytest")):
        assert f'```bash\npip install -e ".[{extra}]" && {command}\n```' in text


@pytest.mark.parametrize("page", [README, *pages()], ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"[`(]((?:\.ci|docs|examples|notebooks|numbadyn|tests)/[^`()*{<\s]*)", text)
    assert [part for part in named if not (ROOT / part.split("::")[0].rstrip(".,;:")).exists()] == []


def test_every_public_name_has_a_place_in_the_reference():
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages() if page.parent.name == "reference")
    listed = set(re.findall(r"^   (\w+)$", text, re.MULTILINE))
    objects = {name for name in nd.__all__ if not isinstance(getattr(nd, name), ModuleType) and name != "__version__"}
    objects |= {name for module in (nd.math, nd.random) for name in module.__all__}
    assert sorted(objects - listed) == []
    modules = {name for name in nd.__all__ if isinstance(getattr(nd, name), ModuleType)}
    assert [name for name in modules if f"numbadyn.{name}" not in text] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(notebook):
    pytest.importorskip("matplotlib")
    namespace = {"__name__": notebook.stem}
    for number, code in enumerate(notebook_cells(notebook)):
        execute(code, f"cell_{number}.py", namespace)
    assert "result" in namespace
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")
