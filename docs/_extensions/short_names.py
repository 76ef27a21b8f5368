"""Links of names in backticks that are shorter than the whole name: `State` for `numbadyn.State`.

In: a reference that Sphinx has not found.  Out: a link, where one public object alone ends on that name; the name as it
stands, where the package or an example defines it and the site does not show it.  What nobody defines is left to
Sphinx, which warns.  Must not know: any name in particular.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

ROOT = Path(__file__).resolve().parents[2]


def named_in(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """Names of classes, functions and values, and of members behind that of their class."""
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield statement.name
            yield from named_in(statement.body, f"{statement.name}.")
        elif isinstance(statement, ast.FunctionDef):
            yield prefix + statement.name
        elif isinstance(statement, ast.AnnAssign | ast.Assign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


@cache
def internal_names() -> frozenset[str]:
    """All that the package and the examples define."""
    files = [*(ROOT / "numbadyn").rglob("*.py"), *(ROOT / "examples").glob("*.py")]
    return frozenset(name for file in files for name in named_in(ast.parse(file.read_text(encoding="utf-8")).body))


def link(app: Sphinx, env: Any, node: Any, content: Any) -> Any:
    """Give a link to the one object of that name, the name itself, or None."""
    if node.get("refdomain") != "py":
        return None
    wanted = node["reftarget"].removeprefix("nd.")
    objects = env.get_domain("py").objects
    found = {entry for name, entry in objects.items() if f".{name}".endswith(f".{wanted}") and not entry.aliased}
    if len(found) == 1:
        (entry,) = found
        return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content)
    return content if wanted in internal_names() else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register."""
    app.connect("missing-reference", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
