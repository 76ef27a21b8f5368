"""The order of a step: who runs before whom, and whether that is said or follows from the order of attributes alone.

In: the modules that a group runs, calls, reads and writes while a step is made.  Out: an order, or a `SchedulingError`
that names the modules.  Must not know: what the modules compute.

Between ranks (projections, dynamics, others) the order is always the same. Inside a rank it does not matter as long as
no module touches what belongs to another one. Where one does, the result would follow from the order in which
attributes were assigned, so the group must say the order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from numbadyn.errors import SchedulingError
from numbadyn.tracing.trace import current_trace

__all__ = ["Schedule", "calling", "note_touch", "said_order", "scheduled", "sorted_leaves"]

_SCHEDULE: ContextVar[Schedule | None] = ContextVar("numbadyn_schedule", default=None)
_CALLS: ContextVar[tuple[Any, ...]] = ContextVar("numbadyn_calls", default=())


@dataclass(frozen=True, slots=True)
class _Touch:
    """A module has read or written something of another one."""

    reader: Any
    owner: Any
    item: str
    writes: bool
    place: str


@dataclass(slots=True)
class Schedule:
    """Modules that a group without an `update` of its own runs.

    Parameters
    ----------
    leaves : list of Module
        In order.
    ranks : dict
        id of a leaf -> rank.
    before : dict
        id of a leaf -> ids of the leaves that are said to run before it.
    """

    leaves: list[Any]
    ranks: dict[int, int]
    before: dict[int, set[int]]
    current: Any = None
    outer: Schedule | None = None
    owners: dict[int, Any] = field(default_factory=dict)
    touches: list[_Touch] = field(default_factory=list)
    written: set[tuple[int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.owners = {id(leaf): leaf for leaf in self.leaves}
        # what hangs on a population by its hooks and inputs belongs to it, whatever projection holds it too
        for leaf in sorted(self.leaves, key=lambda leaf: self.ranks[id(leaf)] != 1):
            queue = deque([leaf])
            while queue:
                for _name, child in queue.popleft().children():
                    if id(child) not in self.owners:
                        self.owners[id(child)] = leaf
                        queue.append(child)

    def _said(self, one: Any, other: Any) -> bool:
        """Whether a group says which of two leaves runs first."""
        return id(one) in self.before.get(id(other), ()) or id(other) in self.before.get(id(one), ())

    def touch(self, module: Any, item: str, writes: bool) -> None:
        """Note that the module being run reads or writes something of a module."""
        owner = self.owners.get(id(module))
        if owner is None or self.current is None:
            return
        if owner is not self.current:
            trace = current_trace()
            place = self.current.path if trace is None else str(trace.here)
            self.touches.append(_Touch(self.current, owner, item, writes, place))
        elif writes:
            self.written.add((id(owner), item))

    def check(self) -> None:
        """Refuse an order that nobody has said and that changes the result."""
        for touch in self.touches:
            if self.ranks[id(touch.reader)] != self.ranks[id(touch.owner)] or self._said(touch.reader, touch.owner):
                continue
            if not touch.writes and (id(touch.owner), touch.item) not in self.written:
                continue
            verb = "writes" if touch.writes else "reads"
            one, other = touch.reader.path, touch.owner.path
            raise SchedulingError(
                f"{one} {verb} {touch.item}, which {other} changes in the same step; which of the two runs first is "
                "said by the order of attributes alone.",
                where=touch.place,
                cure=f"Say it in the group, order = ({_name(touch.owner)!r}, {_name(touch.reader)!r}) or the other way "
                "round; or read it in a projection, which runs before both; or write the group's update.",
            )


def _name(module: Any) -> str:
    return str(module.path).rsplit(".", 1)[-1]


@contextmanager
def scheduled(schedule: Schedule) -> Iterator[None]:
    """Run the modules of a schedule; what they touch is noted and checked at the end."""
    schedule.outer = _SCHEDULE.get()
    token = _SCHEDULE.set(schedule)
    try:
        yield
    finally:
        _SCHEDULE.reset(token)
    schedule.check()


@contextmanager
def calling(module: Any) -> Iterator[None]:
    """Mark that a module is being called.

    Raises
    ------
    SchedulingError
        It is being called already; or a group runs it, and another module calls it too.
    """
    calls = _CALLS.get()
    if any(module is other for other in calls):
        names = " -> ".join(other.path for other in (*calls[calls.index(module) :], module))
        raise SchedulingError(
            f"{module.path} is called again while it is being updated: {names}.",
            where=module.path,
            cure="Take the call out of its update or hook; what another module needs of it, it reads by a reference.",
        )
    schedule = _SCHEDULE.get()
    leaf = schedule is not None and schedule.owners.get(id(module)) is module
    if schedule is not None and leaf and calls and schedule.current is not None and schedule.current is not module:
        raise SchedulingError(
            f"{module.path} is stepped by {schedule.current.path} and by its group, so twice in a step.",
            where=module.path,
            cure="Set `driven = True` on it, hold it in a name that starts with an underscore, or do not call it.",
        )
    token = _CALLS.set((*calls, module))
    try:
        yield
    finally:
        _CALLS.reset(token)


def note_touch(module: Any, item: str, *, writes: bool = False) -> None:
    """Note that something of a module is read or written, such as the state ``V`` or the output.

    Parameters
    ----------
    module : Module or None
        Whose it is.
    item : str
        Name of a state; ``output``; ``input key``.
    writes : bool
        Whether it is written.
    """
    schedule = _SCHEDULE.get()
    while schedule is not None and module is not None:
        schedule.touch(module, f"{module.path}.{item}", writes)
        schedule = schedule.outer


# ---- what groups say -------------------------------------------------------------------------------------------------


def said_order(group: Any, leaves_of: Callable[[Any], list[Any]]) -> list[tuple[list[Any], list[Any]]]:
    """Pairs (these leaves, run before those) that the `order` of a group says.

    Parameters
    ----------
    group : DynamicsGroup
        With an attribute ``order``, names of attributes.
    leaves_of : callable
        Gives the leaves behind a module.

    Raises
    ------
    SchedulingError
        `order` is no sequence of names, or names what is not there.
    """
    names: Any = group.order
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise SchedulingError(
            f"order of {group.path} is {names!r}.",
            where=f"{group.path}.order",
            cure="Give names of attributes, first the one that runs first: order = ('A', 'B').",
        )
    children = list(group.children())
    found: list[list[Any]] = []
    for name in names:
        leaves = [leaf for key, child in children if key.split("[")[0] == name for leaf in leaves_of(child)]
        if not leaves:
            known = ", ".join(dict.fromkeys(key.split("[")[0] for key, _child in children))
            raise SchedulingError(
                f"order of {group.path} names {name!r}, but no module of this name runs in it.",
                where=f"{group.path}.order",
                cure=f"Its modules are: {known or 'none'}.",
            )
        found.append(leaves)
    return [(found[k], later) for k in range(len(found)) for later in found[k + 1 :]]


def sorted_leaves(leaves: list[Any], rank: Callable[[Any], int], said: list[tuple[list[Any], list[Any]]]) -> Schedule:
    """Order leaves by rank, then as groups say, then as they come.

    Raises
    ------
    SchedulingError
        What groups say contradicts itself, or the ranks.
    """
    ranks = {id(leaf): rank(leaf) for leaf in leaves}
    before = _precedence(leaves, ranks, said)
    ordered: list[Any] = []
    done: set[int] = set()
    waiting = sorted(leaves, key=rank)
    while waiting:
        ready = next(leaf for leaf in waiting if before[id(leaf)] <= done)
        waiting.remove(ready)
        ordered.append(ready)
        done.add(id(ready))
    return Schedule(ordered, ranks, before)


def _precedence(
    leaves: list[Any], ranks: dict[int, int], said: list[tuple[list[Any], list[Any]]]
) -> dict[int, set[int]]:
    """Who is said to run before whom, by way of others too."""
    before: dict[int, set[int]] = {id(leaf): set() for leaf in leaves}
    paths = {id(leaf): leaf.path for leaf in leaves}
    for one, other in ((one, other) for earlier, later in said for one in earlier for other in later):
        if ranks[id(one)] > ranks[id(other)]:
            raise SchedulingError(
                f"{one.path} is said to run before {other.path}, but projections run before dynamics, and dynamics "
                "before other modules.",
                where=one.path,
                cure="Leave them out of order, or write the group's update.",
            )
        if one is not other:
            before[id(other)].add(id(one))
    for middle in before if said else ():
        for ids in before.values():
            if middle in ids:
                ids |= before[middle]
    for key, ids in before.items():
        if key in ids:
            names = sorted(paths[k] for k in ids if key in before[k])
            raise SchedulingError(
                f"The order runs in a circle: {', '.join(names)} are each said to run before the others.",
                where=paths[key],
                cure="Take one of them out of the order of its group.",
            )
    return before
