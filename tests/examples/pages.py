"""Reads the Python that a page or a notebook shows, and what the page says that it prints."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def markdown_blocks(page):
    """Pairs of a Python block and the text block that comes next, or None where another block does."""
    fences = list(_FENCE.finditer(page.read_text(encoding="utf-8")))
    return [
        (fence[2], following[2] if following is not None and following[1] == "text" else None)
        for fence, following in zip(fences, [*fences[1:], None], strict=True)
        if fence[1] == "python"
    ]


def notebook_cells(notebook):
    """Source of the code cells."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
