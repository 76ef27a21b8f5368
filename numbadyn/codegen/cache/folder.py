"""The folder that holds generated source text and compiled kernels.

In: the location that the user chose, names and bytes of files.  Out: a folder that can be written, files that are
either whole or absent.  Must not know: Numba, and what the files mean.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import time
import uuid
import warnings
from contextlib import suppress
from pathlib import Path

from numbadyn.codegen.cache.owner import who_else_writes
from numbadyn.errors import CacheWarning

__all__ = [
    "VARIABLE",
    "folder",
    "folder_in_use",
    "location",
    "set_location",
    "write_whole",
]

VARIABLE = "NUMBADYN_CACHE_DIR"
_TEMPORARY = "numbadyn-kernels-of-one-process-"
_DAY = 24 * 3600.0


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
        Once for each location that cannot be written, or that others can write to as well. Of the latter only such
        compiled kernels are used as bear the user's signature.
    """
    wanted = location()
    known = _choice.writable.get(wanted)
    if known is not None and known.is_dir():
        return known
    try:
        _make(wanted)
        with tempfile.TemporaryFile(dir=wanted):
            pass
        usable = wanted
        _warn_of_others(wanted)
    except OSError as error:
        usable = _of_this_process()
        warnings.warn(
            f"The cache folder {wanted} cannot be written ({error.strerror or error}); kernels are kept in {usable} "
            f"until this process ends. Name another folder with the environment variable {VARIABLE} or with "
            "numbadyn.cache.set_location().",
            CacheWarning,
            stacklevel=3,
        )
    _choice.writable[wanted] = usable
    return usable


def folder_in_use() -> Path:
    """Name the folder that holds the files of this process; it need not exist."""
    return _choice.writable.get(location(), location())


def _of_this_process() -> Path:
    """A new temporary folder; those that processes have left which were killed go, a day after."""
    latest = time.time() - _DAY
    for left in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            state = left.lstat()
            own = not hasattr(os, "geteuid") or state.st_uid == os.geteuid()
            if own and left.is_dir() and not left.is_symlink() and state.st_mtime < latest:
                shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def _make(wanted: Path) -> None:
    """Make the folder; a new one, and the default one, are closed to others."""
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = wanted.stat()
    own = hasattr(os, "geteuid") and state.st_uid == os.geteuid()
    if own and wanted == _platform_folder() and state.st_mode & 0o022:
        wanted.chmod(0o700)


def _warn_of_others(used: Path) -> None:
    """Say that others can write to a folder. Nobody can make this user run anything by that, but they can empty it."""
    opened = who_else_writes(used)
    if opened is not None:
        warnings.warn(
            f"The cache folder {used} is not yours alone: {opened.said}. Compiled kernels in it are used only if they "
            f"bear your signature, but others can remove them or fill the folder. Cure: {opened.cure}; or name "
            f"a folder of your own (mode 700) with the environment variable {VARIABLE} or with "
            "numbadyn.cache.set_location().",
            CacheWarning,
            stacklevel=4,
        )


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
        with open(temporary, "xb") as file:  # never a file, or the goal of a link, that is there already
            file.write(content)
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        # Windows refuses to replace a file that another process reads; that file is as good as ours.
        if isinstance(error, PermissionError) and os.name == "nt" and path.exists():
            return
        raise
