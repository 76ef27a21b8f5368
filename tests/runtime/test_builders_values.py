"""Weights and delays of each form land on the right synapse."""

import numpy as np
import pytest
import quantities as pq

from numbadyn.errors import ConnectivityError, DelayError, InvalidParameterError, ShapeError
from numbadyn.model import init
from numbadyn.projections.connectivity import (
    AllToAll,
    Edges,
    FixedInDegree,
    FixedOutDegree,
    FixedProb,
    FixedTotalNumber,
    Matrix,
    OneToOne,
    edge_list,
)
from numbadyn.runtime.builders import build

SEED, STREAM, DT = 2**35 + 11, 0x80000000, 0.1
DISTRIBUTIONS = [
    init.Uniform(0.5 * pq.nS, 1.5 * pq.nS),
    init.Normal(1 * pq.nS, 1 * pq.nS, low=0 * pq.nS, high=2 * pq.nS),
    init.LogNormal(1 * pq.nS, 0.5 * pq.nS),
]
SPREAD = init.Normal(2 * pq.ms, 1 * pq.ms)


def table(rule, delay=None, **changes):
    return build(rule, **{"delay": delay, "dt": DT, "seed": SEED, "stream": STREAM, **changes})


def read(rule, delay=None, **changes):
    return table(rule, delay, **changes).edges(DT)


@pytest.mark.parametrize("real", [np.float64, np.float32])
@pytest.mark.parametrize("recipe", DISTRIBUTIONS, ids=repr)
def test_compiled_draws_have_the_bits_of_the_initialiser(recipe, real):
    rule = FixedOutDegree(600, 600, 500, weight=recipe, multapses=False)  # more than one piece
    weights = table(rule, real=real).weights
    bits = 8 * np.dtype(real).itemsize
    expected = recipe.sample(300_000, seed=SEED, stream=STREAM + 1, bits=bits)
    assert weights.dtype == real
    np.testing.assert_array_equal(weights, expected)


def test_one_weight():
    assert table(AllToAll(3, 4, weight=2e-3 * pq.uS)).weights.tolist() == [2.0]
    rule = AllToAll(1, 2, weight=2e-3 * pq.uS)
    edges = edge_list(table(rule, 1.5 * pq.ms), DT, rule.weight_dimension)
    assert edges.weight.tolist() == [2.0, 2.0]
    assert edges.weight.units == pq.nS
    np.testing.assert_allclose(edges.delay.rescale("ms").magnitude, 1.5)


def test_arrays_for_synapses_and_for_pairs():
    each = np.arange(12.0)
    np.testing.assert_array_equal(read(AllToAll(3, 4, weight=each))[2], each)
    np.testing.assert_array_equal(read(OneToOne(12, 12, weight=each * pq.mV))[2], each)
    lookup = np.arange(60.0 * 40).reshape(60, 40)
    for rule in (FixedProb(60, 40, 0.3, weight=lookup), FixedInDegree(60, 40, 70, weight=lookup, multapses=True)):
        pre, post, weight, _ = read(rule, SPREAD)
        np.testing.assert_array_equal(weight, lookup[pre, post])


def test_pair_lookup_skips_neurons_without_synapses():
    lookup = np.arange(50.0 * 40).reshape(50, 40)
    pre, post, weight, _ = read(FixedTotalNumber(50, 40, 20, weight=lookup))
    np.testing.assert_array_equal(weight, lookup[pre, post])


def test_weights_of_a_function():
    rule = FixedInDegree(10, 10, 3, weight=lambda shape: np.arange(shape[0]) * pq.nS, multapses=False)
    np.testing.assert_array_equal(read(rule, SPREAD)[2], np.arange(30))


def test_weights_of_edges_keep_their_order():
    generator = np.random.default_rng(5)
    pre, post = generator.integers(0, 30, 400), generator.integers(0, 20, 400)
    weight, delay = np.arange(400.0), generator.integers(0, 30, 400)
    back = read(Edges(30, 20, pre, post, weight=weight), delay * 0.1 * pq.ms)
    np.testing.assert_array_equal(back[:3], [pre, post, weight])
    np.testing.assert_array_equal(np.rint(back[3] / DT), delay)


def test_matrix_round_trip():
    matrix = np.random.default_rng(1).normal(size=(20, 30)) * (np.random.default_rng(2).random((20, 30)) < 0.3)
    pre, post, weight, _ = read(Matrix(matrix), SPREAD)
    back = np.zeros_like(matrix)
    back[pre, post] = weight
    np.testing.assert_array_equal(back, matrix)


def test_no_delay_and_one_delay():
    assert table(AllToAll(2, 2)).delays.tolist() == [0]
    assert table(AllToAll(2, 2), 1.5 * pq.ms).delays.tolist() == [15]
    assert table(AllToAll(2, 2), 1.51 * pq.ms).delays.tolist() == [16]
    assert table(AllToAll(2, 2), 1.5 * pq.ms, dt=0.5).delays.tolist() == [3]


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_axonal_delays(shape):
    rule = FixedProb(50, 40, 0.3, weight=DISTRIBUTIONS[0])
    of_neuron = np.random.default_rng(3).integers(0, 6, 50)
    made, plain = table(rule, (of_neuron * 0.1).reshape(shape) * pq.ms), table(rule)
    assert made.delays.tolist() == np.unique(of_neuron).tolist()
    np.testing.assert_array_equal(made.targets, plain.targets)
    np.testing.assert_array_equal(made.weights, plain.weights)
    assert made.positions() is None
    pre, _, _, delay = made.edges(DT)
    np.testing.assert_array_equal(np.rint(delay / DT), of_neuron[pre])


def test_delays_for_each_synapse_and_each_pair():
    rule = FixedInDegree(30, 40, 5, weight=np.arange(200.0), multapses=False)
    given = np.random.default_rng(3).integers(0, 300, 200)
    pre, post, weight, delay = read(rule, given * 0.1 * pq.ms)
    np.testing.assert_array_equal(weight, np.arange(200.0))
    np.testing.assert_array_equal(np.rint(delay / DT), given)
    lookup = np.random.default_rng(4).integers(0, 9, (30, 40))
    pre, post, weight, delay = read(rule, lookup * 0.1 * pq.ms)
    np.testing.assert_array_equal(np.rint(delay / DT), lookup[pre, post])
    np.testing.assert_array_equal(weight, np.arange(200.0))


@pytest.mark.parametrize("multiple", [False, True])
def test_drawn_delays(multiple):
    rule = FixedOutDegree(600, 600, 500, weight=DISTRIBUTIONS[0], multapses=multiple)
    made = table(rule, SPREAD)
    pre, post, weight, delay = made.edges(DT)
    plain = table(rule).edges(DT)
    np.testing.assert_array_equal([pre, post], plain[:2])
    np.testing.assert_array_equal(weight, plain[2])
    drawn = SPREAD.sample(300_000, seed=SEED, stream=STREAM + 2)
    np.testing.assert_array_equal(np.rint(delay / DT), np.ceil(np.maximum(drawn, 0) / DT))
    assert (made.order is not None) == multiple
    segments = np.diff(made.offsets).reshape(600, made.n_delays)
    assert (segments.sum(axis=1) == 500).all()
    starts = np.zeros(made.n_synapses, bool)
    starts[made.offsets[:-1][np.diff(made.offsets) > 0]] = True
    assert (np.diff(made.targets.astype(int))[~starts[1:]] >= 0).all()


def test_wiring_does_not_depend_on_precision():
    rule = FixedProb(50, 40, 0.3, weight=DISTRIBUTIONS[0])
    double, single = table(rule, SPREAD), table(rule, SPREAD, real=np.float32)
    np.testing.assert_array_equal(double.targets, single.targets)
    np.testing.assert_array_equal(double.offsets, single.offsets)


def test_one_drawn_delay_needs_no_segments():
    made = table(FixedProb(50, 40, 0.3), init.Uniform(1.91 * pq.ms, 1.99 * pq.ms))
    assert made.delays.tolist() == [20]
    assert made.offsets.size == 51


def test_no_synapses_at_all():
    made = table(FixedProb(5, 4, 0.0, weight=DISTRIBUTIONS[0]), SPREAD)
    assert (made.n_synapses, made.delays.tolist(), made.offsets.tolist()) == (0, [0], [0] * 6)


def test_function_of_delays_is_called_once():
    calls = []

    def delays(shape):
        calls.append(shape)
        return np.arange(shape[0]) * 0.1 * pq.ms

    _, _, _, delay = read(FixedInDegree(4, 4, 2, multapses=False), delays)
    assert calls == [(1,), (8,)]
    np.testing.assert_array_equal(np.rint(delay / DT), np.arange(8))


def test_ambiguous_and_unambiguous_arrays_of_delays():
    times = np.arange(10.0) * pq.ms
    with pytest.raises(DelayError, match=r"could mean.*\n.*\n.*\(n_pre, 1\)"):
        table(FixedInDegree(10, 10, 1, multapses=False), times)
    listed = read(Edges(3, 3, [2, 2, 0], [0, 1, 1]), [1.0, 2.0, 3.0] * pq.ms)
    np.testing.assert_allclose(listed[3], [1.0, 2.0, 3.0])
    np.testing.assert_allclose(read(OneToOne(10, 10), times)[3], times.magnitude)
    # With a number of synapses that chance decides, the neurons are meant whatever that number is.
    seed = next(seed for seed in range(1000) if table(FixedProb(10, 10, 0.1), seed=seed).n_synapses == 10)
    pre, _, _, delay = read(FixedProb(10, 10, 0.1), times, seed=seed)
    np.testing.assert_allclose(delay, times.magnitude[pre])


@pytest.mark.parametrize(
    ("make", "error", "parts"),
    [
        (lambda: table(AllToAll(3, 4), np.ones(5) * pq.ms), DelayError, ["(5,)", "3 presyn", "12 synapses", "(3, 4)"]),
        (lambda: table(AllToAll(3, 4), np.ones((4, 3)) * pq.ms), DelayError, ["(4, 3)", "(n_pre, n_post)"]),
        (lambda: table(AllToAll(3, 4), -1 * pq.ms), DelayError, ["-1 ms"]),
        (lambda: table(AllToAll(1, 2), lambda shape: -np.ones(shape) * pq.ms), DelayError, ["-1 ms"]),
        (lambda: table(AllToAll(3, 4), 1e9 * pq.s), DelayError, ["steps"]),
        (lambda: table(FixedProb(9, 9, 0.5, weight=np.ones(3))), ConnectivityError, ["(3,)", "(9, 9)", "edges()"]),
        (lambda: table(AllToAll(1, 2, weight=lambda shape: np.ones(3))), ShapeError, ["(3,)", "(2,)"]),
        (lambda: table(AllToAll(1, 2, weight=lambda shape: [1.0, np.inf])), InvalidParameterError, ["infinite"]),
    ],
)
def test_bad_arrays(make, error, parts):
    with pytest.raises(error) as caught:
        make()
    text = str(caught.value)
    assert "cure:" in text
    for part in parts:
        assert part in text
