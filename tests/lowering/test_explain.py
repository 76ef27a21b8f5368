"""`explain()`: the order of a step, hooks, delays in steps, synapses, states with units, buffers with sizes."""

import re

from quantities import ms, mV, nS

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
