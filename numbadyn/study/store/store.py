"""The store of a study: opened, filled, read.

In: a folder, a manifest, records of points.  Out: records by the keys of points; those that count are in the store
once.  Must not know: how points are run.

In the folder there are ``manifest.json``, a file ``lock``, and in ``records`` a file of lines for each time that the
study was run. Of two records of one point the later counts, but what has finished stays.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from numbadyn.errors import DamagedStoreWarning, StoreBusyError, StoreError, StoreMismatchError
from numbadyn.study.fingerprints import short_hash
from numbadyn.study.store.lines import LineFile, not_written, read_lines
from numbadyn.study.store.lock import Lock
from numbadyn.study.store.manifest import MANIFEST, compare, read_manifest, write_manifest

__all__ = ["CHECKPOINTS", "Memory", "Sessions", "Store", "merge", "read_records"]

_RECORDS = "records"
CHECKPOINTS = "checkpoints"
_OWN = {MANIFEST, "lock", _RECORDS, CHECKPOINTS}


class Memory:
    """Records of a study that has no store.

    Attributes
    ----------
    records : dict
        Of points that have finished or failed, by their keys.
    """

    path: Path | None = None

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}

    def begin(self, about: dict[str, Any]) -> None:
        """Take note of a session."""

    def tidy(self) -> None:
        """Remove what points have left that are done, where no session is needed any more."""

    def add(self, record: dict[str, Any]) -> None:
        """Take note of a point that has finished or failed."""
        self.records[record["parameters"]] = record

    def end(self, state: str) -> None:
        """End a session."""


class Store(Memory):
    """Records of a study in a folder.

    Parameters
    ----------
    folder : path-like
        A new one, an empty one, or the store of the same study.
    manifest : dict
        Of the study.
    resume : bool
        Whether there may be a store already.

    Raises
    ------
    StoreError, StoreMismatchError, StoreBusyError, StoreWriteError
        It cannot be used.
    """

    def __init__(self, folder: str | os.PathLike[str], manifest: dict[str, Any], *, resume: bool = True) -> None:
        super().__init__()
        self.path = Path(folder)
        self._manifest = manifest
        self._file: LineFile | None = None
        self._lock: Lock | None = None
        if not self._is_there():
            return
        if not resume:
            raise StoreMismatchError(
                f"There is a store in {os.fspath(folder)!r} already.",
                where=f"sweep(store={os.fspath(folder)!r})",
                cure="Go on with it: resume=True, or --resume on the command line; or give another folder.",
            )
        self._read(self.path)

    def _read(self, path: Path) -> dict[str, Any]:
        """Take the records of the store, if it is that of the study; gives its manifest."""
        old, records = read_manifest(path), read_records(path)
        if any(record["state"] == "finished" for record in records.values()):
            compare(path, old, self._manifest)
            self.records = records
            return old
        return self._manifest  # what has not finished a point is nobody's: a first mistake is mended and forgotten

    def _is_there(self) -> bool:
        """Whether there is a store; a folder that holds something else is refused."""
        path = self.path or Path()
        try:
            names = {entry.name for entry in path.iterdir()}
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(
                f"{os.fspath(path)!r} cannot be a store: {error.strerror or error}.",
                where=f"sweep(store={os.fspath(path)!r})",
                cure="Give a folder that does not exist yet.",
            ) from error
        strange = sorted(name for name in names - _OWN if not name.startswith(".manifest-"))
        if MANIFEST not in names and strange:
            raise StoreError(
                f"{os.fspath(path)!r} is no store of a study: it holds {', '.join(strange[:3])}.",
                where=f"sweep(store={os.fspath(path)!r})",
                cure="Give a folder that does not exist yet, or an empty one.",
            )
        return MANIFEST in names

    def begin(self, about: dict[str, Any]) -> None:
        """Begin a session: from now on no other process writes to the store."""
        path = self.path or Path()
        try:
            for name in (_RECORDS, CHECKPOINTS):
                (path / name).mkdir(parents=True, exist_ok=True)
            self._lock = Lock(path)
        except StoreBusyError:
            raise
        except OSError as error:
            raise not_written(path, error) from error
        about_study = self._read(path)["about"] if self._is_there() else self._manifest["about"]
        write_manifest(path, {**self._manifest, "about": about_study})
        numbers = [int(entry.name[:6]) for entry in (path / _RECORDS).iterdir() if entry.name[:6].isdigit()]
        name = f"{max(numbers, default=0) + 1:06d}-{platform.node() or 'host'}-{os.getpid()}.jsonl"
        self._file = LineFile(path / _RECORDS / name)
        self._forget_all()
        self._file.append({"state": "begun", "time": round(time.time(), 3), **about})

    def add(self, record: dict[str, Any]) -> None:
        """Write down a point that has finished or failed.

        Raises
        ------
        StoreWriteError
            It cannot be written; all that was written before is intact.
        """
        if self._file is not None:
            self._file.append(record)
        super().add(record)
        self._forget(record["parameters"])

    def tidy(self) -> None:
        """Remove checkpoints of the last point, whose process was killed while it did so."""
        folder = (self.path or Path()) / CHECKPOINTS
        with contextlib.suppress(OSError, StoreBusyError):
            if folder.is_dir() and any(folder.iterdir()):
                lock = Lock(folder.parent)
                try:
                    self._forget_all()
                finally:
                    lock.close()

    def _forget_all(self) -> None:
        """Remove the checkpoints of all points that were done when their process was killed."""
        if any(((self.path or Path()) / CHECKPOINTS).iterdir()):
            for key in self.records:
                self._forget(key)

    def _forget(self, key: str) -> None:
        """Remove the checkpoints of a point that is done."""
        folder = (self.path or Path()) / CHECKPOINTS
        for path in folder.glob(f"{short_hash(key.encode())}.*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):  # another attempt is made when the store is opened next
                    path.unlink()

    def end(self, state: str) -> None:
        """End the session, and let others in."""
        file, self._file = self._file, None
        lock, self._lock = self._lock, None
        try:
            if file is not None:
                try:
                    file.append({"state": state, "time": round(time.time(), 3)})
                finally:
                    file.close()
        finally:
            if lock is not None:
                lock.close()


class Sessions:
    """All sessions of a store, in order: what each began with, and its records.

    Attributes
    ----------
    damaged : int
        Lines that are damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.damaged = 0
        self._files = sorted((folder / _RECORDS).glob("*.jsonl")) if (folder / _RECORDS).is_dir() else []

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        for path in self._files:
            try:
                lines, damaged = read_lines(path)
            except OSError as error:
                raise StoreError(
                    f"A file of the store cannot be read: {error.strerror or error}.",
                    where=os.fspath(path),
                    cure="See to it that it may be read, or bring it back from a copy.",
                ) from error
            self.damaged += damaged
            yield lines


def read_records(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of a store that count, by the keys of their points; damaged ones are named in a warning."""
    sessions = Sessions(folder)
    records = merge(line for lines in sessions for line in lines)
    if sessions.damaged:
        warnings.warn(
            f"{sessions.damaged} records of the store {os.fspath(folder)!r} are damaged; their points are run again.",
            DamagedStoreWarning,
            stacklevel=4,
        )
    return records


def merge(lines: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Records of points by their keys: the later counts, but what has finished stays."""
    records: dict[str, dict[str, Any]] = {}
    for line in lines:
        key = line.get("parameters")
        if key is not None and (key not in records or records[key]["state"] != "finished"):
            records[key] = line
    return records
