"""`explain()`: the order of a step, hooks, delays in steps, synapses, states with units, buffers with sizes."""

import copy
import re

import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd


class Net(nd.DynamicsGroup):
    """Something of each kind."""

    def __init__(self):
        super().__init__()
        self.E, self.I = nd.LIFRef(8), nd.LIF((2, 3))
        weight = nd.init.Uniform(1 * nS, 2 * nS)
        syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
        self.E2I = nd.AlignPostProj(
            self.E.output_delay(1.5 * ms), comm=nd.AllToAll(8, (2, 3), weight=weight), syn=syn, out=out, post=self.I
        )
        comm = nd.OneToOne(6, 6, weight=1 * mV)
        self.I2I = nd.DeltaProj(self.I, comm=comm, post=self.I, delay=nd.init.Uniform(0.5 * ms, 2 * ms))
        past = self.I.prefetch_delay("V", 0.7 * ms)
        self.I.add_current_input("past", lambda v: 0.1 * nS * (past() - v))
        self.E.add_before_update("mine", self.hook)

    def hook(self):
        self.E.V.value = self.E.V.value * 1.0


def explained():
    return nd.Simulator(Net(), dt=0.1 * ms, target="interpret").explain()


def test_everything_is_named():
    text = explained()
    for line in (
        r"Net, dt = 0.1 ms, 64 bits",
        r"  1. Net.E2I \(projection\)",
        r"  2. Net.I2I \(projection\)",
        r"  3. Net.E \(dynamics\).*before.*mine.*",
        r"  4. Net.I \(dynamics\).*",
        r"  Net.E2I: 8 -> 6, 48 synapses, a weight each",
        r"  Net.I2I: 6 -> 6, 6 synapses, one weight",
        r"  Net.E.output .*15 steps.*1.5 ms.*",
        r"  Net.I.V .*7 steps.*0.7 ms.*",
        r"  Net.I2I.*: \d+ to \d+ steps.*",
        r"  Net.E.V.*mV.*",
        r"  Net.I.Expon.g.*nS.*",
        r"  state .*Net.E.V: 8 x real, 64 bytes.*",
    ):
        assert re.search(f"^{line}$", text, re.MULTILINE), (line, text)


def test_sections_come_in_the_order_of_the_path():
    text = explained()
    sections = ["Order of a step:", "Connections:", "Delays:", "Stages:", "States:", "Buffers:"]
    places = [text.index(section) for section in sections]
    assert places == sorted(places)


def test_a_network_without_projections_says_so():
    net = nd.DynamicsGroup(name="lonely")
    net.cells = nd.LIF(3)
    text = nd.Simulator(net, dt=0.1 * ms, target="interpret").explain()
    assert len(re.findall(r"^  none$", text, re.MULTILINE)) == 2


def test_explaining_compiles_nothing_and_changes_nothing():
    sim = nd.Simulator(Net(), dt=0.1 * ms, target="interpret")
    assert sim.explain() == sim.explain()
    assert "compile" not in sim.seconds
    assert sim.source == ""
    assert str(sim.program) == str(sim.program)


def test_seconds_of_single_passes_are_there_by_stage():
    sim = nd.Simulator(Net(), dt=0.1 * ms, target="interpret")
    text = sim.explain(verbose=True)
    assert list(sim.seconds) == ["trace", "build synapses", "lower"]
    for stage, passes in sim.seconds.passes.items():
        assert 0 < sum(passes.values()) <= sim.seconds[stage]
        assert all(f"  {name}: " in text for name in passes)


class Counter(nd.Module):
    """Neither a projection nor a dynamical system."""

    def __init__(self, cells, draws=False):
        super().__init__()
        self.varshape = cells.varshape
        self._cells, self._draws = cells, draws

    def init_state(self):
        self.n = nd.State(0.0)

    def update(self):
        self.n.value = self.n.value + (nd.random.uniform() if self._draws else 1.0 * self._cells.get_spike())


def counted(draws=False):
    net = nd.DynamicsGroup(name="Net")
    net.part = nd.DynamicsGroup()
    net.part.cells = nd.LIF(5)
    net.part.counter = Counter(net.part.cells, draws)
    return net


def test_other_modules_have_their_place_in_the_order_and_their_stages():
    net = counted()
    text = net.explain(dt=0.1 * ms)
    assert re.search(r"1\. Net\.part\.cells \(dynamics\).*\n +2\. Net\.part\.counter \(module\)", text), text
    stages = text[text.index("Stages:") : text.index("States:")]
    assert re.search(r"over Net\.part\.counter \(5 elements\)", stages), stages


def test_other_modules_draw_for_each_of_their_elements():
    net = counted(draws=True)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(0.1 * ms)
    with nd.environ.context(dt=0.1 * ms):
        nd.init_all_states(net)()
    for drawn in (sim.get(net.part.counter, "n"), net.part.counter.n.value):
        assert len(set(drawn.tolist())) == 5


class Whole(nd.DynamicsGroup):
    """A part that a projection of the whole drives, and one that nothing drives."""

    def __init__(self):
        super().__init__(name="Whole")
        self.target, self.free = nd.DynamicsGroup(), nd.DynamicsGroup()
        self.target.cells, self.free.cells = nd.LIF(4), nd.LIF(4)
        comm = nd.FixedProb(4, 4, prob=0.5, weight=1 * nS)
        loop = nd.FixedProb(4, 4, prob=0.5, weight=1 * mV)
        self.free.loop = nd.DeltaProj(self.free.cells, comm=loop, post=self.free.cells)
        signal = self.free.cells.prefetch("V")
        self.between = nd.CurrentProj(signal, comm=comm, out=nd.CUBA.desc(scale=1), post=self.target.cells)


def notes(net):
    modules = [net, *net.schedule(), net.between.out]
    return [(m.path, m._place, m.seed_of_build, m._built) for m in modules]


def test_explaining_a_part_shows_its_own_names_and_leaves_them():
    net = Whole()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", seed=3)
    sim.run(0.1 * ms)
    before, edges = notes(net), net.free.loop.edges()
    text = net.free.explain(dt=1 * ms)
    assert "1. Whole.free.loop (projection)" in text
    assert notes(net) == before
    assert net.free.loop.edges().pre.tolist() == edges.pre.tolist()
    unnamed = Whole()
    before = notes(unnamed)
    unnamed.free.explain(dt=1 * ms)
    assert notes(unnamed) == before
    assert unnamed.free.name is None
    unnamed.free.cells.output_delay(5 * ms)  # nothing has been built that would be too short for it


class Driven(nd.DynamicsGroup):
    """A part onto which projections of the whole end, of each kind that needs nothing else to be traced."""

    def __init__(self):
        super().__init__(name="Driven")
        self.part, self.source = nd.DynamicsGroup(), nd.LIF(4)
        self.part.cells = cells = nd.LIF(4)
        jumps, conductances = (nd.OneToOne(4, 4, weight=1 * unit) for unit in (mV, nS))
        self.part.loop = nd.DeltaProj(cells, comm=jumps, post=cells)
        self.jump = nd.DeltaProj(self.source, comm=jumps, post=cells)
        self.noise = nd.PoissonInput(cells, num_input=10, freq=5 * Hz, weight=1 * mV)
        self.gap = nd.SymmetryGapJunction((cells, self.source), "V", ([0], [0]), weight=1 * nS)
        self.synapse = nd.AlignPostProj(
            self.source, comm=conductances, syn=nd.Expon.desc(), out=nd.COBA.desc(E=0 * mV), post=cells
        )


@pytest.mark.parametrize("named", [False, True])
def test_projections_from_outside_are_named_where_a_part_is_explained(named):
    net = Driven()
    if named:
        nd.Simulator(net, dt=0.1 * ms, target="interpret")
    text = net.part.explain(dt=0.1 * ms)
    left_out = text[text.index("Left out") :].splitlines()
    path = "Driven.part" if named else "DynamicsGroup"
    assert f"not in {path} (explain the network" in left_out[0]
    names = ["gap", "jump", "noise", "synapse"]
    kinds = ["AlignPostProj", "DeltaProj", "PoissonInput", "SymmetryGapJunction"]
    assert len(left_out) == 5
    for line, name, kind in zip(left_out[1:], names, kinds, strict=True):
        assert line == (f"  Driven.{name} onto Driven.part.cells" if named else f"  {kind} onto DynamicsGroup.cells")
    for whole in (net, copy.deepcopy(net)):
        assert "Left out" not in whole.explain(dt=0.1 * ms)
    assert "Left out" in nd.Simulator(net.part, dt=0.1 * ms, target="interpret", alone=True).explain()


def test_a_part_that_is_driven_from_outside_says_by_whom():
    net = Whole()
    nd.init_all_states(net)
    before = notes(net)
    with pytest.raises(nd.errors.NotInitialisedError, match=r"(?s)no conductance.*by Whole\.between.*holds both"):
        net.target.explain(dt=0.1 * ms)
    assert notes(net) == before
    assert "Whole.between" in net.explain(dt=0.1 * ms)
