"""Containers: files of one header and named arrays, which hold data only and say themselves whether they are whole.

In: a header of plain values, arrays.  Out: a file, and both again.  Must not know: what they mean.

A container is a ZIP archive: ``header.json``, texts, and one ``.npy`` file for each array, so that NumPy opens it
(``np.load(path)``).  Nothing in it is run when it is read.  The comment of the archive is the BLAKE2b sum of all bytes
before it (with zeros in its own place), and ends the file: whatever is cut off or changed is noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import CheckpointDamagedError
from numbadyn.io.atomic import replace_file

__all__ = ["VERSION", "Container", "read_container", "sum_in", "write_container"]

VERSION = 1
"""Of the format; a reader refuses higher ones."""

_SUM_BYTES = 32
_MARK = b"blake2b "
_ZEROS = b"0" * (2 * _SUM_BYTES)
_BLOCK = 1 << 20
_HEADER = "header.json"


@dataclass(frozen=True, slots=True)
class Container:
    """What is in a file.

    Parameters
    ----------
    kind : str
        What it is, such as ``"checkpoint"``.
    header : dict
        Plain values: numbers, texts, lists, dictionaries.
    arrays : dict
        Arrays by name, of any dtype but objects.
    texts : dict
        Longer texts by name, such as ``"structure.json"``.
    """

    kind: str
    header: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


class _Summed:
    """A file that adds up what is written to it; it cannot go back, so that each byte is written once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.sum = file, hashlib.blake2b(digest_size=_SUM_BYTES)

    def write(self, content: Any) -> int:
        self.sum.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()


def write_container(path: Path, content: Container, *, former: Path | None = None) -> str:
    """Write a file as a whole, or not at all.

    Parameters
    ----------
    path : Path
        Its place.
    content : Container
        What it holds.
    former : Path, optional
        Where the file goes that was in its place.

    Returns
    -------
    str
        The sum of the file.

    Raises
    ------
    OSError
        It cannot be written; what was in its place is there as before.
    """
    made: list[str] = []
    replace_file(path, lambda file: made.append(_write(file, content)), former=former)
    return made[0]


def _write(file: BinaryIO, content: Container) -> str:
    summed = _Summed(file)
    header = {"kind": content.kind, "version": VERSION, **content.header}
    with zipfile.ZipFile(cast(IO[bytes], summed), "w") as archive:
        archive.comment = _MARK + _ZEROS
        texts = {_HEADER: json.dumps(header), **content.texts}
        for name, text in texts.items():
            archive.writestr(_entry(name, compress=True), text.encode())
        for name, array in content.arrays.items():
            with archive.open(_entry(f"{name}.npy", compress=array.dtype == bool), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)
    file.seek(-2 * _SUM_BYTES, os.SEEK_END)
    file.write(summed.sum.hexdigest().encode())
    return summed.sum.hexdigest()


def _entry(name: str, *, compress: bool) -> zipfile.ZipInfo:
    """An entry without a date, so that equal content makes equal files."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    return entry


def read_container(path: Path, kind: str) -> Container:
    """Read a file, after checking that it is whole.

    Parameters
    ----------
    path : Path
        Its place.
    kind : str
        What it must be.

    Raises
    ------
    FileNotFoundError
        There is none.
    CheckpointDamagedError
        It is cut off or changed, something else, or of a newer version.
    """
    with path.open("rb") as file:
        _check_sum(path, file)
        try:
            with zipfile.ZipFile(file) as archive:
                header = _header(path, archive, kind)
                names = archive.namelist()
                arrays = {name[:-4]: _array(archive, name) for name in names if name.endswith(".npy")}
                others = [name for name in names if name != _HEADER and not name.endswith(".npy")]
                texts = {name: archive.read(name).decode() for name in others}
        except CheckpointDamagedError:
            raise
        except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
            raise _damaged(path, f"it cannot be read ({error})") from error
    return Container(kind, header, arrays, texts)


def sum_in(path: Path) -> str | None:
    """The sum that a file says that it has; None where there is none. The content is not looked at."""
    try:
        with path.open("rb") as file:
            file.seek(-len(_MARK) - len(_ZEROS), os.SEEK_END)
            end = file.read()
    except OSError:
        return None
    return end[len(_MARK) :].decode() if end.startswith(_MARK) else None


def _header(path: Path, archive: zipfile.ZipFile, kind: str) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(archive.read(_HEADER))
    if header.get("kind") != kind:
        raise _damaged(path, f"it is a {header.get('kind')!r}, not a {kind!r}")
    if header["version"] > VERSION:
        made = header.get("provenance", {}).get("versions", {}).get("numbadyn", "in a newer version")
        raise CheckpointDamagedError(
            f"{path} has version {header['version']} of the format; this is numbadyn for versions up to {VERSION}.",
            where=str(path),
            cure=f"Install numbadyn {made}, which has written it.",
            version=header["version"],
        )
    return header


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as entry:
        array: NDArray[Any] = np.lib.format.read_array(entry, allow_pickle=False)
    return array


def _check_sum(path: Path, file: BinaryIO) -> None:
    """Refuse a file that is not what was written."""
    size = file.seek(0, os.SEEK_END)
    tail = len(_MARK) + len(_ZEROS)
    file.seek(max(0, size - tail))
    end = file.read()
    if not end.startswith(_MARK):
        raise _damaged(path, "it is cut off, or something else" if size else "it is empty")
    file.seek(0)
    found, left = hashlib.blake2b(digest_size=_SUM_BYTES), size - len(_ZEROS)
    while left:
        block = file.read(min(_BLOCK, left))
        found.update(block)
        left -= len(block)
    found.update(_ZEROS)
    if found.hexdigest().encode() != end[len(_MARK) :]:
        raise _damaged(path, "its content has changed since it was written")
    file.seek(0)


def _damaged(path: Path, how: str) -> CheckpointDamagedError:
    return CheckpointDamagedError(
        f"{path} is no whole checkpoint: {how}.",
        where=str(path),
        cure="Take the one before, if there is one (its name ends with .before), or a copy.",
        path=str(path),
    )
