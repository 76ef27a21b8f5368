"""The CPU target, as the simulator knows it.

In: nothing.  Out: `CpuTarget`.  Must not know: other targets.
"""

from __future__ import annotations

from typing import ClassVar

from numbadyn.runtime.cpu.machine import CpuMachine
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.target import Job, Target

__all__ = ["CpuTarget"]


class CpuTarget(Target):
    """Compiled code for the processor."""

    name: ClassVar[str] = "cpu"
    batches: ClassVar[bool] = True
    profiles: ClassVar[bool] = True

    def make_machine(self, job: Job) -> Machine:
        """A program in memory."""
        return CpuMachine(job.program(), job.contexts, job.synapses, job.label)
