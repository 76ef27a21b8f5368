"""Every kind of kernel becomes machine code for GPUs that are not there: it fits, spills nothing, rounds as asked."""

import functools
import re

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.codegen.loader import load
from numbadyn.runtime.builders.cuda.compiled import kernel_source
from tests.cuda.networks import NETWORKS
from tests.features.agreement import states_and_spikes
from tests.generated import Generated, generated

pytestmark = pytest.mark.cubin

CAPABILITIES = ((7, 5), (9, 0))


@functools.cache
def of_network(name: str, bits: int, exact: bool) -> Generated:
    sim = nd.Simulator(NETWORKS[name](), dt=0.1 * ms, precision=bits)
    states_and_spikes(sim)
    return generated(name, sim.program, bits, exact=exact)


@functools.cache
def loaded(text: Generated):
    library = load(text.library, label="library", entry=())
    return load(text.importing(library.path.stem), label="kernels", entry=()).module


def compiled(text: Generated, name, capabilities):
    from tests.cuda.offline import compile_for, signatures

    known = signatures()
    return compile_for(getattr(loaded(text), name), known.get(name, known["phase"]), capabilities)


OF_ANY_MEMORY = r"QSPC|ATOMS?\."
"""Atomic operations that would have to find out whose memory theirs is."""

IN_64_BITS = r"D(ADD|MUL|FMA|SETP|MNMX)|F2F.*F64|[FI]2[FI].*F64|MUFU.*64"


def check(made, *, place="", counts=False):
    """What must be so of every kernel."""
    assert made.cubin[:4] == b"\x7fELF", place
    assert made.spilled_bytes == 0, place
    assert made.stack_bytes <= (8 if counts else 0), place
    assert made.registers <= 255, place


def check_rounding(made, *, doubles):
    """Of a kernel with the bits of the processor: the PTX says how everything is rounded."""
    assert made.lines_with(r"\bfma\.") == []
    assert made.lines_with(r"\bmul\.(f|ftz)") == []
    assert made.lines_with(r"\.(approx|full|ftz)\b") == []
    if not doubles:
        stray = made.lines_with(r"\.f64")
        assert all(line.startswith((".param", "ld.param")) for line in stray), stray[:5]  # the time step


def check_instructions(made, *, exact, doubles, place=""):
    """Of the machine code, in which operations may be joined that the PTX leaves apart."""
    from tests.cuda.offline import disassembler

    if disassembler() is None:
        pytest.skip('the machine code was not looked at, only its PTX: needs pip install "numbadyn[cubin]"')
    found = made.instructions()
    assert matching(found, OF_ANY_MEMORY) == {}, place
    assert doubles or matching(found, IN_64_BITS) == {}, place
    if exact and made.lines_with(r"\bmul\.rn\.f"):
        apart = made.instructions_rounded_one_by_one()
        assert matching(found, r"[DF](ADD|MUL|FMA)") == matching(apart, r"[DF](ADD|MUL|FMA)"), place


def matching(found, pattern):
    return {name: count for name, count in found.items() if re.match(pattern, name)}


def check_all(made, text, place=""):
    check(made, place=place, counts=text.draws_counts)
    if text.exact:
        check_rounding(made, doubles=text.asks_for_double)
    check_instructions(made, exact=text.exact, doubles=text.asks_for_double, place=place)


ELSEWHERE = {"nested", "sliced", "gathered", "inputs", "synapses", "jumps and currents", "hooks", "operations"}
"""Networks of the feature tests, which `test_cubin_features` compiles."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in ELSEWHERE else name for name in NETWORKS]
)
def test_a_kernel_for_many_steps(name):
    # one precision and one rounding for each network, all four in the whole
    number = list(NETWORKS).index(name)
    text = of_network(name, (64, 32)[number % 2], bool(number // 2 % 2))
    (made,) = compiled(text, "run", [CAPABILITIES[number % 2]])
    assert made.cooperative
    check_all(made, text)


@pytest.mark.parametrize(("bits", "exact", "capability"), [(64, True, (9, 0)), (32, False, (7, 5))])
def test_kernels_of_single_phases(bits, exact, capability):
    text = of_network("small", bits, exact)
    assert text.kernels[:4] == ("run", "run_replicas", "begin", "sample")
    assert text.kernels[-3:] == ("record", "tick", "gather")
    for name in text.kernels[1:]:
        (made,) = compiled(text, name, [capability])
        assert not made.cooperative
        check_all(made, text, name)
        if name == "run_replicas":
            assert made.lines_with(r"\bbar\.sync\b|\bbarrier\.sync\b")
            assert made.registers <= 168  # a block of 384 threads


def test_a_fast_kernel_joins_products_and_sums():
    from tests.cuda.offline import disassembler

    (made,) = compiled(of_network("pair", 64, False), "run", [(9, 0)])
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
    check(made)
    check_rounding(made, doubles=True)  # draws of 32 bits are computed in 64
    check_instructions(made, exact=True, doubles=True)


def test_numbers_of_any_size_ask_for_one_kernel():
    from numba import float64, int64

    from tests.cuda.offline import signatures

    module = loaded(of_network("small", 64, True))
    table = signatures()["run"].args[3]
    for last in (0, 1, 1 << 31, 1 << 40, np.int64(7)):
        found = [module.run.typeof_pyval(argument) for argument in (last, 1, 0.1, np.zeros(3, np.int64))]
        assert found == [int64, int64, float64, table]
