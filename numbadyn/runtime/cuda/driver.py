"""What NVIDIA's driver says about itself and its devices, asked through its C interface.

In: nothing.  Out: `DriverFacts`.  Must not know: Numba, Python packages, what the facts mean.

The driver is asked directly, so that its answers do not depend on what else is installed.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["DriverFacts", "Gpu", "probe_driver"]

_LIBRARIES = {
    "linux": ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"),
    "win32": ("nvcuda.dll",),
}
_MANAGEMENT = {"linux": "libnvidia-ml.so.1", "win32": "nvml.dll"}
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR
_LONGEST_NAME = 256


@dataclass(frozen=True)
class Gpu:
    """A device.

    Parameters
    ----------
    name : str
        As its maker calls it.
    capability : tuple of int
        Compute capability, major and minor.
    memory : int
        Bytes in all.

    Examples
    --------
    >>> print(Gpu("NVIDIA H100 80GB HBM3", (9, 0), 85_000_000_000))
    NVIDIA H100 80GB HBM3 (compute capability 9.0, 79.2 GiB)
    """

    name: str
    capability: tuple[int, int]
    memory: int

    def __str__(self) -> str:
        major, minor = self.capability
        return f"{self.name} (compute capability {major}.{minor}, {self.memory / 2**30:.1f} GiB)"


@dataclass(frozen=True)
class DriverFacts:
    """What was seen of the driver.

    Parameters
    ----------
    library : str, optional
        The library of the driver that could be loaded.
    error : str, optional
        Why none could be loaded.
    cuda : tuple of int, optional
        Newest version of CUDA that the driver serves, major and minor.
    version : str, optional
        Version of the driver itself, such as 580.65.06.
    status : int, optional
        What starting the driver (cuInit) returned; 0 is success.
    gpus : tuple of Gpu
        The devices that it shows to this process.
    unsure : tuple of str
        Questions that had no answer.

    Examples
    --------
    >>> print(DriverFacts(library="libcuda.so.1", cuda=(13, 0), version="580.65.06"))
    driver 580.65.06, CUDA 13.0
    """

    library: str | None = None
    error: str | None = None
    cuda: tuple[int, int] | None = None
    version: str | None = None
    status: int | None = None
    gpus: tuple[Gpu, ...] = ()
    unsure: tuple[str, ...] = ()

    def __str__(self) -> str:
        number = "of unknown version" if self.version is None else self.version
        serves = "" if self.cuda is None else f", CUDA {self.cuda[0]}.{self.cuda[1]}"
        return f"driver {number}{serves}" if self.library is not None else "no driver"


def probe_driver(load: Callable[[str], Any] = ctypes.CDLL, platform: str = sys.platform) -> DriverFacts:
    """Ask the driver; nothing is raised, whatever is missing or broken.

    Parameters
    ----------
    load : callable
        Loads a library by its name.
    platform : str
        Name of the operating system, as `sys.platform` has it.

    Returns
    -------
    DriverFacts
        What was seen.

    Examples
    --------
    >>> def load(name):
    ...     raise OSError(f"{name}: no such file")
    >>> probe_driver(load, "win32")
    DriverFacts(library=None, error='nvcuda.dll: no such file', ...)
    """
    errors = []
    for name in _LIBRARIES.get(platform, ()):
        try:
            library = load(name)
        except OSError as error:
            errors.append(str(error))
        else:
            return _ask(library, name, _driver_version(load, platform))
    return DriverFacts(error=errors[0] if errors else f"There is no CUDA driver for {platform}")


def _ask(library: Any, name: str, version: str | None) -> DriverFacts:
    cuda: tuple[int, int] | None = None
    status: int | None = None
    gpus: list[Gpu] = []
    try:
        number = ctypes.c_int()
        if library.cuDriverGetVersion(ctypes.byref(number)) == 0 and number.value > 0:
            cuda = (number.value // 1000, number.value % 1000 // 10)
        status = int(library.cuInit(0))
        count = ctypes.c_int()
        if status == 0:
            _call(library, "cuDeviceGetCount", ctypes.byref(count))
        gpus.extend(_gpu(library, index) for index in range(count.value))
    except (AttributeError, OSError, ValueError) as error:  # a library that lacks a function, or breaks in one
        return DriverFacts(name, None, cuda, version, status, tuple(gpus), (f"{name}: {error}",))
    return DriverFacts(name, None, cuda, version, status, tuple(gpus))


def _call(library: Any, function: str, *arguments: Any) -> None:
    returned = getattr(library, function)(*arguments)
    if returned != 0:
        raise OSError(f"{function} returned {returned}")


def _gpu(library: Any, index: int) -> Gpu:
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    memory, name = ctypes.c_size_t(), ctypes.create_string_buffer(_LONGEST_NAME)
    _call(library, "cuDeviceGet", ctypes.byref(device), index)
    _call(library, "cuDeviceGetName", name, _LONGEST_NAME, device)
    _call(library, "cuDeviceGetAttribute", ctypes.byref(major), _CAPABILITY_MAJOR, device)
    _call(library, "cuDeviceGetAttribute", ctypes.byref(minor), _CAPABILITY_MINOR, device)
    _call(library, "cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    return Gpu(name.value.decode(errors="replace"), (major.value, minor.value), memory.value)


def _driver_version(load: Callable[[str], Any], platform: str) -> str | None:
    """Version of the driver from the library that manages devices; the driver itself knows that of CUDA only."""
    try:
        management = load(_MANAGEMENT[platform])
        text = ctypes.create_string_buffer(_LONGEST_NAME)
        _call(management, "nvmlInit_v2")
        _call(management, "nvmlSystemGetDriverVersion", text, _LONGEST_NAME)
        _call(management, "nvmlShutdown")
    except (AttributeError, OSError, ValueError):
        return None
    return text.value.decode(errors="replace") or None
