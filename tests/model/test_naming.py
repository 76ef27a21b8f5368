"""Naming a network: what it costs."""

from collections import Counter

import numbadyn as nd
from numbadyn.model.module import Module
from numbadyn.model.naming import name_all, walk


class Ring(nd.DynamicsGroup):
    """Populations in attributes and in a list, each joined to the next one."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.first = nd.LIF(2)
        self.others = [nd.LIF(2) for _ in range(size - 1)]
        ends = [self.first, *self.others]
        self.joints = [
            nd.DeltaProj(a, comm=nd.OneToOne(2, 2), post=b) for a, b in zip(ends, ends[1:] + ends[:1], strict=True)
        ]


def test_attributes_of_each_module_are_looked_at_once(monkeypatch):
    network, looked = Ring(5), Counter()
    own = Module.held_modules

    def counting(module):
        looked[id(module)] += 1
        return own(module)

    monkeypatch.setattr(Module, "held_modules", counting)
    modules = name_all(network)
    assert looked == Counter({id(module): 1 for module in modules})
    assert [module.path for module in modules][:3] == ["Ring", "Ring.first", "Ring.joints[0]"]


def test_naming_finds_what_a_walk_finds():
    network = Ring(3)
    assert name_all(network) == walk(network)
