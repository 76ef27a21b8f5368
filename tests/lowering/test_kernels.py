"""Kernels: what is an argument of which kind, who shares one, who clears a sum, in which order stages come."""

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.lowering.stages.delivery import DeliveryStage
from numbadyn.lowering.stages.loop import LoopStage
from numbadyn.model.step import trace_step


def lowered(net, *probes):
    step = prepare(trace_step(nd.init_all_states(net)))
    return lower(step, [step.probes[probe] for probe in probes])


def stages(program, kind):
    return [stage for group in program.schedule for stage in group if isinstance(stage, kind)]


def slots(program, number=0):
    return {slot.name: slot for slot in program.kernels[number].slots}


class Scaled(nd.Dynamics):
    """Something times a state."""

    def __init__(self, size, factor):
        super().__init__(size)
        self.factor = nd.Parameter(factor)

    def init_state(self):
        self.x = nd.State(1.0)

    def update(self):
        self.x.value = self.factor * self.x.value


class Several(nd.DynamicsGroup):
    """One population for each factor."""

    def __init__(self, *factors, size=4):
        super().__init__(name="Net")
        for number, factor in enumerate(factors):
            setattr(self, f"P{number}", Scaled(size, factor))


def test_numbers_are_scalars_and_arrays_are_slots():
    number, array = lowered(Several(0.5)), lowered(Several(np.linspace(0, 1, 4)))
    assert [name for name, _kind in number.kernels[0].scalars] == ["factor"]
    assert slots(number).keys() == {"x"}
    assert array.kernels[0].scalars == ()
    assert slots(array).keys() == {"factor", "x"}
    one = lowered(Several(np.array([0.5]), size=1))  # a population of one is compiled like any other
    assert one.kernels[0].structure == array.kernels[0].structure


def test_other_numbers_and_sizes_share_a_kernel_and_other_structures_do_not():
    net = Several(0.5, 0.25, np.linspace(0, 1, 4))
    net.P3 = Scaled(7, 0.125)
    program = lowered(net)
    assert len(program.kernels) == 2
    found = {len(loop.instances): [instance.size for instance in loop.instances] for loop in stages(program, LoopStage)}
    assert found == {3: [4, 4, 7], 1: [4]}


def test_a_state_is_read_and_stored_in_one_slot():
    program = lowered(Several(0.5))
    (kernel,) = program.kernels
    assert kernel.read == kernel.written == {0}
    assert kernel.elementwise(0)


class Summed(nd.DynamicsGroup):
    """A sum of synaptic jumps that one population reads; and maybe somebody else."""

    def __init__(self):
        super().__init__(name="Net")
        self.A, self.B = nd.LIF(6), nd.LIF(4)
        self.p = nd.DeltaProj(self.A, comm=nd.FixedProb(6, 4, prob=0.5, weight=1 * mV), post=self.B)


@pytest.mark.parametrize("recorded", [False, True])
def test_the_only_reader_of_a_sum_clears_it_unless_somebody_looks_at_it_later(recorded):
    step = prepare(trace_step(nd.init_all_states(Summed())))
    sums = [key for key in step.probes if key[0] == "Net.B" and key[1].startswith("delta_inputs")]
    program = lowered(Summed(), *(sums if recorded else []))
    (delivery,) = stages(program, DeliveryStage)
    cleared = [slot.name for kernel in program.kernels for slot in kernel.slots if slot.cleared]
    assert delivery.clear == recorded
    assert bool(cleared) != recorded


def test_a_sum_that_starts_from_a_state_is_refilled_and_never_cleared():
    net = nd.DynamicsGroup(name="Net")
    net.A, net.B = nd.LIF(6), nd.LIF(4)
    syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
    comm = nd.FixedProb(6, 4, prob=0.5, weight=1 * nS)
    net.p = nd.AlignPostProj(net.A, comm=comm, syn=syn, out=out, post=net.B)
    program = lowered(net)
    (refill,) = program.refills
    (delivery,) = stages(program, DeliveryStage)
    assert delivery.target is refill.target
    assert not delivery.clear
    assert not any(slot.cleared for kernel in program.kernels for slot in kernel.slots)
    assert program.fresh_sums() == []


class Part(nd.Dynamics):
    """Reads parts of another population's state, and one element of it for all."""

    def __init__(self, other):
        super().__init__(3)
        self._other = other

    def init_state(self):
        self.y = nd.State(0.0)

    def update(self):
        x = self._other.x.value
        self.y.value = x[1:4] + x[::2] + x[5]


def test_slices_say_where_they_begin_and_how_far_apart_their_elements_are():
    net = nd.DynamicsGroup(name="Net")
    net.whole = Scaled(6, 0.5)
    net.part = Part(net.whole)
    net.order = ("whole", "part")
    program = lowered(net)
    (loop,) = (loop for loop in stages(program, LoopStage) if loop.instances[0].module == "Net.part")
    (instance,), kernel = loop.instances, program.kernels[loop.kernel]
    found = {
        (slot.access, slot.stride, view.offset, view.count)
        for slot, view in zip(kernel.slots, instance.views, strict=True) if view.buffer.name.endswith(".x")
    }  # fmt: skip
    assert found == {("each", 1, 1, 3), ("stride", 2, 0, 5), ("first", 1, 5, 1)}


def test_more_than_ten_kernels_keep_their_order():
    net = nd.DynamicsGroup(name="Net")
    for number in range(12):

        class Odd(Scaled):
            turns = number + 1

            def update(self):
                x = self.x.value
                for _ in range(self.turns):
                    x = self.factor * np.tanh(x)
                self.x.value = x

        setattr(net, f"P{number}", Odd(3, 0.5))
    program = lowered(net)
    assert len(program.kernels) == 12
    assert [loop.kernel for loop in stages(program, LoopStage)] == list(range(12))
