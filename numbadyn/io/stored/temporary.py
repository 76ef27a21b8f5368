"""Temporary folders of recordings, which go with the process that has made them, also if it was killed.

In: nothing.  Out: a folder.  Must not know: what is in it.

A process holds a lock on a file in each of its folders. The system lets go of it when the process dies, whatever has
ended it; who makes a folder next removes those that nobody holds.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import tempfile
from pathlib import Path

__all__ = ["temporary_folder"]

_PREFIX, _HELD = "numbadyn-", ".held"


def temporary_folder() -> tuple[Path, int | None]:
    """A new folder among the temporary files, and the open file by which it is held; None where locks are missing."""
    _remove_left()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        system = importlib.import_module("fcntl")
        beside = folder / f"{_HELD}-new"
        file = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            system.flock(file, system.LOCK_EX | system.LOCK_NB)
            beside.replace(folder / _HELD)  # so that it is never seen without its lock
        except OSError:
            os.close(file)
            raise
    except (ImportError, OSError):  # then nobody removes it but its process
        return folder, None
    return folder, file


def _remove_left() -> None:
    """Remove folders of processes that are gone."""
    try:
        system = importlib.import_module("fcntl")
    except ImportError:
        return
    for held in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_HELD}"):
        with contextlib.suppress(OSError):
            file = os.open(held, os.O_RDWR)
            try:
                system.flock(file, system.LOCK_EX | system.LOCK_NB)
                shutil.rmtree(held.parent, ignore_errors=True)
            finally:
                os.close(file)
