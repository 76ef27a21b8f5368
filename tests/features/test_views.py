"""Parts of populations stand wherever a population can: what they give is what the whole gives at these neurons."""

import itertools

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from numbadyn.errors import ConnectivityError, RecordingError, ShapeError, UnknownStateError, ViewError
from tests.features.both import assert_targets_agree
from tests.interpreted import assert_eager_agrees

SHAPE = (4, 5)
N = 20
MASK = np.zeros(SHAPE, bool)
MASK[1:3, ::2] = True
FLAT = np.arange(N).reshape(SHAPE)
KEYS = {
    "row": 0,
    "column": (slice(None), 3),
    "block": (slice(1, 3), slice(0, 4)),
    "mask": MASK,
    "list of rows": [2, 0],
    "one neuron": (3, -1),
    "coordinates": ([3, 0, 1], [4, 4, 0]),
    "rest": (..., slice(2, None)),
    "all": slice(None),
}


@pytest.mark.parametrize("key", list(KEYS.values()), ids=list(KEYS))
def test_a_view_has_the_neurons_and_the_shape_that_numpy_gives(key):
    view = nd.LIF(SHAPE)[key]
    wanted = np.atleast_1d(FLAT[np.asarray(key) if isinstance(key, list) else key])
    assert view.elements.tolist() == wanted.ravel().tolist()
    assert view.varshape == view.out_size == wanted.shape
    assert (len(view), view.num) == (wanted.shape[0], wanted.size)
    again = view[::-1]
    assert again.elements.tolist() == wanted[::-1].ravel().tolist()
    assert (again.mask == np.isin(FLAT, wanted)).all()


def test_names():
    net = Pair(lambda _A, B: nd.DeltaProj(B, comm=nd.OneToOne(6, 6, 0 * mV), post=B))
    nd.Simulator(net, dt=0.1 * ms, target="interpret")
    B = net.B
    assert [B[key].path for key in (slice(3), 2, [3, 5], slice(None, None, 2))] == [
        "Pair.B[:3]", "Pair.B[2]", "Pair.B[[3, 5]]", "Pair.B[::2]",
    ]  # fmt: skip
    assert B[1:5][1:3].path == "Pair.B[1:5][1:3]"
    assert "4 neurons" in B[np.array([1, 1, 1, 1, 0, 0], bool)].path
    assert repr(B[:3]) == "<LIF Pair.B[:3]>"


WRONG = {
    "empty": (slice(3, 3), "holds no neuron"),
    "no neuron of a list": ([], "holds no neuron"),
    "out of range": (6, "does not fit"),
    "in a list": ([0, 7], "does not fit"),
    "slice too long": (slice(None, 9), "reaches beyond"),
    "mask of another size": (np.ones(5, bool), "does not fit"),
    "twice": ([3, 3], "neuron 3 more than once"),
    "by both ends": ([0, -6], "neuron 0 more than once"),
    "too many axes": ((0, 0), "does not fit"),
    "name": ("V", r"prefetch\('V'\)"),
    "real": (1.5, "no index"),
    "flag": (True, "no index"),
    "slice of reals": (slice(0.5, 3), "no index"),
    "slice of names": (slice("a", None), "no index"),
    "step of nothing": (slice(0, 3, 0), "does not fit"),
    "time": (1 * ms, "no index"),
    "new axis": (None, "no index"),
}


@pytest.mark.parametrize(("key", "text"), list(WRONG.values()), ids=list(WRONG))
def test_what_is_no_part_is_refused_by_name(key, text):
    with pytest.raises(ViewError, match=text) as caught:
        nd.LIF(6, name="B")[key]
    assert "B" in str(caught.value)


def test_a_view_has_no_states():
    with pytest.raises(UnknownStateError, match=r"prefetch\('V'\)"):
        _ = nd.LIF(6)[:2].V
    for name in ("V", "name", "varshape"):
        with pytest.raises(UnknownStateError, match=rf"LIF\[:2\].{name} is assigned.*\n.*\n.*sim.set"):
            setattr(nd.LIF(6)[:2], name, 3)
    with pytest.raises(TypeError, match="not an array"):
        np.asarray(nd.LIF(6)[:2])


# ---- projections -----------------------------------------------------------------------------------------------------


class Pair(nd.DynamicsGroup):
    """A noisy population of two axes and a line of neurons."""

    def __init__(self, make):
        super().__init__()
        self.A = nd.PoissonGroup(SHAPE, rates=300 * Hz)
        self.B = nd.LIF(6, V_th=-58 * mV)
        self.p = make(self.A, self.B)


COBA = {"syn": nd.Expon.desc(tau=3 * ms), "out": nd.COBA.desc(E=0 * mV)}
ENDS = {
    "sorted": ((1, slice(None)), slice(2, 6)),
    "picked": (([3, 0, 1, 2], [4, 4, 0, 2]), [5, 0, 3]),
    "pre": (MASK, None),
    "post": (None, slice(None, None, -2)),
}
RULES = {
    "all": lambda m, n: nd.AllToAll(m, n, weight=nd.init.Uniform(1 * nS, 9 * nS)),
    "prob": lambda m, n: nd.FixedProb(m, n, prob=0.6, weight=5 * nS),
    "in": lambda m, n: nd.FixedInDegree(m, n, num=3, weight=np.arange(1.0, 1 + 3 * int(np.prod(n))) * nS),
    "edges": lambda m, n: nd.Edges(m, n, [1, 0, 1], [2, 0, 2], weight=[7, 5, 3] * nS),
    "matrix": lambda m, n: nd.AllToAll(
        m, n, weight=np.arange(1.0, 1 + np.prod(m) * np.prod(n)).reshape(int(np.prod(m)), -1) * nS
    ),
}
DELAYS = {
    "none": lambda _m: None,
    "one": lambda _m: 0.5 * ms,
    "each": lambda _m: nd.init.Uniform(0 * ms, 2 * ms),
    "axonal": lambda m: np.linspace(0, 1, int(np.prod(m)))[:, None] * ms,
}


def parts(A, B, ends):
    return tuple(pop if key is None else pop[key] for pop, key in zip((A, B), ends, strict=True))


def between(ends, rule, delay, **more):
    def make(A, B):
        pre, post = parts(A, B, ends)
        return nd.AlignPostProj(
            pre, comm=rule(pre.varshape, post.varshape), post=post, delay=delay(pre.varshape), **COBA, **more
        )

    return make


def written_out(make):
    """The same projection by its edges, between whole populations."""

    def explicit(A, B):
        edges = made.p.edges(dt=0.1 * ms)
        return nd.AlignPostProj(
            A, comm=nd.Edges(N, 6, edges.pre, edges.post, weight=edges.weight), post=B, delay=edges.delay, **COBA
        )

    made = Pair(make)
    nd.Simulator(made, dt=0.1 * ms, target="interpret", seed=3).compile()
    return explicit


def ran(make, target="interpret"):
    sim = nd.Simulator(Pair(make), dt=0.1 * ms, target=target, seed=3)
    sim.record(sim.network.B, "V")
    return np.asarray(sim.run(8 * ms, progress=False)[sim.network.B].V)


@pytest.mark.parametrize(("ends", "rule"), list(itertools.product(ENDS, RULES)))
def test_synapses_of_every_rule_join_the_neurons_of_the_views(ends, rule):
    for delay in DELAYS.values():
        make = between(ENDS[ends], RULES[rule], delay)
        net = Pair(make)
        pre, post = parts(net.A, net.B, ENDS[ends])
        edges, plain = net.p.edges(dt=0.1 * ms), Pair(
            lambda A, B, pre=pre, post=post, delay=delay: nd.AlignPostProj(
                nd.PoissonGroup(pre.varshape, rates=1 * Hz),
                comm=RULES[rule](pre.varshape, post.varshape),
                post=nd.LIF(post.varshape),
                delay=delay(pre.varshape),
                **COBA,
            )
        ).p.edges(dt=0.1 * ms)  # fmt: skip
        of = [np.arange(v.num) if not isinstance(v, nd.View) else v.elements for v in (pre, post)]
        assert edges.pre.tolist() == of[0][plain.pre].tolist()
        assert edges.post.tolist() == of[1][plain.post].tolist()
        np.testing.assert_array_equal(np.asarray(edges.weight), np.asarray(plain.weight))
        np.testing.assert_array_equal(np.asarray(edges.delay), np.asarray(plain.delay))


@pytest.mark.parametrize("ends", list(ENDS))
@pytest.mark.parametrize(("rule", "delay"), [("prob", "each"), ("edges", "none"), ("in", "axonal"), ("all", "one")])
def test_views_act_as_the_same_edges_between_the_populations(ends, rule, delay):
    make = between(ENDS[ends], RULES[rule], DELAYS[delay])
    found = ran(make)
    assert np.ptp(found) > 0.1
    np.testing.assert_array_equal(found, ran(written_out(make)))


PICKED = ENDS["picked"]


def chain(A, B, noise=True):
    """Every kind of projection, between parts."""
    pre, post = parts(A, B, PICKED)
    sizes, w = (pre.varshape, post.varshape), np.arange(1.0, 13.0).reshape(4, 3)
    made = [
        nd.align_post_projection(pre, stp=nd.STP.desc(U=0.5), comm=nd.AllToAll(*sizes, w * nS), post=post, **COBA),
        nd.AlignPostProj(pre, nd.STD(4, U=0.5), comm=nd.AllToAll(*sizes, w * nS), post=post, **COBA),
        nd.AlignPreProj(pre, comm=nd.AllToAll(*sizes, w * nS), post=post, delay=0.3 * ms, **COBA),
        nd.AlignPostProj(pre.output_delay(0.7 * ms), comm=nd.AllToAll(*sizes, w * nS), post=post, **COBA),
        nd.AllToAllProj(pre, post, weight=w * nS, label="named", **COBA),
        nd.DeltaProj(pre, lambda spikes: 1.0 * spikes, comm=nd.AllToAll(*sizes, w * 0.1 * mV), post=post),
        nd.CurrentProj(
            B[[4, 1]].prefetch("V"), comm=nd.OneToOne(2, 2, 0.2 * nS), out=nd.CUBA.desc(), post=B[[0, 2]]
        ),
        nd.CurrentProj(
            B[[4, 1]].prefetch_delay("V", 0.4 * ms), comm=nd.OneToOne(2, 2, 0.2 * nS), out=nd.CUBA.desc(), post=B[:2]
        ),
        nd.SymmetryGapJunction((B[1:4], B[4:]), "V", ([0, 2], [1, 0]), weight=1 * nS),
    ]  # fmt: skip
    B[2:4].add_current_input("drive", lambda V: (-40 * mV - V) * 0.5 * nS)
    B[0].add_current_input("push", lambda V: 5 * pA)
    if noise:
        made.append(nd.PoissonInput(B[[5, 2]], num_input=100, freq=[10, 90] * Hz, weight=0.2 * mV))
        which = B[3:].prefetch("V")
        made.append(nd.PoissonInput(which, [1, 0], num_input=50, freq=[5, 40] * Hz, weight=[0.1, 0.3] * mV))
    return made


def test_every_kind_of_projection_has_the_same_bits_on_all_targets():
    class Chained(Pair):
        def __init__(self):
            super().__init__(chain)

    for precision in (64, 32):
        assert_targets_agree(Chained, 0.1 * ms, 20 * ms, seed=3, precision=precision)


def test_eager_calls_agree():
    class Given(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            spikes = np.random.default_rng(2).integers(0, N, 60)
            self.A = nd.SpikeTrain(SHAPE, spikes, np.linspace(0.1, 5, 60).round(1) * ms)
            self.B = nd.LIF(6, V_th=-58 * mV)
            self.p = chain(self.A, self.B, noise=False)

    assert_eager_agrees(Given, 50)


def test_poisson_input_and_gap_junctions_reach_the_neurons_that_are_named():
    net = Pair(lambda _A, B: nd.PoissonInput(B[[5, 2]], num_input=100, freq=[10, 90] * Hz, weight=0.2 * mV))
    np.testing.assert_allclose(np.asarray(net.p.freq.value.rescale("Hz")), [0, 0, 90, 0, 0, 10])
    assert np.asarray(net.p.num_input.value).tolist() == [0, 0, 100, 0, 0, 100]
    gap = nd.SymmetryGapJunction((net.B[1:4], net.B[4:]), "V", lambda m, n: ([0, m[0] - 1], [n[0] - 1, 0]), 1 * nS)
    assert (gap.pre_ids.tolist(), gap.post_ids.tolist()) == ([1, 3], [5, 4])


def test_inputs_of_parts_leave_the_others_alone():
    cells = nd.init_all_states(nd.LIF(SHAPE, V_initializer=nd.init.Constant(-60 * mV)))
    part = cells[[2, 0], 1:4]
    part.add_current_input("array", np.arange(1.0, 7).reshape(2, 3) * pA)
    part.add_current_input("function", lambda V: 0.1 * nS * (-50 * mV - V))
    total = np.asarray(cells.sum_current_inputs(0 * pA, cells.V.value))
    wanted = np.zeros(SHAPE)
    wanted[[2, 0], 1:4] = np.arange(1.0, 7).reshape(2, 3) + 1.0
    np.testing.assert_allclose(total, wanted)
    with pytest.raises(ViewError, match=r"shape \(3,\)"):
        part.add_delta_input("wrong", [1, 2, 3] * mV)


# ---- recording, reading, setting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_parts_are_recorded_beside_the_whole(target):
    net = Pair(between(ENDS["pre"], RULES["all"], DELAYS["none"]))
    sim = nd.Simulator(net, dt=0.1 * ms, target=target, seed=3)
    views = [net.B[[4, 1]], net.B[2:], net.B[2:][::2]]
    sim.record(net.B, "V", spikes=True)
    for view in views:
        sim.record(view, "V", spikes=True)
    sim.record(net.A[MASK], spikes=True)
    sim.record(net.A, spikes=True)
    sim.record(net.B[1:5], "V", index=[0, -1], every=1 * ms)
    result = sim.run(10 * ms, progress=False)
    whole = result[net.B]
    assert whole.spikes.count > 5
    for view in (*views, net.B[2:6]):
        np.testing.assert_array_equal(result[view].V, whole.V[:, view.elements])
        trains = whole.spikes.trains()
        for mine, number in zip(result[view].spikes.trains(), view.elements, strict=True):
            assert np.array_equal(mine, trains[number])
    inside = np.isin(result[net.A].spikes.indices, np.flatnonzero(MASK))
    assert result[net.A[MASK]].spikes.count == inside.sum() > 0
    assert result["Pair.B[2:]"] is result[net.B[2:]]
    np.testing.assert_array_equal(result[net.B[1:5]].V, whole.V[::10, [1, 4]])
    with pytest.raises(RecordingError, match=r"Nothing was recorded of Pair\.B\[:2\]"):
        result[net.B[:2]]


def test_states_of_parts_are_read_and_set():
    net = Pair(between(ENDS["pre"], RULES["all"], DELAYS["none"]))
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.set(net.B[[4, 1]], "V", [-70, -65] * mV)
    sim.set(net.B[5], "V", -75 * mV)
    assert np.asarray(sim.get(net.B, "V")).tolist() == [-60, -65, -60, -60, -70, -75]
    assert np.asarray(sim.get(net.B[1:5:3], "V")).tolist() == [-65, -70]
    with pytest.raises(ShapeError):
        sim.set(net.B[:3], "V", [-70, -65] * mV)


# ---- mistakes --------------------------------------------------------------------------------------------------------


def test_sizes_must_be_those_of_the_views():
    E = nd.LIF(6)
    for m, n in ((6, 2), (3, 6)):
        with pytest.raises(ShapeError, match="comm of"):
            nd.AlignPostProj(E[:3], comm=nd.AllToAll(m, n, weight=1 * nS), post=E[4:], **COBA)
    with pytest.raises(ConnectivityError, match="comm is a function"):
        nd.CurrentProj(E[:3].prefetch("V"), comm=lambda V: V * nS, out=nd.CUBA.desc(), post=E[3:])


def test_autapses_are_about_the_same_neurons():
    E, other = nd.LIF(6), nd.LIF(6)
    sizes = (3, 3, 1 * nS)
    nd.AlignPostProj(E[:3], comm=nd.AllToAll(*sizes, autapses=False), post=E[:3], **COBA)
    for pre, post in ((E, other), (E[:3], other[:3]), (E[:3], E[3:]), (E[:3], E[1:4]), (E[:3], E[[2, 1, 0]])):
        comm = nd.AllToAll(pre.varshape, post.varshape, 1 * nS, autapses=False)
        with pytest.raises(ConnectivityError, match=r"autapses=False"):
            nd.AlignPostProj(pre, comm=comm, post=post, **COBA).edges(dt=1 * ms)
        with pytest.raises(ConnectivityError, match=r"autapses=False"):
            nd.DeltaProj(pre, comm=nd.PairwisePoisson(pre.varshape, post.varshape, 1, 1 * mV, False), post=post).edges()
    assert nd.AllToAllProj(E[:3], E[3:], weight=1 * nS, autapses=False, **COBA).comm.n_synapses == 9
    assert nd.AllToAllProj(E[:3], E[:3], weight=1 * nS, autapses=False, **COBA).comm.n_synapses == 6
    with pytest.raises(ConnectivityError, match="overlap"):
        nd.AllToAllProj(E[:3], E[1:4], weight=1 * nS, autapses=False, **COBA).edges(dt=1 * ms)
    net = Pair(lambda _A, B: nd.DeltaProj(other, comm=nd.FixedProb(6, 6, 1.0, 1 * mV, False), post=B))
    with pytest.raises(ConnectivityError, match=r"autapses=False of Pair\.p .*two populations") as caught:
        nd.Simulator(net, dt=0.1 * ms)
    assert "Leave autapses at True" in caught.value.cure
