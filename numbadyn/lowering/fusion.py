"""Fusion: the nodes of a step are placed into stages, in an order that respects every read and write.

In: a simplified `Step` and the nodes whose values somebody wants.  Out: `Plan`, a list of draft stages with levels.
Must not know: buffers, kernels, targets.

The passes are listed in `numbadyn.lowering.pipeline`.  Elementwise nodes of one space are fused into one loop as long
as nothing in between needs a whole array.  A state is stored by the loop that computes its last version; if anyone
reads the old version later, the store is put off to the end of the step.
"""

from __future__ import annotations

from dataclasses import replace

from numbadyn.errors import InternalError
from numbadyn.ir.analysis import (
    arrival_of,
    base_of,
    computed_in_loop,
    invariants,
    live,
    signal_of,
    signals,
    versions,
    waits_ahead,
)
from numbadyn.ir.nodes import Node, Step
from numbadyn.ir.spaces import Space
from numbadyn.ir.verify import verify
from numbadyn.lowering.plan import Draft, Plan, Readers, note_reads, reads, reads_of, view_base
from numbadyn.lowering.stages import own_stage
from numbadyn.lowering.stages.base import Stage
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.event_loop import EventLoopStage
from numbadyn.lowering.stages.loop import LoopStage
from numbadyn.lowering.stages.packing import PackingStage

__all__ = ["Planner"]


class Planner:
    """Places the nodes of a simplified step into stages, pass by pass.

    Parameters
    ----------
    step : Step
        Simplified; it stays as it is.
    wanted : set of int
        Probes whose values are recorded.
    recorded : set of int
        Channels whose events are recorded.
    """

    def __init__(self, step: Step, wanted: set[int], recorded: set[int]) -> None:
        self.step = replace(step, nodes=list(step.nodes), channels=list(step.channels), writes=dict(step.writes))
        self.wanted, self.recorded = wanted, recorded
        self.constants = invariants(step)
        self.drafts: list[Draft] = []
        self.stage_of: dict[int, int] = {}
        self.compact_of: dict[int, int] = {}
        self.commits: dict[int, int] = {}
        self.probe_of: dict[int, int] = {}
        self.refills: dict[int, int] = {}
        self.sampled: dict[int, list[int]] = {}
        self.packed: dict[int, list[int]] = {}
        self.timed: set[int] = set()
        self.arrays: set[int] = set()
        self.events: dict[int, bool] = {}
        self.rings: set[int] = set()
        self.order: list[int] = []
        self.late: set[int] = set()
        self._open: dict[Space, int] = {}
        self.versions = versions(step)
        self.at_synapses: dict[int, list[int]] = {}

    def check(self) -> None:
        """Check the step, and that what has been placed comes behind what it needs."""
        verify(self.step)
        for number, draft in enumerate(self.drafts):
            sums = any(self.step.nodes[index].traits.accumulates for index in draft.nodes)
            for read in reads(self.step, draft):
                if sums and self.step.nodes[read.base].traits.from_past:
                    continue  # spikes of earlier steps are delivered from lists of events, whatever else reads them
                if self.stage_of.get(read.base, -1) > number:
                    raise InternalError(f"Node {read.base} comes after what needs it.", where=self.step.name)

    def find_channels(self) -> None:
        """Find which channels need event lists, and which need their samples kept."""
        step, events, rings = self.step, self.events, self.rings
        order = live(step, [*step.roots(), *self.wanted])
        for channel in self.recorded:
            events[channel] = step.channels[channel].kind != "bool"
        for index in order:
            node = step.nodes[index]
            ahead = waits_ahead(node)
            if ahead is not None:
                rings.add(ahead)
            if not node.traits.delivers:
                continue
            for arg, _connection, own in signals(node):
                signal = signal_of(step, arg, own)
                assert signal is not None, "a synaptic sum reads a signal without a channel"
                graded = step.channels[signal.channel].kind != "bool"
                events[signal.channel] = graded
                if graded:
                    rings.add(signal.channel)
        # histories read by anything but synaptic sums need their samples
        uses: dict[int, list[int]] = {}
        for index in order:
            for arg in step.nodes[index].args:
                uses.setdefault(arg, []).append(index)
        for index in order:
            node = step.nodes[index]
            if node.traits.from_past and self._read_as_array(index, uses):
                rings.add(node.attrs["channel"])
                self.arrays.add(index)

    def _read_as_array(self, index: int, uses: dict[int, list[int]]) -> bool:
        if (
            index in self.wanted
            or index in {channel.value for channel in self.step.channels}
            or index in self.step.writes.values()
        ):
            return True
        if len(self.step.nodes[index].args) > 1:
            return True
        for user in uses.get(index, []):
            node = self.step.nodes[user]
            if node.traits.view and node.attrs["stride"] == 1:
                if self._read_as_array(user, uses):
                    return True
            elif not node.traits.delivers or self._own_channel(node, index):
                return True
        return False

    @staticmethod
    def _own_channel(node: Node, arg: int) -> bool:
        return any(a == arg and own is not None for a, _connection, own in signals(node))

    def _materialise(self, index: int, shape: tuple[int, ...]) -> int:
        """A node of this shape that a loop computes."""
        node = self.step.nodes[index]
        if computed_in_loop(self.step, node) and index not in self.constants and node.shape == shape:
            return index
        space = replace(node.space, shape=shape)
        copy = replace(node, op="identity", args=(index,), space=space, attrs={}, label=node.label)
        self.step.nodes.append(copy)
        return len(self.step.nodes) - 1

    def separate_effects(self) -> None:
        """Give each effect a value of its own that a loop computes, where it needs one."""
        step = self.step
        kept = set(self.events) | self.rings
        for number, channel in enumerate(step.channels):
            if channel.ahead:
                continue
            if number in self.rings or (number in kept and not step.nodes[channel.value].traits.generated):
                step.channels[number] = replace(channel, value=self._materialise(channel.value, channel.shape))
        for state, value in list(step.writes.items()):
            step.writes[state] = self._materialise(value, step.states[state].shape)
        for probe in sorted(self.wanted):
            node = step.nodes[probe]
            # a sum that starts from a decayed state is made ready for the next step before probes are sampled
            own_memory = own_stage(node) is not None and not (node.traits.accumulates and base_of(node) is not None)
            own_memory = own_memory and waits_ahead(node) is None
            self.probe_of[probe] = probe if own_memory else self._materialise(probe, node.shape)
        self.wanted = set(self.probe_of.values())

    def order_values(self) -> None:
        """Find the values that effects need, in order, and what becomes of the samples of channels."""
        channels = list(enumerate(self.step.channels))
        kept = [channel.value for number, channel in channels if number in self.events or number in self.rings]
        self.order = live(self.step, [*self.step.writes.values(), *kept, *self.wanted], bases=False)
        for number, channel in channels:
            if number in self.events:
                self.sampled.setdefault(channel.value, []).append(number)
            if number in self.rings and channel.kind == "bool":
                self.packed.setdefault(channel.value, []).append(number)
        for index in self.order:
            if _at_synapses(self.step.nodes[index]):
                self.at_synapses.setdefault(self.step.nodes[index].space.region, []).append(index)
        self.timed = self._follow_time(self.order)

    def place_first(self) -> None:
        """Place what needs nothing of this step."""
        for index in self.order:
            if self._comes_first(index):
                self._place(index)

    def place_others(self) -> None:
        """Place all other values."""
        for index in self.order:
            self._place(index)

    def place_refills(self) -> None:
        """Place what prepares sums that start from a decayed state for the next step."""
        read_by = self._readers()
        for index in self.order:
            if self.step.nodes[index].traits.accumulates and base_of(self.step.nodes[index]) is not None:
                self._refill(index, read_by)

    def _source(self, value: int) -> int:
        """The node behind a copy."""
        node = self.step.nodes[value]
        return node.args[0] if node.op == "identity" else value

    def _stage_behind(self, index: int) -> int:
        """Draft that a view of this node needs, or -1."""
        return self.stage_of.get(view_base(self.step, index)[0], -1)

    def _comes_first(self, index: int) -> bool:
        """What needs nothing of this step, so that it cuts no loop in two when it is placed before all others.

        Deliveries of past spikes, draws of constant means, given spikes, single numbers that follow from the time.
        """
        node = self.step.nodes[index]
        if node.traits.accumulates:
            return all(own is None for own in node.attrs["channels"])
        if node.traits.generated:
            return all(arg in self.constants for arg in node.args)
        return index in self.timed

    def _follow_time(self, order: list[int]) -> set[int]:
        """Single numbers that follow from the time or the number of the step, and run constants."""
        found: set[int] = set()
        for index in order:
            node = self.step.nodes[index]
            made = node.traits.follows and all(arg in found or arg in self.constants for arg in node.args)
            if node.shape == () and (index in self.constants or node.traits.from_clock or made):
                found.add(index)
        return found

    def _place(self, index: int) -> None:
        node = self.step.nodes[index]
        if index in self.constants or index in self.stage_of:
            return
        kind = own_stage(node)
        if _at_synapses(node):
            self._place_at_synapses(index)
        elif kind is not None:
            for own in node.attrs.get("channels", ()):
                if own is not None:
                    self._place(self.step.channels[own].value)
            self._own_stage(kind, index)
        elif computed_in_loop(self.step, node) and (not node.traits.from_past or index in self.arrays):
            self._place_in_loop(index)
        for channel in self.sampled.get(index, ()):
            self._of_channel(CompactionStage, channel, index)
            self.compact_of[channel] = len(self.drafts) - 1
        for channel in self.packed.get(index, ()):
            self._of_channel(PackingStage, channel, index)

    def _own_stage(self, kind: type[Stage], index: int) -> None:
        node = self.step.nodes[index]
        self.drafts.append(Draft(kind, node.space.flat, [index]))
        self.stage_of[index] = len(self.drafts) - 1

    def _place_at_synapses(self, index: int) -> None:
        """One loop for all that is computed at the synapses which a signal reaches, when the last of it comes."""
        nodes = self.at_synapses[self.step.nodes[index].space.region]
        if index != nodes[-1]:
            return
        arrival = arrival_of(self.step, nodes)
        assert arrival is not None, "a value of synapses that nothing reaches"
        node = self.step.nodes[arrival]
        for own in node.attrs["channels"]:
            if own is not None:
                self._place(self.step.channels[own].value)
        self.drafts.append(Draft(EventLoopStage, node.space, nodes))
        self.stage_of.update(dict.fromkeys(nodes, len(self.drafts) - 1))

    def _place_in_loop(self, index: int) -> None:
        node = self.step.nodes[index]
        key = node.space.flat
        candidate = self._open.get(key)
        if candidate is None or not self._fits(index, candidate):
            self.drafts.append(Draft(LoopStage, key))
            candidate = self._open[key] = len(self.drafts) - 1
        self.drafts[candidate].nodes.append(index)
        self.stage_of[index] = candidate

    def _fits(self, index: int, candidate: int) -> bool:
        node = self.step.nodes[index]
        for position, arg in enumerate(node.args):
            stage = self._stage_behind(arg)
            if stage > candidate:
                return False
            if stage == candidate and (
                (node.traits.gathers and position == 0)
                or self.step.nodes[arg].traits.view
                or self.step.nodes[arg].size != self.drafts[candidate].space.size
            ):
                return False
        return True

    def _of_channel(self, kind: type[Stage], channel: int, index: int) -> None:
        self.drafts.append(Draft(kind, self.step.nodes[index].space.flat, [index], channel))

    def _readers(self) -> Readers:
        """What all drafts read."""
        found: Readers = {}
        for number, draft in enumerate(self.drafts):
            note_reads(found, number, reads(self.step, draft))
        return found

    def _refill(self, total: int, read_by: Readers) -> None:
        """Prepare a sum for the next step, after everybody has read it: its base, from the state's new value."""
        base = self.step.nodes[base_of(self.step.nodes[total])]  # type: ignore[index]
        args = tuple(total if self.step.nodes[arg].traits.from_state else arg for arg in base.args)
        self.step.nodes.append(replace(base, args=args, label=""))
        index = len(self.step.nodes) - 1
        readers = read_by.get(total, {})
        candidate = self._open.get(base.space.flat, -1)
        behind = candidate >= self.stage_of[total] and all(
            n < candidate or (n == candidate and direct) for n, direct in readers.items()
        )
        if not behind:
            self._open.pop(base.space.flat, None)
        self._place_in_loop(index)
        self.refills[index] = total
        place = self.stage_of[index]
        note_reads(read_by, place, reads_of(self.step, self.drafts[place], index))

    def _old_reads(self) -> dict[int, list[tuple[int, bool]]]:
        """State -> (draft, whether it reads element by element) of every read of its old version."""
        found: dict[int, list[tuple[int, bool]]] = {}
        for number, draft in enumerate(self.drafts):
            for read in reads(self.step, draft):
                base = self.step.nodes[read.base]
                if base.traits.from_state:
                    found.setdefault(base.attrs["index"], []).append((number, read.direct))
        return found

    def commit_states(self) -> None:
        """Decide which node stores each state; put stores off where the old version is still needed."""
        old = self._old_reads()
        stored: set[int] = set()
        for state, value in self.step.writes.items():
            writer = self.stage_of[value]
            late = any(draft > writer or (draft == writer and not direct) for draft, direct in old.get(state, ()))
            if late or value in stored:
                assert self.step.states[state].space.synapses is None, "an old state of synapses is read later"
                node = self.step.nodes[value]
                self.step.nodes.append(replace(node, op="identity", args=(value,), attrs={}))
                value = len(self.step.nodes) - 1
                self.drafts.append(Draft(LoopStage, node.space.flat, [value]))
                self.stage_of[value] = len(self.drafts) - 1
            stored.add(value)
            self.commits[state] = value

    def find_levels(self) -> None:
        """Find the longest path to each draft; drafts of one level are independent."""
        before: dict[int, set[int]] = {number: set() for number in range(len(self.drafts))}
        for number, draft in enumerate(self.drafts):
            for index in draft.nodes:
                if draft.kind.of_channel:
                    before[number].add(self.stage_of[index])
                    continue
                node = self.step.nodes[index]
                if node.traits.accumulates:
                    self._deliver_needs(node, before[number])
                    continue
                for arg in node.args:
                    if self.step.nodes[arg].traits.arrives:
                        self._deliver_needs(self.step.nodes[arg], before[number])
                before[number].update(
                    stage for stage in map(self._stage_behind, node.args) if stage not in (-1, number)
                )
        read_by = self._readers()
        for refill, total in self.refills.items():
            own = self.stage_of[refill]
            before[own].update(number for number in read_by.get(total, {}) if number != own)
        for state, old in self._old_reads().items():
            if state in self.commits:
                writer = self.stage_of[self.commits[state]]
                before[writer].update(draft for draft, _direct in old if draft != writer)
        for number, draft in enumerate(self.drafts):
            assert all(earlier < number for earlier in before[number]), "stages are out of order"
            draft.level = max((self.drafts[earlier].level + 1 for earlier in before[number]), default=0)

    def _deliver_needs(self, node: Node, before: set[int]) -> None:
        for arg, _connection, own in signals(node):
            signal = signal_of(self.step, arg, own)
            assert signal is not None
            if signal.base == 0:
                before.add(self.compact_of[signal.channel])

    def find_late(self) -> None:
        """Find states whose stores may come late, since a sum stands for them."""
        read, nodes = self._old_reads(), self.step.nodes
        totals = {arg for refill in self.refills for arg in nodes[refill].args[:2]}
        written = self.step.writes.items()
        self.late = {state for state, value in written if state not in read and self._source(value) in totals}

    def plan(self) -> Plan:
        """What was planned."""
        return Plan(
            self.step, self.drafts, self.stage_of, self.commits, self.constants, self.events, self.rings,
            self.probe_of, self.refills, self.late, self.versions,
        )  # fmt: skip


def _at_synapses(node: Node) -> bool:
    """Whether a value is computed synapse by synapse, where a signal reaches them."""
    computed = node.traits.stage == "loop" or node.traits.from_past
    return node.traits.collects or (node.space.synapses is not None and computed)
