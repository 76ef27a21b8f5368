"""The checker of plans and programs: one that passes is well formed.

In: a `Program`, or a plan on the way to one.  Out: nothing, or an `InternalError` that names the place.  Must not know:
targets, how it was made.
"""

from __future__ import annotations

from collections.abc import Iterator

from numbadyn.errors import InternalError
from numbadyn.lowering.buffers import BufferView
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.loop import Instance

__all__ = ["verify_program"]


def verify_program(program: Program) -> None:
    """Check kernels, the instances that they run over, and where in memory those lie.

    Parameters
    ----------
    program : Program
        Any program; its schedule and its buffers may be missing still.

    Raises
    ------
    InternalError
        A value that is used before it is computed, an argument too few or too many, elements outside of a buffer, a
        buffer without memory.
    """
    for kernel in program.kernels:
        for problem in _of_kernel(kernel):
            raise InternalError(f"Kernel {kernel.name} {problem}.", where=program.step.name)
    placed = {buffer for block in program.buffers for buffer in block}
    loops = (loop for stages in program.schedule for stage in stages for loop in stage.loops())
    for kernel, instance in ((program.kernels[number], instance) for number, instance in loops):
        for problem in _of_instance(kernel, instance):
            raise InternalError(f"{kernel.name} over {instance.module} {problem}.", where=program.step.name)
        for view in instance.views if placed else ():
            if view.buffer.role != "lookup" and view.buffer not in placed:
                raise InternalError(f"{view.buffer.name} has no memory.", where=program.step.name)


def _of_kernel(kernel: Kernel) -> Iterator[str]:
    counts = {"slot": len(kernel.slots), "scalar": len(kernel.scalars), "time": 1, "step": 1, "back": 1}
    for number, operation in enumerate(kernel.operations):
        for arg in operation.args:
            if not 0 <= arg.index < counts.get(arg.where, number):
                yield f"has an operation, {operation.op}, that uses {arg.where} {arg.index}, which is not there"
    for store in kernel.stores:
        if not (0 <= store.value < len(kernel.operations) and 0 <= store.slot < len(kernel.slots)):
            yield f"stores value {store.value} to slot {store.slot}, one of which is not there"


def _of_instance(kernel: Kernel, instance: Instance) -> Iterator[str]:
    if instance.space.symbolic:
        return  # synapses are counted when they are built
    if len(instance.views) != len(kernel.slots) or len(instance.scalars) != len(kernel.scalars):
        yield "has not the arguments of its kernel"
        return
    for view, slot in zip(instance.views, kernel.slots, strict=True):
        if view.buffer.kind != slot.kind:
            yield f"takes {view.buffer.name} for {slot.kind} values"
        last = {"each": instance.size, "first": 1, "stride": (instance.size - 1) * slot.stride + 1}.get(slot.access, 0)
        if not _inside(view, last):
            yield f"leaves {view.buffer.name}"


def _inside(view: BufferView, count: int) -> bool:
    """Whether a view, and so many elements of it, lie in the buffer."""
    return view.offset >= 0 and count <= view.count and view.offset + view.count <= view.buffer.size
