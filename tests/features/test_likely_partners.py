"""Fixed in- and out-degrees whose partners are more or less likely: against closed forms and a plain reference."""

import itertools

import numpy as np
import pytest
from quantities import mm, ms, mV, nS, um

import numbadyn as nd
from numbadyn.errors import ConnectivityError, ShapeError
from numbadyn.runtime.builders import by_chance

RULES = {"in": nd.FixedInDegree, "out": nd.FixedOutDegree}
CHANCES = np.array([1.0, 2.0, 0.0, 5.0, 12.0])
MANY = 4000


def edges_of(comm, pre, post, **options):
    comm.seed = 5
    return nd.DeltaProj(pre, comm=comm, post=post, **options).edges(0.1 * ms)


def partners(side, num, multapses):
    """How often each of five neurons is a partner of many, each of whom draws some by `CHANCES`."""
    few, many = nd.LIF(5), nd.LIF(MANY)
    if side == "in":
        comm = nd.FixedInDegree(5, MANY, num, multapses=multapses, prob=lambda i, j: CHANCES[i])
        return edges_of(comm, few, many).pre
    comm = nd.FixedOutDegree(MANY, 5, num, multapses=multapses, prob=lambda i, j: CHANCES[j])
    return edges_of(comm, many, few).post


@pytest.mark.statistical
@pytest.mark.parametrize("side", RULES)
def test_partners_are_as_likely_as_asked(side):
    """In proportion where they may repeat; one after another among the rest where not. Within 5 standard errors."""
    share = CHANCES / CHANCES.sum()
    counts = np.bincount(partners(side, 3, True), minlength=5)
    assert (abs(counts - 3 * MANY * share) <= 5 * np.sqrt(3 * MANY * share * (1 - share))).all()
    inside = np.zeros(5)
    for drawn in itertools.permutations(np.flatnonzero(CHANCES), 2):
        first, second = drawn
        inside[list(drawn)] += share[first] * share[second] / (1 - share[first])
    counts = np.bincount(partners(side, 2, False), minlength=5)
    assert (abs(counts - MANY * inside) <= 5 * np.sqrt(MANY * inside * (1 - inside))).all()


@pytest.mark.parametrize("multapses", [True, False])
@pytest.mark.parametrize("side", RULES)
def test_degrees_are_fixed_and_reach_changes_nothing(side, multapses, monkeypatch):
    """The same synapses whether boxes of space or all pairs are looked at, in pieces of any size."""
    cells, others = nd.LIF(200), nd.LIF((12, 10))
    cells.positions = nd.space.uniform(200, extent=[1, 1] * mm, seed=2)
    others.positions = nd.space.uniform((12, 10), extent=[1, 1] * mm, seed=3)
    law, found = nd.space.Gaussian(60 * um).within(400 * um), []
    for function, pairs in ((law, 1 << 18), (lambda d: law(d), 1 << 18), (law, 601)):
        monkeypatch.setattr(by_chance, "_PAIRS", pairs)
        near = nd.init.OfDistance(function, cells, others, period=1 * mm)
        comm = RULES[side](200, (12, 10), 6, 1 * mV, multapses=multapses, prob=near)
        found.append(edges_of(comm, cells, others))
    edges = found[0]
    for other in found[1:]:
        np.testing.assert_array_equal(edges.pre * 120 + edges.post, other.pre * 120 + other.post)
    degrees = np.bincount(edges.post, minlength=120) if side == "in" else np.bincount(edges.pre, minlength=200)
    assert set(degrees) == {6}
    assert (np.diff(edges.pre * 120 + edges.post) >= (0 if multapses else 1)).all()
    apart = np.asarray(cells.positions)[edges.pre] - np.asarray(others.positions)[edges.post]
    apart -= 1000 * np.rint(apart / 1000)
    spread = np.sqrt((apart**2).sum(axis=1).mean())
    assert spread == pytest.approx(np.sqrt(2) * 60, rel=0.2) if multapses else spread > 90  # the near ones are few


def test_parts_of_populations_weights_delays_and_no_autapses():
    cells = nd.LIF(60)
    cells.positions = nd.space.grid(60, spacing=10 * um)
    part = cells[20:50]
    near = nd.init.OfDistance(nd.space.Disc(40 * um), part)
    synapse = {"syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
    late = nd.init.OfDistance(nd.space.TravelTime(0.1 * mm / ms), part)
    options = {"weight": np.arange(120.0) * nS, "delay": late, "prob": near, "autapses": False, "multapses": False}
    edges = nd.FixedIndegreeProj(part, part, K=4, **options, **synapse).edges(0.1 * ms)
    assert edges.pre.min() >= 20
    away = abs(edges.pre - edges.post)
    assert ((away >= 1) & (away <= 4)).all()
    assert edges.post.tolist().count(20) == 4
    np.testing.assert_array_equal(edges.pre[edges.post == 20], [21, 22, 23, 24])
    np.testing.assert_array_equal(np.rint(edges.delay.magnitude / 0.1), away)
    assert set(edges.weight.magnitude) == set(range(120))


@pytest.mark.parametrize("rule", RULES.values())
def test_mistakes_are_named(rule):
    cells = nd.LIF(6)
    short = rule(6, 6, 3, prob=lambda i, j: (abs(i - j) <= 1) * 1.0, multapses=False)
    with pytest.raises(ConnectivityError, match=r"neuron 0 has 2 .* but num is 3 \(too few for 2 of 6") as caught:
        edges_of(short, cells, cells)
    assert caught.value.values["neuron"] == 0
    with pytest.raises(ConnectivityError, match="neuron 2 has 0"):
        edges_of(rule(6, 6, 3, prob=lambda i, j: ((i != 2) & (j != 2)) * 2.0), cells, cells)
    with pytest.raises(ConnectivityError, match="is -1, by"):
        edges_of(rule(6, 6, 3, prob=lambda i, j: -1.0 * i * j), cells, cells)
    with pytest.raises(ConnectivityError, match="in comparison to others"):
        rule(6, 6, 3, prob=0.5)
    with pytest.raises(ShapeError, match="5 presynaptic"):
        rule(6, 6, 3, prob=nd.init.OfDistance(nd.space.Gaussian(1.0), np.arange(5.0)))
    assert edges_of(rule(6, 6, 0, prob=lambda i, j: 0.0), cells, cells).pre.size == 0
