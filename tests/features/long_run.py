"""A script as users start it in a batch queue: a run with checkpoints, whose recordings are written down at its end.

``python -m tests.features.long_run folder target`` says "running" when its first step comes next.
"""

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
    """Says when the run begins, to whoever waits for it."""

    def start(self, total_steps: int, dt: float) -> None:
        print("running", total_steps, flush=True)


def start(folder: Path, target: str, **options: Any) -> nd.Result:
    """Begin the run, or go on with it."""
    options = {"checkpoint_every": 0.5 * ms, "progress": Announced(), **options}
    return simulator(target).run(STEPS * 0.1 * ms, checkpoint=folder / "it", **options)


if __name__ == "__main__":
    np.savez(Path(sys.argv[1]) / "result.npz", **recorded(start(Path(sys.argv[1]), sys.argv[2])))
