"""Numba kernels of the hand-written benchmark networks in :mod:`marks`.

What goes in: arrays of states, connectivity rows, buffers for spikes. What comes out: the arrays advanced by whole
chunks of steps, and the number of spikes recorded. It must not know numbadyn, units or the command line.

Notes
-----
Four habits make the loops fast. Arguments are promised not to overlap. Choices are `select` instructions: a conditional
expression would become a branch, which LLVM turns into masked loads and stores. Indices are unsigned, which saves the
test for negative ones. The exponential step uses a short rational form where its argument is small, decided for a tile
of neurons at a time; the decision changes the speed, not the result, since the form depends on the argument alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.extending import intrinsic

Array = npt.NDArray[Any]

TILE = 512
"""Neurons whose temporaries stay in the first-level cache between two loops."""

SHORT = 0.9
"""Largest magnitude for which the short form of (e^z - 1)/z is accurate (5 ulp)."""

MAGIC = 6755399441055744.0
INVERSE_LN2 = 1.4426950408889634
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10


class NoAlias(CompilerBase):
    """Numba's usual pipeline with the promise that array arguments do not overlap."""

    def define_pipelines(self) -> list[Any]:
        """Set the flag before the passes are built."""
        self.state.flags.noalias = True
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


kernel = njit(error_model="numpy", pipeline_class=NoAlias)
scalar = njit(error_model="numpy")


@intrinsic
def select(typing_context: Any, condition: Any, if_true: Any, if_false: Any) -> Any:
    """Choose one of two computed values of one type without a branch."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return if_true(types.boolean, if_true, if_true), generate


@intrinsic
def bits_of(typing_context: Any, value: Any) -> Any:
    """Reinterpret a float64 as an int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def from_bits(typing_context: Any, value: Any) -> Any:
    """Reinterpret an int64 as a float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def prefetch(typing_context: Any, array: Any, position: Any) -> Any:
    """Ask for the cache line of one array element."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte_pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.bitcast(builder.gep(view.data, [arguments[1]]), byte_pointer)
        kind = ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        builder.call(function, [address, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.none(array, types.uint64), generate


@scalar
def exp_minus_one_of_remainder(r: float) -> float:
    """e^r - 1 for abs(r) <= ln(2)/2 by the rational form of fdlibm."""
    w = r * r
    c = w * (6.61375632143793436117e-05 + w * (-1.65339022054652515390e-06 + w * 4.13813679705723846039e-08))
    c = r - w * (1.66666666666666019037e-01 + w * (-2.77777777770155933842e-03 + c))
    return r + (r * c) / (2.0 - c)


@scalar
def exp(x: float) -> float:
    """Exponential within 1 ulp for arguments between -708 and 709; clamped outside."""
    x = select(x > 709.0, 709.0, x)
    x = select(x < -708.0, -708.0, x)
    shifted = x * INVERSE_LN2 + MAGIC
    nearest = shifted - MAGIC
    y = 1.0 + exp_minus_one_of_remainder((x - nearest * LN2_HIGH) - nearest * LN2_LOW)
    # The lowest bits of the shifted number are the power of two: add it to the exponent of y.
    return from_bits(bits_of(y) + (bits_of(shifted) << 52))


@scalar
def expm1(x: float) -> float:
    """e^x - 1 for arguments between -708 and 709."""
    shifted = x * INVERSE_LN2 + MAGIC
    nearest = shifted - MAGIC
    p = exp_minus_one_of_remainder((x - nearest * LN2_HIGH) - nearest * LN2_LOW)
    power = from_bits(bits_of(1.0) + (bits_of(shifted) << 52))
    return power * p + (power - 1.0)


@scalar
def inverse_exprel(x: float) -> float:
    """x / (e^x - 1), 1 at 0."""
    return select(x == 0.0, 1.0, x / expm1(x))


@scalar
def exprel_short(z: float) -> float:
    """(e^z - 1) / z for abs(z) <= `SHORT`, a rational minimax form."""
    z2 = z * z
    q = (z2 * 6.302491029342756e-05 + 0.0151470424476144) * z2 + 0.5
    p = ((z2 * 1.497816802354065e-06 + 0.0012616680063076314) * z2 + 0.11362741822856201) * z2 + 1.0
    return (q + q) / (p - z * q)


@scalar
def exprel(z: float) -> float:
    """(e^z - 1) / z: the short form where it holds."""
    return select(abs(z) <= SHORT, exprel_short(z), (exp(z) - 1.0) / z)


# --- spikes and synapses -----------------------------------------------------------------------------------------


@kernel
def compact(flags: Array, spikes: Array) -> int:
    """List the indices of the flags that are set; returns their number."""
    words = flags.view(np.uint64)
    count = np.uint64(0)
    for block in range(words.size // 8):
        first = np.uint64(block) * np.uint64(8)
        union = np.uint64(0)
        for k in range(8):
            union |= words[first + np.uint64(k)]
        if union == np.uint64(0):
            continue
        for k in range(8):
            word = words[first + np.uint64(k)]
            if word == np.uint64(0):
                continue
            for bit in range(8):
                # Write always, advance only past a spike: no branch to mispredict.
                spikes[count] = np.uint32((first + np.uint64(k)) * np.uint64(8) + np.uint64(bit))
                count += (word >> np.uint64(8 * bit)) & np.uint64(1)
    return count


@kernel
def record(step: int, count: int, spikes: Array, recorded: int, times: Array, indices: Array) -> int:
    """Append the spikes of one step; returns the new number of recorded spikes."""
    for k in range(count):
        position = np.uint64(recorded) + np.uint64(k)
        times[position] = step
        indices[position] = spikes[np.uint64(k)]
    return recorded + count


@kernel
def deliver(
    first: int, last: int, spikes: Array, starts: Array, targets: Array, weight: float, accumulator: Array
) -> None:
    """Add `weight` to the targets of the spiking neurons first .. last - 1 of the list."""
    for k in range(first, last):
        source = np.uint64(spikes[np.uint64(k)])
        if k + 2 < last:
            following = np.uint64(spikes[np.uint64(k + 2)])
            for line in range(5):
                prefetch(targets, np.uint64(starts[following]) + np.uint64(16 * line))
        for synapse in range(starts[source], starts[source + np.uint64(1)]):
            accumulator[targets[synapse]] += weight


@kernel
def count_below(count: int, spikes: Array, border: int) -> int:
    """Number of indices below the border in a sorted list."""
    below = 0
    while below < count and spikes[below] < border:
        below += 1
    return below


@njit
def bernoulli_rows(n: int, probability: float, seed: int) -> tuple[Array, Array]:
    """Rows of targets, each ordered pair drawn with the given probability; returns row starts and targets."""
    np.random.seed(seed)
    starts = np.zeros(n + 1, np.uint32)
    targets = np.empty(int(n * n * probability * 1.05) + 1000, np.uint32)
    count = 0
    for source in range(n):
        # The gap to the next synapse is geometric.
        target = np.random.geometric(probability) - 1
        while target < n:
            targets[count] = target
            count += 1
            target += np.random.geometric(probability)
        starts[source + 1] = count
    return starts, targets[:count].copy()


@njit
def fixed_indegree_rows(n: int, excitatory: int, k_e: int, k_i: int, seed: int) -> tuple[Array, Array]:
    """Rows of targets such that each neuron has `k_e` excitatory and `k_i` inhibitory sources, with replacement."""
    np.random.seed(seed)
    k = k_e + k_i
    sources = np.empty(n * k, np.uint32)
    starts = np.zeros(n + 2, np.uint32)
    for synapse in range(n * k):
        inhibitory = synapse % k >= k_e
        source = np.random.randint(excitatory, n) if inhibitory else np.random.randint(0, excitatory)
        sources[synapse] = source
        starts[source + 2] += 1
    for source in range(n):
        starts[source + 2] += starts[source + 1]
    targets = np.empty(n * k, np.uint32)
    # Counting sort: the target numbers of each row come out ascending.
    for synapse in range(n * k):
        source = sources[synapse]
        targets[starts[source + 1]] = synapse // k
        starts[source + 1] += 1
    return starts[: n + 1].copy(), targets


# --- conductance-based and current-based E/I networks --------------------------------------------------------------


def coba_constants(dt: float) -> Array:
    """Constants of `update_coba`: dt/tau_m, the two decays, rest + drive, reversals, reset, threshold."""
    return np.array([dt / 20.0, np.exp(-dt / 5.0), np.exp(-dt / 10.0), -60.0 + 20.0, 0.0, -80.0, -60.0, -50.0])


def cuba_constants(dt: float) -> Array:
    """Constants of `update_cuba`: the exact propagator of voltage and both currents, reset, threshold."""
    decay, decay_e, decay_i = np.exp(-dt / 20.0), np.exp(-dt / 5.0), np.exp(-dt / 10.0)
    gain_e = 5.0 / (5.0 - 20.0) * (decay_e - decay)
    gain_i = 10.0 / (10.0 - 20.0) * (decay_i - decay)
    return np.array([decay, decay_e, decay_i, -49.0 * (1.0 - decay), gain_e, gain_i, -60.0, -50.0])


@scalar
def fire(v: float, r: int, reset: float, threshold: float) -> tuple[float, int, bool]:
    """Hold refractory neurons (50 steps), test the threshold, reset; returns voltage, counter, flag."""
    held = r > np.int32(0)
    v = select(held, reset, v)
    spike = (v >= threshold) & (not held)
    counter = select(held, np.int32(r - np.int32(1)), r)
    return select(spike, reset, v), select(spike, np.int32(50), counter), spike


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


# --- Brunel's network ----------------------------------------------------------------------------------------------


def poisson_thresholds(mean: float) -> Array:
    """Cumulative probabilities of a Poisson number scaled to 2^32, 24 of them, for comparison with a random word."""
    probability, cumulative, limits = np.exp(-mean), 0.0, []
    for k in range(24):
        cumulative += probability
        limits.append(min(cumulative * 2.0**32, 2.0**32 - 1.0))
        probability *= mean / (k + 1)
    return np.array(limits).astype(np.uint32)


@scalar
def philox(element: int, step: int, seed: int) -> int:
    """First word of Philox4x32-10 for counter (element, step) and key seed."""
    a, b, c, d = np.uint32(element), np.uint32(step), np.uint32(0), np.uint32(0)
    key, other = np.uint32(seed), np.uint32(0)
    for _ in range(10):
        p = np.uint64(a) * np.uint64(0xD2511F53)
        q = np.uint64(c) * np.uint64(0xCD9E8D57)
        a = np.uint32(np.uint32(q >> np.uint64(32)) ^ b ^ key)
        c = np.uint32(np.uint32(p >> np.uint64(32)) ^ d ^ other)
        b, d = np.uint32(q), np.uint32(p)
        key, other = np.uint32(key + np.uint32(0x9E3779B9)), np.uint32(other + np.uint32(0xBB67AE85))
    return a


@kernel
def draw_poisson(n: int, step: int, seed: int, thresholds: Array, drive: Array) -> None:
    """One Poisson number per neuron: how many cumulative probabilities the random word reaches."""
    for k in range(n):
        i = np.uint64(k)
        drive[i] = np.int32(philox(np.uint32(k), np.uint32(step), seed) >> np.uint32(1))
    for low in range(0, n, TILE):
        high = min(low + TILE, n)
        for k in range(low, high):
            i = np.uint64(k)
            word = drive[i]
            number = np.int32(0)
            for limit in range(24):
                # 31 bits, so that a signed comparison does; true is 1.
                number = np.int32(number + np.int32(word >= np.int32(thresholds[limit] >> np.uint32(1))))
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
        draw_poisson(n, step, seed, thresholds, drive)
        update_brunel(n, constants, v, refractory, slots, drive, flags)
        count = compact(flags, spikes)
        if recorded + count > times.size:
            return -1
        recorded = record(step, count, spikes, recorded, times, indices)
        history[slot, :count] = spikes[:count]
        held[slot] = count
    return recorded


# --- uncoupled populations -----------------------------------------------------------------------------------------


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


# --- Hodgkin-Huxley ------------------------------------------------------------------------------------------------


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
def step_voltage(
    low: int, m: int, dt: float, v: Array, old_m: Array, old_h: Array, old_n: Array, current: Array, r: Array,
    flags: Array,
) -> None:  # fmt: skip
    """Exponential step of the voltage, and a spike where it exceeds -20 mV for the first time in 3 ms."""
    for k in range(m):
        q = np.uint64(k)
        i = np.uint64(low) + q
        x = v[i]
        sodium = 20000.0 * (old_m[q] * old_m[q] * old_m[q]) * old_h[q]
        potassium = 6000.0 * (old_n[q] * old_n[q]) * (old_n[q] * old_n[q])
        f = 10.0 * (-60.0 - x) + sodium * (50.0 - x) + potassium * (-90.0 - x) + current[i]
        slope = dt / 200.0
        x = x + exprel(-(10.0 + sodium + potassium) * slope) * (f * slope)
        spike = (x > -20.0) & (r[i] <= np.int32(0))
        v[i] = x
        r[i] = select(spike, np.int32(30), np.int32(r[i] - np.int32(r[i] > np.int32(0))))
        flags[i] = spike


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
            step_voltage(low, size, dt, v, old_m, old_h, old_n, current, refractory, flags)
        count = compact(flags, spikes)
        if recorded + count > times.size:
            return -1
        recorded = record(step, count, spikes, recorded, times, indices)
    return recorded
