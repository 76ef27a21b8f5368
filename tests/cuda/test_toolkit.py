"""What is found of Numba's CUDA target; here modules of ours stand for those of NVIDIA."""

import sys
from collections import namedtuple
from types import ModuleType, SimpleNamespace

import pytest

from numbadyn.runtime.cuda import toolkit
from numbadyn.runtime.cuda.toolkit import ToolkitFacts, probe_toolkit
from numbadyn.runtime.host import probe_host, versions

Place = namedtuple("Place", ["by", "info"])


class NotFoundError(RuntimeError):
    """What NVIDIA's finder raises."""


@pytest.fixture
def nvidia(monkeypatch, tmp_path):
    """numba-cuda, installed with all that it needs; `lost` are the libraries that it does not find."""
    lost, broken = set(), set()

    def load(name):
        if name in lost:
            raise NotFoundError(name)
        if name in broken:
            raise OSError("wrong ELF class")

    def paths():
        if lost & {"nvvm", "nvrtc"}:
            raise NotFoundError("one of two")
        return {
            "libdevice": Place("wheel", tmp_path / "libdevice.10.bc"),
            "static_cudalib_dir": Place("wheel", tmp_path),
        }

    pathfinder = SimpleNamespace(load_nvidia_dynamic_lib=load, DynamicLibNotFoundError=NotFoundError)
    cuda, numba_cuda, cuda_paths = ModuleType("cuda"), ModuleType("numba.cuda"), ModuleType("numba.cuda.cuda_paths")
    cuda.pathfinder, numba_cuda.implementation, cuda_paths.get_cuda_paths = pathfinder, "NVIDIA", paths
    for name, module in {"cuda": cuda, "numba.cuda": numba_cuda, "numba.cuda.cuda_paths": cuda_paths}.items():
        monkeypatch.setitem(sys.modules, name, module)
    import numba
    from numba.core import config

    monkeypatch.setattr(numba, "cuda", numba_cuda, raising=False)
    monkeypatch.setattr(config, "ENABLE_CUDASIM", 0)
    for name in ("libdevice.10.bc", "libcudadevrt.a"):
        (tmp_path / name).write_bytes(b"")
    return SimpleNamespace(lost=lost, broken=broken, folder=tmp_path)


def test_all_is_there(nvidia):
    found = probe_toolkit()
    assert (found.implementation, found.missing, found.unsure) == ("NVIDIA", (), ())


@pytest.mark.parametrize("name", ["nvvm", "nvrtc", "nvJitLink"])
def test_a_library_is_missing(nvidia, name):
    nvidia.lost.add(name)
    assert probe_toolkit().missing == (name,)


@pytest.mark.parametrize(("file", "name"), [("libdevice.10.bc", "libdevice"), ("libcudadevrt.a", "cudadevrt")])
def test_a_file_is_missing(nvidia, file, name):
    (nvidia.folder / file).unlink()
    assert probe_toolkit().missing == (name,)


def test_a_library_that_cannot_be_loaded_is_told(nvidia):
    nvidia.broken.add("nvJitLink")
    assert probe_toolkit().unsure == ("nvJitLink: OSError: wrong ELF class",)


def test_a_finder_that_is_missing_is_told(nvidia, monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda", None)
    assert probe_toolkit().missing == ()
    assert probe_toolkit().unsure[0].startswith("the pieces of the toolkit: ModuleNotFoundError")


def test_a_compiler_that_does_not_load_is_told(nvidia, monkeypatch):
    def load(name):
        raise AttributeError("module 'numpy' has no attribute 'row_stack'")

    monkeypatch.setattr(toolkit, "import_module", load)
    assert probe_toolkit().broken == "AttributeError: module 'numpy' has no attribute 'row_stack'"


def test_the_simulator_needs_no_pieces(nvidia, monkeypatch):
    from numba.core import config

    monkeypatch.setattr(config, "ENABLE_CUDASIM", 1)
    nvidia.lost.update(["nvvm", "nvrtc", "nvJitLink"])
    found = probe_toolkit()
    assert (found.simulator, found.missing) == (True, ())


def test_a_target_that_cannot_be_imported(nvidia, monkeypatch):
    import numba

    monkeypatch.delattr(numba, "cuda")
    monkeypatch.setitem(sys.modules, "numba.cuda", None)
    found = probe_toolkit()
    assert found.implementation is None
    assert found.error.startswith("ImportError: ") or found.error.startswith("ModuleNotFoundError: ")
    assert found.numba_error is None


def test_numba_cannot_be_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba.core", None)
    found = probe_toolkit()
    assert found.implementation is None
    assert found.numba_error.startswith("ModuleNotFoundError: ")


def test_packages_decide_the_version_of_cuda(monkeypatch):
    known = {"cuda-bindings": "12.9.1", "numba-cuda": "0.30.4"}
    monkeypatch.setattr(toolkit, "versions", lambda names: {name: known.get(name) for name in names})
    assert probe_toolkit().packages == {"numba-cuda": "0.30.4", "cuda-bindings": "12.9.1"}
    assert probe_toolkit().cuda == 12
    assert ToolkitFacts().cuda is None


def test_the_processor_is_named_where_llvm_is_broken(monkeypatch):
    assert probe_host().error is None
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    host = probe_host()
    assert host.simd == ()
    assert host.error.startswith("ModuleNotFoundError")
    assert host.processor
    assert "no vector instructions known" in str(host)


def test_versions_of_what_is_installed():
    found = versions(["numpy", "there-is-no-such-package"])
    assert found["numpy"]
    assert found["there-is-no-such-package"] is None
