"""Where threads wait for each other: as seldom as what phases touch allows, and where they must."""

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.codegen.cuda.phases import phase_levels
from numbadyn.codegen.cuda.source import cuda_source
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.lowering.waits.owners import instances_of, numbered
from numbadyn.lowering.waits.phases import Phase, is_independent, touched_by_recording, touched_by_samples
from numbadyn.model.step import trace_step
from tests.cuda.networks import NETWORKS
from tests.features.agreement import states_and_spikes


def program_of(network, channels=()):
    step = prepare(trace_step(nd.init_all_states(network)))
    return lower(step, [], set(channels))


def routines(program, ordered=False):
    return [sorted(phase.name for phase in group) for group in phase_levels(program, ordered=ordered)]


class Balanced(nd.DynamicsGroup):
    """Two populations, four projections, no delay."""

    def __init__(self):
        super().__init__()
        self.E, self.I = nd.LIFRef(8), nd.LIFRef(4)
        for pre, post in ("EI", "EE", "IE", "II"):
            weight, potential = {"E": (6, 0), "I": (67, -80)}[pre]
            a, b = getattr(self, pre), getattr(self, post)
            comm = nd.FixedProb(a.num, b.num, prob=0.5, weight=weight * nS)
            syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=potential * mV)
            setattr(self, f"{pre}2{post}", nd.AlignPostProj(a, comm=comm, syn=syn, out=out, post=b))


def test_a_balanced_network_needs_two_levels():
    found = routines(program_of(Balanced()))
    assert len(found) == 2
    assert found[0] == ["deliver", "open_events"]
    # who finds the events of an element has computed it
    assert sorted({name.split("_")[0] for name in found[1]}) == ["collect", "each"]


def test_in_order_takes_more_waits():
    exact = phase_levels(program_of(Balanced()), ordered=True)
    assert [{phase.name[:9] for phase in group} for group in exact] == [
        {"fill_bins"}, {"add_in_or", "each_upda"}, {"count_eve"}, {"add_count"}, {"write_eve"},
    ]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("ordered", [False, True])
def test_phases_of_a_level_do_not_meet(name, ordered):
    program = program_of(NETWORKS[name]())
    groups = phase_levels(program, ordered=ordered)
    for group in groups:
        for number, phase in enumerate(group):
            assert not any(phase.meets(other) for other in group[:number])
    # and no phase comes before one that stands before it in the schedule and touches the same
    scheduled = [phase.entry for group in groups for phase in group]
    assert len(scheduled) >= len(program.schedule)
    placed = [(level, number, phase) for level, group in enumerate(groups) for number, phase in enumerate(group)]
    for level, number, phase in placed:
        for other_level, other_number, other in placed:
            if other.entry < phase.entry and phase.follows(other):
                assert (other_level, other_number) < (level, number), (other, phase)
                assert not phase.meets(other) or other_level < level, (other, phase)


def test_elements_that_are_counted_from_elsewhere_are_not_a_threads_own():
    here, there = (
        Phase("each_x", n, frozenset({"x"}), frozenset({"x"}), {"x": begin}) for n, begin in enumerate((0, 3))
    )
    anywhere = Phase("deliver", 2, frozenset(), frozenset({"x"}))
    assert here.follows(there)
    assert here.meets(there)
    assert here.meets(anywhere)
    assert anywhere.meets(here)
    assert not here.meets(here)


class Mixed(nd.DynamicsGroup):
    """Populations that share a kernel and others between them, one driven by spikes that are given."""

    def __init__(self):
        super().__init__()
        self.A, self.B, self.C, self.D = nd.LIF(3), nd.LIFRef(5), nd.LIF(70), nd.PoissonGroup(4, 100 * Hz)


def test_every_element_has_a_thread_of_its_own():
    program = program_of(Mixed())
    owners = numbered(program)
    first_numbers = {(i.module, i.size): owners.instance(i).number for _kernel, i in instances_of(program)}
    numbers = sorted((first, size) for (_module, size), first in first_numbers.items())
    assert [first for first, _size in numbers] == np.cumsum([0, *(size for _first, size in numbers)])[:-1].tolist()
    assert {buffer.size for buffer in owners.buffers} == {3, 5, 70}  # that of a generator has draws only


def test_samples_wait_where_a_step_begins_with_states():
    balanced = program_of(Balanced())
    assert not touched_by_samples(phase_levels(balanced, ordered=False))
    assert touched_by_samples(phase_levels(program_of(nd.LIFRef(5)), ordered=False))


def test_cells_on_their_own_never_wait():
    program = program_of(nd.LIFRef(5))
    assert is_independent(program, phase_levels(program, ordered=False))
    run = cuda_source(program, 64, "library", reproducible=False).split("def begin")[0].split("while step < stop")[1]
    loop = run.split("step += 1")[0]
    for number, line in enumerate(loop.splitlines()):
        if "grid.sync()" in line:  # only where something is recorded or checked
            assert line.startswith(" " * 12), (number, line)


@pytest.mark.parametrize("name", ["pair", "gathered", "windows", "gap junctions"])
def test_cells_that_read_each_other_wait(name):
    program = program_of(NETWORKS[name]())
    assert not is_independent(program, phase_levels(program, ordered=False))


def test_a_state_that_is_read_at_other_places_is_not_independent():
    class Mixed(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(np.arange(4.0))

        def update(self):
            self.x.value = 0.5 * self.x.value + self.x.value[np.array([3, 2, 1, 0])]

    program = program_of(Mixed(4))
    assert not is_independent(program, phase_levels(program, ordered=False))


def test_events_that_are_delivered_within_their_step_may_have_one_slot():
    sim = nd.Simulator(NETWORKS["gap junctions"](), dt=0.1 * ms)
    states_and_spikes(sim)
    assert sim.program.events
    assert touched_by_recording(sim.program, phase_levels(sim.program, ordered=False))
    sim = nd.Simulator(Balanced(), dt=0.1 * ms)
    states_and_spikes(sim)
    assert not touched_by_recording(sim.program, phase_levels(sim.program, ordered=False))


def test_recording_waits_where_the_next_step_would_overwrite():
    program = program_of(nd.LIFRef(5), channels=())
    assert not touched_by_recording(program, phase_levels(program, ordered=False))
    sim = nd.Simulator(nd.LIFRef(5), dt=0.1 * ms)
    sim.record(sim.network, spikes=True)  # a channel of one slot: what a step opens is what the one before has left
    assert touched_by_recording(sim.program, phase_levels(sim.program, ordered=False))
