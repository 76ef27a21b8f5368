"""Files of the cache: which there are, how they are read and removed.

In: the folder.  Out: lists of the files that are the cache's own, and their bytes.  Must not know: Numba, and what the
files mean.

A file is the cache's own by its name and its content: text whose hash is in its name, a kernel with its first line. So
`clear` leaves alone what users put beside it, and what they changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from pathlib import Path

from numbadyn.codegen.cache.folder import folder_in_use

__all__ = [
    "KERNEL_MARK",
    "KERNEL_SUFFIX",
    "SOURCE_SUFFIX",
    "clear",
    "content_digest",
    "entries",
    "read_regular",
    "remove_strays",
    "size",
]

SOURCE_SUFFIX = ".py"
KERNEL_SUFFIX = ".kernel"
KERNEL_MARK = b"numbadyn kernel "
"""How every kernel file begins, of whatever version."""

_STEM = r"nd_\w*_[0-9a-f]{16,28}"
_SOURCE = re.compile(rf"{_STEM}\.py")
_KERNEL = re.compile(rf"{_STEM}\.[^/]+\.[0-9a-f]{{16}}\.kernel")
_TEMPORARY = re.compile(rf"({_STEM}\.([^/]+\.[0-9a-f]{{16}}\.kernel|py))\.[0-9a-f]{{16}}\.tmp")
_DIGITS = 16
_STRAY_SECONDS = 6 * 3600.0


def content_digest(content: bytes) -> str:
    """The part of the name of a source file that says what is in it."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def read_regular(path: Path) -> bytes | None:
    """Read a file; None where there is none, or something else of that name: a link, a pipe, a folder.

    Parameters
    ----------
    path : pathlib.Path
        Its name.

    Returns
    -------
    bytes or None
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


def _is_own(path: Path) -> bool:
    """Whether the cache wrote a file and nobody has changed it since."""
    if _TEMPORARY.fullmatch(path.name):
        return True
    if _SOURCE.fullmatch(path.name):
        content = read_regular(path)
        return content is not None and (not content or path.stem.endswith(content_digest(content)))
    if _KERNEL.fullmatch(path.name):
        try:
            with open(path, "rb") as file:
                begin = file.read(len(KERNEL_MARK))
        except OSError:
            return False
        return begin in (b"", KERNEL_MARK)
    return False


def entries() -> tuple[Path, ...]:
    """List the files of the cache.

    Returns
    -------
    tuple of pathlib.Path
        Generated source files and compiled kernels, in alphabetical order; empty if there is no cache yet. Files that
        the cache did not write are not among them, whatever they are called.

    Examples
    --------
    >>> import numbadyn.cache
    >>> all(path.name.startswith("nd_") for path in numbadyn.cache.entries())
    True
    """
    return tuple(sorted(path for path in folder_in_use().glob("nd_*") if _is_own(path)))


def size() -> int:
    """Sum up the files of the cache.

    Returns
    -------
    int
        Size in bytes.

    Examples
    --------
    >>> import numbadyn.cache
    >>> numbadyn.cache.size() >= 0
    True
    """
    total = 0
    for path in entries():
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue  # another process cleared it since it was listed
    return total


def clear() -> int:
    """Remove every file of the cache; what is loaded in running processes keeps working.

    Only files that the cache made itself, and that nobody has changed since, are removed, so a folder that holds other
    files too is safe.

    Returns
    -------
    int
        How many files were removed.

    Examples
    --------
    >>> import tempfile
    >>> import numbadyn.cache
    >>> numbadyn.cache.set_location(tempfile.mkdtemp())
    >>> numbadyn.cache.clear()
    0
    >>> numbadyn.cache.set_location(None)
    """
    removed = 0
    for path in entries():
        try:
            path.unlink()
            removed += 1
        except FileNotFoundError:
            continue  # another process was faster
    return removed


def remove_strays(folder: Path) -> None:
    """Remove what processes that were killed while they wrote have left behind, some hours ago or more.

    Parameters
    ----------
    folder : pathlib.Path
        Of the cache.
    """
    latest = time.time() - _STRAY_SECONDS
    for path in folder.glob("nd_*.tmp"):
        try:
            if _TEMPORARY.fullmatch(path.name) and path.lstat().st_mtime < latest:
                path.unlink()
        except OSError:
            continue  # another process was faster, or it is another user's
