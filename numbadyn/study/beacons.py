"""How far points are that run in other processes of this machine.

In: steps, in the process that runs them.  Out: a small file for each process, which the one that waits looks at.  Must
not know: what the points are.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from numbadyn.runtime.progress import Progress

__all__ = ["Beacon", "Beacons", "Sighting"]

_LAYOUT = struct.Struct("<qqqd")
_SECONDS = 0.2


class Sighting(NamedTuple):
    """How far a point is.

    Parameters
    ----------
    number : int
        Of the point; of a batch, that of the first one.
    fraction : float
        What has been done of its steps.
    seconds : float
        Since the first step.
    """

    number: int
    fraction: float
    seconds: float


class Beacon(Progress):
    """Writes down how far a run is, a few times a second.

    Parameters
    ----------
    folder : str
        Where.
    number : int
        Of the point.
    """

    def __init__(self, folder: str, number: int) -> None:
        self._path = os.path.join(folder, f"{os.getpid()}.beacon")
        self._number = number
        self._done = self._total = 0
        self._begun = self._written = 0.0

    def start(self, total_steps: int, dt: float) -> None:
        """Begin."""
        self._done, self._total, self._begun = 0, total_steps, time.time()
        self._write()

    def advance(self, steps: int) -> None:
        """Take note of a chunk of steps."""
        self._done += steps
        if time.monotonic() - self._written > _SECONDS:
            self._write()

    def close(self) -> None:
        """Say that nothing runs any more."""
        self._total = 0
        self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        content = _LAYOUT.pack(self._number, self._done, self._total, self._begun)
        with contextlib.suppress(OSError):  # nobody's run ends because of this
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(file, content)
            finally:
                os.close(file)


class Beacons:
    """The folder of a study's beacons, in the process that waits."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="numbadyn-")

    def look(self) -> list[Sighting]:
        """Points that run at this time, those that are furthest first."""
        found = []
        for path in Path(self.folder).glob("*.beacon"):
            try:
                number, done, total, begun = _LAYOUT.unpack(path.read_bytes())
            except (OSError, struct.error):  # it is being written
                continue
            if total:
                found.append(Sighting(number, done / total, time.time() - begun))
        return sorted(found, key=lambda one: -one.fraction)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
