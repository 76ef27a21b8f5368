"""A device that is not there: memory of the host, streams that run late, kernels as machine code of the processor.

In: what a `Device` is asked for.  Out: the same, by `run_threads`.  Must not know: networks.

Work on a stream is done as late as it can be, when somebody waits for it, or at once; who reads too soon or writes too
soon is seen in the one or in the other. Copies on another stream, and those on none, do not wait for it.
"""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.runtime.cuda.device import Device
from tests.cuda.emulator.code import Code
from tests.cuda.emulator.threads import ORDERS, run_threads

__all__ = ["BLOCKS", "THREADS", "EmulatedArray", "EmulatedDevice", "emulated_core"]

BLOCKS, THREADS = 3, 43
"""Of a launch: neither a multiple of a warp nor a power of two, so that nobody can rely on it."""


class EmulatedStream:
    """Work in order, which is done when somebody waits for it."""

    def __init__(self) -> None:
        self.eager, self.work = False, deque[Callable[[], Any]]()

    def put(self, task: Callable[[], Any]) -> None:
        """Do something later, or now where streams are eager."""
        self.work.append(task)
        if self.eager:
            self.synchronize()

    def synchronize(self) -> None:
        """Do all work."""
        while self.work:
            self.work.popleft()()


class EmulatedEvent:
    """A place in the work of a stream."""

    def __init__(self, *, timing: bool = True) -> None:
        self.timing = timing

    def record(self, stream: EmulatedStream) -> None:
        """Mark the end of the work so far."""
        self.stream, self.passed = stream, False
        stream.put(self._pass)

    def _pass(self) -> None:
        self.passed = True

    def synchronize(self) -> None:
        """Do the work before the mark."""
        while not self.passed:
            self.stream.work.popleft()()


class EmulatedArray:
    """An array on the device that is not there."""

    def __init__(self, values: NDArray[Any]) -> None:
        self.values = values

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"data": (self.values.ctypes.data, False)}

    dtype = property(lambda self: self.values.dtype)
    size = property(lambda self: self.values.size)
    nbytes = property(lambda self: self.values.nbytes)

    def __getitem__(self, part: slice) -> EmulatedArray:
        return EmulatedArray(self.values[part])

    def copy_to_host(self, stream: EmulatedStream | None = None) -> NDArray[Any]:
        """The values; nobody waits for other streams."""
        if stream is not None:
            stream.synchronize()
        return self.values.copy()

    def copy_to_device(self, source: Any, stream: EmulatedStream | None = None) -> None:
        """Overwrite the values, behind what the stream has to do."""
        # the host may change its array at once
        taken = source.values if isinstance(source, EmulatedArray) else np.array(source)
        if stream is None:
            self._take(taken)
        else:
            stream.put(functools.partial(self._take, taken))

    def _take(self, values: NDArray[Any]) -> None:
        self.values[...] = values


class EmulatedGraph:
    """Launches that are recorded, and done again as often as it is asked for; stands for a builder of graphs too."""

    def __init__(self, stream: EmulatedStream) -> None:
        self.stream, self.tasks = stream, list[Callable[[], Any]]()
        self.put = self.tasks.append

    def _itself(self) -> EmulatedGraph:
        return self

    begin_building = end_building = complete = _itself

    def close(self) -> None:
        """What was recorded stays."""

    def launch(self, _stream: Any) -> None:
        """Do all that was recorded."""
        for task in self.tasks:
            self.stream.put(task)


def emulated_core() -> ModuleType:
    """What of ``cuda.core`` is asked for."""
    core = ModuleType("cuda.core")

    def stream(outer: EmulatedStream) -> Any:
        return SimpleNamespace(create_graph_builder=lambda: EmulatedGraph(outer))

    core.Device = lambda: SimpleNamespace(set_current=lambda: None, create_stream=stream)  # type: ignore[attr-defined]
    return core


class _Cuda:
    """What of Numba's CUDA target a `Device` asks for."""

    stream, event = EmulatedStream, EmulatedEvent

    defer_cleanup = staticmethod(contextlib.nullcontext)
    current_context = staticmethod(SimpleNamespace)

    @staticmethod
    def to_device(array: NDArray[Any]) -> EmulatedArray:
        return EmulatedArray(array.copy())

    @staticmethod
    def device_array(shape: int, dtype: Any) -> EmulatedArray:
        made = np.empty(shape, dtype)
        made.view(np.uint8)[:] = 0xAB  # nobody may count on zeros
        return EmulatedArray(made)


@functools.cache
def _code(function: Any, types: tuple[Any, ...]) -> Code:
    from numba import void

    return Code(function, void(*types))


def _type(argument: Any) -> Any:
    from numba import float64, from_dtype, int64, types

    if isinstance(argument, EmulatedArray):
        return types.Array(from_dtype(argument.dtype), 1, "C")
    return float64 if isinstance(argument, float) else int64


class EmulatedDevice(Device):
    """A device of `BLOCKS` blocks.

    Parameters
    ----------
    order : str
        One of `ORDERS`.
    eager : bool
        Whether streams do their work at once, or when somebody waits for it.
    """

    def __init__(self, order: str = "ascending", *, eager: bool = False) -> None:
        self.cuda = _Cuda()
        self.simulated = False
        self.stream, self.copies = EmulatedStream(), EmulatedStream()
        self.stream.eager = self.copies.eager = eager
        self.order = ORDERS[order]
        self.launched: list[str] = []
        self.waits = 0

    name = property(lambda _self: "an emulated device")
    free_bytes = property(lambda _self: None)

    def _compiler_errors(self) -> tuple[type[Exception], ...]:
        return ()

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        return ()

    def launch(
        self,
        kernel: Any,
        elements: int,
        arguments: tuple[Any, ...],
        *,
        together: bool,
        on: Any = None,
        replicas: int = 1,
    ) -> None:
        """Run a kernel."""
        threads = BLOCKS * THREADS if together else min(max(elements, 1), 4 * BLOCKS * THREADS)
        code = _code(kernel.py_func, tuple(map(_type, arguments)))
        assert code.waits <= together, "a kernel that waits for the grid is launched as one that does not"
        self._put(kernel, functools.partial(self._run, code, -(-threads // THREADS), replicas, arguments), on)

    def launch_block_each(self, kernel: Any, elements: int, arguments: tuple[Any, ...], *, replicas: int) -> None:
        """Run a kernel, a block for each replica."""
        code = _code(kernel.py_func, tuple(map(_type, arguments)))
        self._put(kernel, functools.partial(self._run, code, 1, replicas, arguments))

    def _put(self, kernel: Any, task: Callable[[], None], on: Any = None) -> None:
        self.launched.append(kernel.py_func.__name__)
        (self.stream if on is None else on).put(task)

    def _run(self, code: Code, blocks: int, replicas: int, arguments: tuple[Any, ...]) -> None:
        taken = tuple(argument.values if isinstance(argument, EmulatedArray) else argument for argument in arguments)
        for replica in range(replicas):  # which do not wait for each other
            code["replica"] = replica
            self.waits += run_threads(code, blocks, THREADS, taken, self.order)
