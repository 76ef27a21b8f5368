"""Loops of a model, on a processor: the text of a kernel, and how the time loop calls it.

In: a `Kernel`.  Out: source text, `EMITTER`.  Must not know: arrays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from numbadyn.codegen.cpu.emitter import CpuEmitter
from numbadyn.codegen.expressions import KernelText, row_name
from numbadyn.codegen.parts import SHORT_FORMS, Amends, Part, parts_of
from numbadyn.ir.kinds import KINDS
from numbadyn.ir.nodes import Step
from numbadyn.lowering.layouts import Layout, slot_columns
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.loop import LoopStage, loop_layout

__all__ = ["EMITTER", "instance_lines"]

#: Elements of a tile: scratch rows and the arrays of a tile stay in the first-level cache.
_TILE_MANY, _TILE_GUARDED, _TILE_LEAST = 256, 512, 16
_ELEMENTS_OF_ALL_ROWS = 8000


#: Arguments of the function that runs a kernel over its instances.
_EACH = "_step, _final, _dt, _key0, _key1, _R, _I, _B, _scratch, _rows, _reals, _integers"


def _indent(lines: list[str], levels: int) -> str:
    return "\n".join("    " * levels + line for line in lines)


def _arguments(text: KernelText) -> str:
    """Arguments that the printed function uses, in a fixed order."""
    extents = [name for pair in text.extents.values() for name in pair]
    rows = sorted((name for name in text.used if re.fullmatch(r"_row\d+", name)), key=lambda name: int(name[4:]))
    candidates = ["_step", "_t", "_key0", "_key1", *text.scalars, *text.arrays, *extents]
    return ", ".join(["_start", "_stop", *(name for name in candidates if name in text.used), *rows])


def _loop_function(name: str, text: KernelText) -> tuple[str, str]:
    """Definition and call of the function that runs one loop over a range of elements."""
    body = text.body()
    lines = [
        *("    " + line for line in text.prologue()),
        *(["    _outside = 0"] if text.part.guards else []),
        *(["    _marked = 0"] if text.part.marks else []),
        "    for _j in range(_start, _stop):",
        "        _i = u64(_j)",
        _indent(body, 2),
        *(f"        _outside += not (abs({text.operand(arg)}) <= EXPREL_SHORT_LIMIT)" for arg in text.part.guards),
        *(f"        _marked += {text.text[index]}" for index in text.part.marks),
        _indent(text.stores(), 2),
        *(["    return _outside == 0"] if text.part.guards else []),
        *(["    return _marked != 0"] if text.part.marks else []),
    ]
    return _definition(name, text, lines)


def _definition(name: str, text: KernelText, lines: list[str]) -> tuple[str, str]:
    """Definition and call of a function with these lines."""
    arguments = _arguments(text)
    whole = ["@kernel", f"def {name}({arguments}):", *(line for line in lines if line)]
    return "\n".join(whole) + "\n", f"{name}({arguments})"


def _amending_function(name: str, text: KernelText, amends: Amends) -> tuple[str, str]:
    """Definition and call of the function that goes through marked elements alone."""
    body, mark = text.body(), row_name(amends.mark)
    lines = [
        *("    " + line for line in text.prologue()),
        "    _count = 0",  # numbers of marked elements take the place of the marks, so that they are all that follows
        "    for _j in range(_start, _stop):",
        f"        _marked = {mark}[u64(_j - _start)] != real(0.0)",
        f"        {mark}[u64(_count)] = real(_j - _start)",
        "        _count += _marked",
        "    for _n in range(_count):",
        f"        _q = u64({mark}[u64(_n)])",
        "        _i = u64(_start) + _q",
        "        _j = i64(_i)",
        _indent([line for line in body if not line.startswith("_q = ")], 2),
        *(f"        {text.row(row)} = {text.operand(value)}" for row, value in amends.values.items()),
    ]
    text.used.add(row_name(amends.mark))
    return _definition(name, text, lines)


def _part_functions(
    kernel: Kernel, step: Step, part: Part, number: int, reserved: frozenset[str]
) -> tuple[list[str], list[str]]:
    """Functions of one part of a kernel, and the lines that call them; `near` tells that short forms serve."""

    def text(*, short: bool = False, lean: bool = False) -> KernelText:
        return KernelText(kernel, step, part, short=short, lean=lean, reserved=reserved)

    name = kernel.name if part.last else f"part{number}_{kernel.name}"
    if part.guards:
        definition, call = _loop_function(f"near_zero_{name}", text())
        return [definition], [f"_near = {call}"]
    definition, call = _loop_function(name, text())
    definitions, choices = [definition], []
    short = any(kernel.operations[index].op in SHORT_FORMS for index in part.operations)
    if short:
        choices.append(("not _near", call))
        definition, call = _loop_function(f"short_{name}", text(short=True))
        definitions.append(definition)
    if part.last and any(slot.late for slot in kernel.slots):
        definition, lean = _loop_function(f"lean_{name}", text(short=short, lean=True))
        definitions.append(definition)
        choices.append((f"not _final and _rows[_k, {loop_layout(len(kernel.slots)).column('LATE')}] != 0", lean))
    result = "_marked = " if part.marks else ""
    lines = [
        line
        for k, (condition, chosen) in enumerate(choices)
        for line in (f"{'elif' if k else 'if'} {condition}:", f"    {result}{chosen}")
    ]
    lines = [*lines, "else:", f"    {result}{call}"] if choices else [f"{result}{call}"]
    if part.amends:
        lines.append("if _marked:")
    for k, amends in enumerate(part.amends):
        amending = KernelText(kernel, step, amends.part, reserved=reserved)
        definition, call = _amending_function(f"amend{k or ''}_{name}", amending, amends)
        definitions.append(definition)
        lines.append(f"    {call}")
    return definitions, lines


def _tile(parts: list[Part]) -> int:
    """Elements of a tile, or 0 for all at once: fewer where there are many rows, so that all fit into the cache."""
    if len(parts) == 1:
        return 0
    tile = _TILE_GUARDED if len(parts) == 2 else _TILE_MANY
    while tile > _TILE_LEAST and _row_count(parts) * tile > _ELEMENTS_OF_ALL_ROWS:
        tile //= 2
    return tile


def _row_count(parts: list[Part]) -> int:
    return 1 + max((row for part in parts for row in (*part.saves.values(), *part.marks.values())), default=-1)


def instance_lines(kernel: Kernel, text: KernelText, layout: Layout) -> list[str]:
    """Lines that find the scalars and the arrays of an instance in its rows of the tables."""
    reals = [name for name, (_wish, kind) in zip(text.scalars, kernel.scalars, strict=True) if kind == "real"]
    integers = [name for name, (_wish, kind) in zip(text.scalars, kernel.scalars, strict=True) if kind != "real"]
    lines = [
        *(f"{name} = _reals[_k, {number}]" for number, name in enumerate(reals)),
        *(f"{name} = _integers[_k, {number}]" for number, name in enumerate(integers)),
    ]
    for number, (name, slot) in enumerate(zip(text.arrays, kernel.slots, strict=True)):
        columns = (layout.column(column) for column in slot_columns(f"SLOT{number}"))
        start, count, depth, lag, width, every = (f"_rows[_k, {column}]" for column in columns)
        if slot.stored:
            lines.append(f"{name} = array_at({start}, np.{slot.stored}(0))")
            continue
        begin = f"slot_start({start}, {depth}, {lag}, {width}, {every}, _step)"
        lines.append(f"_begin = {start if slot.whole else begin}")
        lines.append(f"{name} = _{KINDS[slot.kind].arena}[_begin : _begin + {count}]")
        if slot.whole:
            newest, own_depth, own_width = text.extents[number]
            lines.append(f"{own_depth}, {own_width} = {depth}, {width}")
            lines.append(f"{newest} = (_step // {every} + {own_depth} - 1) % {own_depth}")
    return lines


def _stage_function(kernel: Kernel, text: KernelText, parts: list[Part], calls: list[str]) -> str:
    """The function that runs a kernel over all its instances, each with its own rows of the tables."""
    layout = loop_layout(len(kernel.slots))
    lines = [
        "@routine",
        f"def each_{kernel.name}({_EACH}):",
        "    _t = real(f64(_step) * _dt)",
        "    for _k in range(_rows.shape[0]):",
        f"        _size = _rows[_k, {layout.column('SIZE')}]",
        *("        " + line for line in instance_lines(kernel, text, layout)),
    ]
    tile = _tile(parts)
    lines += [
        f"        {row_name(row)} = _scratch[{row * tile} : {(row + 1) * tile}]" for row in range(_row_count(parts))
    ]
    if tile:
        lines += [f"        for _start in range(0, _size, {tile}):", f"            _stop = min(_start + {tile}, _size)"]
        lines.append(_indent(calls, 3))
    else:
        lines += ["        _start, _stop = 0, _size", _indent(calls, 2)]
    return "\n".join(lines) + "\n"


def _functions(kernel: Kernel, step: Step, reserved: frozenset[str]) -> tuple[list[str], int]:
    """All functions of one kernel, and the elements of the scratch memory that they need."""
    parts = parts_of(kernel)
    functions, calls = [], []
    for number, part in enumerate(parts):
        definitions, lines = _part_functions(kernel, step, part, number, reserved)
        functions += definitions
        calls += lines
    text = KernelText(kernel, step, parts[-1], reserved=reserved)
    functions[0] = text.legend() + functions[0]
    functions.append(_stage_function(kernel, text, parts, calls))
    return functions, _row_count(parts) * _tile(parts)


def _call(program: Program, loop: LoopStage, tables: Sequence[str]) -> str:
    """The call of the function that runs a kernel over all its instances."""
    name = program.kernels[loop.kernel].name
    return f"each_{name}(step, final, dt, key0, key1, R, I, B, scratch, {', '.join(tables)})"


EMITTER = CpuEmitter(call=_call, tables=("rows", "reals", "integers"), functions=_functions)
