"""Tests of the CUDA target: which of them can run here."""

import functools
import os
import sys

import pytest

from numbadyn.runtime.cuda import target
from tests.targets import SIMULATED

collect_ignore = ["driver/cases.py", "driver/launches.py"]
"""Modules that need the imitated driver, which a child process has: see `tests.cuda.driver.build`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)
    for item in items:
        if not str(item.path).startswith(here):
            continue
        if item.get_closest_marker("cudasim") and not SIMULATED:
            item.add_marker(pytest.mark.skip(reason="needs NUMBA_ENABLE_CUDASIM=1, in a process of its own"))
        if item.get_closest_marker("cubin") and (reason := _no_compiler()):
            item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker("emulated"):
            if (reason := _no_compiler()) and (_no_device() or not item.get_closest_marker("gpu")):
                item.add_marker(pytest.mark.skip(reason=reason))
        elif item.get_closest_marker("gpu") and (reason := _no_device()):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _emulated(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the emulator where a test asks for a device and there is none."""
    if request.node.get_closest_marker("emulated") and _no_device() and not _no_compiler():
        from tests.cuda.emulator.device import EmulatedDevice, emulated_core

        monkeypatch.setattr(target, "Device", lambda: EmulatedDevice("shuffled"))
        monkeypatch.setitem(sys.modules, "cuda.core", emulated_core())


@functools.cache
def _no_compiler() -> str:
    if SIMULATED:
        return "the simulator compiles nothing"
    from numbadyn.runtime.cuda.toolkit import probe_toolkit

    found = probe_toolkit()
    if found.implementation != "NVIDIA" or found.missing:
        return 'needs pip install "numbadyn[cuda13]"'
    return ""


@functools.cache
def _no_device() -> str:
    from numbadyn.runtime.cuda.diagnosis import diagnose_cuda

    found = diagnose_cuda()
    return "" if found.works and not SIMULATED else f"needs a device: {found.reason}"
