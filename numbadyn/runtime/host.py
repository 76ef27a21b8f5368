"""The machine and what is installed on it.

In: names of packages.  Out: versions, and what the processor can do.  Must not know: networks, targets, devices.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Host", "probe_host", "usable_cores", "versions"]

_SIMD = ("avx512f", "avx2", "avx", "sse4.2", "fma", "sve2", "sve", "neon")


@dataclass(frozen=True)
class Host:
    """A machine.

    Parameters
    ----------
    python : str
        Version of Python, with its implementation.
    system : str
        Operating system and architecture.
    processor : str
        The name by which LLVM knows the processor.
    cores : int
        Logical cores of the machine.
    usable : int
        Logical cores that this process may use.
    simd : tuple of str
        Vector instructions that kernels are compiled for.
    error : str, optional
        Why nobody could ask for the processor.

    Examples
    --------
    >>> print(Host("CPython 3.11.7", "Linux x86_64", "znver4", 16, 2, ("avx512f", "avx2")))
    znver4, 2 of 16 cores usable, avx512f avx2
    """

    python: str
    system: str
    processor: str
    cores: int
    usable: int
    simd: tuple[str, ...]
    error: str | None = None

    def __str__(self) -> str:
        vectors = " ".join(self.simd) or "no vector instructions known"
        return f"{self.processor}, {self.usable} of {self.cores} cores usable, {vectors}"


def probe_host() -> Host:
    """Look at the machine; nothing is raised.

    Returns
    -------
    Host
        What was seen.

    Examples
    --------
    >>> host = probe_host()
    >>> 1 <= host.usable <= host.cores
    True
    """
    cores = os.cpu_count() or 1
    usable = usable_cores()
    name, simd, error = _processor()
    return Host(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=f"{platform.system()} {platform.machine()}",
        processor=name,
        cores=max(cores, usable),
        usable=usable,
        simd=simd,
        error=error,
    )


def usable_cores() -> int:
    """Logical cores that this process may use.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> tuple[str, tuple[str, ...], str | None]:
    try:
        from llvmlite import binding  # not at the top: it may be what is broken, and only this function needs it

        features = binding.get_host_cpu_features()
        simd = tuple(feature for feature in _SIMD if features.get(feature))
        return str(binding.get_host_cpu_name()), simd, None
    except Exception as error:  # a report has to say what is broken, so that nothing may break it
        return platform.processor() or "unknown processor", (), f"{type(error).__name__}: {error}"


def versions(names: Iterable[str]) -> dict[str, str | None]:
    """Versions of installed packages.

    Parameters
    ----------
    names : iterable of str
        As pip knows the packages.

    Returns
    -------
    dict
        A version for each name; None for what is not installed.

    Examples
    --------
    >>> versions(["numpy", "no-such-package"])["no-such-package"] is None
    True
    """
    return {name: _version(name) for name in names}


def _version(name: str) -> str | None:
    from importlib import metadata  # not at the top: it takes its time to import, and only reports need it

    try:
        return metadata.version(name)
    except Exception:  # not installed, or its metadata is damaged
        return None
