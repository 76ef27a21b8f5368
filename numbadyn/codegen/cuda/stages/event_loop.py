"""Loops over events, on a GPU: the text of a kernel over the synapses that events reach, and how all threads call it.

In: a `Kernel` of an event loop.  Out: source text, `EMITTER`.  Must not know: arrays, models.

A group of threads goes through the synapses of an event; no synapse is reached twice in a step, so that its states are
one thread's.  What synapses bring to a neuron is added as `numbadyn.codegen.cuda.stages.delivery` does it: at once in
the fast way, through bins in order.  A row by postsynaptic neuron has its sum to itself, and one thread for it, which
goes through all of its rows where dendrites delay.  What counts later is added in the slot of that step.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names and loops are those of the generated text

from __future__ import annotations

from numbadyn.codegen.cuda.directory import ENTRY
from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine
from numbadyn.codegen.cuda.stages.loop import array_lines, parameter_lines, parameters_of
from numbadyn.codegen.expressions import KernelText
from numbadyn.codegen.parts import whole_part
from numbadyn.ir.nodes import Step
from numbadyn.lowering.layouts import SLOT, slot_columns
from numbadyn.lowering.operations import Kernel, Operand, Store
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.delivery import TERM
from numbadyn.lowering.stages.event_loop import EventLoopStage, event_loop_layout

__all__ = ["EMITTER", "IMPORTS", "functions_of"]

_DIRECTORY = ("E", "C", "K", "TERMS", "ROOM")
_TERM = ("COLUMNS", *(name for name in TERM.columns if name not in ("UNIFORM", "GRADED", "VALUES")))

IMPORTS = (
    ", ".join(f"D_{name}" for name in _DIRECTORY),
    ", ".join(f"TERM_{name}" for name in _TERM),
    "PLACE_BITS, put_into_bin, add_bins, gather_values, add_bins_later, gather_later",
)
"""What the text takes from the library, besides what all loops do."""

_SWEEP = """@routine
def sweep_{name}({arguments}):
{prologue}    _offsets = array_at(_T[u64(_term + TERM_OFFSETS)], i64(0))
    _targets = array_at(_T[u64(_term + TERM_TARGETS)], u32(0))
    _places = array_at(_T[u64(_term + TERM_WEIGHTS)], u32(0))
{before}    for _e in range({events}):
        _neuron = i64(_E[u64(_begin + _e)])
        if _T[u64(_term + TERM_START)] <= _neuron and _neuron < _T[u64(_term + TERM_STOP)]{mine}:
            _{own}_index = u64(_neuron - _T[u64(_term + TERM_START)])
            _segment = i64(_{own}_index) * _T[u64(_term + TERM_DELAYS)] + _slot
            for _j in range(i64(_offsets[u64(_segment)]) + _lane, i64(_offsets[u64(_segment + 1)]), _lanes):
                _i = u64({place})
                _{other}_index = u64(_targets[u64(_j)])
{back}{body}
"""

_EACH = """@phase
def each_{name}(_thread, _threads, _step, _dt, _D, _entry):
    _T, _E, _C = array_at(_D[D_T], i64(0)), array_at(_D[D_E], u32(0)), array_at(_D[D_C], i64(0))
    _lanes = {lanes}
    _workers, _worker = quotient(_threads, _lanes), quotient(_thread, _lanes)
    _lane = _thread - _worker * _lanes
    _bins = _D[u64(_entry + {bins})]
{clock}    for _k in range(_D[u64(_entry + {count})] if _worker < _workers else 0):
        _row = _D[u64(_entry + {rows})] + _k * {columns}
{arrays}
        _term = _D[D_TERMS] + _T[u64(_row + {term})] * TERM_COLUMNS
        _delays = array_at(_T[u64(_term + TERM_DELAY_STEPS)], i32(0))
        for _slot in range(_T[u64(_term + TERM_DELAYS)]):
            _depth = _T[u64(_term + TERM_DEPTH)]
            _ring = remainder(_step + _depth - (_T[u64(_term + TERM_LAG)] + i64(_delays[u64(_slot)])), _depth)
            _count = _C[u64(_T[u64(_term + TERM_COUNTS)] + _ring)]
            _begin = _T[u64(_term + TERM_EVENTS)] + _ring * _T[u64(_term + TERM_WIDTH)]
            sweep_{name}({arguments})
{moved}
"""

_OVER_SUMS = """@phase
def {verb}_{name}(_thread, _threads, _step, _dt, _D, _entry):
    _T, _R, _K = array_at(_D[D_T], i64(0)), array_at(_D[D_R], REAL_ZERO), array_at(_D[D_K], i64(0))
    _bins, _room = _D[u64(_entry + {bins})], _D[D_ROOM]
    for _k in range(_D[u64(_entry + {count})]):
        _row = _D[u64(_entry + {rows})] + _k * {columns}
        _term = _D[D_TERMS] + _T[u64(_row + {term})] * TERM_COLUMNS
{body}
"""

_CLEAR = """for _n in range(_thread, _T[u64(_row + {size})], _threads):
    _R[u64(_T[u64(_row + {start})] + _n)] -= _R[u64(_T[u64(_row + {start})] + _n)]
"""

_CLEAR_LAST = """_slots = _T[u64(_row + {depth})]
_last = _T[u64(_row + {start})] + remainder(_step + _slots - 1, _slots) * {width}
for _n in range(_thread, {width}, _threads):
    _R[u64(_last + _n)] -= _R[u64(_last + _n)]
"""
"""Clears the last slot of what waits, which was due in the step before."""

_ADD_LATER = """_values = array_at(_D[D_R] + _T[u64(_row + {values})] * REAL_BYTES, REAL_ZERO)
for _n in range(_thread, _T[u64(_row + {width})], _threads):
    _head = u64((_bins + _n) * (_room + 1))
    if _K[_head] <= _room:
        add_bins_later(_bins + _n, _K[_head], _n, _row + {slot}, {later}, _term, _step, _D)
    else:
        gather_later(_n, _row + {slot}, {later}, _term, _values, _step, _D)
    _K[_head] = 0
_bins += _T[u64(_row + {width})]
"""

_ADD = """_values = array_at(_D[D_R] + _T[u64(_row + {values})] * REAL_BYTES, REAL_ZERO)
for _n in range(_thread, _T[u64(_row + {size})], _threads):
    _place, _head = u64(_T[u64(_row + {start})] + _n), u64((_bins + _n) * (_room + 1))
    _total = {begun}
    if _K[_head] <= _room:
        _total = add_bins(_total, _bins + _n, _K[_head], _D)
    else:
        _total = gather_values(_total, _n, _term, _values, _step, _D)
    _K[_head] = 0
    _R[_place] = _total
_bins += _T[u64(_row + {size})]
"""


def gather_values(total, target, term, values, step, D):
    # what the synapses that the events of one term reach bring to one target, in the order of the CPU target
    T, E, C = array_at(D[D_T], i64(0)), array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    n_delays, depth, width = T[u64(term + TERM_DELAYS)], T[u64(term + TERM_DEPTH)], T[u64(term + TERM_WIDTH)]
    offsets = array_at(T[u64(term + TERM_OFFSETS)], i64(0))
    targets = array_at(T[u64(term + TERM_TARGETS)], u32(0))
    delays = array_at(T[u64(term + TERM_DELAY_STEPS)], i32(0))
    start, stop, lag = T[u64(term + TERM_START)], T[u64(term + TERM_STOP)], T[u64(term + TERM_LAG)]
    for slot in range(n_delays):
        ring = remainder(step + depth - (lag + i64(delays[u64(slot)])), depth)
        begin = T[u64(term + TERM_EVENTS)] + ring * width
        for e in range(C[u64(T[u64(term + TERM_COUNTS)] + ring)]):
            index = i64(E[u64(begin + e)])
            if start <= index and index < stop:
                segment = u64((index - start) * n_delays + slot)
                high = i64(offsets[segment + u64(1)])
                place = lower_bound(targets, offsets[segment], high, target)
                while place < high and i64(targets[u64(place)]) == target:
                    total += values[u64(place)]
                    place += 1
    return total


def add_later(value, target, place, slot, later, term, step, D):
    # the value of one synapse, in the slot of the step in which it counts; later < 0: as the synapse says
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    wait = later
    if later < 0:
        wait = i64(array_at(T[u64(term + TERM_BACKS)], i32(0))[u64(place)])
    ring = remainder(step + wait, T[u64(slot + SLOT_DEPTH)])
    R[u64(T[u64(slot + SLOT_START)] + ring * T[u64(slot + SLOT_WIDTH)] + target)] += value


def add_bins_later(number, count, target, slot, later, term, step, D):
    # by ascending keys, as add_bins does
    K, V, room = array_at(D[D_K], i64(0)), array_at(D[D_V], REAL_ZERO), D[D_ROOM]
    last = i64(-1)
    for _ in range(count):
        lowest, place = i64(0x7FFFFFFFFFFFFFFF), i64(0)
        for k in range(count):
            key = K[u64(number * (room + 1) + 1 + k)]
            if last < key and key < lowest:
                lowest, place = key, i64(k)
        synapse = lowest & ((i64(1) << PLACE_BITS) - 1)
        add_later(V[u64(number * room + place)], target, synapse, slot, later, term, step, D)
        last = lowest


def gather_later(target, slot, later, term, values, step, D):
    # as gather_values does, of what counts later
    T, E, C = array_at(D[D_T], i64(0)), array_at(D[D_E], u32(0)), array_at(D[D_C], i64(0))
    n_delays, depth, width = T[u64(term + TERM_DELAYS)], T[u64(term + TERM_DEPTH)], T[u64(term + TERM_WIDTH)]
    offsets = array_at(T[u64(term + TERM_OFFSETS)], i64(0))
    targets = array_at(T[u64(term + TERM_TARGETS)], u32(0))
    delays = array_at(T[u64(term + TERM_DELAY_STEPS)], i32(0))
    start, stop, lag = T[u64(term + TERM_START)], T[u64(term + TERM_STOP)], T[u64(term + TERM_LAG)]
    for number in range(n_delays):
        ring = remainder(step + depth - (lag + i64(delays[u64(number)])), depth)
        begin = T[u64(term + TERM_EVENTS)] + ring * width
        for e in range(C[u64(T[u64(term + TERM_COUNTS)] + ring)]):
            index = i64(E[u64(begin + e)])
            if start <= index and index < stop:
                segment = u64((index - start) * n_delays + number)
                high = i64(offsets[segment + u64(1)])
                place = lower_bound(targets, offsets[segment], high, target)
                while place < high and i64(targets[u64(place)]) == target:
                    add_later(values[u64(place)], target, place, slot, later, term, step, D)
                    place += 1


def _indented(lines: list[str], levels: int) -> str:
    return "\n".join("    " * levels + line for line in lines)


def _sums(kernel: Kernel) -> list[Store]:
    """Stores that add to sums over synapses."""
    return [store for store in kernel.stores if store.adds]


def _binned(kernel: Kernel, *, ordered: bool) -> bool:
    """Whether sums are added up in bins: those to which several events may bring something, in order."""
    return ordered and kernel.events == "pre" and bool(_sums(kernel))


def _values_slot(kernel: Kernel, total: Store) -> int:
    """The array in which the values lie that are added to a sum."""
    for store in kernel.stores:
        if store.value == total.value and not store.adds:
            return store.slot
    (read,) = kernel.operations[total.value].args
    assert read.where == "slot", "a sum of what is not in memory"
    return read.index


def _adding(kernel: Kernel, text: KernelText, *, ordered: bool) -> list[str]:
    """Lines that add the value of a synapse to the sums of its target."""
    lines, bins = [], "_bins"
    for store in _sums(kernel):
        array, value = text.arrays[store.slot], text.operand(Operand("local", store.value))
        if kernel.events == "post":
            lines.append(f"{array}[_post_index] += {value}")
        elif ordered:
            lines.append(f"put_into_bin({bins} + i64(_post_index), _slot << PLACE_BITS | _j, {value}, _D)")
        else:
            lines.append(f"atomic_add({array}, i64({text.target_of(store)}), {value})")
    return lines


def functions_of(kernel: Kernel, step: Step, reserved: frozenset[str], *, ordered: bool) -> str:
    """The text of the functions of one kernel."""
    fetch = parameters_of(kernel)
    text = KernelText(kernel, step, whole_part(kernel), fetch=fetch, reserved=reserved)
    body, stores, prologue = (
        text.body(),
        text.stores(sums=False, spare=_binned(kernel, ordered=ordered)),
        text.prologue(),
    )
    body += [*stores, *_adding(kernel, text, ordered=ordered)]
    text.used.update(text.arrays[store.slot] for store in _sums(kernel))
    extents = [name for names in text.extents.values() for name in names]
    known = ("_step", "_t", "_key0", "_key1", "_S", "_N", *text.scalars, *text.arrays, *extents)
    used = [name for name in known if name in text.used]
    layout, entry = event_loop_layout(len(kernel.slots)), ENTRY.column
    said = {
        "name": kernel.name,
        "bins": entry("BINS"),
        "count": entry("COUNT"),
        "rows": entry("ROWS"),
        "columns": len(layout),
        "term": layout.column("TERM"),
    }
    own, other = ("pre", "post") if kernel.events == "pre" else ("post", "pre")
    always = "_worker, _workers, _lane, _lanes, _slot, _count, _begin, _term, _bins, _T, _E, _D"
    arguments = ", ".join([always, *used])
    clock = [
        *(["    _t = real(f64(_step) * _dt)\n"] if "_t" in used else []),
        *(["    _key0, _key1 = u32(_D[D_KEY0]), u32(_D[D_KEY1])\n"] if "_key0" in used else []),
    ]
    sizes = [_size_column(kernel, store) for store in _sums(kernel)]
    moved = [f"_bins += _T[u64(_row + {size})]" for size in sizes] if _binned(kernel, ordered=ordered) else []
    parts = [
        _SWEEP.format(
            **said,
            own=own,
            other=other,
            arguments=arguments,
            prologue="".join(f"    {line}\n" for line in prologue),
            place="_j" if own == "pre" else "_places[u64(_j)]",
            body=_indented(body, 4),
            **_of_dendrites(text, own, sums=bool(sizes)),
        ),
        _EACH.format(
            **said,
            lanes="i64(1)" if own == "post" and sizes else "min(32, _threads)",
            clock="".join(clock),
            arrays=_indented([*parameter_lines(kernel, text), *array_lines(text, layout)], 2),
            arguments=arguments,
            moved=_indented(moved, 2),
        ),
    ]
    if _binned(kernel, ordered=ordered):
        parts.append(_OVER_SUMS.format(**said, verb="add", body=_indented(_add_lines(kernel), 2)))
    elif any(store.clears for store in kernel.stores):
        parts.append(_OVER_SUMS.format(**said, verb="clear", body=_indented(_clear_lines(kernel), 2)))
    return text.legend() + "\n\n".join(part.rstrip() + "\n" for part in parts)


def _of_dendrites(text: KernelText, own: str, *, sums: bool) -> dict[str, str]:
    """Lines that find the dendritic delay, and who goes through which events."""
    before, back, events, mine = "", "", "_worker, _count, _workers", ""
    if "_back" in text.used:
        before = "    _backs = array_at(_T[u64(_term + TERM_BACKS)], i32(0))\n"
        if own == "pre":
            back = " " * 16 + "_back = i64(_backs[u64(_j)])\n"
        else:
            before += "    _back = i64(_backs[u64(_slot)])\n"
    if own == "post" and sums:  # events of several steps may come back to one neuron, whose sum is one thread's
        before += "    _alone = _T[u64(_term + TERM_DELAYS)] == 1\n"
        events = "_worker if _alone else i64(0), _count, _workers if _alone else i64(1)"
        mine = " and (_alone or remainder(_neuron, _workers) == _worker)"
    return {"before": before, "back": back, "events": events, "mine": mine}


def _size_column(kernel: Kernel, store: Store) -> int:
    """Column that says how many targets a sum has; of what waits, a slot for each step, those of a slot."""
    return _slot_columns(kernel, store.slot)[1 if store.later is None else SLOT.column("WIDTH")]


def _later(kernel: Kernel, store: Store) -> str:
    """Steps after which a sum counts: a parameter; -1 where each synapse says it."""
    assert store.later is not None
    if store.later.where == "back":
        return "i64(-1)"
    place = sum(kind != "real" for _name, kind in kernel.scalars[: store.later.index])
    count = sum(kind != "real" for _name, kind in kernel.scalars)
    return f"_T[u64(_D[u64(_entry + {ENTRY.column('INTEGERS')})] + _k * {count} + {place})]"


def _slot_columns(kernel: Kernel, slot: int) -> list[int]:
    layout = event_loop_layout(len(kernel.slots))
    return [layout.column(column) for column in slot_columns(f"SLOT{slot}")]


def _add_lines(kernel: Kernel) -> list[str]:
    lines = []
    for store in _sums(kernel):
        start, size, *_ring = _slot_columns(kernel, store.slot)
        values = _slot_columns(kernel, _values_slot(kernel, store))[0]
        if store.later is not None:
            lines += _clear_lines_of(kernel, store) if store.clears else []
            said = {"values": values, "slot": start, "later": _later(kernel, store)}
            lines += _ADD_LATER.format(**said, width=_size_column(kernel, store)).splitlines()
            continue
        begun = "_R[_place] - _R[_place]" if store.clears else "_R[_place]"
        lines += _ADD.format(start=start, size=size, values=values, begun=begun).splitlines()
    return lines


def _clear_lines(kernel: Kernel) -> list[str]:
    lines = []
    for store in kernel.stores:
        if store.clears:
            lines += _clear_lines_of(kernel, store)
    return lines


def _clear_lines_of(kernel: Kernel, store: Store) -> list[str]:
    start, size, depth, *_ring = _slot_columns(kernel, store.slot)
    if store.later is None:
        return _CLEAR.format(start=start, size=size).splitlines()
    width = f"_T[u64(_row + {_size_column(kernel, store)})]"
    return _CLEAR_LAST.format(start=start, depth=depth, width=width).splitlines()


def _names(kernel: Kernel, *, ordered: bool) -> tuple[str, ...]:
    """Names of the functions that all threads call, in order."""
    each = f"each_{kernel.name}"
    if _binned(kernel, ordered=ordered):
        return each, f"add_{kernel.name}"
    return (f"clear_{kernel.name}", each) if any(store.clears for store in kernel.stores) else (each,)


def _calls(program: Program, loop: EventLoopStage, *, ordered: bool) -> tuple[Routine, ...]:
    """The functions that run a kernel over all its instances."""
    kernel = program.kernels[loop.kernel]
    reads = {"clear": (), "each": ("events", "elements"), "add": ("events", "elements")}
    writes = {"clear": ("cleared",), "each": ("elements",), "add": ("elements",)}
    found = []
    for name in _names(kernel, ordered=ordered):
        verb = name.partition("_")[0]
        found.append(Routine(name, reads=reads[verb], writes=writes[verb]))
    return tuple(found)


EMITTER = CudaEmitter(
    calls=_calls,
    functions=functions_of,
    names=_names,
    inner=(gather_values, add_later, add_bins_later, gather_later),
    timed=True,
    rare=True,
    imports=IMPORTS,
)
