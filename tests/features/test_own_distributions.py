"""Distributions that users write, wherever a value is taken: parameters, first values, weights, delays."""

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.errors import DimensionError, HookArgumentError, InvalidParameterError, ShapeError
from tests.targets import COMPILED, simulator_of


def gamma(unit, mean=1.0):
    return nd.init.Drawn(lambda rng, shape: mean * rng.gamma(4.0, 0.25, shape) * unit)


class Net(nd.DynamicsGroup):
    def __init__(self, size=(5, 8), **more):
        super().__init__()
        self.E = nd.LIF(size, R=1.0, tau=gamma(ms, 20.0), V_rest=-45 * mV, V_initializer=gamma(mV, -50.0))
        comm = nd.FixedProb(size, size, prob=0.5, weight=gamma(mV, 0.1))
        self.proj = nd.DeltaProj(self.E, comm=comm, post=self.E, delay=gamma(ms, 2.0))
        for name, module in more.items():
            setattr(self, name, module)


def values_of(target, seed=1, precision=64, **more):
    net = Net(**more)
    sim = simulator_of(net, 0.5 * ms, target, seed=seed, precision=precision)
    sim.record(net.E, "V", spikes=True)
    result = sim.run(30 * ms, progress=False)
    edges = net.proj.edges()
    return [result[net.E].V.magnitude, net.E.tau.value, edges.weight.magnitude, edges.delay.magnitude]


@pytest.mark.cudasim
@pytest.mark.parametrize("precision", [64, 32])
def test_every_target_draws_the_same(precision):
    reference = values_of("interpret", precision=precision)
    for mine, other in zip(reference, values_of(COMPILED, precision=precision), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert all(len(np.unique(part)) > 3 for part in reference)


def test_draws_follow_the_seed_and_the_place():
    first, again, other = values_of("interpret"), values_of("interpret"), values_of("interpret", seed=2)
    beside = values_of("interpret", A=nd.LIF(3, tau=gamma(ms, 20.0)))
    for a, b, c, d in zip(first, again, other, beside, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, d)  # what is added changes nothing for those that stay
        assert not np.array_equal(a, c)
    net = nd.DynamicsGroup()
    net.A, net.B = nd.LIF(3, tau=(tau := gamma(ms, 20.0))), nd.LIF(3, tau=tau)
    nd.Simulator(net, dt=0.1 * ms, target="interpret").run(0.1 * ms, progress=False)
    assert not np.array_equal(net.A.tau.value, net.B.tau.value)  # one recipe, two draws


@pytest.mark.parametrize(
    ("function", "error", "said"),
    [
        (lambda rng: rng.normal(), HookArgumentError, "2 arguments"),
        (lambda rng, shape: None, InvalidParameterError, r"(?s)None is not.*Drawn"),
        (lambda rng, shape: 3.0 * nS, ShapeError, r"shape \(\) for \(40,\)"),
        (lambda rng, shape: rng.normal(size=shape) * (nS if shape == (1,) else mV), DimensionError, "mV"),
        (lambda rng, shape: np.full(shape, np.nan) * nS, InvalidParameterError, "NaN"),
    ],
)
def test_wrong_functions_are_named(function, error, said):
    cells = nd.LIF(40)
    with pytest.raises(error, match=said):
        nd.DeltaProj(cells, comm=nd.OneToOne(40, 40, weight=nd.init.Drawn(function)), post=cells).edges()


def test_a_domain_holds_for_what_is_drawn():
    cells = nd.LIF(50, tau=nd.init.Drawn(lambda rng, shape: rng.normal(5.0, 5.0, shape) * ms))
    with pytest.raises(InvalidParameterError, match="tau"):
        nd.Simulator(cells, dt=0.1 * ms, target="interpret").run(1 * ms, progress=False)


def test_pieces_are_parts_of_the_whole():
    recipe = gamma(nS)
    np.testing.assert_array_equal(recipe.sample(7, seed=3, start=5), recipe.sample(12, seed=3)[5:])
