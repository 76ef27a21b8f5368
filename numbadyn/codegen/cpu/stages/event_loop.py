"""Loops over events, on a processor: the text of a kernel that runs over the synapses which spikes reach.

In: a `Kernel` of an event loop.  Out: source text, `EMITTER`.  Must not know: arrays, models.
"""

from __future__ import annotations

from collections.abc import Sequence

from numbadyn.codegen.cpu.emitter import CpuEmitter
from numbadyn.codegen.cpu.stages.loop import instance_lines
from numbadyn.codegen.expressions import KernelText
from numbadyn.codegen.parts import whole_part
from numbadyn.ir.nodes import Step
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.delivery import TERM
from numbadyn.lowering.stages.event_loop import EventLoopStage, event_loop_layout

__all__ = ["EMITTER"]

_LOOP = """@kernel
def {name}({arguments}):
{prologue}    for _e in range(_first, _last):
        _{own}_index = u64(i64(_events[u64(_e)]) - _source)
        _segment = i64(_{own}_index) * _n_delays + _delay_slot
        _begin, _end = _offsets[u64(_segment)], _offsets[u64(_segment + 1)]
        _ahead = _begin
        if _e + 2 < _last:
            _ahead = _offsets[u64((i64(_events[u64(_e + 2)]) - _source) * _n_delays + _delay_slot)]
        for _block in range(_begin, _end, 16):
            # the same lines of a later spike's row on their way
{ahead}
            _ahead += 16
            for _j in range(_block, min(_block + 16, _end)):
                _i = u64({place})
                _{other}_index = u64(_targets[u64(_j)])
{body}
"""

_EACH = """@routine
def each_{name}(_step, _dt, _key0, _key1, _R, _I, _B, _E, _C, _terms, _rows, _reals, _integers):
    _t = real(f64(_step) * _dt)
    for _k in range(_rows.shape[0]):
{arrays}
{cleared}        _row = _terms[_rows[_k, {term}]]
        _offsets, _targets = array_at(_row[TERM_OFFSETS], i64(0)), array_at(_row[TERM_TARGETS], u32(0))
{places}        _delays = array_at(_row[TERM_DELAY_STEPS], i32(0))
        _source, _n_delays = _row[TERM_START], _row[TERM_DELAYS]
        _depth, _width = _row[TERM_DEPTH], _row[TERM_WIDTH]
        for _delay_slot in range(_n_delays):
            _ring = (_step + _depth - _row[TERM_LAG] - i64(_delays[u64(_delay_slot)])) % _depth
            _count = _C[_row[TERM_COUNTS] + _ring]
            _begin = _row[TERM_EVENTS] + _ring * _width
            _events = _E[_begin : _begin + _count]
            _first, _last = window(_events, _count, _source, _row[TERM_STOP])
            {name}({arguments})
"""

_PLACES = "array_at(_row[TERM_WEIGHTS], u32(0))"
_OWN = ("_first", "_last", "_events", "_source", "_offsets", "_targets", "_n_delays", "_delay_slot")


def _indented(lines: list[str], levels: int) -> str:
    return "\n".join("    " * levels + line for line in lines)


def _prefetches(kernel: Kernel, text: KernelText) -> list[str]:
    """Lines that fetch what the next block of a later row reads; behind an index by target only the index."""
    if kernel.events == "post":
        return [f"prefetch_read({name}, u64(_ahead))" for name in ("_targets", "_places")]
    lines = ["prefetch_read(_targets, u64(_ahead))"]
    for name, slot in zip(text.arrays, kernel.slots, strict=True):
        if slot.access == "each" and name in text.used:  # sixteen real or whole numbers fill two lines
            lines.append(f"prefetch_read({name}, u64(_ahead))")
            lines += [f"prefetch_read({name}, u64(_ahead + 8))"] * (slot.kind != "bool")
    return lines


def _functions(kernel: Kernel, step: Step, reserved: frozenset[str]) -> tuple[list[str], int]:
    """The function that goes through the rows of some events, and the one that finds events, rows and arrays."""
    text = KernelText(kernel, step, whole_part(kernel), reserved=reserved)
    layout = event_loop_layout(len(kernel.slots))
    body, stores = text.body(), text.stores()
    prologue = "".join(f"    {line}\n" for line in text.prologue())
    given = [name for name in ("_step", "_t", "_key0", "_key1", *text.scalars, *text.arrays) if name in text.used]
    order, other = ("pre", "post") if kernel.events == "pre" else ("post", "pre")
    arguments = ", ".join([*_OWN, *(["_places"] if order == "post" else []), *given])
    totals = [text.arrays[store.slot] for store in kernel.stores if store.clears]
    cleared = [
        line
        for name in totals
        for line in (
            f"for _n in range({name}.shape[0]):",
            f"    {name}[u64(_n)] -= {name}[u64(_n)]  # zero, or NaN that stays until it is found",
        )
    ]
    lines = _indented([*body, *stores], 4)
    functions = [
        text.legend()
        + _LOOP.format(
            name=kernel.name,
            arguments=arguments,
            prologue=prologue,
            own=order,
            other=other,
            ahead=_indented(_prefetches(kernel, text), 3),
            place="_j" if order == "pre" else "_places[u64(_j)]",
            body=lines,
        ),
        _EACH.format(
            name=kernel.name,
            arguments=arguments,
            term=layout.column("TERM"),
            arrays=_indented(
                instance_lines(kernel, text, layout),
                2,
            ),
            places="" if order == "pre" else f"        _places = {_PLACES}\n",
            cleared="".join(f"        {line}\n" for line in cleared),
        ),
    ]
    return functions, 0


def _call(program: Program, loop: EventLoopStage, tables: Sequence[str]) -> str:
    """The call of the function that runs a kernel over the synapses that events reach."""
    name = program.kernels[loop.kernel].name
    return f"each_{name}(step, dt, key0, key1, R, I, B, E, C, terms, {', '.join(tables)})"


EMITTER = CpuEmitter(call=_call, tables=("rows", "reals", "integers"), functions=_functions, own_layouts=(TERM,))
