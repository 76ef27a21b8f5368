"""Threads of a kernel, one after the other, in an order of our own.

In: `Code`, numbers of blocks and threads.  Out: what the kernel does to memory.  Must not know: what kernels compute.

A thread runs until it waits for the grid; then the next one runs. Between two waits threads come in an order that is
chosen anew, so that who reads what another one writes without a wait in between does not get away with it: in one
order he comes first, in another one last.
"""

import ctypes
import mmap
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from tests.cuda.emulator.code import Code

__all__ = ["ORDERS", "DeadlockError", "run_given", "run_threads"]

_CONTEXT_BYTES = 8192
_STACK_BYTES = 1 << 16
_LINK, _STACK, _STACK_SIZE = 8, 16, 32  # places in a context of the C library

Order = Callable[[int, int], "np.ndarray[Any, Any]"]

ORDERS: dict[str, Order] = {
    "ascending": lambda number, _turn: np.arange(number),
    "descending": lambda number, _turn: np.arange(number)[::-1],
    "shuffled": lambda number, turn: np.random.default_rng(turn).permutation(number),
}
"""In which order threads run between two waits: of their number and of how many waits there were."""


class DeadlockError(AssertionError):
    """Some threads ended while others wait for all."""


def _libc() -> Any:
    library = ctypes.PyDLL(None)
    for name in ("getcontext", "swapcontext", "makecontext"):
        getattr(library, name).argtypes = [ctypes.c_void_p, *([ctypes.c_void_p] if name == "swapcontext" else [])]
    library.makecontext.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    return library


class _Fibers:
    """Threads with a stack each, of which one runs at a time."""

    def __init__(self, code: Code, number: int) -> None:
        self.code, self.libc = code, _libc()
        self.memory = mmap.mmap(-1, number * (_CONTEXT_BYTES + _STACK_BYTES) + _CONTEXT_BYTES)
        begin = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.scheduler = begin
        stacks = begin + (number + 1) * _CONTEXT_BYTES
        self.contexts = [begin + (k + 1) * _CONTEXT_BYTES for k in range(number)]
        for k, context in enumerate(self.contexts):
            self.libc.getcontext(context)
            ctypes.c_size_t.from_address(context + _LINK).value = self.scheduler
            ctypes.c_size_t.from_address(context + _STACK).value = stacks + k * _STACK_BYTES
            ctypes.c_size_t.from_address(context + _STACK_SIZE).value = _STACK_BYTES
            self.libc.makecontext(context, code.thread, 0)
        code.scheduler.value = self.scheduler

    def run(self, thread: int) -> bool:
        """Run a thread until it waits or ends; tells whether it waits."""
        self.code["waiting"] = 0
        self.code.own.value = self.contexts[thread]
        self.libc.swapcontext(self.scheduler, self.contexts[thread])
        return self.code["waiting"] != 0


def run_threads(code: Code, blocks: int, threads: int, arguments: tuple[Any, ...], order: Order) -> int:
    """Run all threads of a kernel.

    Parameters
    ----------
    code : Code
        Of the kernel.
    blocks, threads : int
        Blocks, and threads of each.
    arguments : tuple
        Numbers and arrays.
    order : callable
        One of `ORDERS`.

    Returns
    -------
    int
        How often all threads waited for each other.

    Raises
    ------
    DeadlockError
        A thread ended without a wait that others came to.
    """
    kept = code.pass_arguments(arguments)
    waits = run_given(code, blocks, threads, order)
    del kept
    return waits


def run_given(code: Code, blocks: int, threads: int, order: Order) -> int:
    """The same with the arguments that the code was given last."""
    code["blocks"], code["threads"] = blocks, threads
    if not code.waits:
        function = ctypes.PYFUNCTYPE(None)(code.thread)
        for number in order(blocks * threads, 0):
            code["block"], code["thread"] = divmod(int(number), threads)
            function()
        return 0
    fibers = _Fibers(code, blocks * threads)
    for turn in count():
        waiting = 0
        for number in map(int, order(blocks * threads, turn)):
            code["block"], code["thread"] = divmod(number, threads)
            waiting += fibers.run(number)
        if waiting == 0:
            break
        if waiting < blocks * threads:
            raise DeadlockError(f"{waiting} of {blocks * threads} threads wait for the others, which have ended")
    return turn
