"""The examples as a gallery: each script is run with options that keep it short, and its picture is shown.

In: ``examples/*.py``.  Out: copies with a headline in ``docs/_gallery``, of which sphinx-gallery makes pages.  Must not
know: what an example does.
"""

from __future__ import annotations

import builtins
import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx_gallery.scrapers import figure_rst

DOCS = Path(__file__).resolve().parents[1]
EXAMPLES = DOCS.parent / "examples"
COPIES = DOCS / "_gallery"
PICTURES = COPIES / "pictures"

SHORT = {
    "ei_balance": ["--seconds", "0.5"],
    "brunel": ["--scale", "0.2"],
    "own_model": [],
    "delay_equations": ["--duration", "4000"],
    "plasticity": ["--inputs", "200", "--seconds", "200"],
    "sweep": ["--workers", "1"],
    "izhikevich": [],
    "adex": [],
    "hodgkin_huxley": [],
    "gamma": [],
    "working_memory": [],
    "spatial": [],
    "kuramoto": [],
}
"""The scripts in the order in which they are shown, with the options that they are run with."""

HEADER = """Examples
========

Scripts of ``examples/``, each a model, a run and a picture. They take options: ``python examples/brunel.py --help``.
Below, some are run at a smaller size than their default.
"""


def prepare() -> None:
    """Copy the scripts, with their first line as a headline and their commands as a block of code."""
    shutil.rmtree(COPIES, ignore_errors=True)
    COPIES.mkdir()
    (COPIES / "GALLERY_HEADER.rst").write_text(HEADER, encoding="utf-8")
    for name in SHORT:
        text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        title, rest = text.removeprefix('"""').split("\n", 1)
        title = title.rstrip(".")
        short, _, more = title.partition(": ")
        lead = f"{more[0].upper()}{more[1:]}.\n" if more else ""
        rest = re.sub(r"\n\n(?=    python )", "\n\n.. code-block:: bash\n\n", rest, count=1)
        (COPIES / f"{name}.py").write_text(f'"""\n{short}\n{"=" * len(short)}\n\n{lead}{rest}', encoding="utf-8")


def name_file(gallery_conf: dict[str, Any], file: str) -> None:
    """Give scripts their `__file__`, which sphinx-gallery leaves out."""
    builtins.__file__ = str(EXAMPLES / Path(file).name)  # type: ignore[attr-defined]


def options(gallery_conf: dict[str, Any], variables: dict[str, Any]) -> list[str]:
    """Give the command line of a script."""
    name = Path(variables["src_file"]).stem
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir()
    drawn = '"--out"' in (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    return [*SHORT[name], *(["--out", str(PICTURES / f"{name}.png")] if drawn else [])]


def pictures(block: Any, variables: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Move the picture that a script has made to where the page looks for it."""
    shown = []
    for found in sorted(PICTURES.glob("*.png")):
        target = next(variables["image_path_iterator"])
        shutil.move(found, target)
        shown.append(target)
    return figure_rst(shown, gallery_conf["src_dir"])


def order(filename: str) -> int:
    """Place of a script in the gallery."""
    return list(SHORT).index(Path(filename).stem)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register."""
    return {"parallel_read_safe": True, "parallel_write_safe": True}
