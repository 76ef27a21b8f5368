"""The rules that decide about each pair of neurons: a plain reference with the same bits, and their distributions."""

import tracemalloc

import numpy as np
import pytest
from quantities import Hz, ms, mV

import numbadyn as nd
from numbadyn.errors import ConnectivityError, SizeError
from numbadyn.ir.elementary import numpy_functions
from numbadyn.projections.connectivity import AllToAll, PairwisePoisson, SymmetricPairwiseBernoulli
from numbadyn.runtime.builders import build
from numbadyn.runtime.builders.cpu.compiled import structure_kernels
from numbadyn.runtime.builders.structure import DrawKey
from tests.features.both import assert_targets_agree

SEED, STREAM = 2**35 + 11, 0x80000000
RULES = [
    PairwisePoisson(60, 40, 0.2),
    PairwisePoisson(50, 50, 0.3, autapses=False),
    PairwisePoisson(30, 20, 2.5),
    SymmetricPairwiseBernoulli(50, 50, 0.2),
    SymmetricPairwiseBernoulli(50, 50, 0.3, autapses=False),
]
NAMES = [f"{type(rule).__name__}-{number}" for number, rule in enumerate(RULES)]


def pairs(rule, seed=SEED, stream=STREAM):
    pre, post, _, _ = build(rule, dt=0.1, seed=seed, stream=stream).edges(0.1)
    return pre, post


def counts(rule, seed):
    table = np.zeros((rule.n_pre, rule.n_post), int)
    np.add.at(table, pairs(rule, seed), 1)
    return table


def uniform(element, step):
    """Draw as the notes of the kernels say, in plain NumPy."""
    words = (SEED & 0xFFFFFFFF, SEED >> 32, element, step, 0, STREAM)
    return numpy_functions(64)["uniform"](*(np.asarray(word, np.int64) for word in words))


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_canonical_order_range_and_repetition(rule):
    pre, post = pairs(rule)
    assert pre.max() < rule.n_pre
    assert post.max() < rule.n_post
    steps = np.diff(pre * rule.n_post + post)
    assert (steps >= 0).all()
    assert (steps == 0).any() == rule.may_repeat
    if not rule.autapses:
        assert (pre != post).all()


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_same_seed_same_synapses_other_seed_or_stream_others(rule):
    first = pairs(rule)
    np.testing.assert_array_equal(first, pairs(rule))
    for other in (pairs(rule, seed=SEED + 1), pairs(rule, seed=SEED + 2**32), pairs(rule, stream=STREAM + 4)):
        assert first[0].size != other[0].size or (first[1] != other[1]).any()


def test_poisson_against_a_plain_reference():
    """Row i holds the points of a Poisson process whose distances are -log(1 - u) / mean."""
    mean, n_pre, n_post = 0.3, 25, 700
    expected = []
    for i in range(n_pre):
        places = np.cumsum(-numpy_functions(64)["log"](1.0 - uniform(i, np.arange(2 * n_post))) / mean)
        assert places[-1] > n_post
        expected += [(i, int(place)) for place in places[places < n_post]]
    assert list(zip(*pairs(PairwisePoisson(n_pre, n_post, mean)), strict=True)) == expected


@pytest.mark.parametrize("autapses", [True, False])
def test_symmetric_against_a_plain_reference(autapses):
    """Row i draws its partners from i (or i + 1) on by geometric skips; each is entered in both directions."""
    prob, n = 0.13, 90
    scale = 1.0 / numpy_functions(64)["log1p"](-prob)
    edges = set()
    for i in range(n):
        jumps = np.floor(numpy_functions(64)["log"](1.0 - uniform(i, np.arange(n))) * scale)
        partners = i - 1 + (not autapses) + np.cumsum(1 + jumps)
        for j in partners[partners < n].astype(int):
            edges |= {(i, j), (j, i)}
    found = list(zip(*pairs(SymmetricPairwiseBernoulli(n, n, prob, autapses=autapses)), strict=True))
    assert found == sorted(edges)


@pytest.mark.statistical
@pytest.mark.parametrize("rule", RULES[:3], ids=NAMES[:3])
def test_every_pair_has_a_poisson_number(rule):
    """The largest of 2,500 sums over 200 seeds beyond 5.5 sigma, or their spread off by 10 %: about 1 in 10,000."""
    repeats = 200
    totals = sum(counts(rule, seed) for seed in range(repeats))
    allowed = np.ones((rule.n_pre, rule.n_post), bool)
    if not rule.autapses:
        np.fill_diagonal(allowed, False)
    deviation = (totals[allowed] - rule.mean * repeats) / np.sqrt(rule.mean * repeats)
    assert np.abs(deviation).max() < 5.5
    assert 0.9 < deviation.std() < 1.1


@pytest.mark.statistical
def test_numbers_of_a_pair_are_poisson_distributed():
    """Chi-square of 250,000 pairs over 0, 1, ..., 7 and more, against the 0.9999 quantile 29.9 of 7 degrees."""
    mean = 1.3
    found = np.bincount(np.minimum(counts(PairwisePoisson(500, 500, mean), 8), 7).ravel(), minlength=8)
    weights = [np.exp(-mean)]
    for k in range(1, 7):
        weights.append(weights[-1] * mean / k)
    expected = 250_000 * np.array([*weights, 1 - sum(weights)])
    assert ((found - expected) ** 2 / expected).sum() < 29.9


@pytest.mark.statistical
@pytest.mark.parametrize("rule", RULES[3:], ids=NAMES[3:])
def test_both_directions_or_none(rule):
    """Each pair of neurons has its probability: the largest of 1,275 deviations beyond 5.5 sigma is 1 in 20,000."""
    repeats = 200
    totals = np.zeros((rule.n_pre, rule.n_post), int)
    for seed in range(repeats):
        made = counts(rule, seed)
        np.testing.assert_array_equal(made, made.T)
        assert made.max() == 1
        totals += made
    allowed = np.triu(np.ones_like(totals, bool), k=0 if rule.autapses else 1)
    deviation = (totals[allowed] / repeats - rule.prob) / np.sqrt(rule.prob * (1 - rule.prob) / repeats)
    assert np.abs(deviation).max() < 5.5
    assert 0.9 < deviation.std() < 1.1
    if not rule.autapses:
        assert (np.diag(totals) == 0).all()


def test_poisson_goes_on_where_the_room_ended():
    rule = PairwisePoisson(40, 500, 0.2)
    table = build(rule, dt=0.1, seed=SEED, stream=STREAM)
    offsets, row, rounds = np.zeros(41, np.int64), 0, 0
    targets = np.empty(900, np.uint32)
    while row < 40:
        row = structure_kernels().draw_poisson_rows(offsets, targets, row, 500, 0, 0.2, -5.0, *DrawKey.of(SEED, STREAM))
        targets = np.append(targets, np.empty(700, np.uint32))
        rounds += 1
    assert rounds > 2
    np.testing.assert_array_equal(offsets, table.offsets)
    np.testing.assert_array_equal(targets[: offsets[-1]], table.targets)


@pytest.mark.parametrize("value", [0.0, 1e-320, 1e-12])
def test_hardly_any_synapses(value):
    for rule in (PairwisePoisson(20, 30, value), SymmetricPairwiseBernoulli(20, 20, value)):
        assert build(rule, dt=0.1, seed=SEED).n_synapses == 0


def test_all_pairs():
    for allow in (True, False):
        rule = SymmetricPairwiseBernoulli(9, 9, 1.0, autapses=allow)
        np.testing.assert_array_equal(pairs(rule), pairs(AllToAll(9, 9, autapses=allow)))
    assert build(SymmetricPairwiseBernoulli(1, 1, 1.0, autapses=False), dt=0.1, seed=1).n_synapses == 0


def test_many_synapses_for_each_pair():
    table = build(PairwisePoisson(3, 4, 5000.0), dt=0.1, seed=3)
    per_pair = np.bincount(table._pre() * 4 + table.targets, minlength=12)
    assert (np.abs(per_pair - 5000) < 6 * np.sqrt(5000)).all()


@pytest.mark.parametrize(
    "rule",
    [PairwisePoisson(3000, 3000, 0.4), SymmetricPairwiseBernoulli(3000, 3000, 0.4)],
    ids=["Poisson", "symmetric"],
)
def test_memory_stays_near_the_table(rule):
    build(type(rule)(30, 30, 0.4), dt=0.1, seed=1)  # compiles
    tracemalloc.start()
    table = build(rule, dt=0.1, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.n_synapses > 3_000_000
    assert peak < 1.5 * table.nbytes


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_weights_and_delays_fit_every_rule(rule):
    made = type(rule)(
        rule.in_size,
        rule.out_size,
        rule.mean if isinstance(rule, PairwisePoisson) else rule.prob,
        weight=nd.init.Normal(1.0, 0.1),
        autapses=rule.autapses,
    )
    table = build(made, delay=nd.init.Uniform(0.5 * ms, 2 * ms), dt=0.1, seed=SEED, stream=STREAM)
    pre, post, weight, delay = table.edges(0.1)
    np.testing.assert_array_equal((pre, post), pairs(rule))
    assert np.unique(weight).size == weight.size
    assert delay.min() >= 0.5 - 1e-12
    assert delay.max() <= 2.0 + 1e-12


@pytest.mark.parametrize(
    "rule",
    [
        lambda: nd.PairwisePoisson((3, 4), 12, 0.5, weight=2 * mV),
        lambda: nd.SymmetricPairwiseBernoulli((3, 4), 12, 0.5, weight=2 * mV),
    ],
    ids=["Poisson", "symmetric"],
)
def test_both_targets_agree(rule):
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.noise, self.cells = nd.PoissonGroup((3, 4), rates=100 * Hz), nd.LIF((3, 4))
            self.p = nd.DeltaProj(self.noise, comm=rule(), post=self.cells, delay=nd.init.Uniform(0 * ms, 1 * ms))

    sim, _result = assert_targets_agree(Net, 0.1 * ms, 30 * ms, seed=2)
    edges = sim.network.p.edges()
    assert 40 < edges.pre.size < 110


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: PairwisePoisson(3, 4, -0.5), ConnectivityError, ["-0.5", "0 or more"]),
        (lambda: PairwisePoisson(3, 4, np.inf), ConnectivityError, ["inf"]),
        (lambda: PairwisePoisson(3, 4, 0.5 * mV), ConnectivityError, ["0.5 mV", "without a unit"]),
        (lambda: PairwisePoisson(3, 4, "many"), ConnectivityError, ["'many'"]),
        (lambda: PairwisePoisson(3, 4, 0.5, autapses=False), ConnectivityError, ["two populations"]),
        (lambda: PairwisePoisson(0, 4, 0.5), SizeError, ["in_size is 0"]),
        (lambda: PairwisePoisson(3, 4, 0.5, weight=np.ones((4, 3))), ConnectivityError, ["(4, 3)", "(3, 4)"]),
        (lambda: SymmetricPairwiseBernoulli(3, 3, 1.5), ConnectivityError, ["1.5", "from 0 to 1"]),
        (lambda: SymmetricPairwiseBernoulli(3, 3, np.nan), ConnectivityError, ["nan"]),
        (lambda: SymmetricPairwiseBernoulli(3, 4, 0.5), ConnectivityError, ["one population", "FixedProb"]),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error) as caught:
        make()
    for word in words:
        assert word in str(caught.value)
