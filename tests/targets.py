"""Which target the tests call the compiled one: the processor, or Numba's simulator of CUDA in a process of its own.

The simulator is chosen by ``NUMBA_ENABLE_CUDASIM=1`` before Numba is imported. It interprets kernels thread by thread,
so that a network of some ten neurons and some hundred steps is as much as it can do. A test that names the target "cpu"
and makes its simulators here runs on the one or the other.
"""

import os
from typing import Any

import numbadyn as nd

__all__ = ["COMPILED", "SIMULATED", "simulator_of"]

SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
COMPILED = "cuda" if SIMULATED else "cpu"


def simulator_of(network: Any, dt: Any, target: str = "cpu", **options: Any) -> nd.Simulator:
    """A simulator on the compiled target, with the bits of the interpreter; other targets are what they are."""
    if target in ("cpu", COMPILED):
        target = COMPILED
        options.setdefault("reproducible", SIMULATED)
    return nd.Simulator(network, dt=dt, target=target, **options)
