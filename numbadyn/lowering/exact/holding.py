"""Decaying states of synapses are held as they were last changed, and brought up to now where somebody asks.

In: a traced `Step` with the equations behind its values.  Out: a `Step` that does not advance such states, in which the
same events find the same values; `Step.held` says how they are read from outside.  Must not know: targets, models.

Beside such states stands a number for each synapse, of the steps whose decay is in its values; states that are changed
by the same rules have it in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numbadyn.ir.decays import Decay
from numbadyn.ir.nodes import Advance, Node, StateSpec, Step
from numbadyn.ir.spaces import Space, widest
from numbadyn.lowering.exact.decays import Decays, Found
from numbadyn.lowering.exact.writer import Behind, Writer
from numbadyn.units import DIMENSIONLESS

__all__ = ["hold_decays"]


def hold_decays(step: Step) -> Step:
    """Hold decaying states of synapses until something asks for them.

    Parameters
    ----------
    step : Step
        As traced.

    Returns
    -------
    Step
        With equations that are left, decays of these states in `Step.held`, and words about them in `Step.schemes`.
    """
    if not any(spec.space.synapses for spec in step.states):
        return step
    writer = Writer(step)
    decays = Decays(step, writer)
    if not decays.found:
        return replace(step, schemes=step.schemes | decays.refused) if decays.refused else step
    return _Holder(step, writer, decays).run()


@dataclass(slots=True)
class _Group:
    """States that are changed by the same rules, and what is known of their age while nodes are written.

    Attributes
    ----------
    members : list of Found
        Their decays.
    changed : frozenset of int
        Regions in which they are changed.
    stamp : int
        State that holds how many steps are in them.
    latest : int
        Node of its latest version.
    ages : dict
        Region -> version of the stamp at its beginning, and node of the steps since then.
    """

    members: list[Found]
    changed: frozenset[int]
    stamp: int
    latest: int
    ages: dict[int, tuple[int, int]]


class _Holder:
    def __init__(self, step: Step, writer: Writer, decays: Decays) -> None:
        self._old, self._writer, self._decays = step, writer, decays
        self._trace = Behind(step.name)
        self._trace.step = replace(
            step, nodes=[], params=writer.params, states=list(step.states), writes={}, advances=[]
        )
        #: Node of the old step, or of the writer -> node of the new one.
        self._map: dict[int, int] = {}
        self._version_of = {index: found for found in decays.found.values() for index in found.chain}
        for index, node in enumerate(step.nodes):
            if node.traits.from_state and node.attrs["index"] in decays.found:
                self._version_of[index] = decays.found[node.attrs["index"]]
        self._dropped = set[int]().union(*(found.inside for found in decays.found.values()))
        self._now: dict[tuple[int, int], int] = {}
        self._groups = self._grouped()

    def run(self) -> Step:
        """The new step."""
        for index, node in enumerate(self._old.nodes):
            if index not in self._map and index not in self._dropped:
                self._write(index, node)
        new = self._trace.step
        for state, value in self._old.writes.items():
            if not self._old.nodes[value].traits.from_state and not self._new(value).traits.from_state:
                new.writes[state] = self._map[value]
        for group in self._groups:
            if group.changed:
                new.writes[group.stamp] = group.latest
        new.channels = [replace(channel, value=self._map[channel.value]) for channel in new.channels]
        new.probes = {key: self._map[value] for key, value in new.probes.items()}
        new.outputs = {key: self._map[value] for key, value in new.outputs.items()}
        new.advances = [advance for old in self._old.advances for advance in self._left(old)]
        new.ahead = {self._map[index]: state for index, state in self._old.ahead.items()}
        new.finer = {self._map[index]: self._map[other] for index, other in self._old.finer.items()}
        new.held = {found.state: self._decay(found, group) for group in self._groups for found in group.members}
        new.schemes = self._old.schemes | self._decays.refused
        new.schemes |= {found.state: self._words(found) for group in self._groups for found in group.members}
        return new

    def _new(self, index: int) -> Node:
        return self._trace.node(self._map[index])

    # ---- states with one stamp ---------------------------------------------------------------------------------------

    def _grouped(self) -> list[_Group]:
        """States of one connection that are changed in the same regions."""
        nodes, by_change = self._old.nodes, dict[Any, list[Found]]()
        for found in self._decays.found.values():
            changed = frozenset(nodes[index].space.region for index in found.chain if index != found.decay)
            synapses = self._old.states[found.state].space.synapses
            by_change.setdefault((synapses, changed), []).append(found)
        return [self._group(members, changed) for (_synapses, changed), members in by_change.items()]

    def _group(self, members: list[Found], changed: frozenset[int]) -> _Group:
        first = self._old.states[members[0].state]
        names = "_".join(self._old.states[found.state].label for found in members)
        spec = StateSpec(
            f"{first.name.rpartition('.')[0]}.steps_in_{names}",
            first.space,
            "int",
            DIMENSIONLESS,
            lambda _context: np.asarray(0),
            getattr(first.owner, "stamp", None),
        )
        stamp = self._trace.state_index(spec.owner if spec.owner is not None else spec, lambda: spec)
        return _Group(members, changed, stamp, -1, {})

    def _group_of(self, found: Found) -> _Group:
        return next(group for group in self._groups if found in group.members)

    # ---- writing nodes -----------------------------------------------------------------------------------------------

    def _write(self, index: int, node: Node) -> None:
        """Write a node of the old step, and what it needs that is new."""
        found = self._version_of.get(index)
        if found is not None and index == found.decay:
            self._map[index] = self._map[node.args[2]]
            return
        changed = found if index in self._decays.of_version else None
        if changed is not None:
            self._age(self._group_of(changed), node, changed)
        args = tuple(
            self._map[arg] if changed is not None and position == 2 else self._asked(arg, node)
            for position, arg in enumerate(node.args)
        )
        self._map[index] = self._trace.add(replace(node, args=args))
        if changed is not None:
            self._stamp(self._group_of(changed), node)

    def _asked(self, arg: int, user: Node) -> int:
        """A value as whoever uses it should find it: as of now."""
        found = self._version_of.get(arg)
        if found is None:
            return self._map[arg]
        region = user.space.region
        own = arg in self._decays.of_version and self._old.nodes[arg].space.region == region
        return self._map[arg] if own else self._as_of_now(found, arg, user)

    def _as_of_now(self, found: Found, version: int, user: Node) -> int:
        """The value of a state that decays, in the region of who asks."""
        key = (found.state, user.space.region)
        if key not in self._now:
            group, emit = self._group_of(found), self._trace.emit
            age = self._age(group, user, found)
            self._at(user)
            held, steps, fixed = self._map[version], self._trace.cast(age, "real"), self._fixed_at(user)
            gain = None if found.gain is None else fixed(found.gain)
            if found.log is not None:
                power = emit("mul", steps, fixed(found.log))
                value = emit("mul", held, emit("exp", power))
                series = None if gain is None else emit("mul", emit("mul", gain, steps), emit("exprel", power))
            else:
                assert found.factor is not None, "a decay by nothing"
                factor, one = fixed(found.factor), self._trace.literal(1.0)
                left = emit("power", factor, steps)
                value, series = emit("mul", held, left), None
                if gain is not None:
                    several = emit("div", emit("sub", left, one), emit("sub", factor, one))
                    series = emit("mul", gain, emit("select", emit("equal", factor, one), steps, several))
            self._now[key] = value if series is None else emit("add", value, series)
        return self._now[key]

    def _age(self, group: _Group, user: Node, found: Found) -> int:
        """Steps since a group was changed last, in the region of a node."""
        region = user.space.region
        if region not in group.ages:
            self._at(user)
            before = self._trace.read(group.stamp) if group.latest < 0 else group.latest
            group.latest = before
            age = self._trace.emit("sub", self._step_number(), before)
            if self._is_behind(found, region):  # the decay of this step, too
                age = self._trace.emit("add", age, self._trace.literal(1))
            group.ages[region] = before, age
        return group.ages[region][1]

    def _is_behind(self, found: Found, region: int) -> bool:
        """Whether a region comes after the decay of the step."""
        version = found.reads[region]
        return version in found.chain and found.chain.index(version) >= found.chain.index(found.decay)

    def _stamp(self, group: _Group, node: Node) -> None:
        """Note at a change that the group holds values of now."""
        before, age = group.ages[node.space.region]
        if group.latest != before:
            return
        self._at(node)
        now = self._trace.emit("add", before, age)
        group.latest = self._trace.emit("select", self._map[node.args[0]], now, before)

    def _step_number(self) -> int:
        """Node of the number of the step: that of the old step, if it has one."""
        for index, node in enumerate(self._old.nodes):
            if node.traits.from_clock and not node.traits.tells_time:
                return self._constant(index)
        return self._trace.step_number()

    def _at(self, node: Node) -> None:
        """Write what follows where a node of the old step was made."""
        self._trace.at, self._trace.region = node.position, node.space.region

    # ---- run constants -----------------------------------------------------------------------------------------------

    def _constant(self, index: int) -> int:
        """A run constant that the writer has made, or that comes later in the old step."""
        if index not in self._map:
            node = self._writer.node(index)
            self._map[index] = self._trace.add(replace(node, args=tuple(map(self._constant, node.args))))
        return self._map[index]

    def _fixed_at(self, user: Node) -> Callable[[int], int]:
        """Gives what is the same in all steps, at the synapses that a node is about."""
        known: dict[int, int] = {}

        def fixed(index: int) -> int:
            node = self._writer.node(index)
            if node.space.synapses is None or node.traits.from_state:
                return self._constant(index)
            if index not in known:
                args = tuple(map(fixed, node.args))
                space = widest(self._trace.node(arg).space for arg in args)
                space = self._space_of(user) if node.traits.side else space.inside(user.space.region)
                known[index] = self._trace.add(replace(node, args=args, space=space))
            return known[index]

        return fixed

    def _space_of(self, user: Node) -> Space:
        """The synapses that a node is about."""
        if user.space.synapses is not None:
            return user.space
        return self._trace.node(self._map[user.args[0]]).space.inside(user.space.region)

    # ---- what is left ------------------------------------------------------------------------------------------------

    def _left(self, advance: Advance) -> Iterable[Advance]:
        """An advance without the equations of states that are held."""
        whole = len(advance.slopes) == len(advance.results) == len(advance.starts)
        if not whole or not self._dropped.intersection(advance.results):
            yield self._renumbered(advance, advance.starts, advance.slopes, advance.results)
            return
        parts = zip(advance.starts, advance.slopes, advance.results, strict=True)
        kept = [part for part in parts if part[2] not in self._dropped]
        if kept:
            starts, slopes, results = zip(*kept, strict=True)
            yield self._renumbered(advance, starts, slopes, results)

    def _renumbered(self, advance: Advance, *parts: tuple[int, ...]) -> Advance:
        starts, slopes, results = (tuple(self._map[index] for index in part) for part in parts)
        return replace(advance, starts=starts, slopes=slopes, results=results)

    def _decay(self, found: Found, group: _Group) -> Decay:
        """How a state is read from outside."""
        formula = Behind(self._old.name)
        formula.step = replace(self._trace.step, nodes=[], writes={}, channels=[], probes={}, outputs={}, held={})
        places: dict[int, int] = {}

        def place(index: int | None) -> int | None:
            if index is None:
                return None
            if index not in places:
                node = self._writer.node(index)
                places[index] = formula.add(replace(node, args=tuple(int(place(arg) or 0) for arg in node.args)))
            return places[index]

        members = tuple(each.state for each in group.members)
        return Decay(group.stamp, members, formula.step, place(found.log), place(found.factor), place(found.gain))

    def _words(self, found: Found) -> str:
        """How a state is advanced, for users."""
        rules = dict.fromkeys(self._old.regions[region - 1].rpartition(".")[2] for region in sorted(found.reads))
        if not rules:
            return "decays in closed form, which no rule reads"
        side = self._decays.side_of(found)
        more = f"; the same at all synapses of a neuron, for which self.{side}_trace keeps a trace of spikes once"
        return f"decays in closed form, brought up to now by {', '.join(rules)} alone" + more * bool(side)
