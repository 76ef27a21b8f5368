"""Links of names in backticks that are shorter than the whole name: `State` for `numbadyn.State`.

In: a reference that Sphinx has not found.  Out: a link, where one public object alone ends on that name.  Must not
know: the package.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode


def link(app: Sphinx, env: Any, node: Any, content: Any) -> Any:
    """Give a link to the one object of that name, or None."""
    if node.get("refdomain") != "py":
        return None
    wanted = node["reftarget"].removeprefix("nd.")
    objects = env.get_domain("py").objects
    found = {entry for name, entry in objects.items() if f".{name}".endswith(f".{wanted}") and not entry.aliased}
    if len(found) != 1:
        return None
    (entry,) = found
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register."""
    app.connect("missing-reference", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
