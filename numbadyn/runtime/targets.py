"""The table of targets.

In: the targets.  Out: `TARGETS`, read by the simulator, its checks, the doctor and the command line.  Must not know:
how a target works.
"""

from __future__ import annotations

from numbadyn.runtime.cpu.target import CpuTarget
from numbadyn.runtime.cuda.target import CudaTarget
from numbadyn.runtime.interpreted import InterpretedTarget
from numbadyn.runtime.target import Target

__all__ = ["TARGETS"]

TARGETS: dict[str, Target] = {target.name: target for target in (CpuTarget(), InterpretedTarget(), CudaTarget())}
"""By name, in the order in which they are shown to users."""
