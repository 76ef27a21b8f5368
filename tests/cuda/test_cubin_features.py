"""Every kernel of the networks of the feature tests becomes machine code for GPUs that are not there.

The networks come from a run of the feature tests with ``NUMBADYN_TESTS_KEEP=folder``; see `tests.generated`.
"""

import pytest

from numbadyn.codegen.loader import load
from tests.cuda.test_cubin import CAPABILITIES, IN_64_BITS, OF_ANY_MEMORY, matching
from tests.generated import kept

pytestmark = pytest.mark.cubin

KEPT = kept()


@pytest.mark.skipif(bool(KEPT), reason="they were kept")
def test_kernels_were_kept():
    pytest.skip("the feature tests have to run first, with NUMBADYN_TESTS_KEEP=folder")


@pytest.mark.parametrize("generated", KEPT, ids=lambda generated: generated.name)
def test_kernels_of_the_feature_tests(generated):
    from tests.cuda.offline import compile_for, disassembler, signatures

    library = load(generated.library, label="library", entry=())
    module = load(generated.importing(library.path.stem), label="kept", entry=()).module
    known = signatures()
    for name in generated.kernels:
        for made in compile_for(getattr(module, name), known.get(name, known["phase"]), CAPABILITIES):
            place = f"{name} of {generated.test}, {made.arch}"
            assert made.cubin[:4] == b"\x7fELF", place
            assert made.spilled_bytes == 0, place
            assert made.registers <= 255, place
            assert made.cooperative == (name == "run"), place
            if disassembler() is not None:
                found = made.instructions()
                assert matching(found, OF_ANY_MEMORY) == {}, place
                assert generated.asks_for_double or matching(found, IN_64_BITS) == {}, place
