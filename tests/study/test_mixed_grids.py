"""Grids that mix arguments of build, paths and structures: points run together as planned, with their own bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.study.worker import Runner
from tests.features.small_network import Small
from tests.study.study_model import same, start

AXES = {
    "strength": [3, 6] * nS,  # arguments of build
    "late": [1, 2] * ms,
    "size": [2, 3],  # another structure
    "A.tau": [10, 20] * ms,  # parameters of the network
    "excite.comm.weight": [3, 5] * nS,
    "A.V": [-55, -51] * mV,  # what a network alone cannot have
    "excite.delay": [0.5, 1.5] * ms,
    "inhibit.weight": [-0.5, -1] * mV,
}


class Mixed(Small):
    """The small network, with neurons besides."""

    def __init__(self, strength=4 * nS, late=1.5 * ms, size=2, seed=0):
        super().__init__(weight=strength, delay=late)
        self.others = nd.LIF(size, V_rest=(-48 - seed % 2) * mV)


def without_seed(strength=4 * nS, late=1.5 * ms, size=2):
    return Mixed(strength, late, size)


def measure(result):
    return {"n": result["A"].spikes.count, "V": result["B"].V[-1]}


@pytest.fixture
def together(monkeypatch, quick_points):
    """Points that have run as one batch, by their numbers."""
    found, run = [], Runner._run_batch

    def noting(self, points, progress):
        done = run(self, points, progress)
        found.append([one.number for one in done])
        return done

    monkeypatch.setattr(Runner, "_run_batch", noting)
    return found


@pytest.mark.parametrize("number", [1, 2, 3, *(pytest.param(k, marks=pytest.mark.exhaustive) for k in range(4, 40))])
def test_what_the_plan_promises_is_what_happens(number, together):
    rng = np.random.default_rng(number)
    names = rng.permutation(list(AXES))[: rng.integers(2, 4)].tolist()
    if not set(names) & {"A.V", "excite.delay", "inhibit.weight"}:
        names[rng.integers(len(names))] = "excite.delay"
    grid = {name: AXES[name] for name in names}
    options = {"mode": rng.choice(["product", "zip"]).item(), "seeds": range(rng.integers(1, 4))}
    options |= {"dt": 0.1 * ms, "duration": 1 * ms, "record": ["A.spikes", "B.V"]}
    asked = {"build": (Mixed, without_seed)[number % 2], "grid": grid, "measure": measure}
    plan = start(**asked, **options, plan=True)
    study = start(**asked, **options)
    assert same(study, start(**asked, **options, batch=1))
    batches = [numbers for numbers in together if numbers]
    assert max(map(len, batches), default=1) <= plan.batch
    structures = [study._records[point.key]["structure"] for point in study._grid.points]
    assert plan.structures == len(set(structures))
    runs = [len(list(run)) for _structure, run in itertools.groupby(structures)]
    assert plan.batch == max(runs)
    # the first point runs alone, to tell what the others cost
    expected = [length - (place == 0) for place, length in enumerate(runs)]
    assert [len(batch) for batch in batches if len(batch) > 1] == [length for length in expected if length > 1]
