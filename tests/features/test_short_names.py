"""``"w"`` is another word for the weight of synapses, wherever a name is asked for; what is called w stays w."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from quantities import Hz, ms, mV

import numbadyn as nd
from numbadyn.errors import UnknownPathError


class Weakening(nd.PlasticProj):
    """Each spike takes a tenth."""

    def on_pre(self, s: nd.ReachedSynapses) -> None:
        s.w = 0.9 * s.w


class Own(Weakening):
    """Has a state of this name."""

    def __init__(self, *modules: nd.Dynamics, **options: object) -> None:
        super().__init__(*modules, **options)
        self.w = nd.SynapseState(7.0)


class Growing(nd.Dynamics):
    """Has a state of this name, too."""

    def init_state(self) -> None:
        self.w = nd.State(0.0)

    def update(self) -> None:
        self.w.value = self.w.value + 1.0


def make() -> nd.DynamicsGroup:
    """Plastic and other synapses, and neurons that have a w."""
    net = nd.DynamicsGroup()
    net.pre, net.post, net.cells = nd.PoissonGroup(6, rates=200 * Hz), nd.LIF(2, R=1.0), Growing(2)
    for name, kind in (("p", Weakening), ("q", Own), ("fixed", nd.DeltaProj)):
        setattr(net, name, kind(net.pre, comm=nd.AllToAll(6, 2, weight=1 * mV), post=net.post))
    return net


def test_every_door_takes_the_short_name(tmp_path: Path) -> None:
    net = make()
    sim = nd.Simulator(net, 0.1 * ms, seed=1, target="interpret")
    sim.record(net.p, "w", nd.reduce.Mean("w"), index=[0, 1], every=1 * ms)
    result = sim.run(5 * ms)[net.p]
    assert list(result.samples) == ["weight"]
    assert np.array_equal(result.w, result.weight)
    assert np.array_equal(result["w"].mean(axis=0), result.w_mean)
    assert np.array_equal(sim.get(net.p, "w"), net.p.edges().w)
    assert net.p.w is net.p.weight
    for projection in (net.p, net.fixed):
        sim.set(projection, "w", 2 * mV)
        assert (sim.edges(projection).w == 2 * mV).all()
    sim.save(tmp_path / "held")
    loaded = nd.Simulator.load(tmp_path / "held", make(), target="interpret")
    assert (loaded.get(loaded.network.p, "w") == 2 * mV).all()


def test_a_batch_and_its_results_take_it() -> None:
    net = make()
    sim = nd.Simulator(net, 0.1 * ms, seed=1, target="interpret", batch=2)
    sim.batch["p.w"] = [1, 2] * mV
    sim.batch[net.fixed, "w"] = [3, 4] * mV
    result = sim.run(0.1 * ms)
    assert {"p.weight", "fixed.weight"} < set(result.coords)
    assert result.sel({"p.w": 2 * mV}).coords["seed"].size == 1
    with pytest.raises(UnknownPathError, match="weight"):
        sim.batch["p.ww"] = [1, 2] * mV


def test_what_is_called_so_stays_so() -> None:
    net = make()
    sim = nd.Simulator(net, 0.1 * ms, seed=1, target="interpret")
    sim.run(1 * ms)
    assert (sim.get(net.cells, "w") == 10).all()
    assert sim.get(net.q, "w").max() == 7.0
    assert (net.q.edges().w < 1.1 * mV).all()
