"""Which kernels are launched, how often and on what, told by a device that only takes notes."""

import contextlib
import sys
import types
import warnings

import pytest

from numbadyn.errors import InternalError
from numbadyn.runtime.cuda import launches as cuda_launches
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.cuda.launches import launches_of

NAMES = ["sample", "level_0", "level_1", "record", "tick"]


class Notes:
    """Stands for a device, its streams, graph builders and graphs."""

    simulated, stream = False, "stream"

    def __init__(self):
        self.launched, self.repeated, self.closed, self.waits = [], [], [], 0

    def launch(self, kernel, elements, arguments, *, together, on=None, replicas=1):
        self.launched.append((kernel, elements, arguments, together, on))

    def address(self, array):
        return id(array)

    def synchronize(self):
        self.waits += 1

    def watched(self):
        return contextlib.nullcontext()

    freeing_nothing = watched


class Builder:
    def __init__(self, notes):
        self.notes = notes

    def begin_building(self):
        return self

    end_building = begin_building

    def close(self):
        self.notes.closed.append(self)

    def complete(self):
        captured = [entry for entry in self.notes.launched if entry[4] is self]
        return types.SimpleNamespace(launch=lambda stream: self.notes.repeated.append((stream, captured)))


@pytest.fixture
def notes(monkeypatch):
    notes = Notes()
    stream = types.SimpleNamespace(create_graph_builder=lambda: Builder(notes))
    core = types.ModuleType("cuda.core")
    core.Device = lambda: types.SimpleNamespace(set_current=lambda: None, create_stream=lambda outer: stream)
    monkeypatch.setitem(sys.modules, "cuda.core", core)
    return notes


def made(way, notes):
    module = types.SimpleNamespace(**{name: name for name in ("run", "begin", *NAMES)})
    return launches_of(way, notes, module, NAMES, 1000)


@pytest.mark.cubin
def test_a_small_grid_is_no_reason_to_warn(monkeypatch):
    from numba.cuda import dispatcher
    from numba.cuda.core import config, errors

    class Kernel:
        def __getitem__(self, how):
            return dispatcher._LaunchConfiguration(None, (how[0], 1, 1), (how[1], 1, 1), how[2], 0)

    monkeypatch.setattr(dispatcher.driver, "_to_core_stream", lambda stream: stream)
    monkeypatch.setattr(config, "CUDA_LOW_OCCUPANCY_WARNINGS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        configured = Device._configured(Kernel(), 1, 128, "stream")
    assert (configured.griddim, configured.blockdim, configured.stream) == ((1, 1, 1), (128, 1, 1), "stream")
    with pytest.warns(errors.NumbaPerformanceWarning, match="Grid size"):  # launches of others are told as ever
        Kernel()[1, 128, "stream"]


def test_a_capture_that_fails_is_ended(notes, monkeypatch):
    launches = made("graph", notes)

    def launch(kernel, elements, arguments, *, together, on=None, replicas=1):
        if on is not None:
            raise RuntimeError("no")

    monkeypatch.setattr(notes, "launch", launch)
    with pytest.raises(RuntimeError, match="no"):
        launches.launch(9, 2, 0.1, "D", "L", "clock")
    assert len(notes.closed) == 1


def test_a_capture_that_was_made_invalid_says_so(notes, monkeypatch):
    def refuse(builder):
        raise RuntimeError("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED")

    monkeypatch.setattr(Builder, "end_building", refuse)
    monkeypatch.setattr(Builder, "close", refuse)
    with pytest.raises(InternalError, match=r"INVALIDATED(.|\n)*launch='persistent'"):
        made("graph", notes).launch(9, 2, 0.1, "D", "L", "clock")


def test_a_persistent_kernel_is_launched_once(notes):
    made("persistent", notes).launch(90, 40, 0.1, "D", "L", "clock")
    assert notes.launched == [("run", 1000, (90, 40, 0.1, "D", "L", "clock"), True, None)]


def test_single_kernels_are_launched_for_each_step(notes):
    made("single", notes).launch(90, 3, 0.1, "D", "L", "clock")
    assert notes.launched[0] == ("begin", 1, (90, 3, "L", "clock"), False, None)
    assert [entry[0] for entry in notes.launched[1:]] == NAMES * 3
    assert {entry[1] for entry in notes.launched[1:]} == {1000, 1}
    assert all(entry[2] == (0.1, "D", "L", "clock") for entry in notes.launched[1:])


def test_a_graph_is_captured_once_and_repeated(notes):
    launches = made("graph", notes)
    launches.launch(900, 70, 0.1, "D", "L", "clock")
    on_the_stream = [entry[0] for entry in notes.launched if entry[4] is None]
    assert on_the_stream == ["begin", *NAMES]  # the first step, before the capture
    assert len(notes.repeated) == 3  # 70 steps in graphs of 32
    assert [entry[0] for entry in notes.repeated[0][1]] == NAMES * 32
    launches.launch(900, 32, 0.1, "D", "L", "clock")
    assert len(notes.repeated) == 4
    assert [entry[0] for entry in notes.launched if entry[4] is None] == ["begin", *NAMES, "begin"]


def test_other_arguments_need_another_graph(notes, monkeypatch):
    monkeypatch.setattr(cuda_launches, "_GRAPHS", 2)
    launches = made("graph", notes)
    for logs in ("L", "M", "N"):
        launches.launch(900, 1, 0.1, "D", logs, "clock")
    captured = [{entry[2][2] for entry in kernels} for _stream, kernels in notes.repeated]
    assert captured == [{"L"}, {"M"}, {"N"}]
    assert notes.waits == 1  # before graphs that may still run are let go
