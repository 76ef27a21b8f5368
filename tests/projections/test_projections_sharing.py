"""Which projections share a synapse, and what is read back."""

import numpy as np
import pytest
from quantities import ms, mV, nS, pA, s

import numbadyn as nd
from numbadyn.errors import TimeStepError, UnsupportedFeatureError
from numbadyn.model.naming import walk
from numbadyn.projections.connectivity import EdgeList
from tests.interpreted import Interpreted

N = 5


def project(post, syn, out=None, **options):
    weight = options.pop("weight", 1 * nS)
    out = nd.COBA.desc(E=0 * mV) if out is None else out
    return nd.AlignPostProj(nd.LIF(N), comm=nd.AllToAll(N, N, weight=weight), syn=syn, out=out, post=post, **options)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((5 * ms,), (0.005 * s,)),
        ((5 * ms,), (np.float32(5.0) * ms,)),
        ((8 * ms,), ()),
        ((np.linspace(1, 9, N) * ms,), ((np.linspace(1, 9, N) / 1000) * s,)),
    ],
)
def test_equal_content_is_shared(first, second):
    post = nd.LIF(N)
    a, b = (
        project(post, nd.Expon.desc(*first)),
        project(post, nd.Expon.desc(**dict(zip(["tau"], second, strict=False)))),
    )
    assert a.syn is b.syn
    assert a.out is b.out
    assert len(post.current_inputs) == 1


def middle(value):
    taus = np.full(N, 5.0)
    taus[N // 2] = value
    return taus * ms


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"syn": nd.Expon.desc(tau=middle(5.0))}, {"syn": nd.Expon.desc(tau=middle(5.0000001))}),
        ({"syn": nd.Expon.desc(tau=5 * ms)}, {"syn": nd.Alpha.desc(tau=5 * ms)}),
        ({"out": nd.COBA.desc(E=0 * mV)}, {"out": nd.COBA.desc(E=-80 * mV)}),
        ({"label": "a"}, {"label": "b"}),
        ({"share": True}, {"share": False}),
        ({"share": False}, {"share": True}),
        ({"weight": 1 * nS}, {"weight": 1 * pA}),
        ({}, {"syn": nd.Expon(N), "out": nd.COBA(0 * mV)}),
    ],
)
def test_different_content_is_not(first, second):
    post = nd.LIF(N)
    a, b = (project(post, **({"syn": nd.Expon.desc()} | options)) for options in (first, second))
    assert a.syn is not b.syn
    assert a.out is not b.out
    assert len(post.current_inputs) == 2


def test_instances_are_shared_only_by_whoever_gets_them():
    post, syn, out = nd.LIF(N), nd.Expon(N), nd.COBA(0 * mV)
    a, b = project(post, syn, out), project(post, syn, out)
    assert a.syn is b.syn is syn
    assert len(post.before_updates) == 1


def test_sharing_changes_no_result():
    class Net(nd.DynamicsGroup):
        def __init__(self, share):
            super().__init__()
            self.pre = nd.SpikeTrain(N, [0, 1, 2, 2], [0.2, 0.5, 0.9, 1.4] * ms)
            self.post = nd.LIF(N)
            options = {"syn": nd.Expon.desc(5 * ms), "out": nd.COBA.desc(0 * mV), "post": self.post, "share": share}
            self.a = nd.AlignPostProj(self.pre, comm=nd.AllToAll(N, N, weight=2 * nS), **options)
            self.b = nd.AlignPostProj(self.pre, comm=nd.OneToOne(N, N, weight=9 * nS), delay=0.3 * ms, **options)

    together, apart = Net(True), Net(False)
    (V,), (W,) = (Interpreted(net).record(60, net.post.V) for net in (together, apart))
    np.testing.assert_allclose(V, W, rtol=1e-12)
    assert (V[-1] > -59.9).all()


def test_a_presynaptic_synapse_stands_once_on_its_population():
    E, posts = nd.LIF(N), [nd.LIF(N), nd.LIF(N)]
    projections = [
        nd.AlignPreProj(
            source, syn=nd.Expon.desc(5 * ms), comm=nd.OneToOne(N, N, 1 * nS), out=nd.COBA.desc(0 * mV), post=post
        )
        for source, post in zip((E, E.output_delay(2 * ms)), posts, strict=True)
    ]
    assert projections[0].syn is projections[1].syn
    assert len(E.after_updates) == 1


def test_walking_a_network_finds_and_names_what_hangs_on_a_population():
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.A, self.B = nd.LIF(N), nd.LIF(N)
            out = nd.COBA.desc(0 * mV)
            self.one = nd.AlignPostProj(
                self.A, comm=nd.OneToOne(N, N, 1 * nS), syn=nd.Expon.desc(), out=out, post=self.B
            )
            self.two = nd.AlignPostProj(
                self.A, comm=nd.OneToOne(N, N, 1 * nS), syn=nd.Alpha.desc(), out=out, post=self.B
            )

    net = nd.init_all_states(Net())
    paths = [module.path for module in walk(net)]
    assert {"Net.B.Expon", "Net.B.COBA", "Net.B.Alpha", "Net.B.COBA_2"} <= set(paths)
    assert [module.path for module in net.schedule()] == ["Net.one", "Net.two", "Net.A", "Net.B"]
    assert net.one.syn.g.value[0] == 0 * nS


def test_a_synapse_that_is_an_attribute_of_the_network_too_is_stepped_once():
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = nd.SpikeTrain(1, [0], [0.1] * ms), nd.LIF(1, V_th=0 * mV)
            self.syn, self.out = nd.Expon(1, tau=5 * ms), nd.COBA(0 * mV)
            self.proj = nd.AlignPostProj(
                self.pre, comm=nd.OneToOne(1, 1, 1 * nS), syn=self.syn, out=self.out, post=self.post
            )

    net = Net()
    (g,) = Interpreted(net).record(11, net.syn.g)
    np.testing.assert_allclose(g[1:, 0], np.exp(-0.1 * np.arange(10) / 5.0), rtol=1e-13)


def test_edges_are_read_back_in_the_order_of_the_rule():
    post = nd.LIF(3)
    weights, delays = np.array([3.0, 1.0, 2.0]), np.array([1.0, 0.25, 0.0])
    comm = nd.Edges(2, 3, pre=[1, 0, 1], post=[2, 0, 1], weight=weights * mV)
    proj = nd.DeltaProj(nd.LIF(2), comm=comm, post=post, delay=delays * ms)
    edges = proj.edges(dt=0.1 * ms)
    assert isinstance(edges, EdgeList)
    assert (edges.pre.tolist(), edges.post.tolist()) == ([1, 0, 1], [2, 0, 1])
    assert (edges.weight == weights * mV).all()
    np.testing.assert_allclose(np.asarray(edges.delay.rescale(ms)), [1.0, 0.3, 0.0])


def test_edges_are_those_that_ran():
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.A, self.B = nd.LIF(50), nd.LIF(50)
            self.one = nd.DeltaProj(self.A, comm=nd.FixedProb(50, 50, prob=0.3, weight=1 * mV), post=self.B)
            self.two = nd.DeltaProj(self.A, comm=nd.FixedProb(50, 50, prob=0.3, weight=1 * mV), post=self.B)

    net = Net()
    run = Interpreted(net, seed=7)
    for table, proj in zip(run.run.tables, (net.one, net.two), strict=True):
        edges = proj.edges()
        np.testing.assert_array_equal(edges.post, table.edges(0.1)[1])
    assert net.one.edges().post.tolist() != net.two.edges().post.tolist()


def test_edges_without_a_time_step_or_without_synapses():
    neurons = nd.LIF(2)
    assert nd.DeltaProj(neurons, comm=nd.OneToOne(2, 2, 1 * mV), post=neurons).edges().pre.tolist() == [0, 1]
    with pytest.raises(TimeStepError, match="No time step"):
        nd.DeltaProj(neurons, comm=nd.OneToOne(2, 2, 1 * mV), post=neurons, delay=1 * ms).edges()
    with pytest.raises(UnsupportedFeatureError, match="no synapses"):
        nd.DeltaProj(neurons, comm=lambda x: x * mV, post=neurons).edges(dt=1 * ms)
