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
{prologue}    for e in range(first, last):
        {own}_index = u64(i64(events[u64(e)]) - source)
        segment = i64({own}_index) * n_delays + delay_slot
        for j in range(offsets[u64(segment)], offsets[u64(segment + 1)]):
            i = u64({place})
            {other}_index = u64(targets[u64(j)])
{body}
"""

_EACH = """@routine
def each_{name}(step, dt, key0, key1, R, I, B, E, C, terms, rows, reals, integers):
    t = real(f64(step) * dt)
    for k in range(rows.shape[0]):
{arrays}
{cleared}        row = terms[rows[k, {term}]]
        offsets, targets = array_at(row[TERM_OFFSETS], i64(0)), array_at(row[TERM_TARGETS], u32(0))
{places}        delays = array_at(row[TERM_DELAY_STEPS], i32(0))
        source, n_delays = row[TERM_START], row[TERM_DELAYS]
        depth, width = row[TERM_DEPTH], row[TERM_WIDTH]
        for delay_slot in range(n_delays):
            ring = (step + depth - row[TERM_LAG] - i64(delays[u64(delay_slot)])) % depth
            count = C[row[TERM_COUNTS] + ring]
            begin = row[TERM_EVENTS] + ring * width
            events = E[begin : begin + count]
            first, last = window(events, count, source, row[TERM_STOP])
            {name}({arguments})
"""

_PLACES = "array_at(row[TERM_WEIGHTS], u32(0))"
_OWN = ("first", "last", "events", "source", "offsets", "targets", "n_delays", "delay_slot")
_INNER = ("e", "n", "pre_index", "post_index", "segment", "places")
_AROUND = ("terms", "delays", "depth", "width", "ring", "count")


def _indented(lines: list[str], levels: int) -> str:
    return "\n".join("    " * levels + line for line in lines)


def _functions(kernel: Kernel, step: Step) -> tuple[list[str], int]:
    """The function that goes through the rows of some events, and the one that finds events, rows and arrays."""
    text = KernelText(kernel, step, whole_part(kernel), reserved=(*_OWN, *_INNER, *_AROUND))
    layout = event_loop_layout(len(kernel.slots))
    body, stores = text.body(), text.stores()
    given = [name for name in ("step", "t", *text.scalars, *text.arrays) if name in text.used]
    order, other = ("pre", "post") if kernel.events == "pre" else ("post", "pre")
    arguments = ", ".join([*_OWN, *(["places"] if order == "post" else []), *given])
    totals = [text.arrays[store.slot] for store in kernel.stores if store.adds]
    cleared = [
        line
        for name in totals
        for line in (
            f"for n in range({name}.shape[0]):",
            f"    {name}[u64(n)] -= {name}[u64(n)]  # zero, or NaN that stays until it is found",
        )
    ]
    prologue = "".join(f"    {line}\n" for line in text.prologue())
    lines = _indented([*body, *stores], 3)
    functions = [
        _LOOP.format(
            name=kernel.name,
            arguments=arguments,
            prologue=prologue,
            own=order,
            other=other,
            place="j" if order == "pre" else "places[u64(j)]",
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
            places="" if order == "pre" else f"        places = {_PLACES}\n",
            cleared="".join(f"        {line}\n" for line in cleared),
        ),
    ]
    return functions, 0


def _call(program: Program, loop: EventLoopStage, tables: Sequence[str]) -> str:
    """The call of the function that runs a kernel over the synapses that events reach."""
    name = program.kernels[loop.kernel].name
    return f"each_{name}(step, dt, key0, key1, R, I, B, E, C, terms, {', '.join(tables)})"


EMITTER = CpuEmitter(call=_call, tables=("rows", "reals", "integers"), functions=_functions, own_layouts=(TERM,))
