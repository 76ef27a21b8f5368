"""Rate models and oscillators against their equations, in NumPy, and against what is known of them."""

import numpy as np
import pytest
from quantities import Hz, kHz, ms, mV

import numbadyn as nd
from numbadyn.errors import HookArgumentError, UnknownOptionError
from tests.features.both import assert_targets_agree
from tests.interpreted import Interpreted


class Driven(nd.DynamicsGroup):
    def __init__(self, cells, drive):
        super().__init__()
        self.cells, self.drive = cells, nd.Parameter(drive)

    def update(self):
        return self.cells(self.drive)


def trace(model, drive, steps, dt, *names):
    """Values of states, one row for each step."""
    found = Interpreted(Driven(model, drive), dt=dt).record(steps, *(model.state(name) for name in names))
    return np.array([each[:, 0] for each in found]).T


def converged(slopes, x, steps, dt, sub=10):
    """Classical Runge-Kutta in smaller steps."""
    found, x, h = [], np.array(x, float), dt / sub
    for _ in range(steps):
        for _ in range(sub):
            k1 = slopes(x)
            k2 = slopes(x + h / 2 * k1)
            k3 = slopes(x + h / 2 * k2)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + slopes(x + h * k3))
        found.append(x)
    return np.array(found)


def sigmoid(u, a, theta):
    return 1 / (1 + np.exp(-a * (u - theta))) - 1 / (1 + np.exp(a * theta))


def wilson_cowan(x):
    e, i = x
    return np.array(
        [
            ((1 - e) * sigmoid(16 * e - 12 * i + 1.2, 1.3, 4.0) - e) / 8,
            ((1 - i) * sigmoid(15 * e - 3 * i, 2.0, 3.7) - i) / 8,
        ]
    )


def stuart_landau(x):
    growth = 0.25 - x[0] ** 2 - x[1] ** 2
    return np.array([growth * x[0] - 0.2 * x[1] + 0.1, growth * x[1] + 0.2 * x[0]])


def mean_field(x):
    r, v = x
    return np.array([1 / np.pi + 2 * r * v, v * v - 5 + 15 * r + 3.0 - (np.pi * r) ** 2]) / 10


def fitzhugh(x):
    return np.array([x[0] - x[0] ** 3 / 3 - x[1] + 0.5, (x[0] + 0.7 - 0.8 * x[1]) / 12.5])


def hindmarsh(x):
    a, b, c = x
    return np.array([b - a**3 + 3 * a * a - c + 3.0, 1 - 5 * a * a - b, 0.006 * (4 * (a + 1.6) - c)])


def jansen_rit(x):
    y0, y1, y2, z0, z1, z2 = x

    def rate(v):
        return 0.005 / (1 + np.exp(0.56 * (6 - v)))

    return np.array(
        [
            z0,
            z1,
            z2,
            0.325 * rate(y1 - y2) - 0.2 * z0 - 0.01 * y0,
            0.325 * (0.22 + 108 * rate(135 * y0)) - 0.2 * z1 - 0.01 * y1,
            1.1 * 33.75 * rate(33.75 * y0) - 0.1 * z2 - 0.0025 * y2,
        ]
    )


MODELS = {
    "WilsonCowan": (lambda: nd.WilsonCowan(1), 1.2, wilson_cowan, ("E", "I"), 0.5),
    "StuartLandau": (lambda: nd.StuartLandau(1), 0.1, stuart_landau, ("x", "y"), 0.2),
    "MontbrioPazoRoxin": (lambda: nd.MontbrioPazoRoxin(1), 3.0, mean_field, ("r", "v"), 0.2),
    "FitzHughNagumo": (lambda: nd.FitzHughNagumo(1), 0.5, fitzhugh, ("v", "w"), 0.1),
    "HindmarshRose": (lambda: nd.HindmarshRose(1), 3.0, hindmarsh, ("x", "y", "z"), 0.02),
    "JansenRit": (lambda: nd.JansenRit(1), 220 * Hz, jansen_rit, ("y0", "y1", "y2", "z0", "z1", "z2"), 0.5),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_equations(name):
    make, drive, slopes, states, dt = MODELS[name]
    model = make()
    first = [float(np.asarray(getattr(value, "magnitude", value))) for value in model._first.values()]
    found, exact = trace(nd.init_all_states(model), drive, 150, dt, *states), converged(slopes, first, 150, dt)
    np.testing.assert_allclose(found, exact, rtol=2e-3, atol=1e-4 * np.abs(exact).max())


def test_a_threshold_linear_unit_is_exact():
    cells = nd.init_all_states(nd.ThresholdLinear(1, tau=10 * ms, gain=2.0, threshold=0.5))
    r = trace(cells, 1.5, 40, 1.0, "r")[:, 0]
    np.testing.assert_allclose(r, 2.0 * (1 - np.exp(-np.arange(1, 41) / 10)), rtol=1e-12)


@pytest.mark.statistical
def test_kuramoto_oscillators_synchronise_beyond_twice_the_width():
    """Lorentzian frequencies of half width gamma: r = sqrt(1 - 2 gamma / K) above, noise of finite size below."""
    n, gamma = 2000, 0.05
    omega = gamma * np.tan(np.pi * ((np.arange(n) + 0.5) / n - 0.5))
    for K, order in ((0.05, 0.0), (0.2, np.sqrt(0.5))):
        clocks = nd.Kuramoto(n, omega=np.clip(omega, -5, 5) * kHz, K=K * kHz, theta=nd.init.Uniform(0, 2 * np.pi))
        sim = nd.Simulator(clocks, dt=0.25 * ms, seed=2)
        sim.record(clocks, "theta", every=5 * ms)
        theta = np.asarray(sim.run(300 * ms, progress=False)[clocks].theta)[20:]
        assert np.abs(np.exp(1j * theta).mean(axis=1)).mean() == pytest.approx(order, abs=0.1)


def test_misspelt_first_values_are_named():
    with pytest.raises(UnknownOptionError, match=r"(?s)no argument 'z'.*x, y"):
        nd.StuartLandau(3, z=1.0)


@pytest.mark.parametrize("number", [3, pytest.param(7, marks=pytest.mark.exhaustive)])
def test_targets_agree(number):
    """Coupled to themselves by matrices, with a delay."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            weights = 0.1 * (np.arange(9.0).reshape(3, 3) - 4.0)
            self.cells = [
                nd.ThresholdLinear(3, r=nd.init.Uniform(0, 1)),
                nd.WilsonCowan(3),
                nd.StuartLandau(3, x=nd.init.Uniform(-0.1, 0.1)),
                nd.Kuramoto(3, theta=[0.0, 1.0, 2.0]),
                nd.MontbrioPazoRoxin(3),
                nd.FitzHughNagumo(3),
                nd.HindmarshRose(3, z=[1.0, 2.0, 3.0]),
            ][:number]
            self.p = [
                nd.CurrentProj(
                    cells.output_delay(0.5 * ms, init=0.0), comm=nd.Matrix(weights), out=nd.CUBA.desc(), post=cells
                )
                for cells in self.cells
            ]
            self.columns = nd.JansenRit(3, y0=0.1 * mV)
            self.q = nd.CurrentProj(
                self.columns, comm=nd.Matrix(0.01 * np.eye(3) * kHz / mV), out=nd.CUBA.desc(), post=self.columns
            )

    assert_targets_agree(Net, 0.1 * ms, 6 * ms)


def test_a_model_without_states_is_refused():
    class Empty(nd.RateModel):
        pass

    with pytest.raises(HookArgumentError, match="Empty names no states"):
        Empty(2)
