"""The program as text: kernels with their operations, then the stages of a step.

In: a `Program`.  Out: lines.  Must not know: targets, values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numbadyn.lowering.operations import Operand
    from numbadyn.lowering.program import Program

__all__ = ["program_text"]


def _argument(program: Program, kernel_index: int, operand: Operand) -> str:
    kernel = program.kernels[kernel_index]
    if operand.where == "local":
        return f"%{operand.index}"
    if operand.where == "slot":
        return kernel.slots[operand.index].name or f"slot{operand.index}"
    if operand.where == "scalar":
        return kernel.scalars[operand.index][0]
    return operand.where


def program_text(program: Program) -> str:
    """The program as text: kernels with their operations, then the schedule."""
    lines = [f"program {program.step.name}"]
    for number, kernel in enumerate(program.kernels):
        scalars = ", ".join(name for name, _kind in kernel.scalars)
        arrays = ", ".join(slot.name or slot.kind for slot in kernel.slots)
        lines.append(f"  kernel {kernel.name}({scalars}; {arrays})")
        for index, operation in enumerate(kernel.operations):
            arguments = ", ".join(_argument(program, number, arg) for arg in operation.args)
            lines.append(f"    %{index} = {operation.op}({arguments}) : {operation.kind}")
        lines += [f"    store %{store.value} -> {kernel.slots[store.slot].name}" for store in kernel.stores]
    lines.append("  step")
    for stages in program.schedule:
        for stage in stages:
            lines += [f"    {line}" for line in stage.lines(program)]
    return "\n".join(lines)
