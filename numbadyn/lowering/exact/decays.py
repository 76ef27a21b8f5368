"""States of synapses that each step changes by a linear equation alone, and that are asked for at events only.

In: a traced `Step` with the equations behind its values.  Out: which states these are, what a step does to them, and
why others are none.  Must not know: what becomes of them, targets, models.

Such a state need not be advanced in each step: what it is at an event follows from what it was when something last
changed it, and from the number of steps since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from numbadyn.ir.analysis import versions
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.exact.flows import origin
from numbadyn.lowering.exact.writer import Writer

__all__ = ["Decays", "Found"]

_METHODS = ("", "exp_euler_step")
_ANY_CONTEXT = BindContext(1.0, 0)
Users = dict[int, list[tuple[int, int]]]
"""Node -> nodes that use it, and as which argument."""


@dataclass(slots=True)
class Found:
    """A state that decays.

    Attributes
    ----------
    state : int
        Its number.
    chain : list of int
        Its versions in a step, in order; before the first one it is what it was at the start.
    decay : int
        The version that the decay makes.
    log, factor, gain : int or None
        Nodes of the writer: logarithm of the factor of a step, or the factor; what is added, see `numbadyn.ir.decays`.
    inside : set of int
        Nodes that the decay alone needs.
    reads : dict
        Region in which it is asked for or changed -> the version that is there at its beginning.
    """

    state: int
    chain: list[int]
    decay: int
    log: int | None = None
    factor: int | None = None
    gain: int | None = None
    inside: set[int] = field(default_factory=set)
    reads: dict[int, int] = field(default_factory=dict)


class Decays:
    """Finds such states.

    Parameters
    ----------
    step : Step
        As traced.
    writer : Writer
        Who writes nodes behind it.

    Attributes
    ----------
    found : dict
        State -> how it decays.
    refused : dict
        State that each step changes -> why it is advanced in each step.
    """

    def __init__(self, step: Step, writer: Writer) -> None:
        self._step, self._writer = step, writer
        self.of_version = versions(step)
        self.found: dict[int, Found] = {}
        self.refused: dict[int, str] = {}
        always = {index for index in range(len(step.nodes)) if self._is_always(index)}
        if not any(step.nodes[index].args[0] in always for index in self.of_version):
            return
        self._arrivals = _arrivals(step)
        self._always = {region for region, arrival in self._arrivals.items() if arrival in always}
        self._users: Users = {}
        for index, node in enumerate(step.nodes):
            for position, arg in enumerate(node.args):
                self._users.setdefault(arg, []).append((index, position))
        for index, state in self.of_version.items():
            if step.nodes[index].args[0] in always and state not in (*self.found, *self.refused):
                self._look_at(state, index)

    def _is_always(self, index: int) -> bool:
        """Whether something reaches all synapses in each step."""
        node = self._step.nodes[index]
        if not (node.traits.arrives and node.attrs.get("at_once")):
            return False
        signal = self._step.nodes[node.args[0]]
        while signal.traits.passes:
            signal = self._step.nodes[signal.args[0]]
        known = signal.literal and signal.kind == "bool"
        return known and bool(self._step.params[signal.attrs["index"]].fetch(_ANY_CONTEXT).all())

    def _look_at(self, state: int, decay: int) -> None:
        chain = [index for index, of in self.of_version.items() if of == state]
        found = Found(state, chain, decay)
        if self._step.states[state].kind != "real":
            why = "since it is no real number"
        elif sum(self._step.nodes[index].space.region in self._always for index in chain) > 1:
            why = "since it is changed there twice"
        else:
            why = self._advance(found) or self._read(found)
        if why:
            self.refused[state] = f"advanced in each step, {why}"
        else:
            self.found[state] = found

    # ---- what a step does --------------------------------------------------------------------------------------------

    def _advance(self, found: Found) -> str:
        """Find factor and gain of a step; why there are none."""
        new, old = self._step.nodes[found.decay].args[1:]
        rate = self._integrated(new, old)
        if rate is not None:
            slope, start = rate
            steepness = self._writer.derivative(slope, start)
            added = self._writer.again(slope, {start: self._writer.zero_like(start)})
            if steepness is not None and self._is_fixed(steepness) and self._is_fixed(added):
                found.log = self._writer.over_dt(steepness, new)
                found.gain = None if self._writer.vanishes(added) else self._writer.over_dt(added, new)
                return ""
        factor = self._writer.derivative(new, old)
        if factor is None:
            return "since it is set there anew"
        added = self._writer.again(new, {old: self._writer.zero_like(old)})
        if not self._is_fixed(factor):
            return "since that is no linear equation with constants"
        if not self._is_fixed(added):
            return "since what it goes to changes"
        found.gain = None if self._writer.vanishes(added) else added
        found.log = self._logarithm(factor)
        if found.log is None:
            found.factor = factor
        elif found.gain is not None:  # the series of a few steps is that of the equation, apart from a constant
            found.gain = self._writer.emit("div", found.gain, self._writer.emit("exprel", found.log))
        return ""

    def _integrated(self, new: int, old: int) -> tuple[int, int] | None:
        """Slope and start of the equation that an exact integrator has advanced the state by."""
        for advance in self._step.advances:
            if advance.method not in _METHODS:
                continue
            for start, slope, result in zip(advance.starts, advance.slopes, advance.results, strict=True):
                if (origin(self._step, result), origin(self._step, start)) == (origin(self._step, new), old):
                    return slope, start
        return None

    def _logarithm(self, factor: int) -> int | None:
        node = self._writer.node(factor)
        return node.args[0] if node.traits.exponentiates else None

    def _is_fixed(self, index: int) -> bool:
        """Whether a value is the same in all steps, be it another one at each synapse."""
        if self._writer.is_constant(index):
            return True
        node = self._writer.node(index)
        if node.traits.from_state and node.space.synapses is not None:
            return node.attrs["index"] not in self._step.writes
        return (node.traits.elementwise or bool(node.traits.side)) and all(map(self._is_fixed, node.args))

    def side_of(self, found: Found) -> str:
        """On which side the neurons are whose spikes alone a state follows, the same at all of their synapses, if any.

        "pre", "post", or nothing.
        """
        changes = [index for index in found.chain if index != found.decay]
        sides = {"post" if self._step.nodes[index].space.by_post else "pre" for index in changes}
        if len(sides) != 1 or any(self._step.nodes[self._step.nodes[k].args[0]].attrs.get("at_once") for k in changes):
            return ""
        (side,) = sides
        fixed = [part for part in (found.log, found.factor, found.gain) if part is not None]
        new = [self._step.nodes[index].args[1] for index in changes]
        return side if all(self._follows(part, found, side) for part in (*fixed, *new)) else ""

    def _follows(self, index: int, found: Found, side: str) -> bool:
        """Whether a value is the same at all synapses of a neuron, if that is true of the state."""
        node = self._writer.node(index)
        if index in found.chain or (node.traits.from_state and node.attrs["index"] == found.state):
            return True
        if node.space.synapses is None or node.traits.side == side:
            return node.space.single or node.traits.side == side
        return node.traits.elementwise and all(self._follows(arg, found, side) for arg in node.args)

    # ---- who asks ----------------------------------------------------------------------------------------------------

    def _read(self, found: Found) -> str:
        """Find where the state is asked for; why that is in each step."""
        step, old = self._step, self._step.nodes[found.decay].args[2]
        why = self._follow(found, old)
        if why:
            return why
        for version in (*self._beginnings(found.state), *found.chain):
            own = step.nodes[version].space.region if version in self.of_version else None
            for user, position in self._users.get(version, ()):
                node, region = step.nodes[user], step.nodes[user].space.region
                if user == found.decay or user in found.inside:
                    continue
                if region not in self._arrivals or not (node.space.synapses or node.traits.collects):
                    return f"since {node.position.module} reads it"
                if region in self._always:
                    return f"since {step.regions[region - 1]} reads it"
                if self.of_version.get(user) == found.state and position == 2:
                    found.reads.setdefault(region, version)
                elif region != own:
                    found.reads[region] = version
        effects = [*(channel.value for channel in step.channels), *step.probes.values(), *step.outputs.values()]
        return "since it is looked at behind each step" if set(effects) & {*found.chain, *found.inside} else ""

    def _beginnings(self, state: int) -> Iterator[int]:
        """Nodes of the value at the start of the step."""
        for index, node in enumerate(self._step.nodes):
            if node.traits.from_state and node.attrs["index"] == state:
                yield index

    def _follow(self, found: Found, old: int) -> str:
        """Find all that follows from the state where it decays; why that is more than the decay."""
        step, region = self._step, self._step.nodes[found.decay].space.region
        waiting = [old]
        while waiting:
            for user, _position in self._users.get(waiting.pop(), ()):
                if user in found.inside or user == found.decay or step.nodes[user].space.region != region:
                    continue
                other = self.of_version.get(user)
                if other is not None or step.nodes[user].traits.collects:
                    name = step.states[other].label if other is not None else "a sum"
                    return f"since {step.regions[region - 1]} reads it for {name}"
                found.inside.add(user)
                waiting.append(user)
        outside = [u for inner in found.inside for u, _position in self._users.get(inner, ()) if u not in found.inside]
        return "" if set(outside) <= {found.decay} else "since what it becomes there is used elsewhere"


def _arrivals(step: Step) -> dict[int, int]:
    """Region -> what must have reached the synapses that it is about."""
    found: dict[int, int] = {}
    for node in step.nodes:
        for arg in node.args:
            if step.nodes[arg].traits.arrives:
                found.setdefault(node.space.region, arg)
    return found
