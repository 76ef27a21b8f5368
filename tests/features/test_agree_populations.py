"""Populations of all sizes, shapes and nestings give the same bits on both targets; sizes compile nothing."""

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from tests.features.agreement import agree_quietly
from tests.features.both import assert_targets_agree

pytestmark = pytest.mark.cudasim

FIRST = nd.init.Uniform(-60 * mV, -49.5 * mV)
SIZES = [(1, 7, 33), (2, 2, 2), (8, 9, 8), (513, 1, 7), (9, 1025, 513)]


class Cell(nd.LIFRef):
    """Driven beyond threshold, with noise of its own."""

    def __init__(self, size, drive=210):
        super().__init__(size, V_initializer=FIRST, tau_ref=1.5 * ms)
        self.drive = nd.Parameter(drive * pA)

    def update(self):
        return super().update(self.drive + 60 * pA * nd.random.normal())


class Chain(nd.DynamicsGroup):
    """Three populations of one structure, coupled in a ring and each with itself."""

    def __init__(self, sizes):
        super().__init__()
        self.A, self.B, self.C = (Cell(size) for size in sizes)
        cells = (self.A, self.B, self.C)
        for number, pre in enumerate(cells):
            post = cells[(number + 1) % 3]
            comm = nd.FixedProb(pre.varshape, post.varshape, prob=min(1.0, 8 / post.num), weight=2 * nS)
            syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
            setattr(self, f"ring{number}", nd.AlignPostProj(pre, comm=comm, syn=syn, out=out, post=post))
            comm = nd.FixedInDegree(pre.varshape, pre.varshape, min(pre.num, 3), weight=-0.5 * mV)
            setattr(self, f"self{number}", nd.DeltaProj(pre, comm=comm, post=pre, delay=0.3 * ms))


def test_sizes_compile_nothing():
    """Equal and unequal sizes, at the edges of words (8) and of tiles (512)."""
    loaded = set()
    for seed, sizes in enumerate(SIZES, start=1):
        sim, result = agree_quietly(lambda sizes=sizes: Chain(sizes), 0.1 * ms, 4 * ms, seed=seed)
        loaded.add(sim.machine.loaded.path)
        assert sum(result[cell].spikes.count for cell in (sim.network.A, sim.network.B, sim.network.C)) > 0
    assert len(loaded) == 1
    assert sim.machine.loaded.compiled + sim.machine.loaded.restored == len(sim.machine.loaded.entry)


class Half(nd.DynamicsGroup):
    """A group within a group."""

    def __init__(self, size, weight):
        super().__init__()
        self.cells = Cell(size)
        comm = nd.AllToAll(self.cells.varshape, self.cells.varshape, weight=weight, autapses=False)
        self.recurrent = nd.DeltaProj(self.cells.output_delay(0.2 * ms), comm=comm, post=self.cells)


class Nested(nd.DynamicsGroup):
    """Groups of groups; grids; one neuron that drives many; the projection is assigned before its populations."""

    def __init__(self):
        super().__init__()
        left, right = Half((3, 5), 0.3 * mV), Half((2, 2, 3), -0.4 * mV)
        one = Cell(1, drive=400)
        comm = nd.AllToAll(1, right.cells.varshape, weight=3 * mV)
        self.fan = nd.DeltaProj(one, comm=comm, post=right.cells)
        comm = nd.FixedOutDegree(left.cells.varshape, right.cells.varshape, 2, weight=1 * nS)
        self.across = nd.AlignPreProj(
            left.cells, syn=nd.Expon.desc(tau=3 * ms), comm=comm, out=nd.COBA.desc(E=0 * mV), post=right.cells
        )
        self.halves = nd.DynamicsGroup()
        self.halves.left, self.halves.right = left, right
        self.one = one


def test_groups_grids_and_a_single_neuron():
    sim, result = assert_targets_agree(Nested, 0.1 * ms, 15 * ms, seed=2, precision=32)
    assert [path for path, _kind in sim.step.order] == [
        "Nested.across",
        "Nested.fan",
        "Nested.halves.left.recurrent",
        "Nested.halves.right.recurrent",
        "Nested.halves.left.cells",
        "Nested.halves.right.cells",
        "Nested.one",
    ]
    assert result[sim.network.halves.left.cells].V.shape == (150, 15)


class Sliced(nd.DynamicsGroup):
    """An update in the user's own order, which cuts the spikes of one population into parts."""

    def __init__(self, size, part):
        super().__init__()
        self.P, self.Q, self.part = Cell(size), Cell(size - part), part
        self.exc = nd.DeltaProj(comm=nd.FixedProb(part, size, prob=0.4, weight=0.5 * mV), post=self.P, delay=0.4 * ms)
        self.inh = nd.DeltaProj(comm=nd.FixedProb(size - part, size, prob=0.4, weight=-1 * mV), post=self.P)
        self.now = nd.DeltaProj(comm=nd.OneToOne(size - part, size - part, weight=0.7 * mV), post=self.Q)

    def update(self):
        spikes = self.P.get_spike()
        self.exc(spikes[: self.part])
        self.inh(spikes[self.part :])
        spikes = self.P()
        self.now(spikes[self.part :])
        return self.Q()


def test_slices_of_spikes():
    """Spikes of the last step, cut before the update; spikes of this step, cut after it."""
    loaded = set()
    for size, part in [(12, 8), (9, 1), (40, 33)]:
        sim, result = agree_quietly(lambda size=size, part=part: Sliced(size, part), 0.1 * ms, 8 * ms, seed=size)
        loaded.add(sim.machine.loaded.path)
    assert len(loaded) == 1
    assert result[sim.network.P].spikes.count > 0


class Gathered(nd.Neuron):
    """Reads its neighbours' potentials at a delay of each element's own."""

    def init_state(self):
        self.V = nd.State(nd.init.Uniform(0 * mV, 15 * mV))

    def __init__(self, size):
        super().__init__(size)
        elements = np.arange(self.num)[::-1]
        delays = 0.1 * (np.arange(self.num) % 5) * ms
        self.past = self.prefetch_delay("V", delays, elements)
        self.one_past = self.prefetch_delay("V", 0.3 * ms, init=2 * mV)
        self.spikes = self.output_delay(0.2 * ms, elements // 2)

    def update(self):
        kick = np.where(self.spikes(), 1 * mV, 0 * mV)
        V = 0.97 * self.V.value + 0.05 * self.past() - 0.01 * self.one_past() + kick + 0.3 * mV
        fired = 15 * mV < V
        self.V.value = np.where(fired, 0 * mV, V)
        return fired


def test_reads_at_a_delay_of_each_element():
    loaded = set()
    for size in (1, 6, 65):
        sim, result = assert_targets_agree(lambda size=size: Gathered(size), 0.1 * ms, 12 * ms, seed=size)
        loaded.add(sim.machine.loaded.path)
        assert result[sim.network].spikes.count > 0
    assert len(loaded) == 1


class Inputs(nd.DynamicsGroup):
    """Given spikes, Poisson sources of two kinds, rates of each neuron."""

    def __init__(self, size):
        super().__init__()
        self.given = nd.SpikeTrain(size, indices=np.arange(20) % size, times=np.linspace(0.1, 6, 20) * ms)
        self.noise = nd.PoissonGroup(size, np.linspace(0, 900, size) * Hz)
        self.more = nd.PoissonGroup((size, 2), 300 * Hz)
        self.cells, self.twins = Cell(size), Cell(size)
        for number, pre in enumerate((self.given, self.noise, self.more)):
            comm = nd.FixedProb(pre.varshape, size, prob=0.6, weight=1 * mV)
            setattr(self, f"p{number}", nd.DeltaProj(pre, comm=comm, post=self.cells))
        self.few = nd.PoissonInput(self.cells, num_input=20, freq=50 * Hz, weight=0.3 * mV)
        rates = np.linspace(0, 4000, size) * Hz
        self.many = nd.PoissonInput(self.twins, num_input=1000, freq=rates, weight=0.01 * mV)
        for number, freq in ((20, 90 * Hz), (4000, 900 * Hz), (50, rates)):
            once = nd.PoissonInput(self.cells, num_input=number, freq=freq, weight=0.01 * mV, distribution="binomial")
            setattr(self, f"once{number}", once)


@pytest.mark.parametrize("precision", [64, 32])
def test_inputs_of_all_kinds(precision):
    for size in (5, 70) if precision == 64 else (5,):
        sim, result = agree_quietly(lambda size=size: Inputs(size), 0.1 * ms, 8 * ms, seed=9, precision=precision)
        assert np.ptp(result[sim.network.twins].V.magnitude) > 0
        assert result[sim.network.given].spikes.count == 20
