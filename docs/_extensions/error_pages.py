"""The index of errors, from the docstrings of the classes.

In: `numbadyn.errors`.  Out: ``docs/reference/errors.md``, a table and a section for each class, by the module that
defines it.  Must not know: any error in particular.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

from numbadyn import errors

HEAD = """# Errors

Every error says what is wrong, where, and what to do. There is one class for each mistake; each also derives from the
builtin that fits, so `except ValueError` keeps working. `help(nd.errors.DelayError)` shows the same text as this page.

```{eval-rst}
.. currentmodule:: numbadyn.errors
```
"""


def groups() -> Iterator[tuple[str, list[str]]]:
    """Headline of each module of `numbadyn.errors`, and its classes."""
    for found in pkgutil.iter_modules(errors.__path__):
        module = importlib.import_module(f"numbadyn.errors.{found.name}")
        names = [name for name in module.__all__ if inspect.isclass(getattr(module, name))]
        first, _, _ = (module.__doc__ or found.name).partition("\n")
        if names:
            yield first.rstrip("."), sorted(names)


def write(app: Sphinx) -> None:
    """Write the page, if it has changed."""
    parts = [HEAD]
    for title, names in groups():
        listed = "\n".join(f"   {name}" for name in names)
        shown = "\n".join(f".. autoexception:: {name}\n   :show-inheritance:\n" for name in names)
        parts.append(f"## {title}\n\n```{{eval-rst}}\n.. autosummary::\n   :nosignatures:\n\n{listed}\n\n{shown}```\n")
    page, text = Path(app.srcdir) / "reference" / "errors.md", "\n".join(parts)
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register."""
    app.connect("builder-inited", write, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
