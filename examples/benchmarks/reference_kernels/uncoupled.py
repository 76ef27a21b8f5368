"""Hand-written kernels of the uncoupled benchmark populations: leaky integrate-and-fire and Hodgkin-Huxley.

In: arrays of states, buffers for spikes.  Out: the arrays advanced by whole chunks of steps, and
the number of spikes recorded.  Must not know: numbadyn, units or the command line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .common import (
    SHORT,
    TILE,
    Array,
    compact,
    exp,
    exprel,
    exprel_short,
    fire,
    inverse_exprel,
    kernel,
    record,
    scalar,
    select,
)


@kernel
def update_lif(low: int, m: int, decay: float, v: Array, drive: Array, r: Array, flags: Array) -> None:
    """One exact step of LIF neurons with a constant drive (rest -60 mV)."""
    for k in range(m):
        i = np.uint64(low) + np.uint64(k)
        target = drive[i] - 60.0
        x, counter, spike = fire(target + (v[i] - target) * decay, r[i], -60.0, -50.0)
        v[i] = x
        r[i] = counter
        flags[i] = spike


@njit(error_model="numpy")
def run_lif(
    first: int, last: int, n: int, decay: float, v: Array, drive: Array, refractory: Array, flags: Array,
    spikes: Array, times: Array, indices: Array,
) -> int:  # fmt: skip
    """Advance all neurons step by step; returns the number of spikes, or -1 when the buffers are full."""
    recorded = 0
    for step in range(first, last):
        update_lif(0, n, decay, v, drive, refractory, flags)
        count = compact(flags, spikes)
        if recorded + count > times.size:
            return -1
        recorded = record(step, count, spikes, recorded, times, indices)
    return recorded


@njit(error_model="numpy")
def run_lif_blocked(
    first: int, last: int, n: int, decay: float, v: Array, drive: Array, refractory: Array, flags: Array,
    spikes: Array, times: Array, indices: Array,
) -> int:  # fmt: skip
    """Advance blocks of neurons by 100 steps while they are in the cache; spikes are in order after a counting sort."""
    recorded, block, span = 0, 1024, 100
    first_of = np.empty(span + 2, np.int64)
    for begin in range(first, last, span):
        end = min(begin + span, last)
        unsorted = recorded
        for low in range(0, n, block):
            m = min(block, n - low)
            for step in range(begin, end):
                update_lif(low, m, decay, v, drive, refractory, flags)
                count = compact(flags[low : low + block], spikes)
                if recorded + count > times.size:
                    return -1
                for k in range(count):
                    spikes[k] += low
                recorded = record(step, count, spikes, recorded, times, indices)
        new_times, new_indices = times[unsorted:recorded].copy(), indices[unsorted:recorded].copy()
        first_of[:] = 0
        for time in new_times:
            first_of[time - begin + 1] += 1
        for k in range(span):
            first_of[k + 1] += first_of[k]
        for k in range(new_times.size):
            position = unsorted + first_of[new_times[k] - begin]
            first_of[new_times[k] - begin] += 1
            times[position], indices[position] = new_times[k], new_indices[k]
    return recorded


@scalar
def alpha_m(u: float) -> float:
    """Opening rate of m, 1/ms."""
    return 1.28 * inverse_exprel((13.0 - u) * 0.25)


@scalar
def beta_m(u: float) -> float:
    """Closing rate of m, 1/ms."""
    return 1.4 * inverse_exprel((u - 40.0) * 0.2)


@scalar
def alpha_h(u: float) -> float:
    """Opening rate of h, 1/ms."""
    return 0.128 * exp((17.0 - u) * (1.0 / 18.0))


@scalar
def beta_h(u: float) -> float:
    """Closing rate of h, 1/ms."""
    return 4.0 / (1.0 + exp((40.0 - u) * 0.2))


@scalar
def alpha_n(u: float) -> float:
    """Opening rate of n, 1/ms."""
    return 0.16 * inverse_exprel((15.0 - u) * 0.2)


@scalar
def beta_n(u: float) -> float:
    """Closing rate of n, 1/ms."""
    return 0.5 * exp((10.0 - u) * 0.025)


def _rate_loop(rate: Any) -> Any:
    """Make a loop that evaluates one rate for a tile; one exponential per loop suits the processor best."""

    @kernel
    def loop(low: int, m: int, v: Array, out: Array) -> None:
        for k in range(m):
            out[np.uint64(k)] = rate(v[np.uint64(low) + np.uint64(k)] + 63.0)

    return loop


rate_alpha_m, rate_beta_m = _rate_loop(alpha_m), _rate_loop(beta_m)
rate_alpha_h, rate_beta_h = _rate_loop(alpha_h), _rate_loop(beta_h)
rate_alpha_n, rate_beta_n = _rate_loop(alpha_n), _rate_loop(beta_n)


@kernel
def step_gate(low: int, m: int, dt: float, alpha: Array, beta: Array, gate: Array, old: Array) -> None:
    """Exponential step of a gate; its old value is kept for the voltage."""
    for k in range(m):
        q = np.uint64(k)
        i = np.uint64(low) + q
        x = gate[i]
        total = alpha[q] + beta[q]
        limit = alpha[q] / total
        old[q] = x
        gate[i] = limit + (x - limit) * exp(-(dt * total))


@kernel
def voltage_slope(
    low: int, m: int, dt: float, v: Array, old_m: Array, old_h: Array, old_n: Array, current: Array, z: Array, f: Array,
) -> int:  # fmt: skip
    """Coefficient and slope of the voltage for a tile; returns nonzero if the short form does not hold for all."""
    large = np.int64(0)
    scale = dt / 200.0
    for k in range(m):
        q = np.uint64(k)
        i = np.uint64(low) + q
        x = v[i]
        sodium = 20000.0 * (old_m[q] * old_m[q] * old_m[q]) * old_h[q]
        potassium = 6000.0 * (old_n[q] * old_n[q]) * (old_n[q] * old_n[q])
        f[q] = (10.0 * (-60.0 - x) + sodium * (50.0 - x) + potassium * (-90.0 - x) + current[i]) * scale
        coefficient = -(10.0 + sodium + potassium) * scale
        z[q] = coefficient
        large |= np.int64(abs(coefficient) > SHORT)
    return large


def _voltage_step(propagator: Any) -> Any:
    """Make the voltage update for one form of (e^z - 1)/z; a spike exceeds -20 mV for the first time in 3 ms."""

    @kernel
    def update(low: int, m: int, v: Array, z: Array, f: Array, r: Array, flags: Array) -> None:
        for k in range(m):
            q = np.uint64(k)
            i = np.uint64(low) + q
            x = v[i] + propagator(z[q]) * f[q]
            spike = (x > -20.0) & (r[i] <= np.int32(0))
            v[i] = x
            r[i] = select(spike, np.int32(30), np.int32(r[i] - np.int32(r[i] > np.int32(0))))
            flags[i] = spike

    return update


voltage_short, voltage_general = _voltage_step(exprel_short), _voltage_step(exprel)


@njit(error_model="numpy")
def run_hh(
    first: int, last: int, n: int, dt: float, v: Array, m: Array, h: Array, k: Array, current: Array,
    refractory: Array, flags: Array, spikes: Array, scratch: Array, times: Array, indices: Array,
) -> int:  # fmt: skip
    """Advance all neurons step by step; gate `k` is potassium's n; returns as above."""
    recorded = 0
    alpha, beta = scratch[:TILE], scratch[TILE : 2 * TILE]
    old_m, old_h, old_n = scratch[2 * TILE : 3 * TILE], scratch[3 * TILE : 4 * TILE], scratch[4 * TILE :]
    for step in range(first, last):
        for low in range(0, n, TILE):
            size = min(TILE, n - low)
            rate_alpha_m(low, size, v, alpha)
            rate_beta_m(low, size, v, beta)
            step_gate(low, size, dt, alpha, beta, m, old_m)
            rate_alpha_h(low, size, v, alpha)
            rate_beta_h(low, size, v, beta)
            step_gate(low, size, dt, alpha, beta, h, old_h)
            rate_alpha_n(low, size, v, alpha)
            rate_beta_n(low, size, v, beta)
            step_gate(low, size, dt, alpha, beta, k, old_n)
            if voltage_slope(low, size, dt, v, old_m, old_h, old_n, current, alpha, beta) == 0:
                voltage_short(low, size, v, alpha, beta, refractory, flags)
            else:
                voltage_general(low, size, v, alpha, beta, refractory, flags)
        count = compact(flags, spikes)
        if recorded + count > times.size:
            return -1
        recorded = record(step, count, spikes, recorded, times, indices)
    return recorded
