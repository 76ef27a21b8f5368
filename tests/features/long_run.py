"""A script as users start it in a batch queue: a run with checkpoints, whose recordings are written down at its end.

``python -m tests.features.long_run folder target`` says how many steps are to come when the first one comes next. With
a number of kills and a seed behind it, the process does not run itself, but lets a copy of it run, again and again, and
kills it at random moments, until one copy is done.
"""

import os
import random
import signal
import sys
import time
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


def kill_until_done(folder: Path, target: str, kills: int, seed: int) -> int:
    """Start copies of this process and kill them; how many were killed."""
    rng, killed = random.Random(seed), 0
    while True:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            write(folder, target, writing)
            os._exit(0)
        os.close(writing)
        left = int(os.read(reading, 20) or 0)
        os.close(reading)
        if killed < kills:
            time.sleep(rng.uniform(0.0, 0.6 * left / STEPS + 0.01))
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if status == 0:
            return killed
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        killed += 1


if __name__ == "__main__":
    place, name, *more = sys.argv[1:]
    if more:
        print(kill_until_done(Path(place), name, *map(int, more)))
    else:
        write(Path(place), name, sys.stdout.fileno())
