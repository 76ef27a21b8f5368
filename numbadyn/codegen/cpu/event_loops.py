"""Loops over events on the CPU target: the text of a kernel that runs over the synapses which spikes reach.

In: a `Kernel` of an event loop.  Out: source text.  Must not know: arrays, models.
"""

from __future__ import annotations

from numbadyn.codegen.expressions import KernelText
from numbadyn.codegen.parts import whole_part
from numbadyn.ir.nodes import Step
from numbadyn.lowering.operations import Kernel

__all__ = ["event_loop_call", "event_loop_functions", "event_loop_text"]

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
{cleared}        row = terms[rows[k, 0]]
        offsets, targets = array_at(row[T_OFFSETS], i64(0)), array_at(row[T_TARGETS], u32(0))
{places}        delays = array_at(row[T_DELAY_STEPS], i32(0))
        source, n_delays = row[T_START], row[T_DELAYS]
        depth, width = row[T_DEPTH], row[T_WIDTH]
        for delay_slot in range(n_delays):
            ring = (step + depth - row[T_LAG] - i64(delays[u64(delay_slot)])) % depth
            count = C[row[T_COUNTS] + ring]
            begin = row[T_EVENTS] + ring * width
            events = E[begin : begin + count]
            first, last = window(events, count, source, row[T_STOP])
            {name}({arguments})
"""

_PLACES = "array_at(row[T_WEIGHTS], u32(0))"
_OWN = ("first", "last", "events", "source", "offsets", "targets", "n_delays", "delay_slot")
_INNER = ("e", "n", "pre_index", "post_index", "segment", "places")
_AROUND = ("terms", "delays", "depth", "width", "ring", "count")


def _indented(lines: list[str], levels: int) -> str:
    return "\n".join("    " * levels + line for line in lines)


def event_loop_text(kernel: Kernel, step: Step) -> KernelText:
    """The text of a kernel in a loop over events."""
    return KernelText(kernel, step, whole_part(kernel), reserved=(*_OWN, *_INNER, *_AROUND))


def event_loop_functions(kernel: Kernel, step: Step, arrays: list[str]) -> list[str]:
    """The function that goes through the rows of some events, and the one that finds events, rows and arrays.

    Parameters
    ----------
    kernel : Kernel
        What is done at each synapse.
    step : Step
        For labels and source lines.
    arrays : list of str
        Lines that find the scalars and the arrays of an instance.

    Returns
    -------
    list of str
    """
    text = event_loop_text(kernel, step)
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
    return [
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
            arrays=_indented(arrays, 2),
            places="" if order == "pre" else f"        places = {_PLACES}\n",
            cleared="".join(f"        {line}\n" for line in cleared),
        ),
    ]


def event_loop_call(kernel: Kernel, number: int) -> str:
    """The line of the time loop that runs an entry of the schedule."""
    tables = f"rows{number}, reals{number}, integers{number}"
    return f"each_{kernel.name}(step, dt, key0, key1, R, I, B, E, C, terms, {tables})"
