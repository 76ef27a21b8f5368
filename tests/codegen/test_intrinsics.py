"""Intrinsics: bit casts, select, square root, floor, prefetch, and a cached module that uses them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit

from numbadyn.codegen import intrinsics

TEXT = """\
import numpy as np
from numba import njit

from numbadyn.codegen.intrinsics import bits_of, f32_from_bits, f64_from_bits, floor, out_of_line
from numbadyn.codegen.intrinsics import prefetch_read, prefetch_read_l2, select, square_root


@njit(cache=True)
def casts(x, y):
    return bits_of(x), bits_of(y), f64_from_bits(bits_of(x)), f32_from_bits(bits_of(y) + 1)


@njit(cache=True)
def choices(x):
    return select(x > 1, x, 1.0), square_root(x), floor(x)


@njit(cache=True)
def total(a):
    out_of_line()
    result = 0.0
    for i in range(a.size):
        prefetch_read(a, i + 16)
        prefetch_read_l2(a, i - 64)
        result += a[i]
    return result
"""


def load(path: Path) -> Any:
    specification = importlib.util.spec_from_file_location("intrinsics_under_test", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("intrinsics") / "intrinsics_under_test.py"
    file.write_text(TEXT)
    return file


def test_casts_select_and_prefetch_also_from_the_cache(path: Path) -> None:
    for hits in (0, 1):
        module = load(path)
        x, y = 1.5, np.float32(-0.75)
        next_to_y = (y.view(np.int32) + np.int32(1)).view(np.float32)
        assert module.casts(x, y) == (np.float64(x).view(np.int64), y.view(np.int32), x, next_to_y)
        assert module.choices(2.25) == (2.25, 1.5, 2.0)
        assert module.choices(np.float32(0.25)) == (1.0, 0.5, 0.0)
        assert module.total(np.arange(100.0)) == 4950.0
        assert module.total(np.arange(100, dtype=np.float32)[::2]) == 2450.0
        assert sum(module.total.stats.cache_hits.values()) == 2 * hits


def test_a_prefetch_instruction_is_generated() -> None:
    @njit
    def touch(a: Any, i: Any) -> None:
        intrinsics.prefetch_read(a, i)
        intrinsics.prefetch_read_l2(a, i)

    touch(np.zeros(3), 1)
    code = next(iter(touch.inspect_llvm().values()))
    assert "llvm.prefetch" in code
    assert "i32 0, i32 3, i32 1" in code
    assert "i32 0, i32 2, i32 1" in code
