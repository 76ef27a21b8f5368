"""Fusion: what goes into one loop, what cuts it, what comes first, which stores are put off."""

from collections import Counter

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.ir.nodes import Step
from numbadyn.lowering.fusion import Planner
from numbadyn.lowering.pipeline import prepare
from numbadyn.lowering.plan import reads
from numbadyn.model.step import trace_step
from tests.ir.steps import add_node, add_param, add_state

PASSES = (
    Planner.find_channels, Planner.separate_effects, Planner.order_values, Planner.place_first, Planner.place_others,
    Planner.place_refills, Planner.commit_states, Planner.find_levels, Planner.find_late,
)  # fmt: skip


def planned(step, wanted=(), recorded=()):
    planner = Planner(step, set(wanted), set(recorded))
    for work in PASSES:
        work(planner)
        planner.check()
    return planner.plan()


def planned_network(net):
    return planned(prepare(trace_step(nd.init_all_states(net))))


def kinds(plan):
    return [draft.kind.name for draft in plan.drafts]


def loops(plan):
    """Operations of each loop."""
    return [[plan.step.nodes[k].op for k in draft.nodes] for draft in plan.drafts if draft.kind.name == "loop"]


class Cell(nd.Dynamics):
    """A state whose next value is what a test says."""

    def __init__(self, size, rule):
        super().__init__(size)
        self.rule = rule

    def init_state(self):
        self.x, self.y = nd.State(np.arange(float(self.num))), nd.State(1.0)

    def update(self):
        self.rule(self)


def test_what_is_done_element_by_element_is_one_loop():
    def rule(cell):
        cell.x.value = np.exp(-cell.x.value) + cell.y.value
        cell.y.value = cell.y.value * cell.x.value

    plan = planned_network(Cell(5, rule))
    assert kinds(plan) == ["loop"]
    assert plan.commits.keys() == {0, 1}


def test_values_at_other_places_cut_a_loop():
    def rule(cell):
        grown = cell.x.value + cell.y.value
        cell.x.value = grown[np.array([4, 3, 2, 1, 0])] * 0.5

    first, second = loops(planned_network(Cell(5, rule)))
    assert "add" in first
    assert "take" in second
    assert "add" not in second


@pytest.mark.parametrize("late", [False, True])
def test_an_old_value_at_other_places_puts_the_store_off(late):
    def rule(cell):
        cell.y.value = cell.x.value[np.array([4, 3, 2, 1, 0])]
        cell.x.value = cell.x.value * 0.5 if late else cell.x.value

    plan = planned_network(Cell(5, rule))
    stores = [k for k, draft in enumerate(plan.drafts) if plan.commits.get(0) in draft.nodes]
    readers = [
        k for k, draft in enumerate(plan.drafts) for read in reads(plan.step, draft)
        if plan.step.nodes[read.base].op == "state" and not read.direct
    ]  # fmt: skip
    assert readers
    if late:
        assert min(stores) > max(readers)
        assert plan.drafts[stores[0]].level > plan.drafts[readers[0]].level


def test_populations_have_loops_of_their_own_on_one_level():
    net = nd.DynamicsGroup(name="Net")
    net.A, net.B = (Cell(5, lambda cell: setattr(cell.x, "value", cell.x.value * 0.5)) for _ in "AB")
    plan = planned_network(net)
    assert kinds(plan) == ["loop", "loop"]
    assert {draft.level for draft in plan.drafts} == {0}


class Driven(nd.DynamicsGroup):
    """Two populations, driven by others, by chance, and by each other."""

    def __init__(self):
        super().__init__(name="Net")
        self.A, self.B = nd.LIF(6), nd.LIF(4)
        syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
        comm = nd.FixedProb(6, 4, prob=0.5, weight=1 * nS)
        self.p = nd.AlignPostProj(self.A, comm=comm, syn=syn, out=out, post=self.B)
        self.noise = nd.PoissonInput(self.B, num_input=10, freq=100 * Hz, weight=0.1 * mV)


def test_what_needs_nothing_of_this_step_comes_before_all_loops():
    plan = planned_network(Driven())
    found = kinds(plan)
    first_loop = found.index("loop")
    assert {"deliver", "draw"} <= set(found[:first_loop])
    assert not {"deliver", "draw"} & set(found[first_loop:])
    assert Counter(found)["loop"] == 3  # both populations and the noise: nothing has cut one in two


def test_a_sum_that_starts_from_a_decayed_state_is_prepared_in_the_loop_that_reads_it():
    plan = planned_network(Driven())
    ((refill, total),) = plan.refills.items()
    assert plan.step.nodes[total].op == "accumulate"
    readers = {k for k, draft in enumerate(plan.drafts) for read in reads(plan.step, draft) if read.base == total}
    assert plan.stage_of[refill] in readers
    (late,) = plan.late
    assert plan.step.states[late].name.endswith("g")  # the sum stands for the conductance


def test_spikes_that_are_only_delivered_have_no_history_of_samples():
    plan = planned_network(Driven())
    assert (set(plan.events), plan.rings) == ({0}, set())
    assert plan.events[0] is False  # not graded
    read = nd.DynamicsGroup(name="Net")
    read.cells = Cell(5, lambda cell: setattr(cell.x, "value", 0.5 * cell.past()))
    read.cells.past = read.cells.prefetch_delay("x", 0.3 * ms)
    plan = planned_network(read)
    assert (set(plan.events), plan.rings) == (set(), {0})


def test_planning_leaves_the_step_as_it_is():
    step = Step("Net")
    state = add_state(step, [1.0, 2.0, 3.0])
    step.writes[0] = add_node(step, "add", state, add_param(step, 1.0))
    probe = add_node(step, "neg", state)
    before = str(step)
    plan = planned(step, wanted={probe})
    assert str(step) == before
    assert plan.step is not step
    assert plan.probe_of[probe] in plan.stage_of


def test_a_run_constant_that_is_written_or_recorded_gets_a_loop():
    step = Step("Net")
    add_state(step, [1.0, 2.0, 3.0])
    constant = add_param(step, [4.0, 5.0, 6.0])
    step.writes[0] = constant
    plan = planned(step)
    assert loops(plan) == [["identity"]]
    assert constant in plan.constants
