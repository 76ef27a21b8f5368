"""Tables that a device builds have the bits of those that the processor builds; a device is Numba's simulator here."""

import sys

import numpy as np
import pytest
from numba.core import config
from quantities import ms

from numbadyn.errors import ConnectivityError, DelayError
from numbadyn.model.init import LogNormal, Normal, OfDistance, Uniform
from numbadyn.model.space import Gaussian
from numbadyn.projections.connectivity import (
    AllToAll,
    Edges,
    FixedInDegree,
    FixedOutDegree,
    FixedProb,
    FixedTotalNumber,
    Matrix,
    OneToOne,
    PairwisePoisson,
    SmallWorld,
    SymmetricPairwiseBernoulli,
)
from numbadyn.runtime.builders import build
from numbadyn.runtime.builders.cuda import build as on_device
from numbadyn.runtime.builders.cuda import structure as device_structure
from numbadyn.runtime.builders.cuda.build import build_on_device
from numbadyn.runtime.builders.cuda.compiled import Workshop
from numbadyn.runtime.builders.structure import DrawKey
from numbadyn.runtime.cuda.device import Device

pytestmark = [
    pytest.mark.cudasim,
    pytest.mark.skipif(not config.ENABLE_CUDASIM, reason="needs the simulator: NUMBA_ENABLE_CUDASIM=1"),
]
SEED = 2**35 + 11
NEAR = OfDistance(Gaussian(3.0, 0.9), np.arange(30.0), period=30.0)
RULES = {
    "all": lambda weight: AllToAll(7, 5, weight),
    "all, not itself": lambda weight: AllToAll(6, 6, weight, autapses=False),
    "one neuron, not itself": lambda weight: AllToAll(1, 1, weight, autapses=False),
    "one to one": lambda weight: OneToOne(9, 9, weight),
    "probability": lambda weight: FixedProb(33, 41, 0.2, weight),
    "probability, not itself": lambda weight: FixedProb(21, 21, 0.6, weight, autapses=False),
    "probability 0": lambda weight: FixedProb(5, 4, 0.0, weight),
    "probability 1": lambda weight: FixedProb(5, 4, 1.0, weight),
    "probability 1, not itself": lambda weight: FixedProb(5, 5, 1.0, weight, autapses=False),
    "probability, one neuron": lambda weight: FixedProb(1, 1, 0.5, weight, autapses=False),
    "probability, empty rows": lambda weight: FixedProb(40, 30, 0.01, weight),
    "probability, one row": lambda weight: FixedProb(1, 700, 0.5, weight),
    "smallest probability": lambda weight: FixedProb(5, 4, 1e-310, weight),
    "Poisson": lambda weight: PairwisePoisson(23, 17, 0.4, weight),
    "Poisson above 1, not itself": lambda weight: PairwisePoisson(11, 11, 2.5, weight, autapses=False),
    "Poisson 0": lambda weight: PairwisePoisson(3, 4, 0.0, weight),
    "symmetric": lambda weight: SymmetricPairwiseBernoulli(31, 31, 0.25, weight),
    "symmetric, not itself": lambda weight: SymmetricPairwiseBernoulli(13, 13, 1.0, weight, autapses=False),
    "symmetric 0": lambda weight: SymmetricPairwiseBernoulli(3, 3, 0.0, weight),
    "in-degree, by distance": lambda weight: FixedInDegree(30, 30, 4, weight, False, False, NEAR),
    "out-degree, by distance": lambda weight: FixedOutDegree(30, 30, 4, weight, prob=NEAR),
    "in-degree, listed": lambda weight: FixedInDegree(400, 9, 5, weight, multapses=False),
    "in-degree, mapped": lambda weight: FixedInDegree(60, 40, 33, weight, multapses=False),
    "in-degree, not itself": lambda weight: FixedInDegree(33, 33, 32, weight, autapses=False, multapses=False),
    "in-degree, repeated": lambda weight: FixedInDegree(8, 40, 30, weight, multapses=True),
    "in-degree, one neuron": lambda weight: FixedInDegree(1, 3, 1, weight, multapses=False),
    "in-degree 0": lambda weight: FixedInDegree(4, 3, 0, weight, multapses=False),
    "out-degree": lambda weight: FixedOutDegree(20, 65, 30, weight, multapses=False),
    "out-degree, not itself": lambda weight: FixedOutDegree(700, 700, 3, weight, autapses=False, multapses=False),
    "out-degree, repeated": lambda weight: FixedOutDegree(7, 5, 40, weight, multapses=True),
    "total": lambda weight: FixedTotalNumber(30, 20, 500, weight),
    "total, not itself": lambda weight: FixedTotalNumber(20, 20, 100, weight, autapses=False),
    "total 0": lambda weight: FixedTotalNumber(3, 2, 0, weight),
    "total, subset": lambda weight: FixedTotalNumber(30, 20, 200, weight, multapses=False),
    "total, most pairs": lambda weight: FixedTotalNumber(20, 20, 370, weight, autapses=False, multapses=False),
    "edges": lambda weight: Edges(4, 3, [2, 0, 2, 3, 2], [1, 2, 1, 0, 0], weight),
    "near": lambda weight: FixedProb(30, 30, NEAR, weight, autapses=False),
    "small world": lambda weight: SmallWorld(20, 20, 4, 0.3, weight),
    "matrix": lambda weight: Matrix([[0.0, 2.0], [3.0, 0.0], [0.0, 0.0]], weight),
}
WEIGHTS = {
    "one": 0.1,
    "uniform": Uniform(0.5, 2.5),
    "normal": Normal(4.0, 1.5, low=0.0),
    "lognormal": LogNormal(2.0, 0.7),
}
DELAYS = {
    "none": None,
    "one": 1.5 * ms,
    "uniform": Uniform(0.1 * ms, 0.9 * ms),
    "normal": Normal(1.5 * ms, 0.75 * ms, low=0.1 * ms),
    "lognormal": LogNormal(1.0 * ms, 0.8 * ms),
}


@pytest.fixture(autouse=True, scope="module")
def quick_switches():
    """Threads of the simulator wait for the interpreter's lock; by default for 5 ms at a time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(scope="module")
def device():
    return Device()


def compare(device, rule, delay=None, real=np.float64, dt=0.1):
    common = {"delay": delay, "dt": dt, "seed": SEED, "stream": 0x80000010, "real": real}
    there, expected = build_on_device(device, rule, **common), build(rule, **common)
    found = there.to_host()
    assert (there.n_pre, there.n_post, there.n_synapses) == (expected.n_pre, expected.n_post, expected.n_synapses)
    assert there.n_delays == expected.n_delays
    assert (there.shared_weight is not None) == rule.uniform_weight
    for name in ("delays", "offsets", "targets", "weights", "order"):
        one, other = getattr(found, name), getattr(expected, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert one.dtype == other.dtype, name
            assert one.shape == other.shape, name
            assert one.tobytes() == other.tobytes(), name
    return expected


@pytest.mark.parametrize("rule", RULES)
def test_structure_weights_and_delays(device, rule):
    pairs = [("one", "none"), ("uniform", "normal"), ("normal", "one"), ("lognormal", "uniform"), ("one", "lognormal")]
    first = list(RULES).index(rule)
    for number, (weight, delay) in enumerate(pairs):
        real = (np.float64, np.float32)[(first + number) % 2]
        compare(device, RULES[rule](WEIGHTS[weight]), DELAYS[delay], real)


def test_most_rules_make_synapses_with_different_delays(device):
    table = compare(device, RULES["total"](WEIGHTS["lognormal"]), DELAYS["normal"])
    assert table.n_delays > 10
    assert table.order is not None
    assert not np.array_equal(table.order, np.arange(table.n_synapses))


def test_longer_rows_are_sorted(device):
    for count in (15, 16, 17, 18, 33, 1000):
        compare(device, FixedOutDegree(2, 3000, count, multapses=True))
    compare(device, FixedInDegree(2, 700, 1, WEIGHTS["normal"], multapses=False), DELAYS["uniform"])


@pytest.mark.parametrize("real", [np.float64, np.float32])
def test_arrays_of_weights(device, real):
    generator = np.random.default_rng(1)
    pairs, single = generator.normal(size=(23, 17)), generator.normal(size=200)
    compare(device, FixedProb(23, 17, 0.3, pairs), DELAYS["normal"], real)
    compare(device, FixedInDegree(23, 17, 30, pairs, multapses=True), DELAYS["uniform"], real)
    compare(device, FixedTotalNumber(10, 12, 200, single), DELAYS["uniform"], real)
    compare(device, FixedTotalNumber(10, 12, 200, lambda shape: np.linspace(0.0, 1.0, shape[0])), 1 * ms, real)
    compare(device, FixedProb(23, 17, 0.0, pairs), DELAYS["normal"], real)


@pytest.mark.parametrize("repeated", [False, True])
def test_arrays_of_delays(device, repeated):
    generator = np.random.default_rng(2)
    rule = FixedInDegree(13, 25, 8, Uniform(0.0, 1.0), multapses=repeated)
    for shape in [(13,), (13, 1), (200,), (13, 25)]:
        compare(device, rule, generator.uniform(0.0, 2.0, shape) * ms)
        compare(device, rule, np.full(shape, 0.7) * ms)
    compare(device, rule, lambda shape: np.linspace(0.0, 3.0, shape[0]) * ms)
    compare(device, PairwisePoisson(13, 25, 0.5), generator.uniform(0.0, 2.0, 13) * ms)
    compare(device, OneToOne(13, 13), generator.uniform(0.0, 2.0, 13) * ms)


@pytest.mark.parametrize("rule", ["probability", "in-degree, repeated", "one to one", "edges", "total 0"])
def test_functions_of_both_ends(device, rule):
    made = RULES[rule](lambda i, j: 0.5 * i - j)
    compare(device, made, lambda i, j: (abs(i - j) % 4) * 0.3 * ms)
    compare(device, made, lambda i, j: 1 * ms)


@pytest.mark.parametrize("chance", [0.0, 0.4])
def test_probabilities_of_pairs(device, chance):
    compare(device, FixedProb(6, 5, lambda i, j: chance * (i != j), lambda i, j: 1.0 * j), lambda i, j: 1 * j * ms)


def test_what_no_synapse_uses_may_be_too_long(device):
    delays = np.full((5, 5), 0.3)
    delays[np.arange(5), np.arange(5)] = 1e9
    compare(device, AllToAll(5, 5, autapses=False), delays * ms)


def message(make):
    with pytest.raises((ConnectivityError, DelayError)) as caught:
        make()
    return str(caught.value)


@pytest.mark.parametrize(
    ("rule", "delay"),
    [
        (FixedProb(9, 8, 0.5, np.ones(3)), None),
        (AllToAll(9, 8), np.ones(5) * ms),
        (AllToAll(9, 8), Uniform(2e9 * ms, 2e9 * ms)),
        (AllToAll(2, 2), np.full((2, 2), 1e9) * ms),
        (AllToAll(2, 2), np.full(4, 1e9) * ms),
    ],
)
def test_mistakes_are_refused_as_on_the_processor(device, rule, delay):
    common = {"delay": delay, "dt": 0.1, "seed": SEED}
    on_host = message(lambda: build(rule, **common))
    assert message(lambda: build_on_device(device, rule, **common)) == on_host


def test_memory_besides_the_table_is_bounded(device, monkeypatch):
    monkeypatch.setattr(on_device, "_PIECE", 7)
    monkeypatch.setattr(on_device, "_MOVED", 50)
    monkeypatch.setattr(on_device, "_WORKERS", 2)
    monkeypatch.setattr(device_structure, "_SCRATCH_WORDS", 5)
    compare(device, FixedProb(30, 20, 0.3, Uniform(0.0, 1.0)), DELAYS["normal"])
    compare(device, FixedInDegree(70, 30, 20, multapses=False), DELAYS["uniform"])
    compare(device, FixedTotalNumber(12, 70, 300, Normal(0.0, 1.0), multapses=False), DELAYS["uniform"])


def test_no_rule_of_this_package_but_lists_is_left_to_the_host(device):
    workshop, draw = Workshop(device), DrawKey.of(1, 2)
    left = {
        name for name, rule in RULES.items() if device_structure.structure_on_device(rule(1.0), workshop, draw) is None
    }
    assert left == {"edges", "matrix", "small world"}  # a graph is made as a list


def test_nbytes(device):
    there = build_on_device(device, FixedInDegree(30, 20, 5, Uniform(0.0, 1.0), multapses=False), dt=0.1, seed=1)
    assert there.nbytes == there.to_host().nbytes
