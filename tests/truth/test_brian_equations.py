"""Texts of equations against Brian2: the same words there and here, the same trajectories and spikes.

The stored data were made by ``make_brian_equations.py``.  Brian2 stamps a spike with the start of its step, numbadyn
with the end.
"""

from pathlib import Path

import numpy as np
import pytest
from quantities import Quantity, ms, pA

import numbadyn as nd
from numbadyn.model.text.unit_names import unit_called
from tests.truth.brian_texts import DT, MODELS, STEPS, N, kicks

STORED = np.load(Path(__file__).parent / "data" / "brian_equations.npz")


def with_unit(values, unit):
    """Values in a unit of Brian2's names."""
    names = {name: unit_called(name) for name in ("mV", "ms", "nS", "pA", "pfarad", "usiemens", "volt", "second", "Hz")}
    return np.asarray(values) * eval(unit, {}, names)


def network(model):
    """The cells, and what kicks them."""
    given = {name: with_unit(*value) for name, value in model.constants.items()}
    refractory = model.refractory
    if model.current is not None:
        given["I_t"] = nd.TimedArray(model.current * pA, dt=1 * ms)
    Cell = nd.equations(
        model.text,
        threshold=model.threshold,
        reset=model.reset,
        refractory=refractory * ms if isinstance(refractory, float) else refractory,
        method=model.method,
        **given,
    )
    net = nd.DynamicsGroup()
    net.cells = Cell(N, **{name: with_unit(*value) for name, value in model.first.items()})
    if model.kicked is not None:
        which, times = kicks()
        net.source = nd.SpikeTrain(N, which, (times + DT) * ms)
        comm = nd.OneToOne(N, N, weight=with_unit(*model.weight))
        net.kicks = nd.DeltaProj(net.source, comm=comm, post=net.cells, label=model.kicked)
    return net


@pytest.mark.parametrize("name", MODELS)
def test_trajectories_and_spikes_are_those_of_brian(name):
    model = MODELS[name]
    net = network(model)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret")
    sim.record(net.cells, model.shown, every=10 * DT * ms)
    if model.threshold:
        sim.record(net.cells, spikes=True)
    result = sim.run(STEPS * DT * ms)[net.cells]
    values = getattr(result, model.shown)
    values = values.rescale("V").magnitude if isinstance(values, Quantity) else values
    np.testing.assert_allclose(values, STORED[f"{name}_values"], rtol=1e-9, atol=1e-12)
    steps = np.rint(result.spikes.times.rescale("ms").magnitude / DT).astype(int) - 1
    assert sorted(zip(steps, result.spikes.indices, strict=True)) == sorted(
        zip(STORED[f"{name}_steps"], STORED[f"{name}_indices"], strict=True)
    )
    assert len(steps) > 10
