"""The order of a step: who runs before whom, and whether that is said or changes the result unsaid.

In: the modules that a group runs, calls, reads and writes while a step is made.  Out: an order, or a `SchedulingError`
that names the modules.  Must not know: what the modules compute.

Between ranks (projections, dynamics, others) the order is always the same. Inside a rank modules run in the order of
their names, and it does not matter as long as no two of them touch one thing that one of them writes: a state of one of
the two, or of a third. Where they do, the group must say the order. Inputs that are registered under keys of their own
are no such thing, since all are added; the order of names fixes the last bit of their sum.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from numbadyn.errors import SchedulingError
from numbadyn.model.notes import ModelNotes
from numbadyn.model.streams import drawing
from numbadyn.tracing.trace import current_trace

__all__ = ["Schedule", "calling", "note_touch", "read_order", "scheduled", "sort_leaves"]

_SCHEDULE: ContextVar[Schedule | None] = ContextVar("numbadyn_schedule", default=None)
_CALLS: ContextVar[tuple[Any, ...]] = ContextVar("numbadyn_calls", default=())


@dataclass(frozen=True, slots=True)
class _Use:
    """A module has read or written something, its own or that of another one."""

    toucher: Any
    place: str
    writes: bool


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
    touches: dict[tuple[int, str], dict[int, _Use]] = field(default_factory=dict)

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

    def touch(self, module: Any, item: str, writes: bool) -> None:
        """Note that the module being run reads or writes something of a module."""
        if self.current is None:
            return
        found = self.touches.setdefault((id(module), item), {})
        owner, trace = self.owners.get(id(module)), current_trace()
        known = found.get(id(self.current))
        if known is None or writes > known.writes:
            place = str(trace.here) if trace is not None and owner is not self.current else self.current.path
            found[id(self.current)] = _Use(self.current, place, writes)
        if writes and owner is not None and id(owner) not in found:
            found[id(owner)] = _Use(owner, owner.path, False)  # it uses what is written to it

    def _follows(self, one: _Use, other: _Use) -> bool:
        """Whether it follows from ranks or from what a group says which of the two comes first."""
        a, b = id(one.toucher), id(other.toucher)
        return self.ranks[a] != self.ranks[b] or a in self.before[b] or b in self.before[a]

    def check(self) -> None:
        """Refuse an order that nobody has said and that changes the result."""
        for (module, item), found in self.touches.items():
            for one in (touch for touch in found.values() if touch.writes):
                for other in found.values():
                    if other is not one and not self._follows(one, other):
                        raise _order_error(item, *self._name_first(module, one, other), self.ranks[id(one.toucher)])

    def _name_first(self, module: int, one: _Use, other: _Use) -> tuple[_Use, _Use]:
        """Of two touches the one to be named first, that of a stranger, and the other one."""
        owner = self.owners.get(module)
        return (other, one) if one.toucher is owner else (one, other)


def _order_error(item: str, one: _Use, other: _Use, rank: int) -> SchedulingError:
    verb, does = ("writes" if one.writes else "reads"), ("changes" if other.writes else "uses")
    return SchedulingError(
        f"{one.toucher.path} {verb} {item}, which {other.toucher.path} {does} in the same step; nobody says which of "
        "the two runs first, and the result depends on it.",
        where=one.place,
        cure=_how_to_say(str(other.toucher.path), str(one.toucher.path))
        + ("" if rank == 0 else ", or read it in a projection, which runs before dynamics and other modules")
        + ", or write the group's update.",
        verb=verb,
        item=item,
        does=does,
    )


def _how_to_say(first: str, second: str) -> str:
    """How the order of two modules is said, in the innermost group that holds both."""
    pairs = list(zip(first.split("."), second.split("."), strict=False))
    depth = next((k for k, (one, other) in enumerate(pairs) if one != other), len(pairs) - 1)
    group, names = ".".join(first.split(".")[:depth]), tuple(name.split("[")[0] for name in pairs[depth])
    if names[0] == names[1]:
        return f"Hold both in attributes of {group} of their own, and say it there by order = (...)"
    return f"Say it in {group}, order = {names!r} or the other way round"


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
            module=module.path,
            names=names,
        )
    schedule = _SCHEDULE.get()
    while schedule is not None and calls:
        runner, leaf = schedule.current, schedule.owners.get(id(module))
        if leaf is not None and leaf is module and runner is not None and runner is not module:
            raise SchedulingError(
                f"{leaf.path} is stepped by {runner.path} and by its group, so twice in a step.",
                where=leaf.path,
                cure="Set `driven = True` on it, hold it in a name that starts with an underscore, or do not call it.",
                leaf=leaf.path,
                runner=runner.path,
            )
        schedule = schedule.outer
    trace = current_trace()
    if trace is not None:
        trace.notes(ModelNotes).run[id(module)] = module
    token = _CALLS.set((*calls, module))
    try:
        with drawing(module):
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


def read_order(group: Any, leaves_of: Callable[[Any], list[Any]]) -> list[tuple[list[Any], list[Any]]]:
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
            group=group.path,
            names=names,
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
                name=name,
            )
        found.append(leaves)
    return [(found[k], later) for k in range(len(found)) for later in found[k + 1 :]]


def sort_leaves(leaves: list[Any], rank: Callable[[Any], int], said: list[tuple[list[Any], list[Any]]]) -> Schedule:
    """Order leaves by rank, then as groups say, then as they come: by name.

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
                one=one.path,
                other=other.path,
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
                names=names,
            )
    return before
