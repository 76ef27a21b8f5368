"""What the hand-written benchmark kernels share: instructions, exponentials, spike lists, delivery, connectivity.

In: numbers, flags, rows of targets.  Out: functions for other kernels to inline.  Must not know: numbadyn, and any
network in particular.

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

TILE = 256
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
    """Add `weight` to the targets of the spiking neurons first .. last - 1 of the list.

    A row is walked one cache line (16 targets) at a time, and each line asks for the same line of the row after next:
    the prefetches are spread over the work, and rows of any length are covered.
    """
    for k in range(first, last):
        source = np.uint64(spikes[np.uint64(k)])
        begin, end = np.uint64(starts[source]), np.uint64(starts[source + np.uint64(1)])
        ahead = begin
        if k + 2 < last:
            ahead = np.uint64(starts[np.uint64(spikes[np.uint64(k + 2)])])
        lines = (end - begin) // np.uint64(16)
        for line in range(lines):
            offset = np.uint64(line) * np.uint64(16)
            prefetch(targets, ahead + offset)
            for synapse in range(16):
                accumulator[targets[begin + offset + np.uint64(synapse)]] += weight
        prefetch(targets, ahead + lines * np.uint64(16))
        for synapse in range(begin + lines * np.uint64(16), end):
            accumulator[targets[synapse]] += weight


@kernel
def count_below(count: int, spikes: Array, border: int) -> int:
    """Number of indices below the border in a sorted list."""
    below = 0
    while below < count and spikes[below] < border:
        below += 1
    return below


@scalar
def fire(v: float, r: int, reset: float, threshold: float) -> tuple[float, int, bool]:
    """Hold refractory neurons (50 steps), test the threshold, reset; returns voltage, counter, flag."""
    held = r > np.int32(0)
    v = select(held, reset, v)
    spike = (v >= threshold) & (not held)
    counter = select(held, np.int32(r - np.int32(1)), r)
    return select(spike, reset, v), select(spike, np.int32(50), counter), spike


@njit
def bernoulli_rows(n: int, probability: float, generator: np.random.Generator) -> tuple[Array, Array]:
    """Rows of targets, each ordered pair drawn with the given probability; returns row starts and targets."""
    starts = np.zeros(n + 1, np.uint32)
    targets = np.empty(int(n * n * probability * 1.05) + 1000, np.uint32)
    count = 0
    for source in range(n):
        # The gap to the next synapse is geometric.
        target = generator.geometric(probability) - 1
        while target < n:
            targets[count] = target
            count += 1
            target += generator.geometric(probability)
        starts[source + 1] = count
    return starts, targets[:count].copy()


@njit
def fixed_indegree_rows(
    n: int, excitatory: int, k_e: int, k_i: int, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Rows of targets such that each neuron has `k_e` excitatory and `k_i` inhibitory sources, with replacement."""
    k = k_e + k_i
    sources = np.empty(n * k, np.uint32)
    starts = np.zeros(n + 2, np.uint32)
    for synapse in range(n * k):
        inhibitory = synapse % k >= k_e
        source = generator.integers(excitatory, n) if inhibitory else generator.integers(0, excitatory)
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
