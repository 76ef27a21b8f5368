"""Bodies of loops: operations over local values, array slots and scalars.

In: nothing (data only).  Out: `Kernel`, read by the source writer.  Must not know: where arrays lie, source text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numbadyn.ir.kinds import Kind
from numbadyn.ir.spaces import Order

__all__ = ["Access", "Kernel", "Operand", "Operation", "Slot", "Store"]

Access = Literal["each", "first", "stride", "any", "pre", "post"]


@dataclass(frozen=True, slots=True)
class Slot:
    """An array argument of a kernel.

    Parameters
    ----------
    name : str
        The user's name for it.
    kind : str
        Kind of the elements.
    access : str
        ``each``: element i; ``first``: element 0 for all; ``stride``: element i * stride; ``any``: chosen elements;
        in a loop over synapses ``pre``, ``post``: the element of the neuron on that side.
    stride : int
        Distance of elements.
    cleared : bool
        Set to zero after reading (a synaptic sum with one reader).
    whole : bool
        The whole history of a channel is passed (reads at delays of each element's own, or that change).
    late : bool
        Need not be stored in every step.
    stored : str
        Name of the dtype of an array that lies elsewhere than in the memory of the program; empty for its own.
    """

    name: str
    kind: Kind
    access: Access
    stride: int = 1
    cleared: bool = False
    whole: bool = False
    late: bool = False
    stored: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """A result of a kernel.

    Parameters
    ----------
    value, slot : int
        Local value, and where it goes.
    adds : bool
        Whether it is added to what is there.
    clears : bool
        Whether all that is there is set to zero before the first is added; else its reader does so.
    spare : bool
        Whether it is for those only who add up in order, and must look at a value again.
    later : Operand, optional
        Steps after which what is added counts: the slot is a whole history, of what is to come.
    """

    value: int
    slot: int
    adds: bool = False
    clears: bool = False
    spare: bool = False
    later: Operand | None = None


@dataclass(frozen=True, slots=True)
class Operand:
    """Argument of a kernel's operation: a local value, an array slot or a scalar.

    Parameters
    ----------
    where : {"local", "slot", "scalar", "time", "step", "back"}
        What `index` counts; ``back``: the dendritic delay of the synapse.
    index : int
        Number.
    """

    where: Literal["local", "slot", "scalar", "time", "step", "back"]
    index: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a kernel; `node` is the node of the first instance, for names and comments."""

    op: str
    args: tuple[Operand, ...]
    kind: Kind
    node: int
    stream: int | None = None


@dataclass(frozen=True, slots=True)
class Kernel:
    """The body of a loop, common to all populations of one structure.

    Parameters
    ----------
    name : str
        Name of the function.
    operations : tuple of Operation
        In order.
    slots : tuple of Slot
        Array arguments.
    scalars : tuple of (name, kind)
        Scalar arguments.
    stores : tuple of Store
        Results.
    events : {"pre", "post"}, optional
        On which side of synapses the neurons are whose events it follows, row by row; None if it goes through a space.
    legend : tuple of str
        What the scalars and then the slots are, of the first instance.
    either : bool
        Whether events of both sides reach the synapses, so that their states may lie in the order of either.
    """

    name: str
    operations: tuple[Operation, ...]
    slots: tuple[Slot, ...]
    scalars: tuple[tuple[str, Kind], ...]
    stores: tuple[Store, ...]
    events: Order | None = None
    legend: tuple[str, ...] = ()
    either: bool = False

    @property
    def written(self) -> set[int]:
        """Slots that the loop writes."""
        return {store.slot for store in self.stores} | {k for k, slot in enumerate(self.slots) if slot.cleared}

    @property
    def read(self) -> set[int]:
        """Slots that the loop reads."""
        return {arg.index for operation in self.operations for arg in operation.args if arg.where == "slot"}

    def gathers(self, slot: int) -> list[Operation]:
        """Operations that read a whole array at places, or a whole history at lags, of their own."""
        whole = Operand("slot", slot)
        return [operation for operation in self.operations if whole in operation.args[:1]]

    def elementwise(self, slot: int) -> bool:
        """Whether element i of the loop touches just element i of a slot."""
        if self.slots[slot].whole:
            return {len(operation.args) for operation in self.gathers(slot)} == {2}  # a lag, but no elements
        return self.slots[slot].access == "each"

    @property
    def structure(self) -> tuple[object, ...]:
        """What decides whether two loops can share one kernel: everything but names and places."""
        return (
            tuple((o.op, o.args, o.kind, o.stream) for o in self.operations),
            tuple((s.kind, s.access, s.stride, s.cleared, s.whole, s.late, s.stored) for s in self.slots),
            tuple(kind for _name, kind in self.scalars),
            self.stores,
            self.events,
            self.either,
        )
