"""What is tried in a process with the imitated driver, one function a case, in order.

In: the name of a list of cases.  Out: for each case what went wrong, or nothing, as JSON in the last line that is
printed.  Must not know: how the process was started.

A case leaves the process as the next one may find it. The first process finds nothing on disk, the second one what the
first one has left there.
"""

import ctypes
import gc
import json
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from quantities import ms

import numbadyn as nd
from numbadyn.errors import DeviceLostError, DeviceMemoryError, NumbadynError, TargetError
from numbadyn.runtime.cuda.device import Device
from tests.cuda.driver.launches import OUT_OF_SERVICE, UNAVAILABLE, counts, driver, launched, noticed, on_launch
from tests.cuda.networks import NETWORKS
from tests.features.agreement import assert_same, recorded, states_and_spikes

__all__ = ["FIRST", "SECOND"]

DURATION = 1.2 * ms
STEPS = 12


def simulator(target: str, **options: Any) -> nd.Simulator:
    sim = nd.Simulator(NETWORKS["pair"](), dt=0.1 * ms, seed=5, target=target, **options)
    states_and_spikes(sim)
    return sim


def caught(kind: type[Exception], call: Callable[[], Any]) -> Any:
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def in_new_thread(call: Callable[[], Any]) -> Any:
    """What a call gives in a thread in which nothing was called before."""
    answers: list[Any] = []

    def answer() -> None:
        try:
            answers.append(call())
        except BaseException as error:  # it belongs to the thread that waits
            answers.append(error)

    thread = threading.Thread(target=answer)
    thread.start()
    thread.join()
    if isinstance(answers[0], BaseException):
        raise answers[0]
    return answers[0]


def two_runs(launch: Any) -> nd.Simulator:
    """Compare two runs with the interpreter."""
    found, expected = simulator("cuda", reproducible=True, launch=launch), simulator("interpret")
    for _ in range(2):
        assert_same(found.run(DURATION, progress=False), expected.run(DURATION, progress=False))
    assert noticed() == []
    return found


# ---- the first process -----------------------------------------------------------------------------------------------


def persistent_launches_have_the_bits_of_the_interpreter() -> None:
    before = len(launched)
    two_runs("persistent")
    assert "run" in launched[before:]
    assert "tick" not in launched[before:]


def single_launches_have_the_bits_of_the_interpreter() -> None:
    before = len(launched)
    two_runs("single")
    assert launched[before:].count("tick") >= 2 * STEPS


def graphs_have_the_bits_of_the_interpreter() -> None:
    before = counts()
    two_runs("graph")
    after = counts()
    assert after["captured"] > before["captured"]
    assert after["graph launches"] > before["graph launches"]


def a_state_can_be_read_in_a_new_thread() -> None:
    found, expected = simulator("cuda", reproducible=True), simulator("interpret")
    for sim in (found, expected):
        sim.run(DURATION, progress=False)
    read = in_new_thread(lambda: found.get(found.network.E, "V"))
    np.testing.assert_array_equal(read.magnitude, expected.get(expected.network.E, "V").magnitude)
    assert noticed() == []


def arrays_that_were_dropped_count_as_free() -> None:
    device = Device()
    gc.collect()
    before = device.free_bytes
    kept = device.to_device(np.zeros(1_000_000))
    assert before - device.free_bytes == 8_000_000
    del kept
    gc.collect()
    assert device.free_bytes == before
    assert noticed() == []


def too_little_memory_is_told() -> None:
    device = Device()
    driver.imitated_room(counts()["used bytes"] + 1_000_000)
    try:
        error = caught(DeviceMemoryError, lambda: device.empty(1_000_000, np.float64))
        refused = caught(DeviceMemoryError, lambda: simulator("cuda").run(DURATION, progress=False))
    finally:
        driver.imitated_room(0)
    assert "an imitated device has no room for more: 0.00 GB are free" in str(error)
    assert "target='cpu'" in str(refused)
    assert noticed() == []


def misuse_is_noticed() -> None:
    device = Device()
    address, source = ctypes.c_uint64(), np.ones(8)
    new = ctypes.byref(address)
    in_new_thread(lambda: driver.cuMemAlloc_v2(new, ctypes.c_size_t(64)))
    assert noticed() == ["cuMemAlloc without a context in this thread"]
    assert driver.cuMemAlloc_v2(new, ctypes.c_size_t(64)) == 0
    assert driver.cuMemFree_v2(address) == 0
    assert driver.cuMemcpyHtoD_v2(address, ctypes.c_void_p(source.ctypes.data), ctypes.c_size_t(64)) != 0
    assert noticed() == ["cuMemcpyHtoD of 64 bytes of freed memory"]
    ctypes.c_uint8.from_address(address.value or 0).value = 1
    assert noticed() == ["freed memory of 64 bytes was written to"]
    ctypes.c_uint8.from_address(address.value or 0).value = 0xEF
    stream = ctypes.c_void_p(int(device.stream.handle))
    assert driver.cuStreamBeginCapture_v2(stream, 2) == 0
    assert driver.cuStreamSynchronize(stream) != 0
    assert driver.cuCtxSynchronize() != 0
    assert driver.cuStreamEndCapture(stream, ctypes.byref(ctypes.c_void_p())) != 0
    assert noticed() == [
        "cuStreamSynchronize of a stream that captures",
        "cuCtxSynchronize on the legacy stream while a stream captures that waits for it",
    ]
    device.synchronize()


class Attribute(ctypes.Structure):
    """That a launch is cooperative or not, as the driver takes it."""

    _fields_ = (("id", ctypes.c_int), ("_gap", ctypes.c_int), ("value", ctypes.c_int), ("_rest", ctypes.c_int * 15))


class Launch(ctypes.Structure):
    """A launch as the driver takes it."""

    _fields_ = (
        ("blocks", ctypes.c_uint * 3),
        ("threads", ctypes.c_uint * 3),
        ("shared", ctypes.c_uint),
        ("stream", ctypes.c_void_p),
        ("attributes", ctypes.POINTER(Attribute)),
        ("number", ctypes.c_uint),
    )


def launches_that_cannot_be_are_noticed() -> None:
    kernel, stream = ctypes.c_void_p(), int(Device().stream.handle)
    assert driver.cuLibraryGetKernel(ctypes.byref(kernel), None, b"fill") == 0
    cooperative = Attribute(2, 0, 1)  # CU_LAUNCH_ATTRIBUTE_COOPERATIVE
    for blocks, threads, shared, notice in (
        ((3, 1, 1), (128, 1, 1), 0, "3 blocks that wait for each other do not fit: fill"),
        ((0, 1, 1), (128, 1, 1), 0, "an odd launch of 0 blocks of 128 threads: fill"),
        ((1, 1, 1), (2048, 1, 1), 0, "an odd launch of 1 blocks of 2048 threads: fill"),
        ((2, 2, 1), (128, 1, 1), 0, "an odd launch of 2 blocks of 128 threads: fill"),
        ((2, 1, 1), (128, 1, 1), 4, "an odd launch of 2 blocks of 128 threads: fill"),
    ):
        launch = Launch(blocks, threads, shared, stream, ctypes.pointer(cooperative), 1)
        assert driver.cuLaunchKernelEx(ctypes.byref(launch), kernel, None, None) != 0
        assert noticed() == [notice]


def a_device_that_is_lost_leaves_what_was_recorded() -> None:
    sim, expected = simulator("cuda", reproducible=True), simulator("interpret")
    complete = recorded(expected.run(DURATION, progress=False))
    runs: list[str] = []

    def lose(name: str) -> None:
        runs.extend([name] if name == "run" else [])
        if len(runs) == 3:  # the first one is that which tries the kernel before the run
            driver.imitated_failure(OUT_OF_SERVICE)

    on_launch.append(lose)
    error = caught(DeviceLostError, lambda: sim.run(DURATION, progress=False))
    on_launch.clear()
    assert "ILLEGAL_ADDRESS" in str(error)
    for name, array in recorded(error.result).items():
        assert array.tobytes() == complete[name][: len(array)].tobytes(), name
    caught(NumbadynError, lambda: sim.run(DURATION, progress=False))
    assert noticed() == []  # what is freed from now on must print no errors, for which the other process looks


FIRST = (
    persistent_launches_have_the_bits_of_the_interpreter,
    single_launches_have_the_bits_of_the_interpreter,
    graphs_have_the_bits_of_the_interpreter,
    a_state_can_be_read_in_a_new_thread,
    arrays_that_were_dropped_count_as_free,
    too_little_memory_is_told,
    misuse_is_noticed,
    launches_that_cannot_be_are_noticed,
    a_device_that_is_lost_leaves_what_was_recorded,
)
"""Cases of the first process."""


# ---- the second process ----------------------------------------------------------------------------------------------


def a_device_that_another_process_has_for_itself_is_told() -> None:
    driver.imitated_refusal(UNAVAILABLE)
    try:
        error = caught(TargetError, Device)
    finally:
        driver.imitated_refusal(0)
    assert "nvidia-smi -c DEFAULT" in str(error)


def kernels_come_from_disk() -> None:
    from numba.cuda import dispatcher

    made = []
    make = dispatcher._Kernel.__init__

    def count(self: Any, *arguments: Any, **options: Any) -> None:
        made.append(arguments[0].__name__)
        make(self, *arguments, **options)

    dispatcher._Kernel.__init__ = count
    two_runs("persistent")
    assert made == []


SECOND = (a_device_that_another_process_has_for_itself_is_told, kernels_come_from_disk)
"""Cases of the second process."""


def outcome(case: Callable[[], None]) -> str:
    try:
        case()
    except Exception:
        return traceback.format_exc()
    return ""


def main() -> None:
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="quantities")
    cases = {"first": FIRST, "second": SECOND}[sys.argv[1]]
    outcomes = {case.__name__: outcome(case) for case in cases}
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
