"""Slices of a memory: alike, apart from each other, each at the start of a cache line."""

import numpy as np
from quantities import ms

import numbadyn as nd
from numbadyn.ir.interpreter import Evaluator
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.model.step import trace_step
from numbadyn.runtime.layout import ARENAS, LINE
from numbadyn.runtime.memory import memories_of


class Echo(nd.Dynamics):
    """Adds what it was some time ago, which is a parameter, to what it is; counts, and fires now and then."""

    def __init__(self):
        super().__init__(5)
        self.lag = nd.Parameter(0.3 * ms, unit=ms)
        self.past = self.prefetch_delay("x", self.lag)

    def init_state(self):
        self.x, self.count = nd.State(1.0), nd.State(0)

    def update(self):
        self.x.value, self.count.value = self.x + self.past(), self.count + 1
        return self.count > 3


def bound(tables):
    net = nd.init_all_states(Echo())
    program = lower(prepare(trace_step(net)), [], set())
    contexts = [BindContext(0.1, 0, instead={id(net.lag): net.lag.replaced(lag * ms)}) for lag in (0.2, 0.9, 0.4)]
    evaluators = [Evaluator(program.step, context) for context in contexts]
    for evaluator in evaluators:
        evaluator.bind()
    return program, memories_of(program, evaluators, tables)


def test_slices_have_one_layout_and_the_depth_that_any_replica_needs():
    _, memories = bound([[], [], []])
    first = memories[0]
    slots = [memory.needed()[0] for memory in memories]
    assert np.diff(slots).tolist() == [7, -5]  # steps between 0.2, 0.9 and 0.4 ms
    for memory in memories:
        assert memory.depths == [max(slots)]
        assert memory.offsets is first.offsets
    assert first.merged is not memories[1].merged


def test_slices_lie_one_after_another_on_lines_of_the_cache():
    _, memories = bound([[], [], []])
    arenas = memories[0].arenas
    for name in ARENAS:
        slices = [getattr(memory, name) for memory in memories]
        assert sum(part.size for part in slices) == arenas.arrays[name].size
        assert all(part.ctypes.data % LINE == 0 for part in slices if part.size)
        for number, part in enumerate(slices):
            part[:] = number
        assert [np.unique(part).tolist() for part in slices if part.size] == [[k] for k in range(3) if slices[0].size]
    assert arenas.nbytes == sum(array.nbytes for array in arenas.arrays.values())


def test_what_follows_from_tables_is_shared_with_the_tables():
    tables = []
    _, memories = bound([tables, tables, []])
    assert memories[0].merged is memories[1].merged
    assert memories[0].merged is not memories[2].merged
