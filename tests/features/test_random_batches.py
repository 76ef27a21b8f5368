"""Networks drawn at random, as a batch: a replica has the bits of the same network run alone, whatever differs."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantities import ms

import numbadyn as nd
from numbadyn.errors import NoEffectError
from tests.features.agreement import recorded, states_and_spikes
from tests.features.random_networks import RandomNetwork, networks
from tests.features.test_random_networks import few

STEPS = 20


def entries(net, rng):
    """Two entries for each of what may differ, by path."""
    found = {}
    for name, module in vars(net).items():
        if isinstance(module, nd.Neuron):
            size = module.num
            found[f"{name}.p"] = list(rng.uniform(-1, 1, 2))
            found[f"{name}.q"] = list(rng.uniform(-1, 1, (2, size)))
            found[f"{name}.x"] = [nd.init.Uniform(-2.0, 2.0), rng.normal(size=size)]
        elif isinstance(module, nd.Projection):
            found[f"{name}.weight"] = [float(rng.normal()), nd.init.Normal(0.2, 0.1)]
            found[f"{name}.delay"] = [rng.integers(0, 9) * 0.1 * ms, nd.init.Uniform(0 * ms, 1 * ms)]
    return {name: value for name, value in found.items() if rng.random() < 0.6}


def alone(net, given, replica, **options):
    """The same network by itself, with what the replica has: as a batch of one."""
    sim = nd.Simulator(net, dt=0.1 * ms, batch=1, **options)
    for name, of_each in given.items():
        vary(sim, name, [of_each[replica]])
    return sim


def vary(sim, name, of_each):
    """Let replicas differ, unless no step reads it: not each drawn network uses all that it has."""
    with contextlib.suppress(NoEffectError):
        sim.batch[name] = of_each


def changed(net, given, replica):
    """The same network by itself, where it is the model that has what the replica has."""
    for name, of_each in given.items():
        module, _, attribute = name.partition(".")
        if attribute in ("p", "q"):
            getattr(getattr(net, module), attribute).value = of_each[replica]
        elif attribute == "weight":
            getattr(net, module).comm.weight = of_each[replica]
    return net


def check(drawn, seed, target, shared):
    """Compare a batch of two, in two pieces, with its replicas alone."""
    make = lambda: RandomNetwork(*drawn)  # noqa: E731
    rng = np.random.default_rng(seed)
    given, seeds = entries(make(), rng), [seed, seed + (0 if shared else 7)]
    options = {"target": target, "delays": "up"}
    sim = nd.Simulator(make(), dt=0.1 * ms, batch=2, seed=seeds, shared="connectivity" if shared else None, **options)
    for name, of_each in given.items():
        vary(sim, name, of_each)
    states_and_spikes(sim)
    parts = [sim.run(steps * 0.1 * ms, progress=False) for steps in (7, STEPS - 7)]
    values_only = {name: of_each for name, of_each in given.items() if name.endswith((".p", ".q", ".weight"))}
    singles = [alone(make(), given, replica, seed=[seeds[replica]], **options) for replica in range(2)]
    for replica, single in enumerate(singles):
        states_and_spikes(single)
        own = recorded(single.run(STEPS * 0.1 * ms, progress=False).replica(0))
        pieces = [recorded(part.replica(replica)) for part in parts]
        for name, expected in own.items():
            np.testing.assert_array_equal(np.concatenate([piece[name] for piece in pieces]), expected, err_msg=name)
    if target == "interpret" and values_only == given:
        compare_models(make, given, seeds, parts, options)


def compare_models(make, given, seeds, parts, options):
    """Where only values of the model differ, networks that have these values give the same, alone and bound."""
    nets = [changed(make(), given, replica) for replica in range(2)]
    for replica, net in enumerate(nets):
        single = nd.Simulator(net, dt=0.1 * ms, seed=seeds[replica], **options)
        states_and_spikes(single)
        own = recorded(single.run(STEPS * 0.1 * ms, progress=False))
        for name, expected in own.items():
            pieces = [recorded(part.replica(replica))[name] for part in parts]
            np.testing.assert_array_equal(np.concatenate(pieces), expected, err_msg=name)


@few(12)
@given(networks(), st.integers(0, 1000), st.booleans())
def test_replicas_of_a_batch_are_networks_alone_when_interpreted(drawn, seed, shared):
    check(drawn, seed, "interpret", shared)


@pytest.mark.exhaustive
@few(4)
@given(networks(), st.integers(0, 1000), st.booleans())
def test_replicas_of_a_batch_are_networks_alone_when_compiled(drawn, seed, shared):
    check(drawn, seed, "cpu", shared)
