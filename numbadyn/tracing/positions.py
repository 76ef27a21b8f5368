"""Source positions: the line of the user's model that is being traced.

In: the interpreter's call stack.  Out: a `Position`.  Must not know: the IR's operations.

The ready-made models count as a user's code where it is said which line a value was made on, as in generated source;
where it is said what is wrong, they count only if there is nothing of the user's own.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from numbadyn.ir.nodes import Position

__all__ = ["caller", "defined_at", "here", "in_users", "line_of", "made_at", "raised_at", "users_line", "users_module"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_ZOO = _PACKAGE + "zoo" + os.sep
_STANDARD = os.path.dirname(os.path.abspath(inspect.__file__)) + os.sep
_PACKAGES = tuple(_STANDARD + name + os.sep for name in ("site-packages", "dist-packages"))
_FOREIGN = tuple(f"{os.sep}{name}{os.sep}" for name in ("numpy", "quantities", "scipy"))


def in_users(frame: FrameType) -> bool:
    """Whether a frame runs a user's own code: not that of this package, of Python itself, NumPy, SciPy or quantities.

    Parameters
    ----------
    frame : frame
        Any.

    Returns
    -------
    bool
    """
    # functions that Python writes, as for data classes, have no file but the name of their module
    return _is_users(frame.f_code.co_filename) and not str(frame.f_globals.get("__name__")).startswith("numbadyn.")


def _in_zoo(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_ZOO)


@functools.lru_cache(maxsize=4096)
def _is_users(filename: str) -> bool:
    if filename.startswith("<frozen ") or (filename.startswith(_STANDARD) and not filename.startswith(_PACKAGES)):
        return False
    return not (filename.startswith(_PACKAGE) or any(part in filename for part in _FOREIGN))


def caller() -> FrameType | None:
    """The frame of this package's own that called the function which asks, past what Python puts between."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_STANDARD):
        frame = frame.f_back
    return frame


def users_line() -> tuple[str, int]:
    """File and number of the innermost line of the user's own code; an empty name where there is none."""
    frame = next(filter(in_users, _frames(None)), None)
    return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def made_at(module: str, until: FrameType | None, update: Any) -> Position:
    """Position of the innermost line of a model, be it a ready-made one.

    Parameters
    ----------
    module : str
        Path of the module being updated.
    until : frame, optional
        Where tracing began; what is outside of it is no model.
    update : callable, optional
        What is being traced; where a value comes from none of its lines, the line on which the user has made its
        module stands in, if that is a projection, or else its own first line.

    Returns
    -------
    Position
    """
    return _innermost(module, until, update, lambda frame: in_users(frame) or _in_zoo(frame))


def here(module: str, until: FrameType | None, update: Any) -> Position:
    """Position of the innermost line of the user's own code; of a ready-made model, where there is none.

    Parameters
    ----------
    module, until, update
        See `made_at`.

    Returns
    -------
    Position
    """
    for frame in _frames(until):
        if in_users(frame):
            return line_of(module, frame.f_code.co_filename, frame.f_lineno)
    return made_at(module, until, update)


def _frames(until: FrameType | None) -> Iterator[FrameType]:
    """Frames from the inside to where tracing began."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not until:
        yield frame
        frame = frame.f_back


def _code(update: Any) -> Any:
    return getattr(inspect.unwrap(update), "__code__", None) if update is not None else None


def _innermost(module: str, until: FrameType | None, update: Any, wanted: Callable[[FrameType], bool]) -> Position:
    for frame in _frames(until):
        if wanted(frame):
            return line_of(module, frame.f_code.co_filename, frame.f_lineno)
    file, line = getattr(getattr(update, "__self__", None), "_made_on", ("", 0))
    if file:
        return line_of(module, file, line)
    return defined_at(module, update)


def defined_at(module: str, function: Any) -> Position:
    """Position of the line that begins a function; without a line where it is none of Python's.

    Parameters
    ----------
    module : str
        Path of the module whose function it is.
    function : callable

    Returns
    -------
    Position
    """
    code = _code(function)
    return Position(module, "", 0, "") if code is None else line_of(module, code.co_filename, _first_line(code))


def _first_line(code: Any) -> int:
    """The line with `def`, past decorators."""
    line: int = code.co_firstlineno
    while linecache.getline(code.co_filename, line).lstrip().startswith("@"):
        line += 1
    return line


def raised_at(error: BaseException, module: str) -> Position:
    """Position of the innermost line of the user's own code on the way of an error.

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
    lines = list(traceback.walk_tb(error.__traceback__))
    for wanted in (in_users, _in_zoo):
        for frame, line in reversed(lines):
            if wanted(frame):
                return line_of(module, frame.f_code.co_filename, line)
    return Position(module, "", 0, "")


def users_module() -> str:
    """Name of the module whose code the innermost line of the user's own is; an empty name where there is none."""
    frame = next(filter(in_users, _frames(None)), None)
    return "" if frame is None else str(frame.f_globals.get("__name__", ""))


def line_of(module: str, filename: str, line: int) -> Position:
    """Position of a line of a file."""
    return Position(module, os.path.basename(filename), line, linecache.getline(filename, line).strip())
