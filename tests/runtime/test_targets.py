"""The table of targets: who reads it, and what a row brings about."""

import io

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import TargetError
from numbadyn.runtime.interpreted import InterpretedTarget
from numbadyn.runtime.targets import TARGETS


class Slow(InterpretedTarget):
    """A further target, which counts what it is asked for."""

    name, defines = "slow", False

    def __init__(self):
        self.asked = []

    def open(self):
        self.asked.append("open")
        return "a device"

    def make_machine(self, job):
        self.asked.append((job.device, job.label, job.options["launch"]))
        return super().make_machine(job)

    def require_synapses(self, device, step, bits, times):
        self.asked.append((device, bits, times))


@pytest.fixture
def slow(monkeypatch):
    """The table with another row."""
    monkeypatch.setitem(TARGETS, "slow", Slow())
    return TARGETS["slow"]


def potentials(target, **options):
    cells = nd.LIF(3, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
    simulator = nd.Simulator(cells, 1 * ms, target=target, **options)
    simulator.run(5 * ms)
    return np.asarray(simulator.get(cells, "V").magnitude)


def test_one_target_defines_the_meaning():
    assert [name for name, target in TARGETS.items() if target.defines] == ["interpret"]
    assert all(name == target.name for name, target in TARGETS.items())


def test_a_row_makes_a_target(slow):
    np.testing.assert_array_equal(potentials("slow", precision=32), potentials("interpret", precision=32))
    assert slow.asked == ["open", ("a device", 32, 1), ("a device", "LIF", "persistent")]


@pytest.mark.usefixtures("slow")
def test_checks_and_the_doctor_read_the_table():
    with pytest.raises(TargetError, match="The target is 'fast'") as caught:
        nd.Simulator(nd.LIF(1), 1 * ms, target="fast")
    assert "Choose one of 'cpu', 'interpret', 'cuda', 'slow'." in str(caught.value)
    report = nd.doctor(run=False, file=io.StringIO())
    assert list(report.targets) == ["interpret", "cpu", "cuda", "slow"]
    assert report.targets["slow"].text == "not tried"
