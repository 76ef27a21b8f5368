"""A network of cells that are given as text has the same bits on every target."""

from quantities import Hz, ms, mV, nS, pA, pF

import numbadyn as nd
from tests.features.both import assert_targets_agree

TEXT = """
    dv/dt = (g_L*(E_L - v) + g*(E_e - v) - w + I + drive(t))/C : volt (unless refractory)
    dw/dt = (a*(v - E_L) - w)/tau_w + sigma*xi*sqrt(2/tau_w) : amp
    dg/dt = -g/tau_g : siemens
    I : amp (input)
    noisy = int(rand() < 0.5) : 1 (constant over dt)
    tau_w : second (constant)
    count : integer
    late : second
    """


class Net(nd.DynamicsGroup):
    """Cells in a plane under all that can reach them."""

    def __init__(self):
        super().__init__()
        Cell = nd.equations(
            TEXT, threshold="v > -50*mV and not_refractory",
            reset="v = E_L; w += b*noisy; count += 1; late = t - lastspike",
            refractory="2*ms + 1*ms*(i % 2)", g_L=10 * nS, E_L=-70 * mV, E_e=0 * mV, C=200 * pF, a=2 * nS, b=50 * pA,
            tau_g=5 * ms, sigma=30 * pA, drive=nd.TimedArray([300, 0, 500] * pA, dt=4 * ms),
        )  # fmt: skip
        self.cells = Cell((2, 3), v=nd.init.Uniform(-70 * mV, -55 * mV), tau_w=100 * ms)
        self.source = nd.PoissonGroup(30, rates=100 * Hz)
        comm = nd.FixedProb(30, (2, 3), prob=0.5, weight=3 * nS)
        self.jumps = nd.DeltaProj(self.source, comm=comm, post=self.cells, label="g")
        syn, out = nd.Expon.desc(tau=3 * ms), nd.COBA.desc(E=-80 * mV)
        self.inhibition = nd.AlignPostProj(self.source, comm=comm, syn=syn, out=out, post=self.cells)


def test_a_text_has_the_same_bits_on_every_target():
    _sim, result = assert_targets_agree(Net, 0.1 * ms, 12 * ms, seed=2)
    assert result["Net.cells"].spikes.count > 5
