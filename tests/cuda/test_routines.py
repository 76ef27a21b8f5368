"""Routines of the library for devices by themselves."""

import numpy as np
import pytest
from numba import njit

from numbadyn.codegen.cuda import routines
from numbadyn.codegen.cuda.routines import INNER

LARGE = (1 << 32) - 1, 1 << 32, (1 << 32) + 5, 1 << 40, (1 << 63) - 1


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("routine", ["remainder", "quotient"])
def test_divisions_of_large_and_small_numbers(routine, compiled, monkeypatch):
    for name, kind in (("i64", np.int64), ("u32", np.uint32), ("u64", np.uint64)):
        monkeypatch.setattr(routines, name, kind, raising=False)
    (function,) = (found for found in INNER if found.__name__ == routine)
    divide = njit(function) if compiled else function
    for divisor in (1, 2, 3, 17, *LARGE):
        for number in (0, 1, 16, 17, 18, *LARGE):
            wanted = number % divisor if routine == "remainder" else number // divisor
            assert divide(np.int64(number), np.int64(divisor)) == wanted, (number, divisor)
