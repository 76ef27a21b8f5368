"""What a device asks of Numba's CUDA target, told by one that stands for it: memory, threads, errors of the driver."""

import threading
import types

import numpy as np
import pytest

from numbadyn.errors import DeviceLostError, DeviceMemoryError, TargetError
from numbadyn.runtime.cuda import device as device_module
from numbadyn.runtime.cuda import diagnosis
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.cuda.diagnosis import Diagnosis


class DriverError(Exception):
    """Of the driver."""


class Queue:
    """What Numba has put off freeing."""

    def __init__(self, context, size):
        self.context, self.size, self.held = context, size, 0

    def clear(self):
        self.context.free, self.size = self.context.free + self.size, 0

    def disable(self):
        queue = self

        class Held:
            def __enter__(self):
                queue.held += 1

            def __exit__(self, *error):
                queue.held -= 1

        return Held()


class Context:
    """Of 1000 bytes 40 and 300 wait to be given back."""

    def __init__(self):
        self.free, self.lost = 660, False
        self.deallocations = Queue(self, 40)
        self.memory_manager = types.SimpleNamespace(deallocations=Queue(self, 300))

    def get_memory_info(self):
        if self.lost:
            raise DriverError("CUDA_ERROR_ILLEGAL_ADDRESS")
        return self.free, 1000


class Stream:
    def __init__(self, cuda):
        self.cuda = cuda

    def synchronize(self):
        assert threading.get_ident() in self.cuda.threads, "no context"


class Cuda:
    """Numba's CUDA target."""

    def __init__(self):
        self.context, self.threads, self.start = Context(), set(), None
        self.cudadrv = types.SimpleNamespace(
            driver=types.SimpleNamespace(CudaAPIError=DriverError),
            error=types.SimpleNamespace(CudaDriverError=DriverError),
        )

    def current_context(self):
        if self.start is not None:
            raise DriverError(self.start)
        self.threads.add(threading.get_ident())
        return self.context

    def get_current_device(self):
        return types.SimpleNamespace(name="a device")

    def stream(self):
        return Stream(self)


@pytest.fixture
def cuda(monkeypatch):
    made = Cuda()
    monkeypatch.setattr(device_module, "cuda_module", lambda: made)
    monkeypatch.setattr(device_module, "simulated", lambda: False)
    monkeypatch.setattr(diagnosis, "diagnose_cuda", lambda: Diagnosis(True, False, "ready", ""))
    return made


def test_what_waits_to_be_freed_is_free(cuda):
    assert Device().free_bytes == 1000


@pytest.mark.parametrize(
    ("error", "reason", "cure"),
    [
        ("CUDA_ERROR_DEVICE_UNAVAILABLE: exclusive", "taken by another process", "nvidia-smi -c DEFAULT"),
        ("CUDA_ERROR_OUT_OF_MEMORY", "memory of the device is full", "nvidia-smi"),
        ("CUDA_ERROR_UNKNOWN", "does not start: CUDA_ERROR_UNKNOWN", "reboot"),
    ],
)
def test_a_device_that_gives_no_context_says_why(cuda, error, reason, cure):
    cuda.start = error
    with pytest.raises(TargetError, match=rf"{reason}(.|\n)*{cure}"):
        Device()


def test_whoever_is_first_in_a_thread_gets_a_context(cuda):
    device, errors = Device(), []
    array = np.arange(4.0).view(type("There", (np.ndarray,), {"copy_to_host": lambda self: np.array(self)}))

    def read():
        try:
            assert device.read(array, 1, 2).tolist() == [1.0, 2.0]
            device.synchronize()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert errors == []


def test_memory_of_a_lost_device_is_left_alone(cuda):
    device = Device()
    cuda.context.lost = True
    with pytest.raises(DeviceLostError, match=r"a device failed: CUDA_ERROR_ILLEGAL_ADDRESS"):
        _ = device.free_bytes
    assert cuda.context.memory_manager.deallocations.held == cuda.context.deallocations.held == 1


def test_no_room_is_said_without_a_number_where_nobody_knows_it(cuda):
    device = Device()
    with (
        pytest.raises(DeviceMemoryError, match=r"a device has no room for more: 0\.00 GB are free\."),
        device.watched(),
    ):
        raise DriverError("CUDA_ERROR_OUT_OF_MEMORY")
    cuda.context.lost = True
    with pytest.raises(DeviceMemoryError, match=r"a device has no room for more\."), device.watched():
        raise DriverError("CUDA_ERROR_OUT_OF_MEMORY")
