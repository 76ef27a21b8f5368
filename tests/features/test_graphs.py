"""Small worlds, scale-free networks, block models, convolutions, dense matrices: against closed forms and nx."""

import networkx as nx
import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.errors import ConnectivityError, ShapeError, UnknownOptionError
from tests.targets import COMPILED, simulator_of

SIZE = 600
RULES = {
    "small world": lambda n: nd.SmallWorld(n, n, neighbours=6, rewire=0.2),
    "directed small world": lambda n: nd.SmallWorld(n, n, neighbours=6, rewire=0.2, directed=True),
    "scale free": lambda n: nd.ScaleFree(n, n, num=3),
    "directed scale free": lambda n: nd.ScaleFree(n, n, num=3, directed=True),
    "blocks": lambda n: nd.BlockModel(n, n, [n // 3, n - n // 3], [[0.1, 0.02], [0.0, 1.0]], autapses=False),
}


def edges_of(rule, seed=1, **options):
    rule.seed = seed
    cells = nd.LIF(rule.n_pre)
    return nd.DeltaProj(cells, comm=rule, post=cells, **options).edges(0.1 * ms)


def graph_of(rule, seed=1, n=SIZE):
    edges = edges_of(rule, seed)
    graph = nx.DiGraph(zip(edges.pre.tolist(), edges.post.tolist(), strict=True))
    graph.add_nodes_from(range(n))
    return graph, edges


@pytest.mark.parametrize("name", RULES)
def test_lists_are_sorted_simple_and_follow_the_seed(name):
    rule = RULES[name](60)
    edges, again, other = edges_of(rule), edges_of(rule), edges_of(rule, 2)
    pair = edges.pre * 60 + edges.post
    assert (np.diff(pair) > 0).all()
    assert (edges.pre != edges.post).all()
    assert rule.n_synapses in (None, pair.size)
    np.testing.assert_array_equal(again.post, edges.post)
    assert not np.array_equal(other.post, edges.post)
    if "directed" not in name and name != "blocks":
        assert set(zip(edges.pre, edges.post, strict=True)) == set(zip(edges.post, edges.pre, strict=True))


@pytest.mark.statistical
def test_clustering_and_paths_of_a_small_world():
    """Watts and Strogatz (1998): C(p) = C(0) (1 - p)^3, and short paths at p = 0.1; seeded, within 0.035."""
    for p in (0.0, 0.1, 0.3):
        graph, _ = graph_of(nd.SmallWorld(SIZE, SIZE, neighbours=10, rewire=p))
        clustering = nx.transitivity(graph.to_undirected())
        assert clustering == pytest.approx(3 * 8 / (4 * 9) * (1 - p) ** 3, abs=0.035)
    graph, edges = graph_of(nd.SmallWorld(SIZE, SIZE, neighbours=10, rewire=0.1, directed=True))
    assert set(dict(graph.out_degree()).values()) == {10}
    lengths = nx.single_source_shortest_path_length(graph, 0)
    assert np.mean(list(lengths.values())) < 6  # 75 on the ring
    away = np.minimum((edges.post - edges.pre) % SIZE, (edges.pre - edges.post) % SIZE)
    assert (away > 5).mean() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_a_small_world_of_a_handful_of_neurons_is_complete(n):
    for seed in range(20):
        for directed in (False, True):
            edges = edges_of(nd.SmallWorld(n, n, neighbours=2, rewire=1.0, directed=directed), seed)
            assert len(set(zip(edges.pre, edges.post, strict=True))) == 2 * n


@pytest.mark.statistical
def test_degrees_of_a_scale_free_network():
    """P(k) = 2 m (m + 1) / k (k + 1) (k + 2): counts within 5 standard errors, false alarm below 1e-5."""
    n, m = 20_000, 3
    edges = edges_of(nd.ScaleFree(n, n, num=m))
    degree = np.bincount(edges.pre, minlength=n)
    assert degree.min() >= 1
    for k in (3, 4, 6, 10):
        p = 2 * m * (m + 1) / (k * (k + 1) * (k + 2))
        assert abs((degree == k).sum() - n * p) < 5 * np.sqrt(n * p) + 3
    assert degree.max() > 100
    assert degree[:10].mean() > 20 * degree.mean()


@pytest.mark.statistical
def test_blocks_have_the_densities_asked_for():
    """Within 5 standard errors in each pair of groups; false alarm below 1e-5."""
    rule = nd.BlockModel(900, 500, [600, 300], [[0.05, 0.2], [0.0, 1.0]], post_blocks=[400, 100])
    rule.seed = 3
    pre, post = nd.LIF(900), nd.LIF(500)
    edges = nd.DeltaProj(pre, comm=rule, post=post).edges()
    found = np.zeros((2, 2))
    np.add.at(found, (rule.block_of_pre[edges.pre], rule.block_of_post[edges.post]), 1)
    pairs = np.outer([600, 300], [400, 100])
    assert (abs(found - rule.prob * pairs) <= 5 * np.sqrt(rule.prob * (1 - rule.prob) * pairs)).all()
    assert rule.expected_synapses == pytest.approx((rule.prob * pairs).sum())
    assert np.bincount(edges.post)[:400].std() == pytest.approx(np.sqrt(600 * 0.05 * 0.95), rel=0.2)


def test_a_graph_of_networkx_keeps_its_edges():
    made = nx.MultiDiGraph([("a", "b"), ("b", "c"), ("a", "b"), ("c", "c")])
    edges = edges_of(nd.Graph(made, weight=[1.0, 2.0, 3.0, 4.0]))
    assert [edges.pre.tolist(), edges.post.tolist()] == [[0, 0, 1, 2], [1, 1, 2, 2]]
    ring = nx.cycle_graph(4)
    nx.set_edge_attributes(ring, {pair: float(sum(pair)) for pair in ring.edges}, "w")
    edges = edges_of(nd.Graph(ring, weight="w", unit=nS))
    assert edges.pre.size == 8
    np.testing.assert_array_equal(edges.weight.magnitude, edges.pre + edges.post)
    with pytest.raises(ConnectivityError, match="Not every edge"):
        nd.Graph(ring, weight="v")
    with pytest.raises(ConnectivityError, match="no graph"):
        nd.Graph([[0, 1]])


@pytest.mark.parametrize(("axes", "padding"), [(1, "same"), (2, "valid"), (2, "circular"), (3, "same")])
def test_a_convolution_is_that_of_loops(axes, padding):
    rng = np.random.default_rng(axes)
    size, window = (7, 6, 5)[:axes], (3, 2, 3)[:axes]
    stride, dilation = (2, 1, 1)[:axes], (1, 2, 1)[:axes]
    kernel, x = rng.normal(size=(*window, 2, 3)), rng.normal(size=(*size, 2))
    rule = nd.Conv((*size, 2), kernel, stride=stride, dilation=dilation, padding=padding)
    y = np.zeros(rule.out_size)
    for place in np.ndindex(rule.out_size[:-1]):
        for entry in np.ndindex(window):
            centre = 0 if padding == "valid" else (np.array(window) - 1) // 2
            at = np.array(place) * stride + (np.array(entry) - centre) * dilation
            at = at % size if padding == "circular" else at
            if ((at >= 0) & (at < size)).all():
                y[place] += x[tuple(at)] @ kernel[entry]
    total = np.zeros(y.size)
    np.add.at(total, rule.post, rule.weight.values * x.reshape(-1)[rule.pre])
    np.testing.assert_allclose(total.reshape(y.shape), y, rtol=1e-12, atol=1e-13)
    assert {"same": (4, 6, 5)[:axes], "valid": (3, 4), "circular": (4, 6)}[padding] == rule.out_size[:-1]


def matrix_of(rule):
    """The weights of a rule as a dense matrix."""
    dense = np.zeros((rule.n_pre, rule.n_post))
    np.add.at(dense, (rule.pre, rule.post), rule.weight.values)
    return dense


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("axes", "padding"), [(1, "same"), (2, "valid"), (2, "circular"), (3, "same")])
def test_a_transposed_convolution_is_the_way_back(axes, padding, groups):
    rng = np.random.default_rng(axes)
    size, window = (7, 6, 5)[:axes], (3, 2, 3)[:axes]
    options = {"stride": (2, 1, 1)[:axes], "dilation": (1, 2, 1)[:axes], "padding": padding}
    kernel = rng.normal(size=(*window, 4 // groups, 6))
    there = nd.Conv((*size, 4), kernel, groups=groups, **options)
    # Channels exchanged, group by group.
    swapped = np.concatenate([part.swapaxes(-1, -2) for part in np.split(kernel, groups, axis=-1)], axis=-1)
    back = nd.ConvTranspose(there.out_size, swapped, groups=groups, out_size=(*size, 4), **options)
    np.testing.assert_array_equal(matrix_of(back), matrix_of(there).T)
    if groups == 1:
        return
    whole = matrix_of(there).reshape(-1, 2, 2, there.n_post // 6, 2, 3)
    for group, part in enumerate(np.split(kernel, 2, axis=-1)):
        alone = matrix_of(nd.Conv((*size, 2), part, **options)).reshape(-1, 2, there.n_post // 6, 3)
        np.testing.assert_array_equal(whole[:, group, :, :, group], alone)
        assert not whole[:, group, :, :, 1 - group].any()


def test_a_transposed_convolution_puts_kernels_side_by_side():
    kernel = [1.0, 2.0, 4.0]
    assert (np.array([1.0, 10.0]) @ matrix_of(nd.ConvTranspose(2, kernel, stride=2))).tolist() == [2, 14, 20, 40]
    wide = nd.ConvTranspose(2, kernel, stride=2, padding="valid")
    assert (np.array([1.0, 10.0]) @ matrix_of(wide)).tolist() == [1, 2, 14, 20, 40]
    ring = nd.ConvTranspose(2, kernel, stride=2, padding="circular")
    assert (np.array([1.0, 10.0]) @ matrix_of(ring)).tolist() == [2, 14, 20, 41]


class Rates(nd.DynamicsGroup):
    """A sheet of rates with lateral inhibition by a kernel, onto three units by a matrix."""

    def __init__(self, dense=True):
        super().__init__()
        out = {"out": nd.CUBA.desc(scale=1.0)}
        W = np.linspace(-0.1, 0.3, 48).reshape(16, 3)
        self.sheet = nd.ThresholdLinear((4, 4), r=np.linspace(0.0, 2.0, 16).reshape(4, 4), threshold=-0.3)
        self.units = nd.ThresholdLinear(3)
        self.lateral = nd.CurrentProj(
            self.sheet.prefetch("r"),
            comm=nd.Conv((4, 4), -0.2 * np.ones((3, 3)), padding="circular"),
            post=self.sheet,
            delay=0.2 * ms,
            **out,
        )
        comm = nd.Linear((4, 4), 3, W, bias=0.5) if dense else nd.AllToAll((4, 4), 3, W)
        self.onto = nd.CurrentProj(self.sheet.prefetch("r"), comm=comm, post=self.units, **out)


@pytest.mark.cudasim
def test_dense_and_convolutional_communication_of_rates_on_every_target():
    found = []
    for target in ("interpret", COMPILED):
        net = Rates()
        sim = simulator_of(net, 0.1 * ms, target)
        sim.record(net.units, "r")
        found.append(np.asarray(sim.run(5 * ms, progress=False)[net.units].r))
    np.testing.assert_array_equal(*found)
    listed = Rates(dense=False)
    listed.units.threshold.value = -0.5
    sim = nd.Simulator(listed, dt=0.1 * ms, target="interpret")
    sim.record(listed.units, "r")
    np.testing.assert_allclose(found[0], np.asarray(sim.run(5 * ms, progress=False)[listed.units].r), rtol=1e-12)
    assert (found[0][-1] > 0.1).all()


def test_one_weight_is_a_matrix_and_spikes_are_summed():
    total = nd.Linear(3, 2, 2 * mV)(np.array([True, False, True]))
    assert total.magnitude.tolist() == [4.0, 4.0]


def test_a_matrix_differs_between_replicas():
    net = Rates()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", batch=2)
    sim.batch["onto.comm.bias"] = [0.5, 3.0]
    sim.run(1 * ms, progress=False)
    one, other = sim.get(net.units, "r")
    np.testing.assert_allclose(other - one, 2.5 * (1 - np.exp(-0.1)), rtol=1e-9)


def test_replicas_share_the_synapses_of_a_graph_or_draw_their_own():
    def potentials(shared):
        net = nd.DynamicsGroup()
        net.cells = nd.LIF(30, V_rest=np.linspace(-60, -40, 30) * mV, V_th=-50 * mV, V_reset=-60 * mV, tau=5 * ms)
        net.proj = nd.DeltaProj(net.cells, comm=nd.SmallWorld(30, 30, 4, 0.5, weight=1 * mV), post=net.cells)
        sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", batch=2, shared=shared)
        sim.run(10 * ms, progress=False)
        return sim.get(net.cells, "V").magnitude

    one, other = potentials("connectivity")
    np.testing.assert_array_equal(one, other)
    one, other = potentials(None)
    assert (one != other).sum() > 10


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nd.SmallWorld(10, 11, 2, 0.1), ConnectivityError, "graph on one population"),
        (lambda: nd.SmallWorld(10, 10, 3, 0.1), ConnectivityError, "odd"),
        (lambda: nd.SmallWorld(10, 10, 6, 0.1), ConnectivityError, "only 5 to choose from"),
        (lambda: nd.SmallWorld(10, 10, 2, 1.5), ConnectivityError, "probability of a synapse is 1.5"),
        (lambda: nd.ScaleFree(10, 10, 10), ConnectivityError, "only 9"),
        (lambda: nd.ScaleFree(10, 10, 0), ConnectivityError, "num is 0"),
        (lambda: nd.BlockModel(10, 10, [4, 5], np.ones((2, 2))), ConnectivityError, "for 10 neurons"),
        (lambda: nd.BlockModel(10, 10, [4, 6], np.ones((2, 3))), ConnectivityError, r"\(2, 3\), for 2 and 2 groups"),
        (lambda: nd.BlockModel(10, 10, [4, 6], [[0, 2], [1, 1]]), ConnectivityError, "probability of a synapse is 2"),
        (lambda: nd.Conv((4, 4), np.ones(3)), ConnectivityError, r"\(3,\), but in_size is \(4, 4\)"),
        (lambda: nd.Conv((4, 4, 2), np.ones((3, 3, 1, 1))), ConnectivityError, "out_channels"),
        (lambda: nd.Conv((4, 4), np.ones((5, 5)), padding="circular"), ConnectivityError, r"spans \(5, 5\)"),
        (lambda: nd.Conv((4, 4), np.ones((3, 3)), padding="reflect"), UnknownOptionError, "circular"),
        (lambda: nd.Conv((4, 4), np.ones((3, 3)), stride=0), ConnectivityError, "stride is 0"),
        (lambda: nd.Conv((4, 4, 4), np.ones((3, 3, 2, 3)), groups=2), ConnectivityError, "groups is 2, for 4 chan"),
        (lambda: nd.Conv((4, 4, 4), np.ones((3, 3, 4, 4)), groups=2), ConnectivityError, "channels / groups"),
        (lambda: nd.ConvTranspose(4, np.ones(3), stride=2, out_size=9), ConnectivityError, r"makes \(5,\) windows"),
        (lambda: nd.ConvTranspose(4, np.ones(3), out_size=(4, 1)), ConnectivityError, "which has other axes"),
        (lambda: nd.Linear(4, 3, np.ones((3, 4))), ShapeError, r"shape \(3, 4\)"),
        (lambda: nd.Linear(4, 3, 1.0)(np.ones(5)), ShapeError, r"signal of the shape \(5,\)"),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert caught.value.cure
