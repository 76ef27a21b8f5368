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
from numbadyn.lowering.operations import Kernel, Operand, Slot, Store
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.delivery import TERM
from numbadyn.lowering.stages.event_loop import EventLoopStage, event_loop_layout

__all__ = ["EMITTER"]

_LOOP = """@kernel
def {name}({arguments}):
{prologue}    _met, _doubts = 0, 0
    for _e in range(_first, _last):
        _{own}_index = u64(i64(_events[u64(_e)]) - _source)
        _segment = i64(_{own}_index) * _n_delays + _delay_slot
        _begin, _end = _offsets[u64(_segment)], _offsets[u64(_segment + 1)]
        _met += _end - _begin
        _ahead = _begin
{shift}        if _e + 2 < _last:
            _next = i64(_events[u64(_e + 2)]) - _source
            _ahead = _offsets[u64(_next * _n_delays + _delay_slot)]
{shift_ahead}{follow}        for _block in range(_begin, _end, {block}):
            # the same lines of a later spike's row on their way
{ahead}
            _ahead += {block}
            _stop = min(_block + {block}, _end)
{loops}
{sums}    return _met, _doubts
"""

_INNER = """            for _j in range(_block, _stop):
{places}
                _{other}_index = u64(_targets[u64(_j)])
{back}{body}"""

_EACH = """@routine
def each_{name}(_step, _dt, _key0, _key1, _R, _I, _B, _E, _C, _terms, _rows, _reals, _integers):
    _t = real(f64(_step) * _dt)
{kept}    for _k in range(_rows.shape[0]):
{arrays}
{cleared}        _row = _terms[_rows[_k, {term}]]
        _offsets, _targets = array_at(_row[TERM_OFFSETS], i64(0)), array_at(_row[TERM_TARGETS], u32(0))
{numbers}        _delays = array_at(_row[TERM_DELAY_STEPS], i32(0))
        _source, _n_delays = _row[TERM_START], _row[TERM_DELAYS]
        _depth, _width = _row[TERM_DEPTH], _row[TERM_WIDTH]
        for _delay_slot in range(_n_delays):
            _ring = (_step + _depth - _row[TERM_LAG] - i64(_delays[u64(_delay_slot)])) % _depth
            _count = _C[_row[TERM_COUNTS] + _ring]
            _begin = _row[TERM_EVENTS] + _ring * _width
            _events = _E[_begin : _begin + _count]
            _first, _last = window(_events, _count, _source, _row[TERM_STOP])
{back}{calls}
"""

_FOLLOW = """        # from the last synapses of a row on, the first ones of the next row are fetched, if it has as many
        _follow = 0
        if _e + 1 < _last:
            _segment = (i64(_events[u64(_e + 1)]) - _source) * _n_delays + _delay_slot
            if _offsets[u64(_segment + 1)] - _offsets[u64(_segment)] >= {ahead}:
                _follow = _offsets[u64(_segment)] + {ahead} - _end
"""

_CHOICE = """if _rows[_k, {places}] == 0:
    _met, _doubts = {along}
else:
    _met, _doubts = {across}"""

_OWN = ("_first", "_last", "_events", "_source", "_offsets", "_targets", "_n_delays", "_delay_slot")
_BLOCK = 64
"""Synapses that a loop goes through between two looks ahead."""
_AHEAD = 32
"""How many synapses ahead states are fetched that are found through an index."""
_NEAR = 1 << 15
"""States of so many synapses are near enough, in the second-level cache, not to be fetched ahead."""


def _indented(lines: list[str], levels: int) -> str:
    return "\n".join("    " * levels + line for line in lines)


class _Way:
    """A function over the rows of some events, whose states lie in the order of the loop or are found by an index.

    Parameters
    ----------
    kernel : Kernel
        What is done at each synapse.
    step, reserved
        See `KernelText`.
    across : bool
        Whether states are found through an index.
    """

    def __init__(self, kernel: Kernel, step: Step, reserved: frozenset[str], *, across: bool) -> None:
        self.kernel, self.across, self.spaced = kernel, across, kernel.either and not across
        self.text = KernelText(kernel, step, whole_part(kernel), reserved=reserved, element="_number")
        # a loop that adds to sums works on one synapse at a time; without them it may work on several
        adding = [] if across else [store for store in kernel.stores if store.adds]
        self.apart = [] if any(store.later is not None for store in adding) else adding
        self.lines = [*self.text.body(), *self._doubted(), *self.text.stores(sums=not self.apart), *self._kept()]
        self.prologue = "".join(f"    {line}\n" for line in self.text.prologue())
        self.name = f"across_{kernel.name}" if across else kernel.name
        # by postsynaptic neuron synapses have other numbers than places in the loop
        self.numbered = "_number" in self.text.used and kernel.events == "post"
        given: list[str] = [name for name in ("_step", "_t", "_key0", "_key1") if name in self.text.used]
        extents = [name for names in self.text.extents.values() for name in names]
        values = [name for name in (*self.text.scalars, *self.text.arrays, *extents) if name in self.text.used]
        self.back = "_back" in self.text.used
        if self.back:  # by presynaptic neuron those of a row differ
            given.append("_back" if kernel.events == "post" else "_backs")
        indices = [
            *self.kept,
            *(["_places"] if across else []),
            *(["_gap"] if self.spaced else []),
            *(["_numbers"] if self.numbered else []),
        ]
        self.arguments = ", ".join([*_OWN, *indices, *given, *values])
        self.call = f"{self.name}({self.arguments})"

    def _doubted(self) -> list[str]:
        """Lines that count the values of states that are not finite."""
        stored = [store for store in self.kernel.stores if not (store.adds or store.spare)]
        real = [store.value for store in stored if self.kernel.slots[store.slot].kind == "real"]
        names = dict.fromkeys(self.text.operand(Operand("local", value)) for value in real)
        return [f"_doubts += {name} - {name} != REAL_ZERO" for name in names]

    @property
    def kept(self) -> list[str]:
        """Arrays of what a block of synapses adds to sums."""
        return [f"_kept{number}" for number in range(len(self.apart))]

    def _kept(self) -> list[str]:
        """Lines that keep it."""
        self.text.used.update(self.text.arrays[store.slot] for store in self.apart)
        values = [self.text.operand(Operand("local", store.value)) for store in self.apart]
        return [f"{name}[u64(_j - _block)] = {value}" for name, value in zip(self.kept, values, strict=True)]

    def _added(self) -> list[str]:
        """Lines that add it, in the order of the synapses."""
        sums = [self.text.arrays[store.slot] for store in self.apart]
        added = [f"    {total}[_n] += {name}[u64(_j - _block)]" for total, name in zip(sums, self.kept, strict=True)]
        return ["for _j in range(_block, _stop):", "    _n = u64(_targets[u64(_j)])", *added] if added else []

    def function(self) -> str:
        """Its text."""
        order, other = ("pre", "post") if self.kernel.events == "pre" else ("post", "pre")
        shift, ahead = ("", "")
        if self.spaced:
            shift = f"        _shift = i64(_{order}_index) * _gap\n        _shift_ahead = _shift\n"
            ahead = "            _shift_ahead = _next * _gap\n"
        places = [f"_i = u64({'_places[u64(_j)]' if self.across else '_j + _shift' if self.spaced else '_j'})"]
        if "_number" in self.text.used:
            places.append(f"_number = {'_numbers[u64(_j)]' if self.numbered else '_j'}")
        inner = _INNER.format(
            places=_indented(places, 4),
            other=other,
            back=" " * 16 + "_back = i64(_backs[u64(_j)])\n" if self.back and order == "pre" else "",
            body=_indented(self.lines, 4),
        )
        return _LOOP.format(
            name=self.name,
            arguments=self.arguments,
            prologue=self.prologue,
            own=order,
            other=other,
            shift=shift,
            shift_ahead=ahead,
            follow=_FOLLOW.format(ahead=_AHEAD) if self.across else "",
            block=_BLOCK,
            ahead=_indented(self._prefetches(), 3),
            loops=self._fetching(inner) if self.across else inner,
            sums="".join(f"{' ' * 12}{line}\n" for line in self._added()),
        )

    def _fetching(self, inner: str) -> str:
        """The loop, and the same one that fetches states ahead, where these are many."""
        states = next(name for name, slot in self._named_slots() if slot.access == "each")
        head, _, rest = inner.partition("\n")
        ahead = [
            f"_later = select(_j + {_AHEAD} < _end, _j + {_AHEAD}, _j + _follow)",
            "_there = u64(_places[u64(_later)])",
        ]
        ahead += self._fetched("_there")
        near = "\n".join(f"    {line}" for line in inner.split("\n"))
        far = "\n".join(f"    {line}" for line in f"{head}\n{_indented(ahead, 4)}\n{rest}".split("\n"))
        return f"            if {states}.shape[0] <= {_NEAR}:\n{near}\n            else:\n{far}"

    def _prefetches(self) -> list[str]:
        """Lines that fetch what the next block of a later row reads; behind an index only the index."""
        indices = ["_targets", "_places"] if self.across else ["_targets"]
        lines = [f"prefetch_read({name}, u64(_ahead + {k}))" for name in indices for k in range(0, _BLOCK, 16)]
        if self.across:
            return lines
        # eight real or whole numbers fill a line, or 64 Booleans
        ahead = "_ahead + _shift_ahead" if self.spaced else "_ahead"
        places = ((f"u64({ahead} + {k})", k > 0) for k in range(0, _BLOCK, 8))
        return [*lines, *(line for place, wide in places for line in self._fetched(place, wide=wide))]

    def _fetched(self, place: str, *, wide: bool = False) -> list[str]:
        """Lines that fetch the states of a synapse; of wide ones only."""
        return [
            f"prefetch_read({name}, {place})"
            for name, slot in self._named_slots()
            if slot.access == "each" and not (wide and slot.kind == "bool")
        ]

    def _named_slots(self) -> list[tuple[str, Slot]]:
        """Arrays that the text uses, and what they are."""
        slots = zip(self.text.arrays, self.kernel.slots, strict=True)
        return [(name, slot) for name, slot in slots if name in self.text.used]


def _clear_lines(text: KernelText, store: Store) -> list[str]:
    """Lines that set a sum to zero before the first is added; of what waits, the slot that is the last one now."""
    name = text.arrays[store.slot]
    first, count = "0", f"{name}.shape[0]"
    if store.later is not None:
        newest, _depth, count = text.extents[store.slot]
        first = f"{newest} * {count}"
    return [
        f"for _n in range({count}):",
        f"    {name}[u64({first} + _n)] -= {name}[u64({first} + _n)]  # zero, or NaN that stays until it is found",
    ]


def _functions(kernel: Kernel, step: Step, reserved: frozenset[str]) -> tuple[list[str], int]:
    """The functions that go through the rows of some events, and the one that finds events, rows and arrays."""
    along, across = (_Way(kernel, step, reserved, across=flag) for flag in (False, True))
    text, layout = along.text, event_loop_layout(len(kernel.slots))
    cleared = [line for store in kernel.stores if store.clears for line in _clear_lines(text, store)]
    back = ["_backs = array_at(_row[TERM_BACKS], i32(0))"] * along.back
    if along.back and kernel.events == "post":  # events of one step come back to synapses that are alike in this
        back.append("_back = i64(_backs[u64(_delay_slot)])")
    numbers = ["_numbers = array_at(_row[TERM_WEIGHTS], u32(0))"] * along.numbered
    calls = [f"_met, _doubts = {along.call}"]
    if kernel.either:
        numbers.append(f"_places = array_at(_rows[_k, {layout.column('PLACES')}], u32(0))")
        numbers.append(f"_gap = _rows[_k, {layout.column('GAP')}]")
        choice = _CHOICE.format(places=layout.column("PLACES"), along=along.call, across=across.call)
        calls = [*choice.splitlines(), f"_rows[_k, {layout.column('MET')}] += _met"]
    calls.append(f"array_at(_rows[_k, {layout.column('DOUBTS')}], i64(0))[0] += _doubts")
    each = _EACH.format(
        name=kernel.name,
        term=layout.column("TERM"),
        arrays=_indented(instance_lines(kernel, text, layout), 2),
        kept="".join(f"    {name} = np.empty({_BLOCK}, real)\n" for name in along.kept),
        numbers="".join(f"        {line}\n" for line in numbers),
        cleared="".join(f"        {line}\n" for line in cleared),
        back="".join(f"            {line}\n" for line in back),
        calls=_indented(calls, 3),
    )
    return [text.legend() + along.function(), *([across.function()] if kernel.either else []), each], 0


def _call(program: Program, loop: EventLoopStage, tables: Sequence[str]) -> str:
    """The call of the function that runs a kernel over the synapses that events reach."""
    name = program.kernels[loop.kernel].name
    return f"each_{name}(step, dt, key0, key1, R, I, B, E, C, terms, {', '.join(tables)})"


EMITTER = CpuEmitter(call=_call, tables=("rows", "reals", "integers"), functions=_functions, own_layouts=(TERM,))
