"""Benchmark networks as hand-written Numba kernels: the speed that generated code is measured against.

In: the name of a network, a scale, durations and a seed.  Out: sizes, run times and spikes.  Must not know: numbadyn;
these kernels share nothing with the package, so that its speed can be measured against them.

Notes
-----
Every kernel advances one step of a whole population with branch-free arithmetic that LLVM turns into vector
instructions: `select` instead of ``if``, no fused multiply-add, no reassociation, so NumPy would compute the same bits.
Spikes are written as flags, compacted to a list, recorded, and delivered by walking the targets of each spiking neuron.
Conductances are decayed at the end of a step and delivery adds to the decayed value; this saves an input buffer.

References
----------
R. Brette et al., J. Comput. Neurosci. 23, 349 (2007), doi:10.1007/s10827-007-0038-6.
N. Brunel, J. Comput. Neurosci. 8, 183 (2000), doi:10.1023/A:1008925309027.
J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3. SC'11 (2011), doi:10.1145/2063384.2063405.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import coupled, uncoupled
from .common import TILE, bernoulli_rows, fixed_indegree_rows

Array = npt.NDArray[Any]

DT = 0.1
"""Time step, ms."""


class Outcome(NamedTuple):
    """What a network returns: its size, its times in s, and the spikes of the timed window (steps and neurons)."""

    neurons: int
    synapses: int
    build_s: float
    run_s: float
    steps: Array
    indices: Array


def spike_buffer(n: int, steps: int, highest_rate: float = 150.0) -> tuple[Array, Array]:
    """Room for the spikes of `n` neurons in `steps` steps at `highest_rate` Hz, plus one step in which all fire."""
    room = int(n * steps * DT * 1e-3 * highest_rate) + 2 * n
    return np.empty(room, np.int32), np.empty(room, np.uint32)


def padded(n: int, value: float = 0.0, dtype: npt.DTypeLike = np.float64) -> Array:
    """State array of `n` elements whose length is rounded up to 64, so that flags can be read 64 at a time."""
    return np.full((n + 63) // 64 * 64, value, dtype)


def timed(
    run: Callable[[int, int, Array, Array], int], n: int, warm_ms: float, sim_ms: float
) -> tuple[float, Array, Array]:
    """Compile with an empty run, warm the network up, then time the window; returns seconds, steps and neurons."""
    warm, steps = round(warm_ms / DT), round(sim_ms / DT)
    run(0, 0, *spike_buffer(n, 0))
    run(0, warm, *spike_buffer(n, warm))
    buffers = spike_buffer(n, steps)
    start = time.perf_counter()
    count = run(warm, warm + steps, *buffers)
    seconds = time.perf_counter() - start
    if count < 0:
        raise RuntimeError("more than 150 spikes per second and neuron: the network is not in its working state")
    return seconds, buffers[0][:count], buffers[1][:count]


def vogels_abbott(network: str, scale: float, warm_ms: float, sim_ms: float, seed: int) -> Outcome:
    """Sparse E/I network of Brette et al. (2007): conductance-based (two forms) or current-based.

    Parameters
    ----------
    network : {"coba", "coba_constant", "cuba"}
        `coba` takes the exact linear coefficient in its exponential Euler step; `coba_constant` a forward step.
    scale : float
        Factor on the 3,200 + 800 neurons; the number of synapses per neuron stays 80.
    warm_ms, sim_ms : float
        Biological time before and within the timed window.
    seed : int
        Seed of connectivity and initial values.

    Returns
    -------
    Outcome
        Sizes, times and spikes.
    """
    begin = time.perf_counter()
    excitatory, n = round(3200 * scale), round(4000 * scale)
    generator = np.random.default_rng(seed)
    starts, targets = bernoulli_rows(n, 80.0 / n, generator)
    v, ge, gi = padded(n, -60.0), padded(n), padded(n)
    v[:n] = generator.uniform(-60.0, -50.0, n)
    refractory, flags = padded(n, 0, np.int32), padded(n, 0, np.uint8)
    spikes = np.empty(n + 64, np.uint32)
    kind = {"coba": 0, "coba_constant": 1, "cuba": 2}[network]
    weight_e, weight_i = (1.62, -9.0) if kind == 2 else (0.6, 6.7)
    constants = coupled.cuba_constants(DT) if kind == 2 else coupled.coba_constants(DT)

    def run(first: int, last: int, times: Array, indices: Array) -> int:
        return coupled.run_vogels_abbott(
            kind,
            first,
            last,
            n,
            excitatory,
            constants,
            weight_e,
            weight_i,
            v,
            refractory,
            ge,
            gi,
            flags,
            spikes,
            starts,
            targets,
            times,
            indices,
        )

    seconds, steps, indices = timed(run, n, warm_ms, sim_ms)
    total = time.perf_counter() - begin
    return Outcome(n, targets.size, total - seconds, seconds, steps, indices)


def brunel(network: str, scale: float, warm_ms: float, sim_ms: float, seed: int) -> Outcome:
    """Brunel (2000), model A: fixed in-degree, delta synapses, delay 1.5 ms, Poisson drive; arguments as above."""
    begin = time.perf_counter()
    excitatory, n = round(10000 * scale), round(12500 * scale)
    jump = 0.1 / scale
    generator = np.random.default_rng(seed)
    mean = 2.0 * 20.0 / (jump * 20.0) * DT
    starts, targets = fixed_indegree_rows(n, excitatory, round(1000 * scale), round(250 * scale), generator)
    v = padded(n)
    v[:n] = generator.uniform(0.0, 20.0, n)
    refractory, flags, drive = padded(n, 0, np.int32), padded(n, 0, np.uint8), padded(n, 0, np.int32)
    spikes = np.empty(n + 64, np.uint32)
    history = np.empty((16, n + 64), np.uint32)
    held = np.zeros(16, np.int64)
    thresholds = coupled.poisson_thresholds(mean)
    constants = np.array([math.exp(-DT / 20.0), 10.0, jump, -5.0 * jump])
    slots = padded(n)

    def run(first: int, last: int, times: Array, indices: Array) -> int:
        return coupled.run_brunel(
            first,
            last,
            n,
            excitatory,
            np.uint32(seed),
            constants,
            thresholds,
            v,
            refractory,
            slots,
            drive,
            flags,
            spikes,
            history,
            held,
            starts,
            targets,
            times,
            indices,
        )

    seconds, steps, indices = timed(run, n, warm_ms, sim_ms)
    total = time.perf_counter() - begin
    return Outcome(n, targets.size, total - seconds, seconds, steps, indices)


def lif_only(network: str, scale: float, warm_ms: float, sim_ms: float, seed: int) -> Outcome:
    """Uncoupled LIF neurons with a drive from 5 to 25 mV; `lif_blocked` advances 100 steps of a block at a time."""
    begin = time.perf_counter()
    n = round(100000 * scale)
    v, drive = padded(n, -60.0), padded(n)
    drive[:n] = np.linspace(5.0, 25.0, n)
    refractory, flags = padded(n, 0, np.int32), padded(n, 0, np.uint8)
    spikes = np.empty(n + 64, np.uint32)
    runner = uncoupled.run_lif_blocked if network == "lif_blocked" else uncoupled.run_lif

    def run(first: int, last: int, times: Array, indices: Array) -> int:
        return runner(first, last, n, math.exp(-DT / 20.0), v, drive, refractory, flags, spikes, times, indices)

    seconds, steps, indices = timed(run, n, warm_ms, sim_ms)
    total = time.perf_counter() - begin
    return Outcome(n, 0, total - seconds, seconds, steps, indices)


def hh_only(network: str, scale: float, warm_ms: float, sim_ms: float, seed: int) -> Outcome:
    """Uncoupled Hodgkin-Huxley neurons (Traub and Miles), current 0 to 500 pA; arguments as above."""
    begin = time.perf_counter()
    n = round(100000 * scale)
    current = padded(n)
    current[:n] = np.linspace(0.0, 500.0, n)
    v, m, h, k = padded(n, -65.0), padded(n), padded(n, 1.0), padded(n)
    refractory, flags = padded(n, 0, np.int32), padded(n, 0, np.uint8)
    spikes = np.empty(n + 64, np.uint32)
    scratch = np.zeros(5 * TILE)

    def run(first: int, last: int, times: Array, indices: Array) -> int:
        return uncoupled.run_hh(
            first, last, n, DT, v, m, h, k, current, refractory, flags, spikes, scratch, times, indices
        )

    seconds, steps, indices = timed(run, n, warm_ms, sim_ms)
    total = time.perf_counter() - begin
    return Outcome(n, 0, total - seconds, seconds, steps, indices)


NETWORKS: dict[str, tuple[Callable[[str, float, float, float, int], Outcome], float, float]] = {
    "coba": (vogels_abbott, 200.0, 2000.0),
    "coba_constant": (vogels_abbott, 200.0, 2000.0),
    "cuba": (vogels_abbott, 200.0, 2000.0),
    "brunel": (brunel, 200.0, 1000.0),
    "lif_only": (lif_only, 50.0, 1000.0),
    "lif_blocked": (lif_only, 50.0, 1000.0),
    "hh_only": (hh_only, 20.0, 100.0),
}
"""Network: function, warm-up and duration in ms."""
