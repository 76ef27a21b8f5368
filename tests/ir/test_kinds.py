"""The table of kinds: one number, one place in memory and one zero for each, wherever it is read."""

import numpy as np
import pytest

from numbadyn.codegen.prelude import named_numbers
from numbadyn.ir.kinds import KINDS, dtype_of, kind_of, promote


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_and_kinds_follow_from_each_other(kind, bits):
    dtype = dtype_of(kind, bits)
    assert kind_of(dtype) == kind
    assert dtype.itemsize == KINDS[kind].stored_dtype(bits).itemsize
    assert dtype == np.dtype(float if kind == "real" else kind) or bits == 32


@pytest.mark.parametrize(("dtype", "kind"), [("uint8", "int"), ("int32", "int"), ("float16", "real"), ("?", "bool")])
def test_kinds_of_other_dtypes(dtype, kind):
    assert kind_of(np.dtype(dtype)) == kind


def test_a_wider_kind_has_a_larger_number():
    assert [promote("bool", kind) for kind in ("bool", "int", "real")] == ["bool", "int", "real"]
    assert promote("real", "int") == "real"
    assert [KINDS[kind].code for kind in ("bool", "int", "real")] == [0, 1, 2]


def test_routines_name_the_same_numbers():
    names = {}
    exec(named_numbers([]), names)
    assert {kind: names[f"KIND_{kind.upper()}"] for kind in KINDS} == {kind: row.code for kind, row in KINDS.items()}
