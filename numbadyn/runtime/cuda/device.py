"""The GPU, as far as the CUDA target needs one: memory there, its addresses, launches.

In: NumPy arrays, generated kernels.  Out: arrays on the device and back, errors with a cure.  Must not know: networks,
stages, logs.

With ``NUMBA_ENABLE_CUDASIM=1`` in the environment Numba's simulator of CUDA stands in for a device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib import import_module
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DeviceLostError, DeviceMemoryError, InternalError, MissingExtraError, TargetError

__all__ = ["Device", "cuda_module", "simulated"]

_BLOCK, _WARP = 128, 32
_SIMULATED_THREADS = 4
_COMPILER_ERRORS = (
    ("numba.cuda.cudadrv.error", "NvvmError"),
    ("numba.cuda.cudadrv.driver", "LinkerError"),
    ("cuda.bindings.nvvm", "nvvmError"),
    ("cuda.bindings.nvjitlink", "nvJitLinkError"),
)


_HELD: list[Any] = []
"""What keeps Numba from freeing anything on devices that are lost, as long as the process lives."""


def simulated() -> bool:
    """Whether Numba's simulator runs kernels."""
    from numba.core import config  # not at the top: Numba takes longer to import than all the rest

    return bool(config.ENABLE_CUDASIM)


def cuda_module() -> Any:
    """Numba's CUDA target.

    Raises
    ------
    MissingExtraError
        It cannot be imported.
    """
    try:
        from numba import cuda  # not at the top: only users of a GPU need it, and its packages are optional
    except ImportError as error:
        raise MissingExtraError(
            f"The CUDA target needs numba-cuda, which cannot be imported: {error}.",
            where="Simulator(target='cuda')",
            cure='pip install "numbadyn[cuda13]"',
            reason=str(error),
        ) from error
    return cuda


class Device:
    """The current device.

    Raises
    ------
    MissingExtraError
        numba-cuda is not installed.
    TargetError
        There is no device, or no driver that fits.
    """

    def __init__(self) -> None:
        self.cuda = cuda_module()
        self.simulated = simulated()
        if not self.simulated:
            self._check()
            self._start()
        with self.watched():
            self.stream = self.cuda.stream()
            self.copies = self.cuda.stream()
        self._blocks: dict[Any, int] = {}
        self._threads: dict[Any, int] = {}
        self._launches: dict[tuple[Any, Any, int], Any] = {}

    def _check(self) -> None:
        """Refuse to start without a device; the reasons are those of `numbadyn.doctor`."""
        from numbadyn.runtime.cuda.diagnosis import (
            diagnose_cuda,  # not at the top: it is needed when something is wrong
        )

        found = diagnose_cuda()
        if not found.works:
            kind = MissingExtraError if found.missing else TargetError
            raise kind(found.reason, where="Simulator(target='cuda')", cure=found.cure)

    def _start(self) -> None:
        """Make a context, which is where a device that others have taken says no."""
        from numbadyn.runtime.cuda.diagnosis import start_failure  # as above

        try:
            self._context = self.cuda.current_context()  # kept, since nobody tells it once the device is lost
        except self._driver_errors() as error:
            reason, cure = start_failure(str(error))
            raise TargetError(reason, where="Simulator(target='cuda')", cure=cure) from error

    @property
    def name(self) -> str:
        """Name of the device."""
        if self.simulated:
            return "Numba's simulator of CUDA"
        name = self.cuda.get_current_device().name
        return name.decode() if isinstance(name, bytes) else str(name)

    @property
    def free_bytes(self) -> int | None:
        """Memory that is free on the device; None where nobody knows."""
        if self.simulated:
            return None
        with self.watched():
            return self._free_bytes()

    def _free_bytes(self) -> int:
        context = self.cuda.current_context()
        for waiting in self._waiting():
            waiting.clear()
        return int(context.get_memory_info()[0])

    def _waiting(self) -> list[Any]:
        """What Numba has put off giving back: streams, modules and the like; arrays."""
        owners = (self._context, self._context.memory_manager)
        found = (getattr(owner, "deallocations", None) for owner in owners)
        return [waiting for waiting in found if waiting is not None]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn errors of the driver and of the compiler into ours."""
        try:
            yield
        except self._compiler_errors() as error:
            raise InternalError(
                f"A kernel cannot be compiled for {self._known_name()}: {error}", where="Simulator(target='cuda')"
            ) from error
        except self._driver_errors() as error:
            if "OUT_OF_MEMORY" in str(error):
                raise DeviceMemoryError(
                    f"{self._known_name()} has no room for more{self._known_room()}.",
                    where="Simulator(target='cuda')",
                    cure="Take fewer synapses, shorter delays, precision=32 or target='cpu'; other processes may use "
                    "the device too, see nvidia-smi.",
                    device=self._known_name(),
                ) from error
            self._give_nothing_back()
            raise DeviceLostError(
                f"The device {self._known_name()} failed: {error}.",
                where="Simulator(target='cuda')",
                cure="What was recorded until then is in the error's .result. Look at nvidia-smi and the system log, "
                "then make a new nd.Simulator; a process that has lost its device has to start anew.",
                device=self._known_name(),
                reason=str(error),
            ) from error

    def _known_name(self) -> str:
        try:
            return self.name
        except Exception:  # the device is gone, and its name with it
            return "(its name is gone too)"

    def _known_room(self) -> str:
        try:
            return f": {self._free_bytes() / 1e9:.2f} GB are free"
        except Exception:  # as above
            return ""

    def _give_nothing_back(self) -> None:
        """Leave what is on a lost device alone; each try to free an array or a stream would print an error."""
        with suppress(Exception):
            for waiting in self._waiting():
                held = waiting.disable()
                held.__enter__()
                _HELD.append(held)

    def _compiler_errors(self) -> tuple[type[Exception], ...]:
        from numba.core.errors import NumbaError  # not at the top, as in `simulated`; numba-cuda's derive from it

        found: list[type[Exception]] = [NumbaError]
        for module, name in _COMPILER_ERRORS:
            try:
                found.append(getattr(import_module(module), name))
            except (ImportError, AttributeError):  # another version, or the simulator: it cannot be raised either
                continue
        return tuple(found)

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        if self.simulated:
            return (SimulatedDriverError,)
        driver = self.cuda.cudadrv.driver
        found = [driver.CudaAPIError, self.cuda.cudadrv.error.CudaDriverError]
        try:
            from cuda.core._utils.cuda_utils import CUDAError  # launches go through cuda.core; there is no public path
        except ImportError:
            return tuple(found)
        return (*found, CUDAError)

    # ---- memory ------------------------------------------------------------------------------------------------------

    def to_device(self, array: NDArray[Any]) -> Any:
        """A copy there; an empty array becomes one of one element."""
        with self.watched():
            kept = np.ascontiguousarray(array if array.size else np.zeros(1, array.dtype))
            return self.cuda.to_device(kept)

    def empty(self, size: int, dtype: Any) -> Any:
        """Memory there, with anything in it."""
        with self.watched():
            return self.cuda.device_array(max(1, int(size)), np.dtype(dtype))

    @staticmethod
    def address(array: Any) -> int:
        """Address of an array there."""
        if hasattr(array, "_ary"):
            return int(array._ary.ctypes.data)
        return int(array.__cuda_array_interface__["data"][0])

    def write(self, array: Any, values: NDArray[Any], start: int = 0) -> None:
        """Overwrite a part of an array there."""
        if values.size:
            with self.watched():
                array[start : start + values.size].copy_to_device(np.ascontiguousarray(values), stream=self.stream)

    def copy(self, array: Any, source: Any) -> None:
        """Overwrite an array there by another one there, behind what was launched so far."""
        with self.watched():
            array.copy_to_device(source, stream=self.stream)

    def read(self, array: Any, start: int, count: int) -> NDArray[Any]:
        """Copy of a part of an array there; kernels that are under way are waited for."""
        with self.watched():
            self._synchronize()
            return np.asarray(array[start : start + count].copy_to_host()) if count else np.zeros(0, array.dtype)

    def fetch(self, array: Any, count: int) -> NDArray[Any]:
        """Copy of the first elements, beside kernels that run on; they must not write there."""
        if count == 0:
            return np.zeros(0, array.dtype)
        with self.watched():
            found = np.asarray(array[:count].copy_to_host(stream=self.copies))
            self.copies.synchronize()
        return found

    # ---- launches ----------------------------------------------------------------------------------------------------

    def mark(self) -> Any:
        """An event behind what was launched so far."""
        with self.watched():
            event = self.cuda.event() if self.simulated else self.cuda.event(timing=False)
            event.record(stream=self.stream)
        return event

    def wait(self, event: Any) -> None:
        """Wait for an event."""
        with self.watched():
            event.synchronize()

    def blocks(self, kernel: Any, elements: int, arguments: tuple[Any, ...], *, together: bool) -> int:
        """Blocks of a launch: as there is work for; where all threads wait for each other, as fit on the device."""
        needed = -(-elements // _BLOCK)
        if not together:
            return int(max(1, needed))
        if kernel not in self._blocks:
            signature = tuple(kernel.typeof_pyval(argument) for argument in arguments)
            self._blocks[kernel] = int(kernel.compile(signature).max_cooperative_grid_blocks(_BLOCK))
        return max(1, min(self._blocks[kernel], needed))

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
        """Run a kernel.

        Parameters
        ----------
        kernel : kernel
            Of a generated module.
        elements : int
            For how many threads there is work.
        arguments : tuple
            Numbers and arrays on the device.
        together : bool
            All threads wait for each other, so that all must be there at once.
        on : stream or graph builder, optional
            Where it is launched; the stream of the device by default.
        replicas : int
            Of which each has such blocks, by the second index; not together.
        """
        with self.watched():
            if self.simulated:
                kernel[_grid(1, replicas), _SIMULATED_THREADS](*arguments)
                return
            blocks = self.blocks(kernel, elements, arguments, together=together)
            self._launch(kernel, _grid(blocks, replicas), _BLOCK, arguments, on)

    def launch_block_each(self, kernel: Any, elements: int, arguments: tuple[Any, ...], *, replicas: int) -> None:
        """Run a kernel in one block for each replica, whose threads wait for each other.

        Parameters
        ----------
        kernel, arguments
            See `launch`.
        elements : int
            For how many threads of a replica there is work.
        replicas : int
            Number of blocks, by the second index.
        """
        with self.watched():
            if self.simulated:
                kernel[_grid(1, replicas), _SIMULATED_THREADS](*arguments)
                return
            if kernel not in self._threads:
                signature = tuple(kernel.typeof_pyval(argument) for argument in arguments)
                self._threads[kernel] = int(kernel.compile(signature).max_threads_per_block) // _WARP * _WARP
            threads = min(self._threads[kernel], -(-elements // _WARP) * _WARP)
            self._launch(kernel, _grid(1, replicas), threads, arguments)

    def _launch(self, kernel: Any, blocks: Any, threads: int, arguments: tuple[Any, ...], on: Any = None) -> None:
        if on is not None:
            configured = self._configured(kernel, blocks, threads, on)
        elif (configured := self._launches.get((kernel, blocks, threads))) is None:
            configured = self._configured(kernel, blocks, threads, self.stream)
            self._launches[kernel, blocks, threads] = configured
        configured(*arguments)

    @staticmethod
    def _configured(kernel: Any, blocks: Any, threads: int, on: Any) -> Any:
        """A kernel with its launch; that a small network leaves most of a device idle is no news to anybody."""
        from numba.cuda.core import config  # not at the top, as in `cuda_module`

        # not by a filter of warnings: those are the user's, and threads share them
        asked = config.CUDA_LOW_OCCUPANCY_WARNINGS
        config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
        try:
            return kernel[blocks, threads, on]
        finally:
            config.CUDA_LOW_OCCUPANCY_WARNINGS = asked

    def freeing_nothing(self) -> AbstractContextManager[Any]:
        """Let what becomes garbage meanwhile be freed later."""
        return cast(AbstractContextManager[Any], self.cuda.defer_cleanup())

    def synchronize(self) -> None:
        """Wait for all that was launched."""
        with self.watched():
            self._synchronize()

    def _synchronize(self) -> None:
        if not self.simulated:
            self.cuda.current_context()  # waiting is all that Numba would do without one, in a thread that is new
        self.stream.synchronize()


def _grid(blocks: int, replicas: int) -> int | tuple[int, int]:
    return blocks if replicas == 1 else (blocks, replicas)


class SimulatedDriverError(Exception):
    """What stands for an error of the driver where there is none, so that losing a device can be tried."""
