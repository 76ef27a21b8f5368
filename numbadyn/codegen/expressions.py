"""Expression printer: operations of a kernel become lines of Python with the user's names.

In: a `Kernel` and the step it came from.  Out: lines.  Must not know: targets' memory, Numba.
"""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from numbadyn.codegen.parts import SHORT_FORMS, Part
from numbadyn.ir.elementary import NAMES
from numbadyn.ir.nodes import Step
from numbadyn.ir.ops import OPS
from numbadyn.ir.spelling import comment, identifier
from numbadyn.ir.traits import TRAITS
from numbadyn.lowering.operations import Kernel, Operand, Operation, Slot, Store

__all__ = ["KernelText", "Names", "row_name"]

#: What expressions call, and what Python itself names. Whatever else a generated function uses begins with an
#: underscore, which no name of a user does.
_RESERVED = (
    frozenset(dir(builtins))
    | frozenset(NAMES)
    | frozenset(word for op in OPS.values() for word in re.findall(r"[A-Za-z_]\w*", op.text))
)
_INLINE_DEPTH = 3


def row_name(row: int) -> str:
    """Name of a row of the scratch memory."""
    return f"_row{row}"


class Names:
    """Unique, readable identifiers for what users name.

    Parameters
    ----------
    reserved : iterable of str
        Names of the module that the function calls or reads.
    function : str
        Name of the kernel: its functions have it at the end of theirs.
    """

    def __init__(self, reserved: Iterable[str] = (), function: str = "") -> None:
        self._used: set[str] = {*_RESERVED, *reserved}
        self._counts: dict[str, int] = {}  # used names stay used, so that a search goes on where the last one ended
        self._function = function

    def new(self, wish: str) -> str:
        """An identifier close to the wish."""
        base = identifier(wish)
        count = self._counts.get(base, 1)
        name = base if count == 1 else f"{base}_{count}"
        while name in self._used or (self._function and name.endswith(self._function)):
            count += 1
            name = f"{base}_{count}"
        self._used.add(name)
        self._counts[base] = count
        return name


def _index(slot: Slot) -> str:
    """Which element of an array belongs to the one that a loop is at: its own, or that of a neuron of the synapse."""
    if slot.access in ("pre", "post"):
        return f"_{slot.access}_index"
    return f"_i * u64({slot.stride})" if slot.access == "stride" else "_i"


class KernelText:
    """The text of one loop of a kernel.

    Parameters
    ----------
    kernel : Kernel
        What to print.
    step : Step
        For labels and source lines.
    part : Part
        Which loop of it.
    short : bool
        Print the short forms of elementary functions.
    lean : bool
        Leave out the stores that may wait.
    fetch : dict of str to str, optional
        Names of the arrays that hold the scalars, by kind, if these are read where they are first needed; by default
        they are arguments.
    reserved : iterable of str, optional
        Names of the module that the text around the loop calls or reads.
    element : str
        The number of the element that the loop is at, by which random numbers are drawn, if it is not its place.

    Attributes
    ----------
    arrays, scalars : list of str
        Argument names, in the order of the kernel's slots and scalars.
    used : set of str
        Arguments that the printed text uses.
    """

    def __init__(
        self,
        kernel: Kernel,
        step: Step,
        part: Part,
        *,
        short: bool = False,
        lean: bool = False,
        fetch: Mapping[str, str] | None = None,
        reserved: Iterable[str] = (),
        element: str = "_i",
    ) -> None:
        self.kernel, self.step, self.part, self.short, self.lean = kernel, step, part, short, lean
        self.element = element
        self.fetch, self._fetched = fetch, set[str]()
        names = Names(reserved, kernel.name)
        self.names = names
        self.arrays = [names.new(slot.name or slot.kind) for slot in kernel.slots]
        self.scalars = [names.new(name) for name, _kind in kernel.scalars]
        self.extents = {
            k: tuple(names.new(f"{self.arrays[k]}_{extent}") for extent in ("newest", "depth", "width"))
            for k, slot in enumerate(kernel.slots)
            if slot.whole
        }
        self.uses_time = any(arg.where == "time" for op in kernel.operations for arg in op.args)
        self.loads = [names.new(f"{name}_i") for name in self.arrays]
        self.text: dict[int, str] = {}
        self.depth: dict[int, int] = {}
        self.lines: list[str] = []
        self.used: set[str] = set()
        self._uses = Counter(arg.index for op in kernel.operations for arg in op.args if arg.where == "local")

    def legend(self) -> str:
        """Comments that say what the arguments are; nothing of it is compiled."""
        names = [*self.scalars, *self.arrays]
        said = zip(names, self.kernel.legend, strict=True)
        return "".join(f"{comment(f'{name}: {words}')}\n" for name, words in said)

    # ---- pieces ------------------------------------------------------------------------------------------------------

    def _read_slots(self) -> list[int]:
        """Slots that the loop reads element by element."""
        read = {
            arg.index for k in self.part.operations for arg in self.kernel.operations[k].args if arg.where == "slot"
        }
        read |= {arg.index for arg in self.part.guards if arg.where == "slot"}
        return sorted(k for k in read if self.kernel.slots[k].access != "any")

    def prologue(self) -> list[str]:
        """Lines before the loop: values common to all elements."""
        return [
            f"{self.loads[k]} = {self._loaded(k, '0')}"
            for k in self._read_slots()
            if self.kernel.slots[k].access == "first"
        ]

    def _loaded(self, k: int, index: str) -> str:
        self.used.add(self.arrays[k])
        text = f"{self.arrays[k]}[{index}]"
        return f"{text} != 0" if self.kernel.slots[k].kind == "bool" else text

    def operand(self, arg: Operand) -> str:
        """The text of an argument."""
        if arg.where == "local":
            return self.text[arg.index]
        if arg.where == "slot":
            return self.loads[arg.index]
        if arg.where == "scalar":
            name = self.scalars[arg.index]
            if self.fetch is None:
                self.used.add(name)
            else:
                self._fetch(arg.index, self.fetch)
            return f"({name} != 0)" if self.kernel.scalars[arg.index][1] == "bool" else name
        name = {"time": "_t", "back": "_back"}.get(arg.where, "_step")
        self.used.add(name)
        return name

    def _fetch(self, scalar: int, arrays: Mapping[str, str]) -> None:
        """Read a scalar from memory, once."""
        array = arrays[self.kernel.scalars[scalar][1]]
        self.used.add(array)
        if self.scalars[scalar] not in self._fetched:
            self._fetched.add(self.scalars[scalar])
            place = sum(arrays[kind] == array for _name, kind in self.kernel.scalars[:scalar])
            self.lines.append(f"{self.scalars[scalar]} = {array}[u64({place})]")

    def _expression(self, index: int) -> str:
        operation = self.kernel.operations[index]
        traits = TRAITS[operation.op]
        if traits.origin == "past":
            return self._gathered(operation)
        if traits.draws:
            self.used.update(("_step", "_key0", "_key1", self.element))
            return (
                f"{operation.op}(_key0, _key1, u32({self.element}), u32(_step & 0xFFFFFFFF), u32(_step >> 32), "
                f"u32({self.operand(operation.args[0])}))"
            )
        if traits.gathers:
            return self._chosen(operation)
        if index in self.part.common:
            return self.operand(operation.args[2])
        if self.short and operation.op in SHORT_FORMS:
            return f"{SHORT_FORMS[operation.op]}({self.operand(operation.args[0])})"
        return OPS[operation.op].text.format(*(self.operand(arg) for arg in operation.args))

    def _chosen(self, operation: Operation) -> str:
        """An element at a place of its own, as the kind of value that it is; or where a value stands among them."""
        whole, place = operation.args[0].index, self.operand(operation.args[1])
        array, stored = self.arrays[whole], self.kernel.slots[whole].stored
        self.used.add(array)
        if operation.op == "search":
            return f"search({array}, {self.operand(operation.args[2])}, {place})"
        text = f"{array}[u64({f'{place} + _j' if operation.op == 'window' else place})]"
        if operation.kind == "bool":
            return f"({text} != 0)"
        return f"{'real' if operation.kind == 'real' else 'i64'}({text})" if stored else text

    def _gathered(self, operation: Operation) -> str:
        """A sample of a history: memory, then lag and element where they are given."""
        whole, *given = operation.args
        array, (newest, depth, width) = self.arrays[whole.index], self.extents[whole.index]
        self.used.update((array, newest, depth, width))
        lag = self.operand(given[0]) if given else "0"
        element = self.operand(given[1]) if len(given) > 1 else "_j"
        slot = f"ring_slot({newest}, {lag}, {depth}) * {width}"
        if operation.kind != "bool":
            return f"{array}[u64({slot} + {element})]"
        return f"((({array}[u64({slot} + ({element} >> 3))] >> u8({element} & 7)) & u8(1)) != 0)"

    # ---- the body ----------------------------------------------------------------------------------------------------

    def body(self) -> list[str]:
        """Lines inside the loop, without the stores."""
        self.text.clear()
        self.depth.clear()
        self._fetched.clear()
        self.lines = []
        if self.part.loads or self.part.saves or self.part.marks:
            self.lines.append("_q = u64(_j - _start)")
        for k in self._read_slots():
            slot = self.kernel.slots[k]
            if slot.access != "first":
                self.lines.append(f"{self.loads[k]} = {self._loaded(k, _index(slot))}")
        for index, row in self.part.loads.items():
            self.text[index], self.depth[index] = self._name(index), 0
            self.lines.append(f"{self.text[index]} = {self.row(row)}")
        kept = {arg.index for arg in self.part.guards if arg.where == "local"} | {*self.part.saves, *self.part.marks}
        if self.part.last:
            kept |= {store.value for store in self.kernel.stores}
        place = ""
        for index in sorted(self.part.operations):
            expression = self._expression(index)
            operation = self.kernel.operations[index]
            node = self.step.nodes[operation.node]
            depth = 1 + max((self.depth.get(arg.index, 0) for arg in operation.args if arg.where == "local"), default=0)
            if self._uses[index] == 1 and index not in kept and depth < _INLINE_DEPTH and not node.label:
                self.text[index], self.depth[index] = f"({expression})", depth
                continue
            said = f"{node.position.file}:{node.position.line}  {node.position.text}" if node.position.file else ""
            if said and said != place:
                self.lines.append(comment(said))
                place = said
            self.text[index], self.depth[index] = self._name(index), 0
            self.lines.append(f"{self.text[index]} = {expression}")
        return self.lines

    def _name(self, index: int) -> str:
        return self.names.new(self.step.nodes[self.kernel.operations[index].node].label or f"v{index}")

    def row(self, row: int) -> str:
        """The element of a row of the scratch memory."""
        self.used.add(row_name(row))
        return f"{row_name(row)}[_q]"

    def stores(self, *, sums: bool = True, spare: bool = False) -> list[str]:
        """Lines at the end of the loop: with what is added to sums, or with what is kept to be added again."""
        lines = [f"{self.row(row)} = {self.text[index]}" for index, row in self.part.saves.items()]
        lines += [f"{self.row(row)} = real({self.text[index]})" for index, row in self.part.marks.items()]
        if not self.part.last:
            return lines
        stores = [store for store in self.kernel.stores if not (self.lean and self.kernel.slots[store.slot].late)]
        stores = [store for store in stores if (sums or not store.adds) and (spare or not store.spare)]
        cleared = [k for k, slot in enumerate(self.kernel.slots) if slot.cleared]
        self.used.update(self.arrays[k] for k in (*cleared, *(store.slot for store in stores)))
        # zero, but what is not finite leaves NaN behind, which is found with the next check of all states and sums
        lines += [f"{self.arrays[k]}[_i] = {self.arrays[k]}[_i] - {self.arrays[k]}[_i]" for k in cleared]
        lines += [
            f"{self.arrays[store.slot]}[{self.target_of(store)}] {'+=' if store.adds else '='} {self.text[store.value]}"
            for store in stores
        ]
        return lines

    def target_of(self, store: Store) -> str:
        """Which element of its array a result goes to; what counts later goes to the slot of that step."""
        index = _index(self.kernel.slots[store.slot])
        if store.later is None:
            return index
        newest, depth, width = self.extents[store.slot]
        self.used.update((newest, depth, width))
        later = self.operand(store.later)
        return f"u64(ring_slot({newest} + 1, {depth} - {later}, {depth}) * {width}) + {index}"
