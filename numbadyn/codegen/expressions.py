"""Expression printer: operations of a kernel become lines of Python with the user's names.

In: a `Kernel` and the step it came from.  Out: lines.  Must not know: targets' memory, Numba.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter

from numbadyn.ir.elementary import NAMES
from numbadyn.ir.nodes import Step
from numbadyn.ir.ops import OPS
from numbadyn.lowering.program import Kernel, Operand

__all__ = ["SHORT_FORMS", "KernelText", "Names"]

#: Elementary functions with a cheaper form near zero, which a kernel uses where a whole tile is near zero.
SHORT_FORMS = {"propagator": "exprel_short"}

#: Spellings that differ from the ops table on this target.
_SPELLING = {
    "sqrt": "square_root({0})",
    "floor": "floor({0})",
    "ceil": "-floor(-{0})",
    "rint": "np.rint({0})",
    "and": "({0}) & ({1})",
    "or": "({0}) | ({1})",
    "xor": "({0}) ^ ({1})",
    "not": "not ({0})",
    "to_int": "i64({0})",
    "to_bool": "{0} != 0",
}
_RESERVED = frozenset(
    "np njit start stop i j step t dt size rows reals integers begin outside key0 key1 select real f32 f64 i32 i64 u8 u32 u64 floor abs not and or R I B E C one zero routine scalar kernel".split()
) | frozenset(OPS) | frozenset(NAMES)
_INLINE_DEPTH = 3


class Names:
    """Unique, readable identifiers."""

    def __init__(self) -> None:
        self._used: set[str] = set(_RESERVED)

    def new(self, wish: str) -> str:
        """An identifier close to the wish."""
        base = re.sub(r"\W+", "_", wish).strip("_") or "x"
        if base[0].isdigit() or keyword.iskeyword(base):
            base = "x_" + base
        name, count = base, 1
        while name in self._used:
            count += 1
            name = f"{base}_{count}"
        self._used.add(name)
        return name


class KernelText:
    """The text of one kernel's loop body.

    Parameters
    ----------
    kernel : Kernel
        What to print.
    step : Step
        For labels and source lines.
    short : bool
        Print the short forms of elementary functions.
    lean : bool
        Leave out the stores that may wait.

    Attributes
    ----------
    arrays, scalars : list of str
        Argument names, in the order of the kernel's slots and scalars.
    used : set of str
        Arguments that the printed text uses.
    """

    def __init__(self, kernel: Kernel, step: Step, *, short: bool = False, lean: bool = False) -> None:
        self.kernel, self.step, self.short, self.lean = kernel, step, short, lean
        names = Names()
        self.names = names
        self.arrays = [names.new(slot.name or slot.kind) for slot in kernel.slots]
        self.scalars = [names.new(name) for name, _kind in kernel.scalars]
        self.extents = {k: (names.new(f"{self.arrays[k]}_depth"), names.new(f"{self.arrays[k]}_width")) for k, slot in enumerate(kernel.slots) if slot.whole}
        self.uses_time = any(arg.where == "time" for op in kernel.operations for arg in op.args)
        self.loads = [names.new(f"{name}_i") for name in self.arrays]
        self.text: dict[int, str] = {}
        self.depth: dict[int, int] = {}
        self.lines: list[str] = []
        self.used: set[str] = set()
        self._uses = Counter(arg.index for op in kernel.operations for arg in op.args if arg.where == "local")

    # ---- pieces ------------------------------------------------------------------------------------------------------

    def slots_read_by(self, operations: set[int]) -> set[int]:
        """Slots that some operations read element by element."""
        read = {arg.index for k in operations for arg in self.kernel.operations[k].args if arg.where == "slot"}
        return {k for k in read if not self.kernel.slots[k].whole}

    def _read_slots(self) -> list[int]:
        read = {arg.index for op in self.kernel.operations for arg in op.args if arg.where == "slot"}
        return sorted(k for k in read if not self.kernel.slots[k].whole)

    def prologue(self, only: set[int] | None = None) -> list[str]:
        """Lines before the loop: values common to all elements (of the slots given)."""
        lines = []
        for k in self._read_slots() if only is None else sorted(only):
            if self.kernel.slots[k].access == "first":
                lines.append(f"{self.loads[k]} = {self._loaded(k, '0')}")
        return lines

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
            self.used.add(name)
            return f"({name} != 0)" if self.kernel.scalars[arg.index][1] == "bool" else name
        name = "t" if arg.where == "time" else "step"
        self.used.add(name)
        return name

    def _expression(self, index: int) -> str:
        operation = self.kernel.operations[index]
        if operation.op in ("uniform", "normal"):
            self.used.update(("step", "key0", "key1"))
            return f"{operation.op}(key0, key1, u32(i), u32(step & 0xFFFFFFFF), u32(step >> 32), u32({self.operand(operation.args[0])}))"
        if operation.op == "gather":
            whole = operation.args[0].index
            self.used.update((self.arrays[whole], *self.extents[whole], "step"))
            depth, width = self.extents[whole]
            lag, element = self.operand(operation.args[1]), self.operand(operation.args[2])
            text = f"{self.arrays[whole]}[u64(((step + {depth} - 1 - {lag}) % {depth}) * {width} + {element})]"
            return f"({text} != 0)" if operation.kind == "bool" else text
        if self.short and operation.op in SHORT_FORMS:
            return f"{SHORT_FORMS[operation.op]}({self.operand(operation.args[0])})"
        row = OPS[operation.op]
        arguments = [self.operand(arg) for arg in operation.args]
        return _SPELLING.get(operation.op, row.text).format(*arguments)

    # ---- the body ----------------------------------------------------------------------------------------------------

    def body(self, only: set[int] | None = None, keep: set[int] | None = None) -> list[str]:
        """Lines inside the loop, without the stores.

        Parameters
        ----------
        only : set of int, optional
            Operations to print; all by default.
        keep : set of int, optional
            Operations that get a name; those that are stored by default.
        """
        self.text.clear()
        self.depth.clear()
        self.lines = []
        wanted = set(range(len(self.kernel.operations))) if only is None else only
        read = {arg.index for k in wanted for arg in self.kernel.operations[k].args if arg.where == "slot"}
        for k in self._read_slots():
            slot = self.kernel.slots[k]
            if k in read and slot.access != "first":
                self.lines.append(f"{self.loads[k]} = {self._loaded(k, 'i' if slot.access == 'each' else f'i * u64({slot.stride})')}")
        stored = {store.value for store in self.kernel.stores} if keep is None else keep
        place = ""
        for index in sorted(wanted):
            expression = self._expression(index)
            operation = self.kernel.operations[index]
            node = self.step.nodes[operation.node]
            depth = 1 + max((self.depth.get(arg.index, 0) for arg in operation.args if arg.where == "local"), default=0)
            if self._uses[index] == 1 and index not in stored and depth < _INLINE_DEPTH and not node.label:
                self.text[index], self.depth[index] = f"({expression})", depth
                continue
            comment = f"{node.position.file}:{node.position.line}  {node.position.text}" if node.position.file else ""
            if comment and comment != place:
                self.lines.append(f"# {comment}")
                place = comment
            name = self._known.get(index) or self.names.new(node.label or f"v{index}")
            self._known[index] = name
            self.lines.append(f"{name} = {expression}")
            self.text[index], self.depth[index] = name, 0
        return self.lines

    @property
    def _known(self) -> dict[int, str]:
        return self.__dict__.setdefault("_assigned", {})  # type: ignore[no-any-return]

    def stores(self) -> list[str]:
        """Lines at the end of the loop."""
        stores = [store for store in self.kernel.stores if not (self.lean and self.kernel.slots[store.slot].late)]
        self.used.update(self.arrays[store.slot] for store in stores)
        lines = [f"{self.arrays[k]}[i] = real(0.0)" for k in self._read_slots() if self.kernel.slots[k].cleared]
        lines += [f"{self.arrays[store.slot]}[i] = {self.text[store.value]}" for store in stores]
        return lines
