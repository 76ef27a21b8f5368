"""The order of a step: said by ranks and by groups, never by the order in which attributes were assigned.

The reference package runs children of a network that are projections first, at depth one only, and its projections by
rules before or after the neurons, as attributes happen to stand.
"""

import functools
import itertools
import random

import numpy as np
import pytest
from quantities import Hz, ms, mV

import numbadyn as nd
from numbadyn.errors import SchedulingError
from tests.features.both import assert_targets_agree


class Count(nd.Dynamics):
    """Adds what it reads of another one to its own count."""

    def __init__(self, reads=None):
        super().__init__(1)
        self.reads = reads

    def init_state(self):
        self.x = nd.State(0.0)

    def update(self):
        self.x.value = self.x + 1.0 + (0.0 if self.reads is None else 10.0 * self.reads())
        return self.x.value


class Push(nd.Projection):
    """Does nothing but exist."""

    def update(self):
        pass


class Watch(nd.Module):
    """Neither projection nor dynamics."""

    def update(self):
        pass


def rank(module):
    return 0 if isinstance(module, nd.Projection) else 1 if isinstance(module, nd.Dynamics) else 2


def tree(rng, depth):
    """A group of groups with modules of all kinds, as attributes, in lists, tuples and dictionaries."""
    group = nd.DynamicsGroup()
    kinds = [lambda: Count(), Push, Watch]
    for number in range(rng.randint(1, 4)):
        made = [rng.choice(kinds)() for _ in range(rng.randint(1, 3))]
        inside = [made, tuple(made), {f"k{k}": part for k, part in enumerate(made)}, made[0]]
        setattr(group, f"part{number}", rng.choice(inside))
    if depth:
        for number in range(rng.randint(1, 2)):
            setattr(group, f"sub{number}", tree(rng, depth - 1))
    return group


@pytest.mark.parametrize("seed", range(25))
def test_projections_then_dynamics_then_others_at_every_depth(seed):
    """Random trees four deep; each module stands in the schedule once."""
    net = tree(random.Random(seed), 3)
    schedule = nd.init_all_states(net).schedule()
    ranks = [rank(module) for module in schedule]
    assert ranks == sorted(ranks)
    assert len({id(module) for module in schedule}) == len(schedule)


class Net(nd.DynamicsGroup):
    """Two populations coupled by jumps, one in a group of a group."""

    def __init__(self, order):
        super().__init__()
        A, B = nd.LIF(3, V_initializer=-51 * mV, V_rest=-40 * mV), nd.LIF(3)
        comm = nd.OneToOne(3, 3, weight=4 * mV)
        inner, outer = nd.DynamicsGroup(), nd.DynamicsGroup()
        inner.B = B
        outer.inner = inner
        parts = {"A": A, "outer": outer, "A2B": nd.DeltaProj(A, comm=comm, post=B, delay=0.2 * ms)}
        for name in order:
            setattr(self, name, parts[name])


def test_every_order_of_attributes_gives_the_same_result():
    """Bit by bit, also where the projection stands after both populations."""
    found = []
    for order in itertools.permutations(("A", "outer", "A2B")):
        net = Net(order)
        sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
        sim.record(net.outer.inner.B, "V")
        found.append(np.asarray(sim.run(30 * ms)[net.outer.inner.B].V))
    assert np.ptp(found[0]) > 1
    assert all(np.array_equal(found[0], other) for other in found[1:])


# ---- ambiguity -------------------------------------------------------------------------------------------------------

REFERENCES = {
    "the state itself": lambda a: lambda: a.x.value,
    "a prefetch": lambda a: a.prefetch("x"),
    "a delayed state": lambda a: a.prefetch_delay("x", 0.3 * ms),
    "a delayed output": lambda a: a.output_delay(0.3 * ms),
}


def pair(reference, order=()):
    net = nd.DynamicsGroup()
    net.A = Count()
    net.B = Count(REFERENCES[reference](net.A))
    net.order = order
    return net


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_read_inside_a_rank_needs_an_order(reference):
    """Silent in the reference package: the result follows from the order of attributes."""
    with pytest.raises(SchedulingError) as caught:
        nd.Simulator(pair(reference), dt=0.1 * ms)
    for part in ("DynamicsGroup.B reads", "DynamicsGroup.A", "order = ('A', 'B')", "projection"):
        assert part in str(caught.value)
    net = nd.init_all_states(pair(reference))
    with nd.environ.context(dt=0.1 * ms, i=0), pytest.raises(SchedulingError, match="reads"):
        net()


def test_the_order_that_is_said_counts():
    """x_A is n + 1 after step n; B reads the new value if it runs later, the old one if it runs first."""
    for order, late in ((("A", "B"), 0), (("B", "A"), 1)):
        _, result = assert_targets_agree(lambda order=order: pair("a prefetch", order), 0.1 * ms, 0.5 * ms)
        x, expected = np.asarray(result["DynamicsGroup.B"].x)[:, 0], [0.0]
        for n in range(4):
            expected.append(expected[-1] + 1 + 10 * (n + 1 - late))
        assert x.tolist() == expected


def test_orders_of_groups_hold_for_all_that_is_in_them():
    net, early, late = nd.DynamicsGroup(), nd.DynamicsGroup(), nd.DynamicsGroup()
    early.A, late.B = Count(), Count()
    late.B.reads = early.A.prefetch("x")
    net.late, net.early, net.order = late, early, ("early", "late")
    assert [module.path.rsplit(".", 1)[-1] for module in nd.init_all_states(net).schedule()] == ["A", "B"]
    nd.Simulator(net, dt=0.1 * ms)


def test_no_order_is_needed_where_none_matters():
    """One's own states, other ranks, parameters, and values that never change."""
    net = nd.DynamicsGroup()
    net.A, net.B = Count(), Count()
    net.A.reads = net.A.prefetch_delay("x", 0.1 * ms)
    net.still = Still()
    net.B.reads = lambda: net.still.level.value
    nd.Simulator(net, dt=0.1 * ms)


class Still(nd.Dynamics):
    """Has a state that it never writes."""

    def __init__(self):
        super().__init__(1)

    def init_state(self):
        self.level = nd.State(2.0)

    def update(self):
        return self.level.value


class Pushes(nd.Dynamics):
    """Registers an input of another population in its update."""

    def __init__(self, target):
        super().__init__(1)
        self._target = target

    def update(self):
        self._target.add_current_input("pushed", np.ones(1))


def test_inputs_inside_a_rank_need_an_order_too():
    net = nd.DynamicsGroup()
    net.A = Count()
    net.P = Pushes(net.A)
    with pytest.raises(SchedulingError, match=r"writes DynamicsGroup\.A\.current_inputs"):
        nd.Simulator(net, dt=0.1 * ms)


# ---- two modules and the state of a third ----------------------------------------------------------------------------


class Writes(nd.Projection):
    """Changes a state of a population."""

    def __init__(self, target, change):
        super().__init__()
        self._target, self._change = target, change

    def update(self):
        self._target.x.value = self._change(self._target.x.value)


class Reads(nd.Projection):
    """Keeps what it reads of a population."""

    def __init__(self, reference):
        super().__init__()
        self._reference = reference

    def init_state(self):
        self.seen = nd.State(0.0, shape=(1,))

    def update(self):
        self.seen.value = self._reference()


class WritesLater(nd.Module):
    """As `Writes`, after all dynamics."""

    def __init__(self, target, change):
        super().__init__()
        self._target, self._change = target, change

    def update(self):
        self._target.x.value = self._change(self._target.x.value)


class ReadsLater(nd.Module):
    """As `Reads`, after all dynamics."""

    def __init__(self, reference):
        super().__init__()
        self._reference = reference

    def init_state(self):
        self.seen = nd.State(0.0, shape=(1,))

    def update(self):
        self.seen.value = self._reference()


class Noisy(nd.Module):
    """Jumps of a state by the spikes of Poisson sources, after all dynamics."""

    def __init__(self, target):
        super().__init__()
        self._target = target

    def update(self):
        nd.poisson_input(100 * Hz, 1000, 0.1, self._target.x)


def plus(x):
    return x + 1.0


def twice(x):
    return x * 2.0


THIRDS = {
    "two projections write": (lambda a: Writes(a, plus), lambda a: Writes(a, twice), "writes", "changes"),
    "a projection writes, one reads": (lambda a: Writes(a, plus), lambda a: Reads(a.prefetch("x")), "writes", "uses"),
    "one reads with a delay that may be 0": (
        lambda a: Writes(a, plus),
        lambda a: Reads(a.prefetch_delay("x", 0 * ms)),
        "writes",
        "uses",
    ),
    "two other modules write": (lambda a: WritesLater(a, plus), lambda a: WritesLater(a, twice), "writes", "changes"),
    "a module writes, one reads": (
        lambda a: WritesLater(a, plus),
        lambda a: ReadsLater(lambda: a.x.value),
        "writes",
        "uses",
    ),
    "noise onto a state, and a reader": (Noisy, lambda a: ReadsLater(a.prefetch("x")), "writes", "uses"),
}


def third(case, names, order=()):
    """A population `A`, and the two modules of a case in the order of the names."""
    one, other, *_words = THIRDS[case]
    net = nd.DynamicsGroup()
    net.A, net.order = Count(), order
    parts = {"w": one(net.A), "r": other(net.A)}
    for name in names:
        setattr(net, name, parts[name])
    return net


@pytest.mark.parametrize("names", ["wr", "rw"])
@pytest.mark.parametrize("case", THIRDS)
def test_two_that_touch_the_state_of_a_third_need_an_order(case, names):
    """Silent in the reference package too."""
    _one, _other, verb, does = THIRDS[case]
    with pytest.raises(SchedulingError) as caught:
        nd.Simulator(third(case, names), dt=0.1 * ms)
    text = str(caught.value)
    for part in (f"{verb} DynamicsGroup.A.x", does, "DynamicsGroup.w", "DynamicsGroup.r", "order = ("):
        assert part in text
    net = nd.init_all_states(third(case, names))
    with nd.environ.context(dt=0.1 * ms, i=0), pytest.raises(SchedulingError, match="in the same step"):
        net()
    for order in (("w", "r"), ("r", "w")):
        nd.Simulator(third(case, names, order), dt=0.1 * ms)


@pytest.mark.parametrize("names", ["wr", "rw"])
def test_the_order_of_two_writers_that_is_said_counts(names):
    """x goes 0 -> 2 (0 + 1) + 1 = 3 -> 9 if 1 is added first, 0 -> 2 * 0 + 1 + 1 = 2 -> 6 if it is doubled first."""
    for order, expected in ((("w", "r"), [0.0, 3.0, 9.0]), (("r", "w"), [0.0, 2.0, 6.0])):
        make = functools.partial(third, "two projections write", names, order)
        _, result = assert_targets_agree(make, 0.1 * ms, 0.3 * ms)
        assert np.asarray(result["DynamicsGroup.A"].x)[:, 0].tolist() == expected


def test_a_state_that_belongs_to_the_group_needs_an_order_too():
    net = nd.DynamicsGroup()
    net.x = nd.State(1.0, shape=(1,))
    net.w, net.r = WritesLater(net, plus), WritesLater(net, twice)
    with pytest.raises(SchedulingError, match=r"writes DynamicsGroup\.x, which"):
        nd.Simulator(net, dt=0.1 * ms)


def test_the_cure_names_the_group_that_holds_both():
    net, left, right = nd.DynamicsGroup(), nd.DynamicsGroup(), nd.DynamicsGroup()
    net.A, net.left, net.right = Count(), left, right
    left.w, right.w = WritesLater(net.A, plus), WritesLater(net.A, twice)
    with pytest.raises(SchedulingError, match=r"in DynamicsGroup, order = \('right', 'left'\)"):
        nd.Simulator(net, dt=0.1 * ms)
    net.order = ("right", "left")
    nd.Simulator(net, dt=0.1 * ms)
    listed = nd.DynamicsGroup()
    listed.A = Count()
    listed.all = [WritesLater(listed.A, plus), WritesLater(listed.A, twice)]
    with pytest.raises(SchedulingError, match="attributes of DynamicsGroup of their own"):
        nd.Simulator(listed, dt=0.1 * ms)


def test_projections_that_only_read_or_add_need_no_order():
    net = nd.DynamicsGroup()
    net.A = Count()
    net.one, net.two = Reads(net.A.prefetch("x")), Reads(lambda: net.A.x.value)
    net.noise, net.more = (
        nd.PoissonInput(net.A.prefetch("x"), num_input=10, freq=100 * Hz, weight=w) for w in (1.0, 0.3)
    )
    nd.Simulator(net, dt=0.1 * ms)


# ---- random numbers --------------------------------------------------------------------------------------------------


def random_net(order):
    """Everything that is drawn: who is connected, weights, delays, first values, and spikes in the step."""
    net = nd.DynamicsGroup()
    n, E, other = (
        nd.PoissonGroup(20, rates=300 * Hz),
        nd.LIF(20, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV)),
        nd.LIF(20),
    )
    drawn, late = nd.init.Normal(2 * mV, 1 * mV), nd.init.Uniform(0.1 * ms, 2 * ms)
    parts = {
        "n": n, "E": E, "I": other,
        "p": nd.DeltaProj(n, comm=nd.FixedProb(20, 20, prob=0.3, weight=drawn), post=E, delay=late),
        "q": nd.DeltaProj(E, comm=nd.FixedInDegree(20, 20, 5, weight=drawn), post=E),
        "r": nd.PoissonInput(E.prefetch("V"), num_input=100, freq=30 * Hz, weight=0.3 * mV),
        "s": nd.PoissonInput(E.prefetch("V"), num_input=70, freq=50 * Hz, weight=0.7 * mV),
        "t": nd.PoissonInput(E, num_input=70, freq=50 * Hz, weight=0.01 * mV),
        "u": nd.PoissonInput(E, num_input=70, freq=50 * Hz, weight=0.03 * mV),
    }  # fmt: skip
    inner = nd.DynamicsGroup()
    for name in order:
        setattr(inner if name in "Eq" else net, name, parts[name])
        if name == "q":
            net.inner = inner
    return net


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_random_networks_do_not_depend_on_the_order_of_attributes(target):
    """Bit by bit; in the reference package draws follow a global key, and so the order in which they are made."""
    found = []
    for order in ("nEIpqrstu", "utsrqpIEn", "qtIsnuErp", "pIsnrqEtu"):
        net = random_net(order)
        sim = nd.Simulator(net, dt=0.1 * ms, target=target, seed=3)
        sim.record(net.inner.E, "V")
        found.append(np.asarray(sim.run(20 * ms, progress=False)[net.inner.E].V))
    assert np.ptp(found[0]) > 1
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_elements_of_dictionaries_are_sorted_and_those_of_lists_are_not():
    for keys in ("abc", "cab"):
        net = nd.DynamicsGroup()
        net.listed, net.named = [Push(name=key) for key in "zy"], {key: Push() for key in keys}
        names = [module.path.removeprefix("DynamicsGroup.") for module in nd.init_all_states(net).schedule()]
        assert names == ["z", "y", "named['a']", "named['b']", "named['c']"]


# ---- what groups say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (("A", "C"), "names 'C', but no module"),
        ("AB", "is 'AB'"),
        ((1, 2), r"is \(1, 2\)"),
        (("A", "B", "A"), "in a circle: .*A, .*B"),
    ],
)
def test_orders_that_make_no_sense(order, text):
    with pytest.raises(SchedulingError, match=text):
        nd.Simulator(pair("a prefetch", order), dt=0.1 * ms)


def test_an_order_against_the_ranks():
    net = nd.DynamicsGroup()
    net.A, net.P, net.order = Count(), Push(), ("A", "P")
    with pytest.raises(SchedulingError, match="projections run before dynamics"):
        nd.Simulator(net, dt=0.1 * ms)


# ---- circles and double steps ----------------------------------------------------------------------------------------


def test_a_group_that_contains_itself():
    net, sub = nd.DynamicsGroup(), nd.DynamicsGroup()
    net.sub, sub.up = sub, net
    with pytest.raises(SchedulingError, match=r"contains itself: .* -> .* -> "):
        nd.Simulator(net, dt=0.1 * ms)


def test_a_module_that_calls_itself_by_way_of_a_hook():
    """In the reference package: endless recursion."""
    net = nd.DynamicsGroup()
    net.A, net.order = Count(), ()
    net.A.add_after_update("again", lambda _x: net.A())
    with pytest.raises(SchedulingError, match=r"called again while it is being updated: .*A -> .*A"):
        nd.Simulator(net, dt=0.1 * ms)


class Owns(nd.DynamicsGroup):
    """Steps its own population."""

    def __init__(self, population):
        super().__init__()
        self.A = population

    def update(self):
        return self.A()


def test_a_module_that_two_step():
    """In the reference package: stepped twice, silently."""
    net, shared = nd.DynamicsGroup(), Count()
    net.owner, net.A = Owns(shared), shared
    with pytest.raises(SchedulingError, match=r"stepped by .*owner and by its group"):
        nd.Simulator(net, dt=0.1 * ms)
    shared.driven = True
    nd.Simulator(net, dt=0.1 * ms)


def test_one_population_in_two_groups_runs_once():
    net, left, right, shared = nd.DynamicsGroup(), nd.DynamicsGroup(), nd.DynamicsGroup(), Count()
    left.A = right.A = shared
    net.left, net.right = left, right
    _, result = assert_targets_agree(lambda: net, 0.1 * ms, 0.3 * ms)
    assert np.asarray(result[shared].x)[:, 0].tolist() == [0.0, 1.0, 2.0]
