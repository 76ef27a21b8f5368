"""Axes, colours and labels, the same for all pictures.

In: axes that the user gives, or none.  Out: axes.  Must not know: what is drawn.
"""

from __future__ import annotations

import functools
import io
import sys
from typing import Any

from numbadyn.errors import InvalidParameterError
from numbadyn.io.export.needed import import_extra

__all__ = ["COLOURS", "axes_of", "colour", "empty_figure", "label_of"]

COLOURS = ("#20508e", "#c2410c", "#15803d", "#7e22ce", "#b45309", "#475569")
"""Dark enough for thin lines, and told apart by those who do not tell red from green."""


def colour(number: int) -> str:
    """The colour of the so many-th thing."""
    return COLOURS[number % len(COLOURS)]


def label_of(name: str, unit: str) -> str:
    """Text for an axis: what, and in which unit.

    Examples
    --------
    >>> label_of("V", "mV"), label_of("CV", "")
    ('V (mV)', 'CV')
    """
    return f"{name} ({unit})" if unit else name


def empty_figure(size: tuple[float, float]) -> Any:
    """Make an empty figure that belongs to nobody: pyplot and its windows are not touched.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    module = import_extra("matplotlib.figure", "plot", "Pictures")
    figure = module.Figure(figsize=size, dpi=90, layout="constrained")
    # Notebooks know how to show figures of pyplot only, once it is imported; others they ask for a picture.
    figure._repr_png_ = functools.partial(_png, figure)
    return figure


def _png(figure: Any) -> bytes:
    """Give the picture as bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def axes_of(ax: Any, size: tuple[float, float] = (6.4, 4.0)) -> Any:
    """Axes to draw on: those that are given, else the current ones of pyplot where it is in use, else new ones."""
    if ax is not None:
        if not hasattr(ax, "plot") or not hasattr(ax, "figure"):
            raise InvalidParameterError(
                f"ax is {ax!r}, which is no axes of matplotlib.",
                where="nd.plot(ax=...)",
                cure="Give axes, such as one of those that figure.subplots() makes; of an array of them choose one.",
            )
        return ax
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        return pyplot.gca()
    figure = empty_figure(size)
    made = figure.subplots()
    made.spines[["top", "right"]].set_visible(False)
    made._repr_png_ = figure._repr_png_
    return made
