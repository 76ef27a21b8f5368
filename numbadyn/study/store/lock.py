"""One process at a time writes to a store.

In: a folder.  Out: the lock, or an error that says who has it.  Must not know: what is in the store.

The lock is one of the operating system's: it goes when the process does, also one that was killed, and is not inherited
by processes that this one starts. On POSIX systems it holds between the machines of a shared file system, too.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import platform
import time
from pathlib import Path

from numbadyn.errors import StoreBusyError

__all__ = ["Lock", "holder"]

_NAME = "lock"
_ATTEMPTS, _SECONDS = 4, 0.05
_held: set[str] = set()
"""Folders that this process has locked: the lock of the system does not keep a process out that has it."""


class Lock:
    """The lock of a store, held until it is closed."""

    def __init__(self, folder: Path) -> None:
        self._name = os.path.realpath(folder)
        if self._name in _held:
            raise _busy(folder, "this process")
        self._file = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o666)
        for attempt in range(_ATTEMPTS):
            try:
                _lock(self._file)
                break
            except OSError as error:
                if attempt == _ATTEMPTS - 1:
                    os.close(self._file)
                    raise _busy(folder, _named(folder)) from error
            time.sleep(_SECONDS)  # somebody may only look who has it
        _held.add(self._name)
        about = {"host": platform.node(), "process": os.getpid(), "since": round(time.time())}
        with contextlib.suppress(OSError):  # a full disk: the lock holds without this
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, json.dumps(about).encode())

    def close(self) -> None:
        """Let others in."""
        if self._name in _held:
            _held.discard(self._name)
            os.close(self._file)


def holder(folder: Path) -> str:
    """Who has the lock of a store, in words; empty if nobody has."""
    if os.path.realpath(folder) in _held:  # to open and close the file would give the lock away
        return "this process"
    try:
        file = os.open(folder / _NAME, os.O_RDWR)
    except OSError:
        return ""
    try:
        _lock(file)
    except OSError:
        return _named(folder)
    finally:
        os.close(file)
    return ""


def _named(folder: Path) -> str:
    try:
        about = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        return f"process {about['process']} on {about['host']}"
    except (OSError, ValueError, LookupError, TypeError):
        return "another process"


def _lock(file: int) -> None:
    """Take the lock, or raise an `OSError`."""
    if os.name == "posix":
        system = importlib.import_module("fcntl")
        system.lockf(file, system.LOCK_EX | system.LOCK_NB)
    else:
        system = importlib.import_module("msvcrt")
        os.lseek(file, 1 << 30, os.SEEK_SET)  # beyond the text, which others may read
        system.locking(file, system.LK_NBLCK, 1)


def _busy(folder: Path, who: str) -> StoreBusyError:
    return StoreBusyError(
        f"The store {os.fspath(folder)!r} is in use by {who}.",
        where=f"sweep(store={os.fspath(folder)!r})",
        cure="Wait for it, or end it: what it has finished is kept. Another study needs a store of its own.",
        who=who,
    )
