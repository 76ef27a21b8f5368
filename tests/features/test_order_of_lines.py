"""The order in which attributes are assigned changes nothing: no bit of a result, no name, no line of `explain`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from tests.draws import share
from tests.features.random_networks import Drawn, RandomNetwork, networks

N = 8


class Shuffled(RandomNetwork):
    """The network of these populations and couplings, assigned in any order."""

    def __init__(self, populations: Any, couplings: Any, order: Any):
        nd.DynamicsGroup.__init__(self)
        cells = {number: Drawn(population) for number, population in enumerate(populations)}
        for number in sorted(cells, key=lambda n: order[n]):
            setattr(self, f"P{number}", cells[number])
        for number in sorted(range(len(couplings)), key=lambda n: order[n]):
            c = couplings[number]
            pre, post = cells[c.pre % len(cells)], cells[c.post % len(cells)]
            weight = nd.init.Normal(0.1, 0.3) if c.drawn else 0.2
            comm = nd.FixedProb(pre.varshape, post.varshape, prob=c.prob, weight=weight)
            setattr(self, f"c{number}", self.couple(c, pre, post, comm, c.delay * 0.1 * ms))


def outcome(net: nd.DynamicsGroup, populations: Sequence[Any], duration: Any = 0.8 * ms) -> tuple[str, dict[str, Any]]:
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", seed=2)
    sim.run(duration, progress=False)
    states = {f"{cells.path}.{name}": sim.get(cells, name) for cells in populations for name in cells.states()}
    return sim.explain(), states


@settings(max_examples=share(40), phases=[Phase.generate])
@given(networks(), st.permutations(range(6)))
def test_random_networks(drawn: Any, order: Any) -> None:
    found = []
    for places in (range(6), order):
        net = Shuffled(*drawn, places)
        found.append(outcome(net, [getattr(net, f"P{number}") for number in range(len(drawn[0]))]))
    assert found[0][0] == found[1][0]
    for name, values in found[0][1].items():
        np.testing.assert_array_equal(values, found[1][1][name], err_msg=name)


def _jumps(net: Any) -> Any:
    comm = nd.FixedProb(N, N, prob=0.5, weight=nd.init.Normal(0.3 * mV, 0.1 * mV))
    return nd.DeltaProj(net.P, comm=comm, post=net.E)


def _synapse(net: Any, tau: float = 5.0, **changes: Any) -> Any:
    comm = nd.FixedProb(N, N, prob=0.5, weight=nd.init.Uniform(0.5 * nS, 1.3 * nS))
    syn, out = nd.Expon.desc(tau=tau * ms), nd.COBA.desc(E=0 * mV)
    return nd.AlignPostProj(net.P, comm=comm, syn=syn, out=out, post=net.E, **changes)


def _own_synapse(net: Any) -> Any:
    comm = nd.FixedProb(N, N, prob=0.5, weight=1.1 * nS)
    return nd.AlignPostProj(net.P, comm=comm, syn=nd.Expon(N, tau=3 * ms), out=nd.COBA(E=0 * mV), post=net.E)


def _dynamic(net: Any) -> Any:
    comm = nd.FixedProb(N, N, prob=0.5, weight=2.1 * nS)
    syn, out = nd.Expon.desc(tau=2 * ms), nd.COBA.desc(E=0 * mV)
    return nd.align_pre_projection(net.P, stp=nd.STP(N, U=0.3), syn=syn, comm=comm, out=out, post=net.E)


def _before(net: Any, tau: float = 4.0) -> Any:
    comm = nd.FixedProb(N, N, prob=0.5, weight=0.7 * nS)
    syn, out = nd.Expon.desc(tau=tau * ms), nd.COBA.desc(E=0 * mV)
    return nd.AlignPreProj(net.P, syn=syn, comm=comm, out=out, post=net.E)


def _current(net: Any) -> Any:
    comm = nd.FixedProb(N, N, prob=0.5, weight=0.13 * nS)
    return nd.CurrentProj(net.Q.prefetch("V"), comm=comm, out=nd.CUBA.desc(), post=net.E)


def _gap(net: Any) -> Any:
    ids = (np.arange(N), (np.arange(N) + 1) % N)
    return nd.SymmetryGapJunction((net.Q, net.E), "V", ids, weight=0.37 * nS)


KINDS: dict[str, Any] = {
    "a": _jumps,
    "b": _synapse,
    "c": lambda net: _synapse(net, 3.0),
    "d": lambda net: _synapse(net, label="fast"),
    "e": lambda net: _synapse(net, share=False),
    "f": _own_synapse,
    "g": _dynamic,
    "h": _before,
    "i": _current,
    "j": _gap,
    "k": lambda net: nd.PoissonInput(net.E, num_input=50, freq=40 * Hz, weight=0.21 * mV),
    "l": lambda net: nd.PoissonInput(net.E.prefetch("V"), num_input=50, freq=40 * Hz, weight=0.21 * mV),
    "m": _synapse,
    "n": _dynamic,
    "o": lambda net: _before(net, 2.0),
    "p": _jumps,
    "q": _own_synapse,
    "r": _current,
}


def assembled(order: Sequence[str]) -> nd.DynamicsGroup:
    """Every kind of projection, and inputs by hand, onto one population."""
    net = nd.DynamicsGroup()
    net.P, net.E, net.Q = nd.PoissonGroup(N, rates=300 * Hz), nd.LIF(N), nd.LIF(N)
    for name in order:
        if name.startswith("drive"):
            strength = 0.1 * len(name) * pA
            net.E.add_current_input(name, lambda V, strength=strength: strength)
        else:
            setattr(net, name, KINDS[name](net))
    return net


@settings(max_examples=share(10), phases=[Phase.generate])
@given(st.permutations([*KINDS, "drive", "drive more", "drive again"]))
def test_every_kind_of_projection_onto_one_population(order: list[str]) -> None:
    first, second = (assembled(names) for names in (sorted(order), order))
    (explained, states), (again, others) = (outcome(net, [net.E, net.Q]) for net in (first, second))
    assert explained == again
    for name, values in states.items():
        np.testing.assert_array_equal(values, others[name], err_msg=name)
    assert sorted(first.E.current_inputs.keys()) == sorted(second.E.current_inputs.keys())
    for name in KINDS:
        parts = [getattr(getattr(net, name), part, None) for net in (first, second) for part in ("syn", "out")]
        paths = [None if part is None else part.path for part in parts]
        assert paths[:2] == paths[2:], name


def test_steps_by_hand_add_in_the_same_order() -> None:
    found = []
    for order in (sorted(KINDS), sorted(KINDS, reverse=True)):
        net = assembled(order)
        nd.init_all_states(net, seed=3)
        for step in range(4):
            with nd.environ.context(dt=0.1 * ms, i=step, t=0.1 * step * ms, seed=3):
                net()
        found.append(np.asarray(net.E.V.value))
    np.testing.assert_array_equal(*found)


def test_hooks_of_users_keep_the_order_of_their_registration() -> None:
    """They may depend on each other, and on what projections have done before them."""
    seen: list[str] = []
    net = nd.DynamicsGroup()
    net.P, net.E = nd.PoissonGroup(N, rates=300 * Hz), nd.LIF(N)
    net.E.add_before_update("z", lambda: seen.append("z"))
    net.z = _synapse(net, 3.0)
    net.E.add_before_update("between", lambda: seen.append("between"))
    net.a = _synapse(net, 4.0)
    net.E.add_before_update("a", lambda: seen.append("a"))
    nd.init_all_states(net)
    assert [key if isinstance(key, str) else key[0] for key in net.E.before_updates or ()] == [
        "z",
        "align_post",
        "between",
        "align_post",
        "a",
    ]
    assert sorted(net.E.current_inputs.keys()) == ["Expon-COBA", "Expon-COBA_2"]
    assert (net.a.syn.path, net.z.syn.path) == ("DynamicsGroup.E.Expon", "DynamicsGroup.E.Expon_2")


@pytest.mark.parametrize("reverse", [False, True])
def test_children_of_dictionaries_are_sorted_and_those_of_lists_stay(reverse: bool) -> None:
    net = nd.DynamicsGroup()
    keys = ["b", "a", "c"][:: -1 if reverse else 1]
    net.cells = {key: nd.LIF(1, name=None) for key in keys}
    net.rows = [nd.LIF(1), {"y": nd.LIF(2), "x": nd.LIF(3)}]
    names = [name for name, _child in net.children()]
    assert names == ["cells['a']", "cells['b']", "cells['c']", "rows[0]", "rows[1]['x']", "rows[1]['y']"]
