"""Gap junctions that act on each other are solved together: what they read is the mean over the step where it matters.

In: the gap junctions of a step that has been traced.  Out: groups, and the potentials that strong ones read.  Must not
know: models, targets.

While coupling is weak, the current of the mean of the potentials at both ends of a step is held over it; those at its
end are expected ones, found by a step with the current at its start (`numbadyn.lowering.exact.ahead`), so that coupling
is of second order. Where a step is long beside the time in which neurons relax towards their partners, that current
overshoots. There each junction reads the mean of the joint relaxation over the step instead (see `coupling`), which
needs the capacitances: they are found in the traced right-hand sides, as their derivatives by the current.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import Context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import NumbadynError, UnstableCouplingError
from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.model import environ
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.notes import ModelNotes
from numbadyn.model.timing import below
from numbadyn.projections.apply import Delivery
from numbadyn.projections.connectivity import Edges
from numbadyn.projections.coupling import MOST_PAIRS, means_over_step, pieces_of
from numbadyn.tracing.gains import Gain, gain_of
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, join, split

if TYPE_CHECKING:
    from numbadyn.projections.gap_junction import GapJunction

__all__ = ["End", "Group", "eager_group", "find_means", "groups_of", "note_member", "strong_group"]

HELD = 0.1
"""dt * sum(g) / C up to which a current is held, that of the mean of the potentials at both ends of the step."""

STABLE = 0.5
"""Up to here a held current cannot overshoot, so that large pieces may be held."""


@dataclass(slots=True)
class _Notes:
    """What is noted about one recording: gap junctions, their groups, nodes of what they read of whole populations."""

    members: list[GapJunction] = field(default_factory=list)
    groups: dict[int, Group] = field(default_factory=dict)
    ahead: dict[tuple[int, str], int] = field(default_factory=dict)
    means: dict[tuple[int, tuple[int, str]], _Means] = field(default_factory=dict)


class _Means(NamedTuple):
    """Nodes of means over the step of all neurons of an end: by what is known at its start, and by what is ahead."""

    coarse: int
    fine: int


def note_member(trace: Trace, member: GapJunction) -> None:
    """Remember that a gap junction takes part in the step; groups are made when all of it has been traced."""
    members = trace.notes(_Notes).members
    if not members:
        trace.notes(ModelNotes).endings.append(settle)
    members.append(member)


def groups_of(trace: Trace) -> dict[int, Group]:
    """Groups of a recording by the identity of their members; filled when all of it has been traced."""
    return trace.notes(_Notes).groups


def _learnt_key(member: GapJunction) -> tuple[str, int]:
    """Under which the next recording learns that the group of a gap junction is strong."""
    return "gap junctions", id(member)


def strong_group(trace: Trace, member: GapJunction) -> Group | None:
    """The group of a gap junction whose currents must not be held; None for the others."""
    found = trace.templates.get(_learnt_key(member))
    return found if isinstance(found, Group) else None


def settle(trace: Trace) -> dict[Any, Any]:
    """Make the groups of a recording; those that are strong are what the next recording must know."""
    learnt: dict[Any, Any] = {}
    context, noted = trace.notes(ModelNotes).context, trace.notes(_Notes).members
    for member in noted:
        late = None if member.acts_at_once else _group_of(trace, [member])
        if late is not None and context is not None:
            late.check_late(context)
            groups_of(trace)[id(member)] = late
    for members in _find_touching([member for member in noted if member.acts_at_once]):
        known = strong_group(trace, members[0])
        group = known or _group_of(trace, members)
        if group is None:
            continue
        groups_of(trace).update({id(member): group for member in members})
        if known is not None or (context is not None and group.must_be_solved(context)):
            group.solved = True
            learnt |= {_learnt_key(member): group for member in members}
    return learnt


def _find_touching(members: list[GapJunction]) -> list[list[GapJunction]]:
    """Gap junctions in lots that share states, in the order of the recording."""
    lots: list[list[GapJunction]] = []
    for member in members:
        states = {end.key for end in member.ends}
        meeting = [lot for lot in lots if any(states & {end.key for end in other.ends} for other in lot)]
        lots = [lot for lot in lots if all(lot is not other for other in meeting)]
        lots.append([*(one for lot in meeting for one in lot), member])
    return lots


@dataclass(frozen=True, eq=False)
class End:
    """One end of gap junctions: a population, the name of its state, a neuron for each junction."""

    module: Dynamics
    state: str
    ids: NDArray[np.int64]

    @property
    def key(self) -> tuple[int, str]:
        """Which state it is."""
        return id(self.module), self.state

    def is_each(self, ids: NDArray[np.int64]) -> bool:
        """Whether numbers are those of all neurons of a row, in order."""
        return self.module.varshape == (ids.size,) and np.array_equal(ids, np.arange(ids.size))


@dataclass(eq=False)
class Group:
    """Gap junctions that share states.

    Parameters
    ----------
    members : list of GapJunction
        They are traced in this order.
    gains : dict
        Key of an end -> what turns a current into a slope there.
    solved : bool
        Whether junctions read means over the step; else their currents are held.
    """

    members: list[GapJunction]
    gains: dict[tuple[int, str], Gain]
    solved: bool = False
    _spare: dict[Any, Any] = field(default_factory=dict)

    @functools.cached_property
    def ends(self) -> dict[tuple[int, str], End]:
        """The states that take part."""
        return {end.key: end for member in self.members for end in member.ends}

    @functools.cached_property
    def starts(self) -> dict[tuple[int, str], int]:
        """Index of the first neuron of each end in one numbering of the neurons of all ends."""
        counts = np.cumsum([0, *(end.module.num for end in self.ends.values())])
        return dict(zip(self.ends, map(int, counts), strict=False))

    @functools.cached_property
    def size(self) -> int:
        """Neurons of all ends."""
        return sum(end.module.num for end in self.ends.values())

    def _numbers(self, end: End) -> NDArray[np.int64]:
        return end.ids + self.starts[end.key]

    @functools.cached_property
    def pieces(self) -> Any:
        """Connected components: neurons that gap junctions join, directly or by way of others."""
        ends = [[self._numbers(end) for end in member.ends] for member in self.members]
        return pieces_of(self.size, *(np.concatenate(side) for side in zip(*ends, strict=True)))

    @functools.cached_property
    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs of neurons of one piece."""
        changes, makes = self.pieces.pairs()
        return changes, makes

    @property
    def solvable(self) -> bool:
        """Whether the pieces are small enough to be solved."""
        return bool(self.pieces.n_pairs <= MOST_PAIRS)

    def _rates(self, context: BindContext) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """One-sided junctions: who changes, towards whom, and how fast (1/ms)."""
        per_current = {key: self.gains[key](context, end.module.num) for key, end in self.ends.items()}
        changes, makes, rates = [], [], []
        for member in self.members:
            pre, post = member.ends
            for target, source, conductance in zip((post, pre), (pre, post), member.conductances(context), strict=True):
                changes.append(self._numbers(target))
                makes.append(self._numbers(source))
                rates.append(np.broadcast_to(conductance, target.ids.shape) * per_current[target.key][target.ids])
        return np.concatenate(changes), np.concatenate(makes), np.concatenate(rates)

    def _strongest(self, context: BindContext) -> tuple[float, End, int]:
        """Largest dt * sum(g) / C, and where it is."""
        changes, makes, rates = self._rates(context)
        apart = changes != makes
        total = np.bincount(changes[apart], rates[apart], self.size) * context.dt
        number = int(np.argmax(total))
        key = max((key for key in self.ends if self.starts[key] <= number), key=self.starts.__getitem__)
        return float(total[number]), self.ends[key], number - self.starts[key]

    def must_be_solved(self, context: BindContext) -> bool:
        """Whether currents must not be held over a step.

        Raises
        ------
        UnstableCouplingError
            They must not, and the pieces are too large to be solved.
        """
        strength = self._strongest(context)[0]
        if self.solvable:
            return strength > HELD
        if strength > STABLE:
            raise self._unstable(context, STABLE, "")
        return False

    def check_held(self, context: BindContext) -> None:
        """Refuse conductances or capacitances that were changed so much that currents can be held no more."""
        if not self.members[0].acts_at_once:
            self.check_late(context)
            return
        limit = 2.0 * HELD if self.solvable else STABLE
        if self._strongest(context)[0] > limit:
            anew = " Or make a new nd.Simulator of a network that has such values itself, which then solves it."
            raise self._unstable(context, limit, anew * self.solvable)

    def check_late(self, context: BindContext) -> None:
        """Refuse junctions with a delay that drive potentials apart: neurons answer faster than they hear.

        The equation dV/dt = -r V(t - d) has solutions that grow where r d exceeds pi / 2, and the largest r of coupled
        neurons is sum(g) / C or more.
        """
        strength, end, number = self._strongest(context)
        (member,), rate = self.members, strength / context.dt
        if rate * (member.shortest_delay + context.dt) > math.pi / 2.0:
            raise UnstableCouplingError(
                f"The gap junctions of {member.path} read potentials {member.shortest_delay:g} ms ago, but they make "
                f"neuron {number} of {end.module.path} relax towards its partners in {1.0 / rate:.3g} ms: "
                "potentials swing ever wider.",
                where=f"{member.path}, at {end.module.path}[{number}]",
                cure="Leave the delay out, then any strength is solved; or make it shorter, or the junctions weaker.",
                number=number,
            )

    def _unstable(self, context: BindContext, limit: float, more: str) -> UnstableCouplingError:
        strength, end, number = self._strongest(context)
        paths = ", ".join(member.path for member in self.members)
        return UnstableCouplingError(
            f"The gap junctions of {paths} make neuron {number} of {end.module.path} relax towards its partners in "
            f"{context.dt / strength:.3g} ms, so that dt * sum(g) / C = {strength:.3g} at dt = {context.dt:g} ms; "
            f"a step holds their currents up to {limit:g}.",
            where=f"{paths}, at {end.module.path}[{number}]",
            cure=f"Take dt = {below(context.dt * limit / strength):g} ms or less, weaker junctions, or fewer neurons "
            f"in a piece: {MOST_PAIRS:,} pairs ({int(MOST_PAIRS**0.5):,} neurons) are solved for any dt.{more}",
            paths=paths,
            number=number,
            strength=strength,
            limit=limit,
        )

    def eager_means(self, context: BindContext, member: GapJunction) -> list[Any]:
        """What the junctions of a member read in calls outside of a trace: means over the step, with their unit."""
        given = [split(self._latest(end)) for end in self.ends.values()]
        present = np.concatenate([np.ravel(magnitude) for magnitude, _dimension in given])
        changes, makes = self.pairs
        shares = (present[makes] - present[changes]) * self.weights(context)[0]
        means = present + np.bincount(changes, shares, self.size)
        return [join(means[self._numbers(end)], given[0][1]) for end in member.ends]

    def weights(self, context: BindContext) -> NDArray[np.float64]:
        """Weights of each pair in means over a step, see `means_over_step`; kept, since they are asked for often."""
        changes, makes, rates = self._rates(context)
        key = (context.dt, rates.tobytes())
        if self._spare.get("key") != key:
            self._spare["weights"] = means_over_step(self.pieces, self.size, changes, makes, rates, context.dt)
            self._spare["key"] = key
        weights: NDArray[np.float64] = self._spare["weights"]
        return weights

    def means(self, trace: Trace, end: End) -> _Means:
        """Means over the step of all neurons of an end, solved together."""
        own: Traced = self._latest(end)
        own_later = _ahead(trace, end, own)
        coarse, fine = own, 0.5 * (own + own_later)
        for other in self.ends.values():
            lot = self._lot(end, other)
            if lot is None:
                continue
            theirs: Traced = own if other is end else self._latest(other)
            now, later = (
                lot.difference(trace, theirs, own),
                lot.difference(trace, _ahead(trace, other, theirs), own_later),
            )
            held, first, last = (Traced(trace, trace.param(share, share.spec(lot.of.shape))) for share in lot.shares)
            coarse = coarse + lot.delivered(now * held)
            fine = fine + lot.delivered(now * first + later * last)
        return _Means(as_node(trace, coarse), as_node(trace, fine))

    def _latest(self, end: End) -> Any:
        """All neurons of an end, as of the last step."""
        owner = next(member for member in self.members if any(one.key == end.key for one in member.ends))
        return owner.latest(end)

    def _lot(self, end: End, other: End) -> _Lot | None:
        """Pairs whose first neuron is of one end and whose second is of another; None where there are none."""
        key = ("lot", end.key, other.key)
        if key not in self._spare:
            inside = []
            for numbers, here in zip(self.pairs, (end, other), strict=True):
                start = self.starts[here.key]
                inside.append((numbers >= start) & (numbers < start + here.module.num))
            chosen = np.flatnonzero(inside[0] & inside[1])
            of, towards = self.pairs[0][chosen] - self.starts[end.key], self.pairs[1][chosen] - self.starts[other.key]
            made = None
            if chosen.size:
                comm = Edges(chosen.size, end.module.varshape, np.arange(chosen.size), of)
                delivery = Delivery(self.members[0], comm, None, end.module.varshape)
                shares = [_Share(self, row, chosen) for row in range(3)]
                made = _Lot(of, towards, delivery, shares, end.is_each(of) and other.is_each(towards))
            self._spare[key] = made
        found: _Lot | None = self._spare[key]
        return found


@dataclass(frozen=True, eq=False)
class _Share:
    """Weights of some pairs in a mean over a step, as a parameter of the step: a row of `Group.weights`."""

    group: Group
    row: int
    chosen: NDArray[np.int64]

    def spec(self, shape: tuple[int, ...]) -> ParamSpec:
        """What binds it."""
        return ParamSpec(f"{self.group.members[0].path}.share", shape, "real", DIMENSIONLESS, self.fetch)

    def fetch(self, context: BindContext) -> NDArray[np.float64]:
        """The weights."""
        weights: NDArray[np.float64] = self.group.weights(context)[self.row][self.chosen]
        return weights


@dataclass(frozen=True, eq=False)
class _Lot:
    """Pairs of neurons of two ends: their numbers, how what is found for pairs comes to the first, and weights.

    Where each neuron has a partner of its own number, nothing needs to be looked for or delivered.
    """

    of: NDArray[np.int64]
    towards: NDArray[np.int64]
    delivery: Delivery
    shares: list[_Share]
    one_to_one: bool

    def difference(self, trace: Trace, theirs: Traced, own: Traced) -> Traced:
        """How much higher the second ones are."""
        if self.one_to_one:
            difference: Traced = theirs - own
            return difference
        apart: Traced = _choose(trace, theirs, self.towards) - _choose(trace, own, self.of)
        return apart

    def delivered(self, found: Traced) -> Traced:
        """What is found for pairs, where it belongs."""
        brought: Traced = found if self.one_to_one else self.delivery(found)
        return brought


def find_means(trace: Trace, end: End, latest: Callable[[], Any], group: Group | None) -> Traced:
    """What the junctions at an end read, one for each: the mean over the step of the potentials there.

    It follows from the start of the step; a finer one from its end as well, where lowering looks ahead to that.
    """
    noted, key = trace.notes(_Notes), (id(group), end.key)
    if key not in noted.means:
        noted.means[key] = _held_means(trace, end, latest()) if group is None else group.means(trace, end)
    each = end.is_each(end.ids)
    coarse, fine = (trace.emit("identity", node) if each else trace.take(node, end.ids) for node in noted.means[key])
    trace.step.finer[coarse] = fine
    return Traced(trace, coarse)


def _held_means(trace: Trace, end: End, own: Traced) -> _Means:
    """Means of neurons whose coupling is held over a step."""
    return _Means(as_node(trace, own), as_node(trace, 0.5 * (own + _ahead(trace, end, own))))


def _ahead(trace: Trace, end: End, own: Traced) -> Traced:
    """What stands for a state at the end of the step."""
    made = trace.notes(_Notes).ahead
    if end.key not in made:
        state = end.module.state(end.state)
        made[end.key] = trace.emit("identity", as_node(trace, own))
        trace.step.ahead[made[end.key]] = trace.state_index(state, state.spec)
    return Traced(trace, made[end.key])


def eager_group(member: GapJunction, context: BindContext) -> Group | None:
    """The group of a gap junction in calls outside of a trace.

    Populations are traced with gap junctions as their only inputs, apart from what the calls keep; None where
    they cannot be, such as for an update that takes an argument.
    """

    def made() -> Group | None:
        members, ends = _reach(member)
        trace = Trace("eager")
        trace.notes(ModelNotes).context = context
        with trace.recording(), environ.context(dt=join(context.dt, TIME)):
            with ExitStack() as others:
                for end in ends:
                    others.enter_context(end.current_inputs.set_aside())
                    others.enter_context(end.delta_inputs.set_aside())
                for part in (*members, *ends):
                    part.update()  # without hooks, which act on what the calls keep
            settle(trace)
        return groups_of(trace).get(id(member))

    try:
        return Context().run(made)
    except UnstableCouplingError:
        raise
    except (NumbadynError, TypeError):
        return None


def _reach(member: GapJunction) -> tuple[list[GapJunction], list[Dynamics]]:
    """Gap junctions without delay that act on each other, and their populations."""
    members, ends = [member], list(dict.fromkeys(end.module for end in member.ends))
    for end in ends:
        for one in end.arriving_projections:
            if one not in members and getattr(one, "acts_at_once", False):
                members.append(one)  # type: ignore[arg-type]
                ends.extend(other.module for other in members[-1].ends if other.module not in ends)
    return sorted(members, key=lambda one: one.serial), ends


def _choose(trace: Trace, value: Traced, elements: NDArray[np.int64]) -> Traced:
    return Traced(trace, trace.take(as_node(trace, value), elements))


def _group_of(trace: Trace, members: list[GapJunction]) -> Group | None:
    """Gap junctions with all that turns their currents into slopes; None where that cannot be found."""
    gains: dict[tuple[int, str], Gain] = {}
    for member in members:
        for end, delivery in zip(member.ends, reversed(member.deliveries), strict=True):
            if end.key not in gains:
                state = end.module.state(end.state)
                gain = gain_of(trace, trace.state_index(state, state.spec), delivery.rule)
                if gain is None:
                    return None
                gains[end.key] = gain
    return Group(members, gains)
