"""Containers and their order of execution: projections, then dynamics, then other modules, at any depth.

In: modules as attributes, in any order.  Out: an order of calls.  Must not know: what the modules do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeGuard

from numbadyn.errors import SchedulingError
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.module import Module
from numbadyn.model.order import Schedule, calling, said_order, scheduled, sorted_leaves
from numbadyn.model.values import stepping
from numbadyn.tracing.trace import current_trace

__all__ = ["DynamicsGroup", "Projection", "set_explainer"]


_EXPLAINERS: list[Callable[[Any, Any], str]] = []


def set_explainer(explainer: Callable[[Any, Any], str]) -> None:
    """Say who explains a network: the layers above, which this one does not know."""
    _EXPLAINERS[:] = [explainer]


def explained(network: Any, dt: Any) -> str:
    """Text of the explainer."""
    return _EXPLAINERS[0](network, dt)


class Projection(Module):
    """Base class of what carries signals between populations; runs before all dynamics of a step."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One time step; arguments are those of `update`."""
        trace = current_trace()
        if trace is None:
            with stepping(), calling(self):
                return self.update(*args, **kwargs)
        outermost = not trace.notes.get("inside", False)
        trace.notes["inside"] = True
        if outermost:
            trace.step.order.append((self.path, "projection"))
        try:
            with trace.module(self.path, (), outermost=outermost), calling(self):
                return self.update(*args, **kwargs)
        finally:
            trace.notes["inside"] = not outermost


class DynamicsGroup(Module):
    """A network or a part of one: holds modules as attributes and updates them in order.

    Notes
    -----
    Without an `update` of its own, a group runs everything in it, and in the groups in it, in the order: projections,
    dynamics, other modules; within each in the order of assignment. A subgroup with an `update` of its own counts as
    one dynamical system.

    The order of assignment never changes a result: where two modules of one rank touch each other's states, the group
    must say which of them runs first, by ``order = ("A", "B")``, names of attributes, in the class or the instance.

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

    #: Names of attributes whose modules run in this order, where they have one rank and touch each other's states.
    order: ClassVar[Sequence[str]] = ()

    def schedule(self) -> list[Module]:
        """The modules that a step calls, in order.

        Raises
        ------
        SchedulingError
            A group contains itself, or what groups say about the order contradicts itself.
        """
        return list(self._schedule().leaves)

    def _schedule(self) -> Schedule:
        leaves: list[Module] = []
        said: list[tuple[list[Any], list[Any]]] = []
        self._collect(leaves, [], said)
        return sorted_leaves(leaves, _rank, said)

    def _collect(self, leaves: list[Module], above: list[DynamicsGroup], said: list[Any]) -> None:
        if self in above:
            names = " -> ".join(group.path for group in [*above[above.index(self) :], self])
            raise SchedulingError(
                f"A group contains itself: {names}.",
                where=self.path,
                cure="Take the inner reference out, or keep it in a name that starts with an underscore.",
            )
        for _name, child in self.children():
            if _runs_its_parts(child):
                child._collect(leaves, [*above, self], said)
            elif child not in leaves and not child.driven:
                leaves.append(child)
        if len(self.order):
            said += said_order(self, _leaves_of)

    def explain(self, dt: Any) -> str:
        """What a step of this network does: order, hooks, connections, delays in steps, states with units, buffers.

        Parameters
        ----------
        dt : quantities.Quantity
            Time step.

        Returns
        -------
        str
            Text for reading; the same as `Simulator.explain`, without running anything.
        """
        return explained(self, dt)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Call all modules in order.

        Raises
        ------
        SchedulingError
            The group is empty; a module is called by the group and by another module too; or two modules of one rank
            touch each other's states, and nobody says which runs first.
        """
        schedule = self._schedule()
        if not schedule.leaves:
            raise SchedulingError(
                f"{self.path} is empty.", where=self.path, cure="Assign populations and projections to its attributes."
            )
        with scheduled(schedule):
            for module in schedule.leaves:
                schedule.current = module
                module()


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
    module._collect(leaves, [], [])
    return leaves
