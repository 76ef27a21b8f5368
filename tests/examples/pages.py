"""Reads the Python that a page or a notebook shows, and what the page says that it prints."""

import json
import re
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_MADE = {"_gallery", "examples", "generated", "notebooks"}
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pages():
    """Pages of the site that are written by hand."""
    found = sorted(DOCS.rglob("*.md"))
    return [page for page in found if _MADE.isdisjoint(page.relative_to(DOCS).parts) and page.name != "errors.md"]


def markdown_blocks(page):
    """Pairs of a Python block and the text block that comes next, or None where another block does."""
    fences = list(_FENCE.finditer(page.read_text(encoding="utf-8")))
    return [
        (fence[2], following[2] if following is not None and following[1] == "text" else None)
        for fence, following in zip_longest(fences, fences[1:])
        if fence[1] == "python"
    ]


def notebook_cells(notebook):
    """Source of the code cells."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
