"""Records of a store: a line each, with a checksum, appended to a file that one process writes.

In: records, plain data.  Out: lines that are on the disk whole or not at all; the records of a file again.  Must not
know: what the records mean.

A line is the CRC-32 of what follows the first space, in 8 hexadecimal digits, and JSON. A line that is cut off or
damaged is told by its checksum, and harms no other line.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from pathlib import Path
from typing import Any

from numbadyn.errors import StoreWriteError

__all__ = ["LineFile", "line_of", "not_written", "read_lines"]

_SYNC_SECONDS = 1.0
"""How much of the work may be lost when the machine loses its power; a process that is killed loses nothing."""


def line_of(record: Any) -> bytes:
    r"""A record as a line.

    Examples
    --------
    >>> line_of({"state": "finished"})
    b'6d1e4b16 {"state":"finished"}\n'
    """
    text = json.dumps(record, separators=(",", ":"), allow_nan=False).encode("utf-8")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def read_lines(path: Path) -> tuple[list[Any], int]:
    """All records of a file, and how many lines are damaged, apart from a last one that was cut off."""
    found, damaged = [], 0
    for line in path.read_bytes().split(b"\n")[:-1]:  # a whole line ends with a line feed
        checksum, _space, text = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            damaged += 1
            continue
        found.append(json.loads(text))
    return found, damaged


class LineFile:
    """A file of records that this process appends to.

    Parameters
    ----------
    path : pathlib.Path
        A file that does not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._synced = time.monotonic()
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise not_written(path, error) from error

    def append(self, record: Any) -> None:
        """Write a record; on failure the file is as it was.

        Raises
        ------
        StoreWriteError
            It cannot be written.
        """
        line = line_of(record)
        try:
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                os.fsync(self._file)
                self._synced = time.monotonic()
        except OSError as error:
            with contextlib.suppress(OSError):  # a line that was cut off is told by its checksum, too
                os.ftruncate(self._file, self._size)
                os.lseek(self._file, self._size, os.SEEK_SET)
            raise not_written(self._path, error) from error
        self._size += len(line)

    def close(self) -> None:
        """Wait until all is on the disk, and end the file."""
        file, self._file = self._file, -1
        if file < 0:
            return
        try:
            os.fsync(file)
        except OSError as error:
            raise not_written(self._path, error) from error
        finally:
            os.close(file)


def not_written(path: Path, error: OSError) -> StoreWriteError:
    """The error of a store that cannot be written."""
    return StoreWriteError(
        f"The store cannot be written: {error.strerror or error}.",
        where=os.fspath(path),
        cure="Free some room, or see to it that the folder may be written, and call it again: what was finished before "
        "is in the store, and is not run again.",
        reason=str(error),
    )
