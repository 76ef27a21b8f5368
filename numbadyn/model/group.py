"""Containers and their order of execution: projections, then dynamics, then other modules, at any depth.

In: modules as attributes, in any order.  Out: an order of calls.  Must not know: what the modules do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numbadyn.errors import SchedulingError
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.module import Module
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
            with stepping():
                return self.update(*args, **kwargs)
        outermost = not trace.notes.get("inside", False)
        trace.notes["inside"] = True
        if outermost:
            trace.step.order.append((self.path, "projection"))
        try:
            with trace.module(self.path, (), outermost=outermost):
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

    def schedule(self) -> list[Module]:
        """The modules that a step calls, in order.

        Raises
        ------
        SchedulingError
            A group contains itself.
        """
        leaves: list[Module] = []
        self._collect(leaves, [])
        ranks = {
            id(leaf): 0 if isinstance(leaf, Projection) else 1 if isinstance(leaf, Dynamics | DynamicsGroup) else 2
            for leaf in leaves
        }
        return sorted(leaves, key=lambda leaf: ranks[id(leaf)])

    def _collect(self, leaves: list[Module], above: list[DynamicsGroup]) -> None:
        if self in above:
            names = " -> ".join(group.path for group in [*above[above.index(self) :], self])
            raise SchedulingError(
                f"A group contains itself: {names}.",
                where=self.path,
                cure="Take the inner reference out, or keep it in a name that starts with an underscore.",
            )
        for _name, child in self.children():
            if isinstance(child, DynamicsGroup) and type(child).update is DynamicsGroup.update:
                child._collect(leaves, [*above, self])
            elif child not in leaves and not child.driven:
                leaves.append(child)

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
        """Call all modules in order."""
        modules = self.schedule()
        if not modules:
            raise SchedulingError(
                f"{self.path} is empty.", where=self.path, cure="Assign populations and projections to its attributes."
            )
        for module in modules:
            module()
