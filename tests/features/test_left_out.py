"""Whatever holds a projection: it is found and run, or the simulator refuses and names the line where it was made."""

import collections
import copy
import dataclasses
import gc
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.errors import LeftOutError


@dataclasses.dataclass
class Held:
    projection: Any


class Unknown:
    def __init__(self, projection: Any) -> None:
        self.projection = projection


def _objects(projection: Any) -> Any:
    array = np.empty((1, 2), dtype=object)
    array[0, 1] = projection
    return array


FOUND: dict[str, Callable[[Any], Any]] = {
    "itself": lambda p: p,
    "list": lambda p: [p],
    "list of lists": lambda p: [[], [1.0, [p]]],
    "tuple in a dictionary": lambda p: {"E": (p,)},
    "default dictionary": lambda p: collections.defaultdict(list, E=[p]),
    "deque": lambda p: collections.deque([p]),
    "set": lambda p: {p},
    "namespace": lambda p: types.SimpleNamespace(a=types.SimpleNamespace(p=p)),
    "data class": Held,
    "array of objects": _objects,
    "named tuple": lambda p: collections.namedtuple("Pair", "a b")(1, p),
    "user dictionary": lambda p: collections.UserDict(p=p),
}
MAKERS: dict[str, Callable[[Any], Any]] = {
    "jumps": lambda net: nd.DeltaProj(net.a, comm=nd.OneToOne(1, 1, weight=1 * mV), post=net.b),
    "synapse": lambda net: nd.AlignPostProj(
        net.a, comm=nd.OneToOne(1, 1, weight=5 * nS), syn=nd.Expon.desc(), out=nd.COBA.desc(E=0 * mV), post=net.b
    ),
    "noise": lambda net: nd.PoissonInput(net.b, num_input=1000, freq=100 * Hz, weight=1 * mV),
    "gap": lambda net: nd.SymmetryGapJunction((net.c, net.b), "V", ([0], [0]), weight=1 * nS),
}


def ends(made: str = "jumps") -> tuple[Any, Any]:
    net = nd.DynamicsGroup()
    net.a, net.b = nd.SpikeTrain(1, indices=[0], times=[0.1] * ms), nd.LIF(1)
    net.c = nd.LIF(1, V_initializer=nd.init.Constant(-52 * mV))
    return net, MAKERS[made](net)


def moved(net: Any) -> bool:
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.record(net.b, "V")
    return bool((-60 * mV != sim.run(1 * ms, progress=False)[net.b].V).any())


@pytest.mark.parametrize("made", MAKERS)
@pytest.mark.parametrize("way", FOUND)
def test_found_at_any_depth_of_a_container(way: str, made: str) -> None:
    if made != "jumps" and way not in ("itself", "list of lists"):
        pytest.skip("one kind of projection for each container")
    net, projection = ends(made)
    net.held = FOUND[way](projection)
    assert moved(net)


@pytest.mark.parametrize("made", MAKERS)
@pytest.mark.parametrize(
    "hold",
    [
        lambda net, p: None,
        lambda net, p: setattr(net, "_hidden", p),
        lambda net, p: setattr(net, "_hidden", [p]),
        lambda net, p: setattr(net.b, "p", p),
        lambda net, p: setattr(net, "held", Unknown(p)),
        lambda net, p: setattr(net, "held", p) or setattr(net, "held", nd.LIF(1)),
    ],
    ids=["nothing", "hidden", "hidden list", "attribute of a population", "unknown class", "overwritten"],
)
def test_refused_where_no_step_runs_it(hold: Any, made: str) -> None:
    net, projection = ends(made)
    hold(net, projection)
    del projection
    gc.collect()
    with pytest.raises(LeftOutError, match=r"made in test_left_out\.py:\d+, ends on DynamicsGroup\.[bc]") as caught:
        moved(net)
    assert "alone=True" in caught.value.cure


def test_a_hidden_projection_that_an_update_calls_is_run() -> None:
    class Net(nd.DynamicsGroup):
        def update(self) -> None:
            self._hidden()
            self.a(), self.b(), self.c()

    net, projection = ends()
    own = Net()
    own.a, own.b, own.c, own._hidden = net.a, net.b, net.c, projection
    assert moved(own)


def test_taken_out_on_purpose() -> None:
    net, net.held = ends()
    del net.held
    assert not moved(net)


def test_a_part_is_simulated_alone_only_if_that_is_said() -> None:
    net, net.held = ends()
    for whole in (net, copy.deepcopy(net)):
        with pytest.raises(LeftOutError, match="ends on LIF"):
            nd.Simulator(whole.b, dt=0.1 * ms, target="interpret")
        sim = nd.Simulator(whole.b, dt=0.1 * ms, target="interpret", alone=True)
        assert "Left out" in sim.explain()
        assert moved(whole)


def test_containers_that_hold_themselves_and_long_lists_of_numbers() -> None:
    net, projection = ends()
    net.ring = [projection]
    net.ring.append(net.ring)
    net.numbers, net.table = [0.5] * 200_000, {n: str(n) for n in range(50_000)}
    assert moved(net)


class Follower(nd.Dynamics):
    """Copies V of another population, now or as it was."""

    def __init__(self, other: nd.Dynamics, delay: Any = None) -> None:
        super().__init__(other.in_size)
        self.read = other.prefetch("V") if delay is None else other.prefetch_delay("V", delay)

    def init_state(self) -> None:
        self.x = nd.State(0 * mV)

    def update(self) -> None:
        self.x.value = 1 * self.read()


def followed(other: nd.Dynamics, delay: Any, **attributes: Any) -> nd.DynamicsGroup:
    net = nd.DynamicsGroup()
    net.follower = Follower(other, delay)
    for name, value in attributes.items():
        setattr(net, name, value)
    return net


@pytest.mark.parametrize("delay", [None, 0.3 * ms], ids=["now", "late"])
@pytest.mark.parametrize("ready", [False, True], ids=["no states yet", "with states"])
@pytest.mark.parametrize("hidden", [False, True], ids=["local", "private"])
def test_a_state_that_is_read_from_outside_is_refused(delay: Any, ready: bool, hidden: bool) -> None:
    cells = nd.LIF(3)
    if ready:
        nd.init_all_states(cells)
    net = followed(cells, delay, **({"_cells": cells} if hidden else {}))
    with pytest.raises(LeftOutError, match=r"LIF\.V is read, but LIF is no part") as caught:
        nd.Simulator(net, dt=0.1 * ms, target="interpret")
    assert "test_left_out.py" in caught.value.where
    assert "attribute of the network" in caught.value.cure
    whole = followed(cells, delay, cells=cells, order=("cells", "follower"))
    nd.Simulator(whole, dt=0.1 * ms, target="interpret")


@pytest.mark.parametrize("delay", [None, 0.3 * ms], ids=["now", "late"])
def test_a_hidden_population_that_an_update_calls_may_be_read(delay: Any) -> None:
    class Net(nd.DynamicsGroup):
        def __init__(self) -> None:
            super().__init__()
            self._cells = nd.init_all_states(nd.LIF(3, V_rest=-40 * mV))
            self.follower = Follower(self._cells, delay)

        def update(self) -> None:
            self._cells()
            self.follower()

    net = Net()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.record(net.follower, "x")
    x = sim.run(5 * ms, progress=False)[net.follower].x
    assert np.ptp(x.magnitude) > 1
