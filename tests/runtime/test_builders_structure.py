"""Each rule: what it promises exactly, its distribution, and a plain reference with the same bits."""

import numpy as np
import pytest

from numbadyn.ir.elementary import numpy_functions
from numbadyn.projections.connectivity import (
    AllToAll,
    Edges,
    FixedInDegree,
    FixedOutDegree,
    FixedProb,
    FixedTotalNumber,
    Matrix,
    OneToOne,
)
from numbadyn.runtime.builders import build
from numbadyn.runtime.builders.cpu.compiled import structure_kernels
from numbadyn.runtime.builders.structure import DrawKey

SEED, STREAM = 2**35 + 11, 0x80000000
RANDOM = [
    FixedProb(60, 40, 0.2),
    FixedProb(50, 50, 0.3, autapses=False),
    FixedInDegree(60, 40, 9, multapses=False),
    FixedInDegree(50, 50, 30, autapses=False, multapses=False),
    FixedInDegree(60, 40, 70, multapses=True),
    FixedInDegree(50, 50, 30, autapses=False, multapses=True),
    FixedOutDegree(60, 40, 39, multapses=False),
    FixedOutDegree(50, 50, 20, autapses=False, multapses=False),
    FixedOutDegree(60, 40, 70, multapses=True),
    FixedOutDegree(50, 50, 49, autapses=False, multapses=True),
    FixedTotalNumber(60, 40, 500),
    FixedTotalNumber(50, 50, 700, autapses=False),
    FixedTotalNumber(60, 40, 500, multapses=False),
    FixedTotalNumber(60, 40, 2300, multapses=False),
    FixedTotalNumber(50, 50, 2000, autapses=False, multapses=False),
]
NAMES = [f"{type(rule).__name__}-{number}" for number, rule in enumerate(RANDOM)]


def pairs(rule, seed=SEED, stream=STREAM):
    pre, post, _, _ = build(rule, dt=0.1, seed=seed, stream=stream).edges(0.1)
    return pre, post


def uniform(element, step, stream=STREAM):
    """Draw as the notes of the kernels say, in plain NumPy."""
    words = (SEED & 0xFFFFFFFF, SEED >> 32, element, step, 0, stream)
    return numpy_functions(64)["uniform"](*(np.asarray(word, np.int64) for word in words))


@pytest.mark.parametrize("rule", RANDOM, ids=NAMES)
def test_canonical_order_range_and_repetition(rule):
    pre, post = pairs(rule)
    assert pre.min() >= 0
    assert pre.max() < rule.n_pre
    assert post.min() >= 0
    assert post.max() < rule.n_post
    code = pre * rule.n_post + post
    assert (np.diff(code) >= 0).all()
    if not rule.may_repeat:
        assert (np.diff(code) > 0).all()
    elif code.size > 0.2 * rule.n_pre * rule.n_post:
        assert (np.diff(code) == 0).any()
    if not rule.autapses:
        assert (pre != post).all()
    if rule.n_synapses is not None:
        assert pre.size == rule.n_synapses


@pytest.mark.parametrize("rule", RANDOM, ids=NAMES)
def test_same_seed_same_synapses_other_seed_or_stream_others(rule):
    first, again = pairs(rule), pairs(rule)
    np.testing.assert_array_equal(first, again)
    for other in (pairs(rule, seed=SEED + 1), pairs(rule, seed=SEED + 2**32), pairs(rule, stream=STREAM + 4)):
        assert first[0].size != other[0].size or (first[1] != other[1]).any() or (first[0] != other[0]).any()


def test_degrees_are_exact():
    for rule in RANDOM:
        pre, post = pairs(rule)
        if isinstance(rule, FixedInDegree):
            assert (np.bincount(post, minlength=rule.n_post) == rule.num).all()
        if isinstance(rule, FixedOutDegree):
            assert (np.bincount(pre, minlength=rule.n_pre) == rule.num).all()


@pytest.mark.statistical
@pytest.mark.parametrize("rule", RANDOM, ids=NAMES)
def test_every_pair_is_equally_likely(rule):
    """Sum over seeds; the largest of 2,500 deviations beyond 5 sigma has a chance of about 1 in 1,000."""
    repeats = 200
    total = np.zeros((rule.n_pre, rule.n_post))
    for seed in range(repeats):
        np.add.at(total, pairs(rule, seed=seed), 1)
    mean = total / repeats
    allowed = np.ones_like(total, dtype=bool)
    if not rule.autapses:
        np.fill_diagonal(allowed, False)
        assert (np.diag(total) == 0).all()
    expected = rule.prob if isinstance(rule, FixedProb) else rule.n_synapses / allowed.sum()
    variance = expected if rule.may_repeat else expected * (1 - expected)
    deviation = (mean[allowed] - expected) / np.sqrt(variance / repeats)
    assert np.abs(deviation).max() < 5.5
    assert 0.9 < deviation.std() < 1.1


@pytest.mark.statistical
def test_distribution_of_counts():
    rule = FixedProb(2000, 300, 0.1)
    degree = np.bincount(pairs(rule)[0], minlength=2000)
    assert abs(degree.mean() - 30) < 4 * np.sqrt(27 / 2000)
    assert abs(degree.var() / 27 - 1) < 4 * np.sqrt(2 / 2000)
    multiple = np.bincount(pairs(FixedTotalNumber(2000, 300, 60_000))[0], minlength=2000)
    assert abs(multiple.var() / 30 - 1) < 4 * np.sqrt(2 / 2000)
    single = np.bincount(pairs(FixedTotalNumber(2000, 300, 300_000, multapses=False))[0], minlength=2000)
    assert abs(single.var() / 75 - 1) < 4 * np.sqrt(2 / 2000)  # hypergeometric: 300 * 0.5 * 0.5


def test_fixed_probability_against_a_plain_reference():
    prob, n_pre, n_post = 0.07, 30, 900
    scale = 1.0 / numpy_functions(64)["log1p"](-prob)
    expected = []
    for i in range(n_pre):
        jumps = numpy_functions(64)["log"](1.0 - uniform(i, np.arange(n_post))) * scale
        targets = np.cumsum(1 + np.floor(jumps)) - 1
        expected += [(i, int(j)) for j in targets[targets < n_post]]
    assert list(zip(*pairs(FixedProb(n_pre, n_post, prob)), strict=True)) == expected


@pytest.mark.parametrize("multiple", [False, True])
def test_degrees_against_a_plain_reference(multiple):
    n, number = 80, 30
    edges = []
    for owner in range(n):
        draws = uniform(owner, np.arange(number))
        chosen = []
        for k in range(number):
            if multiple:
                chosen.append(int(draws[k] * (n - 1)))
            else:
                newest = n - 1 - number + k
                pick = int(draws[k] * (newest + 1))
                chosen.append(newest if pick in chosen else pick)
        edges += [(pick + (pick >= owner), owner) for pick in chosen]
    columns = pairs(FixedInDegree(n, n, number, autapses=False, multapses=multiple))
    rows = pairs(FixedOutDegree(n, n, number, autapses=False, multapses=multiple))
    assert list(zip(*columns, strict=True)) == sorted(edges)
    assert list(zip(*rows, strict=True)) == sorted((owner, pick) for pick, owner in edges)


def test_total_number_counts_against_a_plain_reference():
    rule = FixedTotalNumber(70, 40, 900)
    rows = (uniform(np.arange(900), 0, STREAM + 3) * 70).astype(int)
    np.testing.assert_array_equal(np.bincount(pairs(rule)[0], minlength=70), np.bincount(rows, minlength=70))


def test_fixed_probability_goes_on_where_the_room_ended():
    rule = FixedProb(40, 500, 0.2)
    table = build(rule, dt=0.1, seed=SEED, stream=STREAM)
    offsets, row = np.zeros(41, np.int64), 0
    targets = np.empty(1000, np.uint32)
    scale = float(1.0 / numpy_functions(64)["log1p"](-0.2))
    rounds = 0
    while row < 40:
        row = structure_kernels().draw_with_probability(
            offsets, targets, row, 500, 0, 0.2, scale, *DrawKey.of(SEED, STREAM)
        )
        targets = np.append(targets, np.empty(700, np.uint32))
        rounds += 1
    assert rounds > 2
    np.testing.assert_array_equal(offsets, table.offsets)
    np.testing.assert_array_equal(targets[: offsets[-1]], table.targets)


@pytest.mark.parametrize("prob", [0.0, 1e-320, 1e-12, 1.0])
def test_extreme_probabilities(prob):
    table = build(FixedProb(20, 30, prob), dt=0.1, seed=SEED)
    assert table.n_synapses == (600 if prob == 1.0 else 0)
    assert build(FixedProb(1, 1, prob, autapses=False), dt=0.1, seed=SEED).n_synapses == 0


def test_all_partners_of_a_fixed_degree():
    for rule in (
        FixedInDegree(9, 9, 8, autapses=False, multapses=False),
        FixedOutDegree(9, 9, 8, autapses=False, multapses=False),
    ):
        np.testing.assert_array_equal(pairs(rule), pairs(AllToAll(9, 9, autapses=False)))
    every = FixedTotalNumber(9, 9, 81, multapses=False)
    np.testing.assert_array_equal(pairs(every), pairs(AllToAll(9, 9)))
    assert build(FixedInDegree(9, 9, 0, multapses=False), dt=0.1, seed=1).n_synapses == 0


def test_regular_rules():
    np.testing.assert_array_equal(pairs(AllToAll(2, 3)), [[0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]])
    np.testing.assert_array_equal(pairs(AllToAll(3, 3, autapses=False)), [[0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]])
    np.testing.assert_array_equal(pairs(OneToOne(3, 3)), [[0, 1, 2], [0, 1, 2]])
    np.testing.assert_array_equal(pairs(Matrix([[0, 1, 0], [2, 0, 3]])), [[0, 1, 1], [1, 0, 2]])


def test_edges_in_any_order():
    generator = np.random.default_rng(5)
    pre, post = generator.integers(0, 30, 400), generator.integers(0, 20, 400)
    rule = Edges(30, 20, pre, post)
    table = build(rule, dt=0.1, seed=1)
    np.testing.assert_array_equal(pairs(rule), [pre, post])
    order = np.lexsort((post, pre))
    np.testing.assert_array_equal(table.targets, post[order])
    np.testing.assert_array_equal(table.order, order)
    assert build(Edges(30, 20, pre[order], post[order]), dt=0.1, seed=1).order is None
    assert build(Edges(30, 20, [], []), dt=0.1, seed=1).n_synapses == 0


def test_types_of_the_arrays():
    table = build(FixedProb(20, 30, 0.3), dt=0.1, seed=1, real=np.float32)
    types = (table.delays.dtype, table.offsets.dtype, table.targets.dtype, table.weights.dtype)
    assert types == (np.int32, np.int64, np.uint32, np.float32)
    assert table.offsets[-1] == table.n_synapses
