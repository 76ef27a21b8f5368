"""A weight below zero into a conductance is refused with its cure, whatever way it comes; into a current it acts."""

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn.errors import NegativeConductanceError
from tests.targets import COMPILED

N = 6
SYN = nd.Expon.desc(tau=5 * ms)
MATRIX = np.where(np.eye(N) > 0, -1.0, 0.5)


class Net(nd.DynamicsGroup):
    def __init__(self, make):
        super().__init__()
        self.E = nd.LIF(N, V_initializer=nd.init.Constant(-50 * mV))
        self.p = make(self.E)


def post(comm, out=None, **more):
    return lambda E: nd.AlignPostProj(
        E, comm=comm, syn=SYN, out=nd.COBA.desc(E=0 * mV) if out is None else out, post=E, **more
    )


AT_ONCE = {
    "number": post(nd.FixedProb(N, N, prob=0.5, weight=-1 * nS)),
    "array": post(nd.OneToOne(N, N, weight=[1, 1, 1, -1e-9, 1, 1] * nS)),
    "matrix": post(nd.Matrix(MATRIX * nS)),
    "edges": post(nd.Edges(N, N, [0, 1], [1, 2], weight=[1, -2] * nS)),
    "block of magnesium": post(nd.AllToAll(N, N, weight=-1 * nS), nd.MgBlock.desc()),
    "plain weights": post(nd.AllToAll(N, N, weight=-1.0)),
    "named": lambda E: nd.AllToAllProj(E, E, weight=-1 * nS, syn=SYN, out=nd.COBA.desc(E=0 * mV)),
    "presynaptic synapse": lambda E: nd.AlignPreProj(
        E, syn=SYN, comm=nd.AllToAll(N, N, weight=-1 * nS), out=nd.COBA.desc(E=0 * mV), post=E
    ),
    "graded": lambda E: nd.CurrentProj(
        E, comm=nd.AllToAll(N, N, weight=-1 * nS), out=nd.COBA.desc(E=0 * mV), post=E
    ),
    "plasticity": lambda E: nd.align_post_projection(
        E, stp=nd.STP.desc(), comm=nd.AllToAll(N, N, weight=-1 * nS), syn=SYN, out=nd.COBA.desc(E=0 * mV), post=E
    ),
}  # fmt: skip

WHEN_DRAWN = {
    "uniform": post(nd.AllToAll(N, N, weight=nd.init.Uniform(-1 * nS, 1 * nS))),
    "tail": post(nd.FixedProb(N, N, prob=1.0, weight=nd.init.Normal(1 * nS, 1 * nS)), delay=1 * ms),
    "pairs": post(nd.FixedProb(N, N, prob=1.0, weight=MATRIX * nS)),
    "function": post(nd.AllToAll(N, N, weight=nd.init.FromFunction(lambda shape: np.linspace(-1, 1, shape[0]) * nS))),
}


def said(error, name="p"):
    assert f"Net.{name}" in str(error)
    assert "conductance" in error.what
    assert "reversal potential below rest" in error.cure


@pytest.mark.parametrize("make", list(AT_ONCE.values()), ids=list(AT_ONCE))
def test_what_is_known_is_refused_when_the_projection_is_made(make):
    with pytest.raises(NegativeConductanceError, match="-") as caught:
        Net(make)
    assert "below rest" in caught.value.cure


@pytest.mark.parametrize("make", list(WHEN_DRAWN.values()), ids=list(WHEN_DRAWN))
@pytest.mark.parametrize("target", ["interpret", COMPILED])
def test_what_is_drawn_is_refused_before_the_first_step(make, target):
    sim = nd.Simulator(Net(make), dt=0.1 * ms, target=target)
    with pytest.raises(NegativeConductanceError, match="synapses, the least is -") as caught:
        sim.run(1 * ms)
    said(caught.value)
    assert sim.t == 0 * ms


def test_a_weight_that_is_changed_is_refused_too():
    net = Net(post(nd.AllToAll(N, N, weight=1 * nS)))
    net.p.comm.weight = -2 * nS
    with pytest.raises(NegativeConductanceError, match=r"-2\.0 nS"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret")


def test_jumps_of_a_synapse_that_is_a_conductance():
    net = Net(post(nd.AllToAll(N, N, weight=1 * nS)))
    with pytest.raises(NegativeConductanceError, match="COBA"):
        nd.DeltaProj(net.E, comm=nd.AllToAll(N, N, weight=-1 * nS), post=net.p.syn)


@pytest.mark.parametrize(
    "make",
    [
        post(nd.AllToAll(N, N, weight=-1 * pA), nd.CUBA.desc()),
        post(nd.AllToAll(N, N, weight=-1 * nS), nd.CUBA.desc(scale=60 * mV)),
        post(nd.AllToAll(N, N, weight=nd.init.Normal(0 * pA, 1 * pA)), nd.CUBA.desc()),
        post(nd.AllToAll(N, N, weight=0 * nS)),
        post(nd.FixedProb(N, N, prob=1.0, weight=nd.init.Normal(1 * nS, 2 * nS, low=0 * nS))),
        post(nd.AllToAll(N, N, weight=nd.init.LogNormal(1 * nS, 2 * nS))),
        post(nd.FixedProb(N, N, prob=1.0, weight=nd.init.Normal(9 * nS, 0.1 * nS))),
        lambda E: nd.DeltaProj(E, comm=nd.AllToAll(N, N, weight=-0.1 * mV), post=E),
    ],
)
def test_currents_and_voltages_take_both_signs_and_bounded_draws_are_fine(make):
    nd.Simulator(Net(make), dt=0.1 * ms, target="interpret").run(0.5 * ms)


def test_an_output_of_the_user_says_that_it_conducts():
    class Own(nd.SynOut):
        def update(self, V):
            return self.conductance * (0 * mV - V)

    class Conducting(Own):
        conducts = True

    nd.Simulator(Net(post(nd.AllToAll(N, N, weight=-1 * nS), Own.desc())), dt=0.1 * ms, target="interpret")
    with pytest.raises(NegativeConductanceError, match="Conducting"):
        Net(post(nd.AllToAll(N, N, weight=-1 * nS), Conducting.desc()))
