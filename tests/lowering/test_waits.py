"""Owners, exchanges and blocks of steps: against a run that is made element by element, and against the interpreter."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from quantities import ms, mV

import numbadyn as nd
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.lowering.waits.blocks import Look, blocks_of
from numbadyn.lowering.waits.exchanges import Lags
from numbadyn.lowering.waits.owners import by_population, by_ranges
from numbadyn.model.step import trace_step
from numbadyn.projections.plastic import PlasticProj
from tests.cuda.networks import NETWORKS
from tests.features.random_networks import RandomNetwork, networks
from tests.lowering.owned import Owned, TooEarlyError

STEPS = 20
SOME = ("delayed", "nested", "sliced", "gathered", "hooks", "gap junctions", "windows")


class Bound:
    """A network, lowered and bound."""

    def __init__(self, net, rule=by_ranges, looks=()):
        self.context = BindContext(0.1, 3)
        self.step = prepare(trace_step(nd.init_all_states(net, seed=3), self.context))
        self.program = lower(self.step)
        self.tables = [connection.build(self.context, np.dtype(float)) for connection in self.step.connections]
        self.owners = rule(self.program)
        evaluator = Evaluator(self.program.step, replace(self.context, tables=self.tables))
        evaluator.bind()
        self.blocks = blocks_of(self.program, self.owners, Lags(evaluator, self.tables), looks)

    def owned(self, count=2):
        return Owned(self.program, self.context, self.tables, self.owners, count, self.blocks.slots)

    def interpreted(self, steps=STEPS):
        machine = Interpreter(self.step, self.context, self.tables)
        for _ in range(steps):
            machine.advance()
        return {spec.name: values.reshape(-1) for spec, values in zip(self.step.states, machine.states, strict=True)}


def assert_same(owned, interpreted):
    states = owned.states()
    assert states
    for name, values in states.items():
        assert np.array_equal(values, interpreted[name], equal_nan=True), name


def longer(blocks):
    """Blocks that are one step too long."""
    first, *others = blocks.limits
    return replace(blocks, limits=(replace(first, steps=first.steps + 1), *others))


def assert_found(bound, *, exactly, count=2):
    """Compare blocks with what happens element by element, and the states with those of the interpreter."""
    interpreted = bound.interpreted()
    together = bound.owned(count)
    together.run_together(STEPS)
    assert_same(together, interpreted)
    found = np.inf if bound.blocks.between is None else bound.blocks.between
    assert found <= together.nearest
    if exactly:
        assert found == together.nearest
    apart = bound.owned(count)
    apart.run_in_blocks(STEPS, bound.blocks, np.random.default_rng(1))
    assert_same(apart, interpreted)


@pytest.mark.parametrize("name", SOME)
def test_owners_on_their_own_give_the_same_bits(name):
    assert_found(Bound(NETWORKS[name]()), exactly=True, count=3)


FEW = settings(
    max_examples=10, phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
)  # fmt: skip


@FEW
@given(networks())
def test_random_networks_are_exchanged_no_sooner_and_no_later_than_they_must(drawn):
    populations, couplings = drawn
    bound = Bound(RandomNetwork(populations, couplings))
    assert_found(bound, exactly=all(population.size > 1 for population in populations))
    if bound.blocks.between and bound.blocks.between < STEPS and all(p.size > 1 for p in populations):
        with pytest.raises(TooEarlyError):
            bound.owned().run_in_blocks(STEPS, longer(bound.blocks), np.random.default_rng(1))


def firing(size):
    """Neurons that fire every few steps."""
    return nd.LIF(size, V_rest=-40 * mV, tau=1 * ms, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))


class Coupled(nd.DynamicsGroup):
    """Two populations; a spike of the first one acts on the second one after a delay, in a step of its own order."""

    def __init__(self, delay, back=None, *, late=False, prob=0.5):
        super().__init__(name="Net")
        self.A, self.B = firing(8), firing(6)
        comm, self.late = nd.FixedProb(8, 6, prob=prob, weight=1 * mV), late
        self.ahead = nd.DeltaProj(comm=comm, post=self.B, delay=delay * ms)
        if back is not None:
            comm = nd.FixedProb(6, 8, prob=0.5, weight=1 * mV)
            self.back = nd.DeltaProj(self.B, comm=comm, post=self.A, delay=back * ms)

    def update(self):
        before = self.A.get_spike()
        if hasattr(self, "back"):
            self.back()
        spike = self.A()
        self.ahead(spike if self.late else before)
        self.B()


@pytest.mark.parametrize("delay", [0, 0.1, 0.5, 1.5])
def test_a_spike_crosses_one_step_later_where_it_is_read_in_the_step_after_it(delay):
    """A spike of step m that is read before its population is advanced acts in step m + 1 + d, else in step m + d."""
    steps = round(delay / 0.1)
    early, late = Bound(Coupled(delay)), Bound(Coupled(delay, late=True))
    assert early.blocks.between == steps + 1
    assert late.blocks.between == steps
    for bound in (early, late):
        assert_found(bound, exactly=True)


def test_the_shortest_delay_counts_and_says_whose_it_is():
    blocks = Bound(Coupled(1.5, 0.7)).blocks
    assert [(limit.who, limit.delay, limit.steps) for limit in blocks.limits] == [
        ("Net.back", 7, 8),
        ("Net.ahead", 15, 16),
    ]
    assert blocks.cuts == (0,)
    assert sorted(blocks.slots.values()) == [8 + 8, 16 + 8]  # as far back as is read, and a block


def test_no_delay_within_a_step_takes_one_wait_and_coupling_that_looks_ahead_four():
    assert len(Bound(Coupled(0, late=True)).blocks.cuts) == 1  # events have a second list for the next step
    assert len(Bound(NETWORKS["gap junctions"]()).blocks.cuts) == 4  # there and back for each end of the step


def test_a_population_with_one_owner_needs_nobody_for_its_own_synapses():
    net = nd.DynamicsGroup(name="Net")
    net.cells = nd.LIF(8)
    net.loop = nd.DeltaProj(net.cells, comm=nd.FixedProb(8, 8, prob=0.5, weight=1 * mV), post=net.cells)
    assert Bound(net, by_ranges).blocks.between == 1
    assert Bound(net, by_population).blocks.between is None
    coupled = Coupled(0.4, 0.2)
    for rule in (by_ranges, by_population):
        assert Bound(coupled, rule).blocks.between == 3


def test_projections_without_synapses_and_values_for_all_cross_nowhere():
    assert Bound(Coupled(0.2, prob=0)).blocks.between is None
    clock = Bound(NETWORKS["windows"]())
    assert {buffer.size for buffer in clock.owners.repeated} == {1}  # numbers that follow from the time


class Depressing(PlasticProj):
    """Weights that follow the postsynaptic potential, and maybe the presynaptic one."""

    def __init__(self, pre, post, *, looks_back, **options):
        super().__init__(pre, post=post, **options)
        self.looks_back = looks_back

    def on_post(self, s):
        s.weight = s.weight + 0.1 * mV

    def on_pre(self, s):
        s.weight = s.weight - 0.01 * s.post.V
        if self.looks_back:
            s.weight = s.weight - 0.01 * s.pre.V


@pytest.mark.parametrize("looks_back", [False, True])
def test_synapses_belong_to_whoever_owns_the_neuron_they_end_on(looks_back):
    net = nd.DynamicsGroup(name="Net")
    net.A, net.B = firing(8), firing(6)
    comm = nd.FixedProb(8, 6, prob=0.5, weight=1 * mV)
    net.plastic = Depressing(net.A, net.B, comm=comm, delay=0.7 * ms, looks_back=looks_back)
    bound = Bound(net)
    assert_found(bound, exactly=True)
    assert len(set(bound.interpreted()["Net.plastic.weight"].tolist())) > 5
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    first, line, *_others = blocks_section(sim.explain())
    assert first.startswith("  none: parts" if looks_back else "  blocks of 8 steps")
    crossing = "Net.A.V to Net.plastic: in the" if looks_back else "Net.A.output to Net.plastic: 0.7 ms = 7 steps"
    assert line.startswith(f"    {crossing}")


@pytest.mark.parametrize("late", [0.3 * ms, nd.init.Uniform(0 * ms, 0.5 * ms)], ids=["one", "each"])
def test_what_dendrites_delay_stays_with_whoever_owns_the_neuron(late):
    net = nd.DynamicsGroup(name="Net")
    net.A, net.B = firing(8), firing(6)
    comm = nd.FixedProb(8, 6, prob=0.5, weight=1 * mV)
    options = {"comm": comm, "delay": 0.7 * ms, "dendritic_delay": late}
    net.plastic = Depressing(net.A, net.B, looks_back=False, **options)
    bound = Bound(net)
    assert bound.blocks.between == 8
    assert_found(bound, exactly=True)
    assert len(set(bound.interpreted()["Net.plastic.weight"].tolist())) > 5


def test_whoever_looks_ends_a_block():
    looks = (Look("sample", every=5, first=7), Look("check", every=128))
    blocks = Bound(Coupled(0.3), looks=looks).blocks
    assert (blocks.between, blocks.length) == (4, 4)
    ends, step = [], 0
    while step < 20:
        step = blocks.stop(step, 20)
        ends.append(step)
    assert ends == [4, 7, 11, 12, 16, 17, 20]
    assert Bound(nd.LIF(4), looks=looks).blocks.length == 5
    assert Bound(nd.LIF(4)).blocks.length is None


def blocks_section(text):
    return text[text.index("Blocks of steps:") : text.index("\n\nStages:")].splitlines()[1:]


def test_brunels_network_runs_in_blocks_of_sixteen_steps():
    path = Path(__file__).parents[2] / "examples" / "brunel.py"
    brunel = runpy.run_path(str(path))["Brunel"](scale=0.01)
    sim = nd.Simulator(brunel, dt=0.1 * ms)
    sim.record(brunel.neurons, spikes=True)
    first, *crossing = blocks_section(sim.explain())
    assert first.startswith("  blocks of 16 steps (1.6 ms): ")
    for line, projection in zip(crossing, ("exc", "inh"), strict=True):
        assert line.startswith(
            f"    Brunel.neurons.output to Brunel.{projection}: 1.5 ms = 15 steps, counted from the end"
        )
    sim.record(brunel.neurons, "V")
    assert blocks_section(sim.explain())[-1] == "  recording of Brunel.neurons.V every step: blocks of 1 step"
    assert blocks_section(sim.explain(verbose=True))[-1] == "  as long as a run, where each population has one owner"
    bound = Bound(brunel)
    apart = bound.owned()
    apart.run_in_blocks(40, bound.blocks, np.random.default_rng(2))
    assert_same(apart, bound.interpreted(40))


def test_explaining_says_where_nothing_crosses_and_where_no_block_is_whole():
    def explained(net):
        return blocks_section(nd.Simulator(net, dt=0.1 * ms, target="interpret").explain())

    alone = explained(nd.LIF(4))
    assert alone[0].startswith("  as long as a run")
    assert alone[1:] == ["  search for values that are not finite every 128 steps: blocks of 128 steps"]
    shared = explained(NETWORKS["gap junctions"]())
    assert "4 times in a step" in shared[0]
    assert "    Ring.cells.V to Ring.gap: in the step in which it is computed" in shared
