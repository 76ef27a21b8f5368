"""Layouts: what the columns of rows are called, that stages fill each of them, and that routines name no other."""

import ast
import inspect
import textwrap

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from numbadyn.codegen.cpu.emitters import EMITTERS as ON_CPU
from numbadyn.codegen.cuda.emitters import EMITTERS as ON_CUDA
from numbadyn.codegen.prelude import named_numbers
from numbadyn.errors import InternalError
from numbadyn.lowering.binding import EventPlace
from numbadyn.lowering.layouts import SLOT, Layout, SlotRow, slot_columns
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.lowering.stages import STAGES
from numbadyn.lowering.stages.delivery import TERM
from numbadyn.lowering.stages.event_loop import EventLoopStage, event_loop_layout
from numbadyn.lowering.stages.loop import LoopStage, loop_layout
from numbadyn.model.step import trace_step
from numbadyn.projections.plastic import PlasticProj

LAYOUTS = {LoopStage: loop_layout, EventLoopStage: event_loop_layout}
SPOT = Layout("SPOT", ("PLACE", "SIZE", *slot_columns("MEAN")))


class Switch(nd.Dynamics):
    """Elements that are on or off, and know how many were on one step and more ago."""

    def __init__(self, size):
        super().__init__(size)
        self.past = self.prefetch_delay("on", 0.3 * ms)

    def init_state(self):
        self.on, self.x, self.share = nd.State(True), nd.State(0.0), nd.State(0.0, ())

    def update(self):
        self.x.value = self.x.value + np.where(self.past(), 1.0, 0.5)
        self.share.value = np.mean(self.x.value)
        self.on.value = self.x.value > 2.0


class Fading(PlasticProj):
    """Every spike takes off a tenth of the weights of its synapses."""

    def on_pre(self, synapse):
        synapse.weight = 0.9 * synapse.weight


class Everything(nd.DynamicsGroup):
    """A network whose step has stages of all kinds."""

    def __init__(self):
        super().__init__(name="everything")
        self.given = nd.SpikeTrain(4, indices=[0, 3], times=[1, 2] * ms)
        self.cells, self.switch = nd.LIF(6), Switch(5)
        self.noise = nd.PoissonInput(self.cells, num_input=10, freq=0.1 / ms, weight=0.1 * mV)
        once = nd.PoissonInput(self.cells, None, 10, 0.1 / ms, weight=0.1 * mV, distribution="binomial")
        self.once = once
        comm = nd.AllToAll(4, 6, weight=1 * pA)
        self.fading = Fading(self.cells, post=self.cells, comm=nd.AllToAll(6, 6, weight=1 * mV))
        self.current = nd.CurrentProj(self.given, comm=comm, out=nd.CUBA.desc(), post=self.cells)


class Numbers:
    """Stands for a program in memory: everything lies somewhere."""

    real = np.dtype(np.float32)

    def __init__(self, program):
        self.program = program
        self.terms = []

    def start(self, buffer):
        return 100 * self.program.buffers.index(next(block for block in self.program.buffers if buffer in block))

    def slot(self, view):
        return SlotRow(1, view.count, 3, 4, 5, 6)

    def events(self, channel):
        return EventPlace(7 + channel, 8, 9)

    def synapses(self, connection):
        return Synapses

    def train(self, number):
        return np.zeros(2, np.int64), np.zeros(2, np.int64)

    def address(self, array):
        return 10_000

    def add_term(self, row, delays, n_synapses):
        self.terms.append(row)

    def term_count(self):
        return len(self.terms)

    def values_of(self, channel):
        return 11

    def lag(self, node):
        return 12

    def gap(self, connection):
        return 16

    def doubts(self, connection):
        return 15

    def places(self, connection, order):
        return np.zeros(4, np.uint32)

    def scalar(self, key):
        return 0.5

    def may_wait(self, instance, kernel):
        return True

    def owner(self, buffer):
        return 13

    def owner_of_instance(self, instance):
        return 14

    def adjoins(self, first, size, second):
        return False


class Synapses:
    """Synapses, as far as rows speak of them."""

    weights, delays, offsets, targets = np.ones(1), np.zeros(1, np.int32), np.zeros(5, np.int64), np.zeros(4, np.uint32)
    n_synapses = 4
    dendritic = None


@pytest.fixture(scope="module")
def program():
    """The network's program, with everything recorded that needs a stage."""
    return lower(prepare(trace_step(nd.init_all_states(Everything()))))


def test_rows_are_filled_by_name():
    values = {**SlotRow(7, 8, 9, 10, 11, 12).named("MEAN"), "SIZE": 3, "PLACE": 5}
    assert SPOT.row(**values) == [5, 3, 7, 8, 9, 10, 11, 12]
    assert SPOT.column("MEAN_LAG") == 5
    assert SPOT.table([]).shape == (0, 8)


@pytest.mark.parametrize("wrong", [{}, {"PLACE": 1, "SIZE": 2}, {**SlotRow(0, 0).named("MEAN"), "PLACE": 1, "TIME": 2}])
def test_a_column_that_is_left_out_or_unknown_is_refused(wrong):
    with pytest.raises(InternalError, match="SPOT is filled with other columns than it has: "):
        SPOT.row(**wrong)


def test_names_in_generated_text_are_the_numbers_of_the_columns():
    names = {}
    exec(named_numbers([SPOT], ["ANSWER = 42"]), names)
    assert names["SPOT_MEAN_START"] + names["SLOT_EVERY"] == names["SPOT_MEAN_EVERY"] == SPOT.column("MEAN_EVERY")
    assert names["SPOT_COLUMNS"] == len(SPOT) == 8
    assert names["ANSWER"] == 42


def test_every_kind_of_stages_fills_its_columns(program):
    at = Numbers(program)
    for stages in program.schedule:
        rows, *_others = type(stages[0]).tables(stages, at)
        slots = {kernel: len(program.kernels[kernel].slots) for kernel in stages[0].kernels()}
        (width,) = {len(LAYOUTS[type(stages[0])](n)) for n in slots.values()} or {len(stages[0].layout)}
        assert rows.shape[1] == width
    assert {type(stages[0]) for stages in program.schedule} == set(STAGES)
    assert np.array(at.terms).shape == (len(at.terms), len(TERM))


@pytest.mark.parametrize("emitters", [ON_CPU, ON_CUDA], ids=["cpu", "cuda"])
def test_every_kind_of_stages_has_an_emitter_whose_routines_name_its_columns(emitters):
    assert set(emitters) == set(STAGES)
    layouts = [SLOT, *(layout for emitter in emitters.values() for layout in emitter.layouts)]
    assert len({layout.prefix for layout in layouts}) == len(layouts)
    for emitter in emitters.values():
        shared = (TERM,) * (emitters[EventLoopStage] is emitter)  # it reads the rows that deliveries have
        named = {line.split(" = ")[0] for layout in (*emitter.layouts, *shared) for line in layout.constants()}
        functions = [*getattr(emitter, "routines", ()), *getattr(emitter, "phases", ()), *getattr(emitter, "inner", ())]
        used = {
            node.id
            for function in functions
            for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
            if isinstance(node, ast.Name) and node.id.split("_")[0] in {layout.prefix for layout in layouts[1:]}
        }
        assert used <= named
        assert bool(used) == bool(emitter.layouts) or shared
