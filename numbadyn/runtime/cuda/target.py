"""The CUDA target, as the simulator knows it.

In: nothing.  Out: `CudaTarget`.  Must not know: other targets.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from numbadyn.ir.nodes import Step
from numbadyn.projections.building import made_by
from numbadyn.runtime import on_demand
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.cuda.forecast import check_room
from numbadyn.runtime.cuda.machine import CudaMachine
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.target import Job, Target

__all__ = ["CudaTarget"]


class CudaTarget(Target):
    """Compiled code for a GPU."""

    name: ClassVar[str] = "cuda"
    extra: ClassVar[str] = "cuda13"
    batches: ClassVar[bool] = True
    on_device: ClassVar[bool] = True
    exact: ClassVar[Mapping[str, Any]] = {"reproducible": True}

    def open(self) -> Device:
        """The current device."""
        return Device()

    def make_machine(self, job: Job) -> Machine:
        """A program in the memory of the device."""
        return CudaMachine(job.program(), job.contexts, job.synapses, job.label, device=job.device, **job.options)

    def require_synapses(self, device: Any, step: Step, bits: int, times: int) -> None:
        """Refuse synapses, made so many times, that would not fit on the device."""
        check_room(device, step, bits, times)

    def building(self, device: Any, name: str) -> AbstractContextManager[None]:
        """In it, the tables of a projection are built on the device."""
        return made_by(functools.partial(on_demand.build_on_device, device))
