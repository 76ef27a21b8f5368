"""Source positions: the line of the user's model that is being traced.

In: the interpreter's call stack.  Out: a `Position`.  Must not know: the IR's operations.
"""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from types import FrameType

from numbadyn.ir.nodes import Position

__all__ = ["here", "raised_at"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_ZOO = _PACKAGE + "zoo" + os.sep


def _ours(filename: str) -> bool:
    return filename.startswith(_PACKAGE) and not filename.startswith(_ZOO)


def _users(filename: str) -> bool:
    return not (_ours(filename) or f"{os.sep}numpy{os.sep}" in filename or f"{os.sep}quantities{os.sep}" in filename)


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
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not _users(frame.f_code.co_filename):
        frame = frame.f_back
    return _position(module, None if frame is None else (frame.f_code.co_filename, frame.f_lineno))


def raised_at(error: BaseException, module: str) -> Position:
    """Position of the innermost line outside this package on the way of an error.

    Parameters
    ----------
    error : BaseException
        Caught.
    module : str
        Path of the module being updated.

    Returns
    -------
    Position
    """
    lines = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return _position(module, next(((name, line) for name, line in reversed(lines) if _users(name)), None))


def _position(module: str, place: tuple[str, int] | None) -> Position:
    if place is None:
        return Position(module, "", 0, "")
    filename, line = place
    return Position(module, os.path.basename(filename), line, linecache.getline(filename, line).strip())
