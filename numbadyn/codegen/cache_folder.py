"""The folder that holds generated source text and compiled kernels.

What goes in: the location that the user chose, names and bytes of files. What comes out: a folder that can be written,
files that are either whole or absent. What it must not know: Numba, and what the files mean.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import uuid
import warnings
from pathlib import Path

from numbadyn.errors import CacheWarning

__all__ = [
    "KERNEL_SUFFIX",
    "SOURCE_SUFFIX",
    "VARIABLE",
    "clear",
    "entries",
    "folder",
    "location",
    "set_location",
    "size",
    "write_whole",
]

VARIABLE = "NUMBADYN_CACHE_DIR"
SOURCE_SUFFIX = ".py"
KERNEL_SUFFIX = ".kernel"
_PREFIX = "nd_"


class _Choice:
    """The folder that the user named in this process, and the replacement of each folder that cannot be written."""

    def __init__(self) -> None:
        self.named: Path | None = None
        self.writable: dict[Path, Path] = {}


_choice = _Choice()


def _platform_folder() -> Path:
    """Name the folder where programs of this user keep what they can make again."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        return base / "numbadyn" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "numbadyn"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "numbadyn"


def location() -> Path:
    """Say where the cache is.

    Returns
    -------
    pathlib.Path
        What `set_location` named last; else the environment variable ``NUMBADYN_CACHE_DIR``; else a folder
        ``numbadyn`` where the platform keeps the caches of a user. The folder need not exist yet.

    Examples
    --------
    >>> import numbadyn.cache
    >>> numbadyn.cache.location().is_absolute()
    True
    """
    if _choice.named is not None:
        return _choice.named
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser().absolute() if named else _platform_folder()


def set_location(path: str | os.PathLike[str] | None) -> None:
    """Keep the cache in another folder, from now on and in this process only.

    Parameters
    ----------
    path : str or path-like or None
        The folder; it is made when it is needed. None goes back to the environment variable or the default.

    Examples
    --------
    >>> import numbadyn.cache
    >>> numbadyn.cache.set_location("kernels")
    >>> numbadyn.cache.location().name
    'kernels'
    >>> numbadyn.cache.set_location(None)
    """
    _choice.named = None if path is None else Path(path).expanduser().absolute()


def folder() -> Path:
    """Give a folder that exists and can be written.

    Returns
    -------
    pathlib.Path
        `location()`, or a temporary folder of this process if that one cannot be written.

    Warns
    -----
    CacheWarning
        Once for each location that cannot be written.
    """
    wanted = location()
    known = _choice.writable.get(wanted)
    if known is not None and known.is_dir():
        return known
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            pass
        usable = wanted
    except OSError as error:
        usable = Path(tempfile.mkdtemp(prefix="numbadyn-"))
        atexit.register(shutil.rmtree, usable, ignore_errors=True)
        warnings.warn(
            f"The cache folder {wanted} cannot be written ({error.strerror or error}); kernels are kept in {usable} "
            f"until this process ends. Name another folder with the environment variable {VARIABLE} or with "
            "numbadyn.cache.set_location().",
            CacheWarning,
            stacklevel=3,
        )
    _choice.writable[wanted] = usable
    return usable


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that no reader and no crash ever sees a part of it.

    Parameters
    ----------
    path : pathlib.Path
        The final name, in a folder that exists.
    content : bytes
        The whole content.

    Raises
    ------
    OSError
        If the folder cannot be written or is full; nothing is left behind then.
    """
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        # Windows refuses to replace a file that another process reads; that file is as good as ours.
        if isinstance(error, PermissionError) and os.name == "nt" and path.exists():
            return
        raise


def entries() -> tuple[Path, ...]:
    """List the files of the cache.

    Returns
    -------
    tuple of pathlib.Path
        Generated source files and compiled kernels, in alphabetical order; empty if there is no cache yet.

    Examples
    --------
    >>> import numbadyn.cache
    >>> all(path.name.startswith("nd_") for path in numbadyn.cache.entries())
    True
    """
    kinds = (SOURCE_SUFFIX, KERNEL_SUFFIX, ".tmp")
    here = _choice.writable.get(location(), location())
    return tuple(sorted(path for path in here.glob(_PREFIX + "*") if path.suffix in kinds))


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

    Only files that the cache made itself are removed, so a folder that holds other files too is safe.

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
