"""Folders of recordings on disk: Zarr arrays, one folder a run.

In: names, shapes, blocks of values.  Out: arrays that were written, read lazily.  Must not know: logs, modules.

Zarr was chosen by trial, on blocks of 8 MB of membrane potentials: uncompressed it writes 1.2 to 1.5 GB a second, HDF5
1.4 to 2.6, a bare file 2.4 to 3.0; but each block of Zarr is a file of its own that is there whole or not at all, so
that a full disk or a killed process spoils nothing that was written before, where an HDF5 file that was not closed is
often lost; and it is written beside the run in a thread that needs no lock of Python's. Compression makes potentials a
fifth smaller at half the speed, so they are stored as they are; spikes become some ten times smaller.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import MissingExtraError, SpillFolderError
from numbadyn.io.stored.lazy import LazyArray
from numbadyn.io.stored.temporary import temporary_folder
from numbadyn.units import Dimension, join, split

__all__ = ["OpenedFolder", "RunFolder", "StoredRows", "read_coordinates", "written_coordinates"]

FORMAT = 1


def _zarr() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise MissingExtraError(
            "Recordings on disk need Zarr, which is not installed.",
            where="Simulator.run(memory=..., spill=...)",
            cure='Install it: pip install "numbadyn[zarr]"',
        ) from error
    return zarr


def _remove(path: str, held: int | None, owner: int) -> None:
    if os.getpid() == owner:  # a process that was forked from it has a copy of the object, but not the folder
        shutil.rmtree(path, ignore_errors=True)
        if held is not None:
            os.close(held)


class RunFolder:
    """The folder of one run; a temporary one is removed when nothing refers to it any more.

    Parameters
    ----------
    place : path, optional
        Folder in which it is made; that of temporary files by default.
    about : dict
        What is written down of the run.

    Raises
    ------
    MissingExtraError
        Zarr is not installed.
    SpillFolderError
        The folder cannot be made or written.
    """

    def __init__(self, place: str | os.PathLike[str] | None, about: dict[str, Any]) -> None:
        zarr = _zarr()
        self.temporary = place is None
        self._place = place
        with self.begun():
            if place is None:
                self.path, held = temporary_folder()
                weakref.finalize(self, _remove, str(self.path), held, os.getpid())
            else:
                Path(place).mkdir(parents=True, exist_ok=True)
                self.path = _new_folder(Path(place))
            self._group = zarr.create_group(str(self.path), attributes={"numbadyn_recording": FORMAT, **about})

    @contextlib.contextmanager
    def begun(self) -> Iterator[None]:
        """While it lasts, what cannot be written ends a run before its first step.

        Raises
        ------
        SpillFolderError
            The folder cannot be made or written.
        """
        try:
            yield
        except OSError as error:
            if "path" in vars(self):  # nothing has been recorded in it
                shutil.rmtree(self.path, ignore_errors=True)
            place = str(self._place or tempfile.gettempdir())
            raise SpillFolderError(
                f"Recordings cannot be written to {place!r}: {error.strerror or error}.",
                where="Simulator.run(spill=...)",
                cure="Give a folder that can be written and has room, such as spill='recordings'.",
                place=str(self._place),
            ) from error

    def note(self, **about: Any) -> None:
        """Write down more of the run."""
        self._group.attrs.update(about)

    def create(self, name: str, shape: tuple[int, ...], chunk: int, dtype: Any, *, packed: bool) -> Any:
        """A new array.

        Parameters
        ----------
        name : str
            Path in the folder.
        shape : tuple of int
            With the rows that are expected; see `StoredRows` for those that are there.
        chunk : int
            Rows of a block.
        dtype : dtype
            Of the values.
        packed : bool
            Whether blocks are compressed.
        """
        zarr = _zarr()
        packing = zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="shuffle") if packed else None
        return self._group.create_array(
            name,
            shape=shape,
            chunks=(chunk, *(max(1, size) for size in shape[1:])),
            dtype=dtype,
            compressors=packing,
            config={"write_empty_chunks": True},
        )


def _new_folder(place: Path) -> Path:
    """A folder that nobody else has made."""
    number = 0
    while True:
        path = place / f"run-{number:04d}.zarr"
        try:
            path.mkdir()
            return path
        except FileExistsError:
            number += 1


def written_coordinates(coords: Mapping[str, Any]) -> str:
    """What replicas were bound to, as text; see `read_coordinates`."""
    found: dict[str, Any] = {}
    for name, values in coords.items():
        plain, exponents = np.asarray(values), None
        if plain.dtype == object or plain.dtype.kind == "U":
            plain = plain.astype(str)
        else:
            magnitude, dimension = split(values)
            plain = np.asarray(magnitude, plain.dtype if dimension.is_dimensionless else None)
            exponents = [str(exponent) for exponent in dimension.exponents]
        found[name] = {"values": plain.tolist(), "dtype": plain.dtype.str, "exponents": exponents}
    return json.dumps(found)


def read_coordinates(text: str) -> dict[str, Any]:
    """What was written, with units; texts as objects."""
    found: dict[str, Any] = {}
    for name, each in json.loads(text).items():
        values, exponents = np.array(each["values"], each["dtype"]), each["exponents"]
        texts = exponents is None
        found[name] = values.astype(object) if texts else join(values, Dimension(*map(Fraction, exponents)))[()]
    return found


class StoredRows(LazyArray):
    """Rows of an array on disk that have been written.

    Parameters
    ----------
    folder : RunFolder
        Kept alive.
    array : zarr.Array
        In that folder.
    count : int
        How many rows are there.
    """

    def __init__(self, folder: RunFolder, array: Any, count: int) -> None:
        self._folder, self._array = folder, array
        self.shape, self.dtype = (count, *array.shape[1:]), np.dtype(array.dtype)

    @property
    def rows_at_a_time(self) -> int:
        """Whole blocks of the file."""
        chunk = int(self._array.chunks[0])
        return max(chunk, super().rows_at_a_time // chunk * chunk)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows from the files that hold them."""
        return np.asarray(self._array[start:stop])

    def __reduce__(self) -> Any:
        """Those of a temporary folder are pickled with their values; others by the place where they are."""
        if self._folder.temporary:
            return np.array, (np.asarray(self),)
        return _reopen, (str(self._folder.path), self._array.path, self.shape[0])


class OpenedFolder(RunFolder):
    """A folder that was written before.

    Parameters
    ----------
    path : str
        Of the folder of one run.
    """

    def __init__(self, path: str) -> None:
        self.path, self.temporary = Path(path), False
        self._group = _zarr().open_group(path, mode="r")

    @property
    def about(self) -> dict[str, Any]:
        """What was written down of the run."""
        return dict(self._group.attrs)

    def array(self, name: str) -> Any:
        """One of its arrays."""
        return self._group[name]

    def arrays(self, name: str, batch: int | None, part: str = "") -> list[Any]:
        """The array of each replica."""
        places = [name] if batch is None or batch == 1 else [f"{name}/{number}" for number in range(batch)]
        return [self.array(f"{place}{part}") for place in places]


def _reopen(path: str, name: str, count: int) -> StoredRows:
    folder = OpenedFolder(path)
    return StoredRows(folder, folder.array(name), count)
