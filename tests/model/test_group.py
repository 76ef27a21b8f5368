"""Order of a step at any depth, whatever the order of the attributes; updates that call by hand."""

from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import SchedulingError
from tests.features.both import assert_targets_agree


class Probe(nd.Module):
    """Neither a projection nor a dynamical system."""

    def update(self) -> None:
        pass


def projection(pre: Any, post: Any, weight: float = 0.5) -> nd.DeltaProj:
    return nd.DeltaProj(pre, comm=nd.AllToAll(pre.num, post.num, weight=weight * mV), post=post)


class Inner(nd.DynamicsGroup):
    """A group without an update of its own; attributes in an inconvenient order."""

    def __init__(self) -> None:
        super().__init__()
        self.probe = Probe()
        self.A = nd.LIF(3)
        self.A2A = projection(self.A, self.A)


class Own(nd.DynamicsGroup):
    """A group with an update of its own: it counts as one dynamical system."""

    def __init__(self) -> None:
        super().__init__()
        self.A = nd.LIF(2)

    def update(self) -> None:
        self.A()


class Outer(nd.DynamicsGroup):
    """Groups in groups, lists and dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.last = Probe()
        self.X = nd.LIF(3)
        self.inner = Inner()
        self.own = Own()
        self.others = [nd.LIF(2), {"not": "a module"}, nd.LIF(1)]
        self.X2inner = projection(self.X, self.inner.A)
        self.by_name = {"first": projection(self.inner.A, self.X)}
        self._hidden = nd.LIF(4)


def test_projections_then_dynamics_then_others_at_any_depth() -> None:
    net = nd.init_all_states(Outer())
    names = [module.path.removeprefix("Outer.") for module in net.schedule()]
    assert names == [
        "X2inner", "by_name['first']", "inner.A2A",
        "X", "inner.A", "others[0]", "others[2]", "own",
        "inner.probe", "last",
    ]  # fmt: skip


def test_the_step_follows_the_schedule() -> None:
    sim = nd.Simulator(Outer(), dt=0.1 * ms, target="interpret")
    kinds = [kind for _path, kind in sim.step.order]
    assert kinds == ["projection"] * 3 + ["dynamics"] * 5 + ["module"] * 2


def test_a_module_that_another_one_drives_is_not_called_twice() -> None:
    net = nd.DynamicsGroup()
    net.A, net.syn = nd.LIF(3), nd.Expon(3, tau=5 * ms)
    net.A.align_pre(net.syn)
    assert net.syn not in net.schedule()


def test_a_shared_module_is_called_once() -> None:
    net = nd.DynamicsGroup()
    net.A = nd.LIF(3)
    net.again = net.A
    net.inner = nd.DynamicsGroup()
    net.inner.A = net.A
    assert net.schedule() == [net.A]


def test_circles_and_empty_groups() -> None:
    net = Inner()
    net.own = net
    with pytest.raises(SchedulingError, match="contains itself: Inner -> Inner"):
        net.schedule()
    with pytest.raises(SchedulingError, match="is empty"):
        nd.DynamicsGroup().update()


class Sliced(nd.DynamicsGroup):
    """One population for E and I, called by hand; projections get slices of its spikes, after it."""

    def __init__(self, populations_first: bool) -> None:
        super().__init__()
        self.populations_first = populations_first
        self.N = nd.LIF(40, V_initializer=nd.init.Uniform(-60 * mV, -49 * mV))
        self.N.V_rest.value = -49 * mV
        self.E = nd.DeltaProj(comm=nd.FixedProb(30, 40, prob=0.2, weight=0.4 * mV), post=self.N)
        self.I = nd.DeltaProj(comm=nd.FixedProb(10, 40, prob=0.2, weight=-1.5 * mV), post=self.N)

    def update(self) -> Any:
        spikes = self.N() if self.populations_first else self.N.get_spike()
        self.E(spikes[:30])
        self.I(spikes[30:])
        return spikes if self.populations_first else self.N()


@pytest.mark.parametrize("populations_first", [True, False])
def test_update_by_hand_with_slices(populations_first: bool) -> None:
    _, result = assert_targets_agree(lambda: Sliced(populations_first), 0.1 * ms, 30 * ms, seed=3)
    assert result["Sliced.N"].spikes.count > 10


def test_populations_before_projections_means_the_same_one_step_later() -> None:
    """What a projection brings after its target's update waits for the next one: both orders give the same spikes."""
    first, second = (
        assert_targets_agree(lambda flag=flag: Sliced(flag), 0.1 * ms, 30 * ms, seed=3)[1] for flag in (True, False)
    )
    np.testing.assert_array_equal(first["Sliced.N"].spikes.steps, second["Sliced.N"].spikes.steps)
    np.testing.assert_array_equal(first["Sliced.N"].V.magnitude, second["Sliced.N"].V.magnitude)


@pytest.mark.parametrize("populations_first", [True, False])
def test_eager_calls_by_hand_do_the_same(populations_first: bool) -> None:
    sim, result = assert_targets_agree(lambda: Sliced(populations_first), 0.1 * ms, 30 * ms, seed=3)
    net = nd.init_all_states(Sliced(populations_first), seed=3)
    for step in range(100):
        with nd.environ.context(dt=0.1 * ms, i=step):
            np.testing.assert_allclose(net.N.V.value.magnitude, result["Sliced.N"].V[step].magnitude, rtol=1e-12)
            net()
    assert sim.network.N.num == 40


def test_an_update_that_is_set_on_the_instance_counts_in_a_subgroup_too():
    outer = Outer()
    calls = []
    outer.inner.update = lambda: calls.append("inner")
    assert outer.inner in outer.schedule()
    assert outer.inner.A not in outer.schedule()
    with nd.environ.context(dt=0.1 * ms):
        nd.init_all_states(outer)()
    assert calls == ["inner"]
