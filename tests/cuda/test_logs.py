"""What a launch records: in no more memory than was forecast, and nothing of it where the device fails on the way."""

import numpy as np
import pytest

from numbadyn.codegen.cuda.logs import LOG_HEAD, SPIKES
from numbadyn.codegen.log_layouts import CHECK
from numbadyn.errors import DeviceLostError
from numbadyn.lowering.binding import EventPlace
from numbadyn.runtime.cuda import logs as cuda_logs
from numbadyn.runtime.cuda.logs import LaunchLogs, Recorded, SamplePlace, log_bytes, longest_launch
from numbadyn.runtime.logs import SampleLog, SpikeLog


class Host:
    """Stands for a device: its arrays are counted."""

    def __init__(self):
        self.bytes, self.left = 0, 1000  # arrays that can be fetched before it fails

    def empty(self, size, dtype):
        self.bytes += size * np.dtype(dtype).itemsize
        return np.empty(size, dtype)

    def fetch(self, array, count):
        self.left -= 1
        if self.left < 0:
            raise DeviceLostError("gone", where="here", cure="none")
        return array[:count].copy()

    to_device = staticmethod(np.copy)
    address = staticmethod(lambda array: array.ctypes.data)


def sample_log(every, first, last):
    log = SampleLog("state", 0, np.arange(50), every, first, last, np.dtype(float))
    log.begin(0, 100_000)
    return log


@pytest.mark.parametrize(("every", "first", "last"), [(1, 0, 100_000), (1, 0, 10), (7, 99_000, 100_000), (3, 5, 6)])
@pytest.mark.parametrize("room", [1 << 26, 1000, 1])
@pytest.mark.parametrize("replicas", [1, 3])
def test_logs_take_what_was_forecast(monkeypatch, every, first, last, room, replicas):
    monkeypatch.setattr(cuda_logs, "_SAMPLE_BYTES", room)
    spikes, samples = [SpikeLog(0, 0, 9, 9)], [sample_log(every, first, last), sample_log(1, 0, 3)]
    device, steps = Host(), min(longest_launch(spikes, samples, replicas), 50_000)
    places = [SamplePlace("real", 0, 0) for _ in samples]
    one = Recorded(spikes, samples, [EventPlace(0, 0, 1)], places, CHECK.table([]))
    LaunchLogs(device, [one] * replicas, steps)
    assert 2 * device.bytes <= log_bytes(spikes, samples, replicas)


@pytest.mark.parametrize("left", range(6))
def test_a_device_that_fails_on_the_way_leaves_all_logs_at_one_step(left):
    spikes, samples = [SpikeLog(0, 0, 9, 9) for _ in range(2)], [sample_log(1, 0, 100) for _ in range(2)]
    for log in spikes:
        log.begin()
    device, places = Host(), [SamplePlace("real", 0, 0) for _ in range(2)]
    logs = LaunchLogs(device, [Recorded(spikes, samples, [EventPlace(0, 0, 1)] * 2, places, CHECK.table([]))], 8)
    logs.rows[LOG_HEAD.column("REACHED")] = 4
    for number, (indices, steps) in enumerate(logs._events[0]):
        indices[:3], steps[:3] = [0, 4, 8], 0
        logs.rows[len(LOG_HEAD) + number * len(SPIKES) + SPIKES.column("EVEN")] = 3
    device.left = left
    with pytest.raises(DeviceLostError):
        logs.collect()
    assert [log.used for log in (*spikes, *samples)] == [0, 0, 0, 0]
    device.left = 1000
    logs.collect()
    assert [log.used for log in (*spikes, *samples)] == [3, 3, 4, 4]
