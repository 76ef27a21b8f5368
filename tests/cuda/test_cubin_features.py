"""Every kernel of the networks of the feature tests becomes machine code for GPUs that are not there.

The networks come from a run of the feature tests with ``NUMBADYN_TESTS_KEEP=folder``; see `tests.generated`. Those that
also run in Numba's simulator of CUDA are compiled as they run there, with the bits of the processor, for one of two
devices in turn; the other device, the others, and fast arithmetic, are slow tests, which `.ci/run` leaves out.
"""

import ast

import pytest

from tests.cuda.test_cubin import CAPABILITIES, check, check_instructions, check_rounding, compiled
from tests.generated import kept

pytestmark = pytest.mark.cubin

KEPT = kept()


def _parameters(text):
    """Each text for the device whose turn it is, by its digest, and for the other one."""
    turn = int(text.name[-1], 16) % 2
    for number, capability in enumerate(CAPABILITIES):
        quick = text.simulated and text.exact and number == turn
        name = f"{text.name} sm_{capability[0]}{capability[1]}"
        yield pytest.param(text, capability, id=name, marks=() if quick else pytest.mark.slow)


_looked_at: set[tuple[object, ...]] = set()


def is_known(text, name, capability):
    """Whether the same kernel, with the same functions, was looked at for another network."""
    functions = {part.name: part for part in ast.parse(text.text).body if isinstance(part, ast.FunctionDef)}
    reached, new = set(), {name}
    while new:
        reached |= new
        parts = (part for function in new for part in ast.walk(functions[function]))
        new = {part.id for part in parts if isinstance(part, ast.Name)} & functions.keys() - reached
    key = capability, text.library, *(ast.unparse(functions[function]) for function in sorted(reached))
    known = key in _looked_at
    _looked_at.add(key)
    return known


@pytest.mark.skipif(bool(KEPT), reason="they were kept")
def test_kernels_were_kept():
    pytest.skip("the feature tests have to run first, with NUMBADYN_TESTS_KEEP=folder")


@pytest.mark.parametrize(("text", "capability"), [parameter for text in KEPT for parameter in _parameters(text)])
def test_kernels_of_the_feature_tests(text, capability):
    for name in text.kernels:
        # the first is the text of `run` with other waits
        if name == "run_replicas" or is_known(text, name, capability):
            continue
        (made,) = compiled(text, name, [capability])
        place = f"{name} of {text.test}, {made.arch}"
        assert made.cooperative == (name == "run"), place
        check(made, place=place, counts=text.draws_counts)
        if name == "run":  # which has all that the others have; to read machine code takes as long as to make it
            if text.exact:
                check_rounding(made, doubles=text.asks_for_double)
            # `test_cubin` compares the machine code with that of operations apart
            check_instructions(made, exact=False, doubles=text.asks_for_double, place=place)
