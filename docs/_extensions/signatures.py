"""Signatures of classes from their `__init__`: many have a `__new__` for all classes, which says nothing.

In: a class that autodoc documents.  Out: the arguments that it is made with.  Must not know: any class in particular.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import signature, stringify_signature


def of_init(
    app: Sphinx, what: str, name: str, found: Any, options: Any, text: str | None, annotation: str | None
) -> tuple[str, None] | None:
    """Give the signature of `__init__`, or None where there is nothing to change."""
    if what not in ("class", "exception") or text != "(*args, **kwargs)":
        return None
    try:
        return stringify_signature(signature(found.__init__, bound_method=True), show_annotation=False), None
    except (TypeError, ValueError):
        return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register."""
    app.connect("autodoc-process-signature", of_init)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
