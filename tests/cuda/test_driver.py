"""The driver is asked through its C interface; here a library of ours answers."""

import ctypes

import pytest

from numbadyn.runtime.cuda.driver import DriverFacts, Gpu, probe_driver


class Library:
    """A driver with one device."""

    def __init__(self, status=0, failing=None):
        self.status = status
        self.failing = failing

    def cuDriverGetVersion(self, version):
        version._obj.value = 12040
        return 0

    def cuInit(self, flags):
        return self.status

    def cuDeviceGetCount(self, count):
        count._obj.value = 1
        return 0

    def cuDeviceGet(self, device, index):
        device._obj.value = index
        return 0

    def cuDeviceGetName(self, name, longest, device):
        name.value = b"NVIDIA L4"
        return 0

    def cuDeviceGetAttribute(self, value, attribute, device):
        value._obj.value = {75: 8, 76: 9}[attribute]
        return 0

    def cuDeviceTotalMem_v2(self, size, device):
        size._obj.value = 24 * 2**30
        return 0

    def __getattribute__(self, name):
        if name == super().__getattribute__("failing"):
            return lambda *arguments: 201
        return super().__getattribute__(name)


class Management:
    """The library that knows the version of the driver."""

    def nvmlInit_v2(self):
        return 0

    def nvmlSystemGetDriverVersion(self, text, longest):
        text.value = b"550.54.14"
        return 0

    def nvmlShutdown(self):
        return 0


class Nothing:
    """A library without the functions of a driver."""


def loader(**libraries):
    def load(name):
        for part, library in libraries.items():
            if part in name:
                return library
        raise OSError(f"{name}: not here")

    return load


L4 = Gpu("NVIDIA L4", (8, 9), 24 * 2**30)


@pytest.mark.parametrize(("platform", "name"), [("linux", "libcuda.so.1"), ("win32", "nvcuda.dll")])
def test_a_driver_and_its_device(platform, name):
    found = probe_driver(loader(cuda=Library(), ml=Management()), platform)
    assert found == DriverFacts(name, None, (12, 4), "550.54.14", 0, (L4,))
    assert str(found) == "driver 550.54.14, CUDA 12.4"


def test_a_driver_whose_own_version_nobody_knows():
    assert str(probe_driver(loader(cuda=Library()), "linux")) == "driver of unknown version, CUDA 12.4"
    assert probe_driver(loader(cuda=Library(), ml=Nothing()), "linux").version is None


def test_no_library():
    found = probe_driver(loader(), "linux")
    assert found == DriverFacts(error="libcuda.so.1: not here")
    assert str(found) == "no driver"


def test_no_library_of_that_name_on_this_system():
    assert probe_driver(loader(cuda=Library()), "darwin") == DriverFacts(error="There is no CUDA driver for darwin")


def test_a_driver_that_does_not_start_shows_no_devices():
    assert probe_driver(loader(cuda=Library(status=100)), "linux") == DriverFacts(
        "libcuda.so.1", cuda=(12, 4), status=100
    )


def test_a_function_that_fails_is_told():
    found = probe_driver(loader(cuda=Library(failing="cuDeviceGetName")), "linux")
    assert found.gpus == ()
    assert found.unsure == ("libcuda.so.1: cuDeviceGetName returned 201",)


def test_a_library_that_is_no_driver_is_told():
    found = probe_driver(loader(cuda=Nothing()), "linux")
    assert (found.library, found.status) == ("libcuda.so.1", None)
    assert "cuDriverGetVersion" in found.unsure[0]


def test_the_real_loader_raises_nothing():
    assert isinstance(probe_driver(ctypes.CDLL), DriverFacts)
