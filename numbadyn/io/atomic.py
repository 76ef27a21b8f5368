"""Files that are replaced as a whole: whoever looks sees the old content or the new one, and never a part of it.

In: a path, and what writes to an open file.  Out: the file in its place, on disk.  Must not know: what is written.

A file is written beside its place, flushed to disk, and renamed; then the folder is flushed, so that the name is there
after a power failure, too.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

__all__ = ["probe_writable", "remove_leftovers", "replace_file"]

_PART = ".part-"


def replace_file(path: Path, write: Callable[[BinaryIO], None], *, former: Path | None = None) -> None:
    """Write a file beside its place, and put it there when it is whole.

    Parameters
    ----------
    path : Path
        Its place.
    write : callable
        Writes the content to an open binary file.
    former : Path, optional
        Where the file goes that was in its place; by default it is lost.

    Raises
    ------
    OSError
        It cannot be written; what was in its place is there as before.
    """
    beside = _beside(path)
    try:
        with beside.open("w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if former is not None and path.exists():
            _keep(path, former)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def probe_writable(path: Path) -> None:
    """Try to write beside a path.

    Raises
    ------
    OSError
        That is not possible.
    """
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    beside = _beside(path)
    try:
        with beside.open("w+b") as file:
            file.write(b"\0")
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Remove what processes have left beside a path that were killed while they wrote."""
    for leftover in path.parent.glob(f"{_escaped(path.name)}{_PART}*"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def _escaped(name: str) -> str:
    """A name in which no letter stands for others."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _beside(path: Path) -> Path:
    """A name beside the place that no other process takes, of another machine that shares the folder either."""
    return path.with_name(f"{path.name}{_PART}{socket.gethostname()}-{os.getpid()}")


def _keep(path: Path, former: Path) -> None:
    """Let a file have a second name, in place of the file of that name; its own stays, where links are possible."""
    with contextlib.suppress(FileNotFoundError):
        if former.samefile(path):  # an attempt that has failed: to rename one name of a file to the other does nothing
            return
    link = _beside(former)
    try:
        link.unlink(missing_ok=True)
        os.link(path, link)
        link.replace(former)
    except OSError:  # no links on this file system: for a moment there is only the one before
        with contextlib.suppress(OSError):
            link.unlink(missing_ok=True)
        path.replace(former)


def _flush_folder(folder: Path) -> None:
    """Bring the names in a folder to disk, where a system lets one do so."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)
