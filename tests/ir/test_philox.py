"""Philox4x32-10: known answers, and the same words and numbers from NumPy and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numbadyn.ir.elementary import numba_source, numpy_functions
from tests.compiled import compiled_module

# Key, counter, words: the three cases that the Random123 library publishes for this generator.
KNOWN_ANSWERS = [
    ((0, 0), (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0xA4093822, 0x299F31D0),
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
WORDS = ("random_word", "uniform", "normal")


@pytest.fixture(scope="module", params=[64, 32])
def bits(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def compiled(bits: int) -> dict[str, Any]:
    text = numba_source(["philox4x32", "random_integer", *WORDS], bits)
    text += "\n\n@entry\ndef block(a, b, c, d, e, f, out):\n"
    text += "    out[0], out[1], out[2], out[3] = philox4x32(a, b, c, d, e, f)\n"
    for name in WORDS:
        text += f"\n\n@entry\ndef loop_{name}(a, b, c, d, e, out):\n    for i in range(out.size):\n"
        text += f"        out[i] = {name}(a, b, u32(i), c, d, e)\n"
    text += "\n\n@entry\ndef loop_random_integer(a, b, c, d, e, n, out):\n    for i in range(out.size):\n"
    text += "        out[i] = random_integer(a, b, u32(i), c, d, e, n)\n"
    return vars(compiled_module(text))


@pytest.mark.parametrize(("key", "counter", "words"), KNOWN_ANSWERS)
def test_known_answers(key: Any, counter: Any, words: Any, bits: int, compiled: dict[str, Any]) -> None:
    assert numpy_functions(bits)["philox4x32"](*key, *counter) == words
    found = np.zeros(4, np.uint32)
    compiled["block"](*(np.uint32(word) for word in (*key, *counter)), found)
    assert tuple(found) == words


@pytest.mark.parametrize("name", WORDS)
def test_numpy_and_compiled_give_the_same_bits(name: str, bits: int, compiled: dict[str, Any]) -> None:
    words = [np.uint32(word) for word in (0xFFFFFFFF, 0x9E3779B9, 0xFFFFFFF0, 5, 0x80000001)]
    result = numpy_functions(bits)[name](words[0], words[1], np.arange(100_000), *words[2:])
    out = np.empty_like(result)
    compiled[f"loop_{name}"](*words, out)
    np.testing.assert_array_equal(result, out)


def test_uniform_numbers_follow_their_formula(bits: int) -> None:
    functions = numpy_functions(bits)
    words = functions["philox4x32"](7, 8, np.arange(1000), 9, 10, 11)
    number = functions["uniform"](7, 8, np.arange(1000), 9, 10, 11)
    if bits == 64:
        expected = ((words[0] >> np.uint32(5)) * np.float64(67108864) + (words[1] >> np.uint32(6))) / 2.0**53
    else:
        exact = ((words[0] >> np.uint32(8)) * 2.0**24 + (words[1] >> np.uint32(8))) / 2.0**48
        near = exact.astype(np.float32)
        expected = np.where(near > exact, np.nextafter(near, np.float32(0)), near)
    np.testing.assert_array_equal(number, expected)
    assert number.dtype == (np.float64 if bits == 64 else np.float32)


@pytest.mark.parametrize("n", [1, 2, 10, 1000, 2**31 + 7, 2**32 - 1])
def test_integers_stay_below_their_bound(n: int, bits: int, compiled: dict[str, Any]) -> None:
    result = numpy_functions(bits)["random_integer"](1, 2, np.arange(20_000), 3, 4, 5, n)
    out = np.empty_like(result)
    compiled["loop_random_integer"](*(np.uint32(word) for word in (1, 2, 3, 4, 5, n)), out)
    np.testing.assert_array_equal(result, out)
    assert result.dtype == np.uint32
    assert int(result.max()) < n
    assert abs(result.mean() / n - (0.5 - 0.5 / n)) < 0.02


def test_every_word_of_key_and_counter_matters() -> None:
    philox = numpy_functions(64)["philox4x32"]
    base = (1, 2, 3, 4, 5, 6)
    blocks = {philox(*base)}
    for position in range(6):
        changed = list(base)
        changed[position] += 1
        blocks.add(philox(*changed))
    assert len(blocks) == 7
