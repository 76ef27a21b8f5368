"""A small study that many tests run: three neurons with noise, interpreted, a few milliseconds a point."""

import numpy as np
from quantities import ms, mV

import numbadyn as nd

__all__ = ["GRID", "Noisy", "build", "measure", "same", "start"]

GRID = {"tau": [10, 20] * ms, "scale": [0.5, 1.0, 1.5]}


class Noisy(nd.Dynamics):
    """A potential that is pushed about."""

    def __init__(self, size, tau, scale):
        super().__init__(size)
        self.tau, self.scale = nd.Parameter(tau, unit=ms, positive=True), nd.Parameter(scale)

    def init_state(self):
        self.V = nd.State(nd.init.Normal(-60 * mV, 2 * mV))

    def update(self):
        dt = nd.environ.get("dt")
        self.V.value = self.V - dt / self.tau * (self.V + 60 * mV) + self.scale * mV * nd.random.normal()


def build(tau, scale=1.0, size=3):
    net = nd.DynamicsGroup()
    net.E = Noisy(size, tau, scale)
    return net


def measure(result):
    V = result["E"].V
    return {"mean": V.mean(), "last": V[-1], "steps": len(V)}


def start(store=None, *, build=build, grid=None, measure=measure, **options):
    """The study."""
    given = {"seeds": range(2), "dt": 1 * ms, "duration": 12 * ms, "record": "E.V"}
    how = {"workers": 1, "target": "interpret", "progress": False}
    return nd.sweep(build, GRID if grid is None else grid, measure=measure, store=store, **{**given, **how, **options})


def same(first, second):
    """Whether two studies have the same table, bit by bit."""
    left, right = first.table, second.table
    assert list(left.columns) == list(right.columns)
    assert first.units == second.units
    assert len(left) == len(right)
    pairs = [pair for name in left.columns for pair in zip(left[name], right[name], strict=True)]
    return all(np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f") for a, b in pairs)
