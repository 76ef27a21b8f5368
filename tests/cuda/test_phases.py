"""Where threads wait for each other: as seldom as what phases touch allows, and where they must."""

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.codegen.cuda.phases import is_independent, levels, touched_by_recording
from numbadyn.codegen.cuda.source import cuda_source
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.model.step import trace_step
from tests.cuda.networks import NETWORKS
from tests.features.agreement import states_and_spikes


def program_of(network, channels=()):
    step = prepare(trace_step(nd.init_all_states(network)))
    return lower(step, [], set(channels))


def routines(program, ordered=False):
    return [sorted(phase.routine for phase in group) for group in levels(program, ordered=ordered)]


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


def test_a_balanced_network_needs_three_levels():
    found = routines(program_of(Balanced()))
    assert len(found) == 3
    assert "deliver" in found[0]
    assert "open_events" in found[0]
    assert any(name.startswith("each_") for name in found[1])
    assert found[2] == ["collect_events"]


def test_in_order_takes_more_waits():
    fast, exact = (routines(program_of(Balanced()), ordered) for ordered in (False, True))
    assert len(exact) == len(fast) + 2
    assert [name for group in exact for name in group if "event" in name or "count" in name] == [
        "count_events", "add_counts", "write_events",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("ordered", [False, True])
def test_phases_of_a_level_do_not_meet(name, ordered):
    program = program_of(NETWORKS[name]())
    groups = levels(program, ordered=ordered)
    for group in groups:
        for number, phase in enumerate(group):
            assert not any(phase.meets(other) for other in group[:number])
    # and no phase comes before one that stands before it in the schedule and meets it
    placed = [(level, phase) for level, group in enumerate(groups) for phase in group]
    for level, phase in placed:
        for other_level, other in placed:
            if other.entry < phase.entry and phase.meets(other):
                assert other_level < level, (other, phase)


def test_cells_on_their_own_never_wait():
    program = program_of(nd.LIFRef(5))
    assert is_independent(program)
    run = cuda_source(program, 64, "library", reproducible=False).split("def begin")[0].split("while step < stop")[1]
    loop = run.split("step += 1")[0]
    for number, line in enumerate(loop.splitlines()):
        if "grid.sync()" in line:  # only where something is recorded or checked
            assert line.startswith(" " * 12), (number, line)


@pytest.mark.parametrize("name", ["pair", "gathered", "windows", "gap junctions"])
def test_cells_that_read_each_other_wait(name):
    assert not is_independent(program_of(NETWORKS[name]()))


def test_a_state_that_is_read_at_other_places_is_not_independent():
    class Mixed(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(np.arange(4.0))

        def update(self):
            self.x.value = 0.5 * self.x.value + self.x.value[np.array([3, 2, 1, 0])]

    assert not is_independent(program_of(Mixed(4)))


def test_events_that_are_delivered_within_their_step_may_have_one_slot():
    sim = nd.Simulator(NETWORKS["gap junctions"](), dt=0.1 * ms)
    states_and_spikes(sim)
    assert sim.program.events
    assert touched_by_recording(sim.program, levels(sim.program, ordered=False))
    sim = nd.Simulator(Balanced(), dt=0.1 * ms)
    states_and_spikes(sim)
    assert not touched_by_recording(sim.program, levels(sim.program, ordered=False))


def test_recording_waits_where_the_next_step_would_overwrite():
    program = program_of(nd.LIFRef(5), channels=())
    assert not touched_by_recording(program, levels(program, ordered=False))
    sim = nd.Simulator(nd.LIFRef(5), dt=0.1 * ms)
    sim.record(sim.network, spikes=True)  # a channel of one slot: what a step opens is what the one before has left
    assert touched_by_recording(sim.program, levels(sim.program, ordered=False))
