"""Tests of the CUDA target: which of them can run here."""

import os

import pytest

from tests.targets import SIMULATED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)
    for item in items:
        if not str(item.path).startswith(here):
            continue
        if item.get_closest_marker("cudasim") and not SIMULATED:
            item.add_marker(pytest.mark.skip(reason="needs NUMBA_ENABLE_CUDASIM=1, in a process of its own"))
        if item.get_closest_marker("cubin") and (reason := _no_compiler()):
            item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker("gpu") and (reason := _no_device()):
            item.add_marker(pytest.mark.skip(reason=reason))


def _no_compiler() -> str:
    if SIMULATED:
        return "the simulator compiles nothing"
    from numbadyn.runtime.cuda.toolkit import probe_toolkit

    found = probe_toolkit()
    if found.implementation != "NVIDIA" or found.missing:
        return 'needs pip install "numbadyn[cuda13]"'
    return ""


def _no_device() -> str:
    from numbadyn.runtime.cuda.diagnosis import diagnose_cuda

    found = diagnose_cuda()
    return "" if found.works and not SIMULATED else f"needs a device: {found.reason}"
