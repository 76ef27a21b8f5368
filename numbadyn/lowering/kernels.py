"""Draft stages become stages of a program: loops get slots, scalars and stores; loops of one structure share a kernel.

In: a `Plan`.  Out: a `Program`.  Must not know: source text, runtime arrays.
"""

from __future__ import annotations

import math

from numbadyn.ir.analysis import base_of, computed_in_loop, signal_of, signals
from numbadyn.ir.nodes import Node
from numbadyn.ir.ops import Kind
from numbadyn.ir.spaces import Space
from numbadyn.ir.spelling import identifier
from numbadyn.lowering.buffers import Buffer, BufferView
from numbadyn.lowering.fusion import Draft, Plan, reads, view_base
from numbadyn.lowering.operations import Access, Kernel, Operand, Operation, Slot, Store
from numbadyn.lowering.program import Program, Refill
from numbadyn.lowering.stages.base import Stage
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage, Term
from numbadyn.lowering.stages.draw import DrawStage
from numbadyn.lowering.stages.loop import Instance, LoopStage
from numbadyn.lowering.stages.packing import PackingStage
from numbadyn.lowering.stages.reduction import ReductionStage
from numbadyn.lowering.stages.train import TrainStage

__all__ = ["build_program"]


class _Memory:
    """Buffers, made on first use."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.buffers: dict[tuple[str, int], Buffer] = {}
        self.stored_as: dict[int, int] = {value: state for state, value in plan.commits.items()}

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
        role = "sum" if node.op == "accumulate" else "temp"
        return self._get(role, index, node.kind, node.space, f"{node.position.module}.{node.label or node.op}")

    def lookup(self, node: Node) -> Buffer:
        """An array that is read where it lies."""
        index = node.attrs["index"]
        return self._get("lookup", index, node.kind, node.space, self.plan.step.lookups[index].name)

    def constant(self, index: int) -> Buffer:
        node = self.plan.step.nodes[index]
        return self._get("constant", index, node.kind, node.space, node.label or f"constant {index}")


class _LoopBuilder:
    """One loop: translates nodes to operations over local values, slots and scalars."""

    def __init__(self, plan: Plan, memory: _Memory, number: int, clearable: set[int]) -> None:
        self.plan, self.memory, self.number = plan, memory, number
        self.draft = plan.drafts[number]
        self.clearable = clearable
        self.locals: dict[int, int] = {}
        self.operations: list[Operation] = []
        self.slots: list[Slot] = []
        self.views: list[BufferView] = []
        self.scalar_names: list[tuple[str, Kind]] = []
        self.scalars: list[int] = []
        self._slot_of: dict[object, int] = {}
        self._scalar_of: dict[int, int] = {}

    def node(self, index: int) -> Node:
        return self.plan.step.nodes[index]

    # ---- arguments ---------------------------------------------------------------------------------------------------

    def _scalar(self, key: int, name: str, kind: Kind) -> Operand:
        if key not in self._scalar_of:
            self._scalar_of[key] = len(self.scalars)
            self.scalars.append(key)
            self.scalar_names.append((name, kind))
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
            return self._scalar(arg, node.label or f"c{arg}", node.kind)
        if node.op in ("time", "step"):
            return Operand("time" if node.op == "time" else "step", 0)
        stride = 1 if arg in self.plan.constants else view_base(self.plan.step, arg)[2]
        access: Access = (
            "first" if node.size == 1 and self.draft.space.size != 1 else "stride" if stride != 1 else "each"
        )
        return self._memory_of(arg, access, 1 if arg in self.plan.constants else stride)

    def _memory_of(self, arg: int, access: Access, stride: int) -> Operand:
        """The slot of a value that lies in memory."""
        node = self.node(arg)
        if node.op == "lookup":
            return self._slot(BufferView(self.memory.lookup(node), 0, node.size), access, stride, node.label or "table")
        if arg in self.plan.constants:
            view = BufferView(self.memory.constant(arg), 0, node.size)
            return self._slot(view, access, stride, node.label or f"c{arg}")
        base_index, offset, step = view_base(self.plan.step, arg)
        base = self.node(base_index)
        span = (node.size - 1) * step + 1
        name = node.label or base.label
        if base.op == "state":
            return self._slot(BufferView(self.memory.state(base.attrs["index"]), offset, span), access, stride, name)
        if base.op == "history" and not computed_in_loop(self.plan.step, base):
            lag = base.args[0] if base.args else None
            view = BufferView(self.memory.ring(base.attrs["channel"]), offset, span, "past", lag)
            return self._slot(view, access, stride, name)
        buffer = self.memory.value(base_index)
        cleared = base_index in self.clearable and access == "each"
        return self._slot(BufferView(buffer, offset, span), access, stride, name or base.op, cleared=cleared)

    def _gather(self, index: int, node: Node) -> Operation:
        """A read of a history at a delay of each element's own, or of bits; lag and element follow the memory."""
        ring = self.memory.ring(node.attrs["channel"])
        whole = self._slot(BufferView(ring, 0, ring.size, "whole"), "any", 1, f"{node.label}_history")
        return Operation("gather", (whole, *(self.operand(arg) for arg in node.args[:2])), node.kind, index)

    def _take(self, index: int, node: Node) -> Operation:
        """A read at places of its own."""
        assert view_base(self.plan.step, node.args[0])[2] == 1, "elements are chosen from a strided slice"
        whole = self._memory_of(node.args[0], "any", 1)
        return Operation(node.op, (whole, *(self.operand(arg) for arg in node.args[1:])), node.kind, index)

    # ---- the loop ----------------------------------------------------------------------------------------------------

    def build(self) -> tuple[Kernel, Instance]:
        """The kernel (still without a name) and the instance."""
        for index in self.draft.nodes:
            node = self.node(index)
            if node.op == "history":
                operation = self._gather(index, node)
            elif node.traits.gathers:
                operation = self._take(index, node)
            elif node.traits.draws:
                stream = self._scalar(~node.attrs["stream"], "stream", "int")
                operation = Operation(node.op, (stream,), "real", index)
            else:
                operation = Operation(node.op, tuple(self.operand(arg) for arg in node.args), node.kind, index)
            self.locals[index] = len(self.operations)
            self.operations.append(operation)
        stores = self._stores()
        kernel = Kernel("", tuple(self.operations), tuple(self.slots), tuple(self.scalar_names), tuple(stores))
        region = self.draft.space.region
        name = self.plan.step.regions[region - 1] if region else self.plan.step.name
        return kernel, Instance(self.draft.space, tuple(self.views), tuple(self.scalars), name)

    def _stores(self) -> list[Store]:
        stores = []
        for index in self.draft.nodes:
            if index in self.memory.stored_as or index in self.plan.refills or ("temp", index) in self.memory.buffers:
                buffer = self.memory.value(index)
                known = self.plan.step.states[buffer.index].label if buffer.role == "state" else self.node(index).op
                slot = self._slot(BufferView(buffer, 0, buffer.size), "each", 1, self.node(index).label or known)
                stores.append(Store(self.locals[index], slot.index))
            for number, channel in enumerate(self.plan.step.channels):
                if number in self.plan.rings and channel.value == index and channel.kind != "bool":
                    ring = self.memory.ring(number)
                    slot = self._slot(BufferView(ring, 0, ring.size, "now"), "each", 1, f"{channel.label}_now")
                    stores.append(Store(self.locals[index], slot.index))
        return stores


class _Builder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.memory = _Memory(plan)
        self.program = Program(plan.step, events=set(plan.events), rings=set(plan.rings))
        self._kernels: dict[object, int] = {}

    def _needed_in_memory(self) -> set[int]:
        """Nodes that another stage than their own reads, or that somebody wants."""
        plan, needed = self.plan, set(self.plan.probe_of.values())
        for number, draft in enumerate(plan.drafts):
            if draft.kind in ("compact", "pack"):
                needed.add(draft.nodes[0])
                continue
            for index in draft.nodes:
                if plan.step.nodes[index].op == "accumulate":
                    continue
                for arg in plan.step.nodes[index].args:
                    base = view_base(plan.step, arg)[0]
                    if base in plan.stage_of and (plan.stage_of[base] != number or base != arg):
                        needed.add(base)
        return needed

    def _clearable(self) -> set[int]:
        """Synaptic sums that exactly one loop reads, element by element: that loop sets them back to zero."""
        plan = self.plan
        readers: dict[int, dict[int, bool]] = {}
        for number, draft in enumerate(plan.drafts):
            for read in reads(plan.step, draft):
                if plan.step.nodes[read.base].op == "accumulate":
                    seen = readers.setdefault(read.base, {})
                    seen[number] = seen.get(number, True) and read.direct
        kept = set(plan.probe_of.values()) | set(plan.refills.values())
        return {base for base, direct in readers.items() if list(direct.values()) == [True] and base not in kept}

    def run(self) -> Program:
        plan, program = self.plan, self.program
        for index in sorted(self._needed_in_memory()):
            self.memory.value(index)
        clearable = self._clearable()
        built: list[tuple[int, tuple[object, ...], Stage]] = []
        for number, draft in enumerate(plan.drafts):
            stage = self._loop(number, clearable) if draft.kind == "loop" else self._other(draft, clearable)
            rank = ("deliver", "draw", "train", "loop", "compact", "pack", "reduce").index(draft.kind)
            built.append((draft.level, (rank, stage.kernel if isinstance(stage, LoopStage) else 0), stage))
        program.schedule = _grouped(built)
        program.buffers = _layout(program.schedule, list(self.memory.buffers.values()))
        program.refills = self._refills()
        program.probes = {probe: self.memory.value(index) for probe, index in plan.probe_of.items()}
        return program

    def _refills(self) -> list[Refill]:
        """What the sums that start from a decayed state hold before the first step."""
        step, found = self.plan.step, []
        for total in self.plan.refills.values():
            base = step.nodes[base_of(step.nodes[total])]  # type: ignore[index]
            state, factor = base.args if step.nodes[base.args[0]].op == "state" else base.args[::-1]
            read = self.memory.buffers.get(("state", step.nodes[state].attrs["index"]))
            assert read is not None, "the state behind a sum is not stored"
            found.append(Refill(self.memory.value(total), read, factor))
        return found

    def _loop(self, number: int, clearable: set[int]) -> LoopStage:
        kernel, instance = _LoopBuilder(self.plan, self.memory, number, clearable).build()
        if kernel.structure not in self._kernels:
            self._kernels[kernel.structure] = len(self.program.kernels)
            base = identifier(instance.module.rsplit(".", 1)[-1].lower(), "loop")
            name = f"update_{base}_{len(self.program.kernels)}"
            self.program.kernels.append(Kernel(name, kernel.operations, kernel.slots, kernel.scalars, kernel.stores))
        return LoopStage(self._kernels[kernel.structure], (instance,))

    def _other(self, draft: Draft, clearable: set[int]) -> Stage:
        index = draft.nodes[0]
        node = self.plan.step.nodes[index]
        if draft.kind == "compact":
            return CompactionStage(draft.channel, self.memory.value(index), self.plan.events[draft.channel])
        if draft.kind == "pack":
            ring = self.memory.ring(draft.channel)
            return PackingStage(BufferView(ring, 0, ring.size, "now"), self.memory.value(index))
        target = self.memory.value(index)
        if draft.kind == "train":
            return TrainStage(target, node.attrs["index"])
        if draft.kind == "draw":
            return DrawStage(target, self._view(node.args[0]), node.attrs["stream"])
        if draft.kind == "reduce":
            views = [self._view(arg) for arg in node.args]
            factors = views[1] if len(views) > 1 else None
            return ReductionStage(target, node.attrs.get("how", "dot"), views[0], factors)
        return DeliveryStage(target, tuple(self._terms(node)), index not in clearable and base_of(node) is None)

    def _view(self, arg: int) -> BufferView:
        """Where a value lies in memory."""
        if arg in self.plan.constants:
            return BufferView(self.memory.constant(arg), 0, self.plan.step.nodes[arg].size)
        builder = _LoopBuilder(self.plan, self.memory, 0, set())
        builder.draft = Draft("loop", self.plan.step.nodes[arg].space.flat)
        builder.operand(arg)
        return builder.views[0]

    def _terms(self, node: Node) -> list[Term]:
        terms = []
        for arg, connection, own in signals(node):
            signal = signal_of(self.plan.step, arg, own)
            assert signal is not None
            graded = self.plan.step.channels[signal.channel].kind != "bool"
            terms.append(Term(connection, signal.channel, signal.base, signal.lag, signal.start, signal.stop, graded))
        return terms


def _grouped(built: list[tuple[int, tuple[object, ...], Stage]]) -> list[tuple[Stage, ...]]:
    """Stages in order of level; at one level, those of one kind (and one kernel) together."""
    groups: dict[tuple[int, tuple[object, ...]], list[Stage]] = {}
    for level, kind, stage in built:
        groups.setdefault((level, kind), []).append(stage)
    schedule: list[tuple[Stage, ...]] = []
    for key in sorted(groups, key=lambda k: (k[0], str(k[1]))):
        stages = groups[key]
        if isinstance(stages[0], LoopStage):
            instances = tuple(
                instance for stage in stages if isinstance(stage, LoopStage) for instance in stage.instances
            )
            schedule.append((LoopStage(stages[0].kernel, instances),))
        else:
            schedule.append(tuple(stages))
    return schedule


def _layout(schedule: list[tuple[Stage, ...]], buffers: list[Buffer]) -> list[tuple[Buffer, ...]]:
    """Blocks of buffers: what the instances of one kernel use in one slot lies side by side."""
    placed: set[Buffer] = set()
    blocks: list[tuple[Buffer, ...]] = []
    for stages in schedule:
        for stage in stages:
            if isinstance(stage, LoopStage):
                for views in zip(*(instance.views for instance in stage.instances), strict=True):
                    own = (view.buffer for view in views if view.buffer.role != "lookup")
                    block = tuple(dict.fromkeys(buffer for buffer in own if buffer not in placed))
                    placed.update(block)
                    blocks.append(block)
    blocks += [(buffer,) for buffer in buffers if buffer not in placed and buffer.role != "lookup"]
    return [block for block in blocks if block]


def build_program(plan: Plan) -> Program:
    """Turn a plan into a program.

    Parameters
    ----------
    plan : Plan
        Placed nodes.

    Returns
    -------
    Program
    """
    return _Builder(plan).run()
