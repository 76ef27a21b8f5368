"""Positions and functions of distance: who is joined falls off as asked, at the cost of those within reach."""

import numpy as np
import pytest
from quantities import mm, ms, mV, nS, um

import numbadyn as nd
from numbadyn.errors import DimensionError, InvalidParameterError, ShapeError
from numbadyn.model.space.neighbours import near_pairs
from numbadyn.runtime.builders import by_chance
from tests.features.both import assert_targets_agree


def edges_of(cells, comm, delay=None, post=None):
    return nd.DeltaProj(cells, comm=comm, post=post or cells, delay=delay).edges(0.1 * ms)


def placed(axes, n=400, seed=2):
    cells = nd.LIF(n)
    cells.positions = nd.space.uniform(n, extent=[1.0, 0.6, 0.8][:axes] * mm, seed=seed)
    return cells


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("period", [None, 1.0, 0.15, (np.inf, 1.0, 0.15)], ids=["open", "torus", "short", "cylinder"])
def test_pairs_within_reach_are_those_of_all_pairs(axes, period, monkeypatch):
    """The same bits with and without boxes, fine or coarse, pieces of any size, on a line, a plane and a block."""
    cells = placed(axes)
    period = None if period is None else (np.array([1.0, 0.6, 0.8]) * period)[:axes] * mm
    law = nd.space.Gaussian(60 * um, peak=0.9).within([140, 300, 140][axes - 1] * um)
    found = []
    for function in (law, lambda d: law(d)):
        near = nd.init.OfDistance(function, cells, period=period)
        found.append(edges_of(cells, nd.FixedProb(400, 400, near, 1 * mV, autapses=False)))
    monkeypatch.setattr(by_chance, "_PAIRS", 501)
    found.append(
        edges_of(cells, nd.FixedProb(400, 400, nd.init.OfDistance(law, cells, period=period), 1 * mV, autapses=False))
    )
    assert found[0].pre.size > 300
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].pre, other.pre)
        np.testing.assert_array_equal(found[0].post, other.post)


def test_distances_on_a_cylinder():
    """One axis is closed, the other is open; periods that differ in a late digit are other distances."""
    places = np.array([[0.0, 0.0], [0.9, 0.9]]) * mm
    rule = nd.init.OfDistance(lambda d: d, places, period=[1.0, np.inf] * mm)
    assert rule.values(np.array([0]), np.array([1]))[0] == pytest.approx(1000 * np.hypot(0.1, 0.9), rel=1e-12)
    assert rule.key() != nd.init.OfDistance(rule.function, places, period=[1.0 + 1e-12, np.inf] * mm).key()


def test_nothing_is_of_the_size_of_all_pairs():
    """10^8 pairs: the pairs that are looked at are a few times those within reach."""
    places = np.asarray(nd.space.uniform(10_000, extent=[1, 1] * mm, seed=1))
    pieces = [pre.size for pre, _ in near_pairs(places, places, 20.0, np.full(2, 1000.0), 100_000)]
    assert max(pieces) <= 100_000
    inside = np.pi * 20.0**2 / 1000.0**2 * 1e8
    assert sum(pieces) < 4 * inside


@pytest.mark.statistical
@pytest.mark.parametrize("profile", ["exponential", "hat"])
def test_out_degrees_are_the_integral_of_the_profile(profile):
    """On a torus with a grid, the mean out-degree is density times the integral; false alarm below 1e-6 (5 errors)."""
    law, integral = {
        "gaussian": (nd.space.Gaussian(40 * um, peak=0.6), 0.6 * 2 * np.pi * 40**2),
        "exponential": (
            nd.space.Exponential(50 * um, peak=0.6).within(400 * um),
            0.6 * 2 * np.pi * 50**2 * (1 - 9 * np.exp(-8)),
        ),
        "hat": (
            (nd.space.Gaussian(40 * um, peak=0.9) - nd.space.Gaussian(80 * um, peak=0.3)).clip(0, 1),
            # positive up to r0 = sqrt(ln 3 / (1 / 2 / 40^2 - 1 / 2 / 80^2))
            2 * np.pi * (0.9 * 40**2 * (1 - np.exp(-(r2 := np.log(3) / (0.5 / 40**2 - 0.5 / 80**2)) / 2 / 40**2))
                         - 0.3 * 80**2 * (1 - np.exp(-r2 / 2 / 80**2))),
        ),
    }[profile]  # fmt: skip
    cells = nd.LIF((40, 40))
    cells.positions = nd.space.grid((40, 40), extent=1 * mm)
    near = nd.init.OfDistance(law, cells, period=1 * mm)
    rule = nd.FixedProb(1600, 1600, near, 1 * mV)
    expected = integral / 25**2
    degree = edges_of(cells, rule).pre.size / 1600
    assert abs(degree - expected) < 5 * np.sqrt(expected / 1600) + 0.003 * expected
    assert rule.expected_synapses == pytest.approx(expected * 1600, rel=0.1)


def test_the_expected_number_is_not_that_of_the_diagonal():
    """65,536 squared pairs: as many samples in equal distances would all be of neurons with themselves."""
    n = 1 << 16
    near = nd.init.OfDistance(nd.space.Disc(10 * um, 0.5), np.arange(n) * 0.1 * um, period=0.1 * n * um)
    assert nd.FixedProb(n, n, near).expected_synapses == pytest.approx(0.5 * 201 * n, rel=0.1)


def test_weights_and_delays_follow_the_distance_between_views():
    cells, others = placed(2), placed(2, 100, seed=5)
    law = nd.space.Exponential(200 * um, peak=2 * nS)
    near = nd.init.OfDistance(nd.space.Disc(300 * um, 0.3), cells[100:], others)
    weight = nd.init.OfDistance(law, cells[100:], others)
    delay = nd.init.OfDistance(nd.space.TravelTime(0.2 * mm / ms, 0.5 * ms), cells[100:], others)
    edges = edges_of(cells[100:], nd.FixedProb(300, 100, near, weight), delay, others)
    apart = np.linalg.norm(np.asarray(cells.positions)[edges.pre] - np.asarray(others.positions)[edges.post], axis=1)
    assert edges.pre.min() >= 100
    assert apart.max() <= 300
    np.testing.assert_allclose(edges.weight.rescale("nS").magnitude, 2 * np.exp(-apart / 200), rtol=1e-12)
    np.testing.assert_array_equal(np.rint(edges.delay.magnitude / 0.1), np.ceil(apart / 200 / 0.1 - 1e-9) + 5)


@pytest.mark.cudasim
def test_targets_agree():
    def make():
        net = nd.DynamicsGroup()
        net.pre = nd.LIF(40, V_rest=-45 * mV, V_th=-50 * mV, V_reset=-60 * mV, tau=5 * ms)
        net.pre.positions = nd.space.grid(40, spacing=10 * um)
        near = nd.init.OfDistance(nd.space.Gaussian(40 * um, 0.8), net.pre, period=400 * um)
        late = nd.init.OfDistance(nd.space.TravelTime(0.1 * mm / ms), net.pre, period=400 * um)
        net.proj = nd.DeltaProj(
            net.pre, comm=nd.FixedProb(40, 40, near, 0.5 * mV, autapses=False), post=net.pre, delay=late
        )
        return net

    assert_targets_agree(make, 0.1 * ms, 8 * ms, seed=3)


def test_positions_are_checked_and_seen_through_views():
    cells = nd.LIF((4, 5))
    assert cells.positions is cells[:2].positions is None
    cells.positions = nd.space.grid((4, 5), spacing=[10, 20] * um, centre=[0, 0] * um)
    assert cells[3].positions[-1].magnitude.tolist() == [15.0, 40.0]
    with pytest.raises(ShapeError, match="19 positions, but has 20 neurons") as caught:
        cells.positions = np.ones((19, 2)) * um
    assert caught.value.values["num"] == 20
    with pytest.raises(InvalidParameterError, match="NaN or infinite"):
        cells.positions = np.full(20, np.nan)
    with pytest.raises(InvalidParameterError, match="has no positions"):
        nd.init.OfDistance(nd.space.Gaussian(1 * um), nd.LIF(3))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nd.space.grid(4, spacing=1 * um, extent=4 * um), InvalidParameterError, "one of them"),
        (lambda: nd.space.grid((2, 2), spacing=[1, 2, 3] * um), ShapeError, r"\(3,\), for 2 axes"),
        (lambda: nd.space.grid(4, spacing=-1 * um), InvalidParameterError, "positive lengths"),
        (lambda: nd.space.uniform(4, extent=[1, 1] * um, centre=[0, 0] * ms), DimensionError, "centre is in"),
        (lambda: nd.space.Gaussian(0 * um), InvalidParameterError, "Gaussian\\(sigma\\) is 0"),
        (lambda: nd.space.Gaussian(1 * um)(3.0), DimensionError, "Distances are in"),
        (lambda: nd.space.Gaussian(1 * um) + nd.space.Gaussian(1 * um, 1 * nS), DimensionError, "meets"),
        (lambda: nd.space.Gaussian(1 * um).within(1 * ms), DimensionError, "meets"),
        (lambda: nd.space.Gaussian(1 * um) * np.ones(3), InvalidParameterError, "multiplied by"),
        (lambda: nd.init.OfDistance(nd.space.Gaussian(1 * um), np.arange(3.0) * ms), DimensionError, "Distances are"),
        (lambda: nd.init.OfDistance(lambda d: 1.0, np.arange(3.0) * um, reach=1 * ms), DimensionError, "reach is in"),
        (lambda: nd.init.OfDistance(lambda d: 1.0, np.arange(3.0) * um, reach=0 * um), InvalidParameterError, "reach"),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert caught.value.cure


def test_profiles_are_added_scaled_and_cut():
    d = np.array([0.0, 30.0, 100.0]) * um
    one, other = nd.space.Gaussian(30 * um, 0.5), nd.space.Exponential(50 * um)
    np.testing.assert_allclose((one - 0.2 * other)(d), one(d) - 0.2 * other(d), rtol=1e-15)
    np.testing.assert_allclose((2 * nS * one)(d).rescale("nS").magnitude, 2 * one(d), rtol=1e-15)
    np.testing.assert_array_equal((-one).clip(-0.1, 1.0)(d)[:2], [-0.1, -0.1])
    assert (one - other).reach == other.reach
    assert one.within(50 * um).reach == 50 * um
    assert np.isinf(one.clip(0.1, 1).reach)
    assert nd.space.Gaussian(30 * um, 0.5) == one != nd.space.Gaussian(31 * um, 0.5)
    assert hash(nd.space.Gaussian(30 * um, 0.5)) == hash(one)
    assert repr(one) == "Gaussian(30.0 um, peak=0.5)"
