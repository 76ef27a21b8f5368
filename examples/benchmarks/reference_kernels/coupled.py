"""Hand-written kernels of the coupled benchmark networks: conductance-based, current-based, and Brunel's.

In: arrays of states, rows of targets, buffers for spikes.  Out: the arrays advanced by whole chunks
of steps, and the number of spikes recorded.  Must not know: numbadyn, units or the command line.
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
    count_below,
    deliver,
    exprel,
    exprel_short,
    fire,
    kernel,
    record,
    scalar,
    select,
)

POISSON_LIMITS = 20
"""Largest Poisson number that is drawn; enough for means up to 3."""


def coba_constants(dt: float) -> Array:
    """Constants of `update_coba`: dt/tau_m, the two decays, rest + drive, reversals, reset, threshold."""
    return np.array([dt / 20.0, np.exp(-dt / 5.0), np.exp(-dt / 10.0), -60.0 + 20.0, 0.0, -80.0, -60.0, -50.0])


def cuba_constants(dt: float) -> Array:
    """Constants of `update_cuba`: the exact propagator of voltage and both currents, reset, threshold."""
    decay, decay_e, decay_i = np.exp(-dt / 20.0), np.exp(-dt / 5.0), np.exp(-dt / 10.0)
    gain_e = 5.0 / (5.0 - 20.0) * (decay_e - decay)
    gain_i = 10.0 / (10.0 - 20.0) * (decay_i - decay)
    return np.array([decay, decay_e, decay_i, -49.0 * (1.0 - decay), gain_e, gain_i, -60.0, -50.0])


def _coba_update(propagator: Any) -> Any:
    """Make the second loop of the COBA update for one form of (e^z - 1)/z."""

    @kernel
    def update(low: int, m: int, c: Array, v: Array, r: Array, ge: Array, gi: Array, flags: Array, z: Array) -> None:
        slope, decay_e, decay_i, rest = c[0], c[1], c[2], c[3]
        reversal_e, reversal_i, reset, threshold = c[4], c[5], c[6], c[7]
        for k in range(m):
            i = np.uint64(low) + np.uint64(k)
            e, g, x = ge[i], gi[i], v[i]
            ge[i] = e * decay_e
            gi[i] = g * decay_i
            f = (rest - x + e * (reversal_e - x) + g * (reversal_i - x)) * slope
            x, counter, spike = fire(x + propagator(z[np.uint64(k)]) * f, r[i], reset, threshold)
            v[i] = x
            r[i] = counter
            flags[i] = spike

    return update


@scalar
def one(z: float) -> float:
    """The propagator of a forward step."""
    return 1.0


coba_short, coba_general, coba_forward = _coba_update(exprel_short), _coba_update(exprel), _coba_update(one)


@kernel
def coefficients(low: int, m: int, slope: float, ge: Array, gi: Array, z: Array) -> int:
    """Argument of the exponential step for a tile; returns nonzero if any is too large for the short form."""
    large = np.int64(0)
    for k in range(m):
        i = np.uint64(low) + np.uint64(k)
        x = -(1.0 + ge[i] + gi[i]) * slope
        z[np.uint64(k)] = x
        large |= np.int64(abs(x) > SHORT)
    return large


@kernel
def update_cuba(n: int, c: Array, v: Array, r: Array, ge: Array, gi: Array, flags: Array) -> None:
    """One exact step of current-based neurons."""
    decay, decay_e, decay_i, rest = c[0], c[1], c[2], c[3]
    gain_e, gain_i, reset, threshold = c[4], c[5], c[6], c[7]
    for k in range(n):
        i = np.uint64(k)
        e, g = ge[i], gi[i]
        ge[i] = e * decay_e
        gi[i] = g * decay_i
        x = v[i] * decay + rest + e * gain_e + g * gain_i
        x, counter, spike = fire(x, r[i], reset, threshold)
        v[i] = x
        r[i] = counter
        flags[i] = spike


@njit(error_model="numpy")
def run_vogels_abbott(
    kind: int, first: int, last: int, n: int, excitatory: int, constants: Array, weight_e: float, weight_i: float,
    v: Array, refractory: Array, ge: Array, gi: Array, flags: Array, spikes: Array, starts: Array, targets: Array,
    times: Array, indices: Array,
) -> int:  # fmt: skip
    """Advance from step `first` to step `last`; returns the number of spikes, or -1 when the buffers are full."""
    recorded = 0
    z = np.zeros(TILE)
    for step in range(first, last):
        if kind == 2:
            update_cuba(n, constants, v, refractory, ge, gi, flags)
        else:
            for low in range(0, n, TILE):
                m = min(TILE, n - low)
                if kind == 1:
                    coba_forward(low, m, constants, v, refractory, ge, gi, flags, z)
                elif coefficients(low, m, constants[0], ge, gi, z) == 0:
                    coba_short(low, m, constants, v, refractory, ge, gi, flags, z)
                else:
                    coba_general(low, m, constants, v, refractory, ge, gi, flags, z)
        count = compact(flags, spikes)
        if recorded + count > times.size:
            return -1
        recorded = record(step, count, spikes, recorded, times, indices)
        border = count_below(count, spikes, excitatory)
        deliver(0, border, spikes, starts, targets, weight_e, ge)
        deliver(border, count, spikes, starts, targets, weight_i, gi)
    return recorded


def poisson_thresholds(mean: float) -> Array:
    """Cumulative probabilities of a Poisson number, scaled to 31 bits, for comparison with a random number."""
    probability, cumulative, limits = np.exp(-mean), 0.0, []
    for k in range(POISSON_LIMITS):
        cumulative += probability
        limits.append(min(cumulative * 2.0**31, 2.0**31 - 1.0))
        probability *= mean / (k + 1)
    return np.array(limits).astype(np.int32)


@scalar
def philox(element: int, step: int, seed: int) -> int:
    """First word of Philox4x32-10 for counter (element, step) and key seed, as uint32."""
    low_half = np.uint64(0xFFFFFFFF)
    # 64-bit words throughout; what stands above bit 31 is dropped when it is used: narrowing each round costs shuffles.
    a, b, c, d = np.uint64(element), np.uint64(step), np.uint64(0), np.uint64(0)
    key, other = np.uint64(seed), np.uint64(0)
    for _ in range(10):
        p = (a & low_half) * np.uint64(0xD2511F53)
        q = (c & low_half) * np.uint64(0xCD9E8D57)
        a = (q >> np.uint64(32)) ^ b ^ key
        c = (p >> np.uint64(32)) ^ d ^ other
        b, d = q, p
        key, other = key + np.uint64(0x9E3779B9), other + np.uint64(0xBB67AE85)
    return np.uint32(a)


@kernel
def draw_words(n: int, step: int, seed: int, drive: Array) -> None:
    """One random number of 31 bits per neuron."""
    for k in range(n):
        drive[np.uint64(k)] = np.int32(philox(np.uint32(k), np.uint32(step), seed) >> np.uint32(1))


@kernel
def words_to_poisson(n: int, thresholds: Array, drive: Array) -> None:
    """Replace each random number by the Poisson number whose cumulative probability it reaches."""
    # A function of its own: together with the loop above it is not vectorised.
    for k in range(n):
        i = np.uint64(k)
        word, number = drive[i], np.int32(0)
        for limit in range(POISSON_LIMITS):
            number = np.int32(number + select(word >= thresholds[limit], np.int32(1), np.int32(0)))
        drive[i] = number


@kernel
def update_brunel(n: int, c: Array, v: Array, r: Array, slots: Array, drive: Array, flags: Array) -> None:
    """One exact step with delta input, which is discarded in the refractory period (20 steps)."""
    decay, reset, jump = c[0], c[1], c[2]
    for k in range(n):
        i = np.uint64(k)
        held = r[i] > np.int32(0)
        x = select(held, reset, v[i] * decay + (slots[i] + jump * drive[i]))
        slots[i] = 0.0
        spike = x >= 20.0
        v[i] = select(spike, reset, x)
        r[i] = select(spike, np.int32(20), select(held, np.int32(r[i] - np.int32(1)), r[i]))
        flags[i] = spike


@njit(error_model="numpy")
def run_brunel(
    first: int, last: int, n: int, excitatory: int, seed: int, constants: Array, thresholds: Array, v: Array,
    refractory: Array, slots: Array, drive: Array, flags: Array, spikes: Array, history: Array, held: Array,
    starts: Array, targets: Array, times: Array, indices: Array,
) -> int:  # fmt: skip
    """Advance from step `first` to step `last`; spikes wait 15 steps in `history`; returns as above."""
    recorded = 0
    for step in range(first, last):
        slot = step % 16
        waiting = held[slot]
        border = count_below(waiting, history[slot], excitatory)
        deliver(0, border, history[slot], starts, targets, constants[2], slots)
        deliver(border, waiting, history[slot], starts, targets, constants[3], slots)
        draw_words(n, step, seed, drive)
        words_to_poisson(n, thresholds, drive)
        update_brunel(n, constants, v, refractory, slots, drive, flags)
        count = compact(flags, spikes)
        if recorded + count > times.size:
            return -1
        recorded = record(step, count, spikes, recorded, times, indices)
        history[slot, :count] = spikes[:count]
        held[slot] = count
    return recorded
