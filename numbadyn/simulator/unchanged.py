"""Whether a network still is what a simulator was made of.

In: a network when it is traced, and later.  Out: an error that names what has changed.  Must not know: targets.
"""

from __future__ import annotations

from numbadyn.errors import SchedulingError
from numbadyn.model.module import Module
from numbadyn.model.naming import walk

__all__ = ["Wiring"]


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

    def check(self) -> None:
        """Refuse to run what is no longer the network that the user sees."""
        now = {id(module): module for module in walk(self._network)}
        built = {id(module): wiring for module, wiring in self._built}
        changed = [
            module
            for key, module in now.items()
            if key not in built or list(map(id, built[key])) != list(map(id, module.wiring()))
        ]
        gone = [module for module, _ in self._built if id(module) not in now]
        for module in (*changed, *gone):
            how = "taken out of the network" if module in gone else "added" if id(module) not in built else "changed"
            raise SchedulingError(
                f"{module.path} was {how} after the simulator was built.",
                where=module.path,
                cure="Make a new nd.Simulator; hooks, inputs, projections and populations come before it, and "
                "parameters are changed by x.tau.value = ...",
            )
