"""How Sphinx builds the site: ``python -m sphinx -W --keep-going -n docs build/docs``.

In: the pages beside this file, the docstrings of the package, `examples/` and `notebooks/`.  Out: the site.  Must not
know: what the pages say.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_extensions"))

import gallery  # noqa: E402

import numbadyn  # noqa: E402

QUICK = bool(os.environ.get("NUMBADYN_DOCS_QUICK"))
"""Whether notebooks and long examples are shown without being run, and other sites are not asked: for checks."""

# ---- the project -----------------------------------------------------------------------------------------------------

project = "numbadyn"
author = "The numbadyn contributors"
copyright = "the numbadyn contributors"  # noqa: A001 - the name that Sphinx asks for
version = release = numbadyn.__version__

# ---- what is built ---------------------------------------------------------------------------------------------------

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
    "error_pages",
    "gallery",
    "notebook_pages",
    "short_names",
    "signatures",
]
exclude_patterns = [
    "_extensions",
    "_gallery",
    "_templates",
    "notebooks/.ipynb_checkpoints",
    "examples/*.ipynb",
    "examples/*.py",
]
templates_path = ["_templates"]
default_role = "py:obj"

# ---- docstrings ------------------------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
# They are attributes of the package and no modules of it; autodoc looks for modules of these names.
_MODULES = ("environ", "init", "math", "plot", "random", "reduce", "space", "typing")
sys.modules |= {f"numbadyn.{name}": getattr(numbadyn, name) for name in _MODULES}
# Single backticks name public objects, which become links, and parameters, internal modules and the like, which do not.
nitpick_ignore_regex = [
    ("py:class", r"numbadyn\.model\.describe\.Describer|collections\.abc\.Callable"),
    ("py:obj", r"[a-z_]\w*(\.\w+)*"),
    ("py:obj", r"[A-Z]"),
    ("py:.*", r"(numpy|scipy|numba|quantities|matplotlib)\..*"),
]

# ---- links to other sites: left out, with a word, where they cannot be reached --------------------------------------


def reached(sites: dict[str, str]) -> dict[str, tuple[str, None]]:
    """Those sites whose inventory of objects can be fetched."""
    found: dict[str, tuple[str, None]] = {}
    for name, address in sites.items():
        try:
            urllib.request.urlopen(f"{address}objects.inv", timeout=5).close()
            found[name] = (address, None)
        except OSError as error:
            print(f"no links to {name}: {error}")
    return found


OTHERS = {
    "numpy": "https://numpy.org/doc/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "numba": "https://numba.readthedocs.io/en/stable/",
}
intersphinx_mapping = {} if QUICK else reached(OTHERS)

# ---- pages and notebooks ---------------------------------------------------------------------------------------------

myst_enable_extensions = ["attrs_block", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off" if QUICK else "force"
nb_execution_timeout = 300
nb_output_stderr = "remove"
nb_execution_raise_on_error = True

gallery.prepare()
sphinx_gallery_conf = {
    "examples_dirs": "_gallery",
    "gallery_dirs": "examples",
    "filename_pattern": "own_model" if QUICK else "/",
    "within_subsection_order": "gallery.order",
    "image_scrapers": ("gallery.pictures",),
    "reset_argv": "gallery.options",
    "run_stale_examples": True,
    "reset_modules": ("gallery.name_file",),
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "min_reported_time": 1e9,
    "abort_on_example_error": True,
}

# ---- look ------------------------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "numbadyn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
}
html_sourcelink_suffix = ""
html_show_sourcelink = False
