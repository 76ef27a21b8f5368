"""Costs of a GPU that no network can avoid: copying memory, waiting for all threads, launching kernels.

In: a device.  Out: rates and times.  It must not know the networks that are measured beside, and is imported only where
the CUDA target works.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import networks
import numpy as np
from measuring import middle
from numba import cuda
from quantities import ms

import numbadyn as nd
from numbadyn.codegen.cuda.source import kernel_names
from numbadyn.runtime.cuda.device import Device

__all__ = ["Copy", "Fixed", "grid_waits", "tiny_population"]

DT = 0.1
TINY = 32
COPY_BYTES = 1 << 28
LARGEST = 1 << 30
"""More threads than any device has."""


class Fixed(NamedTuple):
    """A fixed cost: what, how many of it in a step, time of the step if it is one, and of each."""

    what: str
    number: int
    step_us: float | None
    each_us: float


class Copy:
    """Copies of memory within the device, as yardstick of bandwidth.

    Parameters
    ----------
    device : Device
        Where.
    """

    def __init__(self, device: Device) -> None:
        free = device.free_bytes
        size = 1 << 16 if free is None else min(COPY_BYTES, free // 8)
        self.device, self.repeats = device, 3 if device.simulated else 20
        self.source, self.target = (device.to_device(np.zeros(size, np.uint8)) for _ in range(2))

    def rate(self) -> float:
        """Bytes read and written per second."""
        self.target.copy_to_device(self.source, stream=self.device.stream)
        self.device.synchronize()
        started = time.perf_counter()
        for _ in range(self.repeats):
            self.target.copy_to_device(self.source, stream=self.device.stream)
        self.device.synchronize()
        return 2.0 * self.source.nbytes * self.repeats / (time.perf_counter() - started)


@cuda.jit
def wait_often(count):  # type: ignore[no-untyped-def]
    """All threads wait for each other, again and again."""
    grid = cuda.cg.this_grid()
    for _ in range(count):
        grid.sync()


def _launched(device: Device, threads: int, count: int) -> float:
    device.synchronize()
    started = time.perf_counter()
    device.launch(wait_often, threads, (count,), together=True)
    device.synchronize()
    return time.perf_counter() - started


def grid_waits(device: Device, rounds: int) -> list[Fixed]:
    """Time of a wait for all threads, of one block and of as many as the device holds.

    Parameters
    ----------
    device : Device
        Where.
    rounds : int
        How often both are measured.

    Returns
    -------
    list of Fixed
        The number is that of blocks.
    """
    count = 10 if device.simulated else 20_000
    found: dict[int, list[float]] = {1: [], LARGEST: []}
    for threads in found:
        _launched(device, threads, 0)  # compiles
    for _ in range(rounds):
        for threads, times in found.items():
            empty = _launched(device, threads, 0)
            times.append((_launched(device, threads, count) - empty) / count * 1e6)
    laid = []
    for threads, times in found.items():
        blocks = 1 if device.simulated else device.blocks(wait_often, threads, (count,), together=True)
        title = "a block" if threads == 1 else "as many blocks as the device holds"
        laid.append(Fixed(f"a wait for all threads of {title}", blocks, None, middle(times)))
    return laid


def _each_step(sim: nd.Simulator, launch: str) -> int:
    """Waits of the kernel that stays on the device, or launches, in each step."""
    if launch == "persistent":
        # those at the depth of the loop over steps; deeper ones are seldom
        return sim.source.splitlines().count("        grid.sync()")
    return len(kernel_names(sim.program, ordered=False))


def tiny_population(seconds: float, rounds: int) -> list[Fixed]:
    """Time of a step of some neurons whose spikes are recorded, for each way of launching.

    Parameters
    ----------
    seconds : float
        Biological time of each window.
    rounds : int
        How often all ways run.

    Returns
    -------
    list of Fixed
        Waits or launches of a step.
    """
    sims: dict[str, Any] = {}
    for launch in ("persistent", "graph", "single"):
        net, neurons = networks.lif_only(TINY / 100_000)
        sims[launch] = nd.Simulator(net, dt=DT * ms, target="cuda", launch=launch)
        sims[launch].record(neurons, spikes=True)
        sims[launch].run(max(DT, round(seconds * 100, 1)) * ms, progress=False)
    steps, times = round(seconds * 1e3 / DT), {launch: [] for launch in sims}
    for _ in range(rounds):
        for launch, sim in sims.items():
            started = time.perf_counter()
            sim.run(steps * DT * ms, progress=False)
            times[launch].append((time.perf_counter() - started) / steps * 1e6)
    laid = []
    for launch, sim in sims.items():
        number, step_us = _each_step(sim, launch), middle(times[launch])
        kind = "waits" if launch == "persistent" else "launches"
        laid.append(Fixed(f"a step of {TINY} neurons, {launch}, {kind}", number, step_us, step_us / max(number, 1)))
    return laid
