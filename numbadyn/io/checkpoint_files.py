"""The files of a run's checkpoints: the last two, and the pieces of what was recorded.

In: a path, containers.  Out: files, and the last whole checkpoint with its pieces.  Must not know: what is in them.

Beside ``run.checkpoint`` lie ``run.checkpoint.before``, the one before, and the folder ``run.checkpoint.recorded`` with
pieces, which are written once and never changed as long as a checkpoint names them.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from numbadyn.errors import (
    CheckpointDamagedError,
    CheckpointFolderError,
    CheckpointMissingError,
    CheckpointReadError,
    CheckpointWarning,
    CheckpointWriteError,
)
from numbadyn.io.atomic import probe_writable, remove_leftovers
from numbadyn.io.container import Container, read_container, sum_in, write_container

__all__ = ["CheckpointFiles", "cannot_write", "place_of", "read_checkpoint"]

_PIECE = "numbadyn piece"
_BEFORE, _RECORDED = ".before", ".recorded"


class CheckpointFiles:
    """The files of one path.

    Parameters
    ----------
    path : Path
        Of the last checkpoint.
    kind : str
        What checkpoints say that they are.

    Attributes
    ----------
    pieces : list of dict
        Those that belong to the next checkpoint: file, sum, and up to which step.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self.kind = path, kind
        self.before = path.parent / f"{path.name}{_BEFORE}"
        self.folder = path.parent / f"{path.name}{_RECORDED}"
        self.pieces: list[dict[str, Any]] = []
        self._last: str | None = None

    def probe(self) -> None:
        """Refuse a path that cannot be written.

        Raises
        ------
        CheckpointWriteError
            It cannot.
        """
        try:
            probe_writable(self.path)
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def read_latest(self) -> Container | None:
        """The last whole checkpoint; None where there is none at all.

        Warns
        -----
        CheckpointWarning
            The last one is damaged, and the one before is taken.

        Raises
        ------
        CheckpointDamagedError
            There is no whole one.
        """
        first: CheckpointDamagedError | None = None
        for path in (self.path, self.before):
            try:
                found = read_container(path, self.kind)
                self._require_pieces(found, path)
            except FileNotFoundError:
                continue
            except CheckpointDamagedError as error:
                first = first or error
                continue
            if first is not None:
                warnings.warn(
                    f"{first.what} The run goes on from the one before, {path}.", CheckpointWarning, stacklevel=2
                )
                with contextlib.suppress(OSError):  # it must not take the place of the one before
                    self.path.replace(self.path.with_name(f"{self.path.name}.damaged"))
            return found
        if first is not None:
            raise first
        return None

    def _require_pieces(self, found: Container, path: Path) -> None:
        """Refuse a checkpoint whose pieces are not there."""
        for piece in (found.header.get("run") or {}).get("pieces", ()):
            file = self.folder / piece["file"]
            if sum_in(file) != piece["sum"]:
                raise CheckpointDamagedError(
                    f"{path} belongs to what was recorded in {file}, which is missing or something else.",
                    where=str(path),
                    cure="Keep a checkpoint and its folder of recordings together, or begin anew with resume=False.",
                    file=str(file),
                )

    def begin(self, pieces: Sequence[dict[str, Any]], *, anew: bool) -> None:
        """Get ready for checkpoints that begin with these pieces, and remove what belongs to none.

        Parameters
        ----------
        pieces : sequence of dict
            Of the checkpoint from which a run goes on.
        anew : bool
            Whether a run begins, so that older checkpoints are of no use.
        """
        self.pieces = list(pieces)
        remove_leftovers(self.path)
        remove_leftovers(self.before)
        if anew:
            self.path.unlink(missing_ok=True)
            self.before.unlink(missing_ok=True)
        self._last = sum_in(self.path)
        kept = {piece["file"] for piece in self.pieces}
        for file in self.folder.glob("*.piece*"):
            if file.name not in kept:
                with contextlib.suppress(OSError):
                    file.unlink()

    def write_piece(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write what has been recorded since the last piece; it belongs to all checkpoints that follow."""
        if not arrays:
            return
        self._require_mine()
        file = self.folder / f"{len(self.pieces):06}.piece"
        try:
            self.folder.mkdir(exist_ok=True)
            found = write_container(file, Container(_PIECE, {}, arrays))
        except OSError as error:
            raise cannot_write(file, error) from error
        self.pieces.append({"file": file.name, "sum": found})

    def _require_mine(self) -> None:
        """Refuse to write where another process does: both would spoil what the other one has recorded."""
        if sum_in(self.path) != self._last:
            raise CheckpointWriteError(
                f"The checkpoint {self.path} has been changed or removed by another process while this run goes on.",
                where=str(self.path),
                cure="Give each run a path of its own, and start a run again only when it has ended.",
                path=str(self.path),
            )

    def read_piece(self, piece: Mapping[str, Any]) -> Mapping[str, NDArray[Any]]:
        """The arrays of a piece."""
        return read_container(self.folder / piece["file"], _PIECE).arrays

    def write(self, content: Container) -> None:
        """Write a checkpoint; the last one becomes the one before.

        Raises
        ------
        CheckpointWriteError
            That is not possible; the last one stays.
        """
        self._require_mine()
        try:
            self._last = write_container(self.path, content, former=self.before)
        except OSError as error:
            raise cannot_write(self.path, error) from error


def read_checkpoint(path: Path, kind: str) -> Container:
    """Read the checkpoint that users mean.

    Raises
    ------
    CheckpointMissingError, CheckpointFolderError, CheckpointReadError
        There is none, it is a folder, or it cannot be read.
    CheckpointDamagedError
        It is not whole.
    """
    try:
        return read_container(path, kind)
    except FileNotFoundError as error:
        raise CheckpointMissingError(
            f"There is no checkpoint {path}.",
            where="Simulator.load",
            cure=_likely(path)
            or "Give the path that sim.save(path) or sim.run(..., checkpoint=path) was given; "
            f"from here it is {path.absolute()}.",
            path=str(path),
        ) from error
    except IsADirectoryError as error:
        raise CheckpointFolderError(
            f"{path} is a folder; a checkpoint is a file.",
            where="Simulator.load",
            cure=_likely(path.parent / path.name.removesuffix(_RECORDED))
            or "Give the file in it that sim.save(path) or sim.run(..., checkpoint=path) has written.",
            path=str(path),
        ) from error
    except OSError as error:
        raise CheckpointReadError(
            f"The checkpoint {path} cannot be read: {error.strerror or error}.",
            where="Simulator.load",
            cure="See to it that it may be read, or take a copy.",
            path=str(path),
        ) from error


def _likely(path: Path) -> str:
    """Which file may be meant, in words; nothing if none is there."""
    for found in (path, path.parent / f"{path.name}{_BEFORE}"):
        if found.is_file():
            return f"Give {str(found)!r}, which is there."
    return ""


def place_of(path: Any, where: str) -> Path:
    """The path that users mean.

    Raises
    ------
    CheckpointWriteError
        It is none.
    """
    try:
        return Path(path)
    except TypeError as error:
        raise CheckpointWriteError(
            f"The checkpoint {path!r} is no path.",
            where=where,
            cure="Give the path of a file, such as 'run.checkpoint'.",
        ) from error


def cannot_write(path: Path, error: OSError) -> CheckpointWriteError:
    """The error for a checkpoint that cannot be written."""
    return CheckpointWriteError(
        f"The checkpoint {path} cannot be written: {error.strerror or error}.",
        where=str(path),
        cure="Give a path in a folder that is there and that you may write to, with room for it.",
        path=str(path),
    )
