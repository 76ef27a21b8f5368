"""Every kind of kernel becomes machine code for GPUs that are not there: it fits, spills nothing, rounds as asked."""

import functools

import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.codegen.cuda.source import cuda_source, kernel_names, library_source
from numbadyn.codegen.loader import load
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
    return compile_kernel(getattr(module, name).py_func, known.get(name, known["phase"]), capability)


IN_DOUBLE = {"operations", "windows", "delayed", "synapses", "jumps and currents", "inputs"}
"""Networks with sines, powers or Poisson counts, which are computed in double precision on every target."""


def check(made, name, bits, exact):
    assert made.cubin[:4] == b"\x7fELF"
    assert made.spilled_bytes == 0
    assert made.registers <= 255
    if exact:
        assert made.lines_with(r"\bfma\.") == []
        assert made.lines_with(r"\bmul\.(f|ftz)") == []  # all of them say how they round
    if bits == 32 and name not in IN_DOUBLE:
        stray = made.lines_with(r"\.f64")
        assert all(line.startswith((".param", "ld.param")) for line in stray), stray[:5]  # the time step


@pytest.mark.parametrize("name", NETWORKS)
def test_a_kernel_for_many_steps(name):
    # one precision and one rounding for each network, all four in the whole
    number = list(NETWORKS).index(name)
    bits, exact = (64, 32)[number % 2], bool(number // 2 % 2)
    module, _ = generated(name, bits, exact)
    made = compiled(module, "run", CAPABILITIES[number % 2])
    check(made, name, bits, exact)
    assert "cudaCGSynchronize" in made.ptx


@pytest.mark.parametrize("capability", CAPABILITIES, ids=str)
@pytest.mark.parametrize(("bits", "exact"), [(64, True), (32, False)])
def test_kernels_of_single_phases(bits, exact, capability):
    module, names = generated("small", bits, exact)
    assert names[0] == "sample"
    assert names[-2:] == ["record", "tick"]
    for name in ("begin", *names):
        made = compiled(module, name, capability)
        check(made, "small", bits, exact)
        assert "cudaCG" not in made.ptx


def test_a_fast_kernel_joins_products_and_sums():
    module, _ = generated("pair", 64, False)
    assert compiled(module, "run", (9, 0)).lines_with(r"\bfma\.")
