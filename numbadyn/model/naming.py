"""Names and places of the modules in a network.

In: a network.  Out: full names such as ``EINet.E.V``, which users read; places, which random streams follow.  Must not
know: neurons, projections, targets.

Names and places follow the names of attributes, never the order of their assignment. A place leaves out the name of the
network itself, and names that only count: what hangs on a population is known by its description there.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from typing import Any

from numbadyn.errors import NotInitialisedError
from numbadyn.model.module import Module
from numbadyn.model.streams import Streams

__all__ = ["check_initialised", "name_all", "walk"]


Held = dict[int, list[tuple[str, Module]]]
"""Modules by id -> children in their attributes, with names, those in fewer containers first."""


def _nearest(module: Module) -> list[tuple[str, Module]]:
    """Children in attributes, those in fewer containers first."""
    located = list(module.held_modules())
    if any(depth for _name, _child, depth in located):
        located.sort(key=lambda found: found[2])
    return [(name, child) for name, child, _depth in located]


def walk(root: Module) -> list[Module]:
    """All modules reachable from a root, nearest first, each once."""
    return _walk(root, {})


def _walk(root: Module, held: Held) -> list[Module]:
    """As `walk`; what modules hold is looked up, or found and kept."""
    found: dict[int, Module] = {id(root): root}
    queue = deque([root])
    while queue:
        module = queue.popleft()
        check_initialised(module)
        if id(module) not in held:
            held[id(module)] = _nearest(module)
        for _name, child in (*held[id(module)], *module.attached_modules()):
            if id(child) not in found:
                found[id(child)] = child
                queue.append(child)
    return list(found.values())


def name_all(root: Module, seed: int = 0) -> list[Module]:
    """Give every module its full name and its place, nearest first.

    No two modules have the same name: where users gave one twice, the second gets ``_2``.
    """
    held: Held = {}
    modules, streams = _walk(root, held), Streams()
    _give_paths(root, held)
    places = _places(root, modules, held)
    for module in modules:
        module._place, module._streams = places[id(module)], streams
        module.seed_of_build = seed
    for module in modules:
        module.settle()
    _give_paths(root, held)
    return _walk(root, held)


def _give_paths(root: Module, held: Held) -> None:
    """Full names, nearest first; of two at one distance, what hangs on a module is named after that one."""
    root._path = root.name or type(root).__name__
    named, taken, level = {id(root)}, {root._path}, [root]
    while level:
        found = [(module, name, child) for module in level for name, child in module.attached_modules()]
        found += [(module, name, child) for module in level for name, child in held[id(module)]]
        level = []
        for module, name, child in found:
            if id(child) not in named:
                named.add(id(child))
                wanted = f"{module.path}.{child.name or name}"
                numbered = (f"{wanted}_{number}" for number in itertools.count(2))
                child._path = next(path for path in itertools.chain([wanted], numbered) if path not in taken)
                taken.add(child._path)
                level.append(child)


def _places(root: Module, modules: list[Module], held: Held) -> dict[int, tuple[str, ...]]:
    """Places by id: by its description where a module hangs by that; else by an attribute; else where it hangs."""
    hosts = {id(part): host for host in reversed(modules) for _what, part in host.described_modules()}
    places: dict[int, tuple[str, ...]] = {id(root): ()}
    nearest, last = deque([root]), deque[Module]()
    while nearest or last:
        if nearest:
            module = nearest.popleft()
            last.append(module)
            found = [(what, part) for what, part in module.described_modules() if hosts[id(part)] is module]
            found += [(name, child) for name, child in _elements(held[id(module)]) if id(child) not in hosts]
        else:
            module = last.popleft()
            found = [(name, child) for name, child in module.attached_modules() if id(child) not in hosts]
        times: Counter[str] = Counter()
        for text, child in found:
            if id(child) not in places:
                times[text] += 1
                places[id(child)] = (*places[id(module)], text if times[text] == 1 else f"{text} {times[text]}")
                nearest.append(child)
    for module in modules:
        places.setdefault(id(module), (module.path.removeprefix(root.path),))
    return places


def _elements(children: list[tuple[str, Module]]) -> list[tuple[str, Module]]:
    """Children by the names that users have given them, where no two have one name; else by where they stand."""
    named = {id(child): child.name for _name, child in children}
    times = Counter(named.values())
    return [(child.name if child.name and times[child.name] == 1 else name, child) for name, child in children]


def check_initialised(made: Any, mark: str = "_path") -> None:
    """Refuse an object whose class has its own `__init__` and forgets that of its base, before names are missed.

    Parameters
    ----------
    made : object
        A network, something in it, or a part of it that the user has a class for.
    mark : str
        An attribute that `__init__` of the base makes.

    Raises
    ------
    NotInitialisedError
        It does.
    """
    if mark not in vars(made):
        kind = type(made).__name__
        raise NotInitialisedError(
            f"The {kind} is not ready: its __init__ does not call that of its base class.",
            where=f"{kind}.__init__",
            cure="Write super().__init__() as its first line.",
            kind=kind,
        )
