"""Memory for what a launch records: no more than was forecast, wherever the window of a recording lies."""

import numpy as np
import pytest

from numbadyn.runtime.cuda import logs as cuda_logs
from numbadyn.runtime.cuda.logs import LaunchLogs, SamplePlace, SpikePlace, log_bytes, longest_launch
from numbadyn.runtime.logs import SampleLog, SpikeLog


class Host:
    """Stands for a device: its arrays are counted."""

    def __init__(self):
        self.bytes = 0

    def empty(self, size, dtype):
        self.bytes += size * np.dtype(dtype).itemsize
        return np.empty(size, dtype)

    to_device = staticmethod(np.copy)
    address = staticmethod(lambda array: array.ctypes.data)


def sample_log(every, first, last):
    log = SampleLog("state", 0, np.arange(50), every, first, last, np.dtype(float))
    log.begin(0, 100_000)
    return log


@pytest.mark.parametrize(("every", "first", "last"), [(1, 0, 100_000), (1, 0, 10), (7, 99_000, 100_000), (3, 5, 6)])
@pytest.mark.parametrize("room", [1 << 26, 1000, 1])
def test_logs_take_what_was_forecast(monkeypatch, every, first, last, room):
    monkeypatch.setattr(cuda_logs, "_SAMPLE_BYTES", room)
    spikes, samples = [SpikeLog(0, 0, 9, 9)], [sample_log(every, first, last), sample_log(1, 0, 3)]
    device, steps = Host(), min(longest_launch(samples), 50_000)
    places = [SamplePlace("real", 0, 0) for _ in samples]
    LaunchLogs(device, spikes, samples, [SpikePlace(0, 0, 1)], places, np.zeros((0, 2), np.int64), steps)
    assert 2 * device.bytes <= log_bytes(spikes, samples)
