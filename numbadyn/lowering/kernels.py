"""Draft stages become stages of a program: loops get slots, scalars and stores; loops of one structure share a kernel.

In: a `Plan`.  Out: a `Program`.  Must not know: source text, runtime arrays.
"""

from __future__ import annotations

import math
from dataclasses import replace

from numbadyn.ir.analysis import base_of, computed_in_loop, waits_ahead
from numbadyn.ir.kinds import Kind
from numbadyn.ir.nodes import Node, Step
from numbadyn.ir.spaces import SYMBOLIC, Space
from numbadyn.ir.spelling import identifier
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.formulas import formula_name
from numbadyn.lowering.legend import describe_arguments
from numbadyn.lowering.operations import Access, Kernel, Operand, Operation, Slot, Store
from numbadyn.lowering.plan import Draft, Plan, reads, view_base
from numbadyn.lowering.program import Program, Refill
from numbadyn.lowering.stages import STAGES
from numbadyn.lowering.stages.base import Stage
from numbadyn.lowering.stages.loop import Instance
from numbadyn.lowering.verify import verify_program

__all__ = ["Builder"]


class _Memory:
    """Buffers, made on first use."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.buffers: dict[tuple[str, int], Buffer] = {}
        self.stored_as: dict[int, int] = {value: state for state, value in plan.commits.items()} | plan.versions
        #: Value -> channels whose histories a loop writes as it is.
        self.sampled: dict[int, list[int]] = {}
        self.channel_of = {channel.value: channel.label for channel in plan.step.channels}
        for number, channel in enumerate(plan.step.channels):
            if number in plan.rings and channel.kind != "bool" and not channel.ahead:
                self.sampled.setdefault(channel.value, []).append(number)

    def _get(self, role: str, index: int, kind: Kind, space: Space, name: str) -> Buffer:
        key = (role, index)
        if key not in self.buffers:
            self.buffers[key] = Buffer(role, index, kind, space, name)  # type: ignore[arg-type]
        return self.buffers[key]

    def state(self, index: int) -> Buffer:
        spec = self.plan.step.states[index]
        return self._get("state", index, spec.kind, spec.space, spec.name)

    def ring(self, channel: int) -> Buffer:
        spec = self.plan.step.channels[channel]
        space = Space(spec.shape) if spec.kind != "bool" else Space((-(-math.prod(spec.shape) // 8),))
        return self._get("ring", channel, spec.kind, space, f"history of {spec.name}")

    def value(self, index: int) -> Buffer:
        """Memory of a computed node: the state that it becomes, a synaptic sum, or a temporary."""
        node = self.plan.step.nodes[index]
        if index in self.stored_as:
            return self.state(self.stored_as[index])
        if index in self.plan.refills:
            return self.value(self.plan.refills[index])
        assert waits_ahead(node) is None, "a sum that waits for its time has memory for many steps"
        role = "sum" if node.traits.sums else "temp"
        return self._get(role, index, node.kind, node.space, f"{node.position.module}.{self.word(index)}")

    def total(self, index: int) -> BufferView:
        """Memory of a sum over synapses as it is due, of one that waits for its time in the slot of this step."""
        ahead = waits_ahead(self.plan.step.nodes[index])
        if ahead is None:
            buffer = self.value(index)
            return BufferView(buffer, 0, buffer.size)
        return BufferView(self.ring(ahead), 0, self.ring(ahead).size, "now")

    def spare(self, index: int, space: Space) -> Buffer:
        """Memory of what a sum has taken from each synapse."""
        node = self.plan.step.nodes[index]
        return self._get("temp", index, node.kind, space, f"{node.position.module}.{self.word(index)} taken")

    def word(self, index: int) -> str:
        """The name of a computed value: the user's, or that of the channel which samples it, or its operation's."""
        node = self.plan.step.nodes[index]
        return node.label or self.channel_of.get(index, node.op)

    def lookup(self, node: Node) -> Buffer:
        """An array that is read where it lies."""
        index = node.attrs["index"]
        return self._get("lookup", index, node.kind, node.space, self.plan.step.lookups[index].name)

    def constant(self, index: int) -> Buffer:
        node = self.plan.step.nodes[index]
        return self._get("constant", index, node.kind, node.space, node.label or f"constant {index}")

    def find(self, arg: int) -> tuple[BufferView, str]:
        """Where a value lies, behind slices, and its name."""
        step = self.plan.step
        node = step.nodes[arg]
        if node.traits.lookup:
            return BufferView(self.lookup(node), 0, node.size), node.label or "table"
        if arg in self.plan.constants:
            return BufferView(self.constant(arg), 0, node.size), formula_name(step, arg)
        base_index, offset, stride = view_base(step, arg)
        base = step.nodes[base_index]
        if node.space.symbolic:
            if base.traits.from_state:
                return BufferView(self.state(base.attrs["index"]), 0, SYMBOLIC), step.states[base.attrs["index"]].label
            buffer = self.value(base_index)
            known = step.states[buffer.index].label if buffer.role == "state" else self.word(base_index)
            return BufferView(buffer, 0, SYMBOLIC), known
        span = (node.size - 1) * stride + 1
        name = node.label or self.word(base_index)
        if base.traits.from_state:
            return BufferView(self.state(base.attrs["index"]), offset, span), name
        if base.traits.from_past and not computed_in_loop(step, base):
            lag = base.args[0] if base.args else None
            return BufferView(self.ring(base.attrs["channel"]), offset, span, "past", lag), name
        if base.traits.collects:
            return replace(self.total(base_index), offset=offset, count=span), name
        return BufferView(self.value(base_index), offset, span), name


class _LoopBuilder:
    """One loop: translates nodes to operations over local values, slots and scalars."""

    def __init__(self, plan: Plan, memory: _Memory, draft: Draft, clearable: set[int]) -> None:
        self.plan, self.memory, self.draft = plan, memory, draft
        self.clearable = clearable
        self.locals: dict[int, int] = {}
        self.operations: list[Operation] = []
        self.slots: list[Slot] = []
        self.views: list[BufferView] = []
        self.scalar_kinds: list[Kind] = []
        self.scalars: list[int] = []
        self._slot_of: dict[object, int] = {}
        self._scalar_of: dict[int, int] = {}

    def node(self, index: int) -> Node:
        return self.plan.step.nodes[index]

    def _scalar(self, key: int, kind: Kind) -> Operand:
        if key not in self._scalar_of:
            self._scalar_of[key] = len(self.scalars)
            self.scalars.append(key)
            self.scalar_kinds.append(kind)
        return Operand("scalar", self._scalar_of[key])

    def _slot(self, view: BufferView, access: Access, stride: int, name: str, *, cleared: bool = False) -> Operand:
        key = (view, access, stride)
        if key not in self._slot_of:
            self._slot_of[key] = len(self.slots)
            late = view.buffer.role == "state" and view.buffer.index in self.plan.late
            whole = view.slot == "whole"
            lookup = view.buffer.role == "lookup"
            stored = self.plan.step.lookups[view.buffer.index].stored if lookup else ""
            self.slots.append(Slot(name, view.buffer.kind, access, stride, cleared, whole, late, stored))
            self.views.append(view)
        return Operand("slot", self._slot_of[key])

    def operand(self, arg: int) -> Operand:
        """Where the loop finds the value of a node."""
        node = self.node(arg)
        if arg in self.locals:
            return Operand("local", self.locals[arg])
        if (
            arg in self.plan.constants and node.shape == ()
        ):  # (1,) is an array: a population of one is compiled like any other
            return self._scalar(arg, node.kind)
        if node.traits.from_clock:
            return Operand("time" if node.traits.tells_time else "step", 0)
        if node.traits.dendritic:
            return Operand("back", 0)
        if node.traits.side:
            assert view_base(self.plan.step, arg)[2] == 1, "neurons of a strided slice"
            return self._memory_of(node.args[0], "pre" if node.traits.side == "pre" else "post", 1, node.label)
        if node.space.symbolic:
            return self._memory_of(arg, "each", 1)
        stride = 1 if arg in self.plan.constants else view_base(self.plan.step, arg)[2]
        access: Access = (
            "first"
            if node.size == 1 and (self.draft.space.symbolic or self.draft.space.size != 1)
            else "stride"
            if stride != 1
            else "each"
        )
        return self._memory_of(arg, access, 1 if arg in self.plan.constants else stride)

    def _memory_of(self, arg: int, access: Access, stride: int, label: str = "") -> Operand:
        """The slot of a value that lies in memory."""
        view, name = self.memory.find(arg)
        cleared = view_base(self.plan.step, arg)[0] in self.clearable and access == "each"
        return self._slot(view, access, stride, label or name, cleared=cleared)

    def _gather(self, index: int, node: Node) -> Operation:
        """A read of a history at a delay of each element's own, or of bits; lag and element follow the memory."""
        ring = self.memory.ring(node.attrs["channel"])
        whole = self._slot(BufferView(ring, 0, ring.size, "whole"), "any", 1, f"{node.label}_history")
        return Operation(node.op, (whole, *(self.operand(arg) for arg in node.args[:2])), node.kind, index)

    def _take(self, index: int, node: Node) -> Operation:
        """A read at places of its own."""
        assert view_base(self.plan.step, node.args[0])[2] == 1, "elements are chosen from a strided slice"
        whole = self._memory_of(node.args[0], "any", 1)
        return Operation(node.op, (whole, *(self.operand(arg) for arg in node.args[1:])), node.kind, index)

    def build(self) -> tuple[Kernel, Instance]:
        """The kernel (still without names of its own and of its scalars, which cost time) and the instance."""
        for index in self.draft.nodes:
            node = self.node(index)
            if node.traits.from_past:
                operation = self._gather(index, node)
            elif node.traits.gathers:
                operation = self._take(index, node)
            elif node.traits.draws:
                stream = self._scalar(~node.attrs["stream"], "int")
                operation = Operation(node.op, (stream,), "real", index)
            elif index in self.plan.versions or node.traits.collects:  # here, where the synapse is reached
                value = self.operand(node.args[1])
                if value.where == "local":
                    self.locals[index] = value.index
                    continue
                operation = Operation("identity", (value,), node.kind, index)
            else:
                operation = Operation(node.op, tuple(self.operand(arg) for arg in node.args), node.kind, index)
            self.locals[index] = len(self.operations)
            self.operations.append(operation)
        stores = self._stores()
        kernel = Kernel(
            "",
            tuple(self.operations),
            tuple(self.slots),
            tuple(("", kind) for kind in self.scalar_kinds),
            tuple(stores),
            None if self.draft.space.synapses is None else self.draft.space.synapses.order,
            either=self._from_both_sides() and any(slot.access == "each" for slot in self.slots),
        )
        region = self.draft.space.region
        name = self.plan.step.regions[region - 1] if region else self.plan.step.name
        return kernel, Instance(self.draft.space, tuple(self.views), tuple(self.scalars), name)

    def _from_both_sides(self) -> bool:
        """Whether loops meet the synapses of the draft in both orders."""
        own = self.draft.space.synapses
        others = (draft.space.synapses for draft in self.plan.drafts)
        return own is not None and any(
            other is not None and other.connection == own.connection and other.order != own.order for other in others
        )

    def _stores(self) -> list[Store]:
        stores = []
        last = {self.plan.versions[index]: index for index in self.draft.nodes if index in self.plan.versions}
        for index in self.draft.nodes:
            if index in self.plan.versions:
                state = self.plan.versions[index]
                if last[state] == index:
                    view = BufferView(self.memory.state(state), 0, SYMBOLIC)
                    slot = self._slot(view, "each", 1, self.plan.step.states[state].label)
                    stores.append(Store(self.locals[index], slot.index))
                continue
            if self.node(index).traits.collects:
                view, later = self.memory.total(index), None
                if waits_ahead(self.node(index)) is not None:
                    view, later = replace(view, slot="whole"), self.operand(self.node(index).args[2])
                slot = self._slot(view, "post", 1, self.node(index).label)
                stores.append(Store(self.locals[index], slot.index, True, index not in self.clearable, later=later))
                stores += self._spare(index, last)
                continue
            if index in self.memory.stored_as or index in self.plan.refills or ("temp", index) in self.memory.buffers:
                buffer = self.memory.value(index)
                known = self.plan.step.states[buffer.index].label if buffer.role == "state" else self.memory.word(index)
                count = SYMBOLIC if buffer.space.symbolic else buffer.size
                slot = self._slot(BufferView(buffer, 0, count), "each", 1, self.node(index).label or known)
                stores.append(Store(self.locals[index], slot.index))
            for number in self.memory.sampled.get(index, ()):
                ring, label = self.memory.ring(number), self.plan.step.channels[number].label
                slot = self._slot(BufferView(ring, 0, ring.size, "now"), "each", 1, f"{label}_now")
                stores.append(Store(self.locals[index], slot.index))
        return stores

    def _spare(self, index: int, last: dict[int, int]) -> list[Store]:
        """What keeps a value that a sum has taken: nothing where it lies in a state as it was taken."""
        taken = self.node(self.node(index).args[1])
        state = self.plan.versions.get(self.node(index).args[1])
        if taken.traits.from_state and taken.attrs["index"] not in last:
            return []
        if state is not None and last.get(state, -1) == self.node(index).args[1]:
            return []
        kept = self.memory.spare(index, self.draft.space)
        slot = self._slot(BufferView(kept, 0, SYMBOLIC), "each", 1, f"{self.node(index).label}_taken")
        return [Store(self.locals[index], slot.index, spare=True)]


class Builder:
    """Builds the program of a plan, pass by pass.

    Tells its stages where values lie (see `numbadyn.lowering.stages.base.Placement`).

    Parameters
    ----------
    plan : Plan
        Placed nodes.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.memory = _Memory(plan)
        self._clearable: set[int] = set()
        self.program = Program(plan.step, events=set(plan.events), rings=set(plan.rings))
        self._kernels: dict[object, int] = {}
        self._built: list[tuple[int, Stage]] = []

    def check(self) -> None:
        """Check the program as far as it is there."""
        verify_program(self.program)

    def _needed_in_memory(self) -> set[int]:
        """Nodes that another stage than their own reads, or that somebody wants."""
        plan, needed = self.plan, set(self.plan.probe_of.values())
        for number, draft in enumerate(plan.drafts):
            if draft.kind.of_channel:
                needed.add(draft.nodes[0])
                continue
            for index in draft.nodes:
                if plan.step.nodes[index].traits.accumulates:
                    continue
                for arg in plan.step.nodes[index].args:
                    base = view_base(plan.step, arg)[0]
                    if base in plan.stage_of and (plan.stage_of[base] != number or base != arg):
                        needed.add(base)
        return {index for index in needed if waits_ahead(plan.step.nodes[index]) is None}

    def _find_clearable(self) -> set[int]:
        """Synaptic sums that exactly one loop reads, element by element: that loop sets them back to zero."""
        plan = self.plan
        readers: dict[int, dict[int, bool]] = {}
        for number, draft in enumerate(plan.drafts):
            for read in reads(plan.step, draft):
                if plan.step.nodes[read.base].traits.sums:
                    seen = readers.setdefault(read.base, {})
                    seen[number] = seen.get(number, True) and read.direct
        kept = set(plan.probe_of.values()) | set(plan.refills.values())
        return {base for base, direct in readers.items() if list(direct.values()) == [True] and base not in kept}

    def find_memory(self) -> None:
        """Find the values that lie in memory, and the sums that their readers set back to zero."""
        for index in sorted(self._needed_in_memory()):
            self.memory.value(index)
        self._clearable = self._find_clearable()

    def build_stages(self) -> None:
        """Turn drafts into stages; loops of one structure share a kernel."""
        self._built = [(draft.level, draft.kind.build(draft, self)) for draft in self.plan.drafts]

    def group_stages(self) -> None:
        """Put stages that run together into one entry of the schedule."""
        self.program.schedule = _grouped(self._built)

    def lay_out_memory(self) -> None:
        """Put side by side what the instances of one kernel use in one slot."""
        self.program.buffers = _layout(self.program.schedule, list(self.memory.buffers.values()))

    def find_refills(self) -> None:
        """Find what the sums that start from a decayed state hold before the first step."""
        step = self.plan.step
        for total in self.plan.refills.values():
            base = step.nodes[base_of(step.nodes[total])]  # type: ignore[index]
            state, factor = base.args if step.nodes[base.args[0]].traits.from_state else base.args[::-1]
            read = self.memory.buffers.get(("state", step.nodes[state].attrs["index"]))
            assert read is not None, "the state behind a sum is not stored"
            self.program.refills.append(Refill(self.memory.value(total), read, factor))

    def find_probes(self) -> None:
        """Find where what is recorded lies."""
        self.program.probes = {probe: self.memory.value(index) for probe, index in self.plan.probe_of.items()}

    @property
    def step(self) -> Step:
        """The planned step."""
        return self.plan.step

    def node(self, index: int) -> Node:
        """A node of the step."""
        return self.plan.step.nodes[index]

    def value(self, index: int) -> Buffer:
        """Memory of a value that a stage computes."""
        return self.memory.value(index)

    def total(self, index: int) -> Buffer:
        """Memory of a sum over synapses, of one that waits for its time that of all that wait."""
        return self.memory.total(index).buffer

    def view(self, index: int) -> BufferView:
        """Where a value lies, behind slices."""
        return self.memory.find(index)[0]

    def ring(self, channel: int) -> Buffer:
        """History of a channel."""
        return self.memory.ring(channel)

    def is_graded(self, channel: int) -> bool:
        """Whether the events of a channel carry a value."""
        return self.plan.events[channel]

    def is_cleared(self, index: int) -> bool:
        """Whether a synaptic sum is ready when events are added to it: its reader clears it, or prepares it."""
        node = self.node(index)
        return index in self._clearable or (node.traits.accumulates and base_of(node) is not None)

    def loop(self, draft: Draft) -> tuple[int, Instance]:
        """Number of the kernel of a loop, and what it runs over."""
        kernel, instance = _LoopBuilder(self.plan, self.memory, draft, self._clearable).build()
        if kernel.structure not in self._kernels:
            self._kernels[kernel.structure] = len(self.program.kernels)
            base = identifier(instance.module.rsplit(".", 1)[-1].lower(), "loop")
            self.program.kernels.append(
                replace(
                    kernel,
                    name=f"update_{base}_{len(self.program.kernels)}",
                    scalars=tuple(
                        (formula_name(self.plan.step, node) if node >= 0 else "stream", kind)
                        for node, (_name, kind) in zip(instance.scalars, kernel.scalars, strict=True)
                    ),
                    legend=describe_arguments(self.plan.step, instance.scalars, instance.views),
                )
            )
        return self._kernels[kernel.structure], instance


def _grouped(built: list[tuple[int, Stage]]) -> list[tuple[Stage, ...]]:
    """Stages in order of level; at one level, those that run together."""
    groups: dict[tuple[int, int, int], list[Stage]] = {}
    for level, stage in built:
        groups.setdefault((level, STAGES.index(type(stage)), stage.key), []).append(stage)
    return [type(groups[key][0]).join(groups[key]) for key in sorted(groups)]


def _layout(schedule: list[tuple[Stage, ...]], buffers: list[Buffer]) -> list[tuple[Buffer, ...]]:
    """Blocks of buffers: what the instances of one kernel use in one slot lies side by side."""
    placed: set[Buffer] = set()
    blocks: list[tuple[Buffer, ...]] = []
    for group in (group for stages in schedule for stage in stages for group in stage.neighbours()):
        block = tuple(dict.fromkeys(buffer for buffer in group if buffer not in placed))
        placed.update(block)
        blocks.append(block)
    blocks += [(buffer,) for buffer in buffers if buffer not in placed and buffer.role != "lookup"]
    return [block for block in blocks if block]
