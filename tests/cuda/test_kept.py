"""Compiled kernels for GPUs on disk, and errors of compilers and driver, without a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import numbadyn.cache
from numbadyn.codegen.loader import load
from numbadyn.errors import CacheWarning, DeviceLostError, InternalError
from numbadyn.runtime.cuda.device import Device, cuda_module

pytestmark = pytest.mark.cubin

TEXT = """
from numba import cuda
from numbadyn.codegen.cuda.kernels import kernel


@kernel
def fill(n, x):
    grid = cuda.cg.this_grid()
    for i in range(cuda.grid(1), n, cuda.gridsize(1)):
        x[i] = i
    grid.sync()
"""
AGAIN = f"""
from numba.cuda import dispatcher
from tests.cuda.test_kept import TEXT, filled
def refuse(*arguments, **options):
    raise AssertionError("it is compiled")
dispatcher._Kernel.__init__ = refuse
kernel, made = filled({(9, 0)!r})
assert made.cooperative
print(made.entry_name, len(made.library.get_cubin((9, 0, "a")).code))
"""


def filled(capability):
    """A kernel of a generated module as it is when it has been launched, and its machine code."""
    from numba import int64, void

    from tests.cuda.offline import without_driver

    kernel = load(TEXT, label="kept", entry=()).module.fill
    with without_driver(capability):
        return kernel, kernel.compile(void(int64, int64[::1]).args)


@pytest.fixture
def folder(tmp_path):
    numbadyn.cache.set_location(tmp_path)
    yield tmp_path
    numbadyn.cache.set_location(None)


def test_another_process_finds_what_was_compiled(folder):
    kernel, made = filled((9, 0))
    assert (kernel.stats.cache_hits.total(), kernel.stats.cache_misses.total()) == (0, 1)
    assert [path.suffix for path in numbadyn.cache.entries()] == [".kernel", ".py"]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "NUMBADYN_CACHE_DIR": str(folder), "PYTHONPATH": root}
    answer = subprocess.run(
        [sys.executable, "-c", AGAIN], env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == [made.entry_name, str(len(made.library.get_cubin((9, 0, "a")).code))]


def test_another_device_has_files_of_its_own(folder):
    kernel, _ = filled((9, 0))
    kernel.overloads.clear()
    filled((7, 5))
    assert len(list(folder.glob("*.fill.*.kernel"))) == 2


def test_a_damaged_file_is_made_anew(folder):
    kernel, _ = filled((9, 0))
    (path,) = folder.glob("*.fill.*.kernel")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    kernel.overloads.clear()
    with pytest.warns(CacheWarning, match="damaged"):
        filled((9, 0))
    assert len(path.read_bytes()) == pytest.approx(len(whole), rel=0.01)


def test_a_kernel_without_a_file_of_its_source_is_compiled(folder, monkeypatch):
    def refuse(path, content):
        raise OSError("no room")

    monkeypatch.setattr("numbadyn.codegen.loader.write_whole", refuse)
    monkeypatch.setattr("numbadyn.codegen.cache.kernels.write_whole", refuse)
    with pytest.warns(CacheWarning, match=r"could not be (written|kept).*no room"):
        filled((9, 0))
    assert list(folder.iterdir()) == []


def watching():
    """A device that nobody has asked for anything yet."""
    device = object.__new__(Device)
    device.cuda, device.simulated = cuda_module(), False
    return device


@pytest.mark.parametrize("raised", ["nvvm", "nvjitlink"])
def test_what_a_compiler_says_comes_as_an_error_of_ours(raised):
    from cuda.bindings import nvjitlink, nvvm

    error = nvvm.nvvmError(1) if raised == "nvvm" else nvjitlink.nvJitLinkError(4)
    with pytest.raises(InternalError, match="cannot be compiled"), watching().watched():
        raise error


@pytest.mark.parametrize("raised", ["numba", "cuda.core"])
def test_what_the_driver_says_comes_as_an_error_of_ours(raised):
    from cuda.core._utils.cuda_utils import CUDAError
    from numba.cuda.cudadrv.driver import CudaAPIError

    text = "CUDA_ERROR_ILLEGAL_ADDRESS"
    error = CudaAPIError(700, f"Call to cuCtxSynchronize: {text}") if raised == "numba" else CUDAError(text)
    with pytest.raises(DeviceLostError, match=text), watching().watched():
        raise error
