"""Reductions over a population and products with dense matrices: the same bits on all targets, NumPy's values."""

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn import errors
from numbadyn.errors import KindError, ShapeError, UnsupportedFunctionError
from numbadyn.ir.reductions import LANES, reduced
from tests.features.both import assert_targets_agree, run_on
from tests.targets import SIMULATED

DURATION = 0.5 * ms


class Crowd(nd.Neuron):
    """Cells whose mean, extremes and counts act on each of them, with a matrix of conductances."""

    def __init__(self, size, seed=0):
        super().__init__(size)
        draw = np.random.default_rng(seed)
        self.inward = nd.Parameter(0.5)
        self.out = nd.Parameter(draw.normal(size=(7, size)) * nS, shape=(7, size))
        self.back = draw.normal(size=(size, size)) / size

    def init_state(self):
        single, size = (), self.varshape[0]
        self.V, self.count, self.seen = nd.State(nd.init.Uniform(-70 * mV, -50 * mV)), nd.State(0), nd.State(0, single)
        self.mean, self.spread, self.top, self.low = (nd.State(0 * mV, single) for _ in range(4))
        self.some, self.every, self.length = nd.State(False, single), nd.State(False, single), nd.State(0.0, single)
        self.current, self.fed = nd.State(np.zeros(7) * pA, (7,)), nd.State(np.zeros(size))
        self.halves, self.pairs = nd.State(np.zeros(2) * mV, (2,)), nd.State(np.zeros(size // 2) * mV, (size // 2,))

    def update(self):
        V, size = self.V.value, self.varshape[0]
        V = V + self.inward * (V.mean() - V) * nd.environ.get("dt") / ms + 0.01 * mV * nd.random.normal()
        x, table = V / mV, V.reshape(2, size // 2)
        self.V.value, self.mean.value, self.spread.value = V, np.mean(V), V.std()
        self.top.value, self.low.value = np.max(V), V.min()
        self.some.value, self.every.value = np.any(-51 * mV < V), (-51 * mV > V).all()
        self.count.value = self.count.value + (-60 * mV < V)
        self.seen.value = (
            np.sum(-60 * mV < V) + self.count.value.sum() + self.count.value.max() - self.count.value.min()
        )
        self.current.value = self.out @ V
        self.fed.value = self.back @ x + (-60 * mV < V) @ self.back + np.dot(x[::-1], x) / size
        self.length.value = np.sqrt((x[::2] * x[::2]).sum()) + np.var(x)
        self.halves.value = table.mean(axis=1) + table.std(axis=-1, ddof=1)
        self.pairs.value = table.sum(axis=0) - table.mean(axis=0, keepdims=True).ravel()
        return -70 * mV < V


@pytest.mark.cudasim
@pytest.mark.parametrize("size", [4, 66] if SIMULATED else [4, 2 * LANES - 2, 2 * LANES, 2 * LANES + 2, 500])
def test_all_targets_give_the_same_bits(size):
    assert_targets_agree(lambda: Crowd(size), 0.1 * ms, DURATION, seed=3)


@pytest.mark.slow
def test_all_targets_give_the_same_bits_in_single_precision():
    assert_targets_agree(lambda: Crowd(300), 0.1 * ms, DURATION, seed=3, precision=32)


def test_values_are_those_of_numpy():
    sim, result = run_on("interpret", lambda: Crowd(300), 0.1 * ms, 5 * ms, seed=1)
    found = {name: samples.values[1:] for name, samples in result.recordings["Crowd"].samples.items()}
    V = found["V"]
    crowd, table = sim.network, V.reshape(len(V), 2, 150)
    close = {
        "mean": V.mean(axis=1), "spread": V.std(axis=1), "current": V @ crowd.out.value.magnitude.T,
        "fed": V @ crowd.back.T + (V > -60) @ crowd.back + np.sum(V * V[:, ::-1], axis=1, keepdims=True) / 300,
        "length": np.sqrt(np.sum(V[:, ::2] ** 2, axis=1)) + V.var(axis=1),
        "halves": table.mean(axis=2) + table.std(axis=2, ddof=1), "pairs": table.sum(axis=1) - table.mean(axis=1),
    }  # fmt: skip
    for name, want in close.items():
        np.testing.assert_allclose(found[name].reshape(want.shape), want, rtol=1e-12, err_msg=name)
    equal = {"top": V.max(axis=1), "low": V.min(axis=1), "some": (V > -51).any(axis=1), "every": (V < -51).all(axis=1)}
    for name, want in equal.items():
        np.testing.assert_array_equal(found[name].reshape(want.shape), want, err_msg=name)
    counts = found["count"]
    seen = (V > -60).sum(axis=1) + counts.sum(axis=1) + counts.max(axis=1) - counts.min(axis=1)
    np.testing.assert_array_equal(found["seen"].reshape(-1), seen)


def test_eager_calls_agree():
    crowd = nd.init_all_states(Crowd(40), seed=2)
    for number in range(3):
        with nd.environ.context(dt=0.1 * ms, i=number, seed=2):
            crowd()
    sim, _ = run_on("interpret", lambda: Crowd(40), 0.1 * ms, 0.3 * ms, seed=2)
    for name in crowd.states():
        np.testing.assert_allclose(crowd.states()[name].array(), np.asarray(sim.get(sim.network, name)), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 2, LANES - 1, LANES, LANES + 1, 3 * LANES + 5])
def test_order_of_summation(size):
    x = np.random.default_rng(size).normal(size=size)
    lanes = [x[lane] for lane in range(min(size, LANES))]
    for k in range(LANES, size):
        lanes[k % LANES] = lanes[k % LANES] + x[k]
    total = lanes[0]
    for lane in lanes[1:]:
        total = total + lane
    assert reduced("sum", x, 1)[0] == total


def test_extremes_of_numbers_that_are_undefined():
    with_nan = np.array([1.0, np.nan, 3.0, -np.inf])
    assert np.isnan(reduced("max", with_nan, 1)[0])
    assert np.isnan(reduced("min", with_nan, 1)[0])
    assert reduced("min", with_nan[2:], 1)[0] == -np.inf


class Fixed(nd.Dynamics):
    """What depends on parameters alone is reduced once a run."""

    def __init__(self):
        super().__init__(3)
        self.weights, self.matrix = nd.Parameter([1.0, 2.0, 4.0]), np.eye(3)

    def init_state(self):
        self.x, self.share = nd.State(1.0), nd.State(0.0)

    def update(self):
        self.share.value = self.weights / np.sum(self.weights) + self.matrix @ self.weights
        self.x.value = self.x.value + self.share.value


def test_reductions_of_parameters():
    sim, _ = run_on("interpret", Fixed, 0.1 * ms, 0.1 * ms)
    weights = np.array([1.0, 2.0, 4.0])
    np.testing.assert_array_equal(sim.get(sim.network, "share"), weights / 7 + weights)
    assert_targets_agree(Fixed, 0.1 * ms, 0.3 * ms)


MATRIX = np.ones((3, 4))


@pytest.mark.parametrize(
    ("use", "error", "says"),
    [
        (lambda x: MATRIX.T @ x, None, ""),
        (lambda x: MATRIX @ x, ShapeError, r"A product of shapes \(3, 4\) and \(3,\)"),
        (lambda x: x @ MATRIX.T, ShapeError, r"A product of shapes \(3,\) and \(4, 3\)"),
        (lambda x: MATRIX @ x.reshape(3, 1), ShapeError, "compute the product outside of update"),
        (lambda x: x.sum(axis=1), ShapeError, "reduced along axis 1"),
        (lambda x: x.sum(axis=x), ShapeError, "reduced along axis"),
        (lambda x: np.sum(x, where=x > 0), UnsupportedFunctionError, "np.sum with where="),
        (lambda x: x.cumsum(), UnsupportedFunctionError, "np.cumsum has no rule"),
        (lambda x: x.prod(), UnsupportedFunctionError, "np.prod has no rule"),
        (lambda x: MATRIX.T.astype(int) @ x.astype(int), KindError, "whole numbers in NumPy"),
        (lambda x: nd.exp_euler_step(lambda v: (v.mean() - v) / ms, x), UnsupportedFunctionError, "reduce cannot be"),
    ],
)
def test_what_is_refused(use, error, says):
    class Wrong(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(1.0)

        def update(self):
            use(self.x.value)

    if error is None:
        nd.Simulator(Wrong(3), dt=0.1 * ms, target="interpret")
        return
    with pytest.raises(error, match=says) as caught:
        nd.Simulator(Wrong(3), dt=0.1 * ms, target="interpret")
    assert "test_reductions.py" in str(caught.value.where)
    assert caught.value.cure


class Spelled(nd.Dynamics):
    """The same by other names of NumPy."""

    def init_state(self):
        self.x = nd.State([3.0, -1.0, 2.0])

    def update(self):
        x = self.x.value
        self.observe("spelled", np.amax(x) - np.amin(x) + x.clip(max=2) + x.clip(min=0) + x.clip(0, 1))


def test_other_names_of_numpy():
    sim = nd.Simulator(Spelled(3), dt=0.1 * ms, target="interpret")
    sim.record(sim.network, "spelled")
    found = sim.run(0.1 * ms, progress=False)[sim.network].spelled
    assert found.tolist() == [[4 + 2 + 3 + 1, 4 - 1 + 0 + 0, 4 + 2 + 2 + 1]]


@pytest.mark.parametrize(
    "use", [lambda x: x.clip(low=1), lambda x: x.reshape(3, order="F"), lambda x: x.astype(float, casting="no")]
)
def test_arguments_that_a_method_does_not_take_are_named_at_the_line(use):
    class Wrong(Spelled):
        def update(self):
            self.observe("wrong", use(self.x.value))

    with pytest.raises(errors.NumbadynError, match="unexpected keyword argument") as caught:
        nd.Simulator(Wrong(3), dt=0.1 * ms, target="interpret")
    assert "test_reductions.py" in str(caught.value.where)
