"""What a step of a network does, as text, before there is a simulator.

In: a network or a part of one.  Out: text; names, places and seeds of its modules stay as they are.  Must not know:
targets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numbadyn.model.held import Held
from numbadyn.model.module import BUILD_NOTES, Module
from numbadyn.model.naming import walk
from numbadyn.simulator.simulator import Simulator

__all__ = ["explain_network", "names_kept"]


def explain_network(network: Module, dt: Any) -> str:
    """Explain a network; a part of one under the names that it has in the whole.

    Parameters
    ----------
    network : Module
        A network, or a part of one.
    dt : quantities.Quantity
        Time step.

    Returns
    -------
    str
        As of `Simulator.explain`.
    """
    own = getattr(network, "name", None)
    with names_kept(network):
        network.name = network._path or own
        try:
            return Simulator(network, dt, alone=True).explain()
        finally:
            network.name = own


@contextmanager
def names_kept(root: Module) -> Iterator[None]:
    """Whatever is built meanwhile, leave the names, places and seeds of all modules as they are."""
    modules = walk(root)
    values = [value for module in modules for value in vars(module).values() if isinstance(value, Held)]
    holders = [vars(value).get("_holder") for value in values]
    notes = [{name: getattr(module, name) for name in BUILD_NOTES} for module in modules]
    try:
        yield
    finally:
        for module, kept in zip(modules, notes, strict=True):
            for name, value in kept.items():
                setattr(module, name, value)
        for value, holder in zip(values, holders, strict=True):
            value.hold(holder)
