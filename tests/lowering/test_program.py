"""Programs: what is fused, what shares a kernel, in which order stages run, where values lie."""

import numpy as np
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage
from numbadyn.lowering.stages.draw import DrawStage
from numbadyn.lowering.stages.loop import LoopStage
from numbadyn.lowering.stages.train import TrainStage
from numbadyn.model.step import trace_step


class Cell(nd.LIFRef):
    """A driven neuron."""

    def update(self):
        return super().update(200 * pA)


class Net(nd.DynamicsGroup):
    """Some equal populations, each projecting onto the next."""

    def __init__(self, sizes, same=True):
        super().__init__()
        cells = [Cell(size) if same or number else nd.LIF(size) for number, size in enumerate(sizes)]
        for number, post in enumerate(cells):
            setattr(self, f"P{number}", post)
            pre = cells[number - 1]
            syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
            comm = nd.FixedProb(pre.varshape, post.varshape, prob=0.5, weight=1 * nS)
            setattr(self, f"p{number}", nd.AlignPostProj(pre, comm=comm, syn=syn, out=out, post=post))


def prepared(net):
    return prepare(trace_step(nd.init_all_states(net)))


def stages(program, kind):
    return [stage for group in program.schedule for stage in group if isinstance(stage, kind)]


def test_one_loop_a_population_and_one_kernel_for_all():
    program = lower(prepared(Net((3, 4, 5))))
    assert len(program.kernels) == 1
    (loop,) = stages(program, LoopStage)
    assert [instance.size for instance in loop.instances] == [3, 4, 5]
    assert [instance.module for instance in loop.instances] == ["Net.P0", "Net.P1", "Net.P2"]
    assert len(stages(program, DeliveryStage)) == 3
    assert len(stages(program, CompactionStage)) == 3


def test_unequal_populations_have_kernels_of_their_own():
    assert len(lower(prepared(Net((3, 4, 5), same=False))).kernels) == 2


def test_the_schedule_does_not_grow_with_populations():
    assert len(lower(prepared(Net((3, 4)))).schedule) == len(lower(prepared(Net((3, 4, 5, 6, 7)))).schedule)


def test_buffers_of_one_slot_lie_side_by_side():
    program = lower(prepared(Net((3, 4, 5))))
    block = next(block for block in program.buffers if block[0].name == "Net.P0.V")
    assert [buffer.name for buffer in block] == ["Net.P0.V", "Net.P1.V", "Net.P2.V"]
    buffers = [buffer for block in program.buffers for buffer in block]
    assert len(buffers) == len(set(buffers))


def test_spikes_are_kept_as_events_alone():
    program = lower(prepared(Net((3, 4))))
    assert program.events == {0, 1}
    assert program.rings == set()


def test_what_is_recorded_gets_memory():
    step = prepared(Net((3, 4)))
    probe = step.probes["Net.P0", "current_inputs[Expon-COBA]"]
    assert lower(step).probes == {}
    program = lower(step, [probe])
    assert program.probes[probe].size == 3
    assert len(step.nodes) == len(prepared(Net((3, 4))).nodes)


class Sources(nd.DynamicsGroup):
    """Every kind of stage."""

    def __init__(self):
        super().__init__()
        self.given, self.random = nd.SpikeTrain(3, [0], [1] * ms), nd.PoissonGroup(3, 10 * Hz)
        self.cells = nd.LIF(3)
        self.p = nd.DeltaProj(self.given, comm=nd.OneToOne(3, 3, weight=1 * mV), post=self.cells)
        self.noise = nd.PoissonInput(self.cells, num_input=10, freq=100 * Hz, weight=0.1 * mV)


def test_every_kind_of_stage_in_an_order_that_respects_its_reads():
    program = lower(prepared(Sources()))
    for kind in (DeliveryStage, DrawStage, TrainStage, LoopStage, CompactionStage):
        assert stages(program, kind), kind
    kinds = [type(group[0]) for group in program.schedule]
    update = max(n for n, group in enumerate(program.schedule) if isinstance(group[0], LoopStage))
    assert kinds.index(DeliveryStage) < update
    assert kinds.index(DrawStage) < update


class Late(nd.DynamicsGroup):
    """A state that is read in its old version after it has been written."""

    def __init__(self):
        super().__init__()
        self.A, self.B = nd.LIF(3), nd.LIF(3)

    def update(self):
        old = self.A.V.value
        self.A()
        self.B.V.value = old[2] + 0.5 * self.B.V.value


def test_a_store_waits_for_readers_of_the_old_version():
    program = lower(prepared(Late()))
    loops = stages(program, LoopStage)
    stored = [
        (number, loop.instances[0].views[store.slot].buffer.name)
        for number, loop in enumerate(loops)
        for store in program.kernels[loop.kernel].stores
    ]
    when = {name: number for number, name in stored if name in ("Late.A.V", "Late.B.V")}
    assert when["Late.A.V"] > when["Late.B.V"]


def test_the_program_prints_its_kernels_and_its_schedule():
    program = lower(prepared(Net((3, 4))))
    text = str(program)
    for part in (
        "program Net",
        f"kernel {program.kernels[0].name}",
        "over Net.P0 (3 elements)",
        "over Net.P1 (4 elements)",
    ):
        assert part in text
    assert "deliver Net.p0 into" in text
    assert "collect events of Net.P0.output" in text
    assert "less_equal" in text
    assert np.all([f"%{n} =" in text for n in range(len(program.kernels[0].operations))])
