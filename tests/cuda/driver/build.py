"""A process whose driver of GPUs is the imitated one.

In: arguments of Python.  Out: the process when it has ended.  Must not know: what the process does.

The driver is made of the C files beside this one by the compiler of the system, with the header that comes with
numba-cuda's compiler. Libraries find it where the linker looks first.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["cannot_build", "run_python"]

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
_FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


@functools.cache
def cannot_build() -> str:
    """Why there can be no such process here; empty if there can."""
    if sys.platform != "linux":
        return "imitates the driver of Linux"
    if shutil.which("cc") is None:
        return "needs a C compiler"
    if _header() is None:
        return "needs cuda.h, which comes with numba-cuda[cu13]"
    return ""


def _header() -> str | None:
    try:
        from cuda.pathfinder import find_nvidia_header_directory
    except ImportError:
        return None
    found = find_nvidia_header_directory("cudart")
    return found if found is not None and (Path(found) / "cuda.h").exists() else None


def _build(folder: Path) -> None:
    files = map(str, sorted(HERE.glob("*.c")))
    made = str(folder / "libcuda.so.1")
    command = ["cc", *_FLAGS, f"-I{_header()}", *files, "-o", made]
    subprocess.run(command, check=True, capture_output=True, text=True)


def run_python(*arguments: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, and wait.

    Parameters
    ----------
    *arguments : str
        Of Python: ``"-m", "tests.cuda.driver.cases", "first"``, or ``"-m", "pytest", "-p",
        "tests.cuda.driver.launches", "tests/cuda/test_gpu.py"``.
    cache : Path, optional
        Folder of compiled code; one that is thrown away afterwards by default.

    Returns
    -------
    CompletedProcess
        With what it has printed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        driver = Path(scratch, "driver")
        driver.mkdir()
        _build(driver)
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": os.pathsep.join(filter(None, [str(driver), os.environ.get("LD_LIBRARY_PATH")])),
            "PYTHONPATH": str(ROOT),
            "NUMBADYN_CACHE_DIR": str(cache or Path(scratch, "cache")),
        }
        for name in ("CUDA_VISIBLE_DEVICES", "NUMBA_ENABLE_CUDASIM", "NUMBA_DISABLE_CUDA"):
            environment.pop(name, None)
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
