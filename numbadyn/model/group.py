"""Containers and their order of execution: projections, then dynamics, then other modules, at any depth.

In: modules as attributes, in any order.  Out: an order of calls.  Must not know: what the modules do.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, TypeGuard

from numbadyn.errors import ConnectivityError, SchedulingError
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.module import Module
from numbadyn.model.order import Schedule, calling, read_order, scheduled, sort_leaves
from numbadyn.model.seams import explain_network
from numbadyn.model.stepping import entering, stepping
from numbadyn.tracing.positions import users_line
from numbadyn.tracing.trace import current_trace

__all__ = ["DynamicsGroup", "Projection"]


class Projection(Module):
    """Base class of what carries signals between populations; runs before all dynamics of a step.

    Notes
    -----
    Without an `update` of its own, a projection runs the modules in it, in the order of a `DynamicsGroup`, at its own
    place in the step. It gives them the arguments that it is called with.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> class Both(nd.Projection):
    ...     def __init__(self, a, b):
    ...         super().__init__()
    ...         self.there = nd.DeltaProj(a, comm=nd.OneToOne(a, b, weight=1 * mV), post=b)
    ...         self.back = nd.DeltaProj(b, comm=nd.OneToOne(b, a, weight=1 * mV), post=a)
    """

    #: As of a `DynamicsGroup`.
    order: ClassVar[Sequence[str]] = ()

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._made_on = users_line()

    def note_removal(self) -> None:
        """End on no population any more, so that nobody misses this projection there."""
        for end in (vars(self).get("_pre"), vars(self).get("_post")):
            if isinstance(end, Dynamics):
                end.arriving_projections.discard(self)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Call the modules in this one.

        Raises
        ------
        ConnectivityError
            There are none.
        SchedulingError
            As of a `DynamicsGroup`.
        """
        schedule = _schedule_of(self)
        if not schedule.leaves:
            raise ConnectivityError(
                f"{self.path} has nothing to run: {type(self).__name__} has no update method, and no modules in it.",
                where=self.path,
                cure="Write one, `def update(self): ...`, or assign projections to its attributes.",
                path=self.path,
                type=type(self).__name__,
            )
        _run(schedule, args, kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One time step; arguments are those of `update`."""
        with entering(self, "projection", ()), calling(self):
            return self.update(*args, **kwargs)


class DynamicsGroup(Module):
    """A network or a part of one: holds modules as attributes and updates them in order.

    Notes
    -----
    Without an `update` of its own, a group runs everything in it, and in the groups in it, in the order: projections,
    dynamics, other modules; within each in the order of names. A subgroup with an `update` of its own counts as
    one dynamical system.

    The order of assignment never changes a result, random numbers included. Where two modules of one rank touch one
    state, and one of the two writes it, the group must say which of them runs first, by ``order = ("A", "B")``, names
    of attributes, in the class or the instance. Inputs and jumps of several projections are added, and need no order.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> class Net(nd.DynamicsGroup):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.A = nd.LIF(3)
    ...         self.A2A = nd.DeltaProj(self.A, comm=nd.OneToOne(3, 3, weight=1 * mV), post=self.A)
    >>> [module.path for module in nd.init_all_states(Net()).schedule()]
    ['Net.A2A', 'Net.A']
    """

    #: Names of attributes whose modules run in this order, where they have one rank and touch one state.
    order: ClassVar[Sequence[str]] = ()

    def schedule(self) -> list[Module]:
        """The modules that a step calls, in order.

        Raises
        ------
        SchedulingError
            A group contains itself, or what groups say about the order contradicts itself.
        """
        return list(_schedule_of(self).leaves)

    def explain(self, dt: Any) -> str:
        """What a step of this network does: order, hooks, connections, delays in steps, states with units, buffers.

        Parameters
        ----------
        dt : quantities.Quantity
            Time step.

        Returns
        -------
        str
            Text for reading; the same as `Simulator.explain`, without running anything. Names stay as they are, and a
            part of a network is shown under those that it has there. Projections onto it from outside are no part of
            it: they are named at the end.
        """
        return explain_network(self, dt)

    def _enter(self) -> AbstractContextManager[None]:
        """A group is where its parts run; it has no place of its own in the step."""
        return stepping() if current_trace() is None else nullcontext()

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Call all modules in order.

        Raises
        ------
        SchedulingError
            The group is empty; a module is called by the group and by another module too; or two modules of one rank
            touch one state, one of the two writes it, and nobody says which runs first.
        """
        schedule = _schedule_of(self)
        if not schedule.leaves:
            raise SchedulingError(
                f"{self.path} is empty.",
                where=self.path,
                cure="Assign populations and projections to its attributes.",
                path=self.path,
            )
        _run(schedule)


def _run(schedule: Schedule, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> None:
    """Call modules in order, and check what they touch."""
    with scheduled(schedule):
        for module in schedule.leaves:
            schedule.current = module
            module(*args, **(kwargs or {}))


def _schedule_of(holder: Module) -> Schedule:
    """What a group or a projection runs, in order."""
    leaves: list[Module] = []
    said: list[tuple[list[Any], list[Any]]] = []
    _collect(holder, leaves, [], said)
    return sort_leaves(leaves, _rank, said)


def _collect(holder: Any, leaves: list[Module], above: list[Module], said: list[Any]) -> None:
    """Add what a module holds, and the groups in it hold, to the leaves, and what they say to the orders."""
    if holder in above:
        names = " -> ".join(group.path for group in [*above[above.index(holder) :], holder])
        raise SchedulingError(
            f"A group contains itself: {names}.",
            where=holder.path,
            cure="Take the inner reference out, or keep it in a name that starts with an underscore.",
            names=names,
        )
    for _name, child in holder.children():
        if _runs_its_parts(child):
            _collect(child, leaves, [*above, holder], said)
        elif child not in leaves and not child.driven:
            leaves.append(child)
    if len(holder.order):
        said += read_order(holder, _leaves_of)


def _rank(leaf: Module) -> int:
    return 0 if isinstance(leaf, Projection) else 1 if isinstance(leaf, Dynamics | DynamicsGroup) else 2


def _runs_its_parts(module: Module) -> TypeGuard[DynamicsGroup]:
    """Whether it is a group without an update of its own."""
    own = "update" in vars(module) or type(module).update is not DynamicsGroup.update
    return isinstance(module, DynamicsGroup) and not own


def _leaves_of(module: Module) -> list[Module]:
    """What a group would run for an attribute."""
    if not _runs_its_parts(module):
        return [] if module.driven else [module]
    leaves: list[Module] = []
    _collect(module, leaves, [], [])
    return leaves
