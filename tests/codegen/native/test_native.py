"""The translation of generated text to LLVM means what Numba's own passes mean, to the last bit."""

import itertools

import numpy as np
import pytest
from numba.core import config
from quantities import ms, mV

import numbadyn as nd
from numbadyn.codegen.cpu.compiler import NoAlias
from numbadyn.codegen.loader import load
from numbadyn.codegen.native.choice import COMPILER
from numbadyn.codegen.native.kinds import BOOL, F32, F64, I32, I64, U32, U64, TupleKind, arithmetic, join, scalar_of
from numbadyn.errors import InternalError, TargetError
from numbadyn.ir.elementary import HEADER

HEAD = f"""{HEADER}
from numbadyn.codegen.cpu.compiler import Direct, NoAlias
from numbadyn.codegen.intrinsics import array_at, atomic_add, nearest_even, prefetch_read, rounded_product

u8 = np.uint8
LIMIT = 7
kernel = njit(error_model="numpy", pipeline_class=NoAlias, no_cpython_wrapper=True)
entry = njit(error_model="numpy", pipeline_class=Direct)
"""

# a, b: int64; c, d: uint32; e, f: uint64; x, y: float64; g, h: float32; p, q: bool
EXPRESSIONS = """
a + b; a - c; a * d; c + d; c * d; c - d; e + a; e * f; e - f; a // b; a % b; c // d; c % d; e // f; e % f; a // c
a // 3; a % 16; -a; -e; ~a; ~e; a << 3; a >> 2; c >> 1; c << 4; e >> u64(3); a >> c % 8; a & b; a & c; a | b; a ^ d
p + q; p & q; p | q; p ^ q; a * p; a + p; p + x; abs(a); abs(x); abs(g); min(a, b); max(a, b); min(b, 256 - a)
u32(a); i32(a); u8(a); i64(c); u64(a); f32(a); f64(e); f32(x); f64(g); i64(x); int(y); i64(g); u32(5); f32(0.1)
a + x; a * g; c + g; g + h; g * x; g - h; x / y; g / h; a / b; c / d; x * y - a; -x; -g; -0.0 * x
a < b; a < c; a == c; e < a; a < e; e >= b; b >= e; a == e; e != a; a != e; c < d; e < f; x < y; x <= a; g == x
g != h; p == q; p != q; not a; not x; not p; x != x; a < x and b > 2; a < 0 or x < y; not (p and q)
select(p, a, b); select(x < y, a, x); select(p, c, a); select(a, x, y); select(p, g, h); select(q, -1.0, 0.0)
a if p else b; x if a < b else y; a if q else c; bits_of(x) >> 52; bits_of(g) + 1; f64_from_bits(bits_of(y))
f32_from_bits(bits_of(g) + 2); floor(x); floor(g); nearest_even(x); square_root(abs(x)); square_root(abs(h))
min(x, y); max(g, h); min(x / y, g); max(y, x / y, g); max(a, x)
rounded_product(x, y); LIMIT * a; np.inf - x; a + LIMIT / 2; (a, x)[0]; (a, x)[1] + 1; u64(a) * u64(0xD2511F53)
"""
ALL = [text.strip() for line in EXPRESSIONS.strip().splitlines() for text in line.split(";")]
VALUES = """
    a, b, c, d, e, f = A[k], B[k], C[k], D[k], E[k], F[k]
    x, y, g, h, p, q = X[k], Y[k], G[k], H[k], P[k], Q[k]
"""
BODY = "".join(f"\n    whole[{n}] = i64({text})\n    real[{n}] = {text}" for n, text in enumerate(ALL))
SEPARATE = f"{HEAD}\n@entry\ndef compute(k, A, B, C, D, E, F, X, Y, G, H, P, Q, whole, real):{VALUES}{BODY}\n"

FLOW = f"""{HEAD}

@scalar
def halves(n):
    return n // 2, n / 2


@routine
def count(limit):
    found = 0
    for i in range(limit):
        if i % 3 == 0:
            continue
        if i > 20:
            break
        found += i
    return found


@routine
def first_above(values, bound):
    for k in range(values.size):
        if values[k] > bound:
            return k
    return -1


@kernel
def scale(start, stop, factor, source, target):
    for j in range(start, stop):
        i = u64(j)
        target[i] = source[i] * factor
    return stop - start > 2


@entry
def flow(n, values, table, flags, out):
    '''What is written here is not translated.'''
    whole, half = halves(n)
    total = 0
    total += half
    work = np.empty((2, 8), np.float64)
    first, second = work[0], work[1]
    first[:] = 1.5
    second[2:5] = table[1, 2]
    out[0] = total + count(n) + whole
    out[1] = first_above(values, 0.5) + first_above(table[1], 1e9)
    out[2] = first[-1] + second[4]
    out[3] = values[-2] + values[1:][-1] + values[: n - 100].size + values[3:1].size + values[-3:].shape[0]
    out[4] = out[u64(3)] + values[2:1000000].size + values.shape[0] + table.shape[1]
    words = flags[: (flags.shape[0] // 8) * 8].view(u64)
    out[5] = f64(words[0] >> u64(8)) + words.shape[0]
    near = scale(1, values.size, 3, values, out[8:])
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if middle * middle < n and near:
            low = middle + 1
        else:
            high = middle
    out[6] = low
    for back in range(5, 0, -2):
        out[7] -= back * (first if back > 2 else second)[3]
    for forth in range(n - 3, -n, -n // 2):
        for further in range(u32(2), n, n // 3):
            out[7] += further * forth
    out[2] += atomic_add(out, 6, values[1]) * atomic_add(table[1], whole - whole + 1, n)
    flags[1:3] = 0
    table[-1, n - n] += i64(flags[0]) + (flags[1] != 0)
    ring = array_at(out[1:].ctypes.data, 0.0)
    prefetch_read(ring, n + 1000)
    return ring[0] + out.itemsize + back
"""


def both(text, entry, monkeypatch):
    """The function as both compilers make it."""
    monkeypatch.delenv(COMPILER, raising=False)
    direct = load(text, label="native", entry=(entry,))
    monkeypatch.setenv(COMPILER, "numba")
    usual = load(text, label="native", entry=(entry,))
    assert direct.path != usual.path, "one compiler would find what the other has left"
    functions = getattr(direct.module, entry), getattr(usual.module, entry)

    def run(which, *arguments):
        monkeypatch.setenv(COMPILER, ("direct", "numba")[which])
        return functions[which](*arguments)

    return run


def samples():
    """Values that tell operations apart, in each position."""
    whole = np.array([0, 1, -1, 7, -7, 3, -3, 2**40 + 3, -(2**40) - 5, 2**62 - 1, 12, 5])
    pairs = np.array(list(itertools.product(whole, whole[:9])))
    a, b = np.ascontiguousarray(pairs.T)
    real = np.array([0.0, -0.0, 1.5, -2.5, 1e10, -3.25, 0.1, 7.0, 2.5, -1e-300, 12.0, 3.0])
    x, y = np.ascontiguousarray(np.array(list(itertools.product(real, real[:9]))).T)
    unsigned = np.arange(a.size, dtype=np.uint32) * np.uint32(2654435761)
    g, h = x.astype(np.float32), y.astype(np.float32)[::-1].copy()
    return (
        a, b, unsigned, unsigned[::-1].copy(), a.view(np.uint64).copy(), b.view(np.uint64).copy(),
        x, y, g, h, a > 2, b > x,
    )  # fmt: skip


def test_expressions_mean_what_numba_means(monkeypatch):
    run, arrays = both(SEPARATE, "compute", monkeypatch), samples()
    wholes, reals = np.zeros((2, len(ALL)), np.int64), np.zeros((2, len(ALL)))
    for k in range(arrays[0].size):
        for which in (0, 1):
            run(which, k, *arrays, wholes[which], reals[which])
        # bits, but for the sign of what is not a number
        bits = np.where(np.isnan(reals), 0.0, reals).view(np.int64)
        finite = np.abs(reals) < 2**62
        other = ((wholes[0] != wholes[1]) & finite.all(0)) | (bits[0] != bits[1]) | np.diff(np.isnan(reals), axis=0)[0]
        assert not other.any(), f"sample {k}: {[ALL[n] for n in np.flatnonzero(other)]}"


def test_the_smallest_integer_over_minus_one_stops_nothing():
    text = f"{HEAD}\n@entry\ndef divide(a, b):\n    return a // b + a % b\n"
    divide = load(text, label="divide", entry=("divide",)).module.divide
    smallest = int(np.iinfo(np.int64).min)
    assert [divide(smallest, -1), divide(smallest, 0), divide(-7, 2), divide(7, -2)] == [smallest, 0, -3, -5]


def test_ways_through_a_function_are_those_of_numba(monkeypatch):
    run, results = both(FLOW, "flow", monkeypatch), []
    for which in (0, 1):
        values, table = np.linspace(-1, 2, 9), np.arange(8.0).reshape(2, 4)
        flags, out = np.arange(19, dtype=np.uint8), np.arange(32.0)
        result = run(which, 37, values, table, flags, out)
        results.append([result, out.tolist(), table.tolist(), flags.tolist()])
    assert results[0] == results[1]


def test_a_network_is_the_same_by_both_compilers(monkeypatch):
    spikes = []
    for compiler in ("direct", "numba"):
        monkeypatch.setenv(COMPILER, compiler)
        neurons = nd.LIF(20, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
        sim = nd.Simulator(neurons, dt=0.5 * ms, seed=5)
        sim.record(neurons, "V")
        spikes.append(sim.run(10 * ms)[neurons].V.magnitude)
    assert np.array_equal(spikes[0], spikes[1])
    assert np.ptp(spikes[0][-1]) > 0


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("a = {1: x}", "There is no translation in broken: {1: x}"),
        ("x = x ** 2", "Pow of"),
        ("x = np.cos(x)", "There is no translation in broken: np.cos(x)"),
        ("x = x[0]", "An array is missing in broken: x[0]"),
        ("for k in (1, 2):\n        pass", "Loops go over ranges in broken"),
        ("x = np.empty(n, np.float64)", "New memory must be of a known type and size in broken"),
        ("x = (1, 2)", "x is "),
        ("x = 'text'", "'text' has no translation"),
    ],
)
def test_text_beyond_the_language_is_named(statement, said):
    text = f"{HEAD}\n@entry\ndef broken(x, n):\n    {statement}\n    return n\n"
    with pytest.raises(InternalError) as raised:
        load(text, label="broken", entry=("broken",)).module.broken(1.0, 2)
    assert said in str(raised.value)


def test_numbers_come_in_and_go_out_as_python_has_them():
    text = "\n".join(
        f"@entry\ndef give_{name}(x):\n    return {result}\n"
        for name, result in {
            "same": "x", "truth": "x > 1", "nothing": "None", "half": "f32(x) / f32(2.0)", "word": "u32(x)",
        }.items() if name != "nothing"
    )  # fmt: skip
    text = f"{HEAD}\n{text}\n@entry\ndef give_nothing(x):\n    return\n"
    names = ("same", "truth", "nothing", "half", "word")
    module = load(text, label="numbers", entry=tuple(f"give_{name}" for name in names)).module
    values = (3, 2.5, True, np.uint32(4_000_000_000), np.float32(0.1), np.int16(-3), np.uint64(2**63))
    assert [module.give_same(value) for value in values] == list(values)
    assert module.give_truth(2) is True
    assert module.give_truth(np.float32(0.5)) is False
    assert module.give_nothing(1) is None
    assert module.give_half(0.2) == float(np.float32(0.2) / np.float32(2))
    assert module.give_word(2**32 + 3) == 3


def test_an_array_with_gaps_is_refused():
    text = f"{HEAD}\n@entry\ndef last(x):\n    return x[-1]\n"
    with pytest.raises(InternalError, match="Generated functions take no"):
        load(text, label="gaps", entry=("last",)).module.last(np.arange(6.0)[::2])


def test_kinds():
    assert [arithmetic(U32, U32), arithmetic(BOOL, BOOL), arithmetic(F32, F64)] == [U64, I64, F64]
    assert [join(I32, I64), join(BOOL, I64), join(U32, F32), join(TupleKind((I64,)), I64)] == [I64, I64, F64, None]
    assert scalar_of("float32") == F32
    assert NoAlias.apart


def test_an_environment_that_rules_out_compiling_is_named(monkeypatch):
    text = "def same(x):\n    return x\n"
    monkeypatch.setenv(COMPILER, "Numba")
    with pytest.raises(TargetError, match="NUMBADYN_COMPILER is 'Numba'"):
        load(text, label="same", entry=("same",))
    monkeypatch.setenv(COMPILER, "")
    assert load(text, label="same", entry=("same",)).module.same(3) == 3
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    with pytest.raises(TargetError, match="NUMBA_DISABLE_JIT is set"):
        load(text, label="same", entry=("same",))
