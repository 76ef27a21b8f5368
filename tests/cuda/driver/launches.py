"""What the imitated driver launches, run by the emulator; and what tests ask of the driver itself.

In: kernels that Numba's CUDA target has loaded.  Out: the same, run as machine code of the processor.  Must not know:
networks.

Importing this makes the driver run kernels. It is a plugin of pytest too, so that any test can be run with the driver.
"""

import ctypes
import functools
import traceback
from collections.abc import Callable
from typing import Any

from tests.cuda.emulator.code import Code
from tests.cuda.emulator.threads import ORDERS, run_given

__all__ = ["OUT_OF_SERVICE", "UNAVAILABLE", "counts", "driver", "launched", "noticed", "on_launch"]

OUT_OF_SERVICE, UNAVAILABLE = 700, 46  # CUDA_ERROR_ILLEGAL_ADDRESS, CUDA_ERROR_DEVICE_UNAVAILABLE
_ARRAY = 7  # arguments of a kernel that an array of one dimension becomes
_COUNTS = ("launches", "graph launches", "captured", "allocations", "used bytes")

driver = ctypes.CDLL("libcuda.so.1")
driver.imitated_noticed.restype = ctypes.c_char_p
driver.imitated_room.argtypes = [ctypes.c_size_t]

launched: list[str] = []
"""Names of the kernels that were run."""

on_launch: list[Callable[[str], None]] = []
"""Who is told of each kernel that was run."""

_KERNELS: dict[str, tuple[Any, tuple[Any, ...]]] = {}


def counts() -> dict[str, int]:
    """How much the driver has done, and memory in use."""
    found = (ctypes.c_long * len(_COUNTS))()
    driver.imitated_counts(found)
    return dict(zip(_COUNTS, map(int, found), strict=True))


def noticed() -> list[str]:
    """Misuse since this was asked last."""
    driver.imitated_look_at_freed_memory()
    lines = driver.imitated_noticed().decode().splitlines()
    driver.imitated_forget()
    return list(lines)


@functools.cache
def _code(name: str) -> Code:
    from numba import void

    function, types = _KERNELS[name]
    return Code(function, void(*types))


def _run(name: bytes, blocks: int, threads: int, arguments: int, cooperative: int) -> None:
    try:
        code = _code(name.decode())
        if code.waits and not cooperative:
            driver.imitated_notice(b"threads wait for each other and were not said to: " + name)
            return
        code.take_arguments(arguments)
        run_given(code, blocks, threads, ORDERS["shuffled"])
        launched.append(code.function.__name__)
        for told in on_launch:
            told(code.function.__name__)
    except Exception:  # it cannot go through the driver
        driver.imitated_notice(traceback.format_exc().encode())


def _count(name: bytes) -> int:
    from numba.cuda import types

    if name.decode() not in _KERNELS:
        driver.imitated_notice(b"nobody knows the kernel " + name)
        return 0
    return sum(_ARRAY if isinstance(each, types.Array) else 1 for each in _KERNELS[name.decode()][1])


_RUN = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_int)(_run)
_COUNT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)(_count)
driver.imitated_kernels(_RUN, _COUNT)


def _remember_kernels() -> None:
    """Know each kernel by the name that the driver gets, whether it was compiled or comes from disk."""
    from numba.cuda import dispatcher

    add = dispatcher.CUDADispatcher.add_overload

    def remember(self: Any, kernel: Any, types: Any) -> Any:
        _KERNELS[kernel.entry_name] = (self.py_func, tuple(types))
        return add(self, kernel, types)

    dispatcher.CUDADispatcher.add_overload = remember


_remember_kernels()
