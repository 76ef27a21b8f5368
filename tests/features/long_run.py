"""A script as users start it in a batch queue: a run with checkpoints, whose recordings are written down at its end.

``python -m tests.features.long_run folder target`` says how many steps are to come when the first one comes next.
"""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from quantities import ms

import numbadyn as nd
from numbadyn.runtime.progress import NullProgress
from tests.features.both import recorded
from tests.features.small_network import simulator

__all__ = ["STEPS", "start"]

STEPS = 200


class Announced(NullProgress):
    """Says how many steps are to come when the run begins, to whoever waits for it."""

    def __init__(self, pipe: int):
        self.pipe = pipe

    def start(self, total_steps: int, dt: float) -> None:
        os.write(self.pipe, f"{total_steps}\n".encode())


def start(folder: Path, target: str, **options: Any) -> nd.Result:
    """Begin the run, or go on with it."""
    options = {"checkpoint_every": 0.5 * ms, "progress": False, **options}
    return simulator(target).run(STEPS * 0.1 * ms, checkpoint=folder / "it", **options)


def write(folder: Path, target: str, pipe: int) -> None:
    """What the script does."""
    np.savez(folder / "result.npz", **recorded(start(folder, target, progress=Announced(pipe))))


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], sys.stdout.fileno())
