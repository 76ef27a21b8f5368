"""Routines of the library for devices by themselves."""

import numpy as np
import pytest
from numba import njit

from numbadyn.codegen.cuda import routines
from numbadyn.codegen.cuda.routines import INNER

LARGE = (1 << 32) - 1, 1 << 32, (1 << 32) + 5, 1 << 40, (1 << 63) - 1


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("divisor", [1, 2, 3, 17, *LARGE])
def test_divisions_of_large_and_small_numbers(divisor, compiled, monkeypatch):
    for name, kind in (("i64", np.int64), ("u32", np.uint32), ("u64", np.uint64)):
        monkeypatch.setattr(routines, name, kind, raising=False)
    for number in (0, 1, 16, 17, 18, *LARGE):
        for routine, wanted in (("remainder", number % divisor), ("quotient", number // divisor)):
            (function,) = (found for found in INNER if found.__name__ == routine)
            assert (njit(function) if compiled else function)(np.int64(number), np.int64(divisor)) == wanted
