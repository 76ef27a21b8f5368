"""What is installed of Numba's CUDA target and of the compilers behind it.

In: nothing.  Out: `ToolkitFacts`.  Must not know: drivers, devices, what the facts mean.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from numbadyn.runtime.host import versions

__all__ = ["CUDA_PACKAGES", "ToolkitFacts", "probe_toolkit"]

CUDA_PACKAGES = (
    "numba-cuda",
    "cuda-bindings",
    "cuda-core",
    "cuda-pathfinder",
    "cuda-toolkit",
    "nvidia-nvvm",
    "nvidia-nvjitlink",
    "nvidia-cuda-nvrtc",
    "nvidia-cuda-runtime",
    "nvidia-cuda-cccl",
    "nvidia-cuda-nvcc-cu12",
    "nvidia-nvjitlink-cu12",
    "nvidia-cuda-nvrtc-cu12",
    "nvidia-cuda-runtime-cu12",
    "nvidia-cuda-cccl-cu12",
)
"""As pip knows them; those with -cu12 are of CUDA 12, the others of CUDA 13."""

_LIBRARIES = ("nvvm", "nvrtc", "nvJitLink")


@dataclass(frozen=True)
class ToolkitFacts:
    """What was seen of Numba's CUDA target.

    Parameters
    ----------
    implementation : str, optional
        "NVIDIA" for numba-cuda, "Built-in" for the one that Numba brings along; None if there is none.
    error : str, optional
        Why it cannot be imported.
    numba_error : str, optional
        Why Numba itself cannot be imported.
    simulator : bool
        Numba's simulator of CUDA stands in for devices.
    disabled : bool
        CUDA is switched off by NUMBA_DISABLE_CUDA.
    packages : mapping
        Versions of those of `CUDA_PACKAGES` that are installed.
    missing : tuple of str
        Pieces of the toolkit that Numba does not find.
    unsure : tuple of str
        Questions that had no answer.
    broken : str, optional
        Why it compiles nothing though it can be imported, as with a NumPy that is newer than it knows.
    numpy : str
        Version of NumPy.

    Examples
    --------
    >>> ToolkitFacts(packages={"cuda-bindings": "13.5.0"}).cuda
    13
    """

    implementation: str | None = None
    error: str | None = None
    numba_error: str | None = None
    simulator: bool = False
    disabled: bool = False
    packages: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    broken: str | None = None
    numpy: str = np.__version__

    @property
    def cuda(self) -> int | None:
        """Major version of CUDA that the installed packages are of; cuda-bindings decides what is loaded."""
        major = self.packages.get("cuda-bindings", "").partition(".")[0]
        return int(major) if major.isdecimal() else None


def probe_toolkit() -> ToolkitFacts:
    """Look for Numba's CUDA target and its pieces; nothing is raised, whatever is missing or broken.

    Returns
    -------
    ToolkitFacts
        What was seen.

    Examples
    --------
    >>> probe_toolkit().implementation in ("NVIDIA", "Built-in", None)
    True
    """
    packages = {name: version for name, version in versions(CUDA_PACKAGES).items() if version is not None}
    simulator = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
    known = ToolkitFacts(simulator=simulator, packages=packages)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from numba.core import config  # not at the top: whether it can be imported is the question
        except Exception as error:  # a broken installation may raise anything
            return replace(known, numba_error=f"{type(error).__name__}: {error}")
        known = replace(known, simulator=bool(config.ENABLE_CUDASIM), disabled=bool(config.DISABLE_CUDA))
        try:
            from numba import cuda  # as above
        except Exception as error:
            return replace(known, error=f"{type(error).__name__}: {error}")
    known = replace(known, implementation=str(getattr(cuda, "implementation", "Built-in")))
    if known.implementation != "NVIDIA" or known.simulator:
        return known
    missing, unsure = _missing_pieces()
    return replace(known, missing=missing, unsure=unsure, broken=_broken())


def _broken() -> str | None:
    """Why nothing can be compiled: what the compiler loads first does not load."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import_module("numba.cuda.np.arrayobj")  # the part that leans on NumPy most
        except ModuleNotFoundError:
            return None  # another version of numba-cuda has it elsewhere
        except Exception as error:  # as above
            return f"{type(error).__name__}: {error}"
    return None


def _missing_pieces() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pieces that Numba does not find, and questions without an answer."""
    try:
        from cuda import pathfinder  # not at the top: they come with numba-cuda, which is optional
        from numba.cuda.cuda_paths import get_cuda_paths
    except Exception as error:  # as above
        return (), (f"the pieces of the toolkit: {type(error).__name__}: {error}",)
    missing, unsure = [], []
    for name in _LIBRARIES:
        try:
            pathfinder.load_nvidia_dynamic_lib(name)
        except pathfinder.DynamicLibNotFoundError:
            missing.append(name)
        except Exception as error:  # a library that is there but cannot be loaded
            unsure.append(f"{name}: {type(error).__name__}: {error}")
    try:
        paths = get_cuda_paths()
    except Exception as error:  # it raises for what is missing, and what it raises is its own affair
        if not missing:
            unsure.append(f"the folders of the toolkit: {type(error).__name__}: {error}")
        return tuple(missing), tuple(unsure)
    missing = [name for name in missing if name == "nvJitLink"]  # Numba has its own ways to find the other two
    return (*missing, *_missing_files(paths)), tuple(unsure)


def _missing_files(paths: Mapping[str, Any]) -> list[str]:
    """Files that no loader looks for: libdevice's functions, and cudadevrt, by which blocks wait for each other."""
    libdevice, folder = paths["libdevice"].info, paths["static_cudalib_dir"].info
    runtime = [] if folder is None else [Path(folder) / name for name in ("libcudadevrt.a", "cudadevrt.lib")]
    missing = [] if libdevice is not None and Path(libdevice).is_file() else ["libdevice"]
    return missing if any(path.is_file() for path in runtime) else [*missing, "cudadevrt"]
