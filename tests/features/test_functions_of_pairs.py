"""Weights and delays as functions of both ends of a synapse, or of distances: evaluated when synapses are built."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from quantities import Hz, m, mm, ms, mV, nS, um

import numbadyn as nd
from numbadyn.errors import (
    ConnectivityError,
    DelayError,
    DimensionError,
    HookArgumentError,
    InvalidParameterError,
    NegativeConductanceError,
    ShapeError,
)
from numbadyn.runtime.builders import by_chance
from numbadyn.runtime.builders import values as builders
from tests.features.both import assert_targets_agree

RULES: dict[str, Callable[..., Any]] = {
    "all": lambda weight: nd.AllToAll(7, 5, weight),
    "all but itself": lambda weight: nd.AllToAll(6, 6, weight, autapses=False),
    "one to one": lambda weight: nd.OneToOne(9, 9, weight),
    "probability": lambda weight: nd.FixedProb(30, 41, 0.2, weight),
    "none": lambda weight: nd.FixedProb(30, 41, 0.0, weight),
    "Poisson": lambda weight: nd.PairwisePoisson(12, 15, 0.8, weight),
    "symmetric": lambda weight: nd.SymmetricPairwiseBernoulli(14, 14, 0.3, weight),
    "in-degree": lambda weight: nd.FixedInDegree(30, 20, 7, weight, multapses=True),
    "out-degree": lambda weight: nd.FixedOutDegree(20, 30, 7, weight, multapses=False),
    "total": lambda weight: nd.FixedTotalNumber(10, 12, 60, weight),
    "edges": lambda weight: nd.Edges(4, 3, [2, 0, 2, 3, 2, 0], [1, 2, 1, 0, 0, 1], weight),
    "matrix": lambda weight: nd.Matrix([[0.0, 2.0], [3.0, 0.0], [1.0, 5.0]], weight),
    "several axes": lambda weight: nd.FixedProb((4, 5), (3, 2, 4), 0.4, weight),
}


def weight_of(i: Any, j: Any) -> Any:
    return 0.5 * i - j


def delay_of(i: Any, j: Any) -> Any:
    return (abs(i - j) % 5) * 0.3 * ms


class Wired(nd.DynamicsGroup):
    def __init__(self, rule: Any, delay: Any = None) -> None:
        super().__init__()
        self.post = nd.LIF(rule.out_size, R=1.0)
        itself = not getattr(rule, "autapses", True)
        self.pre = self.post if itself else nd.PoissonGroup(rule.in_size, 500 * Hz)
        self.proj = nd.DeltaProj(self.pre, comm=rule, post=self.post, delay=delay)


@pytest.mark.parametrize("piece", [1 << 18, 7])
@pytest.mark.parametrize("name", RULES)
def test_edges_have_the_values_of_the_functions(name: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "_PIECE", piece)
    plain = Wired(RULES[name](1.0 * mV)).proj.edges(0.1 * ms)
    net = Wired(RULES[name](lambda i, j: weight_of(i, j) * mV), delay_of)
    edges = net.proj.edges(0.1 * ms)
    np.testing.assert_array_equal(edges.pre, plain.pre)
    np.testing.assert_array_equal(edges.post, plain.post)
    np.testing.assert_array_equal(edges.weight.magnitude, weight_of(plain.pre, plain.post))
    np.testing.assert_allclose(edges.delay.magnitude, delay_of(plain.pre, plain.post).magnitude, rtol=1e-12)
    again = net.proj.edges(0.1 * ms)
    for first, second in zip(edges, again, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("precision", [64, 32])
def test_targets_agree(precision: int) -> None:
    def make() -> Any:
        positions = np.linspace(0, 500, 40) * um
        spread = nd.init.OfDistance(lambda d: 5 * np.exp(-d / (100 * um)) * mV, positions)
        along = nd.init.OfDistance(lambda d: d / (0.2 * m / (1000 * ms)) + 0.1 * ms, positions)
        return Wired(nd.FixedProb(40, 40, 0.5, spread), along)

    assert_targets_agree(make, 0.1 * ms, 10 * ms, seed=3, precision=precision)


def test_what_arrives_is_what_the_function_says() -> None:
    net = nd.DynamicsGroup()
    net.pre = nd.SpikeTrain(3, [0, 2], [0.1, 0.1] * ms)
    net.post = nd.LIF(4, R=1.0, tau=1e9 * ms)
    net.proj = nd.DeltaProj(
        net.pre, comm=nd.AllToAll(3, 4, weight=lambda i, j: (1 + i + 0.1 * j) * mV), post=net.post,
        delay=lambda i, j: i * 0.2 * ms,
    )  # fmt: skip
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.record(net.post, "V")
    V = sim.run(1 * ms)[net.post].V.magnitude + 60
    np.testing.assert_allclose(np.diff(V, axis=0)[1], 1 + 0.1 * np.arange(4), rtol=1e-9)
    np.testing.assert_allclose(np.diff(V, axis=0)[5], 3 + 0.1 * np.arange(4), rtol=1e-9)


def test_memory_stays_bounded() -> None:
    """A function sees at most a piece at a time."""
    seen: list[int] = []

    def weight(i: Any, j: Any) -> Any:
        seen.append(i.size)
        return 1.0 * mV

    nd.DeltaProj(nd.LIF(1000), comm=nd.AllToAll(1000, 1000, weight), post=nd.LIF(1000)).edges(0.1 * ms)
    assert max(seen) == 1 << 18
    assert sum(seen) >= 1000 * 1000


def test_named_projections_take_functions_too() -> None:
    A, B = nd.LIF(20), nd.LIF((4, 5))
    proj = nd.PairwiseBernoulliProj(
        A, B, p=lambda i, j: (i + j) % 2, weight=lambda i, j: (1 + i) * nS, delay=lambda i, j: (1 + j % 3) * ms,
        syn=nd.Expon.desc(tau=5 * ms), out=nd.COBA.desc(E=0 * mV),
    )  # fmt: skip
    edges = proj.edges(0.1 * ms)
    assert edges.pre.size == 200
    np.testing.assert_array_equal(edges.weight.magnitude, 1.0 + edges.pre)
    np.testing.assert_allclose(edges.delay.magnitude, 1.0 + edges.post % 3)


def test_distances() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((6, 2)) * mm, rng.random((5, 2)) * 1000 * um
    edges = nd.DeltaProj(
        nd.LIF(6), comm=nd.AllToAll(6, 5, nd.init.OfDistance(lambda d: d / (1 * um) * mV, a, b)), post=nd.LIF(5)
    ).edges(0.1 * ms)
    exact = np.linalg.norm(1000 * a.magnitude[edges.pre] - b.magnitude[edges.post], axis=1)
    np.testing.assert_allclose(edges.weight.magnitude, exact, rtol=1e-12)
    ring = nd.init.OfDistance(lambda d: d, np.arange(10) * 1.0, period=10.0)
    i, j = np.repeat(np.arange(10), 10), np.tile(np.arange(10), 10)
    np.testing.assert_array_equal(ring.values(i, j), np.minimum(abs(i - j), 10 - abs(i - j)))


def test_a_function_of_single_numbers_is_wrapped() -> None:
    edges = Wired(nd.AllToAll(5, 4, np.vectorize(lambda i, j: 1.0 if i > j else math.exp(-i)))).proj.edges(0.1 * ms)
    np.testing.assert_allclose(edges.weight, np.where(edges.pre > edges.post, 1.0, np.exp(-edges.pre)))


def test_functions_of_the_shape_stay_and_keep_the_order_of_listed_synapses() -> None:
    rule = nd.Edges(4, 3, [2, 0, 3], [1, 2, 0], lambda shape: np.arange(1.0, shape[0] + 1) * mV)
    edges = Wired(rule, lambda shape: np.arange(1.0, shape[0] + 1) * ms).proj.edges(0.1 * ms)
    assert edges.pre.tolist() == [2, 0, 3]
    assert edges.weight.magnitude.tolist() == [1, 2, 3]
    np.testing.assert_allclose(edges.delay.magnitude, [1, 2, 3])


def edges_by(prob: Any, pre: int = 30, post: int = 40, **options: Any) -> Any:
    rule = nd.FixedProb(pre, post, prob, 1 * mV, **options)
    source = nd.LIF(pre)
    target = nd.LIF(post) if rule.autapses else source
    return nd.DeltaProj(source, comm=rule, post=target).edges(0.1 * ms)


def test_probabilities_that_are_certain_decide_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def band(i: Any, j: Any) -> Any:
        return abs(i - j) <= 2

    edges = edges_by(band)
    i, j = np.nonzero(abs(np.arange(30)[:, None] - np.arange(40)) <= 2)
    np.testing.assert_array_equal(edges.pre, i)
    np.testing.assert_array_equal(edges.post, j)
    itself = edges_by(lambda i, j: 1.0, 20, 20, autapses=False)
    assert itself.pre.size == 20 * 19
    assert (itself.pre != itself.post).all()
    assert edges_by(lambda i, j: 0.0).pre.size == 0
    some = edges_by(lambda i, j: 0.3)
    monkeypatch.setattr(by_chance, "_PAIRS", 7)
    again = edges_by(lambda i, j: 0.3)
    np.testing.assert_array_equal(again.pre, some.pre)
    np.testing.assert_array_equal(again.post, some.post)


@pytest.mark.statistical
def test_synapses_fall_off_with_distance_as_asked() -> None:
    """Number of synapses in each tenth of the distances; false alarm below 1e-5 (4.9 standard errors, ten bins)."""
    n, places = 600, np.linspace(0.0, 1.0, 600) * mm
    law = nd.init.OfDistance(lambda d: 0.5 * np.exp(-d / (200 * um)), places)
    edges = edges_by(law, n, n)
    i, j = np.divmod(np.arange(n * n), n)
    chance, distance = law.values(i, j), abs(i - j) / (n - 1)
    found = abs(edges.pre - edges.post) / (n - 1)
    for low in np.arange(0, 1, 0.1):
        p = chance[(distance >= low) & (distance < low + 0.1)]
        count = ((found >= low) & (found < low + 0.1)).sum()
        assert abs(count - p.sum()) < 4.9 * np.sqrt((p * (1 - p)).sum()) + 5
    assert nd.FixedProb(n, n, law).expected_synapses == pytest.approx(chance.sum(), rel=0.02)


def test_a_probability_function_in_a_running_network() -> None:
    def make() -> Any:
        return Wired(nd.FixedProb(20, 30, lambda i, j: (i + j) / 50, lambda i, j: (i - j) * 0.1 * mV), delay_of)

    assert_targets_agree(make, 0.1 * ms, 5 * ms, seed=2)


def build(weight: Any = 1 * mV, delay: Any = None, **options: Any) -> None:
    net = Wired(nd.AllToAll(6, 4, weight), delay)
    nd.Simulator(net, dt=0.1 * ms, target="interpret", **options).run(0.1 * ms)


MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], list[str]]] = {
    "three arguments": (lambda: build(lambda i, j, k: i * mV), HookArgumentError, ["2 arguments", "lambda i, j"]),
    "no argument": (lambda: build(lambda: 1 * mV), HookArgumentError, ["2 arguments", "test_functions_of_pairs.py:"]),
    "a table": (lambda: build(lambda i, j: np.ones((i.size, j.size)) * mV + 0 * mV), ShapeError, ["(1, 1)", "(1,)"]),
    "too short": (lambda: build(lambda i, j: np.ones(3) * mV), ShapeError, ["(3,)", "test_functions_of_pairs.py:"]),
    "NaN": (lambda: build(lambda i, j: np.where(i == 3, np.nan, 1.0) * mV), InvalidParameterError, ["from 3 onto 0"]),
    "text": (lambda: build(lambda i, j: "strong"), InvalidParameterError, ["strong"]),
    "unit": (lambda: build(lambda i, j: 1 * mV if i.size == 1 else 1 * nS), DimensionError, ["nS", "mV"]),
    "delay without a unit": (lambda: build(delay=lambda i, j: 1.0 * i), Exception, ["delay"]),
    "delay of mV": (lambda: build(delay=lambda i, j: i * mV), DimensionError, ["mV", "delay"]),
    "negative delay": (lambda: build(delay=lambda i, j: (i - j) * ms), DelayError, ["-3 ms", "6 of 24", "np.maximum"]),
    "between steps": (lambda: build(delay=lambda i, j: i * 0.15 * ms, delays="exact"), DelayError, ["0.15 ms"]),
    "no probability": (lambda: edges_by(lambda i, j: 0.1 * i), ConnectivityError, ["from 11 onto 0 is 1.1", "np.clip"]),
    "probability of mV": (lambda: edges_by(lambda i, j: 0.1 * mV), ConnectivityError, ["in mV", "0 to 1"]),
    "probability of one": (lambda: edges_by(lambda i: 0.1), HookArgumentError, ["2 arguments"]),
    "if": (lambda: build(lambda i, j: 1 * mV if i > j else 2 * mV), HookArgumentError, ["truth value", "np.where"]),
    "math": (lambda: build(lambda i, j: math.exp(-i) * mV), HookArgumentError, ["array", "np.exp"]),
    "if of a distance": (
        lambda: build(delay=nd.init.OfDistance(lambda d: 1 * ms if d < 1 else d * ms, np.arange(6), np.arange(4))),
        HookArgumentError,
        ["truth value", "np.where"],
    ),
    "exp of a length": (
        lambda: nd.init.OfDistance(lambda d: np.exp(-d) * mV, np.arange(6) * um),
        HookArgumentError,
        ["dimensionless", "a number"],
    ),
    "period": (lambda: nd.init.OfDistance(abs, np.ones((6, 2)), period=[1, 2, 3]), ShapeError, ["(3,)", "2 axes"]),
    "positions": (
        lambda: build(nd.init.OfDistance(lambda d: 1 * mV, np.arange(6), np.arange(5))),
        ShapeError,
        ["6 presynaptic and 5 postsynaptic positions", "6 and 4 neurons"],
    ),
    "positions of a delay": (
        lambda: build(delay=nd.init.OfDistance(lambda d: 1 * ms, np.arange(6))),
        ShapeError,
        ["6 postsynaptic positions"],
    ),
    "axes": (lambda: nd.init.OfDistance(lambda d: d, np.ones((6, 2)), np.ones(6)), ShapeError, ["2 axes", "1 behind"]),
    "units of positions": (
        lambda: nd.init.OfDistance(lambda d: d, np.ones(6) * um, np.ones(6) * ms),
        DimensionError,
        ["um", "ms"],
    ),
    "a first value": (
        lambda: nd.init.OfPairs(lambda i, j: i * mV)(3),
        InvalidParameterError,
        ["two ends of a synapse"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name: str) -> None:
    make, error, words = MISTAKES[name]
    with pytest.raises(error) as caught:
        make()
    assert [word for word in words if word not in str(caught.value)] == []


def test_exact_delays_of_a_function_are_taken() -> None:
    build(delay=lambda i, j: i * 0.2 * ms, delays="exact")


def test_a_negative_conductance_of_a_function_is_refused() -> None:
    net = nd.DynamicsGroup()
    net.pre, net.post = nd.LIF(5), nd.LIF(5)
    net.proj = nd.AllToAllProj(
        net.pre, net.post, weight=lambda i, j: (i - j) * nS, syn=nd.Expon.desc(tau=5 * ms), out=nd.COBA.desc(E=0 * mV)
    )
    with pytest.raises(NegativeConductanceError, match="negative in 10 of 25 synapses"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret").run(0.1 * ms)
