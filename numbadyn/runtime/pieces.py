"""Pieces of what is recorded: what has come into the logs since the last piece, and its way back into empty ones.

In: the logs of all replicas.  Out: arrays by name.  Must not know: files, names of what is recorded, units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.runtime.logs import Logs

__all__ = ["Pieces", "put_back"]


class Pieces:
    """Cuts what is recorded into pieces, one after the other.

    Parameters
    ----------
    logs : sequence of Logs
        One a replica, of a run that has begun.
    """

    def __init__(self, logs: Sequence[Logs]) -> None:
        self._logs = logs
        self.skip()

    def skip(self) -> None:
        """Let the next piece begin with what comes from now on."""
        self._spikes = [[log.used for log in own.spikes] for own in self._logs]
        self._samples = [log.used for log in self._logs[0].samples]

    def cut(self) -> dict[str, NDArray[Any]]:
        """What has come since the last piece; empty where nothing has."""
        found: dict[str, NDArray[Any]] = {}
        for replica, (own, marks) in enumerate(zip(self._logs, self._spikes, strict=True)):
            for number, (log, begin) in enumerate(zip(own.spikes, marks, strict=True)):
                if log.used > begin:
                    found[f"spikes/{number}/{replica}/steps"] = log.steps[begin : log.used]
                    found[f"spikes/{number}/{replica}/indices"] = log.indices[begin : log.used]
        for number, (log, begin) in enumerate(zip(self._logs[0].samples, self._samples, strict=True)):
            if log.used > begin:
                found[f"samples/{number}"] = log.whole[:, begin : log.used]
        return found


def put_back(logs: Sequence[Logs], piece: Mapping[str, NDArray[Any]]) -> None:
    """Add a piece to logs, in the order in which pieces were cut.

    Parameters
    ----------
    logs : sequence of Logs
        One a replica.
    piece : mapping
        From `Pieces.cut`.
    """
    nothing = np.empty(0, np.uint32)
    for replica, own in enumerate(logs):
        for number, log in enumerate(own.spikes):
            place = f"spikes/{number}/{replica}"
            log.extend(piece.get(f"{place}/indices", nothing), piece.get(f"{place}/steps", nothing.astype(np.int64)))
        for number, samples in enumerate(own.samples):
            whole = piece.get(f"samples/{number}")
            if whole is not None:
                samples.extend(whole[replica])
