"""Loops of a model, on a GPU: the text of a kernel, and how all threads call it.

In: a `Kernel`.  Out: source text, `EMITTER`.  Must not know: arrays.
"""

from __future__ import annotations

from collections.abc import Mapping

from numbadyn.codegen.cuda.directory import ENTRY
from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine
from numbadyn.codegen.expressions import KernelText
from numbadyn.codegen.parts import whole_part
from numbadyn.ir.kinds import KINDS, Kind
from numbadyn.ir.nodes import Step
from numbadyn.lowering.layouts import Layout, slot_columns
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.loop import LoopStage, loop_layout

__all__ = ["EMITTER", "array_lines", "parameter_lines", "parameters_of"]

_FEW = 12
"""Parameters of a loop that stay in registers; more of them are read where they are needed."""

_BYTES: dict[Kind, str] = {"real": "REAL_BYTES", "int": "8", "bool": "1"}
"""Bytes of an element, by kind, as text."""

_PARAMETERS: dict[str, str] = {"real": "_S", "int": "_N", "bool": "_N"}
"""Names of the arrays of parameters, by kind."""


def parameters_of(kernel: Kernel) -> Mapping[str, str] | None:
    """Names of the arrays of parameters where they are read as they are needed; None if they stay in registers."""
    return _PARAMETERS if len(kernel.scalars) > _FEW else None


def _functions(kernel: Kernel, step: Step, reserved: frozenset[str], *, ordered: bool) -> str:
    """The functions of one kernel: its loop over the elements of one thread, and the phase over all its instances."""
    text = KernelText(kernel, step, whole_part(kernel), fetch=parameters_of(kernel), reserved=reserved)
    body = text.body()
    stores = text.stores()
    prologue = text.prologue()
    extents = [name for pair in text.extents.values() for name in pair]
    candidates = ["_step", "_t", "_key0", "_key1", "_S", "_N", *text.scalars, *text.arrays, *extents]
    used = [name for name in candidates if name in text.used]
    lines = [
        "@routine",
        f"def {kernel.name}({', '.join(['_start', '_stop', '_stride', *used])}):",
        *("    " + line for line in prologue),
        "    for _j in range(_start, _stop, _stride):",
        "        _i = u64(_j)",
        *("        " + line for line in (*body, *stores)),
    ]
    return text.legend() + "\n".join(lines) + "\n\n\n" + _phase(kernel, text, used)


def _phase(kernel: Kernel, text: KernelText, used: list[str]) -> str:
    layout = loop_layout(len(kernel.slots))
    lines = [
        "@phase",
        f"def each_{kernel.name}(_thread, _threads, _step, _dt, _D, _entry):",
        "    _T = array_at(_D[D_T], i64(0))",
        *(["    _t = real(f64(_step) * _dt)"] if "_t" in used else []),
        *(["    _key0, _key1 = u32(_D[D_KEY0]), u32(_D[D_KEY1])"] if "_key0" in used else []),
        f"    for _k in range(_D[u64(_entry + {ENTRY.column('COUNT')})]):",
        f"        _row = _D[u64(_entry + {ENTRY.column('ROWS')})] + _k * {len(layout)}",
        f"        _size = _T[u64(_row + {layout.column('SIZE')})]",
        f"        _first = first_of(_thread, _threads, _T[u64(_row + {layout.column('OWNER')})])",
        "        if _first >= _size:",
        "            continue",
        *("        " + line for line in (*parameter_lines(kernel, text), *array_lines(text, layout))),
    ]
    lines.append(f"        {kernel.name}({', '.join(['_first', '_size', '_threads', *used])})")
    return "\n".join(lines) + "\n"


def array_lines(text: KernelText, layout: Layout) -> list[str]:
    """Lines that find the arrays of an instance."""
    lines = []
    for number, (name, slot) in enumerate(zip(text.arrays, text.kernel.slots, strict=True)):
        columns = (layout.column(column) for column in slot_columns(f"SLOT{number}"))
        start, _count, depth, lag, extent, every = (f"_T[u64(_row + {column})]" for column in columns)
        if slot.stored:
            lines.append(f"{name} = array_at({start}, np.{slot.stored}(0))")
            continue
        begin = start if slot.whole else f"slot_start({start}, {depth}, {lag}, {extent}, {every}, _step)"
        kind = KINDS[slot.kind]
        lines.append(f"{name} = array_at(_D[D_{kind.arena}] + {begin} * {_BYTES[slot.kind]}, {kind.zero})")
        if slot.whole:
            newest, own_depth, own_width = text.extents[number]
            lines.append(f"{own_depth}, {own_width} = {depth}, {extent}")
            lines.append(f"{newest} = remainder(quotient(_step, {every}) + {own_depth} - 1, {own_depth})")
    return lines


def parameter_lines(kernel: Kernel, text: KernelText) -> list[str]:
    """Lines that say where the parameters of an instance are, and read them unless the loop does."""
    lines = []
    for array, address, example, size, entry in (
        ("_S", "D_S", "REAL_ZERO", "REAL_BYTES", "REALS"),
        ("_N", "D_T", "i64(0)", "8", "INTEGERS"),
    ):
        named = zip(text.scalars, kernel.scalars, strict=True)
        names = [name for name, (_wish, kind) in named if _PARAMETERS[kind] == array]
        if names:
            begin = f"(_D[u64(_entry + {ENTRY.column(entry)})] + _k * {len(names)}) * {size}"
            lines.append(f"{array} = array_at(_D[{address}] + {begin}, {example})")
        if text.fetch is None:
            lines += [f"{name} = {array}[u64({place})]" for place, name in enumerate(names)]
    return lines


def _calls(program: Program, loop: LoopStage, *, ordered: bool) -> tuple[Routine, ...]:
    """The function that runs a kernel over all its instances."""
    name = program.kernels[loop.kernel].name
    return (Routine(f"each_{name}", reads=("elements",), writes=("elements",), own="elements"),)


EMITTER = CudaEmitter(calls=_calls, functions=_functions, timed=True)
