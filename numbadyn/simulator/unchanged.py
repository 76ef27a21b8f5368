"""Whether a network still is what a simulator was made of.

In: a network when it is traced, and later.  Out: an error that names what has changed.  Must not know: targets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import FixedAttributeError, SchedulingError
from numbadyn.ir.nodes import BindContext, Lookup, Node, Step
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.step import same_lookup
from numbadyn.simulator.plain import library_class, plain_values
from numbadyn.tracing.stored import is_mapped

__all__ = ["PlainAttributes", "Wiring"]


class Wiring:
    """The modules of a network and what they are wired with, as they were when its step was traced.

    Parameters
    ----------
    network : Module
        The network.
    """

    def __init__(self, network: Module) -> None:
        self._network = network
        self._built = [(module, module.wiring()) for module in walk(network)]
        self._sizes = [(module, _size(module)) for module, _ in self._built]

    def check(self) -> None:
        """Refuse to run what is no longer the network that the user sees."""
        now = {id(module): module for module in walk(self._network)}
        built = {id(module): wiring for module, wiring in self._built}
        changed = [
            module
            for key, module in now.items()
            if key not in built or list(map(id, built[key])) != list(map(id, module.wiring()))
        ]
        changed += [module for module, size in self._sizes if _size(module) != size]
        gone = [module for module, _ in self._built if id(module) not in now]
        for module in (*changed, *gone):
            how = "taken out of the network" if module in gone else "added" if id(module) not in built else "changed"
            raise SchedulingError(
                f"{module.path} was {how} after the simulator was built.",
                where=module.path,
                cure="Make a new nd.Simulator; hooks, inputs, projections and populations come before it, and "
                "parameters are changed by x.tau.value = ...",
                how=how,
            )


def _size(module: Module) -> Any:
    return getattr(module, "in_size", None)


class PlainAttributes:
    """Numbers, flags and arrays that a step may have been traced with, and that nobody tells of a change.

    Parameters
    ----------
    network : Module
        The network.
    """

    def __init__(self, network: Module) -> None:
        self._network = network
        self._values = plain_values(network)

    def check(self, step: Step, context: BindContext, trace: Callable[[], Step]) -> bool:
        """Refuse to run a step that would be another one if it was traced now; gives whether anything has changed.

        Parameters
        ----------
        step : Step
            The prepared step.
        context : BindContext
            What it is bound to.
        trace : callable
            Traces and prepares it anew.

        Raises
        ------
        FixedAttributeError
            An attribute has changed that the step has used, or that has no effect on a module of this package.
        """
        now = plain_values(self._network)
        if now == self._values:
            return False
        changed = [key for key in {**self._values, **now} if self._values.get(key) != now.get(key)]
        names = {id(module): module for module in walk(self._network)}
        if not same_step(step, trace(), context):
            raise _used([self._named(names, *key) for key in changed])
        for owner, attribute in changed:
            if owner in names and library_class(type(names[owner])) and not attribute.startswith("_"):
                raise _unknown(names[owner], attribute)
        self._values = now
        return True

    @staticmethod
    def _named(modules: dict[int, Module], owner: int, attribute: str) -> str:
        return f"{modules[owner].path}.{attribute}" if owner in modules else attribute


def _used(names: list[str]) -> FixedAttributeError:
    shown = " or ".join(names[:3]) + (" or others" if len(names) > 3 else "")
    attribute = names[0].rpartition(".")[2]
    return FixedAttributeError(
        f"{shown} has changed since the step was traced, which has used the value of then.",
        where=names[0],
        cure=f"Make it a parameter, self.{attribute} = nd.Parameter(...), which is changed between runs by "
        f"x.{attribute}.value = ... (a TimedArray by x.{attribute}.values = ...); or make a new nd.Simulator.",
        shown=shown,
    )


def _unknown(module: Module, attribute: str) -> FixedAttributeError:
    parameters = [name for name, value in vars(module).items() if hasattr(value, "content")]
    return FixedAttributeError(
        f"{module.path}.{attribute} was assigned after the simulator was built, which has no effect.",
        where=f"{module.path}.{attribute}",
        cure=f"Parameters of a {type(module).__name__} are changed by their value: {', '.join(parameters) or 'none'}; "
        "for anything else make a new network and a new nd.Simulator.",
        attribute=attribute,
    )


def same_step(old: Step, new: Step, context: BindContext) -> bool:
    """Whether two prepared steps of one network compute the same; names of modules and random streams may differ."""
    if len(old.nodes) != len(new.nodes) or old.writes != new.writes:
        return False
    if len(new.channels) > len(old.channels) or len(old.states) != len(new.states):
        return False
    if any(a.owner is not b.owner for a, b in zip(old.states, new.states, strict=True)):
        return False
    if any(a.owner is not b.owner for a, b in zip(old.connections, new.connections, strict=False)):
        return False
    if len(old.lookups) != len(new.lookups) or not all(
        _same_table(a, b, context) for a, b in zip(old.lookups, new.lookups, strict=True)
    ):
        return False
    return all(_same_node(old, new, a, b, context) for a, b in zip(old.nodes, new.nodes, strict=True))


def _same_node(old: Step, new: Step, a: Node, b: Node, context: BindContext) -> bool:
    if (a.op, a.args, a.shape, a.kind, a.dimension) != (b.op, b.args, b.shape, b.kind, b.dimension):
        return False
    if a.traits.parameter:
        values = (step.params[node.attrs["index"]].fetch(context) for step, node in ((old, a), (new, b)))
        return _equal(*values)
    if a.traits.lookup:
        return same_lookup(old, a, new, b) and a.attrs == b.attrs
    return {**a.attrs, "stream": 0} == {**b.attrs, "stream": 0}


def _same_table(old: Lookup, new: Lookup, context: BindContext) -> bool:
    """Whether two tables are one; those that stand in the model's code are when they hold the same."""
    a, b = old.fetch(context), new.fetch(context)
    if not (old.literal and new.literal):
        return a is b
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return a.__array_interface__["data"] == b.__array_interface__["data"] or (not is_mapped(a) and _equal(a, b))


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
