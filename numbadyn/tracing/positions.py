"""Source positions: the line of the user's model that is being traced.

In: the interpreter's call stack.  Out: a `Position`.  Must not know: the IR's operations.
"""

from __future__ import annotations

import linecache
import os
import sys

from numbadyn.ir.nodes import Position

__all__ = ["here"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_ZOO = _PACKAGE + "zoo" + os.sep


def _ours(filename: str) -> bool:
    return filename.startswith(_PACKAGE) and not filename.startswith(_ZOO)


def here(module: str) -> Position:
    """Position of the innermost line outside this package (the ready-made models count as user code).

    Parameters
    ----------
    module : str
        Path of the module being updated.

    Returns
    -------
    Position
    """
    frame = sys._getframe(1)
    while frame is not None and (
        _ours(frame.f_code.co_filename) or f"{os.sep}numpy{os.sep}" in frame.f_code.co_filename or f"{os.sep}quantities{os.sep}" in frame.f_code.co_filename
    ):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return Position(module, "", 0, "")
    filename, line = frame.f_code.co_filename, frame.f_lineno
    return Position(module, os.path.basename(filename), line, linecache.getline(filename, line).strip())
