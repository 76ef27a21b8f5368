"""The notebooks as pages: they are copied into the site, which runs them.

In: ``notebooks/``.  Out: ``docs/notebooks``.  Must not know: what a notebook shows.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]


def prepare() -> None:
    """Copy the notebooks; paths of pictures are one folder longer here, those of pages one shorter."""
    target = DOCS / "notebooks"
    target.mkdir(exist_ok=True)
    for notebook in sorted((DOCS.parent / "notebooks").glob("*.ipynb")):
        text = notebook.read_text(encoding="utf-8").replace("](../examples/figures/", "](../../examples/figures/")
        text = text.replace("](../docs/", "](../")
        copy = target / notebook.name
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register."""
    prepare()
    return {"parallel_read_safe": True, "parallel_write_safe": True}
