"""`Projection` without an update of its own: it runs what is in it."""

import itertools

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn import errors
from tests.features.both import assert_targets_agree


class Cell(nd.Neuron):
    """V sums what arrives, from 0 in each step; fires in every third step."""

    def __init__(self, phase=0.0):
        super().__init__(1)
        self.phase = phase

    def init_state(self):
        self.n, self.V = nd.State(self.phase), nd.State(0 * mV)

    def update(self):
        self.n.value = self.n + 1.0
        self.V.value = self.sum_delta_inputs(0 * mV)
        return self.n % 3.0 < 0.5


def jump(pre, post, weight, delay=None):
    return nd.DeltaProj(pre, comm=nd.OneToOne(1, 1, weight=weight * mV), post=post, delay=delay)


class Pair(nd.Projection):
    """Two projections in one, with one in a projection and a list in it."""

    def __init__(self, pre, post, order="ab"):
        super().__init__()
        parts = {"a": jump(pre, post, 1.0), "b": [Inner(pre, post)]}
        for name in order:
            setattr(self, name, parts[name])


class Inner(nd.Projection):
    def __init__(self, pre, post):
        super().__init__()
        self.only = jump(pre, post, 10.0, 0.1 * ms)


class Net(nd.DynamicsGroup):
    def __init__(self, order="ab", names="pqP"):
        super().__init__()
        self.order = ()
        pre, post = Cell(), Cell(1.0)
        parts = {"p": pre, "q": post, "P": Pair(pre, post, order)}
        for name in names:
            setattr(self, name, parts[name])


def test_the_modules_in_a_projection_run_at_its_place():
    """A spike of step 2 acts in step 3, and 0.1 ms later by way of the inner one."""
    for order, names in itertools.product(("ab", "ba"), ("pqP", "Pqp")):
        sim, result = assert_targets_agree(lambda order=order, names=names: Net(order, names), 0.1 * ms, 1 * ms)
        assert [kind for _path, kind in sim.step.order] == ["projection", "dynamics", "dynamics"]
        assert np.asarray(result["Net.q"].V)[:, 0].tolist() == [0, 0, 0, 0, 1, 10, 0, 1, 10, 0]


def test_eager_calls_do_the_same():
    net = nd.init_all_states(Net())
    seen = []
    for number in range(8):
        with nd.environ.context(dt=0.1 * ms, i=number):
            net()
        seen.append(float(net.q.V.value[0].magnitude))
    assert seen == [0, 0, 0, 1, 10, 0, 1, 10]


class Given(nd.Module):
    """Keeps the arguments that it is called with."""

    def update(self, *args, **kwargs):
        self.seen = (args, kwargs)


def test_arguments_are_passed_on():
    holder = nd.Projection()
    holder.part = Given()
    nd.init_all_states(holder)
    holder(3, scale=2)
    assert holder.part.seen == ((3,), {"scale": 2})


def test_hooks_of_what_is_in_it_run():
    class Holder(nd.Projection):
        def __init__(self):
            super().__init__()
            self.cell = Cell()
            self.cell.add_after_update("note", seen.append)

    seen = []
    holder = nd.init_all_states(Holder())
    with nd.environ.context(dt=0.1 * ms, i=0):
        holder()
    assert [spikes.tolist() for spikes in seen] == [[False]]


@pytest.mark.parametrize("within", [False, True])
def test_a_projection_with_nothing_in_it(within):
    """`ValueError` in the reference package too."""
    net = nd.DynamicsGroup()
    net.P = nd.Projection()
    with pytest.raises(ValueError, match=r"has nothing to run") as caught:
        nd.Simulator(net, dt=0.1 * ms) if within else nd.Projection()()
    assert isinstance(caught.value, errors.ConnectivityError)
    assert "def update(self)" in caught.value.cure


def test_two_parts_that_write_one_state_need_an_order():
    class Writes(nd.Projection):
        def __init__(self, cell, change):
            super().__init__()
            self._cell, self._change = cell, change

        def update(self):
            self._cell.n.value = self._change(self._cell.n.value)

    net, holder = nd.DynamicsGroup(), nd.Projection()
    net.cell, net.holder = Cell(), holder
    holder.plus, holder.twice = Writes(net.cell, lambda n: n + 1.0), Writes(net.cell, lambda n: n * 2.0)
    with pytest.raises(
        errors.SchedulingError, match=r"in DynamicsGroup\.holder, order = \('plus', 'twice'\)|\('twice'"
    ):
        nd.Simulator(net, dt=0.1 * ms)
    holder.order = ("twice", "plus")
    nd.Simulator(net, dt=0.1 * ms)


def test_a_population_in_a_projection_and_in_its_group_would_step_twice():
    """Twice, silently, in the reference package."""

    class Holder(nd.Projection):
        def __init__(self, cell):
            super().__init__()
            self.pre = cell

    net = nd.DynamicsGroup()
    net.cell = Cell()
    net.P = Holder(net.cell)
    with pytest.raises(errors.SchedulingError, match=r"stepped by DynamicsGroup\.P and by its group"):
        nd.Simulator(net, dt=0.1 * ms)
