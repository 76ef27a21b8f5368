"""Every kind of kernel becomes machine code for GPUs that are not there: it fits, spills nothing, rounds as asked."""

import functools
import re

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.codegen.cuda.source import cuda_source, kernel_names, library_source
from numbadyn.codegen.loader import load
from numbadyn.runtime.builders.device_compiled import kernel_source
from tests.cuda.networks import NETWORKS
from tests.features.agreement import states_and_spikes

pytestmark = pytest.mark.cubin

CAPABILITIES = ((7, 5), (9, 0))


@functools.cache
def generated(name: str, bits: int, exact: bool):
    """The generated module of a network, and the names of its kernels."""
    sim = nd.Simulator(NETWORKS[name](), dt=0.1 * ms, precision=bits)
    states_and_spikes(sim)
    library = load(library_source(sim.program, bits, reproducible=exact), label="library", entry=())
    source = cuda_source(sim.program, bits, library.path.stem, reproducible=exact)
    return load(source, label=name, entry=()).module, kernel_names(sim.program, ordered=exact)


def compiled(module, name, capability):
    from tests.cuda.offline import compile_kernel, signatures

    known = signatures()
    return compile_kernel(getattr(module, name), known.get(name, known["phase"]), capability)


IN_DOUBLE = {"operations", "windows", "delayed", "synapses", "jumps and currents", "inputs"}
"""Networks with sines, powers or Poisson counts, which are computed in double precision on every target."""

WITH_COUNTS = {"operations", "delayed", "inputs"}
"""Networks with Poisson counts: a function by itself, which gives back its number through local memory."""

OF_ANY_MEMORY = r"QSPC|ATOMS?\."
"""Atomic operations that would have to find out whose memory theirs is."""

IN_64_BITS = r"D(ADD|MUL|FMA|SETP|MNMX)|F2F.*F64|[FI]2[FI].*F64|MUFU.*64"


def check(made, name, bits, exact):
    assert made.cubin[:4] == b"\x7fELF"
    assert made.spilled_bytes == 0
    assert made.stack_bytes <= (8 if name in WITH_COUNTS else 0)
    assert made.registers <= 255
    if exact:
        assert made.lines_with(r"\bfma\.") == []
        assert made.lines_with(r"\bmul\.(f|ftz)") == []  # all of them say how they round
        assert made.lines_with(r"\.(approx|full|ftz)\b") == []
    if bits == 32 and name not in IN_DOUBLE:
        stray = made.lines_with(r"\.f64")
        assert all(line.startswith((".param", "ld.param")) for line in stray), stray[:5]  # the time step


def check_instructions(made, name, bits, exact):
    """The same of the machine code, in which operations may be joined that the PTX leaves apart."""
    from tests.cuda.offline import disassembler

    if disassembler() is None:
        pytest.skip('the machine code was not looked at, only its PTX: needs pip install "numbadyn[cubin]"')
    found = made.instructions()
    assert matching(found, OF_ANY_MEMORY) == {}
    if not exact and bits == 64:
        return  # joined as the compiler likes, and in the precision that was asked for
    if exact and made.lines_with(r"\bmul\.rn\.f"):
        apart = made.instructions_rounded_one_by_one()
        assert matching(found, r"[DF](ADD|MUL|FMA)") == matching(apart, r"[DF](ADD|MUL|FMA)")
    if bits == 32 and name not in IN_DOUBLE:
        assert matching(found, IN_64_BITS) == {}


def matching(found, pattern):
    return {name: count for name, count in found.items() if re.match(pattern, name)}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_kernel_for_many_steps(name):
    # one precision and one rounding for each network, all four in the whole
    number = list(NETWORKS).index(name)
    bits, exact = (64, 32)[number % 2], bool(number // 2 % 2)
    module, _ = generated(name, bits, exact)
    made = compiled(module, "run", CAPABILITIES[number % 2])
    check(made, name, bits, exact)
    assert made.cooperative
    check_instructions(made, name, bits, exact)


@pytest.mark.parametrize(("bits", "exact", "capability"), [(64, True, (9, 0)), (32, False, (7, 5))])
def test_kernels_of_single_phases(bits, exact, capability):
    module, names = generated("small", bits, exact)
    assert names[0] == "sample"
    assert names[-2:] == ["record", "tick"]
    every = [compiled(module, name, capability) for name in ("begin", *names)]
    for made in every:
        check(made, "small", bits, exact)
        assert not made.cooperative
    for made in every:
        check_instructions(made, "small", bits, exact)


def test_a_fast_kernel_joins_products_and_sums():
    from tests.cuda.offline import disassembler

    module, _ = generated("pair", 64, False)
    made = compiled(module, "run", (9, 0))
    assert made.lines_with(r"\bfma\.")
    if disassembler() is not None:
        apart = made.instructions_rounded_one_by_one()
        assert made.instructions()["DFMA"] > apart["DFMA"] >= len(made.lines_with(r"\bfma\."))


@pytest.mark.parametrize(
    ("part", "bits", "name"),
    [
        ("structure", 64, "draw_with_probability"),
        ("values", 64, "draw_lognormal"),
        ("values", 64, "round_delays"),
        ("values", 32, "draw_lognormal"),
    ],
)
def test_kernels_that_build_tables_round_like_the_processor(part, bits, name):
    from numba import float32, float64, int32, int64, uint32, void

    from tests.cuda.offline import compile_kernel

    real, key = float64 if bits == 64 else float32, (uint32, uint32, uint32)
    arguments = {
        "draw_with_probability": (int64, int64[::1], uint32[::1], int64, int64, float64, *key),
        "draw_lognormal": (real[::1], int64, int64, real[::1], *key),
        "round_delays": (float64[::1], int64, int64, float64, int64, float64, int32[::1], float64[::1]),
    }
    source, _ = kernel_source(part, bits)
    kernel = getattr(load(source, label=f"device_{part}", entry=()).module, f"launch_{name}")
    made = compile_kernel(kernel, void(*arguments[name]), (9, 0))
    check(made, name, 64, True)  # draws of 32 bits are computed in 64
    check_instructions(made, name, 64, True)


def test_numbers_of_any_size_ask_for_one_kernel():
    from numba import float64, int64

    from tests.cuda.offline import signatures

    module, _ = generated("small", 64, True)
    table = signatures()["run"].args[3]
    for last in (0, 1, 1 << 31, 1 << 40, np.int64(7)):
        found = [module.run.typeof_pyval(argument) for argument in (last, 1, 0.1, np.zeros(3, np.int64))]
        assert found == [int64, int64, float64, table]
