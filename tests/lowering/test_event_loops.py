"""Loops over events: what one loop holds, what it waits for, where its values lie, and which share a kernel."""

import numpy as np
from quantities import ms, mV

import numbadyn as nd
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.model.step import trace_step
from numbadyn.projections.plastic import PlasticProj
from numbadyn.projections.synapse_state import SynapseState


class Counting(nd.Dynamics):
    """Neurons that fire now and then, and count on what they get."""

    def __init__(self, size):
        super().__init__(size)
        self.count = nd.State(0.0)

    def update(self):
        self.count.value = self.count + 1
        return self.sum_delta_inputs(0 * mV) > 1 * mV


class Silent(PlasticProj):
    """Counts the spikes of both sides, in the very words in which neurons count."""

    def __init__(self, *modules, **options):
        super().__init__(*modules, **options)
        self.count, self.back = SynapseState(0.0), SynapseState(0.0)

    def on_pre(self, s):
        s.count = s.count + 1

    def on_post(self, s):
        s.back = s.back + 1


class Twice(PlasticProj):
    """Writes one state in both rules, and twice in one of them."""

    def on_pre(self, s):
        s.weight = s.weight * 0.5
        s.weight = s.weight + 0.1 * mV * s.post.count

    def on_post(self, s):
        s.weight = np.minimum(s.weight * 2, 1 * mV)


def program_of(kind, number=1):
    net = nd.DynamicsGroup(name="Net")
    net.E, net.I = Counting(4), Counting(3)
    for k in range(number):
        proj = kind(net.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=net.I, delay=2 * ms)
        setattr(net, f"proj{k}", proj)
    return lower(prepare(trace_step(nd.init_all_states(net))))


def event_loops(program):
    return [stage for stages in program.schedule for stage in stages if stage.name == "rows"]


def test_a_rule_is_one_loop_and_the_weights_lie_in_one_place():
    program = program_of(Twice)
    pre, post = event_loops(program)
    assert [program.kernels[loop.kernel].events for loop in (pre, post)] == ["pre", "post"]
    weights = {
        view.buffer for loop in (pre, post) for view in loop.instance.views if view.buffer.name == "Net.proj0.weight"
    }
    assert len(weights) == 1
    (weight,) = weights
    assert weight.space.symbolic
    stores = program.kernels[pre.kernel].stores
    assert [store.adds for store in stores] == [False, True]  # the weight once, although it is written twice
    assert stores[0].value == stores[1].value  # what arrives is the weight after the change
    assert [buffer.role for buffer in pre.targets] == ["sum"]
    assert post.targets == ()


def test_rules_run_in_their_order_before_the_neurons_that_they_read():
    program = program_of(Twice)
    order = [
        program.kernels[stage.kernel].name
        for stages in program.schedule
        for stage in stages
        if hasattr(stage, "kernel")
    ]
    assert order.index("update_on_pre_0") < order.index("update_on_post_1")
    assert order.index("update_on_pre_0") < min(
        k for k, name in enumerate(order) if name.startswith(("update_e", "update_i"))
    )


def test_bodies_that_read_alike_share_a_kernel_only_where_they_go_through_the_same():
    program = program_of(Silent, 2)
    loops = event_loops(program)
    orders = [program.kernels[loop.kernel].events for loop in loops]
    assert sorted(orders) == ["post", "post", "pre", "pre"]
    for order in ("pre", "post"):
        assert len({loop.kernel for loop, own in zip(loops, orders, strict=True) if own == order}) == 1
    of_neurons = {stage.kernel for stages in program.schedule for stage in stages if stage.name == "loop"}
    assert not of_neurons & {loop.kernel for loop in loops}


def test_spikes_of_the_target_act_without_the_delays_of_synapses():
    pre, post = event_loops(program_of(Silent))
    assert (pre.term.order, pre.term.delayed) == ("pre", 0)
    assert (post.term.order, post.term.delayed) == ("post", None)
