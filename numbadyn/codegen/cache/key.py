"""The user's key, by which compiled kernels on disk are known as the user's own.

In: the folder of the cache.  Out: secret bytes that are the same in all processes of this user.  Must not know: what
is signed.

Machine code from a file runs with all rights of who loads it. So each file is signed with a key that nobody else can
read, and what does not bear the signature is not used, whoever could write to the folder. The key lies apart from the
cache: a folder that somebody made, copied or unpacked does not bring its own along.
"""

from __future__ import annotations

import functools
import os
import stat
import sys
import uuid
import warnings
from pathlib import Path

from numbadyn.codegen.cache.owner import who_else_writes
from numbadyn.errors import CacheWarning

__all__ = ["key_folder", "signing_key"]

_NAME = "cache.key"
_BYTES = 32


def key_folder() -> Path:
    """Name the folder where programs of this user keep what they remember from one start to the next.

    Returns
    -------
    pathlib.Path
        It need not exist.

    Raises
    ------
    RuntimeError
        The user has no home.
    """
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "numbadyn"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "numbadyn"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "numbadyn"


@functools.cache
def signing_key(cache: Path) -> bytes:
    """Give the key of this user, and make it if there is none.

    Parameters
    ----------
    cache : pathlib.Path
        The folder of the cache, which takes the key where the user has no home to write to, if it is closed to others.

    Returns
    -------
    bytes
        Where no place is safe, bytes that this process alone knows.

    Warns
    -----
    CacheWarning
        No place is safe.
    """
    tried = []
    for place in (key_folder, lambda: cache):
        try:
            return _key_in(place())
        except (OSError, RuntimeError) as error:
            tried.append(str(error))
    warnings.warn(
        "There is no safe place for the key that shows compiled kernels on disk to be yours, so other processes "
        f"compile again: {'; '.join(tried)}. Give this user a home that can be written, or name a cache folder "
        "of your own (mode 700) with the environment variable NUMBADYN_CACHE_DIR.",
        CacheWarning,
        stacklevel=2,
    )
    return os.urandom(_BYTES)


def _key_in(folder: Path) -> bytes:
    """The key of a folder, made if there is none; an error if others could read or change it."""
    opened = who_else_writes(folder)
    if opened is not None:
        raise PermissionError(opened.said)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _NAME
    found = _read(path)
    if found is None:
        _make(path)
        found = _read(path)
    if found is None:
        raise PermissionError(f"{path} cannot be kept to this user")
    return found


def _read(path: Path) -> bytes | None:
    """The key in a file, or None if it must be made anew: it is missing, damaged, or others could have read it."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    with open(number, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            return None
        if hasattr(os, "geteuid") and (state.st_uid != os.geteuid() or state.st_mode & 0o077):
            return None
        content = file.read(_BYTES + 1)
    return content if len(content) == _BYTES else None


def _make(path: Path) -> None:
    """Write a new key; of several processes that do so at once one wins."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}.tmp")
    number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(number, "wb") as file:
            file.write(os.urandom(_BYTES))
        try:
            os.link(temporary, path)
        except FileExistsError:
            if _read(path) is None:  # what is there cannot serve; else another process was quicker
                os.replace(temporary, path)
        except OSError:  # a file system without links
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
